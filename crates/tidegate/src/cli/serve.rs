//! `tidegate serve`.

use super::keep;
use crate::engine::Engine;
use crate::engine::clock::SystemClock;
use crate::out::{Failure, Out};
use crate::web::Web;
use crate::{instance, logs, serve, watch, web};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Options of `serve`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Options {
    /// Where the web door listens, instead of the configuration's `[web] listen`.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

impl Options {
    pub(super) async fn run(self, dir: &Path, out: &Out) -> Result<(), Failure> {
        let instance::Config { web: config, log, watch, .. } = instance::read_config(dir)?;
        logs::install(log.level, out.json);
        let address = self.listen.unwrap_or(config.listen);
        // Before anything is opened: a fault here must not leave a server half started.
        config
            .origin_at(address)
            .map_err(|why| Failure::plain(format!("{}: {why}", dir.join(instance::CONFIG).display())))?;
        let listener =
            listen(address, "name another address with --listen, or in the configuration under [web]")
                .await?;
        let address = listener.local_addr().map_err(Failure::io)?;
        let origin = config.origin_at(address).map_err(Failure::plain)?;
        let watch = match watch {
            Some(watch) => {
                Some(listen(watch.listen, "name another address in the configuration under [watch]").await?)
            }
            None => None,
        };
        let engine = Arc::new(instance::open(dir, Arc::new(SystemClock::start())).await?);
        if !engine.has_site() {
            let site = &engine.site;
            out.note(&format!("tidegate: links in letters and documents lead to {site}, where nobody is; set the site's address with `tidegate project site URL`"));
        }
        if let Some(role) = engine.unknown_second_factor_role().await? {
            let file = dir.join(instance::CONFIG);
            let why = format!(
                "[accounts] second_factor_roles: no project has the role `{role}`, so nobody would be asked for a second factor; the roles of a project stand in its policy"
            );
            return Err(Failure::plain(format!("{}: {why}", file.display())));
        }
        // Whatever fell due while nothing ran is done first, and said (ALL-03).
        for late in engine.resume().await? {
            out.note(&format!("tidegate: {late}"));
        }
        let door = Web::open_behind(Arc::clone(&engine), &origin, config.proxies).await?;
        if let Some(listener) = &watch {
            let address = listener.local_addr().map_err(Failure::io)?;
            out.note(&format!("tidegate: watched at http://{address}/health, /ready and /metrics"));
        }
        out.note(&format!("tidegate: serving {origin}/"));
        let begun = keep::catch_up(&engine, out).await?;
        let serving = async { web::serve(door, listener, serve::stopped()).await.map_err(Failure::io) };
        tokio::try_join!(serving, watched(&engine, watch), keep::stay(&engine, &begun, out))?;
        engine.store.close().await;
        Ok(())
    }
}

async fn listen(address: SocketAddr, advice: &str) -> Result<TcpListener, Failure> {
    serve::listen(address)
        .await
        .map_err(|error| Failure::plain(format!("cannot listen on {address}: {error}\n  {advice}")))
}

/// Serves health, readiness and metrics, where the configuration says so.
async fn watched(engine: &Arc<Engine>, listener: Option<TcpListener>) -> Result<(), Failure> {
    match listener {
        Some(listener) => {
            watch::serve(Arc::clone(engine), listener, serve::stopped()).await.map_err(Failure::io)
        }
        None => Ok(()),
    }
}
