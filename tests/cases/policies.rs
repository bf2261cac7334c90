//! Policies on the corpus and on cases.

use writ::domain::change;
use writ::domain::manifest::Manifests;
use writ::domain::policy::{Documents, Facts, Level, Policies, Situation, Verdict};
use writ::domain::tree::Snapshot;
use writ::ports::library::Library;

use crate::support::corpus;

fn judge(base: &Snapshot, head: &Snapshot) -> Verdict {
    let policies = Policies::compile(&Library::embedded().policies).unwrap();
    let changes = change::between_trees(base, head, &Manifests::default());
    let situation = Situation { gitops_path: corpus::GITOPS_PATH, base, changes: &changes, asked: None };
    policies.evaluate(&Facts::of_trees(&situation, head, &Documents::new()))
}

#[test]
fn the_policies_compile() {
    let policies = Policies::compile(&Library::embedded().policies).unwrap();
    assert!(policies.policies().len() >= 8);
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
    ("8ef551dfb3", &[]),
    ("954061b5a7", &[]),
    ("959051e8d4", &[]),
    ("9607c73b73", &["knative_scale", "type_changed", "unknown_field"]),
    ("a87f215a82", &[]),
    ("aaa500ca76", &[]),
    ("b9c5cba2e8", &[]),
    ("da8860567f", &[]),
    ("f2a38b4d8a", &[]),
    ("f94e0d809b", &[]),
    ("f9b6c52e98", &["live_transition"]),
];

#[test]
fn real_commits_are_denied_for_what_they_do_and_no_other() {
    for (commit, expected) in CORPUS {
        let Some(base) = corpus::snapshot("policies on the corpus", &format!("golden/{commit}/before"))
        else {
            return;
        };
        let head = corpus::snapshot("policies on the corpus", &format!("golden/{commit}/after")).unwrap();
        let verdict = judge(&base, &head);
        assert_eq!(denied(&verdict), expected, "{commit}: {verdict:#?}");
        // Each of these trees is in live mode, before or after.
        let standing = verdict.results.iter().any(|finding| finding.code == "standing_live");
        assert_eq!(standing, commit != "3c0a0c409a", "{commit}: {verdict:#?}");
    }
}

fn denied(verdict: &Verdict) -> Vec<&str> {
    let denials = verdict.results.iter().filter(|finding| finding.level == Level::Deny);
    let mut codes: Vec<_> = denials.map(|finding| finding.code.as_str()).collect();
    codes.dedup();
    codes
}
