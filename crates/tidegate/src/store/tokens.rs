//! Tokens: what somebody proves by holding a secret. The secret is never stored, only a tag made of it.

use super::database::Row;
use super::seal::{Place, Tag};
use super::{BODY_BYTES_MAX, Store, StoreError, check_length, sql};
use crate::secret::Secret;
use tidegate_domain::id::Slug;
use tidegate_domain::time::Instant;

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
}

impl TokenKind {
    fn name(self) -> &'static str {
        match self {
            TokenKind::Session => "session",
            TokenKind::SignIn => "sign-in",
            TokenKind::Mailbox => "mailbox",
            TokenKind::Welcome => "welcome",
        }
    }
}

/// A token's name within the program. Knowing it proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenId(Tag);

/// A token that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its name.
    pub id: TokenId,
    /// What was stored with it.
    pub body: Vec<u8>,
    /// From when on it is worth nothing.
    pub expires: Instant,
}

impl Store {
    /// Ends all sessions and every link that signs in or sets a password. Keys of mailboxes stay.
    pub async fn end_sessions(&self) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql::TOKENS_END_ALL, []).await?;
        tx.commit().await
    }

    /// Stores what `secret` is good for until `expires`: for `owner`, whose new password ends it, or for whoever
    /// comes with it. Tokens that have expired by `now` are forgotten along the way.
    pub async fn put_token(
        &self,
        (kind, owner): (TokenKind, Option<&Slug>),
        secret: &Secret,
        now: Instant,
        expires: Instant,
        body: &[u8],
    ) -> Result<(), StoreError> {
        check_length("a token's body", body.len(), BODY_BYTES_MAX)?;
        let tag = self.token_tag(kind, secret);
        let sealed = self.vault.seal(self.vault.instance(), &place(&tag.to_string()), body)?;
        let mut tx = self.database.begin().await?;
        tx.execute(sql::TOKENS_SWEEP, [now.into()]).await?;
        let owner = owner.map(|name| self.account_tag(name.as_str()));
        let row = [tag.into(), kind.name().into(), sealed.into(), expires.into(), owner.into()];
        tx.execute(sql::TOKEN_PUT, row).await?;
        tx.commit().await
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

    /// As [`Store::token`], and ends it: of two that come with the same secret, one is given it.
    pub async fn take_token(
        &self,
        kind: TokenKind,
        secret: &Secret,
        now: Instant,
    ) -> Result<Option<Held>, StoreError> {
        let tag = self.token_tag(kind, secret);
        let mut tx = self.database.begin().await?;
        let rows = tx.query(sql::TOKEN_TAKE, [tag.into(), now.into()]).await?;
        tx.commit().await?;
        rows.first().map(|row| self.open_token(row)).transpose()
    }

    /// Lets a token live until `expires`, if that is later than it would.
    pub async fn extend_token(&self, id: TokenId, expires: Instant) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql::TOKEN_EXTEND, [id.0.into(), expires.into()]).await?;
        tx.commit().await
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
        let body = self.vault.instance().open(&place(&tag.to_string()), row.bytes("body")?)?;
        Ok(Held { id: TokenId(tag), body, expires: row.instant("expires_us")? })
    }
}

fn place(row: &str) -> Place<'_> {
    Place { table: "token", row, column: "body" }
}
