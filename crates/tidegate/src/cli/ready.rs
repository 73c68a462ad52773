//! `tidegate ready`: for whatever starts servers and has no HTTP client, as in a container.

use crate::instance;
use crate::out::{Failure, Out};
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long the server's answer is waited for.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// The longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 4_096;

/// Options of `ready`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Ready {
    /// Where the server is watched, instead of the configuration's `[watch] listen`.
    #[arg(long, value_name = "ADDR")]
    at: Option<SocketAddr>,
}

impl Ready {
    pub(super) async fn run(self, dir: &Path, out: &Out) -> Result<(), Failure> {
        let address = match self.at {
            Some(address) => address,
            None => instance::read_config(dir)?.watch.map(|watch| watch.listen).ok_or_else(|| {
                Failure::plain(
                    "the server is watched nowhere\n  set `listen` in tidegate.toml under [watch], or say --at ADDR",
                )
            })?,
        };
        let asked = tokio::time::timeout(ANSWER_WITHIN, ask(address)).await;
        let late = || Failure::plain(format!("the server at {address} does not answer"));
        let answer = asked
            .map_err(|_| late())?
            .map_err(|error| Failure::plain(format!("no server answers at {address}: {error}")))?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(late)?;
        match head.split(' ').nth(1) {
            Some("200") => out.show("ready", &json!({"ready": true})),
            _ => Err(Failure::plain(format!("not ready: {}", body.trim()))),
        }
    }
}

async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer).await?;
    Ok(answer)
}
