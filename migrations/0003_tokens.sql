-- What somebody proves by holding a secret: a signed-in browser, a one-time link, a reporter's mailbox.
--
-- `tag` is an HMAC of the kind and the secret; the secret itself is nowhere.
CREATE TABLE token (
    tag BYTEA PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    body BYTEA NOT NULL,
    expires_us BIGINT NOT NULL
);

CREATE INDEX token_expires ON token (expires_us);
