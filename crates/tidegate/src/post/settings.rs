//! The `[mail]` section of the configuration file, checked when the program starts.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The section as it stands in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailConfig {
    /// The mail server that takes our letters. Without it letters stay in the outbox.
    pub smarthost: Option<SmarthostConfig>,
    /// Where a mail server hands us letters. Without it they come by `tidegate report receive`.
    pub lmtp: Option<LmtpConfig>,
    /// The character between a mailbox and its detail (RFC 5233), usually `+`. Set it where the receiving server
    /// delivers `security+anything@` as `security@`: then an answer finds its case by its address alone.
    pub subaddress: Option<String>,
    /// The name under which the receiving server writes `Authentication-Results` (RFC 8601). No other is believed.
    pub trusted_authserv: Option<String>,
}

/// `[mail.smarthost]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmarthostConfig {
    /// Its name or address.
    pub host: String,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// By default 465 with `tls`, 587 with `starttls`, 25 with `none`.
    pub port: Option<u16>,
    /// Whom to sign in as.
    pub user: Option<String>,
    /// A file with the password, relative to the folder, readable by its owner alone.
    pub password_file: Option<PathBuf>,
    /// A file with certificates (PEM) to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The name that we greet with; by default the domain of the sender is not told.
    pub hello: Option<String>,
    /// Allows `none` to a server beyond this machine.
    #[serde(default)]
    pub cleartext_beyond_loopback: bool,
}

/// How a connection to the smarthost is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// From its first byte (RFC 8314).
    Tls,
    /// After STARTTLS, and not at all without it (RFC 3207).
    Starttls,
    /// Not: for a server on this machine.
    None,
}

/// `[mail.lmtp]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LmtpConfig {
    /// `127.0.0.1:2424`, or `unix:` with a path relative to the folder.
    pub listen: String,
}

/// The settings, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Where letters go.
    pub smarthost: Option<Server>,
    /// Where letters come from.
    pub lmtp: Option<Listen>,
    /// What stands between a mailbox and its detail.
    pub subaddress: Option<char>,
    /// Whose `Authentication-Results` are believed.
    pub trusted_authserv: Option<String>,
}

/// A mail server that takes our letters.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// User and password.
    pub login: Option<(String, Zeroizing<String>)>,
    /// Certificates to trust beside the system's, PEM.
    pub ca: Option<Vec<u8>>,
    /// The name that we greet with.
    pub hello: Option<String>,
}

/// Shows no password.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({}:{}, {:?})", self.host, self.port, self.tls)
    }
}

/// Where the LMTP door is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// An address of this machine's loopback.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Tcp(address) => write!(f, "{address}"),
            Listen::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Something is wrong with a key of the section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingFault {
    /// Which: `mail.smarthost.tls`.
    pub key: &'static str,
    /// What is wrong, and what to do.
    pub why: String,
}

impl fmt::Display for SettingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.why)
    }
}

impl std::error::Error for SettingFault {}

fn fault(key: &'static str, why: impl fmt::Display) -> SettingFault {
    SettingFault { key, why: why.to_string() }
}

impl MailConfig {
    /// Checks everything, and reads the files that it names; `dir` is the instance's folder.
    ///
    /// # Errors
    /// The first thing that is wrong, with its key and what to do.
    pub fn check(&self, dir: &Path) -> Result<Settings, SettingFault> {
        let smarthost = self.smarthost.as_ref().map(|config| server(config, dir)).transpose()?;
        let lmtp = self.lmtp.as_ref().map(|config| listen(config, dir)).transpose()?;
        let subaddress = self.subaddress.as_deref().map(separator).transpose()?;
        let trusted_authserv = self.trusted_authserv.as_deref().map(authserv).transpose()?;
        Ok(Settings { smarthost, lmtp, subaddress, trusted_authserv })
    }
}

fn server(config: &SmarthostConfig, dir: &Path) -> Result<Server, SettingFault> {
    if config.host.is_empty() || config.host.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '@')) {
        let why = format!("`{}` is no server; one looks like mail.example.org or 192.0.2.1", config.host);
        return Err(fault("mail.smarthost.host", why));
    }
    if config.tls == TlsMode::None && !is_loopback(&config.host) && !config.cleartext_beyond_loopback {
        return Err(fault(
            "mail.smarthost.tls",
            "`none` lets everybody on the way read; set `tls` or `starttls`, or, where the network itself is \
             protected, cleartext_beyond_loopback = true",
        ));
    }
    let login = match (&config.user, &config.password_file) {
        (None, None) => None,
        (Some(user), Some(file)) => {
            Some((user.clone(), secret_line("mail.smarthost.password_file", &dir.join(file))?))
        }
        (Some(_), None) => {
            return Err(fault("mail.smarthost.password_file", "there is a user, but no password_file"));
        }
        (None, Some(_)) => return Err(fault("mail.smarthost.user", "there is a password_file, but no user")),
    };
    let ca =
        config.ca_file.as_ref().map(|file| read("mail.smarthost.ca_file", &dir.join(file))).transpose()?;
    let usual = match config.tls {
        TlsMode::Tls => 465,
        TlsMode::Starttls => 587,
        TlsMode::None => 25,
    };
    Ok(Server {
        host: config.host.clone(),
        port: config.port.unwrap_or(usual),
        tls: config.tls,
        login,
        ca,
        hello: config.hello.clone(),
    })
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, SettingFault> {
    std::fs::read(path).map_err(|error| fault(key, format_args!("{}: {error}", path.display())))
}

/// The file's first line. A file that others can read is refused: what is in it is no secret any more.
pub(crate) fn secret_line(key: &'static str, path: &Path) -> Result<Zeroizing<String>, SettingFault> {
    use std::os::unix::fs::PermissionsExt;
    let bytes = Zeroizing::new(read(key, path)?);
    let mode = std::fs::metadata(path).map_or(0, |file| file.permissions().mode());
    if mode & 0o077 != 0 {
        let why =
            format!("others can read {0}; run `chmod 600 {0}`, and change what is in it", path.display());
        return Err(fault(key, why));
    }
    let text = std::str::from_utf8(&bytes).ok().and_then(|text| text.lines().next()).unwrap_or_default();
    if text.is_empty() {
        return Err(fault(key, format_args!("the first line of {} is empty", path.display())));
    }
    Ok(Zeroizing::new(text.to_owned()))
}

fn listen(config: &LmtpConfig, dir: &Path) -> Result<Listen, SettingFault> {
    const KEY: &str = "mail.lmtp.listen";
    if let Some(path) = config.listen.strip_prefix("unix:") {
        return Ok(Listen::Unix(dir.join(path)));
    }
    let address: SocketAddr = config.listen.parse().map_err(|_| {
        let why =
            format!("`{}` is no address; one looks like 127.0.0.1:2424 or unix:lmtp.sock", config.listen);
        fault(KEY, why)
    })?;
    if address.ip().is_loopback() {
        Ok(Listen::Tcp(address))
    } else {
        Err(fault(KEY, "LMTP has no passwords: listen on 127.0.0.1, ::1 or a unix: socket"))
    }
}

fn separator(text: &str) -> Result<char, SettingFault> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c @ ('+' | '-' | '=' | '.' | '_')), None) => Ok(c),
        _ => Err(fault("mail.subaddress", "it is one of + - = . _ , as the receiving mail server is set")),
    }
}

fn authserv(text: &str) -> Result<String, SettingFault> {
    let is_name = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';');
    let why = "it is the name that stands first in the server's Authentication-Results";
    if is_name { Ok(text.to_ascii_lowercase()) } else { Err(fault("mail.trusted_authserv", why)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn check(text: &str, dir: &Path) -> Result<Settings, String> {
        let config: MailConfig = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        config.check(dir).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_whole_section_is_read_and_shows_no_password() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("password");
        std::fs::write(&file, "geheim\n").expect("a file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        let text = "subaddress = '+'\ntrusted_authserv = 'MX.example.org'\n[smarthost]\nhost = 'mail.example.org'\n\
            tls = 'starttls'\nuser = 'tidegate'\npassword_file = 'password'\n[lmtp]\nlisten = 'unix:lmtp.sock'\n";
        let settings = check(text, dir.path()).expect("settings");
        let server = settings.smarthost.as_ref().expect("a server");
        assert_eq!((server.port, server.tls), (587, TlsMode::Starttls));
        assert_eq!(server.login.as_ref().map(|(_, password)| password.as_str()), Some("geheim"));
        assert_eq!(settings.lmtp, Some(Listen::Unix(dir.path().join("lmtp.sock"))));
        assert_eq!(settings.trusted_authserv.as_deref(), Some("mx.example.org"));
        assert!(!format!("{settings:?}").contains("geheim"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("a mode");
        assert!(check(text, dir.path()).expect_err("readable").contains("chmod 600"));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_key() {
        let dir = tempfile::tempdir().expect("a folder");
        for (text, expected) in [
            ("[smarthost]\nhost = 'mail.example.org'\ntls = 'none'", "mail.smarthost.tls: `none` lets"),
            ("[smarthost]\nhost = 'a b'\ntls = 'tls'", "mail.smarthost.host: `a b` is no server"),
            (
                "[smarthost]\nhost = 'a'\ntls = 'tls'\nuser = 'u'",
                "mail.smarthost.password_file: there is a user",
            ),
            ("[smarthost]\nhost = 'a'\ntls = 'tls'\npassword_file = 'p'", "mail.smarthost.user: there is a"),
            (
                "[smarthost]\nhost = 'a'\ntls = 'tls'\nuser = 'u'\npassword_file = 'p'",
                "mail.smarthost.password_file: ",
            ),
            ("[smarthost]\nhost = 'a'\ntls = 'tls'\nca_file = 'p'", "mail.smarthost.ca_file: "),
            ("[smarthost]\nhost = 'a'\ntls = 'ssl'", "unknown variant `ssl`"),
            ("[smarthost]\nhost = 'a'\ntls = 'tls'\nprot = 1", "unknown field `prot`"),
            ("[lmtp]\nlisten = '0.0.0.0:24'", "mail.lmtp.listen: LMTP has no passwords"),
            ("[lmtp]\nlisten = 'here'", "mail.lmtp.listen: `here` is no address"),
            ("subaddress = '++'", "mail.subaddress: it is one of"),
            ("trusted_authserv = ''", "mail.trusted_authserv: it is the name"),
        ] {
            let why = check(text, dir.path()).expect_err(text);
            assert!(why.starts_with(expected), "{text}: {why}");
        }
        let near = check("[smarthost]\nhost = 'localhost'\ntls = 'none'", dir.path()).expect("loopback");
        assert_eq!(near.smarthost.map(|server| server.port), Some(25));
    }
}
