//! What `fsck` reads: everything that can be read, with a finding for each row that cannot. The outbox is
//! held against its end, which every letter moves on and which only this instance's key can write.
//!
//! ```text
//! end' = SHA-256(0x02 || end || seq || tag || at_us || len(case) || case || SHA-256(ciphertext))
//! ```
//!
//! As with the log's head, putting back an older end and dropping what came after is not found from inside.

use super::database::{Row, Tx};
use super::seal::Place;
use super::{Job, LetterId, Store, StoreError, sql};
use sha2::{Digest, Sha256};

const OUTBOX_END: &str = "outbox end";
/// Letters of the outbox read at a time: their bodies are read as well.
const CHUNK: u32 = 100;

/// The end of the outbox: the last letter's number, and a hash over all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    seq: u64,
    hash: [u8; 32],
}

impl End {
    const NONE: End = End { seq: 0, hash: [0; 32] };

    /// The end after one more letter, from its row as stored.
    fn then(self, seq: u64, tag: &[u8; 32], case: &str, at_us: i64, body: &[u8]) -> End {
        let length = u32::try_from(case.len()).unwrap_or(u32::MAX);
        let hash = Sha256::new()
            .chain_update([0x02])
            .chain_update(self.hash)
            .chain_update(seq.to_be_bytes())
            .chain_update(tag)
            .chain_update(at_us.to_be_bytes())
            .chain_update(length.to_be_bytes())
            .chain_update(case)
            .chain_update(Sha256::digest(body))
            .finalize()
            .into();
        End { seq, hash }
    }

    fn write(&self) -> Vec<u8> {
        let mut bytes = self.seq.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.hash);
        bytes
    }

    fn read(bytes: &[u8]) -> Option<End> {
        let (seq, hash) = bytes.split_first_chunk::<8>()?;
        Some(End { seq: u64::from_be_bytes(*seq), hash: hash.try_into().ok()? })
    }
}

impl Store {
    /// Moves the outbox's end on by a letter, in the transaction that adds it.
    pub(super) async fn advance_outbox(
        &self,
        tx: &mut Tx,
        seq: u64,
        tag: &[u8; 32],
        case: Option<tidegate_domain::id::CaseId>,
        at_us: i64,
        body: &[u8],
    ) -> Result<(), StoreError> {
        let name = self.vault.tag("setting", &[OUTBOX_END.as_bytes()]);
        let end = self.read_end(&tx.query(sql::SETTING, [name.into()]).await?)?;
        let case = case.map(|case| case.to_string()).unwrap_or_default();
        let end = end.then(seq, tag, &case, at_us, body);
        let row = name.to_string();
        let sealed = self.vault.seal(self.vault.instance(), &end_place(&row), &end.write())?;
        tx.execute(sql::SETTING_PUT, [name.into(), sealed.into()]).await.map(drop)
    }

    fn read_end(&self, rows: &[Row]) -> Result<End, StoreError> {
        let Some(row) = rows.first() else { return Ok(End::NONE) };
        let name = self.vault.tag("setting", &[OUTBOX_END.as_bytes()]).to_string();
        let bytes = self.vault.instance().open(&end_place(&name), row.bytes("value")?)?;
        End::read(&bytes).ok_or_else(|| StoreError::tampered("setting", OUTBOX_END))
    }

    async fn outbox_end(&self) -> Result<End, StoreError> {
        let name = self.vault.tag("setting", &[OUTBOX_END.as_bytes()]);
        self.read_end(&self.database.query(sql::SETTING, [name.into()]).await?)
    }

    /// Reads the whole outbox and answers with all that is wrong with it, in words.
    pub async fn audit_outbox(&self) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        // Before the letters: what is written meanwhile stands behind this end, and is not looked at.
        let end = match self.outbox_end().await {
            Err(error @ StoreError::Tampered { .. }) => return Ok(vec![error.to_string()]),
            other => other?,
        };
        let (mut here, mut missing, mut last) = (End::NONE, 0, 0_u64);
        loop {
            let rows = self.database.query(sql::OUTGOING_AFTER, [last.into(), CHUNK.into()]).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let seq = row.count("seq")?;
                last = seq;
                let (tag, at) = (row.digest("tag")?, row.instant("at_us")?);
                if seq <= end.seq {
                    missing += seq.saturating_sub(here.seq + 1);
                    let case = row.opt_case("case_id")?.map(|case| case.to_string()).unwrap_or_default();
                    here = here.then(seq, &tag, &case, at.micros(), &row.bytes("body")?);
                }
                if let Err(error) = self.open_outgoing(row) {
                    found.push(format!("letter {seq} of the outbox: {error}"));
                }
            }
        }
        missing += end.seq.saturating_sub(here.seq);
        if missing > 0 {
            found.push(format!("{missing} of the {} letters of the outbox are missing", end.seq));
        } else if here != end && found.is_empty() {
            found.push("a letter of the outbox was altered or moved outside of Tidegate".to_owned());
        }
        if last > self.outbox_end().await?.seq {
            found.push(format!("letter {last} was added to the outbox outside of Tidegate"));
        }
        Ok(found)
    }

    /// An arrived letter's bytes, or what is wrong with it; `None` where its case was shredded.
    pub async fn audit_letter(
        &self,
        id: LetterId,
    ) -> Result<Result<Option<Vec<u8>>, StoreError>, StoreError> {
        match self.letter(id).await {
            Ok(letter) => Ok(Ok(Some(letter.raw))),
            Err(StoreError::Shredded { .. }) => Ok(Ok(None)),
            Err(error @ (StoreError::Tampered { .. } | StoreError::NotFound { .. })) => Ok(Err(error)),
            Err(other) => Err(other),
        }
    }

    /// Every job that is not done, where it can be read.
    pub async fn audit_jobs(&self) -> Result<Vec<Result<Job, StoreError>>, StoreError> {
        let rows = self.database.query(sql::JOBS_OPEN, []).await?;
        Ok(rows.iter().map(|row| self.read_job(row).map(|(_, job)| job)).collect())
    }
}

fn end_place(row: &str) -> Place<'_> {
    Place { table: "setting", row, column: "value" }
}
