//! The door for letters: LMTP (RFC 2033) from the mail server on this machine. A letter is stored before it is
//! answered for; what it means is a hand's work, later.
//!
//! Only CR LF ends a line, so that no letter can hide a second one behind another server's idea of where the first
//! one ends. Bytes are kept as they come.

mod dialogue;
mod wire;

use crate::engine::Engine;
use dialogue::Dialogue;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use wire::Wire;

use super::settings::Listen;

/// Recipients of one letter.
pub const RECIPIENTS_MAX: usize = 100;
/// Letters of one connection.
pub const LETTERS_MAX: usize = 1_000;
/// Commands of one connection that were not understood, or refused.
pub const MISTAKES_MAX: usize = 50;
/// How often a listener looks whether it shall stop.
const LOOK: Duration = Duration::from_millis(500);

/// How long the other side may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until the next bytes come, or ours are taken.
    pub idle: Duration,
    /// For a whole letter.
    pub letter: Duration,
}

impl Default for Patience {
    /// RFC 5321 section 4.5.3.2 asks a server for five minutes; a letter of the greatest size has fifteen.
    fn default() -> Patience {
        Patience { idle: Duration::from_secs(300), letter: Duration::from_secs(900) }
    }
}

/// An open door.
#[derive(Debug)]
pub struct Door {
    listener: Listener,
    patience: Patience,
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Door {
    /// Opens the door. A socket file that a dead process left behind is replaced.
    ///
    /// # Errors
    /// Where the address is taken or may not be used.
    pub async fn open(listen: &Listen, patience: Patience) -> io::Result<Door> {
        let listener = match listen {
            Listen::Tcp(address) => Listener::Tcp(TcpListener::bind(address).await?),
            Listen::Unix(path) => Listener::Unix(bind(path)?),
        };
        Ok(Door { listener, patience })
    }

    /// The TCP port, where it listens on one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match &self.listener {
            Listener::Tcp(listener) => listener.local_addr().ok().map(|address| address.port()),
            Listener::Unix(_) => None,
        }
    }

    /// Takes letters until `stop` is set. Four connections at a time: the only client is a mail server, which
    /// queues what it cannot hand over at once.
    pub async fn serve(&self, engine: &Engine, stop: &AtomicBool) {
        let one = || self.one_after_the_other(engine, stop);
        tokio::join!(one(), one(), one(), one());
    }

    async fn one_after_the_other(&self, engine: &Engine, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let Ok(accepted) = tokio::time::timeout(LOOK, self.accept()).await else { continue };
            match accepted {
                // Whatever ends the conversation, the other side knows which letters it was answered for.
                Ok(stream) => drop(Dialogue::new(engine, Wire::new(stream, self.patience)).run(stop).await),
                // No descriptors are left, or the connection is gone already: the next one may do better.
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }

    async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match &self.listener {
            Listener::Tcp(listener) => Box::new(listener.accept().await?.0),
            Listener::Unix(listener) => Box::new(listener.accept().await?.0),
        })
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    // Whoever answers there is another instance, whose door stays open.
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    // The mail server comes as another user: the group of the file is for it.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
    Ok(listener)
}
