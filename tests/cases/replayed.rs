//! The rules on what others made: an adversary's changes, and the target's own history.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use tempfile::TempDir;
use writ::domain::change;
use writ::domain::manifest::Manifests;
use writ::domain::names::CommitId;
use writ::domain::policy::{Decision, Documents, Facts, Situation, Verdict};
use writ::domain::tree::Snapshot;
use writ::ports::git::{Git as _, Repository};

use super::policies::{judge, policies, target};
use crate::support::corpus::GITOPS_PATH;
use crate::support::repository::git;
use crate::support::{self, corpus};

/// The arguable changes, each with what it gets and why.
const ARGUABLE: &str = include_str!("policies/arguable.yaml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguable {
    decision: Decision,
    because: String,
}

/// Dangerous changes are stopped, the critical ones denied; harmless ones are free; of the others a table says what they
/// get.
#[test]
fn an_adversarys_changes_are_stopped() {
    let Some(clone) = corpus::path("an adversary's changes") else { return };
    let Some(shared) = support::shared() else { return };
    let arguable: BTreeMap<String, Arguable> = serde_yaml::from_str(ARGUABLE).unwrap();
    let base = git(&clone, &["rev-parse", "snapshot/2026-08-22^{commit}"]);
    let repository = Repository::open(&clone).unwrap();
    let before = repository.snapshot(&CommitId::try_from(base.clone()).unwrap(), GITOPS_PATH).unwrap();
    let mut wrong = Vec::new();
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(shared.join("corpus/bypass")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in &folders {
        let id = folder.file_name().unwrap().to_str().unwrap();
        let said = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap().trim().to_owned();
        let head = patched(&clone, &base, &folder.join("change.patch"));
        let after = repository.snapshot(&head, GITOPS_PATH).unwrap();
        let verdict = judge(policies(), &before, &after, None);
        let decision = verdict.decision;
        let is_right = match (said("expect").as_str(), said("severity").as_str()) {
            ("deny", "critical") => decision == Decision::Deny,
            ("deny", _) => matches!(decision, Decision::Deny | Decision::Review),
            ("pass", _) => !matches!(decision, Decision::Deny | Decision::Review),
            _ => arguable.get(id).is_some_and(|row| row.decision == decision && !row.because.is_empty()),
        };
        if !is_right {
            wrong.push(format!("{id}: {}", found(&verdict)));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), folders.len(), wrong.join("\n"));
    assert!(folders.len() >= 149);
}

/// Whatever the rules say of the adversary's changes can be shown: one line, code spans closed and never nested, no
/// place left empty, and something to do.
#[test]
fn findings_are_said_in_words_that_can_be_shown() {
    let mut wrong = std::collections::BTreeSet::new();
    for (_, facts) in facts_of_changes() {
        for finding in policies().evaluate(&facts).results {
            for text in [&finding.message, &finding.remedy] {
                let is_said = !text.trim().is_empty()
                    && !text.contains('\n')
                    && text.matches('`').count() % 2 == 0
                    && !text.contains("``")
                    && !text.ends_with(": ")
                    && !text.contains("  ")
                    && !text.contains("<undefined>");
                // A span's own text holds no white space at its ends: there would be a mark inside of it.
                let spans = text.split('`').skip(1).step_by(2);
                let is_tidy = spans.into_iter().all(|span| !span.is_empty() && span.trim() == span);
                if !is_said || !is_tidy {
                    wrong.insert(format!("{}: {text:?}", finding.code));
                }
            }
        }
    }
    let wrong: Vec<_> = wrong.into_iter().collect();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[derive(Debug, Deserialize)]
struct Past {
    commit: String,
    before: String,
    after: String,
    expect: Expectation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expectation {
    Deny,
    Stop,
    Free,
    Quiet,
    Pass,
    Any,
}

/// Of the target's own history, what had to be stopped is stopped and ordinary work is not; every tenth of the ordinary
/// commits is judged, all of them with `WRIT_TESTS_TIMES`.
#[test]
fn the_targets_history_is_judged_as_a_reader_does() {
    let Some(history) = History::open("the target's history") else { return };
    let (mut wrong, mut reviewed, mut passes) = (Vec::new(), 0, 0);
    for past in history.chosen() {
        let verdict = judge(policies(), &history.side(&past.before), &history.side(&past.after), None);
        let decision = verdict.decision;
        if past.expect == Expectation::Pass {
            passes += 1;
            reviewed += usize::from(decision == Decision::Review);
        }
        let is_right = match past.expect {
            Expectation::Deny => decision == Decision::Deny,
            Expectation::Stop => matches!(decision, Decision::Deny | Decision::Review),
            Expectation::Free => matches!(decision, Decision::Allow | Decision::NoChange),
            Expectation::Quiet => !matches!(decision, Decision::Deny | Decision::Review),
            Expectation::Pass => decision != Decision::Deny,
            Expectation::Any => true,
        };
        if !is_right {
            wrong.push(format!("{} {:?}: {}", past.commit, past.expect, found(&verdict)));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    // A tenth is too few for a share.
    let share = if support::cases(1) > 1 { 15 } else { 25 };
    assert!(reviewed * 100 <= passes * share, "{reviewed} of {passes} ordinary commits would need a review");
}

/// The facts of each of the adversary's changes; none, and said so, where the corpus is not there.
pub(super) fn facts_of_changes() -> Box<dyn Iterator<Item = (String, Facts)>> {
    let (Some(clone), Some(shared)) = (corpus::path("an adversary's changes, in OPA"), support::shared())
    else {
        return Box::new(std::iter::empty());
    };
    let base = git(&clone, &["rev-parse", "snapshot/2026-08-22^{commit}"]);
    let repository = Repository::open(&clone).unwrap();
    let before = repository.snapshot(&CommitId::try_from(base.clone()).unwrap(), GITOPS_PATH).unwrap();
    let folders = std::fs::read_dir(shared.join("corpus/bypass")).unwrap().map(|entry| entry.unwrap().path());
    Box::new(folders.map(move |folder| {
        let head = patched(&clone, &base, &folder.join("change.patch"));
        let after = repository.snapshot(&head, GITOPS_PATH).unwrap();
        (folder.display().to_string(), facts_between(&before, &after))
    }))
}

/// The facts of the commits of the history that are judged; none, and said so, where the corpus is not there.
pub(super) fn facts_of_history() -> Box<dyn Iterator<Item = (String, Facts)>> {
    let Some(history) = History::open("the target's history, in OPA") else {
        return Box::new(std::iter::empty());
    };
    let chosen = history.chosen();
    Box::new(chosen.into_iter().map(move |past| {
        let facts = facts_between(&history.side(&past.before), &history.side(&past.after));
        (past.commit, facts)
    }))
}

fn facts_between(before: &Snapshot, after: &Snapshot) -> Facts {
    let changes = change::between_trees(before, after, &Manifests::default());
    let situation = Situation { target: target(), base: before, changes: &changes, provenance: None };
    Facts::of_trees(&situation, after, &Documents::new())
}

/// The target's history, cloned.
struct History {
    repository: Repository,
    past: String,
    _folder: TempDir,
}

impl History {
    fn open(what: &str) -> Option<Self> {
        let Some(shared) = support::shared() else {
            support::left_out(what, "the corpus is not there; set WRIT_SHARED");
            return None;
        };
        let folder = TempDir::new().unwrap();
        let clone = folder.path().join("history.git");
        let bundle = shared.join("corpus/history/history.bundle");
        git(
            folder.path(),
            &["clone", "--quiet", "--bare", bundle.to_str().unwrap(), clone.to_str().unwrap()],
        );
        let past = std::fs::read_to_string(shared.join("corpus/history/history.jsonl")).unwrap();
        Some(Self { repository: Repository::open(&clone).unwrap(), past, _folder: folder })
    }

    /// What had to be stopped or is disputed, and every tenth of the others; all of them with `WRIT_TESTS_TIMES`.
    fn chosen(&self) -> Vec<Past> {
        let is_long = support::cases(1) > 1;
        let mut ordinary = 0;
        let mut chosen: Vec<Past> =
            self.past.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        chosen.retain(|past: &Past| {
            let is_ordinary =
                !matches!(past.expect, Expectation::Deny | Expectation::Stop | Expectation::Any);
            ordinary += usize::from(is_ordinary);
            is_long || !is_ordinary || ordinary % 10 == 1
        });
        chosen
    }

    fn side(&self, commit: &str) -> Snapshot {
        self.repository.snapshot(&CommitId::try_from(commit.to_owned()).unwrap(), GITOPS_PATH).unwrap()
    }
}

/// A verdict in one line: the decision, and the code of every finding.
pub(super) fn found(verdict: &Verdict) -> String {
    let codes = verdict.results.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>();
    format!("{:?} {}", verdict.decision, codes.join(" "))
}

/// The commit that a patch makes of another one, without a work tree.
pub(super) fn patched(clone: &Path, base: &str, patch: &Path) -> CommitId {
    let folder = TempDir::new().unwrap();
    let run = |arguments: &[&str]| {
        let identity = ["-c", "user.name=test", "-c", "user.email=test@test"];
        let output = Command::new("git")
            .current_dir(clone)
            .env("GIT_INDEX_FILE", folder.path().join("index"))
            .args(identity)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    run(&["read-tree", base]);
    run(&["apply", "--cached", "--whitespace=nowarn", patch.to_str().unwrap()]);
    let tree = run(&["write-tree"]);
    CommitId::try_from(run(&["commit-tree", &tree, "-p", base, "-m", "changed"])).unwrap()
}
