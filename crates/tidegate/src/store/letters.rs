//! Letters: what arrived, stored before anything looks at it, and what was sent.

use super::commit::{Keys, NewJob};
use super::database::{Row, Tx, Value};
use super::seal::{Place, Tag};
use super::{LETTER_BYTES_MAX, Store, StoreError, check_length, sql};
use std::fmt;
use std::str::FromStr;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::time::Instant;

/// The kind of the job that every arriving letter brings; its body is the letter's id as text.
pub const PARSE_LETTER: &str = "parse-letter";

/// Numbers the outbox.
const OUTGOING_COUNTER: &str = "outgoing";

/// A letter's name: 128 random bits, so that it tells nobody how many letters there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LetterId(u128);

impl LetterId {
    /// Random bits of its own.
    pub(crate) fn bits(self) -> u64 {
        (self.0 >> 64) as u64
    }
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Reads what `Display` writes.
impl FromStr for LetterId {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<LetterId, StoreError> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let parsed = u128::from_str_radix(text, 16).ok().filter(|_| digits);
        parsed.map(LetterId).ok_or_else(|| StoreError::not_found("a letter with such an id"))
    }
}

impl From<LetterId> for Value {
    fn from(id: LetterId) -> Value {
        Value::from(id.to_string().as_str())
    }
}

/// What became of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterState {
    /// Stored, not yet decided on.
    Waiting,
    /// Belongs to a case and is encrypted under its key.
    Linked,
    /// Looked at; belongs to no case.
    SetAside,
}

impl LetterState {
    fn word(self) -> &'static str {
        match self {
            LetterState::Waiting => "waiting",
            LetterState::Linked => "linked",
            LetterState::SetAside => "set-aside",
        }
    }

    fn read(row: &Row) -> Result<LetterState, StoreError> {
        let word = row.text("state")?;
        let all = [LetterState::Waiting, LetterState::Linked, LetterState::SetAside];
        let state = all.into_iter().find(|state| state.word() == word);
        state.ok_or_else(|| StoreError::tampered("letter", "with an unknown state"))
    }
}

/// A letter as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// When it arrived.
    pub at: Instant,
    /// Its bytes, as they came.
    pub raw: Vec<u8>,
    /// The case it belongs to.
    pub case: Option<CaseId>,
    /// What became of it.
    pub state: LetterState,
}

/// A line in the list of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LetterEntry {
    /// The letter.
    pub id: LetterId,
    /// When it arrived.
    pub at: Instant,
    /// The case it belongs to.
    pub case: Option<CaseId>,
    /// What became of it.
    pub state: LetterState,
}

/// A letter to be sent, or that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number in the outbox, from 1, without gaps.
    pub seq: u64,
    /// When it was written.
    pub at: Instant,
    /// The case it belongs to.
    pub case: Option<CaseId>,
    /// Its bytes; `None` if the case was shredded.
    pub raw: Option<Vec<u8>>,
}

struct LetterRow(String);

impl LetterRow {
    fn new(id: LetterId, at: Instant) -> LetterRow {
        LetterRow(format!("{id}@{}", at.micros()))
    }

    fn place(&self) -> Place<'_> {
        Place { table: "letter", row: &self.0, column: "body" }
    }
}

struct OutgoingRow(String);

impl OutgoingRow {
    fn new(tag: &[u8; 32], at: Instant) -> OutgoingRow {
        OutgoingRow(format!("{}@{}", hex::encode(tag), at.micros()))
    }

    fn place(&self) -> Place<'_> {
        Place { table: "outgoing", row: &self.0, column: "body" }
    }
}

impl Store {
    /// Stores an arrived letter, with the job that will look at it. Only after this may its sender be told
    /// that it was accepted: a crash before loses nothing that was promised. Equal letters are stored twice.
    pub async fn put_letter(&self, at: Instant, raw: &[u8]) -> Result<LetterId, StoreError> {
        check_length("a letter", raw.len(), LETTER_BYTES_MAX)?;
        let id = LetterId(u128::from_be_bytes(self.vault.chance.bytes()));
        let body = self.vault.seal(self.vault.instance(), &LetterRow::new(id, at).place(), raw)?;
        let text = id.to_string();
        let job = NewJob {
            key: format!("{PARSE_LETTER}/{text}"),
            case: None,
            kind: PARSE_LETTER,
            run_at: at,
            body: text.into_bytes(),
        };
        let mut tx = self.database.begin().await?;
        tx.execute(sql::LETTER_INSERT, [id.into(), at.into(), body.into()]).await?;
        let job = self.job_row(&mut tx, &mut Keys::new(self), 0, &job).await?;
        self.insert_jobs(&mut tx, vec![job]).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// An arrived letter.
    pub async fn letter(&self, id: LetterId) -> Result<Letter, StoreError> {
        let rows = self.database.query(sql::LETTER, [id.into()]).await?;
        self.open_letter(id, &rows)
    }

    fn open_letter(&self, id: LetterId, rows: &[Row]) -> Result<Letter, StoreError> {
        let row = rows.first().ok_or_else(|| StoreError::not_found(format_args!("letter {id}")))?;
        let at = row.instant("at_us")?;
        let key = match self.vault.key_for(row)? {
            (Some(case), None) => return Err(StoreError::Shredded { case }),
            (_, key) => key.ok_or_else(|| StoreError::tampered("letter", id))?,
        };
        let raw = key.open(&LetterRow::new(id, at).place(), row.bytes("body")?)?;
        Ok(Letter { at, raw, case: row.opt_case("case_id")?, state: LetterState::read(row)? })
    }

    /// Letters in a state, or all, the newest first.
    pub async fn letters(
        &self,
        state: Option<LetterState>,
        limit: u32,
    ) -> Result<Vec<LetterEntry>, StoreError> {
        let rows = match state {
            None => self.database.query(sql::LETTERS, [limit.into()]).await?,
            Some(state) => {
                self.database.query(sql::LETTERS_IN_STATE, [state.word().into(), limit.into()]).await?
            }
        };
        let read = |row: &Row| {
            Ok(LetterEntry {
                id: row
                    .text("id")?
                    .parse()
                    .map_err(|_| StoreError::tampered("letter", "with a damaged id"))?,
                at: row.instant("at_us")?,
                case: row.opt_case("case_id")?,
                state: LetterState::read(row)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Notes that a waiting letter belongs to no case. One that is linked stays so.
    pub async fn set_letter_aside(&self, id: LetterId) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql::LETTER_SET_ASIDE, [id.into()]).await?;
        tx.commit().await
    }

    /// Notes that the letter with this Message-ID belongs to a case. The first note stays: whoever learned of a
    /// Message-ID cannot move its letter.
    pub async fn note_message(&self, project: &Slug, message: &str, case: CaseId) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql::HEARD_INSERT, [self.heard_tag(project, message).into(), case.into()]).await?;
        tx.commit().await
    }

    /// The case that the letter with this Message-ID belongs to.
    pub async fn case_of_message(&self, project: &Slug, message: &str) -> Result<Option<CaseId>, StoreError> {
        let rows = self.database.query(sql::HEARD, [self.heard_tag(project, message).into()]).await?;
        rows.first().map(|row| row.case("case_id")).transpose()
    }

    fn heard_tag(&self, project: &Slug, message: &str) -> Tag {
        self.vault.tag("heard", &[project.as_str().as_bytes(), message.as_bytes()])
    }

    /// Encrypts the letter anew under its case's key, so that shredding the case takes the letter along.
    pub(super) async fn link_letter(
        &self,
        tx: &mut Tx,
        keys: &mut Keys<'_>,
        id: LetterId,
        case: CaseId,
    ) -> Result<(), StoreError> {
        let rows = tx.query(sql::LETTER, [id.into()]).await?;
        let letter = self.open_letter(id, &rows)?;
        let key = keys.of(tx, case).await?;
        let body = self.vault.seal(key, &LetterRow::new(id, letter.at).place(), &letter.raw)?;
        tx.execute(sql::LETTER_LINK, [id.into(), case.into(), body.into()]).await.map(drop)
    }

    /// Puts a letter into the outbox, unless one called `name` is there: sending it is someone else's, and a
    /// repeat after a crash adds no second one. It waits to be sent from then on.
    pub async fn put_outgoing(
        &self,
        name: &str,
        case: Option<CaseId>,
        at: Instant,
        raw: &[u8],
    ) -> Result<(), StoreError> {
        check_length("a letter", raw.len(), LETTER_BYTES_MAX)?;
        let tag = self.vault.tag("outgoing", &[name.as_bytes()]);
        let mut tx = self.database.begin().await?;
        // The counter's row is locked first, so two writers of the same key see each other.
        let seq = self.next_number_in(&mut tx, OUTGOING_COUNTER).await?;
        if !tx.query(sql::OUTGOING_KNOWN, [tag.into()]).await?.is_empty() {
            return Ok(());
        }
        let mut keys = Keys::new(self);
        let key = keys.of_owner(&mut tx, case).await?;
        let body = self.vault.seal(key, &OutgoingRow::new(&tag.0, at).place(), raw)?;
        self.advance_outbox(&mut tx, seq, &tag.0, case, at.micros(), &body).await?;
        let values: [Value; 5] = [seq.into(), tag.into(), case.into(), at.into(), body.into()];
        tx.execute(sql::OUTGOING_INSERT, values).await?;
        let message = self.message_tag(&self.message_name(name));
        tx.execute(sql::DELIVERY_INSERT, [seq.into(), message.into(), at.into()]).await?;
        tx.commit().await
    }

    /// Up to `limit` letters of the outbox with a number above `after`.
    pub async fn outgoing(&self, after: u64, limit: u32) -> Result<Vec<Outgoing>, StoreError> {
        let rows = self.database.query(sql::OUTGOING_AFTER, [after.into(), limit.into()]).await?;
        rows.iter().map(|row| self.open_outgoing(row)).collect()
    }

    pub(super) fn open_outgoing(&self, row: &Row) -> Result<Outgoing, StoreError> {
        let at = row.instant("at_us")?;
        let place = OutgoingRow::new(&row.digest("tag")?, at);
        let (case, key) = self.vault.key_for(row)?;
        let sealed = row.bytes("body")?;
        let raw = key.map(|key| key.open(&place.place(), sealed)).transpose()?;
        Ok(Outgoing { seq: row.count("seq")?, at, case, raw })
    }
}
