//! The public site, held in memory as it is public now.

use super::{Answer, Shared, Web};
use crate::engine::EngineError;
use crate::export;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// A public file.
#[derive(Clone, Debug)]
struct File {
    body: Bytes,
    media_type: HeaderValue,
    /// Made of the public bytes alone, so it tells nothing else.
    etag: HeaderValue,
}

/// The files by path, and what they were made from.
#[derive(Debug, Default)]
struct Snapshot {
    stamp: String,
    files: HashMap<String, File>,
}

/// The site that everybody sees. Replaced whole, so that nobody sees half of a disclosure.
#[derive(Debug, Default)]
pub(super) struct Site(RwLock<Arc<Snapshot>>);

impl Site {
    fn now(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Web {
    /// Makes the site anew if anything was published, or a policy changed, since it was made: here, or by
    /// another server on the same database.
    ///
    /// # Errors
    /// The store's.
    pub async fn refresh_site(&self) -> Result<(), EngineError> {
        let stamp = self.engine.store.public_stamp().await?;
        if self.site.now().stamp == stamp {
            return Ok(());
        }
        let files = export::served_site(&self.engine).await?;
        let files = files.into_iter().map(|file| (format!("/{}", file.path), public(file))).collect();
        let fresh = Arc::new(Snapshot { stamp, files });
        *self.site.0.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Whether a file of the public site is there now.
    #[must_use]
    pub fn shows(&self, path: &str) -> bool {
        self.site.now().files.contains_key(path)
    }
}

fn public(file: export::SiteFile) -> File {
    let digest = Sha256::digest(&file.body);
    let etag = format!("\"{}\"", hex::encode(digest.get(..16).unwrap_or_default()));
    File {
        media_type: HeaderValue::from_static(crate::serve::media_type(&file.path)),
        etag: HeaderValue::from_str(&etag).unwrap_or_else(|_| unreachable!("hex digits are a header")),
        body: Bytes::from(file.body),
    }
}

/// Whatever is not a route of its own is a public file, or nothing.
pub(super) async fn file(
    State(web): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        return Answer::NotFound.into_response();
    }
    let site = web.site.now();
    let path = uri.path();
    let found = match path.strip_suffix('/') {
        Some(folder) => site.files.get(&format!("{folder}/index.html")),
        None => site.files.get(path),
    };
    let Some(file) = found else { return Answer::NotFound.into_response() };
    let common =
        [(header::ETAG, file.etag.clone()), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    if headers.get(header::IF_NONE_MATCH) == Some(&file.etag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(header::CONTENT_TYPE, file.media_type.clone())], file.body.clone()).into_response()
}
