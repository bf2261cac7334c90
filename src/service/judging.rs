//! Judging a change: from a base and a head commit to the verdict of the policies and what changes by name.
//!
//! Called by `writ check` and for pull requests; the planner owns a judge for its own plans.
//! Blocking: it reads git objects, and nothing else of a change: no file is checked out, nothing of it runs.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::budget::CACHE_BYTES;
use crate::domain::change::{Change, between_trees};
use crate::domain::lane::{self, Lanes};
use crate::domain::manifest::Manifests;
use crate::domain::names::CommitId;
use crate::domain::plan::Plan;
use crate::domain::policy::{
    Documents, Facts, Finding, Incomplete, Policies, Provenance, Situation, Verdict, Window, redact,
};
use crate::domain::target::{self, TargetProfile};
use crate::domain::tree::{Entry, Snapshot};
use crate::domain::watch::{Watch, is_at_or_below};
use crate::domain::yaml::{self, Pointer, Stream};
use crate::ports::git::{Git, GitError};
use crate::ports::library::Library;
use crate::ports::render::RenderError;

use super::materials::Materials;
use super::tree;

/// Judges changes by the policies of a library. Holds them compiled, and what it parsed and built so far.
#[derive(Debug)]
pub struct Judge {
    target: TargetProfile,
    policies: Policies,
    lanes: Lanes,
    materials: Materials,
    watch: Watch,
    manifests: Manifests,
    documents: Documents,
}

/// The result of judging a change.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// What changes below the GitOps path, by file, object and name; secrets are redacted.
    pub changes: Vec<Change>,
    /// The files below the GitOps path at the head, those outside of it that its kustomizations refer to, and the watched
    /// ones that differ.
    pub head: Snapshot,
    /// The files outside of the GitOps path that its kustomizations refer to, on either side.
    pub reached: BTreeSet<String>,
    /// The watched files that differ.
    pub watched: BTreeSet<String>,
    /// Whether there is a manifest below the GitOps path, on either side. Without one, nothing was judged.
    pub has_manifests: bool,
}

/// Why nothing can be judged or planned by a library.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// A procedure, policy, lane or the target is wrong.
    #[error("{file}:{line}: {message}")]
    Invalid {
        /// File below the library, such as `patches/pause-trading.yaml`.
        file: String,
        /// Line, from 1; 0 where it is about the whole file.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// Each file may be right, and yet they do not judge as they should.
    #[error("the policies of the library are incomplete: {0}")]
    Incomplete(#[source] Incomplete),
    /// A template is wrong.
    #[error(transparent)]
    Template(#[from] RenderError),
}

impl Judge {
    /// Compiles the policies of a library, for manifests below `gitops_path` (no slash at either end); `None` takes that
    /// of the library's target.
    ///
    /// # Errors
    /// - `Invalid`: a policy, the lanes or the target are not valid: file, line, what is wrong
    /// - `Incomplete`: there is no rule, or a known code that no rule can find
    pub fn compile(library: &Library, gitops_path: Option<&str>) -> Result<Self, CompileError> {
        let mut target = TargetProfile::load(&library.policies)?;
        if let Some(gitops_path) = gitops_path {
            target = target.below(gitops_path);
        }
        let policies = Policies::compile(&library.policies).map_err(|error| CompileError::Invalid {
            file: format!("policies/{}", error.file),
            line: error.line,
            message: error.message,
        })?;
        let expected = match library.folder() {
            Some(_) => Policies::codes_of(&Library::embedded().policies),
            None => BTreeSet::new(),
        };
        policies.check_complete(&expected, &target.retired_codes).map_err(CompileError::Incomplete)?;
        let lanes = Lanes::load(&library.policies).map_err(|error| CompileError::Invalid {
            file: "policies/lanes.yaml".to_owned(),
            line: error.line,
            message: error.message,
        })?;
        if let Some(because) = lanes.forbids(target.branch_prefix()) {
            let message = format!("branches like `{}…` are forbidden: {because}", target.branch_prefix());
            return Err(TargetProfile::error_at(&library.policies, "actuation_branch", message).into());
        }
        // OK because reading the target has tried them.
        let watch = Watch::parse(&target.watch).unwrap_or_else(|error| unreachable!("{error}"));
        Ok(Self {
            materials: Materials::of(library, &target.gitops_path).watching(&watch),
            watch,
            target,
            policies,
            lanes,
            manifests: Manifests::with_room(CACHE_BYTES / 4),
            documents: Documents::with_room(CACHE_BYTES - CACHE_BYTES / 4),
        })
    }

    /// The same judge, whose caches hold at most so many bytes.
    #[must_use]
    pub fn with_cache(self, bytes: usize) -> Self {
        Self {
            manifests: Manifests::with_room(bytes / 4),
            documents: Documents::with_room(bytes - bytes / 4),
            ..self
        }
    }

    /// The same judge, which watches these paths and not those of the library's target.
    #[must_use]
    pub fn watching(self, watch: Watch) -> Self {
        Self { materials: self.materials.watching(&watch), watch, ..self }
    }

    /// The paths beyond the GitOps path that are judged for their reach into it.
    #[must_use]
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// The tree of a commit as it is judged: what is below the GitOps path, and what kustomizations refer to outside of it.
    ///
    /// # Errors
    /// - `UnknownRevision`: the commit is not here
    /// - `TooLarge`, `TooMany`, `Odb`: its objects cannot be read
    pub fn tree(&self, git: &dyn Git, commit: &CommitId) -> Result<Snapshot, GitError> {
        tree::read(git, &self.documents, commit, &self.target.gitops_path)
    }

    /// How many bytes the caches hold, by an estimate.
    #[must_use]
    pub fn cached_bytes(&self) -> usize {
        self.manifests.bytes() + self.documents.bytes()
    }

    /// What is known of the target; its GitOps path is the one that is judged.
    #[must_use]
    pub fn target(&self) -> &TargetProfile {
        &self.target
    }

    /// The policies that judge.
    #[must_use]
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// Whether a policy, or a code that a policy or the lanes find, is called so.
    #[must_use]
    pub fn knows_rule(&self, rule: &str) -> bool {
        let of_lanes = |rule: &str| lane::meaning(rule).is_some() || lane::is_policy(rule);
        self.policies.policies().iter().any(|policy| policy.name == rule || policy.codes.contains_key(rule))
            || of_lanes(rule)
    }

    /// The lanes.
    #[must_use]
    pub fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// The digest of the library that is judged by, as [`Library::digest`] has it.
    #[must_use]
    pub fn library(&self) -> &str {
        &self.materials.library
    }

    /// What it judges with.
    #[must_use]
    pub fn materials(&self) -> &Materials {
        &self.materials
    }

    /// The manifests parsed so far.
    pub(super) fn manifests(&self) -> &Manifests {
        &self.manifests
    }

    /// Judges what changes from one commit to another below the GitOps path and in what its kustomizations refer to, and
    /// how far changes of watched paths reach into it; `provenance` where it is a plan of writ's own.
    ///
    /// # Errors
    /// - `UnknownRevision`: a commit is not here
    /// - `TooLarge`, `Odb`: its objects cannot be read
    pub fn judge_change(
        &self,
        git: &dyn Git,
        base: &CommitId,
        head: &CommitId,
        provenance: Option<&Provenance>,
    ) -> Result<Judged, GitError> {
        self.judge_change_in(git, [base, head], provenance, None)
    }

    /// The same in a window of the repository's calendar: rules speak as if it were closed, see [`Verdict::under`].
    ///
    /// # Errors
    /// - as [`Judge::judge_change`]
    pub fn judge_change_in(
        &self,
        git: &dyn Git,
        [base, head]: [&CommitId; 2],
        provenance: Option<&Provenance>,
        window: Option<&Window>,
    ) -> Result<Judged, GitError> {
        let gitops_path = &self.target.gitops_path;
        let (mut base, mut head) = (self.tree(git, base)?, self.tree(git, head)?);
        tree::complete(git, &mut base, &mut head, gitops_path)?;
        let watched = tree::watched(git, &self.watch, [&base, &head], gitops_path)?;
        let mut changes = between_trees(&base, &head, &self.manifests);
        let situation = Situation { target: &self.target, base: &base, changes: &changes, provenance };
        let facts = Facts::of_trees(&situation, &head, &self.documents).in_window(window);
        let [before, after] = &watched;
        let facts = facts.with_watched([before, after], &self.target, &self.documents);
        let mut verdict = self.verdict(git, &base.commit, facts)?;
        let has_manifests = [&base, &head].into_iter().any(Snapshot::has_manifests);
        // The rules have seen them; nobody else needs to.
        let news = verdict.results.len();
        verdict.results.append(&mut verdict.standing);
        redact(&mut changes, &mut verdict.results);
        verdict.standing = verdict.results.split_off(news);
        let outside = |path: &&String| !is_at_or_below(path, gitops_path);
        let reached = base.files.keys().chain(head.files.keys()).filter(outside).cloned().collect();
        let watched_paths = before.files.keys().chain(after.files.keys()).cloned().collect();
        let [_, after] = watched;
        head.files.extend(after.files);
        Ok(Judged { verdict, changes, head, reached, watched: watched_paths, has_manifests })
    }

    /// Judges a plan of writ's own on its base, in a window of the repository's calendar.
    ///
    /// # Errors
    /// - `UnknownRevision`, `Odb`: the history of a file that rules ask for cannot be read
    pub fn judge_plan(
        &self,
        git: &dyn Git,
        plan: &Plan,
        base: &Snapshot,
        provenance: &Provenance,
        window: Option<&Window>,
    ) -> Result<Verdict, GitError> {
        if plan.no_change.is_some() {
            return Ok(Verdict::no_change());
        }
        let changes = &plan.changes;
        let situation = Situation { target: &self.target, base, changes, provenance: Some(provenance) };
        let facts = Facts::of_writes(&situation, &plan.writes, &self.documents).in_window(window);
        self.verdict(git, &base.commit, facts)
    }

    /// The verdict on facts about a change of `base`, with the history that rules ask for. They ask only about changes
    /// of a few settings, so an ordinary change reads no history at all.
    fn verdict(&self, git: &dyn Git, base: &CommitId, facts: Facts) -> Result<Verdict, GitError> {
        let names = self.policies.history_names();
        let mut known = BTreeMap::new();
        for path in facts.wants_history(&names) {
            let history = git.file_history(base, &path)?;
            // Half a history would call a value new that is not.
            if history.is_whole {
                known.insert(path, history.contents);
            }
        }
        Ok(self.policies.evaluate(&facts.with_history(&names, &known)))
    }
}

/// How many documents are gone through for the lines of all findings, at most; what is left is on line 1.
const MOST_SEARCHED: usize = 1_000_000;

impl Judged {
    /// Whether the change of a path was judged, by any rule.
    #[must_use]
    pub fn concerns(&self, path: &str, gitops_path: &str) -> bool {
        is_at_or_below(path, gitops_path) || self.reached.contains(path) || self.watched.contains(path)
    }

    /// For each finding the line of the head's file, from 1, to which it belongs: that of its node, else that of the nearest
    /// node above it that is there. `None` where it is about no file, or about one that is gone.
    #[must_use]
    pub fn lines_of(&self, findings: &[Finding]) -> Vec<Option<usize>> {
        let mut lines = vec![None; findings.len()];
        let mut by_path: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, finding) in findings.iter().enumerate() {
            by_path.entry(&finding.path).or_default().push(index);
        }
        let mut left = MOST_SEARCHED;
        for (path, indexes) in by_path {
            let Some(text) = self.head.files.get(path).and_then(Entry::text) else { continue };
            let stream = yaml::parse(text).ok();
            for index in indexes {
                lines[index] = match &stream {
                    Some(stream) => line_in(stream, &findings[index], &mut left),
                    None => Some(1),
                };
            }
        }
        lines
    }
}

fn line_in(stream: &Stream<'_>, finding: &Finding, left: &mut usize) -> Option<usize> {
    let place = finding.place.as_ref().unwrap_or(&finding.pointer);
    let Ok(mut pointer) = place.parse::<Pointer>() else { return Some(1) };
    loop {
        let documents = stream.documents();
        match left.checked_sub(documents.len()) {
            Some(rest) => *left = rest,
            None => return Some(1),
        }
        if let Some(place) = documents.iter().find_map(|document| document.locate(&pointer)) {
            return Some(place.line);
        }
        pointer.steps.pop()?;
    }
}

impl From<target::TargetError> for CompileError {
    fn from(error: target::TargetError) -> Self {
        let file = format!("policies/{}", target::FILE);
        Self::Invalid { file, line: error.line, message: error.message }
    }
}
