//! `tidegate serve`.

use super::keep;
use crate::engine::clock::SystemClock;
use crate::out::{Failure, Out};
use crate::web::Web;
use crate::{instance, serve, web};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

/// Options of `serve`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Options {
    /// Where the web door listens, instead of the configuration's `[web] listen`.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

impl Options {
    pub(super) async fn run(self, dir: &Path, out: &Out) -> Result<(), Failure> {
        let config = instance::read_config(dir)?.web;
        let address = self.listen.unwrap_or(config.listen);
        // Before anything is opened: a fault here must not leave a server half started.
        config
            .origin_at(address)
            .map_err(|why| Failure::plain(format!("{}: {why}", dir.join(instance::CONFIG).display())))?;
        let listener = listen(address).await?;
        let address = listener.local_addr().map_err(Failure::io)?;
        let origin = config.origin_at(address).map_err(Failure::plain)?;
        let engine = Arc::new(instance::open(dir, Arc::new(SystemClock::start())).await?);
        // Whatever fell due while nothing ran is done first, and said (ALL-03).
        for late in engine.resume().await? {
            out.note(&format!("tidegate: {late}"));
        }
        let door = Web::open_behind(Arc::clone(&engine), &origin, config.proxies).await?;
        out.note(&format!("tidegate: serving {origin}/"));
        let begun = keep::catch_up(&engine, out).await?;
        let serving = async { web::serve(door, listener, serve::stopped()).await.map_err(Failure::io) };
        tokio::try_join!(serving, keep::stay(&engine, &begun, out))?;
        engine.store.close().await;
        Ok(())
    }
}

async fn listen(address: SocketAddr) -> Result<tokio::net::TcpListener, Failure> {
    let advice = "name another address with --listen, or in the configuration under [web]";
    serve::listen(address)
        .await
        .map_err(|error| Failure::plain(format!("cannot listen on {address}: {error}\n  {advice}")))
}
