-- What spares a decision reading a long case from its first event.

-- Derived from the log: the case as it was after its event `n`. `tidegate fsck` holds it against a replay.
CREATE TABLE case_fold (
    case_id TEXT PRIMARY KEY NOT NULL REFERENCES case_key (case_id),
    n BIGINT NOT NULL,
    body BYTEA NOT NULL
);
