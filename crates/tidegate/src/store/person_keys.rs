//! The OpenPGP certificates of people, as bytes: what they mean is not the store's to know.
//!
//! Whose one is, is a person's name, or a mail address for whoever has no name here.

use super::database::Row;
use super::seal::{Place, Tag};
use super::{BODY_BYTES_MAX, Store, StoreError, check_length, sql};
use serde::{Deserialize, Serialize};
use tidegate_domain::time::Instant;

/// A certificate of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonKey {
    /// Whose it is: a person's name, or a mail address in lower case.
    pub owner: String,
    /// Its fingerprint, in upper-case hex.
    pub fingerprint: String,
    /// The certificate, armoured.
    pub armoured: String,
}

impl Store {
    /// Keeps a certificate, in the place of an older copy of it.
    pub async fn put_person_key(&self, at: Instant, key: &PersonKey) -> Result<(), StoreError> {
        check_length("a certificate", key.armoured.len(), BODY_BYTES_MAX)?;
        let tag = self.person_key_tag(&key.owner, &key.fingerprint);
        let body = serde_json::to_vec(key).unwrap_or_default();
        let row = tag.to_string();
        let sealed = self.vault.seal(self.vault.instance(), &place(&row), &body)?;
        let mut tx = self.database.begin().await?;
        let owner = self.owner_tag(&key.owner);
        tx.execute(sql::PERSON_KEY_PUT, [tag.into(), owner.into(), at.into(), sealed.into()]).await?;
        tx.commit().await
    }

    /// The certificates of one owner, or everybody's, the newest first.
    pub async fn person_keys(&self, owner: Option<&str>) -> Result<Vec<PersonKey>, StoreError> {
        let rows = match owner {
            Some(owner) => self.database.query(sql::PERSON_KEYS, [self.owner_tag(owner).into()]).await?,
            None => self.database.query(sql::PERSON_KEYS_ALL, []).await?,
        };
        let read = |row: &Row| {
            let tag = Tag(row.digest("tag")?).to_string();
            let body = self.vault.instance().open(&place(&tag), row.bytes("body")?)?;
            serde_json::from_slice(&body).map_err(|_| StoreError::tampered("person_key", tag))
        };
        rows.iter().map(read).collect()
    }

    /// Forgets a certificate; false if there was none.
    pub async fn remove_person_key(&self, owner: &str, fingerprint: &str) -> Result<bool, StoreError> {
        let tag = self.person_key_tag(owner, fingerprint);
        let mut tx = self.database.begin().await?;
        let removed = tx.execute(sql::PERSON_KEY_REMOVE, [tag.into()]).await?;
        tx.commit().await?;
        Ok(removed > 0)
    }

    fn person_key_tag(&self, owner: &str, fingerprint: &str) -> Tag {
        self.vault.tag("person key", &[owner.as_bytes(), fingerprint.as_bytes()])
    }

    fn owner_tag(&self, owner: &str) -> Tag {
        self.vault.tag("key owner", &[owner.as_bytes()])
    }
}

fn place(row: &str) -> Place<'_> {
    Place { table: "person_key", row, column: "body" }
}
