//! API tokens. The secret is never stored, only a tag made of it; what a token means is not the store's to know.

use super::database::Row;
use super::seal::{Place, Tag};
use super::{BODY_BYTES_MAX, Store, StoreError, check_length, sql};
use crate::secret::Secret;
use tidegate_domain::id::Slug;
use tidegate_domain::time::Instant;

/// Characters of a token's name within the program.
const ID_CHARS: usize = 16;

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

impl Store {
    /// Stores what `secret` is good for until `expires`, and answers with the token's name. Tokens that have expired
    /// by `now` are forgotten along the way.
    pub async fn put_api_token(
        &self,
        secret: &Secret,
        owner: &Slug,
        now: Instant,
        expires: Instant,
        body: &[u8],
    ) -> Result<String, StoreError> {
        check_length("a token's body", body.len(), BODY_BYTES_MAX)?;
        let tag = self.api_token_tag(secret);
        let name = tag.to_string();
        let sealed = self.vault.seal(self.vault.instance(), &place(&name), body)?;
        let mut tx = self.database.begin().await?;
        tx.execute(sql::API_TOKENS_SWEEP, [now.into()]).await?;
        let row = [tag.into(), self.token_owner_tag(owner).into(), sealed.into(), expires.into()];
        tx.execute(sql::API_TOKEN_PUT, row).await?;
        tx.commit().await?;
        Ok(id_of(&name))
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
        let owner = self.token_owner_tag(owner);
        let rows = self.database.query(sql::API_TOKENS, [owner.into(), now.into()]).await?;
        rows.iter().map(|row| self.open_api_token(row)).collect()
    }

    /// Ends a token of `owner`'s; false if there was none of that name.
    pub async fn end_api_token(&self, owner: &Slug, id: &str, now: Instant) -> Result<bool, StoreError> {
        let owner = self.token_owner_tag(owner);
        let mut tx = self.database.begin().await?;
        for row in tx.query(sql::API_TOKENS, [owner.into(), now.into()]).await? {
            let tag = Tag(row.digest("tag")?);
            if id_of(&tag.to_string()) == id {
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

    fn token_owner_tag(&self, owner: &Slug) -> Tag {
        self.vault.tag("api token owner", &[owner.as_str().as_bytes()])
    }

    fn open_api_token(&self, row: &Row) -> Result<StoredApiToken, StoreError> {
        let name = Tag(row.digest("tag")?).to_string();
        let body = self.vault.instance().open(&place(&name), row.bytes("body")?)?;
        Ok(StoredApiToken { id: id_of(&name), body, expires: row.instant("expires_us")? })
    }
}

fn id_of(tag: &str) -> String {
    tag.chars().take(ID_CHARS).collect()
}

fn place(row: &str) -> Place<'_> {
    Place { table: "api_token", row, column: "body" }
}
