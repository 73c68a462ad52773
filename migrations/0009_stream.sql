-- Applications to the predisclosure list, and its members: streams of events beside the cases, in the same log. Their
-- keys and events stand in `case_key` and `event` under their own names, which are of the form that a case's has.

-- Derived from the log. `kind` is plain: a reader of the dump sees how many there are of each.
CREATE TABLE stream_row (
    stream_id TEXT PRIMARY KEY NOT NULL REFERENCES case_key (case_id),
    kind TEXT NOT NULL,
    project BYTEA NOT NULL REFERENCES project (tag),
    n BIGINT NOT NULL
);

CREATE INDEX stream_row_kind ON stream_row (project, kind);
