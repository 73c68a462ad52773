//! Tokens: what somebody proves by holding a secret. The secret is never stored, only a tag made of it.

use super::database::Row;
use super::seal::{Place, Tag};
use super::{BODY_BYTES_MAX, Store, StoreError, check_length, sql};
use crate::secret::Secret;
use std::fmt;
use std::str::FromStr;
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
}

impl TokenKind {
    fn name(self) -> &'static str {
        match self {
            TokenKind::Session => "session",
            TokenKind::SignIn => "sign-in",
            TokenKind::Mailbox => "mailbox",
        }
    }
}

/// A token's name in lists. Knowing it proves nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenId(Tag);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// 64 hex digits.
impl FromStr for TokenId {
    type Err = crate::secret::NoSecret;

    fn from_str(text: &str) -> Result<TokenId, Self::Err> {
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return Err(crate::secret::NoSecret);
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(at * 2..at * 2 + 2).ok_or(crate::secret::NoSecret)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| crate::secret::NoSecret)?;
        }
        Ok(TokenId(Tag(bytes)))
    }
}

/// A token that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its name in lists.
    pub id: TokenId,
    /// What was stored with it.
    pub body: Vec<u8>,
    /// From when on it is worth nothing.
    pub expires: Instant,
}

impl Store {
    /// Stores what `secret` is good for until `expires`. `owner` is a name to list and end tokens by.
    pub async fn put_token(
        &self,
        kind: TokenKind,
        secret: &Secret,
        owner: &str,
        expires: Instant,
        body: &[u8],
    ) -> Result<TokenId, StoreError> {
        check_length("a token's body", body.len(), BODY_BYTES_MAX)?;
        let tag = self.token_tag(kind, secret);
        let sealed = self.vault.seal(self.vault.instance(), &place(&tag.to_string()), body)?;
        let owner = self.holder_tag(owner);
        let mut tx = self.database.begin().await?;
        let row = [tag.into(), kind.name().into(), owner.into(), sealed.into(), expires.into()];
        tx.execute(sql::TOKEN_PUT, row).await?;
        tx.commit().await?;
        Ok(TokenId(tag))
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

    /// What is held in the name of `owner`, the first to expire first.
    pub async fn tokens_of(
        &self,
        kind: TokenKind,
        owner: &str,
        now: Instant,
    ) -> Result<Vec<Held>, StoreError> {
        let values = [self.holder_tag(owner).into(), kind.name().into(), now.into()];
        let rows = self.database.query(sql::TOKENS_OF, values).await?;
        rows.iter().map(|row| self.open_token(row)).collect()
    }

    /// Lets a token live until `expires`, if that is later than it would.
    pub async fn extend_token(&self, id: TokenId, expires: Instant) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql::TOKEN_EXTEND, [id.0.into(), expires.into()]).await?;
        tx.commit().await
    }

    /// Ends one token of `owner`'s; false where they have none of this name.
    pub async fn end_token(&self, owner: &str, id: TokenId) -> Result<bool, StoreError> {
        let mut tx = self.database.begin().await?;
        let ended = tx.execute(sql::TOKEN_END, [self.holder_tag(owner).into(), id.0.into()]).await?;
        tx.commit().await?;
        Ok(ended == 1)
    }

    /// Ends all tokens of this kind that are held in the name of `owner`.
    pub async fn end_tokens(&self, kind: TokenKind, owner: &str) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql::TOKENS_END, [self.holder_tag(owner).into(), kind.name().into()]).await?;
        tx.commit().await
    }

    /// Forgets the tokens that have expired.
    pub async fn sweep_tokens(&self, now: Instant) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql::TOKENS_SWEEP, [now.into()]).await?;
        tx.commit().await
    }

    fn token_tag(&self, kind: TokenKind, secret: &Secret) -> Tag {
        self.vault.tag("token", &[kind.name().as_bytes(), secret.bytes()])
    }

    fn holder_tag(&self, owner: &str) -> Tag {
        self.vault.tag("token owner", &[owner.as_bytes()])
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
