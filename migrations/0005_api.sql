-- What programs come with in place of a person.

-- `tag` is an HMAC of the token; the token itself is nowhere. `owner` is the tag of the person whom it stands for.
CREATE TABLE api_token (
    tag BYTEA PRIMARY KEY NOT NULL,
    owner BYTEA NOT NULL,
    body BYTEA NOT NULL,
    expires_us BIGINT NOT NULL
);

CREATE INDEX api_token_owner ON api_token (owner);
CREATE INDEX api_token_expires ON api_token (expires_us);
