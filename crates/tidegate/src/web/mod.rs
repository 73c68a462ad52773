//! The web door: pages and forms for reporters, people at their desks, and everybody. Each handler reads,
//! performs and shows; what may be seen and done is decided by the engine.

mod answer;
mod api;
mod calendar;
mod desk;
mod editor;
mod form;
mod guard;
mod identity;
mod limits;
mod passkeys;
mod path;
mod point_releases;
mod public;
mod routes;
mod second_factor;
mod session;
mod sessions;
mod sign_in;
mod site;
mod tokens;
mod welcome;
mod whence;

pub use answer::Answer;
pub use api::openapi;
pub use form::{FORM_BYTES_MAX, Form};
pub use routes::{For, Route, Routes};
pub use session::{Person, Reporter};
pub use whence::Whence;

use crate::engine::sessions::minutes_after;
pub use crate::engine::sessions::{Session, Who};
use crate::engine::{Engine, EngineError};
use crate::passkeys::Passkeys;
use crate::store::{NewToken, TokenKind};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tidegate_domain::id::Slug;

/// How long a one-time link to sign in is good for, in minutes.
const SIGN_IN_MIN: i64 = 24 * 60;
/// After so many seconds whoever was too much at once may come again.
const BUSY_S: u32 = 30;
/// How long the server rests between looks at what became public.
const REST: Duration = Duration::from_millis(100);

/// The web door of one instance.
#[derive(Debug)]
pub struct Web {
    /// The engine behind it.
    pub engine: Arc<Engine>,
    /// Where browsers find it: scheme, host and port, without a slash at the end.
    pub origin: String,
    /// Reverse proxies, beside this machine itself, that say truly where a request comes from.
    pub proxies: Vec<IpAddr>,
    /// What asks for passkeys; nothing, where the site has no name.
    passkeys: Option<Passkeys>,
    site: site::Site,
}

/// As handlers are given it.
pub type Shared = Arc<Web>;

impl Web {
    /// The door, with the public site as it is now.
    ///
    /// # Errors
    /// The store's.
    pub async fn open(engine: Arc<Engine>, origin: &str) -> Result<Shared, EngineError> {
        Web::open_behind(engine, origin, Vec::new()).await
    }

    /// As [`Web::open`], behind reverse proxies on other machines.
    ///
    /// # Errors
    /// The store's.
    pub async fn open_behind(
        engine: Arc<Engine>,
        origin: &str,
        proxies: Vec<IpAddr>,
    ) -> Result<Shared, EngineError> {
        let origin = origin.trim_end_matches('/').to_owned();
        let passkeys = Passkeys::at(&origin);
        let web = Web { engine, origin, proxies, passkeys, site: site::Site::default() };
        web.refresh_site().await?;
        Ok(Arc::new(web))
    }

    /// A link that signs `name` in once, within a day.
    ///
    /// # Errors
    /// [`EngineError::NoSuchPerson`], or the store's.
    pub async fn sign_in_link(&self, name: &Slug) -> Result<String, EngineError> {
        sign_in_link(&self.engine, &self.origin, name).await
    }
}

/// As [`Web::sign_in_link`], where no server runs.
///
/// # Errors
/// [`EngineError::NoSuchPerson`], or the store's.
pub async fn sign_in_link(engine: &Engine, origin: &str, name: &Slug) -> Result<String, EngineError> {
    engine.known(name).await?;
    let secret = engine.draw_secret();
    let now = engine.clock.now();
    let token = NewToken {
        kind: TokenKind::SignIn,
        secret: &secret,
        owner: Some(name),
        expires: minutes_after(now, SIGN_IN_MIN),
        body: name.as_str().as_bytes(),
    };
    engine.store.put_token(&token, now).await?;
    Ok(format!("{}/sign-in/{secret}", origin.trim_end_matches('/')))
}

/// Every route of the web door.
#[must_use]
pub fn routes() -> Routes {
    let routes = Routes::default();
    let routes = public::routes(routes);
    let routes = sign_in::routes(routes);
    let routes = identity::routes(routes);
    let routes = passkeys::routes(routes);
    let routes = welcome::routes(routes);
    let routes = editor::routes(routes);
    let routes = desk::routes(routes);
    let routes = calendar::routes(routes);
    let routes = tokens::routes(routes);
    let routes = sessions::routes(routes);
    let routes = second_factor::routes(routes);
    api::routes(routes)
}

/// The web door as a service.
pub fn router(web: Shared) -> Router {
    router_of(routes(), web)
}

/// The web door with routes of the caller's choice.
pub fn router_of(routes: Routes, web: Shared) -> Router {
    routes
        .into_router()
        .fallback(site::file)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&web), guard::guard))
        .with_state(web)
}

/// Serves the door until `stop`. What is being answered then is answered to its end. Somebody else does what is
/// due; what became public shows here at once.
///
/// # Errors
/// Where the listener fails.
pub async fn serve(
    web: Shared,
    listener: tokio::net::TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    serve_routes(routes(), web, listener, stop).await
}

/// As [`serve`], with routes of the caller's choice.
///
/// # Errors
/// Where the listener fails.
pub async fn serve_routes(
    routes: Routes,
    web: Shared,
    listener: tokio::net::TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let fresh = tokio::spawn(keep_fresh(Arc::clone(&web)));
    let service = router_of(routes, web).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(stop).await;
    fresh.abort();
    served
}

/// Shows what became public, and warns before `security.txt` expires.
async fn keep_fresh(web: Shared) {
    let mut warned = None;
    loop {
        tokio::time::sleep(REST).await;
        if let Some(file) = &web.engine.security_txt {
            let now = web.engine.clock.now();
            let nearness = file.nearness(now);
            if let Some(warning) = file.warning(now).filter(|_| nearness != warned) {
                tracing::warn!("{warning}");
            }
            warned = nearness;
        }
        if let Err(error) = web.refresh_site().await {
            tracing::error!(%error, "the public site could not be read");
        }
    }
}
