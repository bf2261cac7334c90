//! Heads of strangers that take more than judging may take: each costs one check run, and nobody else anything.

use std::time::Duration;

use writ::domain::names::CommitId;
use writ::domain::policy::Circumstances;
use writ::domain::pull::Conclusion;
use writ::ports::child::Children;
use writ::ports::forge::check::CheckStatus;
use writ::ports::forge::conversation::ShownCheck;
use writ::ports::library::Library;
use writ::service::head::{HeadAnswer, HeadRequest};
use writ::service::heads::{Greeting, Heads, JudgedRepository};

use crate::support::bot::{Bot, Home, repository_name};
use crate::support::http::Request;
use crate::support::manifests::{KUSTOMIZATION, ROOT, SCHEDULER};
use crate::support::pulls::scheduler;

/// A folder of documents that the policies take long over: no budget is exceeded by it.
fn many_documents() -> Vec<(String, String)> {
    let one = |number| {
        format!(
            "apiVersion: v1
kind: ConfigMap
metadata: {{name: a{number}}}
data: {{k: v}}
"
        )
    };
    let file = |file: usize| {
        let documents: Vec<String> = (file * 10_000..(file + 1) * 10_000).map(one).collect();
        (
            format!("{ROOT}/many{file}.yaml"),
            documents.join(
                "---
",
            ),
        )
    };
    (0..3).map(file).collect()
}

/// Files of few large values, within the budget of nodes and bytes.
fn large_values() -> Vec<(String, String)> {
    let text = "x".repeat(900_000);
    let file = |number| {
        let values = (0..2).map(|key| format!("  k{key}: \"{text}\"\n"));
        let head = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a{number}}}\ndata:\n");
        (format!("{ROOT}/a{number}.yaml"), head + &values.collect::<String>())
    };
    (0..12).map(file).collect()
}

/// The files, and the kustomization that names them.
fn listed(files: &[(String, String)]) -> Vec<(String, String)> {
    let names: Vec<_> = files.iter().filter_map(|(path, _)| path.strip_prefix(&format!("{ROOT}/"))).collect();
    let names: String = names.iter().map(|name| format!("  - {name}\n")).collect();
    let kustomization = (format!("{ROOT}/kustomization.yaml"), format!("{KUSTOMIZATION}{names}"));
    files.iter().cloned().chain([kustomization]).collect()
}

async fn propose(bot: &Bot, branch: &str, files: &[(String, String)]) -> (CommitId, ShownCheck) {
    let files = listed(files);
    let files: Vec<_> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
    let pull = bot.propose_from_fork(branch, &files).await;
    let head = bot.home.repository.git(&["rev-parse", &format!("refs/pull/{pull}/head")]);
    let head: CommitId = head.trim().parse().unwrap();
    let check = bot.check(&head).await;
    (head, check)
}

fn is_stopped(check: &ShownCheck) {
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Failure)), "{check:#?}");
    assert!(
        check.title.contains("judging_stopped") || check.summary.contains("judging_stopped"),
        "{check:#?}"
    );
}

/// An ordinary head is judged, and a pause is proposed.
async fn works(bot: &Bot) {
    bot.propose_from_fork("safer", &[(&scheduler(), &SCHEDULER.replace("replicas: 1", "replicas: 0"))]).await;
    bot.settle().await;
    bot.comment("/actuate pause-trading reason=\"errors\" confirm=ACTUATE_TORGHUT").await;
    assert!(bot.reply().await.contains("**Proposed:**"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_takes_too_much_time_fails_its_check_and_nothing_else() {
    let bot = Bot::on(Home::seeded(), |settings| settings.server.judge.seconds = 1).await;
    let (_, check) = propose(&bot, "slow", &many_documents()).await;
    is_stopped(&check);
    works(&bot).await;
    assert!(metrics(&bot).await.contains("writ_judging_stopped_total{reason=\"took_too_long\"} 1\n"));
}

async fn metrics(bot: &Bot) -> String {
    Request::get("/metrics").send(bot.running.operations).await.text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_takes_too_much_memory_fails_its_check_and_nothing_else() {
    let bot = Bot::on(Home::seeded(), |settings| settings.server.judge.memory_mib = 48).await;
    let (_, check) = propose(&bot, "large", &large_values()).await;
    is_stopped(&check);
    works(&bot).await;
    assert!(metrics(&bot).await.contains("writ_judging_stopped_total{reason=\"died\"} 1\n"));
}

/// The limit of CPU time is the system's: it holds, however patient who waits is.
#[tokio::test(flavor = "multi_thread")]
async fn the_system_stops_a_head_that_takes_too_much_of_the_processor() {
    let home = Home::seeded();
    let files = listed(&many_documents());
    let files: Vec<_> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
    home.repository.git(&["branch", "slow", "main"]);
    let head = home.repository.commit("slow", &files);
    let greeting = Greeting {
        policies: Library::embedded().policies,
        repositories: vec![JudgedRepository {
            name: repository_name(),
            mirror: home.repository.path().to_owned(),
            base: "main".parse().unwrap(),
            gitops_path: ROOT.to_owned(),
            watch: Vec::new(),
        }],
        cache_bytes: 64 << 20,
    };
    let heads = Heads::new(Children::new(
        env!("CARGO_BIN_EXE_writ").into(),
        ["judge-heads", "--memory-mib", "2048", "--cpu-seconds", "1"].map(str::to_owned).to_vec(),
        serde_json::to_vec(&greeting).unwrap(),
        Duration::from_secs(600),
    ));
    let request = HeadRequest {
        repository: repository_name(),
        head,
        asked: None,
        claims: Vec::new(),
        since: None,
        circumstances: Circumstances::default(),
    };
    let answer = heads.judge(&request).await;
    assert!(matches!(&answer, HeadAnswer::Stopped(why) if why.contains("more time")), "{answer:?}");
}
