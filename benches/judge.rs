//! Judging a change of one file on a tree of real size, inside one process: cold (library compiled, repository opened,
//! nothing parsed yet) and warm (the same planner, repository and base again, and another head each time).
//!
//! The tree is that of `site/`; the change is `replicas` of the scheduler from 1 to 0, and in `new_config_maps` so many
//! ConfigMaps in the same file.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod site;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::Duration;

use divan::Bencher;
use site::Site;
use writ::domain::change::between_trees;
use writ::domain::manifest::Manifests;
use writ::domain::names::{BranchName, CommitId, RepositoryName};
use writ::domain::policy::{Circumstances, Documents, Facts, Policies, Situation};
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
    /// Commits with new ConfigMaps, by how many there are.
    with_config_maps: BTreeMap<usize, CommitId>,
}

/// How many ConfigMaps are added.
const CONFIG_MAPS: [usize; 3] = [200, 400, 800];

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let site = Site::new();
    let repository = site.repository();
    let base = repository.snapshot(&site.base, site::GITOPS_PATH).expect("a snapshot");
    let path = format!("{}/scheduler-deployment.yaml", site::GITOPS_PATH);
    let text = base.files[&path].text().expect("UTF-8");
    let commit = |text: String| {
        let draft = CommitDraft {
            base: site.base.clone(),
            writes: vec![FileWrite { path: path.clone(), bytes: text.into_bytes() }],
            message: "bench\n".to_owned(),
            at: "2026-08-22T10:30:00Z".parse().expect("a time"),
        };
        repository.commit(&draft).expect("a commit")
    };
    let head = |number: usize| commit(text.replace("  replicas: 1", &format!("  replicas: 0 # {number}")));
    let with = |count: usize| {
        let maps: String = (0..count).map(config_map).collect();
        (count, commit(format!("{}\n{maps}", text.trim_end())))
    };
    let heads = (0..500).map(head).collect();
    let with_config_maps = CONFIG_MAPS.into_iter().map(with).collect();
    Stage { heads, with_config_maps, site }
});

fn config_map(number: usize) -> String {
    let data: String = (0..5).map(|key| format!("  KEY_{key}: \"value {number}\"\n")).collect();
    format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: more-{number}\ndata:\n{data}")
}

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

/// So many new ConfigMaps. Aim: at most 2 s for 800.
#[divan::bench(args = CONFIG_MAPS, sample_count = 3, sample_size = 1)]
fn new_config_maps(bencher: Bencher<'_, '_>, count: usize) {
    let (planner, repository) = (planner(), STAGE.site.repository());
    bencher.bench_local(|| judge(&planner, &repository, &STAGE.with_config_maps[&count]));
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
        let request = HeadRequest {
            repository,
            head,
            asked: None,
            claims: Vec::new(),
            since: None,
            circumstances: Circumstances::default(),
        };
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
    sides_of(&STAGE.heads[0])
}

fn sides_of(head: &CommitId) -> (Snapshot, Snapshot) {
    let repository = STAGE.site.repository();
    let snapshot = |commit| repository.snapshot(commit, site::GITOPS_PATH).expect("a snapshot");
    (snapshot(&STAGE.site.base), snapshot(head))
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
    let facts = facts_of(&STAGE.heads[0]);
    let policies = Policies::compile(&Library::embedded().policies).expect("valid policies");
    bencher.bench(|| policies.evaluate(&facts));
}

/// What of `rules_alone` is one policy, and what it shares with others.
#[divan::bench(args = policy_files())]
fn one_policy(bencher: Bencher<'_, '_>, file: &str) {
    let (facts, policies) = (facts_of(&STAGE.heads[0]), only(file));
    bencher.bench(|| policies.evaluate(&facts));
}

/// The same for many new objects.
#[divan::bench(args = policy_files(), sample_count = 2, sample_size = 1)]
fn one_policy_of_new_config_maps(bencher: Bencher<'_, '_>, file: &str) {
    let (facts, policies) = (facts_of(&STAGE.with_config_maps[&CONFIG_MAPS[2]]), only(file));
    bencher.bench(|| policies.evaluate(&facts));
}

fn facts_of(head: &CommitId) -> Facts {
    let ((base, head), documents) = (sides_of(head), Documents::new());
    let changes = between_trees(&base, &head, &Manifests::default());
    let planner = planner();
    let target = planner.judge().target();
    let situation = Situation { target, base: &base, changes: &changes, provenance: None };
    Facts::of_trees(&situation, &head, &documents)
}

fn policy_files() -> Vec<String> {
    let policies = Policies::compile(&Library::embedded().policies).expect("valid policies");
    policies.policies().iter().map(|policy| policy.file.clone()).collect()
}

/// One policy, with those that it imports.
fn only(file: &str) -> Policies {
    let mut files = Library::embedded().policies;
    let mut wanted = vec![file.to_owned()];
    let mut kept = BTreeSet::new();
    while let Some(name) = wanted.pop() {
        let imports = files[&name].lines().filter_map(|line| line.strip_prefix("import data.writ."));
        let imported =
            imports.filter(|import| !import.starts_with("lib.")).map(|name| format!("{name}.rego"));
        wanted.extend(imported.filter(|name| !kept.contains(name)));
        kept.insert(name);
    }
    files.retain(|name, _| kept.contains(name) || name.starts_with("lib/") || name.ends_with(".yaml"));
    Policies::compile(&files).expect("valid policies")
}
