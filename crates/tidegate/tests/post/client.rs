//! A mail server's side of LMTP, which says exactly the bytes that a test wants.

use super::world::World;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tidegate::post::lmtp::{Door, Patience};
use tidegate::post::settings::Listen;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub const PATIENCE: Patience = Patience { idle: Duration::from_secs(20), letter: Duration::from_secs(60) };

/// Opens the world's door while `work` runs, which is given its port.
pub async fn with_door<T>(world: &World, patience: Patience, work: impl AsyncFnOnce(u16) -> T) -> T {
    let listen = Listen::Tcp("127.0.0.1:0".parse().expect("an address"));
    let door = Door::open(&listen, patience).await.expect("a door");
    let port = door.port().expect("a port");
    let stop = AtomicBool::new(false);
    tokio::select! {
        () = door.serve(&world.engine, &stop) => panic!("the door closed"),
        done = work(port) => done,
    }
}

pub struct Client(TcpStream);

impl Client {
    /// Connected, and greeted.
    pub async fn new(port: u16) -> Client {
        let mut client = Client(TcpStream::connect(("127.0.0.1", port)).await.expect("connected"));
        assert_eq!(client.hear().await, "220 Tidegate LMTP");
        let offers = client.say("LHLO mx.example.org").await;
        assert!(offers.ends_with("250 SIZE 26214400"), "{offers}");
        client
    }

    /// Says a line, and hears the answer.
    pub async fn say(&mut self, line: &str) -> String {
        self.write(format!("{line}\r\n").as_bytes()).await;
        self.hear().await
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("written");
    }

    /// Writes to a server that may have closed.
    pub async fn try_write(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes).await;
    }

    /// One answer, of one line or several.
    pub async fn hear(&mut self) -> String {
        let mut answer = Vec::new();
        loop {
            let Ok(byte) = self.0.read_u8().await else { return String::from_utf8(answer).expect("text") };
            answer.push(byte);
            let text = String::from_utf8_lossy(&answer);
            let last =
                text.strip_suffix("\r\n").map(|text| text.rsplit("\r\n").next().unwrap_or(text).to_owned());
            if last.is_some_and(|last| last.as_bytes().get(3) == Some(&b' ')) {
                return text.trim_end().to_owned();
            }
        }
    }

    /// Hands over a letter as it is, dots stuffed, and hears an answer for each recipient that was not refused.
    pub async fn hand_over(&mut self, from: &str, to: &[&str], letter: &str) -> Vec<String> {
        assert_eq!(self.say(&format!("MAIL FROM:<{from}>")).await, "250 2.1.0 go on");
        let mut answers = Vec::new();
        let mut accepted = 0;
        for address in to {
            let answer = self.say(&format!("RCPT TO:<{address}>")).await;
            if answer.starts_with("250") {
                accepted += 1;
            } else {
                answers.push(answer);
            }
        }
        if accepted == 0 {
            return answers;
        }
        assert!(self.say("DATA").await.starts_with("354"));
        let stuffed = letter.replace("\r\n.", "\r\n..");
        self.write(stuffed.as_bytes()).await;
        self.write(b"\r\n.\r\n").await;
        for _ in 0..accepted {
            answers.push(self.hear().await);
        }
        answers
    }
}
