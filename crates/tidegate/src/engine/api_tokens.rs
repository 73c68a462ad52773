//! API tokens: what programs come with in place of a person. A token acts as the person who owns it, and does no
//! more than its scopes let it.

use super::{Engine, EngineError};
use crate::secret::Secret;
use crate::store::{NewApiToken, StoreError, StoredApiToken, TokenId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use tidegate_domain::fault::Fault;
use tidegate_domain::id::Slug;
use tidegate_domain::time::Instant;

/// The longest life of a token, in days.
pub const TOKEN_DAYS_MAX: u32 = 366;
/// The life of a token if nothing else is asked for, in days.
pub const TOKEN_DAYS: u32 = 90;
/// Most tokens of one person.
pub const TOKENS_MAX: usize = 50;
/// The longest note of what a token is for, in characters.
pub const NOTE_CHARS_MAX: usize = 80;
const DAY_US: i64 = 86_400_000_000;
/// What every token begins with, so that a scanner for lost secrets knows one when it sees it.
const PREFIX: &str = "tgt_";

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// See what its owner may see.
    Read,
    /// Do in cases what its owner may do.
    Act,
    /// Run the instance: projects, people, letters. Given on the command line alone.
    Administer,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 3] = [Scope::Read, Scope::Act, Scope::Administer];

    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Act => "act",
            Scope::Administer => "administer",
        }
    }

    /// What it lets a program do, in words.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Scope::Read => "see what you may see",
            Scope::Act => "do in cases what you may do",
            Scope::Administer => "run the instance: projects, people, letters",
        }
    }
}

/// An API token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its name, to end it by.
    pub id: String,
    /// Whom it stands for.
    pub owner: Slug,
    /// What it is for, in its owner's words.
    pub note: String,
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
    /// When it was made.
    pub made: Instant,
    /// From when on it is worth nothing.
    pub expires: Instant,
}

/// The text that a program comes with. `Debug` hides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer(Secret);

impl fmt::Display for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0)
    }
}

impl FromStr for Bearer {
    type Err = crate::secret::NoSecret;

    fn from_str(text: &str) -> Result<Bearer, Self::Err> {
        text.strip_prefix(PREFIX).ok_or(crate::secret::NoSecret)?.parse().map(Bearer)
    }
}

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it is for; it may be empty.
    pub note: String,
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
    /// How long it lives, in days.
    pub days: u32,
}

/// A token's body as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    owner: Slug,
    note: String,
    scopes: BTreeSet<Scope>,
    made_us: i64,
}

impl Engine {
    /// Makes a token for `owner`, and answers with its text, which is stored nowhere and must be shown now. `within`:
    /// the session that asks for it, which must not have been ended meanwhile; `None` on the command line.
    ///
    /// # Errors
    /// [`EngineError::NoSuchPerson`]; [`EngineError::Faults`] where it is good for nothing, would live too long, or is
    /// one too many; [`StoreError::NotFound`] where the session was ended.
    pub async fn make_api_token(
        &self,
        owner: &Slug,
        wanted: Wanted,
        within: Option<TokenId>,
    ) -> Result<Bearer, EngineError> {
        self.known(owner).await?;
        let now = self.clock.now();
        let faults = faults(&wanted, self.store.api_tokens(owner, now).await?.len());
        if !faults.is_empty() {
            return Err(EngineError::Faults(faults));
        }
        let secret = self.draw_secret();
        let expires = Instant::from_micros(now.micros().saturating_add(i64::from(wanted.days) * DAY_US));
        let body =
            Body { owner: owner.clone(), note: wanted.note, scopes: wanted.scopes, made_us: now.micros() };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let token = NewApiToken { secret: &secret, owner, within, expires, body: &body };
        if !self.store.put_api_token(&token, now).await? {
            return Err(StoreError::NotFound { what: "the session".to_owned() }.into());
        }
        Ok(Bearer(secret))
    }

    /// The token whose text this is, if it is good now, its owner still is here, and they lack no second factor that a
    /// role of theirs demands.
    ///
    /// # Errors
    /// The store's.
    pub async fn api_token(&self, bearer: &Bearer) -> Result<Option<ApiToken>, EngineError> {
        let held = self.store.api_token(&bearer.0, self.clock.now()).await?;
        let Some(token) = held.and_then(read) else { return Ok(None) };
        match self.people().await?.find(&token.owner) {
            Some(owner) if !self.lacks_second_factor(owner).await? => Ok(Some(token)),
            Some(_) | None => Ok(None),
        }
    }

    /// The tokens of a person, the newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn api_tokens(&self, owner: &Slug) -> Result<Vec<ApiToken>, EngineError> {
        let stored = self.store.api_tokens(owner, self.clock.now()).await?;
        let mut tokens: Vec<ApiToken> = stored.into_iter().filter_map(read).collect();
        tokens.sort_by(|one, other| (other.made, &other.id).cmp(&(one.made, &one.id)));
        Ok(tokens)
    }

    /// Ends a token of `owner`'s; false where there is none of that name.
    ///
    /// # Errors
    /// The store's.
    pub async fn end_api_token(&self, owner: &Slug, id: &str) -> Result<bool, EngineError> {
        Ok(self.store.end_api_token(owner, id, self.clock.now()).await?)
    }
}

fn faults(wanted: &Wanted, held: usize) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |wrong: bool, what: String, advice: &str| {
        if wrong {
            faults.push(Fault::nowhere(what, advice));
        }
    };
    fault(
        wanted.scopes.is_empty(),
        "scope: the token would be good for nothing".to_owned(),
        "choose a scope",
    );
    let days = 1..=TOKEN_DAYS_MAX;
    fault(!days.contains(&wanted.days), "days: that is no life of a token".to_owned(), "1 to 366 days");
    let is_long = wanted.note.chars().count() > NOTE_CHARS_MAX || wanted.note.contains(char::is_control);
    fault(is_long, format!("note: takes one line of at most {NOTE_CHARS_MAX} characters"), "shorten it");
    fault(held >= TOKENS_MAX, format!("{held} tokens are as many as one person has"), "end one first");
    faults
}

fn read(stored: StoredApiToken) -> Option<ApiToken> {
    let body: Body = serde_json::from_slice(&stored.body).ok()?;
    Some(ApiToken {
        id: stored.id,
        owner: body.owner,
        note: body.note,
        scopes: body.scopes,
        made: Instant::from_micros(body.made_us),
        expires: stored.expires,
    })
}
