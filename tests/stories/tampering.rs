//! The catalogue of tampering: what somebody does to the files of a server that was stopped, and who finds it.
//!
//! One real database, copied for each kind. `docs/ledger.md` shows the catalogue; `UPDATE=1` writes it anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::json;
use tempfile::TempDir;
use writ::domain::ledger::tree::Edge;
use writ::domain::ledger::{
    Checkpoint, KeptCheckpoint, LeafHash, NodeHash, OwnRecord, Record, Rotation, SignerKey, VerifierKeys,
};
use writ::ports::checkpoint_file::CheckpointFile;
use writ::ports::store::{Leaf, LedgerStore as _, SqliteStore};
use writ::service::auditor::{self, Trusted};
use writ::service::notary::Notary;
use writ::service::resumption::{self, ResumptionError};

use crate::support::bot::Bot;
use crate::support::stored::tamper;

const ORIGIN: &str = "example.com/ledger";

/// Who can do it: whoever can write the database, or with the signing key as well.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Database,
    Key,
}

/// One kind of tampering. A finding is a reason code; `None`: it is not found.
struct Kind {
    what: &'static str,
    access: Access,
    /// What `writ audit verify --key` finds.
    verify: Option<&'static str>,
    /// What it finds with a checkpoint that was kept elsewhere.
    kept: Option<&'static str>,
    /// Why a server does not start with its checkpoint file.
    start: Option<&'static str>,
    /// Why a server does not start that has lost the file.
    bare: Option<&'static str>,
}

/// The catalogue; [`Copy::suffer`] does each.
const CATALOGUE: [Kind; 43] = {
    use Access::{Database, Key};
    const fn code(code: &'static str) -> Option<&'static str> {
        if code.is_empty() { None } else { Some(code) }
    }
    /// What `verify` finds, without and with a kept checkpoint, and what a start is refused with, with the file and
    /// without it; empty for nothing.
    const fn kind(access: Access, what: &'static str, codes: [&'static str; 4]) -> Kind {
        let [verify, kept, start, bare] = codes;
        Kind { what, access, verify: code(verify), kept: code(kept), start: code(start), bare: code(bare) }
    }
    [
        kind(Database, "flip a bit of a record", ["leaf_altered", "leaf_altered", "", ""]),
        kind(Database, "replace a record", ["leaf_altered", "leaf_altered", "", ""]),
        kind(Database, "replace a record and its hash", ["node_altered", "node_altered", "", ""]),
        kind(
            Database,
            "replace a record and recompute the tree",
            ["history_changed", "ledger_forked", "ledger_forked", "ledger_forked"],
        ),
        kind(
            Database,
            "the same, and delete all checkpoints",
            ["leaves_unsealed", "ledger_forked", "checkpoint_missing", ""],
        ),
        kind(
            Database,
            "the same, signed by a key of one's own",
            ["checkpoint_key_unknown", "ledger_forked", "ledger_key_new", "ledger_key_new"],
        ),
        kind(Database, "file a record under another run", ["leaf_misfiled", "leaf_misfiled", "", ""]),
        kind(Database, "delete a record in the middle", ["leaf_missing", "leaf_missing", "", ""]),
        kind(
            Database,
            "delete the last record",
            ["leaves_lost", "ledger_rolled_back", "ledger_rolled_back", "ledger_rolled_back"],
        ),
        kind(
            Database,
            "delete the last records and the checkpoints that cover them",
            ["row_differs", "ledger_rolled_back", "ledger_rolled_back", ""],
        ),
        kind(Database, "empty the ledger", ["row_differs", "ledger_rolled_back", "ledger_rolled_back", ""]),
        kind(
            Database,
            "replace the database by an empty one",
            ["", "ledger_rolled_back", "ledger_rolled_back", ""],
        ),
        kind(
            Database,
            "restore an older copy of the database",
            ["", "ledger_rolled_back", "ledger_rolled_back", ""],
        ),
        kind(Database, "replace a node of the tree", ["node_altered", "node_altered", "", ""]),
        kind(Database, "delete a node of the tree", ["node_altered", "node_altered", "", ""]),
        kind(Database, "append records", ["leaves_unsealed", "leaves_unsealed", "", ""]),
        kind(
            Database,
            "append a rotation to a key of one's own",
            ["key_rotation_false", "key_rotation_false", "", ""],
        ),
        kind(
            Database,
            "the same, signed by that key",
            ["checkpoint_key_unknown", "checkpoint_key_unknown", "ledger_key_new", "ledger_key_new"],
        ),
        kind(Database, "change a checkpoint's size", ["checkpoint_misfiled", "checkpoint_misfiled", "", ""]),
        kind(
            Database,
            "change a checkpoint's text",
            ["checkpoint_signature_wrong", "checkpoint_signature_wrong", "", ""],
        ),
        kind(
            Database,
            "replace the newest checkpoint by noise",
            ["checkpoint_malformed", "checkpoint_malformed", "checkpoint_malformed", "checkpoint_malformed"],
        ),
        kind(
            Database,
            "delete a checkpoint in the middle",
            ["checkpoint_missing", "checkpoint_missing", "", ""],
        ),
        kind(
            Database,
            "the same, and number the others anew: later ones cover the same records",
            ["", "", "", ""],
        ),
        kind(Database, "delete the newest checkpoint", ["leaves_unsealed", "leaves_unsealed", "", ""]),
        kind(
            Database,
            "delete all checkpoints",
            ["leaves_unsealed", "leaves_unsealed", "checkpoint_missing", ""],
        ),
        kind(Database, "exchange two checkpoints", ["checkpoint_backwards", "checkpoint_backwards", "", ""]),
        kind(
            Database,
            "drop a trigger that forbids changes",
            ["database_unsound", "database_unsound", "", ""],
        ),
        kind(Database, "change a run's outcome", ["row_differs", "row_differs", "", ""]),
        kind(Database, "change a run's request", ["row_differs", "row_differs", "", ""]),
        kind(Database, "change the plan that a run's page shows", ["row_differs", "row_differs", "", ""]),
        kind(Database, "move a run to another issue", ["row_differs", "row_differs", "", ""]),
        kind(Database, "date a run back", ["row_differs", "row_differs", "", ""]),
        kind(Database, "delete a run", ["row_differs", "row_differs", "", ""]),
        kind(Database, "invent a run", ["row_differs", "row_differs", "", ""]),
        kind(Database, "change a result in a run's timeline", ["row_differs", "row_differs", "", ""]),
        kind(
            Database,
            "change a result in a run's page and timeline alike",
            ["row_differs", "row_differs", "", ""],
        ),
        kind(Database, "change a pull request's title", ["row_differs", "row_differs", "", ""]),
        kind(Database, "change a pull request's verdict", ["row_differs", "row_differs", "", ""]),
        kind(
            Database,
            "change when a step was tried, and why it was put off: of that nothing is recorded",
            ["", "", "", ""],
        ),
        kind(
            Key,
            "replace a record, recompute the tree and sign it",
            ["", "ledger_forked", "ledger_forked", ""],
        ),
        kind(
            Key,
            "restore an older copy and sign new records on it",
            ["", "ledger_forked", "ledger_forked", ""],
        ),
        kind(
            Key,
            "sign with a key after it was replaced",
            ["checkpoint_key_retired", "checkpoint_key_retired", "ledger_key_new", "ledger_key_new"],
        ),
        kind(Key, "append records and sign them: the key's owner writes the ledger", ["", "", "", ""]),
    ]
};

/// The files of a server that was stopped after two commands and a pull request of a person.
struct Original {
    folder: TempDir,
}

/// A copy, for one kind of tampering.
struct Copy {
    folder: TempDir,
    /// What is in the copy.
    leaves: Vec<Leaf>,
    /// The sizes that checkpoints have.
    sizes: Vec<u64>,
}

impl Original {
    async fn new() -> Self {
        let bot = Bot::start().await;
        let folder = TempDir::new().unwrap();
        bot.comment("/actuate pause-trading reason=\"spread\" confirm=ACTUATE_TORGHUT").await;
        bot.reply().await;
        let Bot { home, running, forge, issue } = bot;
        running.stop().await;
        std::fs::copy(home.data().join("writ.db"), folder.path().join("older.db")).unwrap();
        let running = writ::cli::wiring::start(home.settings()).await.unwrap();
        let bot = Bot { home, running, forge, issue };
        bot.comment("/help").await;
        bot.reply().await;
        bot.propose("docs", &[("docs/readme.md", "words\n")]).await;
        bot.settle().await;
        let Bot { home, running, .. } = bot;
        running.stop().await;
        for name in ["writ.db", "ledger.key", "ledger.checkpoint"] {
            std::fs::copy(home.data().join(name), folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    async fn copy(&self) -> Copy {
        let folder = TempDir::new().unwrap();
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
        let store = SqliteStore::open_to_read(&folder.path().join("writ.db")).await.unwrap();
        let leaves = store.leaves(0, 1000).await.unwrap();
        let sizes = store.checkpoints().await.unwrap().iter().map(|checkpoint| checkpoint.size).collect();
        store.close().await;
        Copy { folder, leaves, sizes }
    }
}

fn hex(bytes: &[u8]) -> String {
    format!("x'{}'", data_encoding::HEXLOWER.encode(bytes))
}

fn other() -> SignerKey {
    SignerKey::from_seed(ORIGIN, [9; 32]).unwrap()
}

impl Copy {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn key(&self) -> SignerKey {
        SignerKey::parse(&std::fs::read_to_string(self.path("ledger.key")).unwrap(), ORIGIN).unwrap()
    }

    /// The record that is replaced: one that no row is made of.
    fn victim(&self) -> (u64, Record) {
        let read = |leaf: &Leaf| (leaf.index, Record::from_canonical(&leaf.data).unwrap());
        let mut records = self.leaves.iter().map(read);
        records.find(|(_, record)| record.kind == "request.authorized").unwrap()
    }

    fn forged(&self) -> (u64, Record) {
        let (index, mut record) = self.victim();
        record.body["permission"] = json!("admin");
        (index, record)
    }

    /// Statements that make these the leaves, with their tree; and the tree's head.
    fn rewritten(leaves: &[(Option<String>, Vec<u8>)]) -> (String, u64, NodeHash) {
        let mut sql = "DELETE FROM leaves; DELETE FROM nodes;".to_owned();
        let mut edge = Edge::default();
        for (index, (run, data)) in leaves.iter().enumerate() {
            let run = run.as_ref().map_or("NULL".to_owned(), |run| format!("'{run}'"));
            let _ = write!(
                sql,
                "INSERT INTO leaves (position, run, data) VALUES ({index}, {run}, {});",
                hex(data)
            );
            for (id, hash) in edge.push(LeafHash::of(data)).unwrap() {
                let (level, position) = (id.level, id.position);
                let _ = write!(
                    sql,
                    "INSERT INTO nodes (level, position, hash) VALUES ({level}, {position}, {});",
                    hex(&hash.0)
                );
            }
        }
        (sql, edge.size(), edge.root().unwrap())
    }

    fn stored(&self) -> Vec<(Option<String>, Vec<u8>)> {
        self.leaves
            .iter()
            .map(|leaf| (leaf.run.as_ref().map(ToString::to_string), leaf.data.clone()))
            .collect()
    }

    fn with_forged(&self) -> (String, u64, NodeHash) {
        let (index, forged) = self.forged();
        let mut leaves = self.stored();
        leaves[usize::try_from(index).unwrap()].1 = forged.canonical();
        Self::rewritten(&leaves)
    }

    fn with_appended(&self, records: &[Record]) -> (String, u64, NodeHash) {
        let mut leaves = self.stored();
        leaves.extend(records.iter().map(|record| (None, record.canonical())));
        Self::rewritten(&leaves)
    }

    async fn sql(&self, statements: &str) {
        tamper(&self.path("writ.db"), statements).await;
    }

    /// Does it.
    async fn suffer(&self, what: &str) {
        let last = self.leaves.len() as u64 - 1;
        let (index, forged) = self.forged();
        let noted = Record::new("test.noted", None, Timestamp::now(), json!({}));
        let insert = |note: &str, size: u64| {
            format!(
                "INSERT INTO checkpoints (id, size, note) SELECT coalesce(max(id), 0) + 1, {size}, '{note}' FROM checkpoints;"
            )
        };
        let signed = |(sql, size, root): (String, u64, NodeHash), key: &SignerKey| {
            sql + &insert(&Checkpoint::sign(size, root, key), size)
        };
        let rotation =
            Rotation { new: other().verifier().to_string(), ..Rotation::sign(&self.key(), &self.key()) };
        let stolen = OwnRecord::KeyRotated(rotation).record(Timestamp::now());
        let none = "DELETE FROM checkpoints;";
        let is_command = "queue IS NULL AND request IS NOT NULL";
        let row = |set: &str| format!("UPDATE runs SET {set} WHERE {is_command};");
        let sql = match what {
            "flip a bit of a record" => {
                let mut data = self.victim().1.canonical();
                data[10] ^= 1;
                format!("UPDATE leaves SET data = {} WHERE position = {index}", hex(&data))
            }
            "replace a record" => {
                format!("UPDATE leaves SET data = {} WHERE position = {index}", hex(&forged.canonical()))
            }
            "replace a record and its hash" => format!(
                "UPDATE leaves SET data = {} WHERE position = {index}; \
                 UPDATE nodes SET hash = {} WHERE level = 0 AND position = {index}",
                hex(&forged.canonical()),
                hex(&forged.leaf().0)
            ),
            "replace a record and recompute the tree" => self.with_forged().0,
            "the same, and delete all checkpoints" => self.with_forged().0 + none,
            "the same, signed by a key of one's own" => none.to_owned() + &signed(self.with_forged(), &other()),
            "file a record under another run" => {
                format!("UPDATE leaves SET run = 'aaaaaaaaaaaaaaaa' WHERE position = {index}")
            }
            "delete a record in the middle" => format!(
                "DELETE FROM leaves WHERE position = {index}; DELETE FROM nodes WHERE level = 0 AND position = {index}"
            ),
            "delete the last record" => Self::rewritten(&self.stored()[..self.leaves.len() - 1]).0,
            "delete the last records and the checkpoints that cover them" => {
                let size = self.sizes.iter().rev().nth(1).unwrap();
                let kept = usize::try_from(*size).unwrap();
                Self::rewritten(&self.stored()[..kept]).0 + &format!("DELETE FROM checkpoints WHERE size > {size}")
            }
            "empty the ledger" => format!("DELETE FROM leaves; DELETE FROM nodes; {none}"),
            "replace the database by an empty one" => {
                std::fs::remove_file(self.path("writ.db")).unwrap();
                SqliteStore::open(&self.path("writ.db")).await.unwrap().close().await;
                String::new()
            }
            "restore an older copy of the database" => {
                std::fs::copy(self.path("older.db"), self.path("writ.db")).unwrap();
                String::new()
            }
            "replace a node of the tree" => {
                "UPDATE nodes SET hash = zeroblob(32) WHERE level = 1 AND position = 0".to_owned()
            }
            "delete a node of the tree" => "DELETE FROM nodes WHERE level = 1 AND position = 0".to_owned(),
            "append records" => self.with_appended(&[noted.clone(), noted]).0,
            "append a rotation to a key of one's own" => self.with_appended(&[stolen]).0,
            "the same, signed by that key" => signed(self.with_appended(&[stolen]), &other()),
            "change a checkpoint's size" => "UPDATE checkpoints SET size = size - 1 WHERE id = 2".to_owned(),
            "change a checkpoint's text" => {
                let (size, less) = (self.sizes[1], self.sizes[1] - 1);
                format!(
                    "UPDATE checkpoints SET note = replace(note, char(10) || '{size}' || char(10), \
                     char(10) || '{less}' || char(10)) WHERE id = 2"
                )
            }
            "replace the newest checkpoint by noise" => {
                "UPDATE checkpoints SET note = 'x' WHERE id = (SELECT max(id) FROM checkpoints)".to_owned()
            }
            "delete a checkpoint in the middle" => "DELETE FROM checkpoints WHERE id = 2".to_owned(),
            "the same, and number the others anew: later ones cover the same records" => {
                "DELETE FROM checkpoints WHERE id = 2; UPDATE checkpoints SET id = id - 1 WHERE id > 2".to_owned()
            }
            "delete the newest checkpoint" => {
                format!("DELETE FROM checkpoints WHERE size > {last}")
            }
            "delete all checkpoints" => none.to_owned(),
            "exchange two checkpoints" => "UPDATE checkpoints SET id = -2 WHERE id = 2; \
                 UPDATE checkpoints SET id = 2 WHERE id = 3; UPDATE checkpoints SET id = 3 WHERE id = -2"
                .to_owned(),
            "drop a trigger that forbids changes" => {
                let mut connection = crate::support::stored::connect(&self.path("writ.db")).await;
                crate::support::stored::run_sql(&mut connection, "DROP TRIGGER leaves_update").await;
                return;
            }
            "change a run's outcome" => row("outcome = '{\"outcome\":\"denied\"}'"),
            "change a run's request" => row("request = json_set(request, '$.reason', 'nothing')"),
            "change the plan that a run's page shows" => {
                row("facts = json_set(facts, '$.plan.report.changes[0].after', 7)")
            }
            "move a run to another issue" => row("subject = 'example/lab#99'"),
            "date a run back" => row("created_at = created_at - 1000000"),
            "delete a run" => {
                format!("DELETE FROM steps WHERE run IN (SELECT id FROM runs WHERE {is_command}); DELETE FROM runs WHERE {is_command}")
            }
            "invent a run" => format!(
                "INSERT INTO runs (id, subject, delivery, command, request, outcome, facts, created_at, updated_at) \
                 SELECT 'aaaaaaaaaaaaaaaa', subject, delivery, command, request, outcome, facts, created_at, updated_at \
                 FROM runs WHERE {is_command}"
            ),
            "change a result in a run's timeline" => format!(
                "UPDATE steps SET outcome = json_set(outcome, '$.permission', 'admin') WHERE step = 'authorize' \
                 AND run IN (SELECT id FROM runs WHERE {is_command})"
            ),
            "change a result in a run's page and timeline alike" => {
                row("facts = json_set(facts, '$.authorize.permission', 'admin')")
                    + &format!(
                        "UPDATE steps SET outcome = json_set(outcome, '$.permission', 'admin') \
                         WHERE step = 'authorize' AND run IN (SELECT id FROM runs WHERE {is_command})"
                    )
            }
            "change a pull request's title" => {
                "UPDATE pulls SET seen = json_set(seen, '$.title', 'harmless')".to_owned()
            }
            "change a pull request's verdict" => "UPDATE pulls SET policy = 'failure'".to_owned(),
            "change when a step was tried, and why it was put off: of that nothing is recorded" => {
                "UPDATE steps SET started_at = started_at - 1000, problem = 'x' WHERE outcome IS NULL OR step = 'plan'".to_owned()
            }
            "replace a record, recompute the tree and sign it" => {
                // At each size that had a checkpoint: none is missing.
                let (sql, _, _) = self.with_forged();
                let (index, forged) = self.forged();
                let mut edge = Edge::default();
                let mut notes = String::new();
                for leaf in &self.leaves {
                    if self.sizes.contains(&edge.size()) {
                        let note = Checkpoint::sign(edge.size(), edge.root().unwrap(), &self.key());
                        notes += &insert(&note, edge.size());
                    }
                    edge.push(if leaf.index == index { forged.leaf() } else { leaf.hash }).unwrap();
                }
                let note = Checkpoint::sign(edge.size(), edge.root().unwrap(), &self.key());
                sql + none + &notes + &insert(&note, edge.size())
            }
            "restore an older copy and sign new records on it" => {
                std::fs::copy(self.path("older.db"), self.path("writ.db")).unwrap();
                let store = SqliteStore::open(&self.path("writ.db")).await.unwrap();
                let more = self.leaves.len() as u64 - store.ledger_size().await.unwrap() + 1;
                for _ in 0..more {
                    store.append(std::slice::from_ref(&noted)).await.unwrap();
                }
                Notary::new(self.key()).seal(&store).await.unwrap();
                store.close().await;
                String::new()
            }
            "sign with a key after it was replaced" => {
                let store = SqliteStore::open(&self.path("writ.db")).await.unwrap();
                let old = Notary::new(self.key());
                resumption::rotate_key(&old, &other(), &store, Timestamp::now()).await.unwrap();
                store.append(&[noted]).await.unwrap();
                let size = store.ledger_size().await.unwrap();
                let note = Checkpoint::sign(size, store.root(size).await.unwrap(), &self.key());
                store.keep_checkpoint(size, &note).await.unwrap();
                store.close().await;
                std::fs::write(self.path("ledger.key"), other().to_secret_text().expose_secret()).unwrap();
                String::new()
            }
            "append records and sign them: the key's owner writes the ledger" => {
                signed(self.with_appended(&[noted]), &self.key())
            }
            unknown => panic!("nobody knows how to {unknown}"),
        };
        if !sql.is_empty() {
            self.sql(&sql).await;
        }
    }

    /// The codes of what an audit finds ten minutes later, with the key and perhaps what was kept outside.
    async fn audit(&self, kept: Vec<KeptCheckpoint>) -> Vec<String> {
        let store = SqliteStore::open_to_read(&self.path("writ.db")).await.unwrap();
        let keys: VerifierKeys = self.key().verifier().into();
        let later = Timestamp::now() + Duration::from_secs(600);
        let audited = auditor::audit(&store, Trusted { keys: Some(keys), kept }, later).await;
        store.close().await;
        match audited {
            Ok(audited) => audited.report.findings.iter().map(|finding| finding.code().to_string()).collect(),
            Err(error) => vec![format!("{error}")],
        }
    }

    /// Why a server does not sign it.
    async fn resume(&self) -> Option<String> {
        let store = SqliteStore::open(&self.path("writ.db")).await.unwrap();
        let notary = Notary::new(self.key()).keeping(CheckpointFile::at(self.path("ledger.checkpoint")));
        let resumed = resumption::resume(&notary, &store, &[], Timestamp::now()).await;
        store.close().await;
        match resumed {
            Ok(()) => None,
            Err(ResumptionError::Refused(refusal)) => Some(refusal.code.to_string()),
            Err(ResumptionError::Store(_)) => Some("database_unsound".to_owned()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_says_what_is_found_by_whom() {
    let original = Original::new().await;
    let untouched = original.copy().await;
    assert!(untouched.sizes.len() > 4 && untouched.sizes[1] < untouched.sizes[2], "{:?}", untouched.sizes);
    let kept = std::fs::read_to_string(untouched.path("ledger.checkpoint")).unwrap();
    let kept = || vec![KeptCheckpoint { place: "kept".to_owned(), note: kept.clone() }];
    assert_eq!(untouched.audit(kept()).await, Vec::<String>::new());
    let mut wrong = Vec::new();
    for Kind { what, verify, kept: with_kept, start, bare, .. } in CATALOGUE {
        let copy = original.copy().await;
        copy.suffer(what).await;
        // What a checkpoint that was kept elsewhere adds is told last.
        for (by, found, wanted) in
            [("verify", copy.audit(Vec::new()).await, verify), ("kept", copy.audit(kept()).await, with_kept)]
        {
            let is_right = wanted.map_or(found.is_empty(), |wanted| found.iter().any(|code| code == wanted));
            if !is_right {
                wrong.push(format!("{what}: {by} finds {found:?}, not {wanted:?}"));
            }
        }
        let found = copy.resume().await;
        if found.as_deref() != start {
            wrong.push(format!("{what}: a start is refused by {found:?}, not {start:?}"));
        }
        let copy = original.copy().await;
        std::fs::remove_file(copy.path("ledger.checkpoint")).unwrap();
        copy.suffer(what).await;
        let found = copy.resume().await;
        if found.as_deref() != bare {
            wrong.push(format!("{what}: a start without the file is refused by {found:?}, not {bare:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The catalogue as the documentation shows it.
fn table() -> String {
    let mut text = "| with | somebody can | `verify --key` finds | `verify --key --checkpoint` finds | a start is refused with | without its file |\n| --- | --- | --- | --- | --- | --- |\n".to_owned();
    for Kind { what, access, verify, kept, start: start_code, bare } in CATALOGUE {
        let access = if access == Access::Key { "the signing key" } else { "the database" };
        let cell = |code: Option<&str>| code.map_or("nothing".to_owned(), |code| format!("`{code}`"));
        let start = |code: Option<&str>| code.map_or("is not refused".to_owned(), |code| format!("`{code}`"));
        let (verify, kept, started, bare) = (cell(verify), cell(kept), start(start_code), start(bare));
        let _ = writeln!(text, "| {access} | {what} | {verify} | {kept} | {started} | {bare} |");
    }
    text
}

#[test]
fn the_documentation_shows_the_catalogue() {
    const BEGIN: &str = "<!-- catalogue of tests/stories/tampering.rs -->\n";
    const END: &str = "<!-- end of the catalogue -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ledger.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (front, rest) = text.split_once(BEGIN).expect("the place of the catalogue");
    let (shown, back) = rest.split_once(END).expect("the end of the catalogue");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{front}{BEGIN}\n{}\n{END}{back}", table())).unwrap();
        return;
    }
    assert_eq!(
        shown.trim(),
        table().trim(),
        "`UPDATE=1 cargo test --test all -- the_documentation_shows_the_catalogue`"
    );
    assert_eq!(
        CATALOGUE.len(),
        CATALOGUE.iter().map(|kind| kind.what).collect::<std::collections::BTreeSet<_>>().len()
    );
}
