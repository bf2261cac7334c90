//! `writ judge-heads`: the child process in which the server judges heads that others pushed. Hidden; not for people.
//!
//! Reads frames of JSON from standard input: a [`Greeting`], then [`HeadRequest`]s; writes a [`HeadAnswer`] for each.
//! Before it reads anything it limits its own memory, and before each head its CPU time. It says nothing else.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Args;

use crate::domain::names::{BranchName, RepositoryName};
use crate::domain::watch::Watch;
use crate::ports::child::{Limits, allow_cpu, confine, frame};
use crate::ports::git::Repository;
use crate::ports::library::Library;
use crate::service::head::{HeadAnswer, HeadJudge, HeadRequest};
use crate::service::heads::{Greeting, JudgedRepository};
use crate::service::judging::Judge;

/// The limits.
#[derive(Debug, Args)]
pub(crate) struct JudgeHeadsArguments {
    /// Memory, MiB.
    #[arg(long)]
    memory_mib: u32,
    /// CPU time for one head, seconds.
    #[arg(long)]
    cpu_seconds: u32,
}

/// Answers until its input ends. Exit code 3 where it cannot: the parent sees that it ended.
pub(crate) fn run(arguments: &JudgeHeadsArguments) -> ExitCode {
    let limits = Limits { memory_mib: arguments.memory_mib, cpu_seconds: arguments.cpu_seconds };
    let served =
        confine(limits).and_then(|()| serve(limits, &mut io::stdin().lock(), &mut io::stdout().lock()));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(3),
    }
}

fn serve(limits: Limits, input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    allow_cpu(limits.cpu_seconds)?;
    let Some(greeting) = frame::read(input)? else { return Ok(()) };
    let judges = Judges::greeted(serde_json::from_slice(&greeting)?)?;
    while let Some(request) = frame::read(input)? {
        allow_cpu(limits.cpu_seconds)?;
        let request: HeadRequest = serde_json::from_slice(&request)?;
        // A panic ends one head; what it left half done in a cache was not stored.
        let answer = catch_unwind(AssertUnwindSafe(|| judges.answer(&request)));
        let answer = answer.unwrap_or_else(|_| HeadAnswer::Stopped("judging this head panicked".to_owned()));
        frame::write(output, &serde_json::to_vec(&answer)?)?;
    }
    Ok(())
}

/// A judge for each repository.
struct Judges(BTreeMap<RepositoryName, (Repository, BranchName, Judge)>);

impl Judges {
    fn greeted(greeting: Greeting) -> io::Result<Self> {
        let mut library = Library::embedded();
        library.policies = greeting.policies;
        let room = greeting.cache_bytes / greeting.repositories.len().max(1);
        let judge = |repository: JudgedRepository| {
            let git = Repository::open(&repository.mirror).map_err(io::Error::other)?;
            let judge = Judge::compile(&library, Some(&repository.gitops_path)).map_err(io::Error::other)?;
            let watch = Watch::parse(&repository.watch).map_err(io::Error::other)?;
            Ok((repository.name, (git, repository.base, judge.watching(watch).with_cache(room))))
        };
        Ok(Self(greeting.repositories.into_iter().map(judge).collect::<io::Result<_>>()?))
    }

    fn answer(&self, request: &HeadRequest) -> HeadAnswer {
        match self.0.get(&request.repository) {
            Some((git, base, judge)) => HeadJudge { git, base, judge }.answer(request),
            None => HeadAnswer::Failed(format!("repository `{}` is not served", request.repository)),
        }
    }
}
