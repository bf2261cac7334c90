//! An auditor's story: what `writ audit` says about a sound ledger, and about one that somebody has touched.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pulldown_cmark::{CodeBlockKind, Event, Tag};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use writ::domain::ledger::tree::Edge;
use writ::domain::ledger::{Checkpoint, LeafHash, Record, SignerKey, embed};
use writ::domain::names::RunId;
use writ::domain::request::run_id_of;
use writ::ports::store::{Arrival, Inbox as _, SqliteStore};
use writ::service::notary::Notary;

use crate::support::bot::Bot;
use crate::support::stored::{connect, run_sql, tamper};

const ORIGIN: &str = "writ.example.org/ledger";

/// The code of a finding, and the leaf it names.
type Found = (String, Option<u64>);

/// A ledger of nine leaves with two checkpoints, and the body of a pull request.
struct Archive {
    folder: TempDir,
    key: SignerKey,
}

impl Archive {
    async fn new() -> Self {
        let archive =
            Self { folder: TempDir::new().unwrap(), key: SignerKey::from_seed(ORIGIN, [7; 32]).unwrap() };
        let store = SqliteStore::open(&archive.database()).await.unwrap();
        for number in 0..9 {
            store.accept(&arrival(number)).await.unwrap();
            if number == 4 {
                Notary::new(archive.key.clone()).seal(&store).await.unwrap();
            }
        }
        let proof = Notary::new(archive.key.clone()).prove_leaf(&store, 6).await.unwrap();
        let body = format!(
            "## Pause trading\n\nRun `{}`, digest `{}`\n\n| object | field | before | after |\n|---|---|---|---|\n\
             | Deployment torghut-scheduler | `/spec/replicas` | `1` | `0` |\n\n{}",
            run(6),
            digest(6),
            embed(&record(6).canonical(), &proof)
        );
        std::fs::write(archive.path("body.md"), body).unwrap();
        std::fs::write(archive.path("key"), format!("# the key\n{}\n", archive.key.verifier())).unwrap();
        std::fs::write(archive.path("ledger.key"), archive.key.to_secret_text().expose_secret()).unwrap();
        store.close().await;
        archive
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn database(&self) -> PathBuf {
        self.path("writ.db")
    }

    /// Changes the database as somebody would who knows how to get round the triggers and puts them back.
    async fn tamper(&self, statements: &str) {
        tamper(&self.database(), statements).await;
    }

    /// `writ audit …` with this database and key.
    fn verify(&self) -> Output {
        writ(&["verify", "--key", text(&self.path("key")), "--database", text(&self.database())])
    }

    /// The codes and leaves of what `verify` finds.
    fn findings(&self) -> Vec<Found> {
        let (database, key) = (self.database(), self.path("key"));
        let output =
            writ(&["verify", "--database", text(&database), "--key", text(&key), "--format", "json"]);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(if document["sound"] == json!(true) { 0 } else { 1 }));
        let finding =
            |finding: &Value| (finding["code"].as_str().unwrap().to_owned(), finding["leaf"].as_u64());
        document["findings"].as_array().unwrap().iter().map(finding).collect()
    }

    fn verify_pr(&self) -> Output {
        writ(&["verify-pr", "--body", text(&self.path("body.md")), "--key", text(&self.path("key"))])
    }
}

fn run(number: u64) -> RunId {
    run_id_of(&json!({"run": number}))
}

fn digest(number: u64) -> String {
    format!("sha256:{number:064x}")
}

fn record(number: u64) -> Record {
    let change = json!({"path": "ws/deployment.yaml", "pointer": "/spec/replicas", "before": 1, "after": 0});
    let body = json!({"procedure": "pause-trading", "reason": "spread", "digest": digest(number), "changes": [change]});
    Record::new("change.planned", Some(run(number)), "2026-08-22T10:00:00Z".parse().unwrap(), body)
}

fn arrival(number: u64) -> Arrival {
    Arrival {
        delivery: format!("d{number}"),
        event: "issue_comment".to_owned(),
        content_key: None,
        body_sha256: "0".repeat(64),
        received_at: "2026-08-22T10:00:00Z".parse().unwrap(),
        runs: vec![],
        records: vec![record(number)],
    }
}

fn writ(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_writ"));
    command.arg("audit").args(arguments);
    for variable in ["WRIT_DATABASE", "WRIT_LEDGER_KEY_FILE", "WRIT_LEDGER_ORIGIN"] {
        command.env_remove(variable);
    }
    command.output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The exit code, and what is on standard error.
fn refusal(output: &Output) -> (i32, String) {
    (output.status.code().unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

fn hex(bytes: &[u8]) -> String {
    format!("x'{}'", data_encoding::HEXLOWER.encode(bytes))
}

/// Record 3 with another reason.
fn forged() -> Record {
    let mut forged = record(3);
    forged.body["reason"] = json!("nothing to see here");
    forged
}

#[tokio::test]
async fn a_sound_ledger_verifies() {
    let archive = Archive::new().await;
    let output = archive.verify();
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    let told = stdout(&output);
    assert!(
        told.contains("leaves       9\n") && told.contains("checkpoints  2, signatures checked"),
        "{told}"
    );
    assert!(told.ends_with("result       sound\n"), "{told}");
    assert_eq!(archive.findings(), []);
    let unsigned = writ(&["verify", "--database", text(&archive.database())]);
    assert!(stdout(&unsigned).contains("signatures NOT checked"), "{}", stdout(&unsigned));
}

#[tokio::test]
async fn a_run_is_shown_and_proven() {
    let archive = Archive::new().await;
    let database = archive.database();
    let shown = stdout(&writ(&["show", run(6).as_str(), "--database", text(&database)]));
    assert!(shown.contains("change.planned  leaf 6") && shown.contains("reason  spread"), "{shown}");
    let shown = writ(&["show", run(6).as_str(), "--database", text(&database), "--format", "json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["leaves"][0]["record"]["body"]["digest"], json!(digest(6)));

    let by_run = stdout(&writ(&["prove", run(6).as_str(), "--database", text(&database)]));
    let by_index = stdout(&writ(&["prove", "6", "--database", text(&database)]));
    assert!(by_run.starts_with("c2sp.org/tlog-proof@v1\nindex 6\n"), "{by_run}");
    assert_eq!(by_run, by_index);
    let block = writ(&["prove", "6", "--database", text(&database), "--format", "markdown"]);
    let shown_run = format!("{} /spec/replicas changes 1 to 0\n\n{}", run(6), stdout(&block));
    std::fs::write(archive.path("body.md"), shown_run).unwrap();
    assert_eq!(archive.verify_pr().status.code(), Some(0), "{:?}", refusal(&archive.verify_pr()));

    let key = writ(&["key", "--signing-key", text(&archive.path("ledger.key")), "--origin", ORIGIN]);
    assert_eq!(stdout(&key).trim(), archive.key.verifier().to_string());
}

#[tokio::test]
async fn every_kind_of_tampering_is_found() {
    let data = |record: &Record| hex(&record.canonical());
    let leaf = |hash: LeafHash| hex(&hash.0);
    let flipped = {
        let mut bytes = record(3).canonical();
        bytes[0] ^= 1;
        hex(&bytes)
    };
    let one = |code: &str, leaf: Option<u64>| vec![(code.to_owned(), leaf)];
    let cases: Vec<(&str, String, Vec<Found>)> = vec![
        (
            "another record in a leaf",
            format!("UPDATE leaves SET data = {} WHERE position = 3", data(&forged())),
            one("leaf_altered", Some(3)),
        ),
        (
            "a byte in a leaf",
            format!("UPDATE leaves SET data = {flipped} WHERE position = 3"),
            vec![("leaf_unreadable".to_owned(), Some(3)), ("leaf_altered".to_owned(), Some(3))],
        ),
        (
            "a leaf with its hash",
            format!(
                "UPDATE leaves SET data = {} WHERE position = 3; \
                 UPDATE nodes SET hash = {} WHERE level = 0 AND position = 3",
                data(&forged()),
                leaf(forged().leaf())
            ),
            one("node_altered", Some(3)),
        ),
        (
            "a node",
            "UPDATE nodes SET hash = zeroblob(32) WHERE level = 2 AND position = 0".to_owned(),
            // The tree of five leaves, which the first checkpoint vouches for, rests on this node.
            vec![
                ("node_altered".to_owned(), Some(3)),
                ("history_changed".to_owned(), None),
                ("node_altered".to_owned(), Some(7)),
            ],
        ),
        ("a node is gone", "DELETE FROM nodes WHERE level = 1 AND position = 2".to_owned(), one("node_altered", Some(5))),
        (
            "a leaf filed under another run",
            format!("UPDATE leaves SET run = '{}' WHERE position = 3", run(4)),
            one("leaf_misfiled", Some(3)),
        ),
        (
            "the last leaf is gone",
            "DELETE FROM leaves WHERE position = 8; DELETE FROM nodes WHERE level = 0 AND position = 8".to_owned(),
            one("leaves_lost", None),
        ),
        (
            "a checkpoint's size",
            "UPDATE checkpoints SET size = 4 WHERE id = 1".to_owned(),
            one("checkpoint_misfiled", None),
        ),
        (
            "a checkpoint's text",
            "UPDATE checkpoints SET note = replace(note, char(10) || '5' || char(10), char(10) || '4' || char(10)) \
             WHERE id = 1"
                .to_owned(),
            one("checkpoint_signature_wrong", None),
        ),
        ("a checkpoint is no note", "UPDATE checkpoints SET note = 'x' WHERE id = 2".to_owned(), one("checkpoint_malformed", None)),
    ];
    for (what, statements, expected) in cases {
        let archive = Archive::new().await;
        archive.tamper(&statements).await;
        assert_eq!(archive.findings(), expected, "{what}");
        let told = stdout(&archive.verify());
        assert!(told.contains("NOT SOUND") && told.contains("remedy"), "{what}: {told}");
        if let Some(first) = expected.iter().find_map(|(_, leaf)| *leaf) {
            assert!(told.contains(&format!("first bad    leaf {first}\n")), "{what}: {told}");
        }
    }
}

#[tokio::test]
async fn a_rebuilt_history_does_not_fit_the_checkpoints() {
    let archive = Archive::new().await;
    let mut edge = Edge::default();
    let mut statements =
        format!("UPDATE leaves SET data = {} WHERE position = 3;", hex(&forged().canonical()));
    for number in 0..9 {
        let record = if number == 3 { forged() } else { record(number) };
        for (id, hash) in edge.push(record.leaf()).unwrap() {
            statements += &format!(
                "UPDATE nodes SET hash = {} WHERE level = {} AND position = {};",
                hex(&hash.0),
                id.level,
                id.position
            );
        }
    }
    archive.tamper(&statements).await;
    let changed = ("history_changed".to_owned(), None);
    assert_eq!(archive.findings(), [changed.clone(), changed]);

    // Signed again, with a key of the forger's own.
    let other = SignerKey::from_seed(ORIGIN, [8; 32]).unwrap();
    let note = Checkpoint::sign(9, edge.root().unwrap(), &other);
    archive
        .tamper(&format!("DELETE FROM checkpoints WHERE id = 1; UPDATE checkpoints SET note = '{note}'"))
        .await;
    let found = ["checkpoint_missing", "checkpoint_key_unknown"].map(|code| (code.to_owned(), None));
    assert_eq!(archive.findings(), found);
    // The server itself does not sign on top of it.
    let archive = Archive::new().await;
    archive.tamper(&statements).await;
    let store = SqliteStore::open(&archive.database()).await.unwrap();
    let refused = Notary::new(archive.key.clone()).seal(&store).await.unwrap_err();
    assert!(refused.to_string().contains("no longer continues its checkpoint of 9 leaves"), "{refused}");
}

#[tokio::test]
async fn a_missing_trigger_is_found() {
    let archive = Archive::new().await;
    run_sql(&mut connect(&archive.database()).await, "DROP TRIGGER leaves_update").await;
    assert_eq!(archive.findings(), [("database_unsound".to_owned(), None)]);
}

#[tokio::test]
async fn a_pull_request_is_verified_without_database() {
    let archive = Archive::new().await;
    std::fs::remove_file(archive.database()).unwrap();
    let output = archive.verify_pr();
    assert_eq!(output.status.code(), Some(0), "{:?}", refusal(&output));
    let told = stdout(&output);
    assert!(
        told.contains(&format!("leaf 6 of `{ORIGIN}`")) && told.contains("/spec/replicas: 1 -> 0"),
        "{told}"
    );
    assert!(told.contains("text     NOT COVERED: an earlier version wrote this record"), "{told}");

    let genuine = std::fs::read_to_string(archive.path("body.md")).unwrap();
    let cases = [
        ("the table", genuine.replacen("| `1` | `0` |", "| `1` | `1` |", 1), "body_differs"),
        ("the run", genuine.replacen(run(6).as_str(), run(5).as_str(), 1), "body_differs"),
        ("the digest", genuine.replacen(&digest(6), &digest(5), 1), "body_differs"),
        (
            "the record",
            genuine.replacen("\"reason\":\"spread\"", "\"reason\":\"sprees\"", 1),
            "record_not_included",
        ),
        ("the index", genuine.replacen("index 6", "index 5", 1), "record_not_included"),
        ("the checkpoint", genuine.replacen("\n9\n", "\n8\n", 1), "checkpoint_signature_wrong"),
        ("no proof", "## Pause trading\n".to_owned(), "proof_missing"),
        ("two proofs", format!("{genuine}{genuine}"), "proof_ambiguous"),
        ("no format", genuine.replacen("tlog-proof@v1", "tlog-proof@v9", 1), "proof_malformed"),
    ];
    for (what, body, code) in cases {
        assert_ne!(body, genuine, "{what}");
        std::fs::write(archive.path("body.md"), body).unwrap();
        let (exit, told) = refusal(&archive.verify_pr());
        assert!(exit == 1 && told.contains(code) && told.contains("remedy: "), "{what}: {exit} {told}");
    }
    std::fs::write(archive.path("body.md"), &genuine).unwrap();
    let other = SignerKey::from_seed(ORIGIN, [8; 32]).unwrap();
    std::fs::write(archive.path("key"), other.verifier().to_string()).unwrap();
    let (exit, told) = refusal(&archive.verify_pr());
    assert!(exit == 1 && told.contains("checkpoint_key_unknown"), "{exit} {told}");
}

#[tokio::test]
async fn the_bot_s_own_pull_request_verifies_and_a_touched_one_does_not() {
    let bot = Bot::start().await;
    bot.comment("/actuate pause-trading reason=\"broker | rejects `orders`\" confirm=ACTUATE_TORGHUT").await;
    bot.reply().await;
    let body = bot.pulls().await.remove(0).pull.body;
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    let key = bot.home.data().join("ledger.key");
    let key = stdout(&writ(&["key", "--signing-key", text(&key), "--origin", "example.com/ledger"]));
    std::fs::write(path("key"), key).unwrap();
    let verify = |body: &str| {
        std::fs::write(path("body.md"), body).unwrap();
        writ(&["verify-pr", "--body", text(&path("body.md")), "--key", text(&path("key"))])
    };
    let genuine = verify(&body);
    assert_eq!(genuine.status.code(), Some(0), "{:?}\n{body}", refusal(&genuine));
    assert_eq!(
        verify(&body.replace('\n', "\r\n")).status.code(),
        Some(0),
        "as an editor in a browser leaves it"
    );

    let row = body.lines().find(|line| line.starts_with("| `") && line.contains("/spec")).unwrap();
    let (front, after) = row.trim_end_matches(" |").rsplit_once("| ").unwrap();
    let touched = body.replacen(row, &format!("{front}| `something else` |"), 1);
    assert_ne!(touched, body, "{after}");
    let (exit, told) = refusal(&verify(&touched));
    assert!(exit == 1 && told.contains("body_differs"), "{exit} {told}");

    // Reviewers see record and proof as two blocks of code.
    let blocks = pulldown_cmark::Parser::new(&body)
        .filter(|event| {
            let fenced = |info: &pulldown_cmark::CowStr<'_>| info.contains(" writ-");
            matches!(event, Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if fenced(info))
        })
        .count();
    assert_eq!(blocks, 2, "{body}");
}

#[tokio::test]
async fn wrong_arguments_name_place_code_and_remedy() {
    let archive = Archive::new().await;
    let (database, nowhere) = (archive.database(), archive.path("nowhere"));
    let noise = archive.path("noise");
    std::fs::write(&noise, "noise, ".repeat(1000)).unwrap();
    let binary = archive.path("binary");
    std::fs::write(&binary, [0xff, 0xfe]).unwrap();
    let (database, nowhere, noise, binary) = (text(&database), text(&nowhere), text(&noise), text(&binary));
    let key = archive.path("key");
    let cases: Vec<(Vec<&str>, i32, &str)> = vec![
        (vec!["verify", "--database", nowhere], 2, "database_missing"),
        (vec!["verify", "--database", noise], 3, "database_unsound"),
        (vec!["verify", "--database", database, "--key", nowhere], 2, "file_unreadable"),
        (vec!["verify", "--database", database, "--key", noise], 2, "verifier_key_invalid"),
        (vec!["show", "abc", "--database", database], 2, "unknown_run"),
        (vec!["show", "aaaaaaaaaaaaaaaa", "--database", database], 1, "unknown_run"),
        (vec!["prove", "aaaaaaaaaaaaaaaa", "--database", database], 1, "leaf_unknown"),
        (vec!["prove", "9", "--database", database], 1, "leaf_unknown"),
        (vec!["prove", "18446744073709551615", "--database", database], 1, "leaf_unknown"),
        (vec!["prove", "-x-", "--database", database], 2, "unexpected argument"),
        (vec!["prove", "x", "--database", database], 2, "leaf_unknown"),
        (vec!["verify-pr", "--body", nowhere, "--key", text(&key)], 2, "file_unreadable"),
        (vec!["verify-pr", "--body", binary, "--key", text(&key)], 2, "file_unreadable"),
        (vec!["key", "--signing-key", noise], 2, "signing_key_invalid"),
        (vec!["verify-pr", "--body", noise], 2, "--key"),
    ];
    for (arguments, exit, code) in cases {
        let (found, told) = refusal(&writ(&arguments));
        assert!(found == exit && told.contains(code), "{arguments:?}: {found} {told}");
    }
    assert!(!Path::new(nowhere).exists(), "reading creates nothing");
}
