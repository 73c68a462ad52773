//! The program as a server of a test's own, and one question to it at a time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A served instance.
pub struct Served {
    child: Child,
    lines: Vec<String>,
    rest: Option<std::thread::JoinHandle<String>>,
}

/// The program, on the instance in `dir`.
pub fn program(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.env_remove("TIDEGATE_DIR").env_remove("TIDEGATE_AS").arg("--dir").arg(dir).stdin(Stdio::null());
    command
}

impl Served {
    /// Waits until the server does its work.
    pub fn start(dir: &Path) -> Served {
        let mut child = program(dir)
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
        Served { child, lines, rest: Some(rest) }
    }

    /// What it said before it began its work.
    pub fn said(&self) -> &[String] {
        &self.lines
    }

    /// The address in the line that holds `said`.
    pub fn address(&self, said: &str) -> String {
        let line = self.lines.iter().find(|line| line.contains(said)).expect("it says where");
        let (_, rest) = line.split_once("http://").expect("an address");
        rest.split('/').next().expect("a host").to_owned()
    }

    /// Stops it as whoever started it would, and answers with what it logged.
    pub fn stop(mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
        assert!(self.child.wait().expect("it ends").success(), "a graceful stop is no failure");
        let rest = self.rest.take().expect("read once").join().expect("read");
        self.lines.concat() + &rest
    }

    /// Kills it, as a power cut would: it hears of nothing.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("it ends");
    }
}

/// A test that fails leaves no server behind.
impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The status and the body of a page.
pub fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}
