//! Git: bare object databases, read and written without a checkout; transport in `transport.rs`.
//!
//! Blocking; async callers use `tokio::task::spawn_blocking`.

mod command;
mod history;
mod objects;
mod repository;
mod surgery;
mod transport;

use git2::{ErrorClass, ErrorCode};
use jiff::Timestamp;

use crate::domain::names::{BlobId, BranchName, CommitId, IssueNumber};
use crate::domain::tree::{FileWrite, Snapshot};

pub use crate::domain::credential::Credential;
pub use command::{Environment, Interrupt, check_command};
pub use history::{FileHistory, PastChange};
pub use repository::Repository;

/// A commit to create: the base's tree with the contents of some files replaced.
#[derive(Debug, Clone)]
pub struct CommitDraft {
    /// The only parent, whose tree is changed.
    pub base: CommitId,
    /// Files to write; each must exist in the base as a regular file (mode kept).
    pub writes: Vec<FileWrite>,
    /// The whole message with trailers.
    pub message: String,
    /// Author and committer date.
    pub at: Timestamp,
}

/// A commit of one file and nothing else.
#[derive(Debug, Clone)]
pub struct FileCommit {
    /// The commit before it; `None` for the first.
    pub parent: Option<CommitId>,
    /// The file's name, without folders.
    pub name: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
    /// The message.
    pub message: String,
    /// Author and committer date.
    pub at: Timestamp,
}

/// Name and address of author and committer of every commit that writ makes: fixed, so that commits are reproducible.
pub const COMMIT_AUTHOR: (&str, &str) = ("writ", "writ@users.noreply.github.com");

/// The result of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushOutcome {
    /// The branch did not exist and now points to the commit.
    Created,
    /// The branch already pointed to this commit.
    AlreadyThere,
    /// The branch exists and points elsewhere; nothing was changed.
    Conflict {
        /// Where it points.
        found: CommitId,
    },
}

/// The result of deleting a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BranchDeletion {
    /// The branch pointed to the commit and is deleted.
    Deleted,
    /// There is no such branch.
    NotFound,
    /// The branch points elsewhere; nothing was changed.
    Moved {
        /// Where it points.
        found: CommitId,
    },
}

/// The id that git gives a blob with this content.
#[must_use]
pub fn blob_id(content: &[u8]) -> BlobId {
    // OK because hashing bytes in memory as a blob cannot fail, and an object id is 40 hexadecimal digits.
    git2::Oid::hash_object(git2::ObjectType::Blob, content)
        .ok()
        .and_then(|id| BlobId::try_from(id.to_string()).ok())
        .unwrap_or_else(|| unreachable!("a blob has an id"))
}

/// Why a git operation failed.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The revision does not name a commit here.
    #[error("revision `{0}` is not a commit of this repository")]
    UnknownRevision(String),
    /// There is no git repository at the path.
    #[error("`{0}` is not a git repository")]
    NoRepository(String),
    /// A file to write is not a regular file in the base.
    #[error("`{path}` {problem}")]
    NotEditable {
        /// Full repository path.
        path: String,
        /// What it is instead: `is a symbolic link`, `does not exist`, ...
        problem: String,
    },
    /// The files below a path are more than writ reads at once.
    #[error("with `{path}`, the files to read exceed {limit} bytes")]
    TooLarge {
        /// The file at which the limit was passed.
        path: String,
        /// The limit.
        limit: usize,
    },
    /// There are more entries below a path than writ reads, or one whose path is no file's.
    #[error("with `{path}`, the entries to read exceed {limit}, or the path is too long")]
    TooMany {
        /// The entry at which the limit was passed, shortened.
        path: String,
        /// The limit.
        limit: usize,
    },
    /// The branch exists already (local `apply`).
    #[error("branch `{0}` already exists")]
    BranchExists(BranchName),
    /// The remote rejected the push: a hook, a rule, missing rights. Repeating does not help.
    #[error("the remote refused `{branch}`: {reason}")]
    Rejected {
        /// The branch.
        branch: BranchName,
        /// The remote's words.
        reason: String,
    },
    /// The remote's address cannot be used.
    #[error("the remote's address cannot be used: {0}")]
    BadRemote(String),
    /// The remote refused access: wrong credentials, missing rights, no such repository. Repeating does not help.
    #[error("the remote refused access: {0}")]
    Refused(String),
    /// The remote could not be reached or did not answer in time. Worth repeating.
    #[error("the remote could not be reached: {0}")]
    Unreachable(String),
    /// The object database or libgit2 failed.
    #[error("git object database")]
    Odb(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The operating system refused what libgit2 asked for: descriptors, memory, space. Worth repeating.
    #[error("the operating system refused access to the git repository")]
    System(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The git command could not be run: it is not installed, or the operating system refused. Worth repeating.
    #[error("the git command cannot be run")]
    Command(#[source] std::io::Error),
}

impl GitError {
    fn odb(error: git2::Error) -> Self {
        let of_system = matches!(error.class(), ErrorClass::Os | ErrorClass::NoMemory);
        if of_system && error.code() != ErrorCode::NotFound || descriptors_are_used_up() {
            Self::System(Box::new(error))
        } else {
            Self::Odb(Box::new(error))
        }
    }
}

/// Whether no file can be opened for want of a descriptor. Libgit2 then says of objects that they are not there.
fn descriptors_are_used_up() -> bool {
    use rustix::io::Errno;

    let exhausted = [Errno::MFILE, Errno::NFILE].map(|error| Some(error.raw_os_error()));
    std::fs::File::open("/dev/null").is_err_and(|error| exhausted.contains(&error.raw_os_error()))
}

/// A repository: object reading, commit making, and its one remote.
pub trait Git: Send + Sync {
    /// The full id of the commit that a revision names (branch, tag, id, `HEAD~1`).
    ///
    /// # Errors
    /// `UnknownRevision`.
    fn resolve(&self, revision: &str) -> Result<CommitId, GitError>;

    /// All entries below `path` (no slash at either end) at a commit; empty when the path is absent.
    ///
    /// # Errors
    /// `UnknownRevision`, `Odb`.
    fn snapshot(&self, commit: &CommitId, path: &str) -> Result<Snapshot, GitError>;

    /// Adds to a snapshot what its commit has at some full paths: files as they are; of folders the files and whole folders
    /// right in them whose names are `wanted`. Absent paths are left out. The limits are those of one snapshot.
    ///
    /// # Errors
    /// `UnknownRevision`, `TooLarge`, `TooMany`, `Odb`.
    fn extend(
        &self,
        snapshot: &mut Snapshot,
        paths: &[String],
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<(), GitError>;

    /// What the file at a path (full, from the root) holds at a commit and held at its ancestors.
    ///
    /// # Errors
    /// `UnknownRevision`, `Odb`.
    fn file_history(&self, commit: &CommitId, path: &str) -> Result<FileHistory, GitError>;

    /// The id that [`Git::commit`] would give, without writing anything to the repository.
    ///
    /// # Errors
    /// `UnknownRevision`, `NotEditable`, `Odb`.
    fn preview(&self, draft: &CommitDraft) -> Result<CommitId, GitError>;

    /// Writes the blobs, trees and the commit. Idempotent: the same draft gives the same id.
    ///
    /// # Errors
    /// As [`Git::preview`].
    fn commit(&self, draft: &CommitDraft) -> Result<CommitId, GitError>;

    /// Writes a commit that has one file and nothing else.
    ///
    /// # Errors
    /// `UnknownRevision` (the parent), `Odb`.
    fn commit_file(&self, file: &FileCommit) -> Result<CommitId, GitError>;

    /// Moves the remote's branch from one commit, or from not being there, to another; atomic on the remote. `false`: it
    /// was elsewhere, and stays there.
    ///
    /// # Errors
    /// `Rejected`, `Unreachable`, `Command`.
    fn advance(
        &self,
        branch: &BranchName,
        from: Option<&CommitId>,
        to: &CommitId,
        credential: Option<&Credential>,
    ) -> Result<bool, GitError>;

    /// Creates a local branch at a commit.
    ///
    /// # Errors
    /// `BranchExists`.
    fn create_branch(&self, branch: &BranchName, commit: &CommitId) -> Result<(), GitError>;

    /// Fetches the remote's `branch` and gives its tip.
    ///
    /// # Errors
    /// `Unreachable`, `UnknownRevision` (no such branch), `Command`.
    fn fetch(&self, branch: &BranchName, credential: Option<&Credential>) -> Result<CommitId, GitError>;

    /// Fetches the head of the remote's pull request and gives its tip. Only objects: nothing of it is executed.
    ///
    /// # Errors
    /// `Unreachable`, `UnknownRevision` (no such pull request), `Command`.
    fn fetch_pull(&self, number: IssueNumber, credential: Option<&Credential>) -> Result<CommitId, GitError>;

    /// The newest commit that is an ancestor of both; `None` for histories without one.
    ///
    /// # Errors
    /// `UnknownRevision`, `Odb`.
    fn merge_base(&self, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>, GitError>;

    /// The paths at or below a path (empty for the whole repository) that differ between two commits, sorted; a renamed
    /// file is two. At most `limit`: `None` when there are more.
    ///
    /// # Errors
    /// `UnknownRevision`, `Odb`.
    fn changed_paths(
        &self,
        from: &CommitId,
        to: &CommitId,
        below: &str,
        limit: usize,
    ) -> Result<Option<Vec<String>>, GitError>;

    /// Where the remote's branch points, asked from the remote itself; `None` when it does not exist.
    ///
    /// # Errors
    /// `Unreachable`, `Command`.
    fn remote_tip(
        &self,
        branch: &BranchName,
        credential: Option<&Credential>,
    ) -> Result<Option<CommitId>, GitError>;

    /// Creates the remote's branch at a commit, unless the branch exists; atomic on the remote.
    ///
    /// # Errors
    /// `Rejected`, `Unreachable`, `Command`.
    fn push(
        &self,
        branch: &BranchName,
        commit: &CommitId,
        credential: Option<&Credential>,
    ) -> Result<PushOutcome, GitError>;

    /// Deletes the remote's branch if it points to this commit; atomic on the remote.
    ///
    /// # Errors
    /// `Rejected`, `Unreachable`, `Command`.
    fn delete_branch(
        &self,
        branch: &BranchName,
        commit: &CommitId,
        credential: Option<&Credential>,
    ) -> Result<BranchDeletion, GitError>;
}
