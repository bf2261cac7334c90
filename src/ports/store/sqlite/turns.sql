-- Turns: what runs wait for and hold, and the pull requests that they opened. Times are microseconds since 1970, UTC.

-- A run is in the line from its first attempt until it reports; `number` is the order in which runs came.
CREATE TABLE turns (
    number    INTEGER NOT NULL PRIMARY KEY,
    run       TEXT    NOT NULL UNIQUE REFERENCES runs (id),
    ticket    TEXT    NOT NULL,
    passed_at INTEGER,                    -- when it was let through; NULL while it waits
    left_at   INTEGER,                    -- when it was done with its targets
    taken_by  TEXT    REFERENCES runs (id) -- the containment that took its targets
) STRICT;

CREATE INDEX turns_open ON turns (number) WHERE left_at IS NULL;
CREATE INDEX turns_passed ON turns (passed_at) WHERE passed_at IS NOT NULL;

-- Runs whose pull request is not known to be over.
CREATE TABLE proposals (
    run        TEXT NOT NULL PRIMARY KEY REFERENCES runs (id),
    repository TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX proposals_repository ON proposals (repository);

INSERT INTO proposals (run, repository)
SELECT id, substr(subject, 1, instr(subject, '#') - 1) FROM runs
WHERE json_extract(outcome, '$.outcome') = 'proposed';
