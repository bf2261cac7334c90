-- A database as the program wrote it in schema version 3, before its first release: a run that opened a pull request, one
-- that waits for admission, one whose reply was postponed, one whose worker went away, and one of a merged pull request.
-- The facts of planning and publishing are left out. The signing key is ed25519 with the seed of 32 bytes 7.
-- This file is never changed: it shows that what was stored can still be read.

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

-- Schema, version 2: pull requests as the last look found them, and queues of runs.

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

-- Turns: what runs wait for and hold, and the pull requests that they opened. Times are microseconds since 1970, UTC.

-- A run is in the line from its first look until it reports; `number` is the order in which runs came.
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

INSERT INTO runs (id, subject, delivery, command, request, step, outcome, facts, attempts, created_at, updated_at, due_at, fence, leased_by, leased_until, queue)
VALUES ('proposedproposed', 'example/lab#1', 'delivery-1', '{"place":{"repository":"example/lab","issue":1,"comment":1,"url":"http://forge/example/lab/issues/1#comment-1"},"actor":{"id":2,"login":"ada"},"comment_sha256":"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e","what":{"verb":"actuate"}}', '{"procedure":"restart-ws","arguments":{},"reason":"feed is stale","confirmation":"ACTUATE_TORGHUT","actor":{"id":2,"login":"ada"},"origin":{"door":"comment","repository":"example/lab","issue":1,"comment":1,"url":"http://forge/example/lab/issues/1#comment-1"},"requested_at":"2026-02-12T10:35:00Z"}', NULL, '{"outcome":"proposed","pull":2,"url":"http://forge/example/lab/pull/2"}', '{"authorize":{"account":2,"permission":"write","comment_sha256":"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"},"turn":{"targets":["argocd/applications/torghut/ws/deployment.yaml"],"taken_from":[]},"report":{"comment":4}}', 0, 1770892500000000, 1770892520000000, NULL, 9, NULL, NULL, NULL);
INSERT INTO runs (id, subject, delivery, command, request, step, outcome, facts, attempts, created_at, updated_at, due_at, fence, leased_by, leased_until, queue)
VALUES ('waitingwaitingwa', 'example/lab#1', 'delivery-5', '{"place":{"repository":"example/lab","issue":1,"comment":5,"url":"http://forge/example/lab/issues/1#comment-5"},"actor":{"id":2,"login":"ada"},"comment_sha256":"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e","what":{"verb":"actuate"}}', '{"procedure":"restart-ws","arguments":{},"reason":"feed is stale","confirmation":"ACTUATE_TORGHUT","actor":{"id":2,"login":"ada"},"origin":{"door":"comment","repository":"example/lab","issue":1,"comment":5,"url":"http://forge/example/lab/issues/1#comment-5"},"requested_at":"2026-02-12T10:45:00Z"}', 'turn', NULL, '{"authorize":{"account":2,"permission":"write","comment_sha256":"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"}}', 0, 1770893100000000, 1770893100000000, 1770896100000000, 2, NULL, NULL, NULL);
INSERT INTO runs (id, subject, delivery, command, request, step, outcome, facts, attempts, created_at, updated_at, due_at, fence, leased_by, leased_until, queue)
VALUES ('helphelphelphelp', 'example/lab#1', 'delivery-6', '{"place":{"repository":"example/lab","issue":1,"comment":6,"url":"http://forge/example/lab/issues/1#comment-6"},"actor":{"id":2,"login":"ada"},"comment_sha256":"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e","what":{"verb":"help"}}', NULL, 'report', '{"outcome":"answered"}', '{"authorize":{"account":2,"permission":"write","comment_sha256":"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"}}', 1, 1770893100000000, 1770893100000000, 1770893115000000, 2, NULL, NULL, NULL);
INSERT INTO runs (id, subject, delivery, command, request, step, outcome, facts, attempts, created_at, updated_at, due_at, fence, leased_by, leased_until, queue)
VALUES ('asleepasleepasle', 'example/lab#1', 'delivery-7', '{"place":{"repository":"example/lab","issue":1,"comment":7,"url":"http://forge/example/lab/issues/1#comment-7"},"actor":{"id":2,"login":"ada"},"comment_sha256":"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e","what":{"verb":"plan"}}', '{"procedure":"resume-trading","arguments":{},"reason":"","confirmation":null,"actor":{"id":2,"login":"ada"},"origin":{"door":"comment","repository":"example/lab","issue":1,"comment":7,"url":"http://forge/example/lab/issues/1#comment-7"},"requested_at":"2026-02-12T10:50:00Z"}', 'authorize', NULL, '{}', 1, 1770893400000000, 1770893400000000, 1770893400000000, 1, 'asleep', 1770893430000000, NULL);
INSERT INTO runs (id, subject, delivery, command, request, step, outcome, facts, attempts, created_at, updated_at, due_at, fence, leased_by, leased_until, queue)
VALUES ('looklooklooklook', 'example/lab#3', 'delivery-8', '{"look":{"repository":"example/lab","pull":3}}', NULL, NULL, '{"outcome":"looked","pull":3,"state":"merged","conclusion":null}', '{"observe":{"seen":{"number":3,"url":"http://forge/example/lab/pull/3","title":"docs: words","state":"merged","draft":false,"head":"c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3","branch":"work","fork":false,"base":"main","author":{"id":3,"login":"wes"},"run":null,"told":{"model":"none"},"branch_deleted":true},"happened":["pull.seen","pull.merged","branch.deleted"]}}', 0, 1770893100000000, 1770893100000000, NULL, 4, NULL, NULL, 'example/lab#3');
INSERT INTO deliveries (id, event, content_key, body_sha256, received_at, run)
VALUES ('delivery-1', 'issue_comment', 'example/lab#comment:1:created', 'b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0', 1770892500000000, 'proposedproposed');
INSERT INTO deliveries (id, event, content_key, body_sha256, received_at, run)
VALUES ('delivery-5', 'issue_comment', 'example/lab#comment:5:created', 'b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0', 1770893100000000, 'waitingwaitingwa');
INSERT INTO deliveries (id, event, content_key, body_sha256, received_at, run)
VALUES ('delivery-6', 'issue_comment', 'example/lab#comment:6:created', 'b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0', 1770893100000000, 'helphelphelphelp');
INSERT INTO deliveries (id, event, content_key, body_sha256, received_at, run)
VALUES ('delivery-7', 'issue_comment', 'example/lab#comment:7:created', 'b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0', 1770893400000000, 'asleepasleepasle');
INSERT INTO deliveries (id, event, content_key, body_sha256, received_at, run)
VALUES ('delivery-8', 'pull_request', NULL, 'b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0', 1770893100000000, 'looklooklooklook');
INSERT INTO steps (id, run, step, attempt, worker, started_at, intent, finished_at, problem, outcome)
VALUES (1, 'proposedproposed', 'authorize', 1, 'bench', 1770892500000000, '{"ask":"permission, comment"}', 1770892500000000, NULL, '{"account":2,"permission":"write","comment_sha256":"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"}');
INSERT INTO steps (id, run, step, attempt, worker, started_at, intent, finished_at, problem, outcome)
VALUES (2, 'proposedproposed', 'turn', 1, 'bench', 1770892500000000, '{"wait_for":"turn"}', 1770892500000000, NULL, '{"targets":["argocd/applications/torghut/ws/deployment.yaml"],"taken_from":[]}');
INSERT INTO steps (id, run, step, attempt, worker, started_at, intent, finished_at, problem, outcome)
VALUES (3, 'proposedproposed', 'report', 1, 'bench', 1770892520000000, '{"status_comment_on":"example/lab#1"}', 1770892520000000, NULL, '{"comment":4}');
INSERT INTO steps (id, run, step, attempt, worker, started_at, intent, finished_at, problem, outcome)
VALUES (4, 'waitingwaitingwa', 'authorize', 1, 'bench', 1770893100000000, '{"ask":"permission, comment"}', 1770893100000000, NULL, '{"account":2,"permission":"write","comment_sha256":"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"}');
INSERT INTO steps (id, run, step, attempt, worker, started_at, intent, finished_at, problem, outcome)
VALUES (5, 'waitingwaitingwa', 'turn', 1, 'bench', 1770893100000000, '{"wait_for":"turn"}', 1770893100000000, 'place 1: its account has had its 1 changes of this hour', NULL);
INSERT INTO steps (id, run, step, attempt, worker, started_at, intent, finished_at, problem, outcome)
VALUES (6, 'helphelphelphelp', 'report', 1, 'bench', 1770893100000000, '{"status_comment_on":"example/lab#1"}', 1770893100000000, 'the forge is unavailable: made to fail', NULL);
INSERT INTO steps (id, run, step, attempt, worker, started_at, intent, finished_at, problem, outcome)
VALUES (7, 'looklooklooklook', 'observe', 1, 'bench', 1770893100000000, '{"read":"example/lab#3"}', 1770893100000000, NULL, '{"seen":{"number":3,"url":"http://forge/example/lab/pull/3","title":"docs: words","state":"merged","draft":false,"head":"c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3","branch":"work","fork":false,"base":"main","author":{"id":3,"login":"wes"},"run":null,"told":{"model":"none"},"branch_deleted":true},"happened":["pull.seen","pull.merged","branch.deleted"]}');
INSERT INTO steps (id, run, step, attempt, worker, started_at, intent, finished_at, problem, outcome)
VALUES (8, 'asleepasleepasle', 'authorize', 1, 'asleep', 1770893400000000, '{"ask":"permission, comment"}', NULL, NULL, NULL);
INSERT INTO pulls (repository, number, head, branch, seen, policy, look, seen_at)
VALUES ('example/lab', 3, 'c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3', 'work', '{"number":3,"url":"http://forge/example/lab/pull/3","title":"docs: words","state":"merged","draft":false,"head":"c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3","branch":"work","fork":false,"base":"main","author":{"id":3,"login":"wes"},"run":null,"told":{"model":"none"},"branch_deleted":true}', NULL, 'looklooklooklook', 1770893100000000);
INSERT INTO turns (number, run, ticket, passed_at, left_at, taken_by)
VALUES (1, 'proposedproposed', '{"run":"proposedproposed","repository":"example/lab","lane":"actuation","actor":2,"targets":["argocd/applications/torghut/ws/deployment.yaml"],"containment":false,"since":"2026-02-12T10:35:00Z"}', 1770892500000000, 1770892520000000, NULL);
INSERT INTO turns (number, run, ticket, passed_at, left_at, taken_by)
VALUES (2, 'waitingwaitingwa', '{"run":"waitingwaitingwa","repository":"example/lab","lane":"actuation","actor":2,"targets":["argocd/applications/torghut/ws/deployment.yaml"],"containment":false,"since":"2026-02-12T10:45:00Z"}', NULL, NULL, NULL);
INSERT INTO proposals (run, repository)
VALUES ('proposedproposed', 'example/lab');
INSERT INTO leaves (position, run, data)
VALUES (0, 'proposedproposed', CAST('{"at":"2026-02-12T10:35:00Z","body":{"delivery":"delivery-1"},"kind":"request.accepted","run":"proposedproposed","schema":"writ.record/v1"}' AS BLOB));
INSERT INTO leaves (position, run, data)
VALUES (1, 'proposedproposed', CAST('{"at":"2026-02-12T10:35:00Z","body":{"account":2,"permission":"write"},"kind":"request.authorized","run":"proposedproposed","schema":"writ.record/v1"}' AS BLOB));
INSERT INTO leaves (position, run, data)
VALUES (2, 'proposedproposed', CAST('{"at":"2026-02-12T10:35:20Z","body":{"pull":2},"kind":"pull.proposed","run":"proposedproposed","schema":"writ.record/v1"}' AS BLOB));
INSERT INTO leaves (position, run, data)
VALUES (3, 'looklooklooklook', CAST('{"at":"2026-02-12T10:45:00Z","body":{"pull":3},"kind":"look.accepted","run":"looklooklooklook","schema":"writ.record/v1"}' AS BLOB));
INSERT INTO leaves (position, run, data)
VALUES (4, 'looklooklooklook', CAST('{"at":"2026-02-12T10:45:00Z","body":{"look":"looklooklooklook","pull":3},"kind":"pull.seen","run":"looklooklooklook","schema":"writ.record/v1"}' AS BLOB));
INSERT INTO leaves (position, run, data)
VALUES (5, 'looklooklooklook', CAST('{"at":"2026-02-12T10:45:00Z","body":{"look":"looklooklooklook","pull":3},"kind":"pull.merged","run":"looklooklooklook","schema":"writ.record/v1"}' AS BLOB));
INSERT INTO nodes (level, position, hash) VALUES (0, 0, x'd680bcaddae933c8d6ad0dbe6723a4078463731238c79e1e76bcea9e10463079');
INSERT INTO nodes (level, position, hash) VALUES (0, 1, x'7eefaca34c667f3f95b20b0108b6b1bd2f9baa78a60ca7c102ff1612d68d47b8');
INSERT INTO nodes (level, position, hash) VALUES (0, 2, x'14c3ca63bb6b59c4d8ccbb5e22aea8fbe3dac26341900bfde5b077f3e56fb7e2');
INSERT INTO nodes (level, position, hash) VALUES (0, 3, x'0260616056c4db1b19307a505ba8a2ba6e431db685a25eee863551d5bf17383f');
INSERT INTO nodes (level, position, hash) VALUES (0, 4, x'00b126d10dcd11ac6ab1c160289503f5f07565fdf30a13103cc3cba0bb3bdec3');
INSERT INTO nodes (level, position, hash) VALUES (0, 5, x'341bd8760de2851557afdd4eb5e2e60b2c068bba4b31e90bab00d48d71cc317f');
INSERT INTO nodes (level, position, hash) VALUES (1, 0, x'1092ffbd0d26c1e62277016588079ae6e2ea80143eab451cf3a395ca99131df7');
INSERT INTO nodes (level, position, hash) VALUES (1, 1, x'55b671463714b39b14c21a7ed21dfb979db9b5f1c1aca8402a1bfa5810ac17ac');
INSERT INTO nodes (level, position, hash) VALUES (1, 2, x'1847ea79cb261718d89df89b14ccc8fb09910df0967f27c5723fbdc38a58b4f8');
INSERT INTO nodes (level, position, hash) VALUES (2, 0, x'5ede0dec8f64fe1d937129df156689724514be0cffdeaf998def7e0b110c1d4a');
INSERT INTO checkpoints (id, size, note)
VALUES (1, 3, 'example.com/ledger
3
567CnMeT7Y9wIbu04dgLjO8auPA1UiZsodxBv6DL+DQ=

— example.com/ledger 7E1ubWJ3m7ix6SXCCnpebufpbqyLFPTW3DUkV+ewSIjNxCn1dxTUKLRh/jvbIuWM76RQVCiWfozdvExy349MWFa1CQY=
');

PRAGMA application_id = 2003986804;
PRAGMA user_version = 3;
