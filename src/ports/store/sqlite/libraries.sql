-- Libraries that decisions were made with, each once. The digest is that of the files, which are a JSON object by path.
CREATE TABLE libraries (
    digest TEXT NOT NULL PRIMARY KEY,
    files  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
