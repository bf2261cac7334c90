//! The target: what is known of the repository that is served. The file is `policies/target.yaml`.
//!
//! Everything that procedures, rules and lanes do not say themselves is here, so that no other file of this program
//! knows the target by name. Read strictly: every mistake is named with its line.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::names::{BranchName, RunId};
use super::watch::Watch;

/// The file's name below `policies/`.
pub const FILE: &str = "target.yaml";
/// The schema that this program reads.
const SCHEMA: &str = "writ.target/v1";
/// How the pattern of the actuations' branches ends.
const BRANCH_END: &str = "<yyyymmdd-hhmm>-<run>";
/// The most characters of a title's scope: the titles of rollbacks have to fit into 72.
const LONGEST_SCOPE: usize = 20;

/// What is known of the target.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetProfile {
    schema: String,
    /// The folder whose manifests are planned, judged and changed, no slash at either end.
    pub gitops_path: String,
    /// The pattern of the branches that plans are published on; ends in `<yyyymmdd-hhmm>-<run>`.
    actuation_branch: String,
    /// The scope of titles that no procedure words: `torghut` in `revert(torghut): undo pause-trading`.
    pub title_scope: String,
    /// The phrase that confirms a rollback of a procedure that the library does not have any more.
    pub confirmation: String,
    /// Texts that make a file worth judging although it is neither changed nor listed by a kustomization.
    pub guarded_names: Vec<String>,
    /// Patterns of paths beyond the GitOps path that are judged for their reach into it; none where it is left out, as in
    /// libraries of earlier versions.
    #[serde(default)]
    pub watch: Vec<String>,
    /// Reason codes of the embedded policies that the library does without on purpose, each with the reason.
    pub retired_codes: BTreeMap<String, String>,
}

/// A target file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policies/{FILE}:{line}: {message}")]
pub struct TargetError {
    /// Line, from 1; 0 where it is about the whole file.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl TargetProfile {
    /// Reads the file from a library's `policies`.
    ///
    /// # Errors
    /// - the file is missing, is not YAML, has unknown or missing keys or another schema
    /// - a value cannot hold: a path with an empty part, a branch without its ending, a phrase that nobody could type
    pub fn load(policies: &BTreeMap<String, String>) -> Result<Self, TargetError> {
        let wrong = |line: usize, message: String| TargetError { line, message };
        let text = policies.get(FILE).ok_or_else(|| wrong(0, "the file is missing".to_owned()))?;
        let target: Self = serde_yaml::from_str(text).map_err(|error| {
            let line = error.location().map_or(0, |location| location.line());
            wrong(line, error.to_string())
        })?;
        match target.mistake() {
            Some((key, message)) => Err(wrong(line_of(text, key), message)),
            None => Ok(target),
        }
    }

    /// The same target with its manifests in another folder, no slash at either end.
    #[must_use]
    pub fn below(self, gitops_path: &str) -> Self {
        Self { gitops_path: gitops_path.to_owned(), ..self }
    }

    /// The branch of an actuation: `time` as `yyyymmdd-hhmm`, and the run's id.
    #[must_use]
    pub fn branch(&self, time: &str, run: &str) -> BranchName {
        let name = format!("{}{time}-{run}", self.branch_prefix());
        // OK because reading the file has tried the pattern with a time and a run.
        name.parse().unwrap_or_else(|error| unreachable!("a branch name: {error}"))
    }

    /// The run whose branch one would be by its name, of whichever time.
    #[must_use]
    pub fn run_of(&self, branch: &str) -> Option<RunId> {
        let (_time, run) = branch.strip_prefix(self.branch_prefix())?.rsplit_once('-')?;
        run.parse().ok()
    }

    /// What the branches of all actuations begin with.
    #[must_use]
    pub fn branch_prefix(&self) -> &str {
        self.actuation_branch.strip_suffix(BRANCH_END).unwrap_or(&self.actuation_branch)
    }

    /// An error about one of the file's keys.
    #[must_use]
    pub fn error_at(policies: &BTreeMap<String, String>, key: &str, message: String) -> TargetError {
        TargetError { line: policies.get(FILE).map_or(0, |text| line_of(text, key)), message }
    }

    /// The first value that cannot hold: its key, and why.
    fn mistake(&self) -> Option<(&'static str, String)> {
        if self.schema != SCHEMA {
            return Some(("schema", format!("the schema is `{}`, not `{SCHEMA}`", self.schema)));
        }
        if self.gitops_path.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
            let path = &self.gitops_path;
            return Some((
                "gitops_path",
                format!("`{path}` is not a folder path without leading and trailing slashes"),
            ));
        }
        let example = format!("{}20260822-1030-abcdefgh234567ab", self.branch_prefix());
        if !self.actuation_branch.ends_with(BRANCH_END) || example.parse::<BranchName>().is_err() {
            let pattern = &self.actuation_branch;
            return Some((
                "actuation_branch",
                format!("`{pattern}` is no branch that ends in `{BRANCH_END}`"),
            ));
        }
        let in_scope =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._/-".contains(&byte);
        if !(1..=LONGEST_SCOPE).contains(&self.title_scope.len()) || !self.title_scope.bytes().all(in_scope) {
            let message = format!("`{}` is no scope of a title", self.title_scope);
            return Some(("title_scope", message));
        }
        let in_phrase = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
        if self.confirmation.is_empty() || !self.confirmation.bytes().all(in_phrase) {
            return Some(("confirmation", "the phrase may contain only A-Z and `_`".to_owned()));
        }
        if self.guarded_names.iter().any(String::is_empty) {
            return Some(("guarded_names", "an empty text is in every file".to_owned()));
        }
        if let Err(error) = Watch::parse(&self.watch) {
            return Some(("watch", error.to_string()));
        }
        let unexplained = self.retired_codes.iter().find(|(_, reason)| reason.trim().is_empty());
        unexplained.map(|(code, _)| ("retired_codes", format!("`{code}` has no reason")))
    }
}

/// A path that names no folder of a repository. `Display` reads on behind the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotFolder {
    /// It begins with a slash.
    #[error("is absolute: paths are relative to the repository's root")]
    Absolute,
    /// It has a part `..`.
    #[error("has a part `..`")]
    Outside,
    /// Nothing is left of it, or it was empty.
    #[error("names no folder below the repository's root")]
    Root,
}

/// A folder's path as git has it: `apps/x` for `./apps//x/`.
///
/// # Errors
/// - it is absolute, has a part `..`, or names no folder below the root
pub fn folder_path(path: &str) -> Result<String, NotFolder> {
    if path.starts_with('/') {
        return Err(NotFolder::Absolute);
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err(NotFolder::Outside);
    }
    if parts.is_empty() {
        return Err(NotFolder::Root);
    }
    Ok(parts.join("/"))
}

/// The line of a key of the file.
fn line_of(text: &str, key: &str) -> usize {
    let is_it = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
    text.lines().position(is_it).map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMBEDDED: &str = include_str!("../../policies/target.yaml");

    fn load(text: &str) -> Result<TargetProfile, TargetError> {
        TargetProfile::load(&BTreeMap::from([(FILE.to_owned(), text.to_owned())]))
    }

    fn line(start: &str) -> usize {
        EMBEDDED.lines().position(|line| line.starts_with(start)).unwrap() + 1
    }

    #[test]
    fn the_embedded_file_holds() {
        let target = load(EMBEDDED).unwrap();
        assert_eq!(
            target.branch("20260822-1030", "abc").as_str(),
            "agentruns/torghut-actuation-20260822-1030-abc"
        );
        assert_eq!(target.below("apps/x").gitops_path, "apps/x");
    }

    #[test]
    fn paths_are_normalised_or_refused() {
        for path in ["apps/x", "./apps/x", "apps//x", "apps/x/", ".//apps/./x//"] {
            assert_eq!(folder_path(path).as_deref(), Ok("apps/x"), "{path}");
        }
        for (path, expected) in [
            ("/apps", NotFolder::Absolute),
            ("../apps", NotFolder::Outside),
            ("apps/../x", NotFolder::Outside),
            (".", NotFolder::Root),
            ("", NotFolder::Root),
        ] {
            assert_eq!(folder_path(path), Err(expected), "{path}");
        }
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (from, to, start, says) in [
            ("target/v1", "target/v2", "schema", "the schema is"),
            (
                "gitops_path: argocd/",
                "gitops_path: /argocd/",
                "gitops_path",
                "without leading and trailing slashes",
            ),
            ("<yyyymmdd-hhmm>-<run>\n", "<run>\n", "actuation_branch", "ends in"),
            ("torghut-actuation", "torghut actuation", "actuation_branch", "no branch"),
            ("title_scope: torghut", "title_scope: Torghut", "title_scope", "no scope"),
            ("confirmation: ACTUATE", "confirmation: actuate", "confirmation", "A-Z"),
            ("[TRADING_,", "['',", "guarded_names", "empty text"),
            ("watch: [argocd/**]", "watch: [../argocd]", "watch", "no pattern"),
            ("retired_codes: {}", "retired_codes: {a: ' '}", "retired_codes", "`a` has no reason"),
            ("title_scope: torghut", "title_scoop: torghut", "title_scope", "unknown field `title_scoop`"),
        ] {
            let error = load(&EMBEDDED.replace(from, to)).unwrap_err();
            assert!(error.message.contains(says), "{to}: {error}");
            assert_eq!(error.line, line(start), "{to}: {error}");
        }
        let missing = load(&EMBEDDED.replace("title_scope: torghut\n", "")).unwrap_err();
        assert!(missing.message.contains("missing field `title_scope`"), "{missing}");
        assert!(TargetProfile::load(&BTreeMap::new()).unwrap_err().message.contains("missing"));
    }
}
