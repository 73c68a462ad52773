//! The `[oidc]` section of the configuration file, checked when the program starts.

use super::{ASKING_MAX, Oidc, http};
use crate::post::settings::{SettingFault, secret_line};
use openidconnect::{ClientId, ClientSecret, IssuerUrl};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The claim that names a person where nothing else is said: the one that a provider must never give to another
/// (OpenID Connect Core 1.0, section 2).
const SUBJECT: &str = "sub";
/// Claims that pass from one person to another, so that nobody is found by them (section 5.7).
const PASSES_ON: [&str; 6] =
    ["email", "preferred_username", "name", "nickname", "phone_number", "given_name"];
/// The longest name of a provider on a page, in characters.
const NAME_CHARS_MAX: usize = 60;
/// Values of `acr` or `amr` that may be told apart.
const VALUES_MAX: usize = 20;

/// The section as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// The provider, as it names itself: its configuration is below this address.
    pub issuer: String,
    /// What the provider calls us.
    pub client_id: String,
    /// A file with the secret that the provider gave us, relative to the folder, readable by its owner alone.
    pub client_secret_file: PathBuf,
    /// What people call the provider; by default its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The claim of an ID token that names the person; by default `sub`.
    #[serde(default = "subject")]
    pub claim: String,
    /// With one of these as its `acr`, a sign-in there is as good as one with a second factor here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub second_factor_acr: Vec<String>,
    /// With one of these in its `amr` (RFC 8176), it is as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub second_factor_amr: Vec<String>,
}

fn subject() -> String {
    SUBJECT.to_owned()
}

impl OidcConfig {
    /// Checks everything, and reads the secret; `dir` is the instance's folder. The provider is not asked: one that
    /// is down keeps nobody from the doors that need none.
    ///
    /// # Errors
    /// The first thing that is wrong, with its key and what to do.
    pub fn check(&self, dir: &Path) -> Result<Oidc, SettingFault> {
        let fault = |key, why: String| Err(SettingFault { key, why });
        let (issuer, is_near) = issuer(&self.issuer)?;
        if self.client_id.is_empty() || self.client_id.contains(char::is_control) {
            return fault("oidc.client_id", "it is what the provider calls this instance".to_owned());
        }
        if PASSES_ON.contains(&self.claim.as_str()) {
            let why = format!(
                "`{}` can pass from one person to another, who would be let in; `sub` is what a provider keeps for one",
                self.claim
            );
            return fault("oidc.claim", why);
        }
        if self.claim.is_empty() {
            return fault("oidc.claim", "it is the name of a claim, such as `sub`".to_owned());
        }
        for (key, values) in [
            ("oidc.second_factor_acr", &self.second_factor_acr),
            ("oidc.second_factor_amr", &self.second_factor_amr),
        ] {
            let is_word = |value: &String| {
                !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || c.is_control())
            };
            if values.len() > VALUES_MAX || !values.iter().all(is_word) {
                let why =
                    format!("it takes up to {VALUES_MAX} words, as the provider writes them in its tokens");
                return fault(key, why);
            }
        }
        let host = issuer.url().host_str().unwrap_or_default().to_owned();
        let name = self.name.clone().unwrap_or(host);
        if name.trim().is_empty() || name.chars().count() > NAME_CHARS_MAX || name.contains(char::is_control)
        {
            let why = format!("it takes one line of at most {NAME_CHARS_MAX} characters");
            return fault("oidc.name", why);
        }
        let secret = secret_line("oidc.client_secret_file", &dir.join(&self.client_secret_file))?;
        Ok(Oidc {
            name,
            issuer,
            client_id: ClientId::new(self.client_id.clone()),
            secret: ClientSecret::new(secret.to_string()),
            claim: self.claim.clone(),
            second_factor_acr: self.second_factor_acr.clone(),
            second_factor_amr: self.second_factor_amr.clone(),
            http: http::agent(is_near),
            room: Arc::new(Semaphore::new(ASKING_MAX)),
        })
    }
}

/// The issuer, and whether it is on this machine, which alone may do without TLS: what it answers says who is who.
fn issuer(text: &str) -> Result<(IssuerUrl, bool), SettingFault> {
    let fault = |why: String| SettingFault { key: "oidc.issuer", why };
    let no_address = || fault(format!("`{text}` is no address; one looks like https://login.example.org"));
    let issuer = IssuerUrl::new(text.to_owned()).map_err(|_| no_address())?;
    let url = issuer.url();
    if url.host_str().is_none_or(str::is_empty) {
        return Err(no_address());
    }
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(fault(
            "it is an address without a user, `?` or `#`, as the provider names itself".to_owned(),
        ));
    }
    let is_near = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    match url.scheme() {
        "https" => Ok((issuer, false)),
        "http" if is_near => Ok((issuer, true)),
        _ => Err(fault(format!("`{text}` must begin with https://; only this machine may do without"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn check(text: &str, dir: &Path) -> Result<Oidc, String> {
        let good =
            "issuer = 'https://login.example.org'\nclient_id = 'tidegate'\nclient_secret_file = 'secret'\n";
        let key = text.split(' ').next().unwrap_or_default();
        let rest: Vec<&str> = good.lines().filter(|line| key.is_empty() || !line.starts_with(key)).collect();
        let text = format!("{}\n{text}\n", rest.join("\n"));
        let config: OidcConfig = toml::from_str(&text).map_err(|error| error.message().to_owned())?;
        config.check(dir).map_err(|fault| fault.to_string())
    }

    #[test]
    fn what_is_wrong_is_named_by_its_key() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("secret");
        std::fs::write(&file, "geheim\n").expect("a file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        let good = check("", dir.path()).expect("good");
        assert_eq!(good.name, "login.example.org");
        assert!(!format!("{good:?}").contains("geheim"));
        assert!(check("issuer = 'http://127.0.0.1:8080/realms/a'", dir.path()).is_ok());
        for (text, expected) in [
            ("issuer = 'login.example.org'", "oidc.issuer: `login.example.org` is no address"),
            ("issuer = 'http://login.example.org'", "oidc.issuer: `http://login.example.org` must begin"),
            ("issuer = 'http://127.0.0.1.example.org'", "oidc.issuer: `http://127.0.0.1.example.org` must"),
            ("issuer = 'https://a.example/?x=1'", "oidc.issuer: it is an address without"),
            ("issuer = 'https://u:p@a.example'", "oidc.issuer: it is an address without"),
            ("client_id = ''", "oidc.client_id: it is what"),
            ("client_secret_file = 'none'", "oidc.client_secret_file: "),
            ("claim = 'email'", "oidc.claim: `email` can pass"),
            ("claim = ''", "oidc.claim: it is the name"),
            ("name = ' '", "oidc.name: it takes one line"),
            ("second_factor_amr = ['a b']", "oidc.second_factor_amr: it takes"),
            ("second_factor = 'mfa'", "unknown field `second_factor`"),
        ] {
            let why = check(text, dir.path()).map(|_| text).expect_err(text);
            assert!(why.starts_with(expected), "{text}: {why}");
        }
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("a mode");
        assert!(check("", dir.path()).map(|_| ()).expect_err("readable").contains("chmod 600"));
    }
}
