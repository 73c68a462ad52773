//! The servers, each a process of its own on loopback.

use super::Outcome;
use axum::Router;
use axum::routing::get;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Looks at whether a server has started, and the pause between them: ten seconds.
const LOOKS: usize = 200;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// A process that ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `tidegate serve`.
pub struct Tidegate {
    pub origin: String,
    _running: Running,
}

impl Tidegate {
    /// Waits until it listens. Its log goes to a file.
    pub async fn start(dir: &Path) -> Outcome<Tidegate> {
        let path = dir.join("log");
        let mut child = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        child.arg("--dir").arg(dir).args(["--json", "serve", "--listen", "127.0.0.1:0"]);
        child.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&path)?);
        let running = Running(child.spawn()?);
        for _ in 0..LOOKS {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            let said = std::fs::read_to_string(&path)?;
            let serving = said.lines().find(|line| line.contains("serving"));
            if let Some((_, rest)) = serving.and_then(|line| line.split_once("http://")) {
                let address = rest.split('/').next().unwrap_or_default();
                return Ok(Tidegate { origin: format!("http://{address}"), _running: running });
            }
        }
        Err("tidegate did not start".into())
    }

    /// The bytes of a page.
    pub async fn get(&self, path: &str, cookie: &str) -> Outcome<Vec<u8>> {
        self.send(&format!("GET {path} HTTP/1.1\r\nCookie: {cookie}\r\n"), "").await.map(|(_, body)| body)
    }

    /// Sends a request whose head lacks host, length and end; answers with head and body. Only a success or a
    /// redirection is an answer.
    pub async fn send(&self, head: &str, body: &str) -> Outcome<(String, Vec<u8>)> {
        let address = self.origin.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await?;
        let length = body.len();
        let request =
            format!("{head}Host: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or("no answer")?;
        let body = answer.split_off(end + 4);
        let head = String::from_utf8(answer)?;
        match head.split(' ').nth(1) {
            Some(status) if status.starts_with(['2', '3']) => Ok((head, body)),
            _ => Err(format!(
                "{}: {}",
                head.lines().next().unwrap_or_default(),
                String::from_utf8_lossy(&body)
            )
            .into()),
        }
    }
}

/// nginx with one file, as it comes but for where it is.
pub struct Nginx {
    pub origin: String,
    running: Running,
}

/// Its workers are told by their master, which therefore must not be killed.
impl Drop for Nginx {
    fn drop(&mut self) {
        let id = self.running.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.running.0.wait();
    }
}

impl Nginx {
    /// Serves `page` as `/page.html`.
    pub async fn start(room: &Path, page: &[u8]) -> Outcome<Nginx> {
        let (home, site) = (room.join("nginx"), room.join("nginx/site"));
        std::fs::create_dir_all(&site)?;
        std::fs::write(site.join("page.html"), page)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let home_shown = home.display();
        let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {home_shown}/{kind};\n"))
            .concat();
        // Its workers must be able to read what we made: it stays whoever it was started as.
        let user = if std::fs::metadata("/proc/self")
            .is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
        {
            "user root;\n"
        } else {
            ""
        };
        let config = format!(
            "{user}worker_processes auto;\npid {home_shown}/pid;\nerror_log {home_shown}/error.log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{\n{temp}default_type text/html;\nsendfile on;\ntcp_nopush on;\n\
             access_log {home_shown}/access.log;\n\
             server {{ listen 127.0.0.1:{port}; root {home_shown}/site; }}\n}}\n"
        );
        std::fs::write(home.join("nginx.conf"), config)?;
        let child = Command::new("nginx")
            .args(["-p", &home_shown.to_string(), "-c", "nginx.conf", "-e", "error.log", "-g", "daemon off;"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("nginx (Debian: nginx-light): {error}"))?;
        let running = Running(child);
        for _ in 0..LOOKS {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(Nginx { origin: format!("http://127.0.0.1:{port}"), running });
            }
        }
        Err("nginx did not start".into())
    }
}

/// The bare framework: one page of one word.
pub struct Hello {
    pub origin: String,
    _running: Running,
}

impl Hello {
    pub fn start() -> Outcome<Hello> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("hello")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let running = Running(child);
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        Ok(Hello { origin: format!("http://{}/", line.trim()), _running: running })
    }
}

/// What the other process does.
pub async fn hello() -> Outcome<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout().lock(), "{}", listener.local_addr()?)?;
    axum::serve(listener, Router::new().route("/", get(async || "hello"))).await?;
    Ok(())
}
