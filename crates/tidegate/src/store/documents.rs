//! Blobs of a case, documents staged for publication, and what is public.

use super::commit::{Keys, Promotion, Staging};
use super::database::{Row, Tx, Value};
use super::seal::{Place, Tag};
use super::{BLOB_BYTES_MAX, Store, StoreError, check_length, sql};
use sha2::{Digest, Sha256};
use tidegate_domain::id::CaseId;
use tidegate_domain::time::Instant;

/// A document to be published, or a published one, under its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedDocument {
    /// Where it will be found: `csaf/2026/xsa-500.json`.
    pub path: String,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// What everyone may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicDocument {
    /// Its bytes.
    pub body: Vec<u8>,
    /// When this version became public.
    pub since: Instant,
}

/// A line in the list of public documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicEntry {
    /// Where it is found.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// When this version became public.
    pub since: Instant,
}

/// The place of a staged document's path or body.
struct StagedRow(String);

impl StagedRow {
    fn new(promotion: Promotion, position: u64) -> StagedRow {
        StagedRow(format!("{}/{}/{position}", promotion.case, promotion.version))
    }

    fn place(&self, column: &'static str) -> Place<'_> {
        Place { table: "staged_document", row: &self.0, column }
    }
}

impl Store {
    /// Stores a blob of the case under the SHA-256 of its content, which it answers. Storing it again changes
    /// nothing. The same content in two cases is two blobs, so that nobody learns of one from the other.
    ///
    /// A crash between this and the commit that mentions the blob leaves it, and perhaps the case's key, unused.
    pub async fn put_blob(&self, case: CaseId, bytes: &[u8]) -> Result<[u8; 32], StoreError> {
        check_length("a blob", bytes.len(), BLOB_BYTES_MAX)?;
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let tag = self.blob_tag(case, &digest);
        let mut tx = self.database.begin().await?;
        self.ensure_case_key(&mut tx, case).await?;
        let mut keys = Keys::new(self);
        let key = keys.of(&mut tx, case).await?;
        let body = self.vault.seal(key, &blob_place(&tag.to_string()), bytes)?;
        tx.execute(sql::BLOB_INSERT, [tag.into(), case.into(), body.into()]).await?;
        tx.commit().await?;
        Ok(digest)
    }

    /// The case's blob with this SHA-256.
    pub async fn blob(&self, case: CaseId, digest: &[u8; 32]) -> Result<Vec<u8>, StoreError> {
        let rows = self.database.query(sql::CASE_KEY, [case.into()]).await?;
        let key = self.vault.case_key(case, &rows)?;
        let tag = self.blob_tag(case, digest);
        let rows = self.database.query(sql::BLOB, [tag.into()]).await?;
        let row = rows.first().ok_or_else(|| StoreError::not_found(format_args!("a blob of case {case}")))?;
        key.open(&blob_place(&tag.to_string()), row.bytes("body")?)
    }

    fn blob_tag(&self, case: CaseId, digest: &[u8; 32]) -> Tag {
        self.vault.tag("blob", &[case.to_string().as_bytes(), digest])
    }

    /// Stores what is to be published with this version, in place of what was staged for it before, within the
    /// commit that says so: whatever instant the log has, the files are those of that instant. Encrypted until
    /// a commit promotes it.
    pub(super) async fn stage(
        &self,
        tx: &mut Tx,
        keys: &mut Keys<'_>,
        staging: &Staging,
    ) -> Result<(), StoreError> {
        let Staging { case, version, documents } = staging;
        let (case, version) = (*case, *version);
        let key = keys.of(tx, case).await?;
        tx.execute(sql::STAGED_CLEAR, [case.into(), version.into()]).await?;
        for (position, document) in (0_u64..).zip(documents) {
            let row = StagedRow::new(Promotion { case, version }, position);
            let path = self.vault.seal(key, &row.place("path"), document.path.as_bytes())?;
            let body = self.vault.seal(key, &row.place("body"), &document.body)?;
            let values: [Value; 5] = [case.into(), version.into(), position.into(), path.into(), body.into()];
            tx.execute(sql::STAGED_INSERT, values).await?;
        }
        Ok(())
    }

    /// What is staged for this version, in order; empty if nothing is.
    pub async fn staged(&self, case: CaseId, version: u32) -> Result<Vec<StagedDocument>, StoreError> {
        let rows = self.database.query(sql::CASE_KEY, [case.into()]).await?;
        let key = self.vault.case_key(case, &rows)?;
        let rows = self.database.query(sql::STAGED, [case.into(), version.into()]).await?;
        rows.iter().map(|row| open_staged(&key, Promotion { case, version }, row)).collect()
    }

    /// Makes a staged version public, within the commit that says so, and drops it and earlier ones from the
    /// stage. Promoting what was never staged is refused: an embargo must not end with nothing to show.
    pub(super) async fn promote(
        &self,
        tx: &mut Tx,
        keys: &mut Keys<'_>,
        since: Instant,
        promotion: Promotion,
    ) -> Result<(), StoreError> {
        let Promotion { case, version } = promotion;
        let key = keys.of(tx, case).await?;
        let rows = tx.query(sql::STAGED, [case.into(), version.into()]).await?;
        if rows.is_empty() {
            return Err(StoreError::not_found(format_args!("staged version {version} of case {case}")));
        }
        for row in &rows {
            let document = open_staged(key, promotion, row)?;
            let values = [document.path.as_str().into(), document.body.into(), since.into()];
            tx.execute(sql::PUBLIC_PUT, values).await?;
        }
        tx.execute(sql::STAGED_CLEAR_UP_TO, [case.into(), version.into()]).await.map(drop)
    }

    /// A text that is another one whenever the public documents or the projects are others: cheap to ask for.
    pub async fn public_stamp(&self) -> Result<String, StoreError> {
        let rows = self.database.query(sql::PUBLIC_STAMP, []).await?;
        let row = rows.first().ok_or_else(|| StoreError::tampered("public_document", "stamp"))?;
        let documents = format!("{} {} {}", row.count("n")?, row.int("last_us")?, row.count("lines")?);
        // A policy is sealed anew, under a fresh nonce, whenever it is put.
        let mut hash = Sha256::new();
        for row in self.database.query(sql::PROJECT_STAMPS, []).await? {
            hash.update(row.digest("tag")?);
            hash.update(row.bytes("policy")?);
        }
        Ok(format!("{documents} {}", hex::encode(hash.finalize())))
    }

    /// The list of public documents, by path.
    pub async fn public_documents(&self) -> Result<Vec<PublicEntry>, StoreError> {
        let rows = self.database.query(sql::PUBLIC_LIST, []).await?;
        let read = |row: &Row| {
            Ok(PublicEntry {
                path: row.text("path")?,
                bytes: row.count("bytes")?,
                since: row.instant("since_us")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// The public document at a path.
    pub async fn public_document(&self, path: &str) -> Result<Option<PublicDocument>, StoreError> {
        let rows = self.database.query(sql::PUBLIC, [path.into()]).await?;
        let read =
            |row: &Row| Ok(PublicDocument { body: row.bytes("body")?, since: row.instant("since_us")? });
        rows.first().map(read).transpose()
    }
}

fn blob_place(row: &str) -> Place<'_> {
    Place { table: "blob", row, column: "body" }
}

fn open_staged(
    key: &super::seal::Key,
    promotion: Promotion,
    row: &Row,
) -> Result<StagedDocument, StoreError> {
    let place = StagedRow::new(promotion, row.count("position")?);
    let path = key.open_text(&place.place("path"), row.bytes("path")?)?;
    let body = key.open(&place.place("body"), row.bytes("body")?)?;
    Ok(StagedDocument { path, body })
}
