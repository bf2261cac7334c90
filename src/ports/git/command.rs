//! Running the git command: a closed environment, a secret that is on no command line, a time limit that kills.
//!
//! **Invariants**: no user or system configuration, no hooks of the mirror, no prompt, no credential helper, no tracing;
//! only the protocols of [`PROTOCOLS`]. The secret travels as an HTTP header in the child's environment
//! (`GIT_CONFIG_VALUE_n`), which the kernel shows to the same user and root only (mode 0400) and git shows to nobody;
//! arguments (`/proc/*/cmdline`), files and helper programs would all show it to more.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecret as _, SecretString};

use super::GitError;
use crate::domain::credential::Credential;

/// What git may speak.
const PROTOCOLS: &str = "file:http:https";
/// The most that is kept of each output stream; the rest is read and dropped.
const OUTPUT_LIMIT: u64 = 1 << 20;
/// How long git has for removing its lock files after SIGTERM, before SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// Settings that hold for every call.
const SETTINGS: [(&str, &str); 6] = [
    ("core.hooksPath", "/dev/null"),
    ("credential.helper", ""),
    // A redirect would carry the header to wherever it points.
    ("http.followRedirects", "false"),
    // A transfer below 1 kB/s for 30 s is dead.
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "30"),
    ("gc.autoDetach", "false"),
];

/// Where git is looked for, unless the environment that is given says otherwise.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Variables for git and its helpers, by name.
pub type Environment = Vec<(&'static str, OsString)>;

/// Ends the git commands that hold it: those that run, and those that would begin.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on, every call ends at once as one that the remote did not answer.
    pub fn interrupt(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How often a call asks whether it was interrupted.
const SLICE: Duration = Duration::from_millis(50);

/// Whether the git command can be run.
///
/// # Errors
/// - [`GitError::Command`]: it is not installed, or the operating system refuses a process
pub fn check_command(environment: &Environment) -> Result<(), GitError> {
    let limit = Duration::from_secs(5);
    let (git_dir, interrupt) = (Path::new("/"), &Interrupt::default());
    let git = GitCommand { git_dir, url: "", credential: None, limit, environment, interrupt };
    git.run(&["version"]).map(drop).map_err(GitError::Command)
}

/// How a call ended.
pub(super) enum Ended {
    /// By itself.
    Exited(Output),
    /// It was stopped at its time limit.
    TimedOut,
    /// It was stopped because writ is.
    Interrupted,
}

/// What git wrote, with the secret redacted.
pub(super) struct Output {
    pub(super) status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// A git command on one repository.
pub(super) struct GitCommand<'a> {
    pub(super) git_dir: &'a Path,
    /// The remote's address: the credential is sent there and nowhere else.
    pub(super) url: &'a str,
    pub(super) credential: Option<&'a Credential>,
    pub(super) limit: Duration,
    /// What git has of the caller's environment. Nothing else is inherited: the rest holds secrets, or would lead git
    /// elsewhere, weaken TLS or write secrets to a trace.
    pub(super) environment: &'a Environment,
    /// Stops it early.
    pub(super) interrupt: &'a Interrupt,
}

impl GitCommand<'_> {
    /// Runs `git ARGUMENTS` to its end or to the limit.
    #[expect(
        clippy::disallowed_methods,
        reason = "a child process gets so much real time; no change is decided by it"
    )]
    pub(super) fn run(&self, arguments: &[&str]) -> io::Result<Ended> {
        let header = self.credential.map(|credential| {
            let pair = format!("{}:{}", credential.user, credential.secret.expose_secret());
            SecretString::from(format!("Authorization: Basic {}", BASE64.encode(pair.as_bytes())))
        });
        let mut child = self.command(arguments, header.as_ref()).spawn()?;
        let deadline = Instant::now() + self.limit;
        let streams = (read_all(child.stdout.take()), read_all(child.stderr.take()));
        let (Some(stdout), Some(stderr)) =
            (self.until(&streams.0, deadline), self.until(&streams.1, deadline))
        else {
            stop(&mut child)?;
            return Ok(if self.interrupt.is_on() { Ended::Interrupted } else { Ended::TimedOut });
        };
        let status = child.wait()?;
        let (stdout, stderr) = (self.redact(stdout, header.as_ref()), self.redact(stderr, header.as_ref()));
        Ok(Ended::Exited(Output { status, stdout, stderr }))
    }

    fn command(&self, arguments: &[&str], header: Option<&SecretString>) -> Command {
        let mut command = Command::new("git");
        command
            .env_clear()
            .env("PATH", USUAL_PATH)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .args(arguments)
            .current_dir(self.git_dir)
            .env("GIT_DIR", self.git_dir)
            // Neither ~/.netrc nor ~/.gitconfig.
            .env("HOME", self.git_dir)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ALLOW_PROTOCOL", PROTOCOLS)
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, so that its helpers (git-remote-https, index-pack) can be stopped with it.
            .process_group(0);
        let header = header.map(|value| (format!("http.{}.extraHeader", self.url), value.expose_secret()));
        let settings = SETTINGS.into_iter().chain(header.iter().map(|(key, value)| (key.as_str(), *value)));
        let mut count = 0;
        for (key, value) in settings {
            command
                .env(format!("GIT_CONFIG_KEY_{count}"), key)
                .env(format!("GIT_CONFIG_VALUE_{count}"), value);
            count += 1;
        }
        command.env("GIT_CONFIG_COUNT", count.to_string());
        command
    }

    /// All of a stream; `None` where it does not end by the deadline, or the call is interrupted.
    #[expect(
        clippy::disallowed_methods,
        reason = "a child process gets so much real time; no change is decided by it"
    )]
    fn until(&self, stream: &mpsc::Receiver<Vec<u8>>, deadline: Instant) -> Option<Vec<u8>> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match stream.recv_timeout(left.min(SLICE)) {
                Ok(all) => return Some(all),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if left.is_zero() || self.interrupt.is_on() => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn redact(&self, bytes: Vec<u8>, header: Option<&SecretString>) -> String {
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        let secrets = [self.credential.map(|credential| &credential.secret), header];
        let secrets = secrets.into_iter().flatten().map(SecretString::expose_secret);
        for secret in secrets.filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, "***");
        }
        text
    }
}

/// Reads a stream to its end on a thread of its own, so that neither stream can block the other.
fn read_all<R: Read + Send + 'static>(stream: Option<R>) -> mpsc::Receiver<Vec<u8>> {
    let (send, receive) = mpsc::sync_channel(1);
    if let Some(mut stream) = stream {
        thread::spawn(move || {
            let mut kept = Vec::new();
            // A stream that breaks ends there: what was read until then still says how it went.
            let _ = stream.by_ref().take(OUTPUT_LIMIT).read_to_end(&mut kept);
            let _ = io::copy(&mut stream, &mut io::sink());
            let _ = send.send(kept);
        });
    }
    receive
}

/// Stops git and its helpers: kindly first, so that it removes its lock files.
#[expect(
    clippy::disallowed_methods,
    reason = "a child process gets so much real time; no change is decided by it"
)]
fn stop(child: &mut Child) -> io::Result<()> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let signal = |signal| group.map(|group| kill_process_group(group, signal));
    signal(Signal::TERM);
    let deadline = Instant::now() + GRACE;
    while child.try_wait()?.is_none() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    // Helpers may have outlived git; a group that is gone already is no error.
    signal(Signal::KILL);
    child.wait().map(drop)
}
