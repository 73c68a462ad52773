//! What watches a server learns whether it can work, and nothing of any case.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A served instance of one test's own.
struct Server {
    /// Removed with the server.
    _dir: TempDir,
    child: Child,
    lines: Vec<String>,
    rest: Option<std::thread::JoinHandle<String>>,
}

fn program(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.env_remove("TIDEGATE_DIR").env_remove("TIDEGATE_AS").arg("--dir").arg(dir).stdin(Stdio::null());
    command
}

impl Server {
    fn start() -> Server {
        let dir = tempfile::tempdir().expect("a folder");
        let instance = dir.path().join("instance");
        let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/xen.toml");
        assert!(program(&instance).arg("init").status().expect("it runs").success());
        let added = program(&instance).args(["project", "add", "xen", "--policy"]).arg(policy).status();
        assert!(added.expect("it runs").success());
        let file = instance.join("tidegate.toml");
        let config = std::fs::read_to_string(&file).expect("the configuration");
        std::fs::write(&file, format!("{config}\n[watch]\nlisten = \"127.0.0.1:0\"\n")).expect("written");
        let mut child = program(&instance)
            .args(["--json", "serve", "--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("it serves");
        let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut lines = Vec::new();
        while !lines.iter().any(|line: &String| line.contains("doing what is due")) {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).expect("text") > 0, "it ended: {lines:?}");
            lines.push(line);
        }
        let rest = std::thread::spawn(move || {
            let mut text = String::new();
            drop(stderr.read_to_string(&mut text));
            text
        });
        Server { _dir: dir, child, lines, rest: Some(rest) }
    }

    fn address(&self, said: &str) -> String {
        let line = self.lines.iter().find(|line| line.contains(said)).expect("it says where");
        let (_, rest) = line.split_once("http://").expect("an address");
        rest.split('/').next().expect("a host").to_owned()
    }

    /// Stops it as whoever started it would, and answers with what it logged.
    fn stop(mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
        assert!(self.child.wait().expect("it ends").success(), "a graceful stop is no failure");
        let rest = self.rest.take().expect("read once").join().expect("read");
        self.lines.concat() + &rest
    }
}

/// A test that fails leaves no server behind.
impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

/// Waits until the worker went round once; it does so several times a second.
fn until_ready(address: &str) {
    let ready = (0..2_000).any(|_| {
        std::thread::yield_now();
        get(address, "/ready") == (200, "ready\n".to_owned())
    });
    assert!(ready, "{:?}", get(address, "/ready"));
}

#[test]
fn a_server_tells_whether_it_can_work_and_logs_no_secret() {
    let server = Server::start();
    let warned = server.lines.iter().any(|line| line.contains("tidegate project site URL"));
    assert!(warned, "links that lead nowhere are not said");
    let (watch, web) = (server.address("watched at"), server.address("serving"));
    until_ready(&watch);
    assert_eq!(get(&watch, "/health"), (200, "alive\n".to_owned()));
    let (status, metrics) = get(&watch, "/metrics");
    assert_eq!(status, 200);
    let names = metrics
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next());
    let names: Vec<&str> = names.collect();
    let few = [
        "tidegate_build_info",
        "tidegate_ready",
        "tidegate_start_time_seconds",
        "tidegate_worker_round_age_seconds",
    ];
    assert_eq!(names, few, "whatever is added here must not move because of a case");
    assert_eq!(get(&web, "/metrics").0, 404, "the public address has none of it");
    assert_eq!(get(&web, "/mailbox/a-very-secret-key").0, 403);
    assert_eq!(get(&web, "/desk/cases/0000-secret").0, 303, "whoever is not signed in signs in first");
    let log = server.stop();
    assert!(!log.contains("secret"), "{log}");
    let asked = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let asked: Vec<Value> = asked.filter(|line| line["message"] == "answered").collect();
    assert_eq!(asked.len(), 3, "{log}");
    assert!(asked.iter().all(|line| line["route"].is_string() && line["status"].is_u64()), "{asked:?}");
}
