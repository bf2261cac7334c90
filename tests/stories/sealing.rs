//! Sealing: every record is signed within a second and at stop, and no server signs a history that does not continue
//! what was kept outside the database.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};
use writ::cli::wiring;
use writ::domain::ledger::{Checkpoint, Record, SignerKey};
use writ::ports::checkpoint_file::CheckpointFile;
use writ::ports::store::{LedgerStore, SqliteStore};
use writ::service::auditor::{self, Trusted};
use writ::service::notary::Notary;
use writ::service::resumption;

use crate::support::bot::{Bot, Home};
use crate::support::http::Request;
use crate::support::{records, stored};

const PAUSE: &str = "/actuate pause-trading reason=\"spread\" confirm=ACTUATE_TORGHUT";
/// Long enough for a debug build on a busy machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

fn writ(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_writ"));
    command.arg("audit").args(arguments);
    for variable in
        ["WRIT_DATABASE", "WRIT_LEDGER_KEY_FILE", "WRIT_LEDGER_ORIGIN", "WRIT_LEDGER_CHECKPOINT_FILE"]
    {
        command.env_remove(variable);
    }
    command.output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The files of a bot that was stopped, and what an auditor and an operator do with them.
struct Files(PathBuf);

impl Files {
    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// `writ audit verify` with the key as it is now, and these arguments.
    fn verify(&self, more: &[&str]) -> (i32, Value) {
        let key =
            writ(&["key", "--signing-key", text(&self.path("ledger.key")), "--origin", "example.com/ledger"]);
        std::fs::write(self.path("key"), key.stdout).unwrap();
        self.verify_with("key", more)
    }

    fn verify_with(&self, key: &str, more: &[&str]) -> (i32, Value) {
        let (database, key) = (self.path("writ.db"), self.path(key));
        let mut arguments =
            vec!["verify", "--database", text(&database), "--key", text(&key), "--format", "json"];
        arguments.extend(more);
        let output = writ(&arguments);
        let told = String::from_utf8_lossy(&output.stdout);
        let document = serde_json::from_str(&told)
            .unwrap_or_else(|_| panic!("{told}{}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code().unwrap(), document)
    }

    /// `writ audit rotate-key` or `adopt`.
    fn change(&self, verb: &str, more: &[&str]) -> (i32, String) {
        let (database, key) = (self.path("writ.db"), self.path("ledger.key"));
        let mut arguments = vec![verb, "--database", text(&database), "--signing-key", text(&key)];
        arguments.extend(["--origin", "example.com/ledger"]);
        arguments.extend(more);
        let output = writ(&arguments);
        let told = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(told).unwrap())
    }

    async fn kinds(&self) -> Vec<String> {
        let store = SqliteStore::open_to_read(&self.path("writ.db")).await.unwrap();
        let leaves = store.leaves(0, 1000).await.unwrap();
        store.close().await;
        leaves.iter().map(|leaf| records::read(leaf)["kind"].as_str().unwrap().to_owned()).collect()
    }

    fn copy(&self, from: &str, to: &str) {
        std::fs::copy(self.path(from), self.path(to)).unwrap();
    }
}

/// A bot that answered a command and was stopped.
async fn stopped() -> (Home, Files) {
    let bot = Bot::start().await;
    bot.comment("/help").await;
    bot.reply().await;
    let Bot { home, running, .. } = bot;
    running.stop().await;
    let files = Files(home.data());
    (home, files)
}

/// Starts a server on a home, which says why it does not.
async fn refused(home: &Home) -> String {
    match wiring::start(home.settings()).await {
        Ok(_) => panic!("it starts"),
        Err(error) => format!("{error:#}"),
    }
}

fn codes(document: &Value) -> Vec<&str> {
    document["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

async fn sealed(store: &dyn LedgerStore) -> u64 {
    let newest = store.checkpoint().await.unwrap();
    newest.map_or(0, |note| Checkpoint::parse_unverified(&note).unwrap().size)
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_signed_without_a_pull_request_and_in_batches() {
    let bot = Bot::start().await;
    assert_eq!(bot.running.store.checkpoints().await.unwrap().len(), 1, "the empty ledger is signed");
    bot.comment("/help").await;
    bot.reply().await;
    let store = bot.running.store.as_ref();
    let size = store.ledger_size().await.unwrap();
    let signed = async {
        while sealed(store).await < size {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, signed).await.expect("it is signed");
    let checkpoints = store.checkpoints().await.unwrap().len() as u64;
    assert!(checkpoints <= size, "{checkpoints} checkpoints over {size} leaves");
    // The same is outside the database a moment later.
    let file = bot.home.data().join("ledger.checkpoint");
    let kept = async {
        while store.checkpoint().await.unwrap() != std::fs::read_to_string(&file).ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, kept).await.expect("it is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_stopped_leaves_nothing_unsigned() {
    let bot = Bot::start().await;
    bot.comment(PAUSE).await;
    bot.reply().await;
    let (verb, open) = (bot.pulls().await.remove(0).pull.body, bot.home.data().join("body.md"));
    bot.comment("/help").await;
    bot.reply().await;
    let Bot { home, running, .. } = bot;
    running.stop().await;
    let files = Files(home.data());
    let kept = files.path("ledger.checkpoint");
    std::fs::write(&open, verb).unwrap();
    let (exit, document) = files.verify(&["--checkpoint", text(&kept), "--checkpoint", text(&open)]);
    assert_eq!((exit, &document["unsealed"], codes(&document)), (0, &json!(0), vec![]), "{document:#}");
    assert_eq!(document["sealed"], document["leaves"]);
    assert_eq!((&document["runs"], &document["runs_of_earlier_versions"]), (&json!(2), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_live_database_is_unsealed_for_five_seconds_and_then_a_finding() {
    let (_home, files) = stopped().await;
    let append = async |files: &Files, at: jiff::Timestamp| {
        let store = SqliteStore::open(&files.path("writ.db")).await.unwrap();
        let record = Record::new("test.noted", None, at, json!({}));
        store.append(&[record.clone(), record]).await.unwrap();
        store.close().await;
    };
    append(&files, jiff::Timestamp::now() + Duration::from_secs(60)).await;
    let (exit, document) = files.verify(&[]);
    assert_eq!((exit, &document["unsealed"]), (0, &json!(2)), "{document:#}");
    // The same with what is long past.
    let (_home, files) = stopped().await;
    let store = SqliteStore::open(&files.path("writ.db")).await.unwrap();
    let size = store.ledger_size().await.unwrap();
    store.close().await;
    append(&files, jiff::Timestamp::now()).await;
    let store = SqliteStore::open_to_read(&files.path("writ.db")).await.unwrap();
    for (seconds, wanted) in [(4, vec![]), (600, vec![("leaves_unsealed".to_owned(), Some(size))])] {
        let newest = store.leaves(size, 1).await.unwrap().remove(0);
        let written: jiff::Timestamp = records::read(&newest)["at"].as_str().unwrap().parse().unwrap();
        let later = written + Duration::from_secs(seconds);
        let report = auditor::audit(&store, Trusted::default(), later).await.unwrap().report;
        let found: Vec<_> =
            report.findings.iter().map(|finding| (finding.code().to_string(), finding.leaf())).collect();
        assert_eq!((found, report.unsealed.leaves), (wanted, 2), "{seconds} s later");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_is_refused_and_adopted_for_a_reason() {
    let (home, files) = stopped().await;
    files.copy("writ.db", "older.db");
    let bot = wiring::start(home.settings()).await.unwrap();
    let noted = Record::new("test.noted", None, jiff::Timestamp::now(), json!({}));
    bot.store.append(&[noted]).await.unwrap();
    bot.stop().await;
    files.copy("ledger.checkpoint", "kept");
    files.copy("older.db", "writ.db");

    let told = refused(&home).await;
    assert!(told.contains("[ledger_rolled_back]") && told.contains("writ audit adopt"), "{told}");
    let kept = files.path("kept");
    let (exit, document) = files.verify(&["--checkpoint", text(&kept)]);
    assert_eq!((exit, codes(&document)), (1, vec!["ledger_rolled_back"]), "{document:#}");

    assert_eq!(files.change("adopt", &["--reason", ""]).0, 2);
    let (exit, told) = files.change("adopt", &["--reason", "restored the backup of Monday"]);
    assert_eq!(exit, 0, "{told}");
    let (exit, told) = files.change("adopt", &["--reason", "again"]);
    assert!(exit == 1 && told.contains("nothing_to_adopt"), "{exit} {told}");
    wiring::start(home.settings()).await.unwrap().stop().await;
    let (exit, document) = files.verify(&[]);
    assert_eq!(exit, 0, "{document:#}");
    assert!(document["noted"].to_string().contains("restored the backup of Monday"), "{document:#}");
    // The fork stays a fork for whoever has the other half.
    let (exit, document) = files.verify(&["--checkpoint", text(&kept)]);
    assert_eq!((exit, codes(&document)), (1, vec!["ledger_forked"]), "{document:#}");
}

/// The body of a pull request is a checkpoint that everybody has who was told of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_fork_is_found_from_the_body_of_a_pull_request() {
    let (home, files) = stopped().await;
    files.copy("writ.db", "older.db");
    let bot = Bot::on(home, |_| {}).await;
    bot.comment(PAUSE).await;
    bot.reply().await;
    let body = bot.pulls().await.remove(0).pull.body;
    let Bot { home, running, .. } = bot;
    running.stop().await;
    let kept = files.path("body.md");
    std::fs::write(&kept, &body).unwrap();
    let verify = || files.verify(&["--checkpoint", text(&kept)]);
    let (exit, document) = verify();
    assert_eq!((exit, codes(&document)), (0, vec![]), "{document:#}");

    // An operator goes back to the older copy, and leaves nothing outside that would say so.
    files.copy("older.db", "writ.db");
    std::fs::remove_file(files.path("ledger.checkpoint")).unwrap();
    let (exit, document) = verify();
    assert_eq!((exit, codes(&document)), (1, vec!["ledger_rolled_back"]), "{document:#}");
    let server = wiring::start(home.settings()).await.unwrap();
    let noted = Record::new("test.noted", None, jiff::Timestamp::now(), json!({}));
    server.store.append(&vec![noted; 50]).await.unwrap();
    server.stop().await;
    assert_eq!(files.verify(&[]).0, 0, "by itself, the other history is sound");
    let (exit, document) = verify();
    assert_eq!((exit, codes(&document)), (1, vec!["ledger_forked"]), "{document:#}");
    assert_eq!(document["compared_checkpoints"], json!([text(&kept)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_over_an_old_ledger_is_refused_and_adopted_for_a_reason() {
    let (home, files) = stopped().await;
    files.verify(&[]);
    files.copy("key", "old-key");
    std::fs::remove_file(files.path("ledger.key")).unwrap();
    let told = refused(&home).await;
    assert!(told.contains("[ledger_key_new]"), "{told}");
    assert!(!files.path("ledger.key").exists(), "no key is made for a ledger that has one");
    std::fs::write(files.path("ledger.key"), {
        use secrecy::ExposeSecret as _;
        let other = SignerKey::from_seed("example.com/ledger", [9; 32]).unwrap();
        other.to_secret_text().expose_secret().to_owned()
    })
    .unwrap();
    let told = refused(&home).await;
    assert!(told.contains("[ledger_key_new]"), "{told}");
    let (exit, told) = files.change("rotate-key", &[]);
    assert!(exit == 1 && told.contains("ledger_key_new"), "{exit} {told}");

    let (exit, told) = files.change("adopt", &["--reason", "the disk with the key died"]);
    assert_eq!(exit, 0, "{told}");
    wiring::start(home.settings()).await.unwrap().stop().await;
    // Whoever knows both keys can verify all of it.
    let (exit, document) = files.verify(&[]);
    assert!(exit == 1 && codes(&document).contains(&"checkpoint_key_unknown"), "{document:#}");
    let both =
        [std::fs::read(files.path("old-key")).unwrap(), std::fs::read(files.path("key")).unwrap()].concat();
    std::fs::write(files.path("both"), both).unwrap();
    let (exit, document) = files.verify_with("both", &[]);
    assert_eq!(exit, 0, "{document:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_replaced_by_one_that_it_signs() {
    let (home, files) = stopped().await;
    files.verify(&[]);
    files.copy("key", "old-key");
    files.copy("ledger.key", "old-ledger.key");
    files.copy("ledger.checkpoint", "kept");
    let (exit, told) = files.change("rotate-key", &[]);
    assert_eq!(exit, 0, "{told}");
    wiring::start(home.settings()).await.unwrap().stop().await;
    // Either key verifies all of it, also against what the old one signed.
    let kept = files.path("kept");
    for (exit, document) in [
        files.verify(&["--checkpoint", text(&kept)]),
        files.verify_with("old-key", &["--checkpoint", text(&kept)]),
    ] {
        assert_eq!(exit, 0, "{document:#}");
        assert!(document["noted"].to_string().contains("was replaced by"), "{document:#}");
    }
    assert_ne!(std::fs::read(files.path("key")).unwrap(), std::fs::read(files.path("old-key")).unwrap());
    assert_eq!(files.kinds().await.iter().filter(|kind| *kind == "ledger.key_rotated").count(), 1);
    // The old key signs nothing any more.
    files.copy("old-ledger.key", "ledger.key");
    let told = refused(&home).await;
    assert!(told.contains("[ledger_key_replaced]"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_was_interrupted_is_finished() {
    let (home, files) = stopped().await;
    files.copy("ledger.key", "old-ledger.key");
    assert_eq!(files.change("rotate-key", &[]).0, 0);
    // As if it had ended before the new key was in its place.
    files.copy("ledger.key", "ledger.next-key");
    files.copy("old-ledger.key", "ledger.key");
    let (exit, told) = files.change("rotate-key", &[]);
    assert_eq!(exit, 0, "{told}");
    assert_eq!(files.kinds().await.iter().filter(|kind| *kind == "ledger.key_rotated").count(), 1);
    wiring::start(home.settings()).await.unwrap().stop().await;
    let (exit, document) = files.verify(&[]);
    assert_eq!(exit, 0, "{document:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_stops_signing_with_a_key_that_was_replaced() {
    let bot = Bot::start().await;
    bot.comment("/help").await;
    bot.reply().await;
    let files = Files(bot.home.data());
    let (exit, told) = files.change("rotate-key", &[]);
    assert_eq!(exit, 0, "{told}");
    let store = bot.running.store.as_ref();
    let size = store.ledger_size().await.unwrap();
    let key = std::fs::read_to_string(files.path("ledger.key")).unwrap();
    let new = SignerKey::parse(&key, "example.com/ledger").unwrap().verifier().into();
    let newest = store.checkpoint().await.unwrap().unwrap();
    assert_eq!(Checkpoint::verify(&newest, &new).unwrap().size, size);
    bot.comment("/help").await;
    bot.settle().await;
    let operations = bot.running.operations;
    let told = async {
        loop {
            let ready = Request::get("/readyz").send(operations).await;
            assert_eq!(ready.status, 200, "deliveries are taken");
            if ready.text.contains("the ledger is not signed any more: ") {
                return ready.text;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await.expect("readiness says so");
    assert!(told.contains("the signing key was replaced: restart with the new one"), "{told}");
    assert_eq!(
        bot.running.store.checkpoint().await.unwrap().unwrap(),
        newest,
        "the old key signs nothing more"
    );
    bot.running.stop().await;
    let (_, document) = files.verify(&[]);
    assert_eq!(document["sealed"], json!(size), "nothing is signed after it: {document:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_does_not_sign_what_replaces_its_history() {
    let (_home, files) = stopped().await;
    let store = SqliteStore::open(&files.path("writ.db")).await.unwrap();
    let key = std::fs::read_to_string(files.path("ledger.key")).unwrap();
    let notary = Notary::new(SignerKey::parse(&key, "example.com/ledger").unwrap());
    notary.seal(&store).await.unwrap();
    // Somebody deletes what was signed, so that the database itself knows of no checkpoint.
    let mut connection = stored::connect(&files.path("writ.db")).await;
    stored::run_sql(&mut connection, "DROP TRIGGER checkpoints_delete; DELETE FROM checkpoints").await;
    let told = notary.seal(&store).await.unwrap_err().to_string();
    assert!(told.contains("was deleted"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_branch_of_checkpoints_refuses_what_the_file_cannot_know() {
    let branch = |settings: &mut writ::cli::settings::Settings| {
        settings.server.ledger.checkpoint_branch = Some("writ-checkpoints".parse().unwrap());
    };
    let bot = Bot::on(Home::seeded(), branch).await;
    bot.comment("/help").await;
    bot.reply().await;
    let Bot { home, running, .. } = bot;
    running.stop().await;
    let files = Files(home.data());
    let shown = |what: &str| home.repository.git(&["show", what]);
    let kept = std::fs::read_to_string(files.path("ledger.checkpoint")).unwrap();
    assert_eq!(shown("writ-checkpoints:checkpoint").trim(), kept.trim());
    // An older copy with the file of its time, and one more record, on the branch only.
    let older = ["writ.db", "ledger.checkpoint"];
    older.iter().for_each(|name| files.copy(name, &format!("older-{name}")));
    let mut settings = home.settings();
    branch(&mut settings);
    let running = wiring::start(settings.clone()).await.unwrap();
    running
        .store
        .append(&[Record::new("test.noted", None, jiff::Timestamp::now(), json!({}))])
        .await
        .unwrap();
    running.stop().await;
    assert_eq!(home.repository.git(&["rev-list", "--count", "writ-checkpoints"]).trim(), "2");
    older.iter().for_each(|name| files.copy(&format!("older-{name}"), name));
    let told = match wiring::start(settings.clone()).await {
        Ok(_) => panic!("it starts"),
        Err(error) => format!("{error:#}"),
    };
    assert!(told.contains("[ledger_rolled_back]") && told.contains("branch `writ-checkpoints`"), "{told}");
    // The way on names what is left behind.
    std::fs::write(files.path("left"), shown("writ-checkpoints:checkpoint") + "\n").unwrap();
    let left = files.path("left");
    let (exit, told) = files.change("adopt", &["--reason", "restored", "--checkpoint", text(&left)]);
    assert_eq!(exit, 0, "{told}");
    wiring::start(settings).await.unwrap().stop().await;
    assert_eq!(home.repository.git(&["rev-list", "--count", "writ-checkpoints"]).trim(), "3");
    assert_eq!(files.verify(&[]).0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_version_did_not_sign_is_named() {
    let home = Home::seeded();
    std::fs::create_dir_all(home.data()).unwrap();
    stored::version_3(&home.data().join("writ.db")).await;
    let files = Files(home.data());
    std::fs::write(files.path("ledger.key"), {
        use secrecy::ExposeSecret as _;
        let key = SignerKey::from_seed("example.com/ledger", [7; 32]).unwrap();
        key.to_secret_text().expose_secret().to_owned()
    })
    .unwrap();
    let mut settings = home.settings();
    settings.server.workers = 0;
    wiring::start(settings).await.unwrap().stop().await;
    let (exit, document) = files.verify(&[]);
    assert!(document["noted"].to_string().contains("leaves 3 to 5 never signed by it"), "{document:#}");
    // Two of its runs are made by hand and were never accepted; nothing else is wrong with it.
    let others = codes(&document).into_iter().filter(|code| *code != "row_differs").count();
    assert_eq!((others, document["unsealed"].clone()), (0, json!(0)), "{exit} {document:#}");
    // It is named once.
    wiring::start(home.settings()).await.unwrap().stop().await;
    assert_eq!(files.kinds().await.iter().filter(|kind| *kind == "ledger.sealed_late").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_server_did_not_sign_is_named() {
    let (_home, files) = stopped().await;
    let key = std::fs::read_to_string(files.path("ledger.key")).unwrap();
    let notary = Notary::new(SignerKey::parse(&key, "example.com/ledger").unwrap());
    let notary = notary.keeping(CheckpointFile::at(files.path("ledger.checkpoint")));
    let store = SqliteStore::open(&files.path("writ.db")).await.unwrap();
    let now = jiff::Timestamp::now();
    // At once, it is the second in which a server signs; ten minutes later it is not.
    for (seconds, named) in [(1, 0), (600, 1)] {
        store.append(&[Record::new("test.noted", None, now, json!({}))]).await.unwrap();
        resumption::resume(&notary, &store, &[], now + Duration::from_secs(seconds)).await.unwrap();
        let kinds = files.kinds().await;
        let found = kinds.iter().filter(|kind| *kind == "ledger.sealed_late").count();
        assert_eq!(found, named, "{seconds} s later: {kinds:?}");
    }
    store.close().await;
    let (exit, document) = files.verify(&[]);
    assert_eq!(exit, 0, "{document:#}");
    assert!(document["noted"].to_string().contains("were signed only at a later start"), "{document:#}");
}
