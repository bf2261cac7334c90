//! Long-lived child processes of our own program: each answers one request at a time, and may be killed for it.
//!
//! What strangers send is read there, so that memory, time and crashes cost that process and not this one. A child has
//! an empty environment, no files but its pipes, and limits of its own ([`confine`]). It is renewed after
//! [`MOST_REQUESTS`], ends when its parent does, and is killed when whoever waits for it stops waiting.

pub mod frame;
mod limits;

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

pub use limits::{Limits, allow_cpu, confine};

/// How many requests a child answers before another takes its place: what it may have kept goes with it.
pub const MOST_REQUESTS: u32 = 200;

/// Children of one kind. As many run as there were requests at the same time.
#[derive(Debug)]
pub struct Children {
    program: PathBuf,
    arguments: Vec<String>,
    /// The first frame that each child reads.
    greeting: Vec<u8>,
    /// How long an answer may take, waiting for the processor included.
    patience: Duration,
    idle: Mutex<Vec<RunningChild>>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// The child could not be started: too many processes or descriptors, no memory.
    #[error("starting a child process")]
    NotStarted(#[source] io::Error),
    /// It used up its CPU time, or the answer took too long.
    #[error("the child process was stopped: it took too long")]
    TookTooLong,
    /// It ended before it answered: out of memory, or a crash.
    #[error("the child process ended before it answered ({0})")]
    Died(String),
}

#[derive(Debug)]
struct RunningChild {
    process: Child,
    input: ChildStdin,
    output: ChildStdout,
    answered: u32,
}

impl Children {
    /// Children that run `program ARGUMENTS`, are greeted with a frame, and are killed `patience` after a request.
    #[must_use]
    pub fn new(program: PathBuf, arguments: Vec<String>, greeting: Vec<u8>, patience: Duration) -> Self {
        Self { program, arguments, greeting, patience, idle: Mutex::default() }
    }

    /// The answer to a request. A child that ends before it answers may have ended for what earlier requests left in it,
    /// so the request is then put once more, to a new one.
    ///
    /// # Errors
    /// - `NotStarted`: trying again later may help
    /// - `TookTooLong`, `Died`: of the request itself, as far as can be told
    pub async fn ask(&self, request: &[u8]) -> Result<Vec<u8>, ChildError> {
        let idle = self.idle().pop();
        if let Some(child) = idle {
            match self.ask_one(child, request).await {
                Err(ChildError::Died(_)) => {}
                answered => return answered,
            }
        }
        self.ask_one(self.start().await?, request).await
    }

    async fn start(&self) -> Result<RunningChild, ChildError> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(ChildError::NotStarted)?;
        let (Some(mut input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(ChildError::NotStarted(io::Error::other("it has no pipes")));
        };
        // OK to go on where it ended already: the request says so with how it ended.
        let _ = send(&mut input, &self.greeting).await;
        Ok(RunningChild { process, input, output, answered: 0 })
    }

    async fn ask_one(&self, mut child: RunningChild, request: &[u8]) -> Result<Vec<u8>, ChildError> {
        // A future that is dropped here drops the child, which kills it.
        match tokio::time::timeout(self.patience, child.exchange(request)).await {
            Ok(Ok(answer)) => {
                child.answered += 1;
                if child.answered < MOST_REQUESTS {
                    self.idle().push(child);
                }
                Ok(answer)
            }
            Ok(Err(error)) => Err(child.ended(&error).await),
            Err(_) => Err(ChildError::TookTooLong),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<RunningChild>> {
        // OK to go on after a panic elsewhere: the list is only ever pushed to and popped from.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunningChild {
    async fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        send(&mut self.input, request).await?;
        let mut header = [0; 4];
        self.output.read_exact(&mut header).await?;
        let mut answer = vec![0; frame::length_of(header)?];
        self.output.read_exact(&mut answer).await?;
        Ok(answer)
    }

    /// How it ended, after its pipes broke or made no sense.
    async fn ended(mut self, error: &io::Error) -> ChildError {
        // OK to ignore: it has ended already, or is ended by this.
        let _ = self.process.start_kill();
        match self.process.wait().await {
            Ok(status) if status.signal() == Some(Signal::XCPU.as_raw()) => ChildError::TookTooLong,
            Ok(status) => ChildError::Died(described(status, error)),
            Err(_) => ChildError::Died(error.to_string()),
        }
    }
}

/// How a child ended, without anything that it said.
fn described(status: ExitStatus, error: &io::Error) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) if signal == Signal::KILL.as_raw() => format!("killed; {error}"),
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(code)) => format!("exit code {code}"),
        (None, None) => error.to_string(),
    }
}

async fn send(input: &mut ChildStdin, content: &[u8]) -> io::Result<()> {
    input.write_all(&frame::header(content)?).await?;
    input.write_all(content).await?;
    input.flush().await
}
