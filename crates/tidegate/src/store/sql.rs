//! Every statement of the store. One text serves SQLite and PostgreSQL; a test prepares each on both.
//!
//! What keeps that possible: `$1` placeholders, `BIGINT`, `TEXT` and `BYTEA` only, `ON CONFLICT` and
//! `RETURNING`, expressions cast to `BIGINT`, and no function that only one of the two has.

/// A statement, with the name that errors and tests call it by.
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    /// The constant's name.
    pub name: &'static str,
    /// The text.
    pub text: &'static str,
}

impl Sql {
    /// The same for `rows` times as many values: what follows `VALUES` is repeated, with further numbers.
    pub(super) fn repeated(self, columns: usize, rows: usize) -> String {
        let Some((before, row, after)) = self.row() else { return self.text.to_owned() };
        let mut text = before.to_owned();
        for nth in 0..rows {
            text.push_str(if nth == 0 { "(" } else { ", (" });
            for (place, piece) in row.split('$').enumerate() {
                let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
                let (number, rest) = piece.split_at(digits);
                match number.parse::<usize>() {
                    Ok(number) if place > 0 => text.push_str(&format!("${}{rest}", number + nth * columns)),
                    Ok(_) | Err(_) => text.push_str(piece),
                }
            }
            text.push(')');
        }
        text + after
    }

    /// What comes before the first row of `VALUES`, that row, and the rest.
    fn row(self) -> Option<(&'static str, &'static str, &'static str)> {
        const VALUES: &str = "VALUES (";
        let start = self.text.find(VALUES)? + VALUES.len();
        let (before, rest) = self.text.split_at(start);
        let (row, after) = rest.split_once(')')?;
        Some((before.strip_suffix('(')?, row, after))
    }
}

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub(super) const $name: Sql = Sql { name: stringify!($name), text: $text };)*

        /// All of them, for the test that prepares each.
        pub const ALL: &[Sql] = &[$($name),*];
    };
}

/// Holds the number of the last migration. Not in `migrations/`, because it must exist before the first.
pub(super) const SCHEMA_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_version \
     (id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1), version BIGINT NOT NULL)";

/// Asked of SQLite alone, by whoever copies a database: what there is to be copied.
pub(super) const SQLITE_COLUMNS: Sql = Sql {
    name: "SQLITE_COLUMNS",
    text: "SELECT t.name AS tab, c.name AS col, c.type AS kind, c.pk AS pk
        FROM sqlite_schema t JOIN pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name <> 'schema_version' AND t.name NOT LIKE 'sqlite%'
        ORDER BY t.rowid, c.cid",
};

statements! {
    SCHEMA_VERSION_LOCK = "INSERT INTO schema_version (id, version) VALUES (1, 0)
        ON CONFLICT (id) DO UPDATE SET version = schema_version.version RETURNING version";
    SCHEMA_VERSION_SET = "UPDATE schema_version SET version = $1 WHERE id = 1";

    INSTANCE = "SELECT value FROM instance WHERE name = $1";
    INSTANCES = "SELECT name FROM instance";
    INSTANCE_INSERT = "INSERT INTO instance (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";

    PROJECT_PUT = "INSERT INTO project (tag, name, policy, settings) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tag) DO UPDATE SET name = excluded.name, policy = excluded.policy,
        settings = excluded.settings";
    PROJECT = "SELECT tag, name, policy, settings FROM project WHERE tag = $1";
    PROJECTS = "SELECT tag, name, policy, settings FROM project";
    PROJECT_NAMES = "SELECT tag, name FROM project";

    SETTING = "SELECT value FROM setting WHERE tag = $1";
    SETTING_PUT = "INSERT INTO setting (tag, value) VALUES ($1, $2)
        ON CONFLICT (tag) DO UPDATE SET value = excluded.value";
    COUNTER_NEXT = "INSERT INTO counter (tag, value) VALUES ($1, 1)
        ON CONFLICT (tag) DO UPDATE SET value = counter.value + 1 RETURNING value";

    PUBLIC_STAMP = "SELECT CAST(COUNT(*) AS BIGINT) AS n, CAST(COALESCE(MAX(since_us), 0) AS BIGINT) AS last_us,
        (SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM stream_row) AS lines FROM public_document";
    PROJECT_STAMPS = "SELECT tag, policy FROM project ORDER BY tag";
    TOKEN_PUT = "INSERT INTO token (tag, kind, body, expires_us, owner) VALUES ($1, $2, $3, $4, $5)";
    TOKEN = "SELECT tag, body, used_us, expires_us FROM token WHERE tag = $1 AND expires_us > $2";
    /// A setting comes along.
    TOKEN_AND_SETTING = "SELECT t.tag, t.body, t.used_us, t.expires_us, s.value FROM token t
        LEFT JOIN setting s ON s.tag = $3 WHERE t.tag = $1 AND t.expires_us > $2";
    TOKENS_OF = "SELECT tag, body, used_us, expires_us FROM token
        WHERE owner = $1 AND kind = $2 AND expires_us > $3 ORDER BY tag";
    TOKEN_USE_UP = "DELETE FROM token WHERE tag = $1 AND expires_us > $2";
    /// Waits for whoever is ending it, and keeps it from being ended until the commit.
    TOKEN_HOLD = "UPDATE token SET used_us = used_us WHERE tag = $1";
    TOKEN_USED = "UPDATE token SET used_us = $2, expires_us = CASE WHEN expires_us < $3 THEN $3 ELSE expires_us END
        WHERE tag = $1 AND used_us < $2";
    TOKEN_END = "DELETE FROM token WHERE tag = $1";
    TOKENS_END_OTHERS = "DELETE FROM token WHERE owner = $1 AND kind = $2 AND tag <> $3";
    TOKENS_END = "DELETE FROM token WHERE owner = $1";
    TOKENS_END_ALL = "DELETE FROM token WHERE kind <> 'mailbox'";
    TOKENS_SWEEP = "DELETE FROM token WHERE expires_us <= $1";

    API_TOKEN_PUT = "INSERT INTO api_token (tag, owner, body, expires_us) VALUES ($1, $2, $3, $4)";
    API_TOKEN = "SELECT tag, body, expires_us FROM api_token WHERE tag = $1 AND expires_us > $2";
    API_TOKENS = "SELECT tag, body, expires_us FROM api_token WHERE owner = $1 AND expires_us > $2 ORDER BY tag";
    API_TOKENS_END = "DELETE FROM api_token WHERE owner = $1";
    API_TOKEN_END = "DELETE FROM api_token WHERE tag = $1";
    API_TOKENS_SWEEP = "DELETE FROM api_token WHERE expires_us <= $1";
    ANSWER_BEGIN =
        "INSERT INTO api_answer (tag, asked, expires_us) VALUES ($1, $2, $3) ON CONFLICT (tag) DO NOTHING";
    ANSWER = "SELECT asked, body FROM api_answer WHERE tag = $1";
    ANSWER_KEEP = "UPDATE api_answer SET body = $2 WHERE tag = $1";
    ANSWER_FORGET = "DELETE FROM api_answer WHERE tag = $1";
    ANSWERS_SWEEP = "DELETE FROM api_answer WHERE expires_us <= $1";
    ACCOUNT = "SELECT tag, n, body FROM account WHERE tag = $1";
    ACCOUNTS = "SELECT tag, n, body FROM account ORDER BY tag";
    ACCOUNT_INSERT = "INSERT INTO account (tag, n, body) VALUES ($1, 1, $2) ON CONFLICT (tag) DO NOTHING";
    ACCOUNT_UPDATE = "UPDATE account SET n = n + 1, body = $3 WHERE tag = $1 AND n = $2";
    ACCOUNT_EVENT_INSERT = "INSERT INTO account_event (tag, n, at_us, body) VALUES ($1, $2, $3, $4)";
    ACCOUNT_EVENTS = "SELECT tag, n, at_us, body FROM account_event WHERE tag = $1 ORDER BY n DESC LIMIT $2";

    THROTTLE_SWEEP = "DELETE FROM throttle WHERE empty_us <= $1";
    THROTTLE_COUNT = "INSERT INTO throttle (bucket, empty_us) VALUES ($1, $3) ON CONFLICT (bucket) DO UPDATE
        SET empty_us = CASE WHEN throttle.empty_us > $2 THEN throttle.empty_us + $5 ELSE $3 END
        WHERE throttle.empty_us <= $4 RETURNING empty_us";
    THROTTLE = "SELECT empty_us FROM throttle WHERE bucket = $1";
    THROTTLE_FORGET = "UPDATE throttle SET empty_us = empty_us - $2 WHERE bucket = $1";

    CASE_KEY = "SELECT wrapped, shredded_us FROM case_key WHERE case_id = $1";
    CASE_KEY_INSERT = "INSERT INTO case_key (case_id, wrapped) VALUES ($1, $2)
        ON CONFLICT (case_id) DO NOTHING";
    CASE_KEY_SHRED = "UPDATE case_key SET wrapped = NULL, shredded_us = $2
        WHERE case_id = $1 AND shredded_us IS NULL";
    KEYS_GONE = "SELECT r.case_id, k.shredded_us FROM
            (SELECT case_id FROM case_row UNION ALL SELECT stream_id FROM stream_row) r
        LEFT JOIN case_key k ON k.case_id = r.case_id WHERE k.wrapped IS NULL ORDER BY r.case_id";

    STREAM_INSERT = "INSERT INTO stream_row (stream_id, kind, project, n) VALUES ($1, $2, $3, $4)
        ON CONFLICT (stream_id) DO NOTHING";
    STREAM_UPDATE = "UPDATE stream_row SET n = $2 WHERE stream_id = $1 AND n = $3 AND kind = $4";
    STREAM_SHRED = "UPDATE stream_row SET n = n + 1 WHERE stream_id = $1 RETURNING n";
    STREAM_HISTORY = "SELECT s.stream_id, s.kind, s.project, s.n AS events, e.seq, e.n, e.at_us, e.body,
            k.wrapped, k.shredded_us
        FROM stream_row s LEFT JOIN case_key k ON k.case_id = s.stream_id
        LEFT JOIN event e ON e.case_id = s.stream_id WHERE s.stream_id = $1 ORDER BY e.n";
    STREAM_HISTORIES = "SELECT s.stream_id, s.kind, s.project, s.n AS events, e.seq, e.n, e.at_us, e.body,
            k.wrapped, k.shredded_us
        FROM stream_row s LEFT JOIN case_key k ON k.case_id = s.stream_id
        LEFT JOIN event e ON e.case_id = s.stream_id WHERE s.project = $1 AND s.kind = $2
        ORDER BY s.stream_id, e.n";
    STREAM_ROWS = "SELECT s.stream_id, s.kind, s.project, s.n AS events FROM stream_row s
        LEFT JOIN case_key k ON k.case_id = s.stream_id WHERE k.shredded_us IS NULL ORDER BY s.stream_id";
    STREAM_ROWS_CLEAR = "DELETE FROM stream_row WHERE stream_id IN
        (SELECT case_id FROM case_key WHERE shredded_us IS NULL)";

    CASE_INSERT = "INSERT INTO case_row (case_id, project, n, open, last_us) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (case_id) DO NOTHING";
    CASE_UPDATE = "UPDATE case_row SET project = $2, n = $3, open = $4, last_us = $5
        WHERE case_id = $1 AND n = $6";
    CASE_SHRED = "UPDATE case_row SET n = n + 1, open = 0 WHERE case_id = $1 RETURNING n";
    CASE_LAST = "UPDATE case_row SET last_us = $2 WHERE case_id = $1";
    CASE_ROW = "SELECT case_id, project, n, open, last_us FROM case_row WHERE case_id = $1";
    CASE_ROWS = "SELECT case_id, project, n, open, last_us FROM case_row WHERE open >= $1 ORDER BY case_id";
    CASE_ROWS_OF_PROJECT = "SELECT case_id, project, n, open, last_us FROM case_row
        WHERE project = $1 AND open >= $2 ORDER BY case_id";
    /// Everything that a decision needs, in one question and of one instant. The setting comes with the first
    /// event, once. The stamp is the nonce at the end of the sealed policy: another one whenever it is stored.
    CASE_HISTORY = "SELECT e.seq, e.n, e.at_us, e.body, r.project, r.n AS events, k.wrapped, k.shredded_us,
            CASE WHEN e.n = 1 THEN (SELECT value FROM setting WHERE tag = $2) END AS value,
            CASE WHEN e.n IS NULL OR e.n = 1
                THEN (SELECT SUBSTR(policy, LENGTH(policy) - 23) FROM project WHERE tag = r.project) END AS stamp
        FROM case_row r LEFT JOIN case_key k ON k.case_id = r.case_id
        LEFT JOIN event e ON e.case_id = r.case_id WHERE r.case_id = $1 ORDER BY e.n";
    /// The same, without the events that the fold holds. Fold and setting come with the first row, once.
    CASE_RECENT = "SELECT e.seq, e.n, e.at_us, e.body, r.project, r.n AS events, k.wrapped, k.shredded_us,
            f.n AS fold_n, CASE WHEN e.n IS NULL OR e.n = COALESCE(f.n, 0) + 1 THEN f.body END AS fold,
            CASE WHEN e.n IS NULL OR e.n = COALESCE(f.n, 0) + 1
                THEN (SELECT value FROM setting WHERE tag = $2) END AS value,
            CASE WHEN e.n IS NULL OR e.n = COALESCE(f.n, 0) + 1
                THEN (SELECT SUBSTR(policy, LENGTH(policy) - 23) FROM project WHERE tag = r.project) END AS stamp
        FROM case_row r LEFT JOIN case_key k ON k.case_id = r.case_id
        LEFT JOIN case_fold f ON f.case_id = r.case_id
        LEFT JOIN event e ON e.case_id = r.case_id AND e.n > COALESCE(f.n, 0)
        WHERE r.case_id = $1 ORDER BY e.n";
    FOLD_PUT = "INSERT INTO case_fold (case_id, n, body) VALUES ($1, $2, $3)
        ON CONFLICT (case_id) DO UPDATE SET n = excluded.n, body = excluded.body";
    FOLD_CLEAR = "DELETE FROM case_fold WHERE case_id = $1";

    /// A shredded case cannot be replayed, so what was derived from it before stays as it is.
    DERIVED_ROWS = "SELECT r.case_id, r.project, r.n, r.open, r.last_us FROM case_row r
        LEFT JOIN case_key k ON k.case_id = r.case_id WHERE k.shredded_us IS NULL ORDER BY r.case_id";
    DERIVED_FOLDS = "SELECT f.case_id, f.n AS fold_n, f.body AS fold, k.wrapped, k.shredded_us FROM case_fold f
        LEFT JOIN case_key k ON k.case_id = f.case_id WHERE k.shredded_us IS NULL";
    DERIVED_DUE = "SELECT d.case_id, d.position, d.at_us, d.what, k.wrapped, k.shredded_us FROM due d
        LEFT JOIN case_key k ON k.case_id = d.case_id WHERE k.shredded_us IS NULL
        ORDER BY d.case_id, d.position";
    DERIVED_ROWS_CLEAR = "DELETE FROM case_row WHERE case_id IN
        (SELECT case_id FROM case_key WHERE shredded_us IS NULL)";
    DERIVED_DUE_CLEAR = "DELETE FROM due";

    KEYS_AND_DUE = "SELECT k.case_id, k.wrapped, k.shredded_us, d.position, d.at_us, d.what FROM case_key k
        LEFT JOIN due d ON d.case_id = k.case_id WHERE k.case_id IN (VALUES ($1)) ORDER BY k.case_id, d.position";
    DUE_INSERT = "INSERT INTO due (case_id, position, at_us, what) VALUES ($1, $2, $3, $4)";
    DUE_CLEAR = "DELETE FROM due WHERE case_id = $1";
    DUE = "SELECT d.case_id, d.position, d.at_us, d.what, k.wrapped, k.shredded_us FROM due d
        LEFT JOIN case_key k ON k.case_id = d.case_id
        WHERE d.at_us <= $1 ORDER BY d.at_us, d.case_id, d.position LIMIT $2";

    LOG_HEAD = "SELECT seq, hash, mac FROM log_head WHERE id = 1";
    LOG_HEAD_INSERT = "INSERT INTO log_head (id, seq, hash, mac) VALUES (1, 0, $1, $2)
        ON CONFLICT (id) DO NOTHING";
    LOG_HEAD_ADVANCE = "UPDATE log_head SET seq = seq + $1 WHERE id = 1 RETURNING seq, hash, mac";
    LOG_HEAD_SET = "UPDATE log_head SET hash = $1, mac = $2 WHERE id = 1";

    EVENT_INSERT = "INSERT INTO event (seq, case_id, n, at_us, body, hash)
        VALUES ($1, $2, $3, $4, $5, $6)";
    EVENTS_FROM = "SELECT e.seq, e.case_id, e.n, e.at_us, e.body, k.wrapped, k.shredded_us FROM event e
        LEFT JOIN case_key k ON k.case_id = e.case_id WHERE e.seq >= $1 ORDER BY e.seq LIMIT $2";
    EVENTS_TO_VERIFY = "SELECT seq, case_id, n, at_us, body, hash FROM event
        WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3";
    EVENT_HASH = "SELECT hash FROM event WHERE seq = $1";
    EVENT_LAST = "SELECT seq, at_us FROM event ORDER BY seq DESC LIMIT 1";

    JOB_INSERT = "INSERT INTO job (id, case_id, kind, run_us, rank, body, done, attempts, lease_us)
        VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0) ON CONFLICT (id) DO NOTHING";
    /// Where two workers meet, PostgreSQL lets the second wait for the first and then looks at the outer
    /// condition again, with the first one's lease in place; so a job is never leased twice at once.
    JOBS_CLAIM = "UPDATE job SET lease_us = $2, worker = $3, attempts = attempts + 1
        WHERE done = 0 AND lease_us <= $1 AND id IN
            (SELECT id FROM job WHERE done = 0 AND run_us <= $1 AND lease_us <= $1
             ORDER BY run_us, rank, id LIMIT $4)
        RETURNING id, case_id, kind, run_us, rank, body, attempts, error,
            (SELECT k.wrapped FROM case_key k WHERE k.case_id = job.case_id) AS wrapped,
            (SELECT k.shredded_us FROM case_key k WHERE k.case_id = job.case_id) AS shredded_us";
    JOBS_OPEN = "SELECT j.id, j.case_id, j.kind, j.run_us, j.rank, j.body, j.attempts, j.error,
        k.wrapped, k.shredded_us FROM job j LEFT JOIN case_key k ON k.case_id = j.case_id
        WHERE j.done = 0 ORDER BY j.run_us, j.rank, j.id";
    JOB_WITH_KEY = "SELECT j.case_id, j.kind, k.wrapped, k.shredded_us FROM job j
        LEFT JOIN case_key k ON k.case_id = j.case_id WHERE j.id = $1 AND j.done = 0";
    JOB_FINISH = "UPDATE job SET done = 1, body = NULL, error = NULL WHERE id = $1 AND done = 0";
    JOB_RETRY = "UPDATE job SET run_us = $2, lease_us = 0, error = $3 WHERE id = $1 AND done = 0";
    /// Only as long as the lease is the one that was given.
    JOB_RELEASE = "UPDATE job SET lease_us = 0, attempts = attempts - 1
        WHERE id = $1 AND done = 0 AND lease_us = $2";
    JOBS_CANCEL = "UPDATE job SET done = 1, body = NULL, error = NULL WHERE case_id = $1 AND done = 0";
    JOBS_LEFT = "SELECT COUNT(*) AS jobs,
        CAST(COALESCE(SUM(CASE WHEN run_us <= $1 THEN 1 ELSE 0 END), 0) AS BIGINT) AS due,
        MIN(run_us) AS next_us FROM job WHERE done = 0";

    JOBS_LEASED = "SELECT COUNT(*) AS jobs, MAX(lease_us) AS until_us FROM job
        WHERE done = 0 AND lease_us > $1";

    LETTER_INSERT = "INSERT INTO letter (id, at_us, case_id, state, body)
        VALUES ($1, $2, NULL, 'waiting', $3)";
    LETTER = "SELECT l.id, l.at_us, l.case_id, l.state, l.body, k.wrapped, k.shredded_us FROM letter l
        LEFT JOIN case_key k ON k.case_id = l.case_id WHERE l.id = $1";
    LETTERS = "SELECT id, at_us, case_id, state FROM letter ORDER BY at_us DESC, id DESC LIMIT $1";
    LETTERS_IN_STATE = "SELECT id, at_us, case_id, state FROM letter WHERE state = $1
        ORDER BY at_us DESC, id DESC LIMIT $2";
    LETTER_LINK = "UPDATE letter SET case_id = $2, state = 'linked', body = $3 WHERE id = $1";
    LETTER_SET_ASIDE = "UPDATE letter SET state = 'set-aside' WHERE id = $1 AND state = 'waiting'";

    OUTGOING_KNOWN = "SELECT seq FROM outgoing WHERE tag = $1";
    OUTGOING_INSERT = "INSERT INTO outgoing (seq, tag, case_id, at_us, body) VALUES ($1, $2, $3, $4, $5)";
    OUTGOING_AFTER = "SELECT o.seq, o.tag, o.case_id, o.at_us, o.body, k.wrapped, k.shredded_us FROM outgoing o
        LEFT JOIN case_key k ON k.case_id = o.case_id WHERE o.seq > $1 ORDER BY o.seq LIMIT $2";

    DELIVERY_INSERT = "INSERT INTO delivery (seq, message, state, attempts, since_us, next_us, lease_us, changed_us)
        VALUES ($1, $2, 'waiting', 0, $3, $3, 0, $3)";
    /// See `JOBS_CLAIM` for why two senders never hold the same letter.
    DELIVERIES_CLAIM = "UPDATE delivery SET lease_us = $2, attempts = attempts + 1
        WHERE state = 'waiting' AND lease_us <= $1 AND seq IN
            (SELECT seq FROM delivery WHERE state = 'waiting' AND next_us <= $1 AND lease_us <= $1
             ORDER BY next_us, seq LIMIT $3)
        RETURNING seq, attempts, since_us";
    DELIVERY_WITH_KEY = "SELECT d.state, o.case_id, k.wrapped, k.shredded_us FROM delivery d
        JOIN outgoing o ON o.seq = d.seq LEFT JOIN case_key k ON k.case_id = o.case_id WHERE d.seq = $1";
    /// The number of the attempt says whose lease it is: whoever takes a letter over counts one more.
    DELIVERY_RENEW = "UPDATE delivery SET lease_us = $3 WHERE seq = $1 AND attempts = $2 AND state = 'waiting'";
    DELIVERY_PUT_OFF = "UPDATE delivery SET next_us = $3, lease_us = 0, changed_us = $4, said = $5
        WHERE seq = $1 AND attempts = $2 AND state = 'waiting'";
    DELIVERY_SETTLE = "UPDATE delivery SET state = $2, lease_us = 0, changed_us = $3, said = $4
        WHERE seq = $1 AND state IN ('waiting', 'sent')";
    DELIVERY_AGAIN = "UPDATE delivery SET state = 'waiting', attempts = 0, since_us = $2, next_us = $2,
        lease_us = 0, changed_us = $2 WHERE seq = $1 AND state IN ('failed', 'bounced')";
    DELIVERIES = "SELECT d.seq, d.state, d.attempts, d.next_us, d.changed_us, d.said, o.case_id, k.wrapped,
        k.shredded_us FROM delivery d JOIN outgoing o ON o.seq = d.seq
        LEFT JOIN case_key k ON k.case_id = o.case_id WHERE d.seq > $1 ORDER BY d.seq LIMIT $2";
    DELIVERY_OF_MESSAGE = "SELECT o.seq, o.case_id FROM delivery d JOIN outgoing o ON o.seq = d.seq
        WHERE d.message = $1";

    HEARD_INSERT = "INSERT INTO heard_message (tag, case_id) VALUES ($1, $2) ON CONFLICT (tag) DO NOTHING";
    HEARD = "SELECT case_id FROM heard_message WHERE tag = $1";

    PERSON_KEY_PUT = "INSERT INTO person_key (tag, owner, added_us, body) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tag) DO UPDATE SET body = excluded.body, added_us = excluded.added_us";
    PERSON_KEYS = "SELECT tag, added_us, body FROM person_key WHERE owner = $1 ORDER BY added_us DESC, tag";
    PERSON_KEYS_ALL = "SELECT tag, added_us, body FROM person_key ORDER BY added_us DESC, tag";
    PERSON_KEY_REMOVE = "DELETE FROM person_key WHERE tag = $1";

    BLOB_INSERT = "INSERT INTO blob (tag, case_id, body) VALUES ($1, $2, $3)
        ON CONFLICT (tag) DO NOTHING";
    BLOB = "SELECT body FROM blob WHERE tag = $1";

    STAGED_INSERT = "INSERT INTO staged_document (case_id, version, position, path, body)
        VALUES ($1, $2, $3, $4, $5)";
    STAGED = "SELECT position, path, body FROM staged_document
        WHERE case_id = $1 AND version = $2 ORDER BY position";
    STAGED_CLEAR = "DELETE FROM staged_document WHERE case_id = $1 AND version = $2";
    STAGED_CLEAR_UP_TO = "DELETE FROM staged_document WHERE case_id = $1 AND version <= $2";
    STAGED_CLEAR_ALL = "DELETE FROM staged_document WHERE case_id = $1";
    PUBLIC_PUT = "INSERT INTO public_document (path, body, since_us) VALUES ($1, $2, $3)
        ON CONFLICT (path) DO UPDATE SET body = excluded.body, since_us = excluded.since_us";
    PUBLIC = "SELECT path, body, since_us FROM public_document WHERE path = $1";
    PUBLIC_LIST = "SELECT path, CAST(LENGTH(body) AS BIGINT) AS bytes, since_us FROM public_document
        ORDER BY path";
}

#[cfg(test)]
mod tests {
    use super::Sql;

    #[test]
    fn the_row_of_values_is_repeated_with_further_numbers() {
        let insert =
            Sql { name: "INSERT", text: "INSERT INTO t (a, b) VALUES ($1, $2 + 1) ON CONFLICT DO NOTHING" };
        assert_eq!(insert.repeated(2, 1), insert.text);
        let three =
            "INSERT INTO t (a, b) VALUES ($1, $2 + 1), ($3, $4 + 1), ($5, $6 + 1) ON CONFLICT DO NOTHING";
        assert_eq!(insert.repeated(2, 3), three);
        let query = Sql { name: "QUERY", text: "SELECT a FROM t WHERE a IN (VALUES ($1)) ORDER BY a" };
        assert_eq!(query.repeated(1, 2), "SELECT a FROM t WHERE a IN (VALUES ($1), ($2)) ORDER BY a");
    }
}
