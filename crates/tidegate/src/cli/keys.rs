//! `tidegate person key ...` and `tidegate project key ...`.

use crate::engine::{Engine, EngineError};
use crate::out::{Failure, Kind, Out, printable, table};
use crate::post::keystore::{KeyStore, KeyStoreError};
use crate::post::{instant, system_time};
use clap::Subcommand;
use serde_json::{Value, json};
use std::io::Read;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use tidegate_domain::id::Slug;
use tidegate_envelope::{
    CERTIFICATE_BYTES_MAX, Certificate, EnvelopeError, SECRET_BYTES_MAX, Secret, Standing,
};
use zeroize::Zeroizing;

/// A year of 365 days, in seconds.
const YEAR_S: u64 = 365 * 86_400;
const YEARS_MAX: u64 = 10;

#[derive(Debug, Subcommand)]
pub(super) enum PersonKeys {
    /// Read an OpenPGP certificate on standard input, and encrypt this person's letters to it.
    Add {
        /// The person's name, or a mail address whose owner has no name here, as reporters.
        #[arg(value_name = "NAME|ADDRESS")]
        name: String,
    },
    /// List the keys of one person, or of everybody.
    List {
        /// The person's name, or a mail address.
        #[arg(value_name = "NAME|ADDRESS")]
        name: Option<String>,
    },
    /// Forget a key.
    Remove {
        /// The person's name, or a mail address.
        #[arg(value_name = "NAME|ADDRESS")]
        name: String,
        /// Its fingerprint, as `list` shows it.
        fingerprint: String,
    },
}

impl PersonKeys {
    pub(super) async fn run(self, engine: &Engine, out: &Out) -> Result<(), Failure> {
        match self {
            PersonKeys::Add { name } => add(engine, &name.to_ascii_lowercase(), out).await,
            PersonKeys::List { name } => {
                let name = name.map(|name| name.to_ascii_lowercase());
                list(engine, name.as_deref(), out).await
            }
            PersonKeys::Remove { name, fingerprint } => {
                let name = name.to_ascii_lowercase();
                let fingerprint = fingerprint.replace(' ', "").to_ascii_uppercase();
                let removed = engine.store.remove_person_key(&name, &fingerprint).await;
                if !removed.map_err(EngineError::from)? {
                    let message = format!("{name} has no key with the fingerprint {fingerprint}");
                    return Err(Failure::of(Kind::NotFound, message));
                }
                out.show(&format!("{fingerprint} is forgotten"), &json!({"fingerprint": fingerprint}))
            }
        }
    }
}

async fn add(engine: &Engine, name: &str, out: &Out) -> Result<(), Failure> {
    let bytes = stdin(CERTIFICATE_BYTES_MAX)?;
    let kept = engine.add_person_key(name, &bytes).await?.map_err(faulty)?;
    let (text, value) = shown(engine, &kept);
    let people = engine.people().await?;
    let person = people.0.iter().find(|person| person.name.as_str() == name);
    let mail = person.map_or_else(|| name.to_owned(), |person| person.mail.to_ascii_lowercase());
    if !kept.user_ids().iter().any(|id| id.to_ascii_lowercase().contains(&mail)) {
        out.note(&format!("tidegate: the key does not name {name}'s address: make sure that it is theirs"));
    }
    out.show(
        &format!("{name}'s letters are encrypted to\n{text}\nCompare the fingerprint with them."),
        &value,
    )
}

async fn list(engine: &Engine, name: Option<&str>, out: &Out) -> Result<(), Failure> {
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for key in engine.store.person_keys(name).await.map_err(EngineError::from)? {
        let Ok(certificate) = Certificate::read(key.armoured.as_bytes()) else { continue };
        let (state, until) = standing(engine, &certificate);
        let ids = certificate.user_ids().join(", ");
        values.push(json!({"person": key.owner, "fingerprint": key.fingerprint, "state": state,
            "until": until, "user_ids": certificate.user_ids()}));
        rows.push(vec![key.owner, key.fingerprint, state, ids]);
    }
    let text = if rows.is_empty() {
        "no keys".to_owned()
    } else {
        table(&["person", "fingerprint", "state", "for"], &rows)
    };
    out.show(&text, &json!(values))
}

#[derive(Debug, Subcommand)]
pub(super) enum ProjectKey {
    /// Make a key for a project; the newest one signs, older ones still open letters.
    Generate {
        /// The project.
        project: Slug,
        /// For how many years, up to 10.
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=YEARS_MAX))]
        years: u64,
    },
    /// Read a project's secret key on standard input, as `gpg --export-secret-keys` writes it.
    Import {
        /// The project.
        project: Slug,
        /// A file with the passphrase in its first line.
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Print a project's public key, to be published.
    Show {
        /// The project.
        project: Slug,
    },
}

impl ProjectKey {
    pub(super) async fn run(self, engine: &Engine, out: &Out) -> Result<(), Failure> {
        let keystore = engine.post.keystore.as_ref();
        let keystore = keystore.ok_or_else(|| Failure::plain("this instance has no folder for keys"))?;
        let now = system_time(engine.clock.now());
        match self {
            ProjectKey::Generate { project, years } => {
                let policy = engine.policy(&project).await?;
                let user_id = format!("{} <{}>", policy.publisher.name, policy.publisher.contact);
                let validity = Some(Duration::from_secs(years * YEAR_S));
                let secret = Secret::generate(&user_id, now, validity).map_err(failed)?;
                keep(engine, keystore, &project, &secret, out)
            }
            ProjectKey::Import { project, passphrase_file } => {
                engine.policy(&project).await?;
                let passphrase = passphrase_file.as_deref().map(first_line).transpose()?;
                let bytes = Zeroizing::new(stdin(SECRET_BYTES_MAX)?);
                let secret = Secret::read(&bytes, passphrase.as_ref().map(|text| text.as_str()));
                let secret = secret.map_err(|error| faulty(error.to_string()))?;
                demand_use(&secret, now)?;
                keep(engine, keystore, &project, &secret, out)
            }
            ProjectKey::Show { project } => {
                engine.policy(&project).await?;
                let secrets = keystore.secrets(&project).map_err(kept_badly)?;
                let Some(newest) = secrets.first() else {
                    let message =
                        format!("{project} has no key; `tidegate project key generate {project}` makes one");
                    return Err(Failure::of(Kind::NotFound, message));
                };
                let certificate = newest.certificate();
                let armoured = String::from_utf8_lossy(&certificate.armoured().map_err(failed)?).into_owned();
                let mut value = shown(engine, &certificate).1;
                value["armoured"] = json!(armoured);
                out.show(&armoured, &value)
            }
        }
    }
}

/// A key that could not sign or open anything would be no use, and its owner should know before the first letter.
fn demand_use(secret: &Secret, now: SystemTime) -> Result<(), Failure> {
    let standing = secret.certificate().standing(now);
    if !secret.can_sign(now) {
        return Err(faulty(EnvelopeError::CannotSign.to_string()));
    }
    if standing.is_usable() { Ok(()) } else { Err(faulty(EnvelopeError::Unusable(standing).to_string())) }
}

fn keep(
    engine: &Engine,
    keystore: &KeyStore,
    project: &Slug,
    secret: &Secret,
    out: &Out,
) -> Result<(), Failure> {
    let path = keystore.put(project, secret).map_err(kept_badly)?;
    let (text, value) = shown(engine, &secret.certificate());
    let said = format!(
        "{project} signs and opens letters with\n{text}\n  kept in     {}, encrypted under the master key\n\
         Keep a copy of that file; publish the key that `tidegate project key show {project}` prints.",
        path.display()
    );
    out.show(&said, &value)
}

/// A certificate for people, and as JSON.
fn shown(engine: &Engine, certificate: &Certificate) -> (String, Value) {
    let (state, until) = standing(engine, certificate);
    let ids: Vec<String> = certificate.user_ids().iter().map(|id| printable(id)).collect();
    let text = format!(
        "  key         {}\n  for         {}\n  state       {state}",
        certificate.fingerprint(),
        ids.join(", ")
    );
    (text, json!({"fingerprint": certificate.fingerprint(), "user_ids": ids, "state": state, "until": until}))
}

/// Whether it can be used now, and until when.
fn standing(engine: &Engine, certificate: &Certificate) -> (String, Option<String>) {
    match certificate.standing(system_time(engine.clock.now())) {
        Standing::Usable { until: None } => ("usable, without end".to_owned(), None),
        Standing::Usable { until: Some(until) } => {
            let until = instant(until);
            let day = until.map_or_else(|| "a far day".to_owned(), |until| until.readable());
            (format!("usable until {day}"), until.map(|until| until.to_string()))
        }
        other @ (Standing::NotYet { .. }
        | Standing::Expired { .. }
        | Standing::Revoked
        | Standing::Weak { .. }
        | Standing::NoEncryptionKey) => (other.to_string(), None),
    }
}

fn stdin(limit: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    std::io::stdin().lock().take(most).read_to_end(&mut bytes).map_err(Failure::io)?;
    Ok(bytes)
}

fn first_line(path: &std::path::Path) -> Result<Zeroizing<String>, Failure> {
    let text =
        std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| Failure::file(path, &error))?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

fn faulty(why: String) -> Failure {
    Failure::of(Kind::Faults, why)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn failed(error: EnvelopeError) -> Failure {
    Failure::plain(error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn kept_badly(error: KeyStoreError) -> Failure {
    Failure::plain(error.to_string())
}
