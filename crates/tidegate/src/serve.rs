//! What every server does: listen, stop when asked to, and say what kind of file it hands out.

use std::net::SocketAddr;

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

/// The media type of a public file, by the ending of its name.
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
