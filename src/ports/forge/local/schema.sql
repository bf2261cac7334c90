-- The local forge's tables. Times are microseconds since 1970, UTC.
CREATE TABLE IF NOT EXISTS forge_accounts (
    id    INTEGER PRIMARY KEY,
    login TEXT NOT NULL UNIQUE COLLATE NOCASE,
    bot   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS forge_repositories (
    name     TEXT PRIMARY KEY,
    git_path TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS forge_permissions (
    repository TEXT NOT NULL REFERENCES forge_repositories (name),
    account    INTEGER NOT NULL REFERENCES forge_accounts (id),
    level      TEXT NOT NULL CHECK (level IN ('none', 'read', 'write', 'admin')),
    PRIMARY KEY (repository, account)
) STRICT;
-- Issues and pull requests share their numbers, as on GitHub.
CREATE TABLE IF NOT EXISTS forge_issues (
    repository TEXT NOT NULL REFERENCES forge_repositories (name),
    number     INTEGER NOT NULL,
    title      TEXT NOT NULL,
    body       TEXT NOT NULL,
    open       INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (repository, number)
) STRICT;
CREATE TABLE IF NOT EXISTS forge_pulls (
    repository  TEXT NOT NULL,
    number      INTEGER NOT NULL,
    head        TEXT NOT NULL,
    base        TEXT NOT NULL,
    head_commit TEXT NOT NULL,
    draft       INTEGER NOT NULL,
    PRIMARY KEY (repository, number),
    FOREIGN KEY (repository, number) REFERENCES forge_issues (repository, number)
) STRICT;
CREATE INDEX IF NOT EXISTS forge_pulls_by_head ON forge_pulls (repository, head);
CREATE TABLE IF NOT EXISTS forge_labels (
    repository TEXT NOT NULL,
    number     INTEGER NOT NULL,
    label      TEXT NOT NULL,
    PRIMARY KEY (repository, number, label),
    FOREIGN KEY (repository, number) REFERENCES forge_issues (repository, number)
) STRICT;
-- AUTOINCREMENT: the id of a deleted comment never comes back.
CREATE TABLE IF NOT EXISTS forge_comments (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    repository TEXT NOT NULL,
    number     INTEGER NOT NULL,
    author     INTEGER NOT NULL REFERENCES forge_accounts (id),
    body       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    FOREIGN KEY (repository, number) REFERENCES forge_issues (repository, number)
) STRICT;
CREATE INDEX IF NOT EXISTS forge_comments_by_issue ON forge_comments (repository, number);
CREATE TABLE IF NOT EXISTS forge_reactions (
    comment  INTEGER NOT NULL REFERENCES forge_comments (id) ON DELETE CASCADE,
    account  INTEGER NOT NULL REFERENCES forge_accounts (id),
    reaction TEXT NOT NULL CHECK (reaction IN ('eyes', 'rocket', 'confused')),
    PRIMARY KEY (comment, account, reaction)
) STRICT;
-- Pull requests that a person opened; the bot's have no row. `fork` is the other repository's name.
CREATE TABLE IF NOT EXISTS forge_authors (
    repository TEXT NOT NULL,
    number     INTEGER NOT NULL,
    author     INTEGER NOT NULL REFERENCES forge_accounts (id),
    fork       TEXT,
    PRIMARY KEY (repository, number),
    FOREIGN KEY (repository, number) REFERENCES forge_pulls (repository, number)
) STRICT;
CREATE TABLE IF NOT EXISTS forge_merges (
    repository TEXT NOT NULL,
    number     INTEGER NOT NULL,
    merged_at  INTEGER NOT NULL,
    PRIMARY KEY (repository, number),
    FOREIGN KEY (repository, number) REFERENCES forge_pulls (repository, number)
) STRICT;
-- A commit has one check run of a name.
CREATE TABLE IF NOT EXISTS forge_checks (
    id          INTEGER PRIMARY KEY,
    repository  TEXT NOT NULL REFERENCES forge_repositories (name),
    head        TEXT NOT NULL,
    name        TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('queued', 'in_progress', 'completed')),
    conclusion  TEXT,
    title       TEXT NOT NULL,
    summary     TEXT NOT NULL,
    text        TEXT NOT NULL,
    details_url TEXT,
    digest      TEXT NOT NULL,
    annotations TEXT NOT NULL,
    UNIQUE (repository, head, name)
) STRICT;
-- Check runs of other apps than the bot.
CREATE TABLE IF NOT EXISTS forge_foreign_checks (
    repository TEXT NOT NULL REFERENCES forge_repositories (name),
    head       TEXT NOT NULL,
    name       TEXT NOT NULL,
    app        TEXT NOT NULL,
    status     TEXT NOT NULL CHECK (status IN ('queued', 'in_progress', 'completed')),
    conclusion TEXT,
    PRIMARY KEY (repository, head, name, app)
) STRICT;
CREATE TABLE IF NOT EXISTS forge_reviews (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    repository TEXT NOT NULL,
    number     INTEGER NOT NULL,
    reviewer   INTEGER NOT NULL REFERENCES forge_accounts (id),
    opinion    TEXT NOT NULL CHECK (opinion IN ('approved', 'changes_requested', 'dismissed', 'commented')),
    head       TEXT NOT NULL,
    FOREIGN KEY (repository, number) REFERENCES forge_pulls (repository, number)
) STRICT;
