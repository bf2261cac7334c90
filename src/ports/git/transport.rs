//! The remote of a repository: fetch, read a tip, push. Everything that leaves the machine by git is in this file.
//!
//! It runs the git command (2.39 and 2.47 are tested). libgit2 would save processes: on a local remote it fetches
//! nothing in 0.3 ms where git takes 4, and pushes in 2 ms where git takes 14 (`benches/README.md`), beside the hundreds
//! that a forge takes to answer. But it speaks https only with OpenSSL, whose vendored build costs 220 CPU-seconds; its
//! push has no lease, so it would move a branch that exists; and on disk it runs no hooks of the remote. Git brings
//! curl, with proxies and certificates as every administrator knows them.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::command::{Ended, Environment, GitCommand, Interrupt, Output};
use super::{BranchDeletion, GitError, PushOutcome};
use crate::domain::credential::Credential;
use crate::domain::names::{BranchName, CommitId};

/// How long a fetch may take: the first one brings the whole history of the branch.
const FETCH_LIMIT: Duration = Duration::from_secs(900);
/// How long reading a tip or a push may take.
const CALL_LIMIT: Duration = Duration::from_secs(60);
/// The most characters of the remote's words that an error repeats.
const WORDS_LIMIT: usize = 500;

/// A remote's address, checked, and how long to wait for it.
pub(super) struct Remote {
    url: String,
    /// Lower than the usual limits, where the caller asked for it.
    limit: Option<Duration>,
    environment: Environment,
    interrupt: Interrupt,
    /// Two fetches into one repository would trip over each other's lock files.
    one_at_a_time: Mutex<()>,
}

/// A branch of the remote that is moved.
pub(super) struct Moving<'a> {
    pub(super) branch: &'a BranchName,
    /// Where it must be; `None`: it must not exist.
    pub(super) from: Option<&'a CommitId>,
    pub(super) to: &'a CommitId,
}

impl Remote {
    /// Takes `https://…`, `http://…`, `file://…` and absolute paths, without user, password or control characters.
    pub(super) fn parse(url: &str) -> Result<Self, GitError> {
        let bad = |problem: &str| Err(GitError::BadRemote(problem.to_owned()));
        if url.chars().any(|character| character.is_control() || character == ' ') {
            return bad("it contains spaces or control characters");
        }
        let authority = ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(scheme));
        let authority = authority.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or(rest));
        match authority {
            Some("") => bad("it has no host"),
            Some(host) if host.contains('@') => bad(
                "it contains a user or password; credentials come from the settings, never from the address",
            ),
            None if !url.starts_with("file:///") && !url.starts_with('/') => {
                bad("it is not `https://…`, `http://…`, `file:///…` or an absolute path")
            }
            _ => Ok(Self {
                url: url.to_owned(),
                limit: None,
                environment: Environment::new(),
                interrupt: Interrupt::default(),
                one_at_a_time: Mutex::new(()),
            }),
        }
    }

    /// Ends its calls when this is interrupted.
    pub(super) fn set_interrupt(&mut self, interrupt: Interrupt) {
        self.interrupt = interrupt;
    }

    /// Waits at most `limit` for each call.
    pub(super) fn set_limit(&mut self, limit: Duration) {
        self.limit = Some(limit);
    }

    /// Gives git these variables of the caller's environment.
    pub(super) fn set_environment(&mut self, environment: Environment) {
        self.environment = environment;
    }

    /// Fetches one reference with its history into the same reference here, wherever that stood.
    pub(super) fn fetch(
        &self,
        git_dir: &Path,
        reference: &str,
        credential: Option<&Credential>,
    ) -> Result<(), GitError> {
        let _guard = self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        let refspec = format!("+{reference}:{reference}");
        let output = self.call(
            git_dir,
            credential,
            FETCH_LIMIT,
            &[
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                "--no-auto-maintenance",
                "--no-recurse-submodules",
                "--end-of-options",
                &self.url,
                &refspec,
            ],
        )?;
        if output.status.success() {
            return Ok(());
        }
        if output.stderr.contains("couldn't find remote ref") {
            return Err(GitError::UnknownRevision(reference.to_owned()));
        }
        Err(failure(&output))
    }

    /// Packs what many fetches have left loose, once it is much (git's own measure), without keeping anybody waiting.
    /// Objects that no branch holds yet stay for two weeks.
    pub(super) fn tidy_in_background(&self, git_dir: &Path) {
        let (git_dir, url) = (git_dir.to_owned(), self.url.clone());
        let (environment, interrupt) = (self.environment.clone(), self.interrupt.clone());
        std::thread::spawn(move || {
            let command = GitCommand {
                git_dir: &git_dir,
                url: &url,
                credential: None,
                limit: FETCH_LIMIT,
                environment: &environment,
                interrupt: &interrupt,
            };
            // It can wait: the next fetch tries again.
            let _ = command.run(&["maintenance", "run", "--auto", "--quiet"]);
        });
    }

    /// Where the remote's branch points now.
    pub(super) fn tip(
        &self,
        git_dir: &Path,
        branch: &BranchName,
        credential: Option<&Credential>,
    ) -> Result<Option<CommitId>, GitError> {
        let reference = format!("refs/heads/{branch}");
        let output = self.call(
            git_dir,
            credential,
            CALL_LIMIT,
            &["ls-remote", "--end-of-options", &self.url, &reference],
        )?;
        if !output.status.success() {
            return Err(failure(&output));
        }
        // The pattern also matches `refs/x/refs/heads/…`: only the full name counts.
        let found = output.stdout.lines().filter_map(|line| line.split_once('\t'));
        let mut found = found.filter(|(_, name)| *name == reference).map(|(id, _)| id);
        found
            .next()
            .map(|id| id.parse().map_err(|_| GitError::Unreachable(words(&output.stdout))))
            .transpose()
    }

    /// Creates the remote's branch at a commit, unless it exists. After a push that did not succeed the tip is read, so that
    /// a write whose answer was lost is recognised.
    pub(super) fn push(
        &self,
        git_dir: &Path,
        branch: &BranchName,
        commit: &CommitId,
        credential: Option<&Credential>,
    ) -> Result<PushOutcome, GitError> {
        let problem = match self.try_push(git_dir, branch, commit, credential) {
            Ok(done) => return Ok(done),
            Err(problem) => problem,
        };
        match self.tip(git_dir, branch, credential) {
            Ok(Some(found)) if found == *commit => Ok(PushOutcome::AlreadyThere),
            Ok(Some(found)) => Ok(PushOutcome::Conflict { found }),
            Ok(None) | Err(_) => Err(problem),
        }
    }

    /// Moves the remote's branch, unless it is elsewhere than it is moved from. After a push that did not succeed the tip is
    /// read, as after [`Remote::push`].
    pub(super) fn advance(
        &self,
        git_dir: &Path,
        moving: &Moving<'_>,
        credential: Option<&Credential>,
    ) -> Result<bool, GitError> {
        let problem = match self.try_move(git_dir, moving, credential) {
            Ok(_) => return Ok(true),
            Err(problem) => problem,
        };
        match self.tip(git_dir, moving.branch, credential) {
            Ok(found) if found.as_ref() == Some(moving.to) => Ok(true),
            Ok(found) if found.as_ref() != moving.from => Ok(false),
            Ok(_) | Err(_) => Err(problem),
        }
    }

    /// Deletes the remote's branch if it points to this commit. The tip is read first, and again after a push that did not
    /// succeed.
    pub(super) fn delete_branch(
        &self,
        git_dir: &Path,
        branch: &BranchName,
        commit: &CommitId,
        credential: Option<&Credential>,
    ) -> Result<BranchDeletion, GitError> {
        match self.tip(git_dir, branch, credential)? {
            None => return Ok(BranchDeletion::NotFound),
            Some(found) if found != *commit => return Ok(BranchDeletion::Moved { found }),
            Some(_) => {}
        }
        let lease = format!("--force-with-lease=refs/heads/{branch}:{commit}");
        let problem = match self.send(git_dir, branch, credential, (&lease, &format!(":refs/heads/{branch}")))
        {
            Ok('-') => return Ok(BranchDeletion::Deleted),
            Ok(_) => GitError::Unreachable("the answer to a deletion cannot be read".to_owned()),
            Err(problem) => problem,
        };
        match self.tip(git_dir, branch, credential) {
            Ok(None) => Ok(BranchDeletion::Deleted),
            Ok(Some(found)) if found != *commit => Ok(BranchDeletion::Moved { found }),
            Ok(Some(_)) | Err(_) => Err(problem),
        }
    }

    fn try_push(
        &self,
        git_dir: &Path,
        branch: &BranchName,
        commit: &CommitId,
        credential: Option<&Credential>,
    ) -> Result<PushOutcome, GitError> {
        self.try_move(git_dir, &Moving { branch, from: None, to: commit }, credential)
    }

    fn try_move(
        &self,
        git_dir: &Path,
        moving: &Moving<'_>,
        credential: Option<&Credential>,
    ) -> Result<PushOutcome, GitError> {
        let Moving { branch, from, to: commit } = moving;
        // The empty lease means "must not exist"; the server compares and swaps under its own lock.
        let from = from.map_or("", CommitId::as_str);
        let lease = format!("--force-with-lease=refs/heads/{branch}:{from}");
        match self.send(git_dir, branch, credential, (&lease, &format!("{commit}:refs/heads/{branch}")))? {
            '=' => Ok(PushOutcome::AlreadyThere),
            _ => Ok(PushOutcome::Created),
        }
    }

    /// Pushes one reference under a lease, and gives what git reports of it: `*` made, ` ` moved forward, `=` as it was,
    /// `-` deleted.
    fn send(
        &self,
        git_dir: &Path,
        branch: &BranchName,
        credential: Option<&Credential>,
        (lease, refspec): (&str, &str),
    ) -> Result<char, GitError> {
        let output = self.call(
            git_dir,
            credential,
            CALL_LIMIT,
            &[
                "push",
                "--porcelain",
                "--no-verify",
                "--no-recurse-submodules",
                lease,
                "--end-of-options",
                &self.url,
                refspec,
            ],
        )?;
        let report = output.stdout.lines().find_map(|line| report_on(line, branch));
        match report {
            Some((flag @ ('*' | ' ' | '=' | '-'), _)) => Ok(flag),
            Some((_, summary)) => {
                let reason = words(&format!("{summary} {}", remote_words(&output.stderr)));
                if FAILURES.iter().any(|failure| summary.contains(failure)) {
                    return Err(GitError::Unreachable(reason));
                }
                Err(GitError::Rejected { branch: branch.clone(), reason })
            }
            None => Err(failure(&output)),
        }
    }

    fn call(
        &self,
        git_dir: &Path,
        credential: Option<&Credential>,
        limit: Duration,
        arguments: &[&str],
    ) -> Result<Output, GitError> {
        let limit = self.limit.unwrap_or(limit).min(limit);
        let command = GitCommand {
            git_dir,
            url: &self.url,
            credential,
            limit,
            environment: &self.environment,
            interrupt: &self.interrupt,
        };
        match command.run(arguments).map_err(GitError::Command)? {
            Ended::Exited(output) => Ok(output),
            Ended::TimedOut => Err(GitError::Unreachable(format!("no answer within {} s", limit.as_secs()))),
            Ended::Interrupted => Err(GitError::Unreachable("writ is shutting down".to_owned())),
        }
    }
}

/// What a server says of a push that it could not store: its disk is full, its storage is away. It rejected nothing.
const FAILURES: [&str; 3] = ["unpacker error", "unable to migrate objects", "Internal Server Error"];

/// A line of `git push --porcelain` about our branch: `<flag>\t<from>:<to>\t<summary>`.
fn report_on<'a>(line: &'a str, branch: &BranchName) -> Option<(char, &'a str)> {
    let mut fields = line.split('\t');
    let (flag, refs, summary) = (fields.next()?, fields.next()?, fields.next()?);
    let (_, to) = refs.split_once(':')?;
    (to.strip_prefix("refs/heads/") == Some(branch.as_str())).then_some((flag.chars().next()?, summary))
}

/// A call that failed without a word on our ref: was access refused, or was nobody there?
fn failure(output: &Output) -> GitError {
    // Not among them is a repository that is not there: a server that is being restored, and a disk that is not mounted,
    // say so of what is there again a moment later.
    const REFUSALS: [&str; 6] = [
        "Authentication failed",
        "could not read Username",
        "could not read Password",
        // A redirect, which is not followed.
        "returned error: 30",
        "returned error: 401",
        "returned error: 403",
    ];
    let said = words(&output.stderr);
    if REFUSALS.iter().any(|refusal| output.stderr.contains(refusal)) {
        GitError::Refused(said)
    } else {
        GitError::Unreachable(said)
    }
}

/// The messages of the server's hooks and rules.
fn remote_words(stderr: &str) -> String {
    let lines = stderr.lines().filter_map(|line| line.strip_prefix("remote:")).map(str::trim);
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Somebody else's words on one line, without control characters, cut at a limit.
fn words(text: &str) -> String {
    let text = text.replace(|character: char| character.is_control(), " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(WORDS_LIMIT) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
