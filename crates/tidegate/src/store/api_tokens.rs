//! API tokens. The secret is never stored, only a tag made of it; what a token means is not the store's to know.

use super::database::Row;
use super::seal::{Place, Tag};
use super::tokens::short_name;
use super::{BODY_BYTES_MAX, Store, StoreError, TokenId, check_length, sql};
use crate::secret::Secret;
use tidegate_domain::id::Slug;
use tidegate_domain::time::Instant;

/// An API token as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredApiToken {
    /// Its name within the program. Knowing it proves nothing.
    pub id: String,
    /// What was stored with it.
    pub body: Vec<u8>,
    /// From when on it is worth nothing.
    pub expires: Instant,
}

/// An API token to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewApiToken<'a> {
    /// What programs come with.
    pub secret: &'a Secret,
    /// Whom it stands for.
    pub owner: &'a Slug,
    /// The session that it is made in, where it is made in one.
    pub within: Option<TokenId>,
    /// From when on it is worth nothing.
    pub expires: Instant,
    /// What is stored with it.
    pub body: &'a [u8],
}

impl Store {
    /// Stores a token. Those that have expired by `now` are forgotten along the way. False, and nothing is stored,
    /// where the session that it is made in was ended.
    pub async fn put_api_token(&self, token: &NewApiToken<'_>, now: Instant) -> Result<bool, StoreError> {
        check_length("a token's body", token.body.len(), BODY_BYTES_MAX)?;
        let tag = self.api_token_tag(token.secret);
        let sealed = self.vault.seal(self.vault.instance(), &place(&tag.to_string()), token.body)?;
        let mut tx = self.database.begin().await?;
        if let Some(session) = token.within
            && !self.hold_token(&mut tx, session).await?
        {
            return Ok(false);
        }
        tx.execute(sql::API_TOKENS_SWEEP, [now.into()]).await?;
        let owner = self.token_owner_tag(token.owner.as_str());
        tx.execute(sql::API_TOKEN_PUT, [tag.into(), owner.into(), sealed.into(), token.expires.into()])
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// What `secret` is good for at `now`, if anything.
    pub async fn api_token(
        &self,
        secret: &Secret,
        now: Instant,
    ) -> Result<Option<StoredApiToken>, StoreError> {
        let tag = self.api_token_tag(secret);
        let rows = self.database.query(sql::API_TOKEN, [tag.into(), now.into()]).await?;
        rows.first().map(|row| self.open_api_token(row)).transpose()
    }

    /// The tokens of `owner` that are good at `now`, in no order that means anything.
    pub async fn api_tokens(&self, owner: &Slug, now: Instant) -> Result<Vec<StoredApiToken>, StoreError> {
        let owner = self.token_owner_tag(owner.as_str());
        let rows = self.database.query(sql::API_TOKENS, [owner.into(), now.into()]).await?;
        rows.iter().map(|row| self.open_api_token(row)).collect()
    }

    /// Ends a token of `owner`'s; false if there was none of that name.
    pub async fn end_api_token(&self, owner: &Slug, id: &str, now: Instant) -> Result<bool, StoreError> {
        let owner = self.token_owner_tag(owner.as_str());
        let mut tx = self.database.begin().await?;
        for row in tx.query(sql::API_TOKENS, [owner.into(), now.into()]).await? {
            let tag = Tag(row.digest("tag")?);
            if short_name(&tag.to_string()) == id {
                tx.execute(sql::API_TOKEN_END, [tag.into()]).await?;
                tx.commit().await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn api_token_tag(&self, secret: &Secret) -> Tag {
        self.vault.tag("api token", &[secret.bytes()])
    }

    pub(super) fn token_owner_tag(&self, owner: &str) -> Tag {
        self.vault.tag("api token owner", &[owner.as_bytes()])
    }

    fn open_api_token(&self, row: &Row) -> Result<StoredApiToken, StoreError> {
        let name = Tag(row.digest("tag")?).to_string();
        let body = self.vault.instance().open(&place(&name), row.bytes("body")?)?;
        Ok(StoredApiToken { id: short_name(&name), body, expires: row.instant("expires_us")? })
    }
}

fn place(row: &str) -> Place<'_> {
    Place { table: "api_token", row, column: "body" }
}
