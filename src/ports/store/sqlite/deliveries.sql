-- Deliveries of one id with different bodies are different deliveries: a forge's id is not signed, the body is.
CREATE TABLE deliveries_by_body (
    id          TEXT    NOT NULL,
    event       TEXT    NOT NULL,
    content_key TEXT    UNIQUE,
    body_sha256 TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    run         TEXT    REFERENCES runs (id),
    PRIMARY KEY (id, body_sha256)
) STRICT;

INSERT INTO deliveries_by_body (id, event, content_key, body_sha256, received_at, run)
SELECT id, event, content_key, body_sha256, received_at, run FROM deliveries;

DROP TABLE deliveries;
ALTER TABLE deliveries_by_body RENAME TO deliveries;

-- What readiness writes and takes back, to see whether a delivery could be stored; empty between two probes.
CREATE TABLE probes (filler BLOB NOT NULL) STRICT;
