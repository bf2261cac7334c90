//! The table of lanes: read strictly, every mistake with file and line.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::glob::{Glob, run_of};
use super::validation::{NamedValidation, Validation};

/// The file's name below `policies/`.
const FILE: &str = "lanes.yaml";
/// The schema that this program reads.
const SCHEMA: &str = "writ.lanes/v1";
/// The beginning of the names of writ's own check runs.
const OWN_CHECKS: &str = "writ/";

/// A table that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policies/{FILE}:{line}: {message}")]
pub struct LanesError {
    /// Line, from 1; 0 where it is about the whole file.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// All lanes.
#[derive(Debug, Clone, Default)]
pub struct Lanes {
    lanes: Vec<Lane>,
    reserved: Vec<String>,
    forbidden: Vec<Forbidden>,
    /// The facts that a lane's pull request must state.
    pub(super) reproducibility: Vec<String>,
    /// The check runs that the head of every lane needs.
    checks: Vec<NamedValidation>,
}

/// One lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// What it is called, such as `C`. Case counts: `C` and `c` are two.
    pub id: String,
    /// The lanes that it shares the work with, such as `swarm`; ownership is among those of one family.
    pub family: String,
    /// What it does, a phrase.
    pub name: String,
    /// The patterns of the paths that it owns.
    pub owns: Vec<String>,
    /// The patterns of its branches.
    pub branches: Vec<String>,
    globs: Vec<Glob>,
    checks: Vec<NamedValidation>,
}

/// Branches that no lane may use.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forbidden {
    prefix: String,
    #[serde(default)]
    holds: String,
    pub(super) because: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: String,
    #[serde(default)]
    reserved: Vec<String>,
    #[serde(default)]
    forbidden: Vec<Forbidden>,
    #[serde(default)]
    reproducibility: Vec<String>,
    #[serde(default)]
    checks: Vec<WrittenCheck>,
    lanes: Vec<WrittenLane>,
}

/// A check run that must be green.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCheck {
    name: String,
    #[serde(default)]
    app: Option<String>,
    #[serde(default)]
    paths: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLane {
    id: String,
    family: String,
    name: String,
    owns: Vec<String>,
    branches: Vec<String>,
    #[serde(default)]
    checks: Vec<WrittenCheck>,
}

impl Lanes {
    /// Reads the table from a library's `policies`; without the file there are no lanes.
    ///
    /// # Errors
    /// - it is not YAML, has unknown keys or another schema, or says something that cannot hold
    pub fn load(policies: &BTreeMap<String, String>) -> Result<Self, LanesError> {
        let Some(text) = policies.get(FILE) else { return Ok(Self::default()) };
        let written: Written = serde_yaml::from_str(text).map_err(|error| {
            let line = error.location().map_or(0, |location| location.line());
            LanesError { line, message: error.to_string() }
        })?;
        let placed = |said: &str, message: String| LanesError { line: line_of(text, said), message };
        if written.schema != SCHEMA {
            let message = format!("the schema is `{}`, not `{SCHEMA}`", written.schema);
            return Err(placed(&written.schema, message));
        }
        let mut table = Self {
            lanes: Vec::with_capacity(written.lanes.len()),
            reserved: written.reserved,
            forbidden: written.forbidden,
            reproducibility: written.reproducibility,
            checks: checked_names(written.checks).map_err(|(said, message)| placed(&said, message))?,
        };
        for lane in written.lanes {
            let place = format!("id: {}", lane.id);
            let lane = table
                .checked(lane)
                .map_err(|(said, message)| placed(said.as_deref().unwrap_or(&place), message))?;
            table.lanes.push(lane);
        }
        Ok(table)
    }

    /// A lane that is valid in the table; else what is wrong, and the text in the file that it is about.
    fn checked(&self, lane: WrittenLane) -> Result<Lane, (Option<String>, String)> {
        if self.find(&lane.id).is_some() {
            return Err((None, format!("lane `{}` is defined twice", lane.id)));
        }
        if lane.owns.is_empty() || lane.branches.is_empty() {
            return Err((None, format!("lane `{}` owns nothing, or has no branches", lane.id)));
        }
        for branch in &lane.branches {
            let wrong =
                |message: &str| Err((Some(branch.clone()), format!("branch pattern `{branch}` {message}")));
            if !branch.ends_with("<date>-<runid>") || branch.matches('<').count() != 2 {
                return wrong("does not end in `<date>-<runid>`");
            }
            if self.forbidden(branch).is_some() {
                return wrong("is one that the repository merges automatically");
            }
            if self.lanes.iter().any(|other| other.branches.contains(branch)) {
                return wrong("already belongs to another lane");
            }
        }
        let globs = lane.owns.iter().map(|pattern| {
            Glob::parse(pattern).map_err(|why| (Some(pattern.clone()), format!("`{pattern}`: {why}")))
        });
        let globs = globs.collect::<Result<_, _>>()?;
        let WrittenLane { id, family, name, owns, branches, checks } = lane;
        let checks = checked_names(checks).map_err(|(said, message)| (Some(said), message))?;
        Ok(Lane { id, family, name, owns, branches, globs, checks })
    }

    /// The lanes, in the order of the file.
    #[must_use]
    pub fn all(&self) -> &[Lane] {
        &self.lanes
    }

    /// The lane of this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.id == id)
    }

    /// The lane that a branch belongs to, and the run in its name.
    #[must_use]
    pub fn of_branch<'b>(&self, branch: &'b str) -> Option<(&Lane, &'b str)> {
        self.lanes.iter().find_map(|lane| {
            let run = lane.branches.iter().find_map(|pattern| run_of(pattern, branch))?;
            Some((lane, run))
        })
    }

    /// The check runs that must be green on the head of a change of these paths from this branch, each once, in the order
    /// of the file; none for a branch of no lane.
    #[must_use]
    pub fn validations(&self, branch: &str, paths: &[String]) -> Vec<Validation> {
        let Some((lane, _)) = self.of_branch(branch) else { return Vec::new() };
        let mut found: Vec<Validation> = Vec::new();
        for named in self.checks.iter().chain(&lane.checks).filter(|named| named.is_for(paths)) {
            if !found.contains(&named.validation) {
                found.push(named.validation.clone());
            }
        }
        found
    }

    /// Whether the head of any lane needs such a check run.
    #[must_use]
    pub fn names_validation(&self, name: &str, app: Option<&str>) -> bool {
        let of_lanes = self.lanes.iter().flat_map(|lane| &lane.checks);
        self.checks.iter().chain(of_lanes).any(|named| named.validation.is(name, app))
    }

    /// Whether only lanes may have such a branch.
    pub(super) fn is_reserved(&self, branch: &str) -> bool {
        self.reserved.iter().any(|prefix| branch.starts_with(prefix))
    }

    /// Why no lane may have such a branch.
    pub(super) fn forbidden(&self, branch: &str) -> Option<&Forbidden> {
        self.forbidden.iter().find(|one| {
            branch.strip_prefix(one.prefix.as_str()).is_some_and(|_| branch.contains(one.holds.as_str()))
        })
    }

    /// Why no lane, and no actuation, may have a branch that begins so; `None` where they may.
    #[must_use]
    pub fn forbids(&self, branch: &str) -> Option<&str> {
        self.forbidden(branch).map(|forbidden| forbidden.because.as_str())
    }

    /// The lanes of a family that own a path: those with the most exact pattern.
    pub(super) fn owners(&self, family: &str, path: &str) -> Vec<&Lane> {
        let family = || self.lanes.iter().filter(|lane| lane.family == family);
        let most = family().filter_map(|lane| lane.exactness(path)).max();
        family().filter(|lane| most.is_some() && lane.exactness(path) == most).collect()
    }
}

impl Lane {
    fn exactness(&self, path: &str) -> Option<usize> {
        self.globs.iter().filter(|glob| glob.fits(path)).map(Glob::exactness).max()
    }

    /// The first of its branch patterns.
    pub(super) fn branch_pattern(&self) -> &str {
        self.branches.first().map_or("", String::as_str)
    }
}

/// Check runs that can be waited for; else the text in the file that is wrong, and what is wrong with it.
fn checked_names(written: Vec<WrittenCheck>) -> Result<Vec<NamedValidation>, (String, String)> {
    let checked = |WrittenCheck { name, app, paths }: WrittenCheck| {
        if name.trim().is_empty() || app.as_ref().is_some_and(|app| app.trim().is_empty()) {
            return Err((name, "a check run, or its app, has an empty name".to_owned()));
        }
        if name.starts_with(OWN_CHECKS) {
            let message = format!("`{name}` is writ's own check run, which cannot wait for itself");
            return Err((name, message));
        }
        let globs = paths.iter().map(|pattern| {
            Glob::parse(pattern).map_err(|why| (pattern.clone(), format!("`{pattern}`: {why}")))
        });
        Ok(NamedValidation { paths: globs.collect::<Result<_, _>>()?, validation: Validation { name, app } })
    };
    written.into_iter().map(checked).collect()
}

/// The first line that holds a text.
fn line_of(text: &str, said: &str) -> usize {
    text.lines().position(|line| line.contains(said)).map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "schema: writ.lanes/v1\nforbidden:\n- {prefix: codex/x-release-, because: merged by itself}\nlanes:\n\
        - id: A\n  family: swarm\n  name: core\n  owns: [app/**]\n  branches: [codex/v3-A-<date>-<runid>]\n";

    fn load(text: &str) -> Result<Lanes, LanesError> {
        Lanes::load(&BTreeMap::from([("lanes.yaml".to_owned(), text.to_owned())]))
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        assert_eq!(load(GOOD).unwrap().all().len(), 1);
        assert!(Lanes::load(&BTreeMap::new()).unwrap().all().is_empty());
        for (from, to, line, says) in [
            ("lanes/v1", "lanes/v9", 1, "the schema is"),
            ("  name: core", "  title: core", 7, "unknown field `title`"),
            ("app/**", "app//x", 8, "`app//x`: it has an empty part"),
            ("[app/**]", "[]", 5, "owns nothing"),
            ("<date>-<runid>", "<runid>", 9, "does not end in"),
            ("codex/v3-A", "codex/x-release", 9, "merges automatically"),
            (
                "lanes:",
                "lanes:\n- {id: A, family: f, name: n, owns: [a], branches: [b-<date>-<runid>]}",
                5,
                "lane `A` is defined twice",
            ),
            ("id: A", "id: [A]", 5, "invalid type"),
            ("lanes:", "checks:\n- {name: writ/policy}\nlanes:", 5, "cannot wait for itself"),
            (
                "  name: core",
                "  name: core\n  checks: [{name: tests, paths: [a//b]}]",
                8,
                "`a//b`: it has an empty part",
            ),
            ("  name: core", "  name: core\n  checks: [{names: tests}]", 8, "unknown field `names`"),
        ] {
            let error = load(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.message.contains(says), "{to}: {error}");
            assert_eq!(error.line, line, "{to}: {error}");
        }
    }

    #[test]
    fn a_head_needs_the_check_runs_of_its_lane_and_paths() {
        let text = GOOD
            .replace("lanes:", "checks:\n- {name: title, app: ci}\nlanes:")
            .replace("  name: core", "  name: core\n  checks:\n  - {name: title, app: ci}\n  - {name: tests, paths: [\"app/**/*.py\"]}");
        let lanes = load(&text).unwrap();
        let names = |branch: &str, paths: &[&str]| -> Vec<String> {
            let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
            lanes.validations(branch, &paths).into_iter().map(|validation| validation.name).collect()
        };
        let branch = "codex/v3-A-20260822-run-1";
        assert_eq!(names(branch, &["app/readme.md"]), ["title"], "each once");
        assert_eq!(names(branch, &["app/readme.md", "app/a/b.py"]), ["title", "tests"]);
        assert_eq!(names("fix/typo", &["app/a/b.py"]), Vec::<String>::new(), "a person's");
        assert!(lanes.names_validation("tests", None) && lanes.names_validation("title", Some("ci")));
        assert!(!lanes.names_validation("title", Some("stranger")) && !lanes.names_validation("lint", None));
    }
}
