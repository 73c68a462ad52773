//! Tokens: what somebody proves by holding a secret. The secret is never stored, only a tag made of it.

use super::database::{Row, Tx};
use super::seal::{Place, Tag};
use super::{BODY_BYTES_MAX, Store, StoreError, check_length, sql};
use crate::secret::Secret;
use std::fmt;
use std::sync::Arc;
use tidegate_domain::id::Slug;
use tidegate_domain::time::Instant;

/// Characters of a token's name outside of the store.
const NAME_CHARS: usize = 16;

/// What a token is good for. A secret of one kind is none of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A browser that is signed in.
    Session,
    /// A link that signs in once.
    SignIn,
    /// A reporter's way back to the report, without an account.
    Mailbox,
    /// A mailed link with which a person sets a password.
    Welcome,
    /// A browser that was sent to the identity provider, and is to come back.
    Away,
    /// A browser that came back, and of which a code is asked still.
    Code,
    /// A browser that was asked for a passkey.
    Passkey,
}

impl TokenKind {
    fn name(self) -> &'static str {
        match self {
            TokenKind::Session => "session",
            TokenKind::SignIn => "sign-in",
            TokenKind::Mailbox => "mailbox",
            TokenKind::Welcome => "welcome",
            TokenKind::Away => "away",
            TokenKind::Code => "code",
            TokenKind::Passkey => "passkey",
        }
    }
}

/// A token's name within the program. Knowing it proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenId(Tag);

/// Short enough for an address, and long enough that no two tokens of one person share it.
impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&short_name(&self.0.to_string()))
    }
}

/// What a token is called outside of the store.
pub(super) fn short_name(tag: &str) -> String {
    tag.chars().take(NAME_CHARS).collect()
}

/// A token that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its name.
    pub id: TokenId,
    /// What was stored with it.
    pub body: Vec<u8>,
    /// When it was used last, as far as that was noted; before it was stored where never.
    pub used: Instant,
    /// From when on it is worth nothing.
    pub expires: Instant,
}

/// A token to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewToken<'a> {
    /// What it is good for.
    pub kind: TokenKind,
    /// What its holder comes with.
    pub secret: &'a Secret,
    /// Whose it is: their new password ends it. `None` where it is good for whoever comes with it.
    pub owner: Option<&'a Slug>,
    /// From when on it is worth nothing.
    pub expires: Instant,
    /// What is stored with it.
    pub body: &'a [u8],
}

impl Store {
    /// Ends all sessions and every link that signs in or sets a password. Keys of mailboxes stay.
    pub async fn end_sessions(&self) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql::TOKENS_END_ALL, []).await?;
        tx.commit().await
    }

    /// Stores a token. Those that have expired by `now` are forgotten along the way.
    pub async fn put_token(&self, token: &NewToken<'_>, now: Instant) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        self.insert_token(&mut tx, token, now).await?;
        tx.commit().await
    }

    /// As [`Store::put_token`], within a transaction.
    pub(super) async fn insert_token(
        &self,
        tx: &mut Tx,
        token: &NewToken<'_>,
        now: Instant,
    ) -> Result<(), StoreError> {
        check_length("a token's body", token.body.len(), BODY_BYTES_MAX)?;
        let tag = self.token_tag(token.kind, token.secret);
        let sealed = self.vault.seal(self.vault.instance(), &place(&tag.to_string()), token.body)?;
        tx.execute(sql::TOKENS_SWEEP, [now.into()]).await?;
        let owner = token.owner.map(|name| self.account_tag(name.as_str()));
        let row = [tag.into(), token.kind.name().into(), sealed.into(), token.expires.into(), owner.into()];
        tx.execute(sql::TOKEN_PUT, row).await?;
        Ok(())
    }

    /// What `secret` is good for at `now`, if anything.
    pub async fn token(
        &self,
        kind: TokenKind,
        secret: &Secret,
        now: Instant,
    ) -> Result<Option<Held>, StoreError> {
        let tag = self.token_tag(kind, secret);
        let rows = self.database.query(sql::TOKEN, [tag.into(), now.into()]).await?;
        rows.first().map(|row| self.open_token(row)).transpose()
    }

    /// The session that `secret` is of, if it is good at `now`, with the setting called `setting`, as both are at one
    /// instant.
    pub async fn session_and_setting(
        &self,
        secret: &Secret,
        setting: &str,
        now: Instant,
    ) -> Result<Option<(Held, Option<Arc<str>>)>, StoreError> {
        let (tag, setting) = (self.token_tag(TokenKind::Session, secret), self.setting_tag(setting));
        let rows =
            self.database.query(sql::TOKEN_AND_SETTING, [tag.into(), now.into(), setting.into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let value = row.opt_bytes("value")?.map(|sealed| self.open_setting(setting, sealed)).transpose()?;
        let open = |sealed| self.open_body(tag, sealed).map(Arc::from);
        let body = self.sessions.open(tag, row.bytes("body")?, open)?.to_vec();
        Ok(Some((held(tag, row, body)?, value)))
    }

    /// What `secret` is good for at `now`, once: of two that come with it, one is told.
    pub async fn take_token(
        &self,
        kind: TokenKind,
        secret: &Secret,
        now: Instant,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(held) = self.token(kind, secret, now).await? else { return Ok(None) };
        let mut tx = self.database.begin().await?;
        let is_ours = self.use_token_up(&mut tx, kind, secret, now).await?;
        tx.commit().await?;
        Ok(is_ours.then_some(held.body))
    }

    /// Ends a token, within a transaction; false where it is not good any more. Of two that come with the same
    /// secret, one is told true.
    pub(super) async fn use_token_up(
        &self,
        tx: &mut Tx,
        kind: TokenKind,
        secret: &Secret,
        now: Instant,
    ) -> Result<bool, StoreError> {
        let values = [self.token_tag(kind, secret).into(), now.into()];
        Ok(tx.execute(sql::TOKEN_USE_UP, values).await? > 0)
    }

    /// Whether a token is there still; it stays until the transaction is over.
    pub(super) async fn hold_token(&self, tx: &mut Tx, id: TokenId) -> Result<bool, StoreError> {
        Ok(tx.execute(sql::TOKEN_HOLD, [id.0.into()]).await? > 0)
    }

    /// Notes that a token was used at `now`, and lets it live until `expires`, if that is later than it would.
    pub async fn note_use(&self, id: TokenId, now: Instant, expires: Instant) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql::TOKEN_USED, [id.0.into(), now.into(), expires.into()]).await?;
        tx.commit().await
    }

    /// The tokens of a kind that `owner` holds at `now`, in no order that means anything.
    pub async fn tokens_of(
        &self,
        kind: TokenKind,
        owner: &Slug,
        now: Instant,
    ) -> Result<Vec<Held>, StoreError> {
        let values = [self.account_tag(owner.as_str()).into(), kind.name().into(), now.into()];
        let rows = self.database.query(sql::TOKENS_OF, values).await?;
        rows.iter().map(|row| self.open_token(row)).collect()
    }

    /// Ends the tokens of a kind that `owner` holds, but for one.
    pub async fn end_other_tokens(
        &self,
        kind: TokenKind,
        owner: &Slug,
        but: TokenId,
    ) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        self.end_others(&mut tx, kind, owner.as_str(), but).await?;
        tx.commit().await
    }

    /// As [`Store::end_other_tokens`], within a transaction.
    pub(super) async fn end_others(
        &self,
        tx: &mut Tx,
        kind: TokenKind,
        owner: &str,
        but: TokenId,
    ) -> Result<(), StoreError> {
        let values = [self.account_tag(owner).into(), kind.name().into(), but.0.into()];
        tx.execute(sql::TOKENS_END_OTHERS, values).await.map(drop)
    }

    /// Ends a token; one that is ended already stays so.
    pub async fn end_token(&self, id: TokenId) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql::TOKEN_END, [id.0.into()]).await?;
        tx.commit().await
    }

    fn token_tag(&self, kind: TokenKind, secret: &Secret) -> Tag {
        self.vault.tag("token", &[kind.name().as_bytes(), secret.bytes()])
    }

    fn open_token(&self, row: &Row) -> Result<Held, StoreError> {
        let tag = Tag(row.digest("tag")?);
        held(tag, row, self.open_body(tag, row.bytes("body")?)?)
    }

    fn open_body(&self, tag: Tag, sealed: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        self.vault.instance().open(&place(&tag.to_string()), sealed)
    }
}

fn held(tag: Tag, row: &Row, body: Vec<u8>) -> Result<Held, StoreError> {
    let (used, expires) = (row.instant("used_us")?, row.instant("expires_us")?);
    Ok(Held { id: TokenId(tag), body, used, expires })
}

fn place(row: &str) -> Place<'_> {
    Place { table: "token", row, column: "body" }
}
