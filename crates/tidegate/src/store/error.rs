//! What the store answers when it cannot do as asked: what, where, and what to do. Never content.

use super::jobs::JobId;
use rusqlite::ErrorCode;
use std::fmt;
use tidegate_domain::id::CaseId;

/// Why the store did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// Someone else changed the case since its events were read. Read them again and decide again.
    Conflict {
        /// The case that moved on.
        case: CaseId,
    },
    /// The log grew since `fsck` read it; its findings are stale.
    LogMoved,
    /// The job was finished before, perhaps by another worker: whatever came with it was not stored.
    AlreadyDone {
        /// The job.
        job: JobId,
    },
    /// The master key is not the one this database was made with (or its wrapped key was altered).
    WrongMasterKey,
    /// A newer program wrote this database.
    NewerSchema {
        /// The version in the database.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// A stored value was changed, moved, or removed behind the program's back.
    Tampered {
        /// The table.
        table: &'static str,
        /// The row, as the program names it.
        row: String,
    },
    /// No space is left where the database lives.
    Full,
    /// There is no such thing.
    NotFound {
        /// What kind of thing, with its name where the name is no secret.
        what: String,
    },
    /// The case's key was destroyed; its content cannot be read again, by anyone.
    Shredded {
        /// The case.
        case: CaseId,
    },
    /// A value is longer than the store takes.
    TooLarge {
        /// What kind of value.
        what: &'static str,
        /// The longest accepted, in bytes.
        limit: usize,
    },
    /// Other writers kept this one out. Nothing was stored.
    Busy,
    /// A copy was to be made into a database that holds an instance.
    NotEmpty,
    /// The database failed. Whether a commit under way took hold is then unknown; the next read tells.
    Database {
        /// The statement, by its name in `store/sql.rs`, or the step.
        step: &'static str,
        /// The database's own words, without values.
        message: String,
    },
    /// A test asked for this failure (see [`super::Faults`]).
    Injected,
}

impl StoreError {
    /// Sorts an error of SQLite's. `step` names the statement.
    pub(super) fn from_sqlite(step: &'static str, error: &rusqlite::Error) -> StoreError {
        let rusqlite::Error::SqliteFailure(code, message) = error else {
            return StoreError::Database { step, message: error.to_string() };
        };
        if code.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY {
            return missing_owner(step);
        }
        // The file in which SQLite's processes meet cannot grow.
        if code.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE {
            return StoreError::Full;
        }
        match code.code {
            ErrorCode::DatabaseBusy => StoreError::Busy,
            ErrorCode::DiskFull => StoreError::Full,
            // It names tables and columns, never a value.
            _ => StoreError::Database { step, message: message.clone().unwrap_or_else(|| code.to_string()) },
        }
    }

    /// Sorts an error of PostgreSQL's driver. `step` names the statement.
    ///
    /// Only the primary message is kept: PostgreSQL puts row values in the detail, which would end up in logs.
    pub(super) fn from_postgres(step: &'static str, error: &sqlx::Error) -> StoreError {
        let Some(reported) = error.as_database_error() else {
            return match error {
                sqlx::Error::PoolTimedOut => StoreError::Busy,
                other => StoreError::Database { step, message: other.to_string() },
            };
        };
        if made_twice_at_once(reported) {
            return StoreError::Busy;
        }
        if reported.is_foreign_key_violation() {
            return missing_owner(step);
        }
        match reported.code().as_deref().unwrap_or_default() {
            PG_DISK_FULL => StoreError::Full,
            PG_SERIALIZATION | PG_DEADLOCK => StoreError::Busy,
            _ => StoreError::Database { step, message: reported.message().to_owned() },
        }
    }

    /// A value in the database that this program cannot have written.
    pub(super) fn tampered(table: &'static str, row: impl fmt::Display) -> StoreError {
        StoreError::Tampered { table, row: row.to_string() }
    }

    pub(super) fn not_found(what: impl fmt::Display) -> StoreError {
        StoreError::NotFound { what: what.to_string() }
    }
}

fn missing_owner(step: &'static str) -> StoreError {
    StoreError::NotFound { what: format!("the case or project that {step} refers to") }
}

/// Two programs made the same table at once, and PostgreSQL's catalogue turned the second away: `IF NOT EXISTS`
/// does not see what is not yet committed.
fn made_twice_at_once(reported: &dyn sqlx::error::DatabaseError) -> bool {
    let in_catalogue = reported.constraint().is_some_and(|name| name.starts_with("pg_"));
    (reported.is_unique_violation() && in_catalogue) || reported.code().as_deref() == Some(PG_DUPLICATE_TABLE)
}

const PG_DUPLICATE_TABLE: &str = "42P07";
const PG_DISK_FULL: &str = "53100";
const PG_SERIALIZATION: &str = "40001";
const PG_DEADLOCK: &str = "40P01";

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Conflict { case } => {
                write!(f, "case {case} was changed by someone else meanwhile; read it again and decide again")
            }
            StoreError::LogMoved => {
                f.write_str("the log grew while it was being checked; stop the server and check again")
            }
            StoreError::AlreadyDone { job } => {
                write!(f, "job {job} was finished before; nothing was stored")
            }
            StoreError::WrongMasterKey => f.write_str(
                "this master key does not open this database; give the key the database was made with",
            ),
            StoreError::NewerSchema { found, known } => write!(
                f,
                "the database has schema version {found}, this program knows up to {known}; \
                 start the newer program or restore the backup made before the upgrade"
            ),
            StoreError::Tampered { table, row } => write!(
                f,
                "row {row} of table {table} was altered outside of Tidegate; \
                 run `tidegate fsck` and compare with a backup"
            ),
            StoreError::NotEmpty => {
                f.write_str("there is an instance in this database already; name an empty one")
            }
            StoreError::Full => {
                f.write_str("no space is left for the database; nothing was stored, make room and try again")
            }
            StoreError::NotFound { what } => write!(f, "not found: {what}"),
            StoreError::Shredded { case } => {
                write!(f, "the content of case {case} was shredded; its key no longer exists")
            }
            StoreError::TooLarge { what, limit } => write!(f, "{what} is longer than {limit} bytes"),
            StoreError::Busy => f.write_str(
                "the database was busy with other writers for too long; nothing was stored, try again",
            ),
            StoreError::Database { step, message } => write!(f, "the database failed at {step}: {message}"),
            StoreError::Injected => f.write_str("a test made this fail"),
        }
    }
}

impl std::error::Error for StoreError {}
