//! A mail server on loopback that does as a test tells it, and remembers what it was told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tidegate::post::settings::{Server, TlsMode};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// A letter that the server was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub from: String,
    pub to: Vec<String>,
    pub letter: String,
}

/// What the server does with the next letters; the last one stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Takes,
    /// Answers this to the recipient.
    Says(&'static str),
    /// Takes the letter, and is gone before it says so.
    TakesInSilence,
    /// Takes the letter, and says so when [`MailServer::go_on`] lets it.
    TakesSlowly,
    /// Closes every connection at once.
    Away,
}

#[derive(Debug)]
struct State {
    moods: Vec<Mood>,
    taken: Vec<Taken>,
    connections: usize,
}

pub struct MailServer {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    gate: Arc<Semaphore>,
}

impl MailServer {
    pub async fn start(moods: &[Mood]) -> MailServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = State { moods: moods.to_vec(), taken: Vec::new(), connections: 0 };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let gate = Arc::new(Semaphore::new(0));
        let gates = Arc::clone(&gate);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, gate) = (Arc::clone(&shared), Arc::clone(&gates));
                // A client that goes away in the middle is no failure of the server.
                tokio::spawn(async move { drop(converse(stream, state, gate).await) });
            }
        });
        MailServer { address, state, gate }
    }

    pub fn settings(&self) -> Server {
        Server {
            host: self.address.ip().to_string(),
            port: self.address.port(),
            tls: TlsMode::None,
            login: None,
            ca: None,
            hello: None,
        }
    }

    pub fn set(&self, moods: &[Mood]) {
        self.state.lock().expect("the state").moods = moods.to_vec();
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.state.lock().expect("the state").taken.clone()
    }

    /// Lets one answer out that [`Mood::TakesSlowly`] holds back.
    pub fn go_on(&self) {
        self.gate.add_permits(1);
    }

    pub fn connections(&self) -> usize {
        self.state.lock().expect("the state").connections
    }
}

/// What the server does now; each mood but the last is for one letter.
fn next_mood(state: &Mutex<State>) -> Mood {
    let mut state = state.lock().expect("the state");
    if state.moods.len() > 1 { state.moods.remove(0) } else { state.moods[0] }
}

async fn converse(stream: TcpStream, state: Arc<Mutex<State>>, gate: Arc<Semaphore>) -> std::io::Result<()> {
    let away = {
        let mut state = state.lock().expect("the state");
        state.connections += 1;
        state.moods[0] == Mood::Away
    };
    if away {
        return Ok(());
    }
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 mail.example.org ESMTP\r\n").await?;
    let mut taken = Taken { from: String::new(), to: Vec::new(), letter: String::new() };
    let mut mood = Mood::Takes;
    while let Some(line) = lines.next_line().await? {
        let (verb, rest) = line.split_at(line.find([' ', ':']).unwrap_or(line.len()));
        let answer = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => "250-mail.example.org\r\n250 8BITMIME",
            "MAIL" => {
                taken.from = rest.to_owned();
                "250 2.1.0 ok"
            }
            "RCPT" => {
                mood = next_mood(&state);
                taken.to.push(rest.to_owned());
                if let Mood::Says(answer) = mood { answer } else { "250 2.1.5 ok" }
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await?;
                taken.letter = read_letter(&mut lines).await?;
                let done = std::mem::replace(
                    &mut taken,
                    Taken { from: String::new(), to: Vec::new(), letter: String::new() },
                );
                state.lock().expect("the state").taken.push(done);
                if mood == Mood::TakesInSilence {
                    return Ok(());
                }
                if mood == Mood::TakesSlowly {
                    gate.acquire().await.expect("a gate").forget();
                }
                "250 2.0.0 queued as 7"
            }
            "QUIT" => {
                writer.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 ok",
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

async fn read_letter<R: AsyncBufReadExt + Unpin>(lines: &mut tokio::io::Lines<R>) -> std::io::Result<String> {
    let mut letter = String::new();
    while let Some(line) = lines.next_line().await? {
        if line == "." {
            break;
        }
        letter.push_str(line.strip_prefix('.').unwrap_or(&line));
        letter.push_str("\r\n");
    }
    Ok(letter)
}
