//! Hostile trees, as data: each is denied by name of the budget that it exceeds, and what judging it took is counted.
//!
//! Never by time: the counters say what was done, and the test ends, because what they count is bounded.

use std::path::Path;
use std::sync::OnceLock;

use minijinja::syntax::{SyntaxConfig, SyntaxConfigBuilder};
use minijinja::{Environment, context};
use serde_json::Value;
use writ::domain::budget::{self, Work};
use writ::domain::change;
use writ::domain::manifest::Manifests;
use writ::domain::policy::{Circumstances, Documents, Facts, Level, Situation, Verdict};
use writ::domain::tree::{EntryKind, Snapshot};
use writ::ports::library::Library;
use writ::service::head::{HeadAnswer, HeadRequest};

use super::policies::{policies, put, target, tree};
use crate::support::bot::repository_name;
use crate::support::corpus;
use crate::support::repository::TestRepository;
use crate::support::workbench::heads;

/// A tree that grows with one number; files in `hostile/`.
struct Input {
    name: String,
    /// The budget that it exceeds; `None` where it exceeds none.
    budget: Option<String>,
    size: usize,
    template: String,
}

#[test]
fn each_is_denied_by_the_budget_that_it_exceeds_and_stays_within_all() {
    let mut wrong = Vec::new();
    let inputs = inputs("");
    for input in &inputs {
        let (work, verdict) = judge(&empty(), &input.tree(input.size));
        let expected = format!("the budget of {} is exceeded", input.budget.as_ref().unwrap());
        let mut denials = verdict.results.iter().filter(|finding| finding.level == Level::Deny);
        if !denials.any(|finding| finding.code == "budget_exceeded" && finding.message.contains(&expected)) {
            wrong.push(format!("{}: found {:#?}", input.name, verdict.results));
        }
        if !is_within(work) {
            wrong.push(format!("{}: took {work:?}", input.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), inputs.len(), wrong.join("\n"));
    assert!(inputs.len() >= 20, "{}", inputs.len());
}

/// The same trees as a stranger's heads: a child process with the usual limits on memory and CPU time judges each, and
/// lives on. Budgets are not exceeded by being killed.
#[tokio::test]
async fn each_is_judged_within_the_limits_of_a_child() {
    let repository = TestRepository::bare();
    repository.commit("main", &[("readme.md", "words\n")]);
    let heads = heads(&Library::embedded(), repository.path());
    let mut wrong = Vec::new();
    for input in &inputs("") {
        let tree = input.tree(input.size);
        let files = tree.files.iter().map(|(path, entry)| (path.as_str(), entry.text().unwrap()));
        repository.git(&["branch", "-f", "head", "main"]);
        let head = repository.commit("head", &files.collect::<Vec<_>>());
        let request = HeadRequest {
            repository: repository_name(),
            head,
            asked: None,
            claims: Vec::new(),
            since: None,
            circumstances: Circumstances::default(),
        };
        match heads.judge(&request).await {
            HeadAnswer::Judged(judged)
                if judged.verdict.results.iter().any(|finding| finding.code == "budget_exceeded") => {}
            other => wrong.push(format!("{}: {other:?}", input.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is asked for once is done once: twice as much takes twice as much.
#[test]
fn work_grows_with_the_input_and_no_faster() {
    let mut wrong = Vec::new();
    let inputs = inputs("linear");
    for input in &inputs {
        let [one, two, four] = [1, 2, 4].map(|times| {
            let facts = facts(&empty(), &input.tree(input.size * times), &Documents::new());
            let builds = facts.to_json().unwrap()["builds"].clone();
            let is_built = |build: &Value| build["head_problem"].is_null();
            assert!(builds.as_array().unwrap().iter().all(is_built), "{}: {builds:#}", input.name);
            total(facts.work().head)
        });
        let (first, second) = (two - one, four - two);
        if second * 10 > first * 2 * 11 {
            wrong.push(format!("{}: {one}, {two}, {four}", input.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(inputs.len() >= 7, "{}", inputs.len());
}

#[test]
fn what_was_over_its_budget_before_is_denied_again_unless_nothing_changes() {
    let before = named("folders").tree(31);
    let mut after = before.clone();
    put(&mut after, "x31/more.yaml", EntryKind::Regular, "a: b\n");
    let codes = |verdict: &Verdict, level: Level| -> Vec<String> {
        let found = verdict.results.iter().chain(&verdict.standing).filter(|finding| finding.level == level);
        found.map(|finding| finding.code.clone()).collect()
    };
    let (_, verdict) = judge(&before, &after);
    assert_eq!(codes(&verdict, Level::Deny), ["budget_exceeded"]);
    let (_, verdict) = judge(&before, &before);
    assert!(codes(&verdict, Level::Deny).is_empty(), "{verdict:#?}");
    assert_eq!(codes(&verdict, Level::Standing), ["budget_exceeded"]);
    let (_, verdict) = judge(&before, &empty());
    assert!(!verdict.results.iter().any(|finding| finding.code == "budget_exceeded"), "{verdict:#?}");
}

/// What is known already is counted as what is not: a verdict never follows from what was judged before.
#[test]
fn what_is_counted_does_not_follow_from_what_was_cached() {
    let documents = Documents::new();
    for input in inputs("linear").into_iter().chain([named("copies"), named("aliases"), named("folders")]) {
        let (base, head) = (input.tree(input.size), input.tree(input.size + 1));
        let cold = facts(&base, &head, &Documents::new());
        for _ in 0..2 {
            let warm = facts(&base, &head, &documents);
            assert_eq!((warm.work(), warm == cold), (cold.work(), true), "{}", input.name);
        }
    }
}

#[test]
fn ordinary_trees_stay_far_below_each_budget() {
    let base = tree();
    let mut head = base.clone();
    let mut listed = String::new();
    for number in 0..800 {
        let name = format!("many/a{number}.yaml");
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a{number}\n  namespace: torghut\ndata:\n  \
             FIRST: one\n  SECOND: two\n  THIRD: three\n"
        );
        put(&mut head, &name, EntryKind::Regular, &text);
        listed.push_str(&format!("  - a{number}.yaml\n"));
    }
    put(&mut head, "many/kustomization.yaml", EntryKind::Regular, &format!("resources:\n{listed}"));
    let (work, verdict) = judge(&base, &head);
    let is_unjudged = |code: &str| ["budget_exceeded", "policy_fault"].contains(&code);
    assert!(!verdict.results.iter().any(|finding| is_unjudged(&finding.code)), "{verdict:#?}");
    assert!(is_within_part(work, 10), "{work:?}");
    let Some(real) = corpus::snapshot("budgets on the corpus", "snapshot/2026-08-22") else { return };
    let (work, _) = judge(&real, &real);
    println!("the tree of 2026-08-22 takes {work:?}");
    assert!(is_within_part(work, 20), "{work:?}");
}

fn judge(base: &Snapshot, head: &Snapshot) -> (Work, Verdict) {
    let facts = facts(base, head, &Documents::new());
    (facts.work().head, policies().evaluate(&facts))
}

fn facts(base: &Snapshot, head: &Snapshot, documents: &Documents) -> Facts {
    let changes = change::between_trees(base, head, &Manifests::default());
    let situation = Situation { target: target(), base, changes: &changes, provenance: None };
    Facts::of_trees(&situation, head, documents)
}

/// Whether nothing was done beyond the budgets: one for building, one for reading files as they are.
fn is_within(work: Work) -> bool {
    is_within_part(work, 1)
}

fn is_within_part(work: Work, part: u64) -> bool {
    let limits = budget::SIDE;
    let within = |spent: u64, limit: u64| spent <= 2 * (limit + 1) / part;
    within(work.bytes, limits.bytes)
        && within(work.nodes, limits.nodes)
        && within(work.visits, limits.visits)
        && within(work.operations, limits.operations)
        && within(work.patterns, limits.patterns)
}

fn total(work: Work) -> u64 {
    work.bytes / 16 + work.nodes + work.visits + work.operations + work.patterns
}

/// A tree of one object.
fn empty() -> Snapshot {
    let mut empty = Snapshot { files: std::collections::BTreeMap::new(), ..tree() };
    put(&mut empty, "kustomization.yaml", EntryKind::Regular, "resources: []\n");
    empty
}

fn named(name: &str) -> Input {
    inputs("").into_iter().find(|input| input.name == name).unwrap()
}

/// The inputs of a folder: a comment, `budget`, `size`, and the files, each after a line `=== path`.
fn inputs(folder: &str) -> Vec<Input> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/hostile").join(folder);
    let mut inputs = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            continue;
        }
        let text = std::fs::read_to_string(&entry).unwrap();
        let said = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.map(str::to_owned)
        };
        let start = text.find("size: ").unwrap();
        inputs.push(Input {
            name: entry.file_stem().unwrap().to_str().unwrap().to_owned(),
            budget: said("budget"),
            size: said("size").unwrap().parse().unwrap(),
            template: text[start..].split_once('\n').unwrap().1.to_owned(),
        });
    }
    inputs.sort_by(|one, other| one.name.cmp(&other.name));
    inputs
}

/// The files of all hostile trees: paths below the GitOps folder, and texts.
pub fn trees() -> Vec<Vec<(String, String)>> {
    inputs("").iter().map(|input| input.files(input.size)).collect()
}

impl Input {
    fn tree(&self, size: usize) -> Snapshot {
        let mut tree = Snapshot { files: std::collections::BTreeMap::new(), ..tree() };
        for (path, content) in self.files(size) {
            put(&mut tree, &path, EntryKind::Regular, &content);
        }
        tree
    }

    fn files(&self, size: usize) -> Vec<(String, String)> {
        static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
        let environment = ENVIRONMENT.get_or_init(|| {
            let mut environment = Environment::new();
            let blocks = |syntax: &mut SyntaxConfigBuilder| {
                syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build().unwrap()
            };
            environment.set_syntax(blocks(&mut SyntaxConfig::builder()));
            environment.add_function("repeat", |text: String, times: usize| text.repeat(times));
            environment
        });
        let text = environment.render_str(&self.template, context! { n => size }).unwrap();
        let files = text.split("=== ").filter(|file| !file.trim().is_empty());
        let parts = files.map(|file| file.split_once('\n').unwrap());
        parts.map(|(path, content)| (path.to_owned(), content.to_owned())).collect()
    }
}
