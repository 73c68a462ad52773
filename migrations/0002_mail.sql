-- What became of each letter of the outbox, and the keys that letters are encrypted to.

-- `message` is the tag of the Message-ID, so that answers and delivery reports find their letter. `since_us` is
-- where the time for attempts begins. `said` is the mail server's answer, under the key of the letter's case. A
-- letter that was written before this table has no row: whoever kept it sent it by hand.
CREATE TABLE delivery (
    seq BIGINT PRIMARY KEY NOT NULL REFERENCES outgoing (seq),
    message BYTEA UNIQUE NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed', 'bounced')),
    attempts BIGINT NOT NULL,
    since_us BIGINT NOT NULL,
    next_us BIGINT NOT NULL,
    lease_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    said BYTEA
);

CREATE INDEX delivery_waiting ON delivery (next_us, seq) WHERE state = 'waiting';

-- OpenPGP certificates of people. `tag` is made of the person and the fingerprint, `owner` of the person.
CREATE TABLE person_key (
    tag BYTEA PRIMARY KEY NOT NULL,
    owner BYTEA NOT NULL,
    added_us BIGINT NOT NULL,
    body BYTEA NOT NULL
);

CREATE INDEX person_key_owner ON person_key (owner, added_us);

-- Message-IDs of letters that belong to a case, so that further letters that refer to them find it. `tag` is made of
-- the project and the Message-ID.
CREATE TABLE heard_message (
    tag BYTEA PRIMARY KEY NOT NULL,
    case_id TEXT NOT NULL REFERENCES case_key (case_id)
);
