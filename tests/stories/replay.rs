//! A past decision, made again: the same commit and verdict from what was recorded, or the reason why not.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use writ::domain::names::{IssueNumber, RunId};

use crate::support::bot::{Bot, Home};
use crate::support::manifests;
use crate::support::pulls::scheduler;
use crate::support::repository::TestRepository;

const PAUSE: &str = "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT";
const RESTART: &str = "/actuate restart-ws reason=\"feed is stuck\" confirm=ACTUATE_TORGHUT";

/// A rule that denies every change of a number of replicas.
const NO_REPLICAS: &str = r#"# METADATA
# title: Replicas stay
# description: Nobody changes replicas.
# custom:
#   codes:
#     replicas_changed: The number of replicas would change.
package writ.replicas_stay

import rego.v1

import data.writ.lib.objects

deny contains objects.finding("replicas_changed", "replicas would change", change.path, change.pointer, "leave it") if {
	some change in input.changes
	change.pointer == "/spec/replicas"
}
"#;

fn replay(bot: &Bot, arguments: &[&str]) -> (i32, Value, String) {
    let database = bot.home.data().join("writ.db");
    let mut command = Command::new(env!("CARGO_BIN_EXE_writ"));
    command.arg("replay").args(arguments).args(["--database", path(&database), "--format", "json"]);
    let Output { status, stdout, stderr } = command.output().unwrap();
    let report = serde_json::from_slice(&stdout).unwrap_or(Value::Null);
    (status.code().unwrap(), report, String::from_utf8(stderr).unwrap())
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A run, as it is in a report.
fn of<'r>(report: &'r Value, run: &RunId) -> &'r Value {
    let runs = report["runs"].as_array().unwrap();
    runs.iter().find(|entry| entry["run"] == run.as_str()).unwrap_or_else(|| panic!("{run} in {report:#}"))
}

async fn said(bot: &Bot, comment: &str, wanted: &str) -> RunId {
    let run = bot.comment(comment).await;
    let reply = bot.reply().await;
    assert!(reply.contains(wanted), "{comment}: {reply}");
    run
}

async fn change_database(bot: &Bot, sql: &str) {
    let options = SqliteConnectOptions::new().filename(bot.home.data().join("writ.db"));
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn past_runs_come_to_the_same_commit_and_verdict_with_the_library_of_that_day() {
    let mut files = manifests::all();
    files.push((format!("{}/ta/flinkdeployment.yaml", manifests::ROOT), manifests::TA));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let bot = Bot::on(Home::with(&files), |_| {}).await;
    let paused = said(&bot, PAUSE, "**Proposed:**").await;
    let pull = bot.pulls().await.remove(0).pull;
    bot.merge(&paused).await;
    let undone = said(
        &bot,
        &format!("/rollback {paused} reason=\"a false alarm\" confirm=ACTUATE_TORGHUT"),
        "**Proposed:**",
    )
    .await;
    let shown = said(&bot, "/plan restart-ws", "**Plan:**").await;
    let again = said(&bot, "/plan pause-trading", "no_change").await;
    said(&bot, "/help", "pause-trading").await;

    // The next release has another library, and another address.
    let library = TempDir::new().unwrap();
    std::fs::create_dir_all(library.path().join("templates")).unwrap();
    std::fs::write(library.path().join("templates/pull_request.md"), "Another text.\n\n{{ proof }}\n")
        .unwrap();
    let folder = library.path().to_owned();
    let bot = bot
        .restart(|settings| {
            settings.server.library = Some(folder);
            settings.server.public_url = Some("https://writ.example".to_owned());
        })
        .await;
    let later = said(&bot, RESTART, "**Proposed:**").await;

    let (exit, report, told) = replay(&bot, &["--all"]);
    assert_eq!(exit, 0, "{report:#}{told}");
    assert_eq!(report["schema"], "writ.replay/v1");
    // The rest are the verdicts on our own pull requests.
    let plans = report["runs"].as_array().unwrap().iter().filter(|run| run["pull"].is_null()).count();
    assert_eq!((plans, &report["counts"]["same"]), (5, &report["runs"].as_array().unwrap().len().into()));
    for run in [&paused, &undone, &shown, &again, &later] {
        assert_eq!(of(&report, run)["result"], "same", "{report:#}");
    }
    assert_eq!(of(&report, &paused)["commit"], pull.head.as_str());
    assert_eq!(of(&report, &again)["commit"], Value::Null);
    let record = bot.record(&later, "change.planned").await;
    assert_ne!(record["body"]["library"], bot.record(&paused, "change.planned").await["body"]["library"]);
}

#[tokio::test]
async fn record_and_body_name_everything_that_a_decision_was_made_with() {
    let bot = Bot::start().await;
    let run = said(&bot, PAUSE, "**Proposed:**").await;
    let record = bot.record(&run, "change.planned").await;
    let body = bot.pulls().await.remove(0).pull.body;
    let materials = &record["body"]["materials"];
    for name in ["program", "library", "procedure", "policies", "templates", "lanes", "target", "gitops_path"]
    {
        let value = materials[name].as_str().unwrap_or_else(|| panic!("{name} in {materials:#}"));
        assert!(!value.is_empty() && body.contains(&format!("`{value}`")), "{name}: {value} in\n{body}");
    }
    assert_eq!(materials["program"], concat!("writ ", env!("CARGO_PKG_VERSION")));
    assert_eq!(&bot.record(&run, "verdict.given").await["body"]["materials"], materials);
}

#[tokio::test]
async fn what_is_gone_is_not_replayable_and_what_was_changed_is_found() {
    let bot = Bot::start().await;
    let run = said(&bot, PAUSE, "**Proposed:**").await;
    let shown = said(&bot, "/plan restart-ws", "**Plan:**").await;
    let helped = said(&bot, "/help", "pause-trading").await;
    assert_eq!(replay(&bot, &[run.as_str()]).0, 0);

    let elsewhere = TestRepository::bare();
    let (exit, report, _) = replay(&bot, &[run.as_str(), "--repo", path(elsewhere.path())]);
    assert_eq!((exit, of(&report, &run)["code"].as_str()), (1, Some("not_replayable")), "{report:#}");
    assert!(of(&report, &run)["differences"][0].as_str().unwrap().contains("is not in the repository"));
    let (exit, error, _) = replay(&bot, &[helped.as_str()]);
    assert_eq!((exit, error["code"].as_str()), (1, Some("not_replayable")), "{error:#}");
    let (exit, error, _) = replay(&bot, &["aaaaaaaaaaaaaaaa"]);
    assert_eq!((exit, error["code"].as_str()), (1, Some("unknown_run")), "{error:#}");
    assert_eq!(replay(&bot, &[]).0, 2, "a run or --all");

    // What no leaf holds is compared with what follows from it.
    let facts = "UPDATE runs SET facts = replace(facts, '\"variant\":\"', '\"variant\":\"other-')";
    change_database(&bot, &format!("{facts} WHERE id = '{shown}'")).await;
    let (exit, report, _) = replay(&bot, &[shown.as_str()]);
    assert_eq!((exit, of(&report, &shown)["code"].as_str()), (1, Some("replay_differs")), "{report:#}");
    assert!(report.to_string().contains("`variant` was "), "{report:#}");

    change_database(&bot, "UPDATE libraries SET files = replace(files, 'containment', 'restoring')").await;
    let (exit, report, _) = replay(&bot, &[run.as_str()]);
    assert!(exit == 1 && report.to_string().contains("was altered in the database"), "{report:#}");
    change_database(&bot, "DELETE FROM libraries").await;
    let (exit, report, _) = replay(&bot, &["--all"]);
    assert_eq!((exit, report["counts"]["not_replayable"].as_u64()), (1, Some(2)), "{report:#}");
    assert!(report.to_string().contains("is not stored"), "{report:#}");
}

#[tokio::test]
async fn changed_policies_tell_which_past_decisions_they_would_alter() {
    let bot = Bot::start().await;
    let paused = said(&bot, PAUSE, "**Proposed:**").await;
    let restarted = said(&bot, RESTART, "**Proposed:**").await;
    let policies = TempDir::new().unwrap();
    std::fs::write(policies.path().join("notes.txt"), "none yet\n").unwrap();
    let (exit, report, told) = replay(&bot, &["--all", "--policies", path(policies.path())]);
    assert_eq!((exit, report["counts"]["same"].as_u64()), (0, Some(2)), "{report:#}{told}");

    std::fs::write(policies.path().join("replicas_stay.rego"), NO_REPLICAS).unwrap();
    let (exit, report, told) = replay(&bot, &["--all", "--policies", path(policies.path())]);
    assert_eq!(exit, 1, "{report:#}{told}");
    let altered = of(&report, &paused);
    assert_eq!(
        (altered["result"].as_str(), altered["code"].as_str()),
        (Some("altered"), Some("decision_altered"))
    );
    assert_eq!(altered["differences"][0], "allow -> deny");
    assert!(
        altered["differences"][1].as_str().unwrap().starts_with("+deny `replicas_changed` at "),
        "{altered:#}"
    );
    assert_eq!(of(&report, &restarted)["result"], "same");

    std::fs::write(policies.path().join("broken.rego"), "package writ.broken\n\ndeny contains").unwrap();
    let (exit, error, _) = replay(&bot, &["--all", "--policies", path(policies.path())]);
    assert_eq!((exit, error["code"].as_str()), (2, Some("library_invalid")), "{error:#}");
    assert_eq!(replay(&bot, &["--all", "--policies", "/nowhere"]).0, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_on_pull_requests_of_others_are_given_again() {
    let bot = Bot::start().await;
    let stopped = manifests::SCHEDULER.replace("replicas: 1", "replicas: 0");
    let docs = [("docs/torghut/runbook.md", "words\n")];
    let allowed = bot.propose_from_fork("safer", &[(&scheduler(), &stopped)]).await;
    // Denied for what its branch claims, which is not among the files.
    let denied = bot.propose("codex/torghut-v3-A-20260822-run-1", &docs).await;
    let planned = said(&bot, RESTART, "**Proposed:**").await;
    let own = bot.pulls().await.into_iter().map(|pull| pull.pull.number).max().unwrap();
    bot.tell("opened", own).await;
    bot.settle().await;
    let (exit, report, told) = replay(&bot, &["--all"]);
    assert_eq!(exit, 0, "{report:#}{told}");
    assert_eq!(of(&report, &planned)["pull"], Value::Null, "a plan");
    let on = |report: &Value, pull: IssueNumber| {
        let runs = report["runs"].as_array().unwrap();
        let found = runs.iter().find(|run| run["pull"] == pull.0);
        found.unwrap_or_else(|| panic!("#{pull} in {report:#}")).clone()
    };
    for (pull, decision) in [(allowed, "allow"), (denied, "deny"), (own, "allow")] {
        let replayed = on(&report, pull);
        assert_eq!(
            (&replayed["result"], &replayed["decision"]),
            (&"same".into(), &decision.into()),
            "{report:#}"
        );
        assert_eq!(replayed["procedure"], Value::Null);
        let run = replayed["run"].as_str().unwrap();
        assert_eq!(replay(&bot, &[run]).0, 0);
    }

    let elsewhere = TestRepository::bare();
    let (exit, report, _) = replay(&bot, &["--all", "--repo", path(elsewhere.path())]);
    let gone = on(&report, allowed);
    assert_eq!((exit, gone["code"].as_str()), (1, Some("not_replayable")), "{report:#}");
    assert!(gone["differences"][0].as_str().unwrap().contains("is not in the repository"), "{gone:#}");

    let policies = TempDir::new().unwrap();
    std::fs::write(policies.path().join("replicas_stay.rego"), NO_REPLICAS).unwrap();
    let (exit, report, _) = replay(&bot, &["--all", "--policies", path(policies.path())]);
    assert_eq!((exit, on(&report, allowed)["code"].as_str()), (1, Some("decision_altered")), "{report:#}");
    assert_eq!(on(&report, denied)["result"], "same", "{report:#}");
}
