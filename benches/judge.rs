//! Judging a change of one file on a tree of real size, inside one process: cold (library compiled, repository opened,
//! nothing parsed yet) and warm (the same planner, repository and base again, and another head each time).
//!
//! The tree is that of `site/`; the change is `replicas` of the scheduler from 1 to 0.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod site;

use std::sync::LazyLock;
use std::time::Duration;

use divan::Bencher;
use site::Site;
use writ::domain::change::between_trees;
use writ::domain::manifest::Manifests;
use writ::domain::names::{BranchName, CommitId, RepositoryName};
use writ::domain::policy::{Documents, Facts, Policies, Situation};
use writ::domain::tree::{FileWrite, Snapshot};
use writ::ports::child::Children;
use writ::ports::git::{CommitDraft, Git as _, Repository};
use writ::ports::library::Library;
use writ::service::head::{HeadAnswer, HeadRequest};
use writ::service::heads::{Greeting, Heads, JudgedRepository};
use writ::service::judging::Judged;
use writ::service::planning::Planner;

fn main() {
    println!("tree: {}", STAGE.site.tree.display());
    divan::main();
}

struct Stage {
    site: Site,
    /// Commits that differ in a comment beside `replicas`.
    heads: Vec<CommitId>,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let site = Site::new();
    let repository = site.repository();
    let base = repository.snapshot(&site.base, site::GITOPS_PATH).expect("a snapshot");
    let path = format!("{}/scheduler-deployment.yaml", site::GITOPS_PATH);
    let text = base.files[&path].text().expect("UTF-8");
    let head = |number: usize| {
        let text = text.replace("  replicas: 1", &format!("  replicas: 0 # {number}"));
        let draft = CommitDraft {
            base: site.base.clone(),
            writes: vec![FileWrite { path: path.clone(), bytes: text.into_bytes() }],
            message: "replicas\n".to_owned(),
            at: "2026-08-22T10:30:00Z".parse().expect("a time"),
        };
        repository.commit(&draft).expect("a commit")
    };
    Stage { heads: (0..500).map(head).collect(), site }
});

fn planner() -> Planner {
    Planner::compile(&Library::embedded(), None).expect("the embedded library is valid")
}

fn judge(planner: &Planner, repository: &Repository, head: &CommitId) -> Judged {
    planner.judge().judge_change(repository, &STAGE.site.base, head, None).expect("a verdict")
}

/// Aim: at most 40 ms.
#[divan::bench]
fn cold(bencher: Bencher<'_, '_>) {
    bencher.bench(|| judge(&planner(), &STAGE.site.repository(), &STAGE.heads[0]));
}

/// Aim: at most 10 ms.
#[divan::bench]
fn warm(bencher: Bencher<'_, '_>) {
    let (planner, repository) = (planner(), STAGE.site.repository());
    judge(&planner, &repository, &STAGE.heads[0]);
    let mut heads = STAGE.heads.iter().cycle().skip(1);
    let next = || heads.next().expect("a cycle has no end");
    bencher.with_inputs(next).bench_local_values(|head| judge(&planner, &repository, head));
}

/// The same as [`warm`], in a child process as the server does it: the cost of the process boundary.
#[divan::bench]
fn warm_in_a_child(bencher: Bencher<'_, '_>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let name = RepositoryName::try_from("example/lab".to_owned()).expect("a name");
    let base = BranchName::try_from("main".to_owned()).expect("a branch");
    let greeting = Greeting {
        policies: Library::embedded().policies,
        repositories: vec![JudgedRepository {
            name: name.clone(),
            mirror: STAGE.site.repository().path().to_owned(),
            base,
            gitops_path: site::GITOPS_PATH.to_owned(),
            watch: Vec::new(),
        }],
        cache_bytes: 64 << 20,
    };
    let arguments =
        ["judge-heads", "--memory-mib", "1024", "--cpu-seconds", "20"].map(str::to_owned).to_vec();
    let greeting = serde_json::to_vec(&greeting).expect("JSON");
    let program = env!("CARGO_BIN_EXE_writ").into();
    let heads = Heads::new(Children::new(program, arguments, greeting, Duration::from_secs(60)));
    let judge = |head: &CommitId| {
        let (repository, head) = (name.clone(), head.clone());
        let request = HeadRequest { repository, head, asked: None, claims: Vec::new() };
        match runtime.block_on(heads.judge(&request)) {
            HeadAnswer::Judged(judgement) => judgement,
            other => panic!("{other:?}"),
        }
    };
    judge(&STAGE.heads[0]);
    let mut heads = STAGE.heads.iter().cycle().skip(1);
    let next = || heads.next().expect("a cycle has no end");
    bencher.with_inputs(next).bench_local_values(judge);
}

fn sides() -> (Snapshot, Snapshot) {
    let repository = STAGE.site.repository();
    let snapshot = |commit| repository.snapshot(commit, site::GITOPS_PATH).expect("a snapshot");
    (snapshot(&STAGE.site.base), snapshot(&STAGE.heads[0]))
}

/// What of `warm` is comparing the files by name.
#[divan::bench]
fn changes_alone(bencher: Bencher<'_, '_>) {
    let ((base, head), manifests) = (sides(), Manifests::default());
    bencher.bench(|| between_trees(&base, &head, &manifests));
}

/// What of `warm` is pairing the objects, both sides being known.
#[divan::bench]
fn facts_alone(bencher: Bencher<'_, '_>) {
    let ((base, head), documents) = (sides(), Documents::new());
    let planner = planner();
    let target = planner.judge().target();
    let situation = Situation { target, base: &base, changes: &[], provenance: None };
    bencher.bench(|| Facts::of_trees(&situation, &head, &documents));
}

/// What of `warm` is the rules.
#[divan::bench]
fn rules_alone(bencher: Bencher<'_, '_>) {
    let ((base, head), documents) = (sides(), Documents::new());
    let changes = between_trees(&base, &head, &Manifests::default());
    let planner = planner();
    let target = planner.judge().target();
    let situation = Situation { target, base: &base, changes: &changes, provenance: None };
    let facts = Facts::of_trees(&situation, &head, &documents);
    let policies = Policies::compile(&Library::embedded().policies).expect("valid policies");
    bencher.bench(|| policies.evaluate(&facts));
}
