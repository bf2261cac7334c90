//! What a change claims by its branch, and what of that does not hold, as findings.

use crate::domain::names::IssueNumber;
use crate::domain::policy::{Finding, Level};
use crate::domain::reason::{self, Code};
use crate::domain::text::quoted;

use super::reproducibility::Reproducibility;
use super::table::{Lane, Lanes};

/// The codes of lanes, with the policies that find them.
const CODES: [(&str, Code); 8] = [
    ("lane-paths", reason::FOREIGN_PATH),
    ("lane-paths", reason::UNOWNED_PATH),
    ("lane-branches", reason::UNKNOWN_LANE),
    ("lane-branches", reason::FORBIDDEN_BRANCH),
    ("lane-branches", reason::BRANCH_REUSED),
    ("lane-reproducibility", reason::FACTS_MISSING),
    ("lane-branches", reason::FORK_BRANCH),
    ("lane-validation", reason::VALIDATION_MISSING),
];

/// What a reason code of lanes means: the policy that finds it, and a sentence; `None` for another code.
#[must_use]
pub fn meaning(code: &str) -> Option<(&'static str, &'static str)> {
    let policy = CODES.iter().find(|(_, known)| *known == *code).map(|(policy, _)| *policy)?;
    Some((policy, reason::definition(code)?.meaning))
}

/// Whether findings of lanes have such a policy.
#[must_use]
pub fn is_policy(name: &str) -> bool {
    CODES.iter().any(|(policy, _)| *policy == name)
}

/// A change, as far as lanes are concerned.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// Its branch; `None` where only paths are judged.
    pub branch: Option<&'a str>,
    /// The lane that somebody names for it, where the branch names none.
    pub lane: Option<&'a Lane>,
    /// Whether the branch is in another repository.
    pub fork: bool,
    /// Every path that it changes, in the whole repository.
    pub paths: &'a [String],
    /// The facts in its pull request's body; `None` where there is no pull request.
    pub stated: Option<&'a Reproducibility>,
    /// Other open pull requests from the same branch.
    pub others: &'a [IssueNumber],
}

/// The most foreign paths that are named one by one.
const MOST_NAMED: usize = 20;

impl Lanes {
    /// What of a change does not fit its lane; nothing for a change of no lane.
    #[must_use]
    pub fn judge(&self, claim: &Claim<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let of_branch = claim.branch.and_then(|branch| self.of_branch(branch));
        if let Some(branch) = claim.branch {
            self.judge_branch(branch, of_branch.is_some() || claim.lane.is_some(), &mut findings);
        }
        let Some(lane) = of_branch.map(|(lane, _)| lane).or(claim.lane) else { return findings };
        self.judge_paths(lane, claim.paths, &mut findings);
        if let (Some(branch), Some((_, run))) = (claim.branch, of_branch) {
            judge_use(lane, branch, run, claim, &mut findings);
        }
        if let Some(stated) = claim.stated {
            self.judge_facts(lane, stated, &mut findings);
        }
        findings
    }

    fn judge_branch(&self, branch: &str, of_lane: bool, findings: &mut Vec<Finding>) {
        if let Some(forbidden) = self.forbidden(branch).filter(|_| of_lane) {
            let message = format!("a lane may not use branch {}: {}", quoted(branch, 200), forbidden.because);
            findings.push(deny(
                reason::FORBIDDEN_BRANCH,
                message,
                "use a branch that matches the lane's pattern",
            ));
        }
        if !of_lane && self.is_reserved(branch) {
            let patterns: Vec<String> =
                self.all().iter().map(|lane| format!("`{}`", lane.branch_pattern())).collect();
            let remedy = format!("rename it to match its lane's pattern: one of {}", patterns.join(", "));
            let message = format!("branch {} matches no lane's pattern", quoted(branch, 200));
            findings.push(deny(reason::UNKNOWN_LANE, message, &remedy));
        }
    }

    fn judge_paths(&self, lane: &Lane, paths: &[String], findings: &mut Vec<Finding>) {
        let mut found: [Vec<Finding>; 2] = [Vec::new(), Vec::new()];
        for path in paths {
            let owners = self.owners(&lane.family, path);
            if owners.iter().any(|owner| owner.id == lane.id) {
                continue;
            }
            let shown = quoted(path, 200);
            let finding = if owners.is_empty() {
                let message =
                    format!("no lane of `{}` owns {shown}, which {} changes", lane.family, shown_lane(lane));
                Finding {
                    level: Level::Warn,
                    ..deny(reason::UNOWNED_PATH, message, "ask the path's owner to make this change")
                }
            } else {
                let owner = owners.iter().map(|owner| shown_lane(owner)).collect::<Vec<_>>().join(" or ");
                let message = format!("{shown} is owned by {owner}, not by {}", shown_lane(lane));
                deny(
                    reason::FOREIGN_PATH,
                    message,
                    &format!("leave it to {owner}: one pull request per lane"),
                )
            };
            let of_level = usize::from(finding.level == Level::Deny);
            found[of_level].push(Finding { path: path.clone(), ..finding });
        }
        for mut found in found {
            let more = found.len().saturating_sub(MOST_NAMED);
            found.truncate(MOST_NAMED);
            if let Some(last) = found.last().filter(|_| more > 0) {
                let message = format!("and {more} more paths that {} does not own", shown_lane(lane));
                let more = Finding { message, path: String::new(), ..last.clone() };
                found.push(more);
            }
            findings.append(&mut found);
        }
    }

    fn judge_facts(&self, lane: &Lane, stated: &Reproducibility, findings: &mut Vec<Finding>) {
        let missing: Vec<String> = self
            .reproducibility
            .iter()
            .filter(|name| stated.get(name).is_none())
            .map(|name| format!("`{name}`"))
            .collect();
        if missing.is_empty() {
            return;
        }
        let message =
            format!("the pull request of {} does not state {}", shown_lane(lane), missing.join(", "));
        let remedy = "add a fenced block `reproducibility` with a line `name: version` for each to its body; use \
                      `none` where nothing was used";
        findings.push(deny(reason::FACTS_MISSING, message, remedy));
    }
}

/// Whether the branch is this run's alone.
fn judge_use(lane: &Lane, branch: &str, run: &str, claim: &Claim<'_>, findings: &mut Vec<Finding>) {
    let shown = quoted(branch, 200);
    if claim.fork {
        let message = format!("branch {shown} of {} is in a fork", shown_lane(lane));
        findings.push(deny(reason::FORK_BRANCH, message, "push it to the repository itself"));
    }
    let remedy = format!("use a new branch for each run: `{}`", lane.branch_pattern());
    if let Some(other) = claim.others.first() {
        let message = format!("branch {shown} is also used by the open pull request #{other}");
        findings.push(deny(reason::BRANCH_REUSED, message, &remedy));
    }
    let stated_run = claim.stated.and_then(|stated| stated.get("run")).filter(|stated| *stated != run);
    if let Some(stated_run) = stated_run {
        let message =
            format!("the name of branch {shown} belongs to a run other than {}", quoted(stated_run, 100));
        findings.push(deny(reason::BRANCH_REUSED, message, &remedy));
    }
}

fn shown_lane(lane: &Lane) -> String {
    format!("{} lane {} ({})", lane.family, lane.id, lane.name)
}

fn deny(code: Code, message: String, remedy: &str) -> Finding {
    Finding {
        policy: meaning(code.as_str()).map_or("lanes", |(policy, _)| policy).to_owned(),
        code: code.to_string(),
        level: Level::Deny,
        message,
        path: String::new(),
        pointer: String::new(),
        place: None,
        remedy: remedy.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn lanes() -> Lanes {
        let table = include_str!("../../../policies/lanes.yaml").to_owned();
        Lanes::load(&BTreeMap::from([("lanes.yaml".to_owned(), table)])).unwrap()
    }

    fn facts(text: &str) -> Reproducibility {
        Reproducibility::of(&format!("```reproducibility\n{text}\n```\n"))
    }

    /// The codes that a change is found with.
    fn codes(branch: &str, paths: &[&str], stated: &str) -> Vec<String> {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let stated = facts(stated);
        let claim = Claim {
            branch: Some(branch),
            lane: None,
            fork: false,
            paths: &paths,
            stated: Some(&stated),
            others: &[],
        };
        lanes().judge(&claim).into_iter().map(|finding| finding.code).collect()
    }

    const WHOLE: &str = "run: run-1\nconfig: a@1\nmodel: none\nprompt: p@2";
    const GITOPS: &str = "argocd/applications/torghut/ws/deployment.yaml";

    #[test]
    fn each_lane_keeps_to_its_paths() {
        let own = |branch: &str, path: &str| {
            codes(&format!("codex/torghut-v3-{branch}-20260822-run-1"), &[path], WHOLE)
        };
        assert!(own("C", GITOPS).is_empty() && own("swarm-c", GITOPS).is_empty());
        assert!(own("e", GITOPS).is_empty() && own("lane-f", GITOPS).is_empty(), "shared by two lanes");
        assert_eq!(own("A", GITOPS), ["foreign_path"]);
        assert_eq!(own("a", GITOPS), ["foreign_path"]);
        // The most exact pattern decides.
        assert_eq!(own("C", "argocd/applications/torghut/ta/configmap.yaml"), ["foreign_path"]);
        assert!(own("B", "argocd/applications/torghut/ta/configmap.yaml").is_empty());
        assert_eq!(
            own("e", "argocd/applications/torghut/autonomy-gate-policy-configmap.yaml"),
            ["foreign_path"]
        );
        assert_eq!(own("C", "README.md"), ["unowned_path"]);
    }

    /// Facts of the target repository: what the lanes' handbook gives to each, by the names that its files have.
    #[test]
    fn observability_and_schemas_have_their_own_lanes() {
        let own = |branch: &str, path: &str| {
            codes(&format!("codex/torghut-v3-{branch}-20260822-run-1"), &[path], WHOLE)
        };
        let of_e = [
            "argocd/applications/observability/torghut-execution-recovery-dashboard-configmap.yaml",
            "argocd/applications/observability/graf-mimir-rules.yaml",
            "argocd/applications/torghut/ws/torghut-dashboard.yaml",
            "argocd/applications/torghut/torghut-alerts.yaml",
        ];
        let clickhouse = "argocd/applications/torghut/clickhouse";
        let of_b = [
            format!("{clickhouse}/signal-schema-job.yaml"),
            format!("{clickhouse}/intraday-bars-schema-job.yaml"),
            format!("{clickhouse}/ta-replicated-table-migration-job.yaml"),
            format!("{clickhouse}/ta-schema-configmap.yaml"),
        ];
        for path in of_e {
            assert!(own("E", path).is_empty(), "{path}");
            assert_eq!(own("C", path), ["foreign_path"], "{path}");
        }
        for path in &of_b {
            assert!(own("B", path).is_empty(), "{path}");
            assert_eq!(own("C", path), ["foreign_path"], "{path}");
        }
        for path in ["clickhouse-cluster.yaml", "signal-publisher-cronjob.yaml", "kustomization.yaml"] {
            let path = format!("{clickhouse}/{path}");
            assert!(own("C", &path).is_empty(), "{path}");
            assert_eq!(own("B", &path), ["foreign_path"], "{path}");
        }
        assert_eq!(own("E", "argocd/applications/observability/grafana-values.yaml"), ["unowned_path"]);
    }

    #[test]
    fn the_table_names_the_check_runs_of_each_lane() {
        let lanes = lanes();
        for lane in ["A", "B", "C", "D", "E", "a", "b", "c", "d", "e", "f"] {
            let branch = format!("codex/torghut-v3-{lane}-20260822-run-1");
            let names = |path: &str| -> Vec<String> {
                lanes.validations(&branch, &[path.to_owned()]).into_iter().map(|one| one.name).collect()
            };
            assert_eq!(names("docs/torghut/runbook.md"), ["Validate PR title"], "{lane}");
            let manifest = names(GITOPS);
            assert!(manifest.contains(&"PR validation (kubeconform)".to_owned()), "{lane}: {manifest:?}");
        }
    }

    #[test]
    fn the_owner_is_named_and_many_paths_are_summed_up() {
        let lanes = lanes();
        let paths: Vec<String> = (0..30).map(|number| format!("docs/torghut/{number}.md")).collect();
        let claim = Claim {
            branch: None,
            lane: lanes.find("C"),
            fork: false,
            paths: &paths,
            stated: None,
            others: &[],
        };
        let findings = lanes.judge(&claim);
        assert_eq!(findings.len(), MOST_NAMED + 1);
        assert!(
            findings[0].message.contains("owned by swarm lane E (observability and runbooks)"),
            "{findings:?}"
        );
        assert!(findings[MOST_NAMED].message.contains("10 more paths"), "{findings:?}");
    }

    #[test]
    fn branches_are_the_lanes_own() {
        assert_eq!(codes("codex/torghut-v3-c-20260822", &[], WHOLE), ["unknown_lane"]);
        assert_eq!(codes("codex/torghut-v3-x-20260822-run-1", &[], WHOLE), ["unknown_lane"]);
        assert!(codes("fix/typo", &["README.md"], "").is_empty(), "a person's branch is of no lane");
        assert!(
            codes("codex/torghut-release-17", &[GITOPS], "").is_empty(),
            "the release automation is no lane"
        );
        let lanes = lanes();
        let claim = |branch: &'static str, fork: bool, others: &'static [IssueNumber]| Claim {
            branch: Some(branch),
            lane: lanes.find("e"),
            fork,
            paths: &[],
            stated: None,
            others,
        };
        let codes = |claim: Claim<'_>| -> Vec<String> {
            lanes.judge(&claim).into_iter().map(|finding| finding.code).collect()
        };
        assert_eq!(codes(claim("codex/torghut-release-17", false, &[])), ["forbidden_branch"]);
        assert_eq!(codes(claim("codex/symphony-release-17", false, &[])), ["forbidden_branch"]);
        let own = "codex/torghut-v3-e-20260822-run-1";
        assert!(codes(claim(own, false, &[])).is_empty());
        assert_eq!(codes(claim(own, false, &[IssueNumber(9)])), ["branch_reused"]);
        assert_eq!(codes(claim(own, true, &[])), ["fork_branch"]);
    }

    #[test]
    fn a_lanes_pull_request_tells_how_it_was_made() {
        let branch = "codex/torghut-v3-C-20260822-run-1";
        assert_eq!(codes(branch, &[GITOPS], ""), ["facts_missing"]);
        assert_eq!(codes(branch, &[GITOPS], "config: a\nmodel: b"), ["facts_missing"]);
        assert_eq!(codes(branch, &[GITOPS], &WHOLE.replace("run-1", "run-2")), ["branch_reused"]);
    }

    #[test]
    fn every_code_has_its_meaning() {
        for (policy, code) in CODES {
            let (found, sentence) = meaning(code.as_str()).unwrap();
            assert_eq!(found, policy);
            assert!(policy.starts_with("lane-") && sentence.ends_with('.'));
        }
        assert_eq!(meaning("safety_switch"), None);
    }
}
