-- Everything the store keeps. One text for SQLite and PostgreSQL: BIGINT, TEXT and BYTEA only.
--
-- Columns that end in `_us` are microseconds since the Unix epoch. Columns named `tag` are HMAC-SHA-256 of a
-- name under a key of this instance: equal names meet, and a reader of the dump learns nothing. Every other
-- BYTEA is a ciphertext unless it says otherwise; its associated data names its table, row and column.

-- `id`: 16 random bytes, plain. `key`: the instance key, wrapped by the master key.
CREATE TABLE instance (
    name TEXT PRIMARY KEY NOT NULL,
    value BYTEA NOT NULL
);

CREATE TABLE project (
    tag BYTEA PRIMARY KEY NOT NULL,
    name BYTEA NOT NULL,
    policy BYTEA NOT NULL,
    settings BYTEA NOT NULL
);

CREATE TABLE setting (
    tag BYTEA PRIMARY KEY NOT NULL,
    value BYTEA NOT NULL
);

CREATE TABLE counter (
    tag BYTEA PRIMARY KEY NOT NULL,
    value BIGINT NOT NULL
);

-- `wrapped` is NULL once the case is shredded: everything under its key is noise from then on.
CREATE TABLE case_key (
    case_id TEXT PRIMARY KEY NOT NULL,
    wrapped BYTEA,
    shredded_us BIGINT
);

-- The log. `hash` is plain and links each event to the one before it (store/log.rs has the formula).
CREATE TABLE event (
    seq BIGINT PRIMARY KEY NOT NULL,
    case_id TEXT NOT NULL REFERENCES case_key (case_id),
    n BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    body BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    UNIQUE (case_id, n)
);

-- One row. `hash` and `mac` are plain; `mac` is keyed, so the log cannot be rewritten without the master key.
CREATE TABLE log_head (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    mac BYTEA NOT NULL
);

-- Derived from the log: lists and due dates. `tidegate fsck` rebuilds both.
CREATE TABLE case_row (
    case_id TEXT PRIMARY KEY NOT NULL REFERENCES case_key (case_id),
    project BYTEA NOT NULL REFERENCES project (tag),
    n BIGINT NOT NULL,
    open BIGINT NOT NULL CHECK (open IN (0, 1)),
    last_us BIGINT NOT NULL
);

CREATE INDEX case_row_project ON case_row (project, open);

CREATE TABLE due (
    case_id TEXT NOT NULL REFERENCES case_key (case_id),
    position BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    what BYTEA NOT NULL,
    PRIMARY KEY (case_id, position)
);

CREATE INDEX due_at ON due (at_us, case_id, position);

-- A finished job keeps its row, without its body, so that inserting the same key again stays harmless.
CREATE TABLE job (
    id BYTEA PRIMARY KEY NOT NULL,
    case_id TEXT REFERENCES case_key (case_id),
    kind TEXT NOT NULL,
    run_us BIGINT NOT NULL,
    rank BIGINT NOT NULL,
    body BYTEA,
    done BIGINT NOT NULL CHECK (done IN (0, 1)),
    attempts BIGINT NOT NULL,
    lease_us BIGINT NOT NULL,
    worker TEXT,
    error BYTEA
);

CREATE INDEX job_waiting ON job (run_us, rank, id) WHERE done = 0;

-- Under the instance key until it is linked to a case, then under that case's key.
CREATE TABLE letter (
    id TEXT PRIMARY KEY NOT NULL,
    at_us BIGINT NOT NULL,
    case_id TEXT REFERENCES case_key (case_id),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'linked', 'set-aside')),
    body BYTEA NOT NULL
);

CREATE INDEX letter_at ON letter (at_us, id);

-- `tag` is made of the case and the content's SHA-256.
CREATE TABLE blob (
    tag BYTEA PRIMARY KEY NOT NULL,
    case_id TEXT NOT NULL REFERENCES case_key (case_id),
    body BYTEA NOT NULL
);

CREATE TABLE staged_document (
    case_id TEXT NOT NULL REFERENCES case_key (case_id),
    version BIGINT NOT NULL,
    position BIGINT NOT NULL,
    path BYTEA NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (case_id, version, position)
);

-- What is public is plain.
CREATE TABLE public_document (
    path TEXT PRIMARY KEY NOT NULL,
    body BYTEA NOT NULL,
    since_us BIGINT NOT NULL
);

CREATE TABLE outgoing (
    seq BIGINT PRIMARY KEY NOT NULL,
    tag BYTEA UNIQUE NOT NULL,
    case_id TEXT REFERENCES case_key (case_id),
    at_us BIGINT NOT NULL,
    body BYTEA NOT NULL
);
