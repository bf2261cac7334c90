//! The body of a pull request in a verifier's hands: whatever was changed in it is found, and its proof is always whole.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use writ::domain::ledger::{Proof, VerifierKeys, extract, shown};
use writ::domain::names::RunId;
use writ::ports::forge::conversation::ShownPull;
use writ::service::body::LONGEST_BODY;

use crate::support::bot::{Bot, Home};
use crate::support::manifests;

const RESTART: &str = "/actuate restart-ws reason=\"feed is stuck\" confirm=ACTUATE_TORGHUT";
const WIDE: &str = "/actuate wide reason=\"a great many\" confirm=ACTUATE_TORGHUT";
/// How many fields the procedure `wide` sets.
const FIELDS: usize = 70;

async fn proposed(bot: &Bot, command: &str) -> (RunId, ShownPull) {
    let run = bot.comment(command).await;
    let reply = bot.reply().await;
    assert!(reply.contains("**Proposed:**"), "{reply}");
    (run, bot.pulls().await.remove(0))
}

/// `writ audit verify-pr` on a body.
fn verify_pr(bot: &Bot, body: &str) -> Output {
    let folder = TempDir::new().unwrap();
    let (body_file, key) = (folder.path().join("body.md"), folder.path().join("key"));
    std::fs::write(&body_file, body).unwrap();
    std::fs::write(&key, &bot.running.verifier).unwrap();
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let mut command = Command::new(env!("CARGO_BIN_EXE_writ"));
    command.args(["audit", "verify-pr", "--body", &path(&body_file), "--key", &path(&key)]);
    command.output().unwrap()
}

fn assert_genuine(bot: &Bot, body: &str) {
    let output = verify_pr(bot, body);
    assert_eq!(output.status.code(), Some(0), "{output:?}\n{body}");
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("text     covered: all "), "{told}");
}

/// What is said of a body that is not as it was written.
fn denied(bot: &Bot, body: &str) -> String {
    let output = verify_pr(bot, body);
    assert_eq!(output.status.code(), Some(1), "{output:?}\n{body}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("[body_differs]"), "{told}");
    told
}

#[tokio::test]
async fn whatever_is_changed_in_a_body_is_found_and_its_section_named() {
    let bot = Bot::start().await;
    let (run, pull) = proposed(&bot, RESTART).await;
    let body = pull.pull.body;
    assert_genuine(&bot, &body);
    assert_genuine(&bot, &body.replace('\n', "\r\n"));
    assert_genuine(&bot, &format!("{body}\n"));

    let undo = "It needs no undoing";
    let cases = [
        ("feed is stuck", "feed is slow", "Request"),
        ("Requested by `ada`", "Requested by `eve`", "Request"),
        ("risk `restoring`", "risk `containment`", "Request"),
        ("## Policies: allow", "## Policies: warn", "Policies: allow"),
        (undo, "It needs a lot of undoing", "How to undo it"),
        ("someone other than `ada`", "nobody other than `ada`", "Summary"),
        ("| `Deployment", "| `Service", "Summary"),
        ("every other byte", "every second byte", "Testing"),
        ("| plan | `sha256:", "| plan | `sha256:0", "Proof"),
        (run.as_str(), "aaaaaaaaaaaaaaaa", "Proof"),
    ];
    for (from, to, section) in cases {
        assert!(body.contains(from), "{from} in\n{body}");
        let told = denied(&bot, &body.replacen(from, to, 1));
        assert!(told.contains(&format!("the section `{section}`")), "{from}: {told}");
    }
    let added = denied(&bot, &format!("<!-- -->\n{body}"));
    assert!(added.contains("the part before the first heading that was added"), "{added}");
    let extra = body.replacen("\nindex ", "\nextra Ym9ndXM=\nindex ", 1);
    assert!(denied(&bot, &extra).contains("in its proof that nothing vouches for"), "{extra}");
}

#[tokio::test]
async fn no_visible_line_can_be_changed_dropped_doubled_or_moved() {
    let bot = Bot::start().await;
    let (_, pull) = proposed(&bot, RESTART).await;
    let embedded = extract(&pull.pull.body).unwrap();
    let keys = VerifierKeys::parse(&bot.running.verifier).unwrap();
    let record = Proof::parse(&embedded.proof).unwrap().verify(&embedded.record, &keys).unwrap().record;
    let lines: Vec<&str> = embedded.visible.lines().collect();
    let differs = |lines: &[&str]| !shown::differences(&lines.join("\n"), &record).is_empty();
    assert!(!differs(&lines) && lines.len() > 50, "{lines:?}");
    for at in 0..lines.len() {
        let marked = format!("{}.", lines[at]);
        let spaced = format!(" {}", lines[at]);
        let hidden = format!("<!-- {} -->", lines[at]);
        for line in [&marked, &spaced, &hidden] {
            let mut changed = lines.clone();
            changed[at] = line;
            assert!(differs(&changed), "{line:?}");
        }
        let mut doubled = lines.clone();
        doubled.insert(at, lines[at]);
        let mut dropped = lines.clone();
        dropped.remove(at);
        let is_edge = lines[at..].iter().all(|line| line.is_empty());
        assert!(is_edge || differs(&doubled) && differs(&dropped), "{:?}", lines[at]);
        if at > 0 && lines[at] != lines[at - 1] {
            let mut moved = lines.clone();
            moved.swap(at, at - 1);
            assert!(differs(&moved), "{:?}", lines[at]);
        }
    }
}

/// A kustomization that lists the wide manifest, too; any other text as it is.
fn listing(text: &str) -> String {
    text.replacen("resources:\n", "resources:\n  - wide.yaml\n", 1)
}

/// A bot with a procedure that sets many long fields.
async fn wide(key: &str, value: &str) -> (Bot, TempDir) {
    let values: String =
        (0..FIELDS).map(|number| format!("  key-{number}{key}: {value}{number}\n")).collect();
    let file = format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: wide\ndata:\n{values}");
    let edit = |number| {
        format!("      - {{object: wide, op: replace, at: /data/key-{number}{key}, value: new-{number}}}\n")
    };
    let edits: String = (0..FIELDS).map(edit).collect();
    let procedure = format!(
        "schema: writ.procedure/v1\nname: wide\nversion: 1\nsummary: Sets a great many fields.\nrisk: restoring\n\
         confirmation: ACTUATE_TORGHUT\nobjects:\n  wide: {{file: wide.yaml, kind: ConfigMap, name: wide}}\n\
         variants:\n  - name: all\n    when:\n      - {{object: wide, exists: true}}\n    edits:\n{edits}    effects:\n\
         \x20     - {{name: set, check: {{object: wide, at: /data/key-0{key}, equals: new-0}}}}\n    words:\n      \
         title: \"chore(torghut): set many\"\n      commit: Set a great many fields.\n      already: all are set\n"
    );
    let library = TempDir::new().unwrap();
    std::fs::create_dir(library.path().join("patches")).unwrap();
    std::fs::write(library.path().join("patches/wide.yaml"), procedure).unwrap();
    let mut files: Vec<(String, String)> =
        manifests::all().into_iter().map(|(path, text)| (path, listing(text))).collect();
    files.push((format!("{}/wide.yaml", manifests::ROOT), file));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let folder = library.path().to_owned();
    (Bot::on(Home::with(&files), |settings| settings.server.library = Some(folder)).await, library)
}

#[tokio::test]
async fn a_huge_plan_shrinks_its_tables_and_never_its_proof() {
    // Each `|` is two characters in a table's cell, and each invisible one is shown as eight.
    let (bars, invisible) = ("|".repeat(250), "\u{200b}".repeat(1_000));
    let cases = [
        ("", "v".repeat(10), "change.planned", 30),
        ("", "v".repeat(300), "change.listed", 30),
        ("", "v".repeat(4_000), "change.listed", 30),
        (&bars, format!("v{invisible}"), "change.listed", 10),
    ];
    for (key, value, kind, rows) in cases {
        let (bot, _library) = wide(key, &value).await;
        let (run, pull) = proposed(&bot, WIDE).await;
        let body = &pull.pull.body;
        let length = body.chars().count();
        assert!(length <= LONGEST_BODY && length > 10_000, "{length}");
        assert_genuine(&bot, body);
        assert!(body.contains(&format!(
            "… and {} more; the check run `writ/policy` and `writ audit show {run}` have them all.",
            FIELDS - rows
        )));
        assert!(body.trim_end().ends_with("</details>"), "{body}");
        let shown = bot.record(&run, kind).await;
        assert_eq!(shown["body"]["changes"].as_array().unwrap().len(), FIELDS);

        // What the body's record has no room for, a rollback still finds.
        bot.merge(&run).await;
        bot.comment(&format!("/rollback {run} reason=\"too much\" confirm=ACTUATE_TORGHUT")).await;
        let reply = bot.reply().await;
        assert!(reply.contains("**Proposed:**"), "{reply}");
        assert_genuine(&bot, &bot.pulls().await.remove(0).pull.body);
    }
}

#[tokio::test]
async fn a_text_without_room_for_its_proof_is_refused_before_anything_is_made() {
    let library = TempDir::new().unwrap();
    std::fs::create_dir(library.path().join("templates")).unwrap();
    let text = format!("{}\n{{{{ proof }}}}\n", "word ".repeat(13_000));
    std::fs::write(library.path().join("templates/pull_request.md"), text).unwrap();
    let folder = library.path().to_owned();
    let bot = Bot::on(Home::seeded(), |settings| settings.server.library = Some(folder)).await;
    bot.comment(RESTART).await;
    let reply = bot.reply().await;
    assert!(reply.contains("(`body_too_long`)"), "{reply}");
    assert!(bot.pulls().await.is_empty() && bot.branches().is_empty());
}
