//! Policies on cases, which are data, and on real commits.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::sample::Index;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use writ::domain::change;
use writ::domain::manifest::Manifests;
use writ::domain::names::{BlobId, CommitId};
use writ::domain::plan::Risk;
use writ::domain::policy::{
    Declared, Documents, Example, Facts, Level, Policies, Provenance, Situation, Verdict, Window,
};
use writ::domain::target::TargetProfile;
use writ::domain::tree::{Entry, EntryKind, FileWrite, Snapshot};
use writ::domain::watch::Watch;
use writ::ports::library::Library;

use crate::support::{self, corpus};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    name: String,
    #[serde(default)]
    base: Vec<Edit>,
    edit: Vec<Edit>,
    request: Option<CaseRequest>,
    /// What files held before, where it was read.
    history: Option<Vec<Former>>,
    /// The window of the repository's calendar, closed.
    window: Option<Window>,
    /// Whether an earlier version let it pass: its policies knew guarded objects by their names alone.
    #[serde(default)]
    passed_before: bool,
    #[serde(default)]
    deny: BTreeSet<String>,
    #[serde(default)]
    review: BTreeSet<String>,
    #[serde(default)]
    warn: BTreeSet<String>,
    #[serde(default)]
    standing: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    path: String,
    from: Option<String>,
    to: Option<String>,
    text: Option<String>,
    symlink: Option<String>,
    #[serde(default)]
    remove: bool,
}

/// What a file set before, newest first.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Former {
    path: String,
    name: String,
    values: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseRequest {
    procedure: String,
    risk: Risk,
    declared: Vec<Declared>,
}

#[test]
fn each_rule_finds_what_its_cases_say() {
    let wrong = [check("rules.yaml"), check("values.yaml"), check("beyond.yaml")].concat();
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn ways_around_the_rules_are_denied() {
    let cases = cases("bypass.yaml");
    let mut wrong = Vec::new();
    for case in &cases {
        let verdict = policies().evaluate(&facts(case));
        if case.deny.is_empty() || !case.deny.is_subset(&codes(&verdict, Level::Deny)) {
            wrong.push(format!("{}: found {:#?}", case.name, verdict.results));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= 30);
}

#[test]
fn what_guards_trading_is_known_by_what_it_is() {
    let cases = cases("closed.yaml");
    let mut wrong = Vec::new();
    for case in &cases {
        let verdict = policies().evaluate(&facts(case));
        let (denied, reviewed) = (codes(&verdict, Level::Deny), codes(&verdict, Level::Review));
        let is_ordinary = case.deny.is_empty() && case.review.is_empty();
        let is_right = match is_ordinary {
            true => denied.is_empty() && reviewed.is_empty(),
            false => {
                case.deny.is_subset(&denied)
                    && case.review.is_subset(&reviewed)
                    && case.deny.is_empty() == denied.is_empty()
            }
        };
        if !is_right {
            wrong.push(format!("{}: denied {denied:?}, reviewed {reviewed:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= 60 && cases.iter().filter(|case| case.passed_before).count() >= 15);
}

/// Whoever reads a finding must find there what it speaks of.
#[test]
fn a_finding_names_the_file_that_says_so() {
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: torghut-ws, namespace: torghut}\n";
    let edit = |path: &str, from: &str, to: &str| Edit {
        path: path.to_owned(),
        from: Some(from.to_owned()),
        to: Some(to.to_owned()),
        text: None,
        symlink: None,
        remove: false,
    };
    let listed = edit("ws/kustomization.yaml", "resources:", "patches: [{path: more.yaml}]\nresources:");
    let file = |text: String| Edit { from: None, to: None, text: Some(text), ..edit("ws/more.yaml", "", "") };
    let rows = [
        (vec![edit("ws/deployment.yaml", "replicas: 1", "replicas: 2")], "ws/deployment.yaml"),
        (
            vec![edit(
                "kustomization.yaml",
                "resources:",
                "replicas: [{name: torghut-ws, count: 2}]\nresources:",
            )],
            "kustomization.yaml",
        ),
        (vec![listed, file(format!("{patch}spec: {{replicas: 2}}\n"))], "ws/more.yaml"),
    ];
    for (edits, expected) in rows {
        let head = edited(tree(), &edits);
        let verdict = judge(policies(), &tree(), &head, None);
        let found = verdict.results.iter().find(|finding| finding.code == "forwarder_replicas").unwrap();
        assert_eq!(found.path, format!("{}/{expected}", corpus::GITOPS_PATH));
        assert_eq!(found.pointer, "/spec/replicas");
    }
}

fn codes(verdict: &Verdict, level: Level) -> BTreeSet<String> {
    let found = verdict.results.iter().chain(&verdict.standing).filter(|finding| finding.level == level);
    found.map(|finding| finding.code.clone()).collect()
}

/// The cases of a file that do not come to what they say.
fn check(file: &str) -> Vec<String> {
    let cases = cases(file);
    let mut wrong = Vec::new();
    for case in &cases {
        let verdict = policies().evaluate(&facts(case));
        let expected = [
            (Level::Deny, &case.deny),
            (Level::Review, &case.review),
            (Level::Warn, &case.warn),
            (Level::Standing, &case.standing),
        ];
        if expected.into_iter().any(|(level, expected)| codes(&verdict, level) != *expected) {
            wrong.push(format!("{file}: {}: found {verdict:#?}", case.name));
        }
    }
    wrong
}

/// The cases of a file in `policies/`.
fn cases(file: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/policies").join(file);
    serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Every case of every file, with its place.
pub(super) fn all_cases() -> Vec<(String, Case)> {
    let named = |file: &'static str| {
        cases(file).into_iter().map(move |case| (format!("{file}: {}", case.name), case))
    };
    ["rules.yaml", "values.yaml", "bypass.yaml", "closed.yaml", "beyond.yaml"]
        .into_iter()
        .flat_map(named)
        .collect()
}

/// The facts of each real commit; `None`, and said so, where the corpus is not there.
pub(super) fn real_facts(test: &str) -> Option<Vec<(String, Facts)>> {
    CORPUS
        .iter()
        .map(|(commit, _)| {
            let base = corpus::snapshot(test, &format!("golden/{commit}/before"))?;
            let head = corpus::snapshot(test, &format!("golden/{commit}/after"))?;
            let changes = change::between_trees(&base, &head, &Manifests::default());
            let situation = Situation { target: target(), base: &base, changes: &changes, provenance: None };
            Some(((*commit).to_owned(), Facts::of_trees(&situation, &head, &Documents::new())))
        })
        .collect()
}

/// The tree with a policy's example in it.
pub(super) fn edited_by_example(example: &Example) -> Snapshot {
    let edit = Edit {
        path: example.file.clone(),
        from: example.from.clone(),
        to: example.from.is_some().then(|| example.to.clone()),
        text: example.from.is_none().then(|| example.to.clone()),
        symlink: None,
        remove: false,
    };
    edited(tree(), &[edit])
}

/// The rules as they are in the folder, so that a change of one needs no build to be tried.
pub(super) fn policies() -> &'static Policies {
    static POLICIES: OnceLock<Policies> = OnceLock::new();
    POLICIES.get_or_init(|| {
        let library = Library::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        Policies::compile(&library.policies).unwrap()
    })
}

/// What the folder says of the target.
pub(super) fn target() -> &'static TargetProfile {
    static TARGET: OnceLock<TargetProfile> = OnceLock::new();
    TARGET.get_or_init(|| {
        let library = Library::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        TargetProfile::load(&library.policies).unwrap()
    })
}

pub(super) fn judge(
    policies: &Policies,
    base: &Snapshot,
    head: &Snapshot,
    asked: Option<&Provenance>,
) -> Verdict {
    let documents = Documents::new();
    let [(base, before), (head, after)] = parted(base, head, &documents);
    let (base, head) = (&base, &head);
    let changes = change::between_trees(base, head, &Manifests::default());
    let situation = Situation { target: target(), base, changes: &changes, provenance: asked };
    let facts = Facts::of_trees(&situation, head, &documents);
    policies.evaluate(&facts.with_watched([&before, &after], target(), &documents))
}

/// Each side in two: what is below the GitOps path with all that kustomizations refer to, and the watched files that
/// differ. It says what `service::tree` reads from git.
fn parted(base: &Snapshot, head: &Snapshot, documents: &Documents) -> [(Snapshot, Snapshot); 2] {
    let is_own = |path: &str| path.starts_with(&format!("{}/", corpus::GITOPS_PATH));
    let mut reached: BTreeSet<String> = BTreeSet::new();
    for side in [base, head] {
        let mut open: Vec<String> = side.files.keys().filter(|path| is_own(path)).cloned().collect();
        while let Some(path) = open.pop() {
            let Some(entry) = side.files.get(&path) else { continue };
            for named in documents.mentions(&path, entry) {
                let at_or_below = |file: &&String| {
                    **file == named || file.strip_prefix(&named).is_some_and(|rest| rest.starts_with('/'))
                };
                let new: Vec<String> = side.files.keys().filter(at_or_below).cloned().collect();
                open.extend(new.into_iter().filter(|file| !is_own(file) && reached.insert(file.clone())));
            }
        }
    }
    let watch = Watch::parse(&target().watch).unwrap();
    let differs = |path: &String| {
        let blob = |side: &Snapshot| side.files.get(path).map(|entry| (entry.blob.clone(), entry.kind));
        blob(base) != blob(head)
    };
    let side = |of: &Snapshot, is_in: &dyn Fn(&String) -> bool| Snapshot {
        commit: of.commit.clone(),
        files: of
            .files
            .iter()
            .filter(|(path, _)| is_in(path))
            .map(|(path, entry)| (path.clone(), entry.clone()))
            .collect(),
    };
    let is_judged = |path: &String| is_own(path) || reached.contains(path);
    let is_watched = |path: &String| !is_judged(path) && watch.covers(path) && differs(path);
    [base, head].map(|of| (side(of, &is_judged), side(of, &is_watched)))
}

/// The full path: below the GitOps path, or from the root where it begins with a slash.
fn full_path(path: &str) -> String {
    path.strip_prefix('/').map_or_else(|| format!("{}/{path}", corpus::GITOPS_PATH), str::to_owned)
}

pub(super) fn facts(case: &Case) -> Facts {
    let base = edited(tree(), &case.base);
    let head = edited(base.clone(), &case.edit);
    let documents = Documents::new();
    let [(base, before), (head, after)] = parted(&base, &head, &documents);
    let changes = change::between_trees(&base, &head, &Manifests::default());
    let full = |path: &str| format!("{}/{path}", corpus::GITOPS_PATH);
    let asked = case.request.as_ref().map(|request| Provenance {
        procedure: request.procedure.clone(),
        risk: request.risk,
        actor: "operator".to_owned(),
        declared: request
            .declared
            .iter()
            .map(|declared| Declared { path: full(&declared.path), ..declared.clone() })
            .collect(),
    });
    let situation =
        Situation { target: target(), base: &base, changes: &changes, provenance: asked.as_ref() };
    let of_trees = Facts::of_trees(&situation, &head, &documents);
    // A plan says the same by its writes; links cannot be written.
    if case.request.is_some() {
        let writes: Vec<_> = head
            .files
            .iter()
            .filter(|(path, entry)| base.files.get(*path).is_none_or(|before| before.blob != entry.blob))
            .map(|(path, entry)| FileWrite { path: path.clone(), bytes: entry.bytes.to_vec() })
            .collect();
        assert_eq!(Facts::of_writes(&situation, &writes, &documents), of_trees, "{}", case.name);
    }
    let facts =
        of_trees.in_window(case.window.as_ref()).with_watched([&before, &after], target(), &documents);
    match &case.history {
        Some(history) => remember(history, facts),
        None => facts,
    }
}

/// The facts with files' former contents, which are asked for.
fn remember(history: &[Former], facts: Facts) -> Facts {
    let content = |former: &Former, value: &String| {
        let content = serde_json::json!({"kind": "ConfigMap", "data": {former.name.as_str(): value}});
        std::sync::Arc::from(content.to_string().into_bytes())
    };
    let full = |former: &Former| format!("{}/{}", corpus::GITOPS_PATH, former.path);
    let files: std::collections::BTreeMap<_, _> = history
        .iter()
        .map(|former| (full(former), former.values.iter().map(|value| content(former, value)).collect()))
        .collect();
    let names = policies().history_names();
    assert_eq!(facts.wants_history(&names), files.keys().cloned().collect::<Vec<_>>());
    facts.with_history(&names, &files)
}

/// The tree of `policies/tree`.
pub(super) fn tree() -> Snapshot {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/policies/tree");
    let mut snapshot = Snapshot {
        commit: CommitId::try_from("0".repeat(40)).unwrap(),
        files: std::collections::BTreeMap::new(),
    };
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
                put(&mut snapshot, name, EntryKind::Regular, &std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    snapshot
}

fn edited(mut snapshot: Snapshot, edits: &[Edit]) -> Snapshot {
    for edit in edits {
        let full = full_path(&edit.path);
        match edit {
            Edit { remove: true, .. } => {
                snapshot.files.remove(&full).unwrap();
            }
            Edit { symlink: Some(target), .. } => put(&mut snapshot, &edit.path, EntryKind::Symlink, target),
            Edit { text: Some(text), .. } => put(&mut snapshot, &edit.path, EntryKind::Regular, text),
            Edit { from: Some(from), to: Some(to), .. } => {
                let text = snapshot.files[&full].text().unwrap().to_owned();
                assert!(text.contains(from.as_str()), "{} does not hold {from:?}", edit.path);
                put(&mut snapshot, &edit.path, EntryKind::Regular, &text.replacen(from.as_str(), to, 1));
            }
            edit => panic!("an edit that says nothing: {edit:?}"),
        }
    }
    snapshot
}

pub(super) fn put(snapshot: &mut Snapshot, path: &str, kind: EntryKind, text: &str) {
    let id: String = Sha256::digest(text).iter().take(20).map(|byte| format!("{byte:02x}")).collect();
    let entry = Entry { blob: BlobId::try_from(id).unwrap(), kind, bytes: text.as_bytes().into() };
    snapshot.files.insert(full_path(path), entry);
}

/// What real commits come to: the codes of what is denied, and whether nothing is.
const CORPUS: [(&str, &[&str]); 19] = [
    ("02285d73eb", &[]),
    ("030bc90072", &[]),
    ("2db25c10eb", &[]),
    ("2fb62ebcfb", &[]),
    ("3c0a0c409a", &["live_account", "live_transition"]),
    ("4c3eab3312", &[]),
    ("62d2fc0111", &[]),
    ("851deabaff", &[]),
    ("8ef551dfb3", &["safety_switch"]),
    ("954061b5a7", &[]),
    ("959051e8d4", &[]),
    ("9607c73b73", &["image_by_tag", "knative_scale", "type_changed", "unknown_field"]),
    ("a87f215a82", &[]),
    ("aaa500ca76", &[]),
    ("b9c5cba2e8", &[]),
    ("da8860567f", &[]),
    ("f2a38b4d8a", &[]),
    ("f94e0d809b", &[]),
    ("f9b6c52e98", &["live_transition", "safety_switch", "emergency_stop_required"]),
];

#[test]
fn real_commits_are_denied_for_what_they_do_and_no_other() {
    let mut wrong = Vec::new();
    for (commit, expected) in CORPUS {
        let Some(base) = corpus::snapshot("policies on the corpus", &format!("golden/{commit}/before"))
        else {
            return;
        };
        let head = corpus::snapshot("policies on the corpus", &format!("golden/{commit}/after")).unwrap();
        let verdict = judge(policies(), &base, &head, None);
        // Each of these trees is in live mode, before or after.
        let standing = verdict.standing.iter().any(|finding| finding.code == "standing_live");
        // It put one side right, after an edit of the other alone.
        let parity = verdict.results.iter().any(|finding| finding.code == "parity_restored");
        assert_eq!(parity, commit == "030bc90072", "{commit}: {:#?}", verdict.results);
        if denied(&verdict) != expected || standing != (commit != "3c0a0c409a") {
            wrong.push(format!("{commit}: found {:#?}", verdict.results));
        }
    }
    assert!(wrong.is_empty(), "{} commits:\n{}", wrong.len(), wrong.join("\n"));
}

fn denied(verdict: &Verdict) -> Vec<&str> {
    let denials = verdict.results.iter().filter(|finding| finding.level == Level::Deny);
    let mut codes: Vec<_> = denials.map(|finding| finding.code.as_str()).collect();
    codes.dedup();
    codes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(support::cases(96)))]

    /// Whatever is where something else is expected, the rules find their words for it.
    #[test]
    fn no_node_that_is_something_else_makes_a_rule_fail(file in any::<Index>(), node in any::<Index>(), other in 0..9_usize) {
        let base = tree();
        let path = file.get(&base.files.keys().cloned().collect::<Vec<_>>()).clone();
        let mut value: serde_yaml::Value = serde_yaml::from_str(base.files[&path].text().unwrap()).unwrap();
        let strange = ["null", "7", "true", "text", "[]", "{}", "[null, 1, [x]]", "{a: null, b: [1]}", "-1.5"];
        let count = count_nodes(&value);
        let mut at = node.index(count);
        replace_node(&mut value, &mut at, &serde_yaml::from_str(strange[other]).unwrap());
        let mut head = base.clone();
        let short = path.strip_prefix(corpus::GITOPS_PATH).unwrap().trim_start_matches('/');
        put(&mut head, short, EntryKind::Regular, &serde_yaml::to_string(&value).unwrap());
        let policies = policies();
        for (from, to) in [(&base, &head), (&head, &base), (&head, &head)] {
            let verdict = judge(policies, from, to, None);
            prop_assert!(verdict.results.iter().all(|found| found.code != "policy_fault"), "{:#?}", verdict.results);
        }
    }
}

fn count_nodes(value: &serde_yaml::Value) -> usize {
    1 + match value {
        serde_yaml::Value::Sequence(items) => items.iter().map(count_nodes).sum(),
        serde_yaml::Value::Mapping(entries) => entries.values().map(count_nodes).sum(),
        _ => 0,
    }
}

/// Replaces the node that is `at` in document order.
fn replace_node(value: &mut serde_yaml::Value, at: &mut usize, with: &serde_yaml::Value) {
    if *at == 0 {
        *value = with.clone();
        *at = usize::MAX;
        return;
    }
    *at -= 1;
    match value {
        serde_yaml::Value::Sequence(items) => {
            for item in items {
                if *at == usize::MAX {
                    return;
                }
                replace_node(item, at, with);
            }
        }
        serde_yaml::Value::Mapping(entries) => {
            for (_, entry) in entries.iter_mut() {
                if *at == usize::MAX {
                    return;
                }
                replace_node(entry, at, with);
            }
        }
        _ => {}
    }
}
