//! Serving an exported site: files in memory, over HTTP on one address. For looking at a site; a public one
//! is served by any web server from what `export` wrote.

use crate::export::SiteFile;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

type Site = Arc<BTreeMap<String, Vec<u8>>>;

/// What a reader's browser may do with the pages: show them, with the site's own style.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The site as a web application.
pub fn router(files: Vec<SiteFile>) -> Router {
    let site: Site = Arc::new(files.into_iter().map(|file| (file.path, file.body)).collect());
    Router::new().fallback(file).with_state(site)
}

/// Serves the site until Ctrl-C.
///
/// # Errors
/// Where the address cannot be listened on.
pub async fn serve(files: Vec<SiteFile>, listener: tokio::net::TcpListener) -> std::io::Result<()> {
    axum::serve(listener, router(files)).with_graceful_shutdown(stopped()).await
}

/// Waits until this program is asked to stop: by Ctrl-C, or by whoever started it.
pub async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    // Without a signal handler there is no graceful stop; serving goes on until the process ends.
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
        else => std::future::pending().await,
    }
}

/// Listens on `address`.
///
/// # Errors
/// The address with the system's reason.
pub async fn listen(address: SocketAddr) -> std::io::Result<tokio::net::TcpListener> {
    tokio::net::TcpListener::bind(address).await
}

async fn file(State(site): State<Site>, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let path =
        if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    match site.get(&path) {
        Some(body) => (
            [
                (header::CONTENT_TYPE, media_type(&path)),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::REFERRER_POLICY, "no-referrer"),
                (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
            ],
            body.clone(),
        )
            .into_response(),
        None => (
            StatusCode::NOT_FOUND,
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
            "There is no such page.\n",
        )
            .into_response(),
    }
}

pub(crate) fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("atom") => "application/atom+xml; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("md") => "text/markdown; charset=utf-8",
        Some(_) | None => "text/plain; charset=utf-8",
    }
}
