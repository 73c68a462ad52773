//! An address of its own for whatever watches a server: is it alive, can it work, how is it.
//!
//! Whoever reads it may know of no case, so nothing here moves because of one: no counts of cases, letters, jobs or
//! requests, which would all tell that a team is busy (ALL-01). What is left is the program itself, its database,
//! and whether its worker goes round.

use crate::engine::Engine;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use tidegate_domain::time::Instant;

/// A worker that finished no round for so long is stuck: it goes round several times a second.
const ROUND_S_MAX: i64 = 60;
const MICROS_PER_S: i64 = 1_000_000;
/// What Prometheus reads (text format 0.0.4).
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The settings under `[watch]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchConfig {
    /// Where it listens. Everybody who reaches it may read it.
    pub listen: SocketAddr,
}

/// When the worker last finished a round of what is due, whether or not anything was; and whether it could not since.
#[derive(Debug, Default)]
pub struct Pulse {
    last_us: AtomicI64,
    falters: AtomicBool,
}

impl Pulse {
    /// A round was finished at `now`.
    pub fn beat(&self, now: Instant) {
        self.last_us.store(now.micros(), Ordering::Relaxed);
        self.falters.store(false, Ordering::Relaxed);
    }

    /// A round failed as a whole, as where the disk is full. A job that fails by itself is none of these: that would
    /// tell of its case.
    pub fn falter(&self) {
        self.falters.store(true, Ordering::Relaxed);
    }

    /// Whole seconds since then; `None` before the first round.
    fn age_s(&self, now: Instant) -> Option<i64> {
        let last = self.last_us.load(Ordering::Relaxed);
        (last != 0).then(|| (now.micros() - last).max(0) / MICROS_PER_S)
    }
}

/// What is watched.
struct Watched {
    engine: Arc<Engine>,
    started: Instant,
}

/// The address as a service: `/health`, `/ready`, `/metrics`.
pub fn router(engine: Arc<Engine>) -> Router {
    let started = engine.clock.now();
    Router::new()
        .route("/health", get(async || "alive\n"))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Arc::new(Watched { engine, started }))
}

/// Serves it until `stop`.
///
/// # Errors
/// Where the listener fails.
pub async fn serve(
    engine: Arc<Engine>,
    listener: tokio::net::TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(engine)).with_graceful_shutdown(stop).await
}

impl Watched {
    /// Why the server cannot do its work now; nothing where it can.
    async fn trouble(&self) -> Option<&'static str> {
        if !self.engine.has_database().await {
            return Some("the database does not answer");
        }
        if self.engine.pulse.falters.load(Ordering::Relaxed) {
            return Some("the worker cannot do its work; the log says why");
        }
        match self.engine.pulse.age_s(self.engine.clock.now()) {
            None => Some("the worker has not finished its first round"),
            Some(age) if age > ROUND_S_MAX => Some("the worker is stuck"),
            Some(_) => None,
        }
    }
}

async fn ready(State(watched): State<Arc<Watched>>) -> Response {
    match watched.trouble().await {
        None => "ready\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn metrics(State(watched): State<Arc<Watched>>) -> Response {
    let now = watched.engine.clock.now();
    let ready = u8::from(watched.trouble().await.is_none());
    let started = watched.started.micros() / MICROS_PER_S;
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, labels: &str, value: i64| {
        text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name}{labels} {value}\n"));
    };
    let version = format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    gauge("tidegate_build_info", "The program that runs.", &version, 1);
    gauge("tidegate_ready", "1 where the server can do its work.", "", i64::from(ready));
    gauge("tidegate_start_time_seconds", "When it was started, in Unix time.", "", started);
    if let Some(age) = watched.engine.pulse.age_s(now) {
        gauge("tidegate_worker_round_age_seconds", "Since the worker last finished a round.", "", age);
    }
    ([(header::CONTENT_TYPE, METRICS_TYPE)], text).into_response()
}
