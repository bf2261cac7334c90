-- Priorities of runs, and what is known of the accounts that command. Times are microseconds since 1970, UTC.

ALTER TABLE runs ADD COLUMN work TEXT NOT NULL DEFAULT 'command';  -- what it is about, as far as priority goes
ALTER TABLE runs ADD COLUMN actor INTEGER;                         -- the account that asks; NULL for a reconciliation
ALTER TABLE runs ADD COLUMN priority INTEGER NOT NULL DEFAULT 2;   -- from 0, highest first; 0 and 1 are containments
ALTER TABLE runs ADD COLUMN leased_at INTEGER;                     -- when the last lease began

UPDATE runs SET work = 'reconciliation', priority = 3 WHERE queue IS NOT NULL;
UPDATE runs SET actor = json_extract(command, '$.actor.id') WHERE queue IS NULL AND json_valid(command);

-- Why a try was postponed is shown to people now; before, it was what the log said.
UPDATE steps SET problem = 'something outside did not respond'
WHERE problem IS NOT NULL AND problem NOT LIKE 'place %';

DROP INDEX runs_due;
CREATE INDEX runs_due ON runs (priority, due_at, created_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX runs_containments ON runs (priority, created_at) WHERE due_at IS NOT NULL AND priority <= 1;
CREATE INDEX runs_actor ON runs (actor, created_at) WHERE actor IS NOT NULL;
CREATE INDEX runs_actor_open ON runs (actor, work) WHERE due_at IS NOT NULL;

CREATE TABLE accounts (
    repository TEXT    NOT NULL,
    id         INTEGER NOT NULL,
    may_write  INTEGER,                   -- what the forge said last; NULL before it was asked
    checked_at INTEGER,                   -- when
    refused_at INTEGER,                   -- when a refusal was last replied to
    refused    TEXT REFERENCES runs (id), -- the run that was
    PRIMARY KEY (repository, id)
) STRICT, WITHOUT ROWID;
