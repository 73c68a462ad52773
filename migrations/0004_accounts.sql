-- Accounts: how people prove who they are, what happened to that, and how often it was tried in vain.

-- `tag` is made of the person's name. `n` counts the account's events, of which none may be missing.
CREATE TABLE account (
    tag BYTEA PRIMARY KEY NOT NULL,
    n BIGINT NOT NULL,
    body BYTEA NOT NULL
);

CREATE TABLE account_event (
    tag BYTEA NOT NULL REFERENCES account (tag),
    n BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (tag, n)
);

-- Buckets that leak: `empty_us` is when nothing is in it any more. Which bucket is whose only the program can tell.
CREATE TABLE throttle (
    bucket BIGINT PRIMARY KEY NOT NULL,
    empty_us BIGINT NOT NULL
);

CREATE INDEX throttle_empty ON throttle (empty_us);

-- Whose a token is, where somebody may list and end it, as a tag of the person's name; and when it was last used.
ALTER TABLE token ADD COLUMN owner BYTEA;
ALTER TABLE token ADD COLUMN used_us BIGINT NOT NULL DEFAULT 0;

CREATE INDEX token_owner ON token (owner);
