//! Trying settings out, as far as nothing is changed by it: keys, remotes, folders of manifests.

use std::sync::Arc;

use serde::Serialize;

use super::library::usual_gitops_path;
use super::settings::{ForgeAccount, ForgeSettings, RepositorySettings, Settings};
use super::wiring::git_environment;
use crate::domain::ledger::SignerKey;
use crate::domain::names::CommitId;
use crate::domain::text::error_chain;
use crate::ports::clock::{Clock as _, SystemClock};
use crate::ports::forge::Forge;
use crate::ports::forge::github::{Credentials, Github, Options, Timeouts};
use crate::ports::git::{Git as _, Repository};

/// What was tried, and how it went.
#[derive(Debug, Serialize)]
pub(super) struct Probe {
    /// What: `forge key`, `remote of acme/shop`.
    pub what: String,
    /// Whether it holds.
    pub ok: bool,
    /// What was found, or what is wrong.
    pub found: String,
}

impl Probe {
    fn of(what: impl Into<String>, result: Result<String, String>) -> Self {
        let ok = result.is_ok();
        Self { what: what.into(), ok, found: result.unwrap_or_else(|problem| problem) }
    }
}

/// How far trying goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Keys are read.
    Keys,
    /// And repositories are asked.
    Repositories,
}

/// Tries keys, and where that is wanted, the remote and the folder of each repository.
pub(super) async fn probe(settings: &Settings, reach: Reach) -> Vec<Probe> {
    let mut probes = vec![Probe::of("ledger key", ledger_key(settings))];
    let forge = match &settings.forge {
        ForgeSettings::Local => None,
        ForgeSettings::GitHub { base_url, account } => match github(base_url, account) {
            Ok(forge) => {
                probes.push(Probe::of("forge key", Ok("can be used".to_owned())));
                Some(forge)
            }
            Err(problem) => {
                probes.push(Probe::of("forge key", Err(problem)));
                return probes;
            }
        },
    };
    if reach == Reach::Keys {
        return probes;
    }
    let usual = usual_gitops_path(settings);
    for repository in &settings.repositories {
        probes.extend(of_repository(repository, forge.as_deref(), &usual).await);
    }
    probes
}

fn ledger_key(settings: &Settings) -> Result<String, String> {
    let ledger = &settings.server.ledger;
    let path = ledger.key_file.display();
    match std::fs::read_to_string(&ledger.key_file) {
        Ok(text) => match SignerKey::parse(&text, &ledger.origin) {
            Ok(_) => Ok(format!("`{path}` signs for `{}`", ledger.origin)),
            Err(error) => Err(format!("`{path}`: {}", error_chain(&error))),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(format!("`{path}` will be made at the first start"))
        }
        Err(error) => Err(format!("`{path}` cannot be read: {error}")),
    }
}

fn github(base_url: &str, account: &ForgeAccount) -> Result<Arc<dyn Forge>, String> {
    let credentials = match account {
        ForgeAccount::App { id, key } => Credentials::App { id: *id, private_key: key.clone() },
        ForgeAccount::Token(token) => Credentials::Token(token.clone()),
    };
    let (base_url, timeouts) = (base_url.to_owned(), Timeouts::default());
    let options = Options { base_url, credentials, timeouts, now: || SystemClock.now() };
    match Github::new(&options) {
        Ok(forge) => Ok(Arc::new(forge)),
        Err(error) => Err(error_chain(&error)),
    }
}

/// Fetches the branch that is served into a folder that is thrown away, and reads the folder of manifests.
async fn of_repository(
    repository: &RepositorySettings,
    forge: Option<&dyn Forge>,
    usual: &str,
) -> Vec<Probe> {
    let (name, base) = (&repository.name, &repository.base);
    let remote = format!("remote of {name}");
    let credential = match forge {
        None => None,
        Some(forge) => match forge.git_credential(name).await {
            Ok(credential) => credential,
            Err(error) => {
                return vec![Probe::of(format!("account on {name}"), Err(error_chain(&error)))];
            }
        },
    };
    let path = repository.gitops_path.clone().unwrap_or_else(|| usual.to_owned());
    let (url, base, folder) = (repository.remote.clone(), base.clone(), path.clone());
    let fetched = tokio::task::spawn_blocking(move || -> Result<(CommitId, Result<bool, String>), String> {
        let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
        let git = Repository::mirror(&scratch.path().join("probe.git"), &url)
            .map_err(|error| error_chain(&error))?;
        let git = git.with_environment(git_environment());
        let tip = git.fetch(&base, credential.as_ref()).map_err(|error| error_chain(&error))?;
        let manifests = git.snapshot(&tip, &folder).map(|found| found.has_manifests());
        Ok((tip, manifests.map_err(|error| error_chain(&error))))
    });
    match fetched.await {
        Err(error) => vec![Probe::of(remote, Err(error.to_string()))],
        Ok(Err(problem)) => vec![Probe::of(remote, Err(problem))],
        Ok(Ok((tip, manifests))) => {
            let found = manifests.and_then(|any| match any {
                true => Ok(format!("`{path}` has manifests")),
                false => Err(format!("`{path}` has no manifests: checks would fail")),
            });
            let base = &repository.base;
            vec![
                Probe::of(remote, Ok(format!("`{base}` is at `{tip}`"))),
                Probe::of(format!("path of {name}"), found),
            ]
        }
    }
}
