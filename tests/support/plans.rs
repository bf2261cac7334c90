//! Planning in tests: repositories from folders of manifests, requests, and their results in one line.

use std::collections::BTreeMap;
use std::path::Path;

use writ::domain::names::{AccountId, CommitId};
use writ::domain::policy::{Decision, Declared};
use writ::domain::refusal::Refusal;
use writ::domain::request::{Actor, Origin, Request};
use writ::ports::git::Repository;
use writ::ports::library::Library;
use writ::service::planning::{PlanError, Planned, Planner};

use super::corpus::GITOPS_PATH;
use super::repository::TestRepository;

/// Procedures with the arguments that differ in what they do.
pub const ASKED: [(&str, &[(&str, &str)]); 10] = [
    ("pause-trading", &[]),
    ("resume-trading", &[]),
    ("restart-ws", &[]),
    ("suspend-ta", &[]),
    ("suspend-ta", &[("target", "ta-sim")]),
    ("resume-ta", &[]),
    ("resume-ta", &[("restart", "true")]),
    ("resume-ta", &[("target", "ta-sim")]),
    ("restart-ta", &[]),
    ("restart-ta", &[("target", "ta-sim")]),
];

/// A repository with one commit: the files of a folder.
pub fn repository_of(folder: &Path) -> (TestRepository, CommitId) {
    let mut files = Vec::new();
    collect(folder, "", &mut files);
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files.sort();
    let repository = TestRepository::bare();
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let commit = repository.commit("main", &files);
    (repository, commit)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = format!("{prefix}{}", path.file_name().expect("a name").to_str().expect("UTF-8"));
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else {
            files.push((name, std::fs::read_to_string(&path).expect("text")));
        }
    }
}

/// A planner with the embedded library.
pub fn planner() -> Planner {
    Planner::compile(&Library::embedded(), GITOPS_PATH).expect("the embedded library is valid")
}

/// A request from the terminal, always made at the same time.
pub fn request(procedure: &str, arguments: &[(&str, &str)]) -> Request {
    Request {
        procedure: procedure.to_owned(),
        arguments: arguments.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        reason: "broker outage, see INC-12".to_owned(),
        confirmation: None,
        actor: Actor { id: AccountId(0), login: "terminal".to_owned() },
        origin: Origin::Terminal,
        requested_at: "2026-08-22T10:30:00Z".parse().expect("a time"),
    }
}

/// Plans with a planner on a commit of a repository.
pub fn plan(
    planner: &Planner,
    repository: &Path,
    base: &CommitId,
    request: &Request,
) -> Result<Planned, Refusal> {
    let git = Repository::open(repository).expect("a repository");
    planner.plan(&git, base, request).map_err(|error| match error {
        PlanError::Refused(refusal) => refusal,
        PlanError::Git(error) => panic!("git: {error:?}"),
    })
}

/// The result of a plan, in one line: the changes by name, or why there are none.
pub fn outcome(planned: &Result<Planned, Refusal>) -> String {
    match planned {
        Err(refusal) => format!("refused {} at {}", refusal.code, short(&refusal.place.to_string())),
        Ok(planned) if planned.plan.no_change.is_some() => "no change".to_owned(),
        Ok(planned) => {
            let show = |value: &Option<serde_json::Value>| {
                value.as_ref().map_or_else(|| "absent".to_owned(), ToString::to_string)
            };
            let changes: Vec<String> = planned
                .plan
                .changes
                .iter()
                .map(|change| {
                    let (path, pointer) = (short(&change.path), &change.pointer);
                    format!("{path} {pointer}: {} -> {}", show(&change.before), show(&change.after))
                })
                .collect();
            changes.join(", ")
        }
    }
}

fn short(place: &str) -> String {
    place.replace(&format!("{GITOPS_PATH}/"), "")
}

/// Asserts what must hold of every plan that changes something: the policies let it through, each changed line is
/// one named field's, and the same plan made again is the same to the byte.
pub fn assert_clean(planned: &Planned, again: &Planned) {
    assert_ne!(planned.report.verdict.decision, Decision::Deny, "{:#?}", planned.report.verdict);
    let mut lines: BTreeMap<char, usize> = BTreeMap::new();
    for file in &planned.report.files {
        for line in file.diff.lines().skip(2) {
            if let Some(sign @ ('+' | '-')) = line.chars().next() {
                *lines.entry(sign).or_default() += 1;
            }
        }
    }
    let changed = planned.plan.changes.len();
    assert_eq!(lines.get(&'+'), Some(&changed), "{:#?}", planned.report.files);
    assert_eq!(lines.get(&'-').copied().unwrap_or_default(), changed, "{:#?}", planned.report.files);
    for change in &planned.plan.changes {
        let declared = |node: &Declared| node.path == change.path && node.pointer == change.pointer;
        assert!(planned.plan.declared.iter().any(declared), "undeclared: {change:?}");
    }
    let bytes = |planned: &Planned| {
        let report = serde_json::to_vec(&planned.report).expect("JSON");
        let message = planned.draft.as_ref().map(|draft| draft.message.clone());
        (report, planned.record.canonical(), message)
    };
    assert_eq!(bytes(planned), bytes(again));
}
