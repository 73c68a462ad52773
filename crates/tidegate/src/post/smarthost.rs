//! The mail server that takes our letters.

use super::settings::{Server, TlsMode};
use lettre::address::{Address, Envelope};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Code;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// How long one answer of the server is waited for.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a whole letter may take. Its lease is renewed meanwhile: nobody else sends it.
pub const LETTER_TIMEOUT: Duration = Duration::from_secs(600);
/// Connections at a time.
const CONNECTIONS_MAX: u32 = 2;

/// A connection to the server, made when it is needed and kept for the next letter.
#[derive(Clone)]
pub struct Smarthost(AsyncSmtpTransport<Tokio1Executor>);

impl fmt::Debug for Smarthost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Smarthost")
    }
}

/// A letter was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undelivered {
    /// This letter not now; perhaps later.
    Later(String),
    /// No letter now: the server cannot be reached, or does not let us in.
    Down(String),
    /// This letter never.
    Never(String),
}

impl Smarthost {
    /// For the server of the settings. Connects to nothing yet.
    ///
    /// # Errors
    /// In words, where the certificates of the settings cannot be read.
    pub fn new(server: &Server) -> Result<Smarthost, String> {
        let pool = PoolConfig::new().max_size(CONNECTIONS_MAX);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .timeout(Some(ANSWER_TIMEOUT))
            .pool_config(pool)
            .tls(tls(server)?);
        if let Some((user, password)) = &server.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.to_string()));
        }
        if let Some(hello) = &server.hello {
            builder = builder.hello_name(ClientId::Domain(hello.clone()));
        }
        Ok(Smarthost(builder.build()))
    }

    /// Hands one letter over, and answers with the server's words.
    ///
    /// If this program dies after the server took the letter and before that is noted, the letter is sent again,
    /// under the same Message-ID. SMTP has no way to do better (RFC 1047): one of the two sides must remember.
    ///
    /// # Errors
    /// [`Undelivered`], with the server's words.
    pub async fn carry(&self, from: &str, to: &str, letter: &[u8]) -> Result<String, Undelivered> {
        let address = |text: &str| {
            let parsed = text.parse::<Address>();
            parsed.map_err(|_| Undelivered::Never("the address is none that mail can be sent to".to_owned()))
        };
        let envelope = Envelope::new(Some(address(from)?), vec![address(to)?]);
        let envelope = envelope.map_err(|error| Undelivered::Never(error.to_string()))?;
        let sent = tokio::time::timeout(LETTER_TIMEOUT, self.0.send_raw(&envelope, letter)).await;
        match sent {
            Err(_) => Err(Undelivered::Down("the mail server took too long".to_owned())),
            Ok(Ok(answer)) => {
                let words: Vec<&str> = answer.message().collect();
                Ok(printable(&format!("{} {}", answer.code(), words.join(" "))))
            }
            Ok(Err(error)) => Err(undelivered(&error)),
        }
    }
}

fn tls(server: &Server) -> Result<Tls, String> {
    if server.tls == TlsMode::None {
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(server.host.clone());
    if let Some(pem) = &server.ca {
        let unreadable = |error| format!("mail.smarthost.ca_file: no certificate can be read: {error}");
        parameters = parameters.add_root_certificate(Certificate::from_pem(pem).map_err(unreadable)?);
    }
    let parameters =
        parameters.build_rustls().map_err(|error| format!("mail.smarthost: {}", chain(&error)))?;
    Ok(match server.tls {
        TlsMode::Tls => Tls::Wrapper(parameters),
        TlsMode::Starttls => Tls::Required(parameters),
        TlsMode::None => Tls::None,
    })
}

/// Answers that are about us or the server, not about the letter: it is busy, it goes away, it wants a password
/// (RFC 4954) or another one, it does not like our greeting.
const OF_THE_SERVER: [&str; 8] = ["421", "432", "454", "502", "503", "530", "534", "535"];

fn undelivered(error: &lettre::transport::smtp::Error) -> Undelivered {
    let why = printable(&chain(error));
    let code = error.status().map(|code: Code| code.to_string()).unwrap_or_default();
    if OF_THE_SERVER.contains(&code.as_str()) {
        Undelivered::Down(why)
    } else if error.is_permanent() {
        Undelivered::Never(why)
    } else if error.is_transient() {
        Undelivered::Later(why)
    } else {
        Undelivered::Down(why)
    }
}

/// The error with its causes, each said once.
fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let more = source.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        next = source.source();
    }
    words
}

/// On one line, without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}
