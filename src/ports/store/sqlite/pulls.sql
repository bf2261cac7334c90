-- Schema, version 2: pull requests as the last reconciliation found them, and queues of runs.

ALTER TABLE runs ADD COLUMN queue TEXT;     -- runs of one queue go one after the other; NULL for none

CREATE INDEX runs_queue ON runs (queue, created_at) WHERE queue IS NOT NULL;

CREATE TABLE pulls (
    repository TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    head       TEXT    NOT NULL,
    branch     TEXT,                        -- NULL for that of a fork
    seen       TEXT    NOT NULL,
    policy     TEXT,
    look       TEXT    NOT NULL REFERENCES runs (id),
    seen_at    INTEGER NOT NULL,
    PRIMARY KEY (repository, number)
) STRICT;

CREATE INDEX pulls_head ON pulls (repository, head);
CREATE INDEX pulls_branch ON pulls (repository, branch) WHERE branch IS NOT NULL;
CREATE INDEX pulls_new ON pulls (seen_at DESC);
