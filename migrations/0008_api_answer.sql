-- What a program was answered, so that a repeat under the same Idempotency-Key does nothing twice.
--
-- `tag` is an HMAC of the API token and the key, `asked` one of what was asked for. `body` is sealed under the case's
-- key, so that it goes with the case; it is null from the moment the request is begun until it is answered.
CREATE TABLE api_answer (
    tag BYTEA PRIMARY KEY NOT NULL,
    asked BYTEA NOT NULL,
    body BYTEA,
    expires_us BIGINT NOT NULL
);

CREATE INDEX api_answer_expires ON api_answer (expires_us);
