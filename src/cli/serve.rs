//! `writ serve`: the server, until it is told to stop.
//!
//! Exit codes: 0 stopped · 2 the settings are wrong · 3 it could not start, or its database file is gone.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::failure::{Failure, Form};
use super::library::usual_gitops_path;
use super::output;
use super::settings::{Flags, Settings};
use super::version::VERSION;
use super::wiring;

/// Runs it.
pub(crate) fn run(flags: &Flags) -> ExitCode {
    let settings = match flags.load() {
        Ok((settings, _)) => settings,
        Err(error) => return Failure::usage(error).say("serve", Form::Message),
    };
    log();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::complain(format_args!("writ serve: starting threads: {error}"));
            return ExitCode::from(3);
        }
    };
    let served = runtime.block_on(serve(settings));
    // Dropping it would wait for blocking work, however long that takes.
    runtime.shutdown_background();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(format_args!("writ serve: {error:#}"));
            ExitCode::from(3)
        }
    }
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let described = describe(&settings);
    let mut running = wiring::start(settings).await?;
    output::tell(format_args!("writ {}", VERSION));
    output::tell(format_args!("webhooks            http://{}", running.address));
    output::tell(format_args!("pages               http://{}", running.pages));
    output::tell(format_args!("metrics and health  http://{}", running.operations));
    output::tell(format_args!("{described}ledger key          {}", running.verifier));
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        error = running.failure() => {
            return Err(error).context(
                "stopped, because nothing can be stored any more: put the file back, or restore it from a backup, and \
                 start again",
            );
        }
    }
    tracing::info!("shutting down: finishing the steps in progress");
    running.stop().await;
    Ok(())
}

/// What is served, for the person who starts it. No secrets.
fn describe(settings: &Settings) -> String {
    let mut text = String::new();
    let usual = usual_gitops_path(settings);
    for repository in &settings.repositories {
        let (name, base) = (&repository.name, &repository.base);
        let path = repository.gitops_path.as_deref().unwrap_or(&usual);
        text.push_str(&format!("serves              {name}, `{path}` on `{base}`\n"));
    }
    text.push_str(&format!("database            {}\n", settings.server.database.display()));
    text.push_str(&format!("forge               {}\n", settings.forge.words()));
    if let Some(failpoint) = settings.failpoint {
        text.push_str(&format!("FAILS ON PURPOSE at {failpoint}\n"));
    }
    text
}

/// The log, to standard error: JSON lines with WRIT_LOG_FORMAT=json; what is logged says WRIT_LOG (`info`).
fn log() {
    // Octocrab logs each 5xx as an error, though nobody must act: the forge's adapter and the worker report it.
    let usual = || EnvFilter::new("info,octocrab=off");
    let filter = EnvFilter::try_from_env("WRIT_LOG").unwrap_or_else(|_| usual());
    let colours =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    // A log that cannot be written stops nothing: by default the library says so on standard error, and panics there.
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .log_internal_errors(false);
    // OK because a second log in one process is refused and the first one serves.
    let _ = if std::env::var("WRIT_LOG_FORMAT").is_ok_and(|format| format == "json") {
        log.json().try_init()
    } else {
        log.try_init()
    };
}
