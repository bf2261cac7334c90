-- Schema, version 1. Times are microseconds since 1970, UTC. JSON is text. A change is a new version in schema.rs.

-- Requests on their way through the steps.
CREATE TABLE runs (
    id          TEXT    NOT NULL PRIMARY KEY,
    subject     TEXT    NOT NULL,
    delivery    TEXT    NOT NULL,
    command     TEXT    NOT NULL,
    request     TEXT,
    step        TEXT,                       -- the step that is next; NULL when the run is over
    outcome     TEXT,
    facts       TEXT    NOT NULL DEFAULT '{}',
    attempts    INTEGER NOT NULL DEFAULT 0, -- tries of the step that is next
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    due_at      INTEGER,                    -- NULL when the run is over
    fence       INTEGER NOT NULL DEFAULT 0, -- rises with every lease
    leased_by   TEXT,
    leased_until INTEGER,
    CHECK ((step IS NULL) = (due_at IS NULL)),
    CHECK ((leased_by IS NULL) = (leased_until IS NULL))
) STRICT;

CREATE INDEX runs_due ON runs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX runs_new ON runs (created_at DESC);

-- The inbox: what arrived with a signature that held. A content key is the signed identity of what happened.
CREATE TABLE deliveries (
    id          TEXT    NOT NULL PRIMARY KEY,
    event       TEXT    NOT NULL,
    content_key TEXT    UNIQUE,
    body_sha256 TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    run         TEXT    REFERENCES runs (id)
) STRICT;

-- The timeline: one row for each try of a step; the intent is written before the effect, the outcome after.
CREATE TABLE steps (
    id          INTEGER NOT NULL PRIMARY KEY,
    run         TEXT    NOT NULL REFERENCES runs (id),
    step        TEXT    NOT NULL,
    attempt     INTEGER NOT NULL,
    worker      TEXT    NOT NULL,
    started_at  INTEGER NOT NULL,
    intent      TEXT,
    finished_at INTEGER,
    problem     TEXT,                       -- why it was put off
    outcome     TEXT
) STRICT;

CREATE INDEX steps_run ON steps (run, id);

-- The ledger: leaves, the tree's complete subtrees (level 0 are the leaf hashes), signed checkpoints.
CREATE TABLE leaves (
    position INTEGER NOT NULL PRIMARY KEY,
    run      TEXT,
    data     BLOB    NOT NULL
) STRICT;

CREATE INDEX leaves_run ON leaves (run, position) WHERE run IS NOT NULL;

CREATE TABLE nodes (
    level    INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash     BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
    id   INTEGER NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    note TEXT    NOT NULL UNIQUE
) STRICT;

-- Append-only. REPLACE would delete without firing a delete trigger, hence the insert triggers.
CREATE TRIGGER leaves_update BEFORE UPDATE ON leaves BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER leaves_delete BEFORE DELETE ON leaves BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER leaves_insert BEFORE INSERT ON leaves
WHEN NEW.position <> (SELECT coalesce(max(position) + 1, 0) FROM leaves)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER nodes_update BEFORE UPDATE ON nodes BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER nodes_delete BEFORE DELETE ON nodes BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER nodes_insert BEFORE INSERT ON nodes
WHEN EXISTS (SELECT 1 FROM nodes WHERE level = NEW.level AND position = NEW.position)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER checkpoints_update BEFORE UPDATE ON checkpoints BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER checkpoints_delete BEFORE DELETE ON checkpoints BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER checkpoints_insert BEFORE INSERT ON checkpoints
WHEN NEW.id <= (SELECT max(id) FROM checkpoints) OR EXISTS (SELECT 1 FROM checkpoints WHERE note = NEW.note)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
