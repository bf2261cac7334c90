//! A repository on disk: the adapter of [`Git`] over git2, with the git command for its remote.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use git2::{BranchType, ErrorCode, RepositoryInitOptions, RepositoryOpenFlags};

use super::command::{Environment, Interrupt};
use super::history::{self, FileHistory, PastChange};
use super::objects::{self, Blobs};
use super::surgery;
use super::transport::{Moving, Remote};
use super::{BranchDeletion, CommitDraft, FileCommit, Git, GitError, PushOutcome};
use crate::domain::credential::Credential;
use crate::domain::names::{BranchName, CommitId, IssueNumber};
use crate::domain::tree::Snapshot;

/// A git repository: bare or not, a worktree, or the server's mirror of a remote. Nothing is ever checked out.
pub struct Repository {
    path: PathBuf,
    remote: Option<Remote>,
    state: Mutex<OpenRepository>,
}

struct OpenRepository {
    repository: git2::Repository,
    blobs: Blobs,
}

impl Repository {
    /// Opens somebody's repository: the folder itself (bare), its `.git` folder or `.git` file (worktrees and
    /// submodules), or the nearest one above. It has no remote.
    ///
    /// # Errors
    /// - `NoRepository`: there is none at or above `path`
    /// - `Odb`: it cannot be opened (another owner, an unknown extension)
    pub fn open(path: &Path) -> Result<Self, GitError> {
        let none: [&Path; 0] = [];
        let repository = git2::Repository::open_ext(path, RepositoryOpenFlags::empty(), none)
            .map_err(|error| no_repository_or_fault(error, path))?;
        Ok(Self::over(repository, None))
    }

    /// Opens the server's mirror of a remote, a bare repository at `path`; makes an empty one where there is none.
    /// Asks nothing of the remote: [`Git::fetch`] does. A mirror belongs to one process: lock files found in it were left
    /// by one that was killed, and are removed.
    ///
    /// `remote` is `https://…`, `http://…`, `file://…` or an absolute path.
    ///
    /// # Errors
    /// - `BadRemote`: another scheme, or a user name or password in the address
    /// - `Odb`: the mirror cannot be made or opened
    pub fn mirror(path: &Path, remote: &str) -> Result<Self, GitError> {
        let remote = Remote::parse(remote)?;
        let none: [&Path; 0] = [];
        let bare = RepositoryOpenFlags::BARE | RepositoryOpenFlags::NO_SEARCH;
        let repository = match git2::Repository::open_ext(path, bare, none) {
            Err(error) if error.code() == ErrorCode::NotFound => {
                let mut options = RepositoryInitOptions::new();
                options.bare(true).no_reinit(true).mkpath(true).external_template(false).initial_head("main");
                git2::Repository::init_opts(path, &options)
            }
            opened => opened,
        }
        .map_err(GitError::odb)?;
        remove_stale_locks(path);
        Ok(Self::over(repository, Some(remote)))
    }

    /// Waits at most `limit` for each call to the remote (else 15 minutes for a fetch, a minute for the others).
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        if let Some(remote) = &mut self.remote {
            remote.set_limit(limit);
        }
        self
    }

    /// Gives the git command these variables of the caller's environment; else it has none but a usual `PATH`.
    #[must_use]
    pub fn with_environment(mut self, environment: Environment) -> Self {
        if let Some(remote) = &mut self.remote {
            remote.set_environment(environment);
        }
        self
    }

    /// Ends calls to the remote when this is interrupted.
    #[must_use]
    pub fn with_interrupt(mut self, interrupt: Interrupt) -> Self {
        if let Some(remote) = &mut self.remote {
            remote.set_interrupt(interrupt);
        }
        self
    }

    /// The git folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether its history is cut off somewhere (a shallow clone).
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.state().repository.is_shallow()
    }

    /// The commits of a range that changed something below a path, oldest first, by first parents alone. The range is a
    /// revision with all its ancestors, or `FROM..TO` without those of `FROM`; an empty side is `HEAD`.
    ///
    /// # Errors
    /// - `UnknownRevision`: a side of the range is no commit here
    /// - `Odb`: the history cannot be read
    pub fn past_changes(&self, range: &str, path: &str) -> Result<Vec<PastChange>, GitError> {
        history::past_changes(&self.state().repository, range, path)
    }

    fn over(repository: git2::Repository, remote: Option<Remote>) -> Self {
        let path = repository.path().to_owned();
        Self { path, remote, state: Mutex::new(OpenRepository { repository, blobs: Blobs::new() }) }
    }

    fn state(&self) -> MutexGuard<'_, OpenRepository> {
        // A panic while the lock was held leaves git2's handle usable: it keeps no half-made state between calls.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fetch_reference(
        &self,
        reference: &str,
        credential: Option<&Credential>,
    ) -> Result<CommitId, GitError> {
        let remote = self.remote()?;
        let before = self.resolve(reference).ok();
        remote.fetch(&self.path, reference, credential)?;
        let tip = self.resolve(reference)?;
        if before.as_ref() != Some(&tip) {
            remote.tidy_in_background(&self.path);
        }
        Ok(tip)
    }

    fn remote(&self) -> Result<&Remote, GitError> {
        self.remote
            .as_ref()
            .ok_or_else(|| GitError::BadRemote("this repository was opened without one".into()))
    }
}

impl Git for Repository {
    fn resolve(&self, revision: &str) -> Result<CommitId, GitError> {
        objects::resolve(&self.state().repository, revision)
    }

    fn snapshot(&self, commit: &CommitId, path: &str) -> Result<Snapshot, GitError> {
        let OpenRepository { repository, blobs } = &mut *self.state();
        objects::snapshot(repository, commit, path, blobs)
    }

    fn extend(
        &self,
        snapshot: &mut Snapshot,
        paths: &[String],
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<(), GitError> {
        let OpenRepository { repository, blobs } = &mut *self.state();
        objects::extend(repository, snapshot, paths, wanted, blobs)
    }

    fn file_history(&self, commit: &CommitId, path: &str) -> Result<FileHistory, GitError> {
        history::file_history(&self.state().repository, commit, path)
    }

    fn preview(&self, draft: &CommitDraft) -> Result<CommitId, GitError> {
        Ok(objects::commit_id(surgery::build(&self.state().repository, draft)?.commit))
    }

    fn commit(&self, draft: &CommitDraft) -> Result<CommitId, GitError> {
        let state = self.state();
        let built = surgery::build(&state.repository, draft)?;
        built.write(&state.repository.odb().map_err(GitError::odb)?)?;
        Ok(objects::commit_id(built.commit))
    }

    fn create_branch(&self, branch: &BranchName, commit: &CommitId) -> Result<(), GitError> {
        let state = self.state();
        let repository = &state.repository;
        let id = git2::Oid::from_str(commit.as_str()).map_err(GitError::odb)?;
        // A branch `a` and a branch `a/b` cannot both be; libgit2 has no word of its own for it.
        let above = branch.as_str().match_indices('/').map(|(at, _)| &branch.as_str()[..at]);
        for parent in above {
            if repository.find_branch(parent, BranchType::Local).is_ok() {
                return Err(parent
                    .parse()
                    .map_or_else(|_| GitError::BranchExists(branch.clone()), GitError::BranchExists));
            }
        }
        let made = repository
            .find_commit(id)
            .and_then(|commit| repository.branch(branch.as_str(), &commit, false).map(drop));
        made.map_err(|error| match error.code() {
            ErrorCode::Exists | ErrorCode::Directory => GitError::BranchExists(branch.clone()),
            ErrorCode::NotFound => GitError::UnknownRevision(commit.to_string()),
            _ => GitError::odb(error),
        })
    }

    fn fetch(&self, branch: &BranchName, credential: Option<&Credential>) -> Result<CommitId, GitError> {
        self.fetch_reference(&format!("refs/heads/{branch}"), credential)
    }

    fn fetch_pull(&self, number: IssueNumber, credential: Option<&Credential>) -> Result<CommitId, GitError> {
        self.fetch_reference(&format!("refs/pull/{number}/head"), credential)
    }

    fn merge_base(&self, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>, GitError> {
        objects::merge_base(&self.state().repository, one, other)
    }

    fn changed_paths(
        &self,
        from: &CommitId,
        to: &CommitId,
        below: &str,
        limit: usize,
    ) -> Result<Option<Vec<String>>, GitError> {
        objects::changed_paths(&self.state().repository, from, to, below, limit)
    }

    fn remote_tip(
        &self,
        branch: &BranchName,
        credential: Option<&Credential>,
    ) -> Result<Option<CommitId>, GitError> {
        self.remote()?.tip(&self.path, branch, credential)
    }

    fn commit_file(&self, file: &FileCommit) -> Result<CommitId, GitError> {
        objects::commit_file(&self.state().repository, file)
    }

    fn advance(
        &self,
        branch: &BranchName,
        from: Option<&CommitId>,
        to: &CommitId,
        credential: Option<&Credential>,
    ) -> Result<bool, GitError> {
        let moving = Moving { branch, from, to };
        self.remote()?.advance(&self.path, &moving, credential)
    }

    fn push(
        &self,
        branch: &BranchName,
        commit: &CommitId,
        credential: Option<&Credential>,
    ) -> Result<PushOutcome, GitError> {
        self.remote()?.push(&self.path, branch, commit, credential)
    }

    fn delete_branch(
        &self,
        branch: &BranchName,
        commit: &CommitId,
        credential: Option<&Credential>,
    ) -> Result<BranchDeletion, GitError> {
        self.remote()?.delete_branch(&self.path, branch, commit, credential)
    }
}

fn no_repository_or_fault(error: git2::Error, path: &Path) -> GitError {
    match error.code() {
        ErrorCode::NotFound => GitError::NoRepository(path.display().to_string()),
        _ => GitError::odb(error),
    }
}

/// Removes the lock files that would make git wait for a process that is gone.
fn remove_stale_locks(mirror: &Path) {
    let mut folders = vec![mirror.join("refs")];
    let mut files: Vec<PathBuf> = [
        "HEAD.lock",
        "config.lock",
        "packed-refs.lock",
        "shallow.lock",
        "objects/maintenance.lock",
        "gc.pid",
    ]
    .map(|name| mirror.join(name))
    .into();
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    for lock in files.iter().filter(|path| path.extension().is_some_and(|end| end == "lock" || end == "pid"))
    {
        if std::fs::remove_file(lock).is_ok() {
            tracing::warn!(path = %lock.display(), "removed a lock file left by a killed process");
        }
    }
}
