//! An instance on disk: a folder with one configuration file, the master key and, by default, the database.

mod advice;

use crate::chance::Chance;
use crate::engine::clock::Clock;
use crate::engine::{Engine, EngineError};
use crate::logs::Level;
use crate::oidc::{Oidc, OidcConfig};
use crate::post::Post;
use crate::post::keystore::KeyStore;
use crate::post::settings::{MailConfig, SettingFault, Settings};
use crate::security_txt::{SecurityTxt, SecurityTxtConfig};
use crate::store::{KeyError, Location, MasterKey, Store, StoreError};
use crate::watch::WatchConfig;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tidegate_domain::id::Slug;

/// The configuration file's name within the folder.
pub const CONFIG: &str = "tidegate.toml";
/// The folder, within the folder, with the projects' own keys.
pub(crate) const KEYS: &str = "keys";

/// The configuration file: where things are, and where doors listen. Everything else is in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// A file name relative to the folder, or a `postgresql://` URL.
    pub database: String,
    /// Where the master key comes from.
    pub master_key: KeySource,
    /// The web door.
    #[serde(default)]
    pub web: WebConfig,
    /// What is demanded of people who sign in.
    #[serde(default, skip_serializing_if = "AccountsConfig::is_default")]
    pub accounts: AccountsConfig,
    /// The identity provider at which people may sign in; none, where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oidc: Option<OidcConfig>,
    /// What the server writes about itself.
    #[serde(default)]
    pub log: LogConfig,
    /// Where health, readiness and metrics are read; nowhere, where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<WatchConfig>,
    /// Where mail goes, and where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailConfig>,
    /// What `/.well-known/security.txt` says; there is none, where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_txt: Option<SecurityTxtConfig>,
}

/// What is demanded of people who sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountsConfig {
    /// Roles, in whichever project, that demand a second factor of whoever has one of them.
    pub second_factor_roles: Vec<Slug>,
}

impl AccountsConfig {
    fn is_default(&self) -> bool {
        *self == AccountsConfig::default()
    }
}

/// What the server writes about itself on standard error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// How much.
    pub level: Level,
}

/// The web door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where browsers find it, as `https://security.example.org`; by default at the address it listens on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Reverse proxies on other machines that say truly, in `X-Forwarded-For`, where a request comes from. One on
    /// this machine is always believed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proxies: Vec<IpAddr>,
}

impl Default for WebConfig {
    fn default() -> WebConfig {
        WebConfig { listen: SocketAddr::from(([127, 0, 0, 1], 8008)), origin: None, proxies: Vec::new() }
    }
}

impl WebConfig {
    /// Where browsers find the door that listens on `address`. Only HTTPS, or this machine by itself, will do:
    /// what is read here must not travel in the clear.
    ///
    /// # Errors
    /// What is wrong with the configured origin.
    pub fn origin_at(&self, address: SocketAddr) -> Result<String, String> {
        let Some(origin) = &self.origin else {
            let ours = address.ip().is_loopback().then(|| format!("http://{address}"));
            return ours.ok_or_else(|| {
                format!("[web] listens on {address}, which is not this machine alone: set `origin` to the https:// address that browsers use")
            });
        };
        let local = ["http://127.0.0.1", "http://[::1]", "http://localhost"];
        let rest = origin.strip_prefix("https://").or_else(|| {
            local
                .iter()
                .find_map(|prefix| origin.strip_prefix(prefix))
                .map(|port| port.trim_start_matches(':'))
        });
        match rest {
            Some(rest) if !rest.trim_end_matches('/').contains(['/', '?', '#', '@', ' ']) => {
                Ok(origin.trim_end_matches('/').to_owned())
            }
            Some(_) => Err(format!(
                "[web] origin: `{origin}` must be a scheme, a host and perhaps a port, and no more"
            )),
            None => Err(format!(
                "[web] origin: `{origin}` must begin with https://; only this machine may do without"
            )),
        }
    }
}

/// Where the master key comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum KeySource {
    /// A file with 64 hex digits, relative to the folder.
    File(PathBuf),
    /// A command that prints 64 hex digits.
    Command(Vec<String>),
}

/// Why an instance cannot be made or opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstanceError {
    /// There is none in this folder.
    Missing(PathBuf),
    /// There is one already.
    Exists(PathBuf),
    /// A file cannot be read or written.
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The configuration has a fault.
    Config {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The master key cannot be had.
    Key(String),
    /// The machine gives no randomness.
    NoChance,
    /// The engine does not open.
    Engine(EngineError),
}

impl fmt::Display for InstanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InstanceError::Missing(dir) => write!(
                f,
                "there is no instance in {}\n  `tidegate init` makes one there; --dir names another folder",
                dir.display()
            ),
            InstanceError::Exists(dir) => {
                write!(f, "there is an instance in {} already; nothing was changed", dir.display())
            }
            InstanceError::File { path, why } => write!(f, "{}: {why}", path.display()),
            InstanceError::Config { path, why } => write!(f, "{}: {why}", path.display()),
            InstanceError::Key(why) => write!(f, "the master key: {why}"),
            InstanceError::NoChance => f.write_str("the machine gives no random numbers"),
            InstanceError::Engine(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for InstanceError {}

impl From<StoreError> for InstanceError {
    fn from(error: StoreError) -> InstanceError {
        InstanceError::Engine(EngineError::Store(error))
    }
}

/// Makes an instance in `dir`: a configuration file and a fresh master key. `database`: a PostgreSQL URL, or
/// `None` for a file in the folder.
///
/// # Errors
/// Where there is an instance already, or a file cannot be written.
pub async fn create(
    dir: &Path,
    database: Option<&str>,
    chance: Arc<Chance>,
) -> Result<Config, InstanceError> {
    let path = dir.join(CONFIG);
    if path.exists() {
        return Err(InstanceError::Exists(dir.to_owned()));
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| InstanceError::File { path, why: error.to_string() }
    };
    make_private_dir(dir).map_err(failed(dir))?;
    let config = Config {
        database: database.unwrap_or("tidegate.db").to_owned(),
        master_key: KeySource::File(PathBuf::from("master.key")),
        web: WebConfig::default(),
        accounts: AccountsConfig::default(),
        oidc: None,
        log: LogConfig::default(),
        watch: None,
        mail: None,
        security_txt: None,
    };
    let key = MasterKey::generate_file(&dir.join("master.key"), &chance)
        .map_err(|error| InstanceError::Key(error.to_string()))?;
    let text = toml::to_string_pretty(&config)
        .map_err(|error| InstanceError::Config { path: path.clone(), why: error.to_string() })?;
    Store::open(&location(dir, &config), &key, chance).await?.close().await;
    // Last, so that an instance whose making was cut short is not taken for one.
    std::fs::write(&path, text).map_err(failed(&path))?;
    Ok(config)
}

/// The folder is its owner's alone: it holds the master key.
pub(crate) fn make_private_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Opens the instance in `dir`.
///
/// # Errors
/// Where there is none, its configuration or key is faulty, or the engine does not open.
pub async fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<Engine, InstanceError> {
    let chance = Arc::new(Chance::from_os().map_err(|_| InstanceError::NoChance)?);
    let config = read_config(dir)?;
    let key = master_key(dir, &config.master_key).map_err(|error| InstanceError::Key(error.to_string()))?;
    let location = location(dir, &config);
    demand_database(&location)?;
    let settings = settings(dir, &config)?;
    let security_txt = security_txt(dir, &config)?;
    let oidc = oidc(dir, &config)?;
    let store = Store::open(&location, &key, Arc::clone(&chance)).await?;
    let mut engine = Engine::open(store, clock, Arc::clone(&chance)).await.map_err(InstanceError::Engine)?;
    let keystore = KeyStore::new(dir.join(KEYS), key, chance);
    engine.post = Post { settings, keystore: Some(keystore) };
    engine.security_txt = security_txt;
    engine.oidc = oidc;
    engine.second_factor_roles = config.accounts.second_factor_roles;
    Ok(engine)
}

/// The master key, from where the configuration of the instance in `dir` says.
pub(crate) fn master_key(dir: &Path, source: &KeySource) -> Result<MasterKey, KeyError> {
    match source {
        KeySource::File(path) => MasterKey::from_file(&dir.join(path)),
        KeySource::Command(command) => MasterKey::from_command(command),
    }
}

fn settings(dir: &Path, config: &Config) -> Result<Settings, InstanceError> {
    let checked = config.mail.as_ref().map(|mail| mail.check(dir)).transpose();
    let faulty =
        |fault: SettingFault| InstanceError::Config { path: dir.join(CONFIG), why: fault.to_string() };
    Ok(checked.map_err(faulty)?.unwrap_or_default())
}

fn oidc(dir: &Path, config: &Config) -> Result<Option<Arc<Oidc>>, InstanceError> {
    let checked = config.oidc.as_ref().map(|section| section.check(dir)).transpose();
    let faulty =
        |fault: SettingFault| InstanceError::Config { path: dir.join(CONFIG), why: fault.to_string() };
    Ok(checked.map_err(faulty)?.map(Arc::new))
}

fn security_txt(dir: &Path, config: &Config) -> Result<Option<SecurityTxt>, InstanceError> {
    let origin = config.web.origin.as_deref();
    let checked = config.security_txt.as_ref().map(|section| section.check(origin)).transpose();
    checked.map_err(|fault| InstanceError::Config { path: dir.join(CONFIG), why: fault.to_string() })
}

/// A database that is gone must not come back as an empty one, in which nothing was ever reported.
fn demand_database(location: &Location) -> Result<(), InstanceError> {
    let Location::Sqlite(path) = location else { return Ok(()) };
    let length = std::fs::metadata(path).map_or(0, |file| file.len());
    if length > 0 {
        return Ok(());
    }
    let why = "the database is missing or empty; restore it from a backup".to_owned();
    Err(InstanceError::File { path: path.clone(), why })
}

pub(crate) fn location(dir: &Path, config: &Config) -> Location {
    if config.database.starts_with("postgres") && config.database.contains("://") {
        Location::Postgres(config.database.clone())
    } else {
        Location::Sqlite(dir.join(&config.database))
    }
}

/// Reads the configuration file of the instance in `dir`.
///
/// # Errors
/// Where there is none, or it has a fault, with its line.
pub fn read_config(dir: &Path) -> Result<Config, InstanceError> {
    let path = dir.join(CONFIG);
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(InstanceError::Missing(dir.to_owned()));
        }
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            let why = "it is no text in UTF-8\n  write it anew with an editor that saves UTF-8".to_owned();
            return Err(InstanceError::Config { path, why });
        }
        other => other.map_err(|error| InstanceError::File { path: path.clone(), why: error.to_string() })?,
    };
    let config: Config = toml::from_str(&text).map_err(|error| InstanceError::Config {
        path: path.clone(),
        why: advice::with_advice(&error.to_string()),
    })?;
    match config.database.split_once("://") {
        Some(("postgres" | "postgresql", _)) | None => Ok(config),
        Some((scheme, _)) => {
            let why = format!(
                "database: there are no databases of the kind `{scheme}` here\n  name a file in this folder, or a postgresql:// URL"
            );
            Err(InstanceError::Config { path, why })
        }
    }
}
