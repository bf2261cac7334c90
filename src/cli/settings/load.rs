//! Reading settings: the table's values, and what is made of them: secrets, an account, repositories.

use std::path::{Path, PathBuf};

use super::file::SettingsFile;
use super::source::{SettingsError, Source, Sources};
use super::table::web_address;
use super::values::{Explained, Values};
use super::{ForgeAccount, ForgeSettings, RepositorySettings, ServerSettings, Settings};
use crate::domain::credential::{self, SecretString};
use crate::domain::policy::may_be_observed;
use crate::domain::target::folder_path;
use crate::domain::text::quoted;
use crate::ports::forge::github::webhook::Secrets;
use crate::service::failpoint::{Failpoint, FailpointError};

/// Reads, merges and checks the settings.
///
/// # Errors
/// - the file cannot be read, is not YAML, or holds an unknown key or a value of the wrong type (with its line)
/// - `--set` names a key that does not exist
/// - a value from any source is out of its range
/// - no repository, no webhook secret, no account on the forge
pub fn load(sources: &Sources<'_>) -> Result<(Settings, Vec<Explained>), SettingsError> {
    let file = sources.file.map(SettingsFile::read).transpose()?.unwrap_or_default();
    let values = Values::collect(sources, &file)?;
    let server = values.server()?;
    separate(&values, &server)?;
    let settings = Settings {
        server,
        secrets: webhook_secrets(&values, sources)?,
        forge: forge(&values, sources)?,
        repositories: repositories(file.repositories)?,
        program: own_program(),
        failpoint: failpoint(sources)?,
    };
    Ok((settings, values.explained()))
}

/// The repositories that a settings file lists, whatever else it says.
///
/// # Errors
/// - the file cannot be read, is not YAML, or is wrong; a repository is
pub fn repositories_of(file: &Path) -> Result<Vec<RepositorySettings>, SettingsError> {
    repositories(SettingsFile::read(file)?.repositories)
}

impl ServerSettings {
    /// The table's defaults, with this folder for `data`: what a server without file, variables and flags runs on.
    ///
    /// # Errors
    /// - the folder has no name
    pub fn defaults(data: &Path) -> Result<Self, SettingsError> {
        let flags = [("data".to_owned(), data.to_string_lossy().into_owned())];
        let sources = Sources { file: None, flags: &flags, variable: &|_| None };
        Values::collect(&sources, &SettingsFile::default())?.server()
    }
}

/// Each listener has an address of its own: what is served on one must not be reachable on another.
pub(super) fn separate(values: &Values, server: &ServerSettings) -> Result<(), SettingsError> {
    let listeners = [("listen", server.listen), ("pages", server.pages), ("operations", server.operations)];
    for (index, (key, address)) in listeners.iter().enumerate() {
        // Port 0 is any free one.
        let same = listeners.iter().take(index).find(|(_, other)| other == address && other.port() != 0);
        if let Some((other, _)) = same {
            return Err(
                values.wrong(key, format!("this is the address of `{other}`; give each its own port"))
            );
        }
    }
    Ok(())
}

/// This program, as it was started: a newer one may have taken its place on disk since.
#[must_use]
pub fn own_program() -> PathBuf {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { running } else { std::env::current_exe().unwrap_or(running) }
}

pub(super) fn failpoint(sources: &Sources<'_>) -> Result<Option<Failpoint>, SettingsError> {
    let parse = |text: String| {
        text.parse().map_err(|error: FailpointError| SettingsError::Value {
            key: "WRIT_FAILPOINT".to_owned(),
            from: Source::Variable("WRIT_FAILPOINT"),
            problem: error.to_string(),
        })
    };
    (sources.variable)("WRIT_FAILPOINT").filter(|text| !text.is_empty()).map(parse).transpose()
}

pub(super) fn webhook_secrets(values: &Values, sources: &Sources<'_>) -> Result<Secrets, SettingsError> {
    let from_file = named_file(values, "webhook.secret_file")?;
    let from_variable = (sources.variable)("WRIT_WEBHOOK_SECRET");
    let all = [from_variable, from_file].into_iter().flatten().collect::<Vec<_>>().join("\n");
    let secrets: Vec<String> = all.split_whitespace().map(str::to_owned).collect();
    if secrets.is_empty() {
        return Err(SettingsError::Missing {
            key: "webhook.secret_file".to_owned(),
            remedy: "set it to a file with the webhook secret, or set WRIT_WEBHOOK_SECRET; \
                     `openssl rand -hex 32` generates one"
                .to_owned(),
        });
    }
    if secrets.iter().any(|secret| secret.len() < Secrets::SHORTEST) {
        let problem = format!("a secret is shorter than {} characters", Secrets::SHORTEST);
        return Err(values.wrong("webhook.secret_file", problem));
    }
    Ok(Secrets::new(secrets))
}

/// The text of the file that a setting names. An error does not quote the name: it may be the secret itself.
fn named_file(values: &Values, key: &str) -> Result<Option<String>, SettingsError> {
    let Some(path) = values.text(key) else { return Ok(None) };
    let problem = |error: std::io::Error| format!("the file that it names cannot be read: {error}");
    std::fs::read_to_string(path).map(Some).map_err(|error| values.wrong(key, problem(error)))
}

pub(super) fn forge(values: &Values, sources: &Sources<'_>) -> Result<ForgeSettings, SettingsError> {
    let secret = |variable: &str, key: &str| -> Result<Option<SecretString>, SettingsError> {
        if let Some(value) = (sources.variable)(variable) {
            return Ok(Some(credential::trimmed(&value)));
        }
        Ok(named_file(values, key)?.map(|text| credential::trimmed(&text)))
    };
    match values.needed("forge.kind")?.as_str() {
        "local" => Ok(ForgeSettings::Local),
        "github" => {
            let base_url = values.text("forge.base_url").as_deref().map_or(Ok(String::new()), web_address);
            let base_url = base_url.map_err(|error| values.not_value("forge.base_url", error))?;
            let token = secret("WRIT_FORGE_TOKEN", "forge.token_file")?;
            let key = secret("WRIT_FORGE_APP_KEY", "forge.app_key_file")?;
            let account = match (values.text("forge.app_id"), key, token) {
                (Some(id), Some(key), None) => {
                    let id = id.parse().map_err(|_| {
                        values.wrong("forge.app_id", "this is not a GitHub App's numeric id".to_owned())
                    })?;
                    ForgeAccount::App { id, key }
                }
                (None, None, Some(token)) => ForgeAccount::Token(token),
                (None, None, None) => {
                    return Err(missing_account(
                        "set a GitHub App (`forge.app_id` and \
                     `forge.app_key_file`), a token (`forge.token_file`) or `forge.kind: local`",
                    ));
                }
                (Some(_), None, _) => {
                    return Err(missing_account("`forge.app_id` needs `forge.app_key_file`"));
                }
                (None, Some(_), _) => {
                    return Err(missing_account("`forge.app_key_file` needs `forge.app_id`"));
                }
                (Some(_), Some(_), Some(_)) => {
                    return Err(values.wrong(
                        "forge.app_id",
                        "both a GitHub App and a token are set: use one of them".to_owned(),
                    ));
                }
            };
            Ok(ForgeSettings::GitHub { base_url, account })
        }
        _ => Err(values.wrong("forge.kind", "this is neither `github` nor `local`".to_owned())),
    }
}

fn missing_account(remedy: &str) -> SettingsError {
    SettingsError::Missing { key: "forge".to_owned(), remedy: remedy.to_owned() }
}

fn repositories(repositories: Vec<RepositorySettings>) -> Result<Vec<RepositorySettings>, SettingsError> {
    let (repositories, problems) = repository_problems(repositories);
    problems.into_iter().next().map_or(Ok(repositories), Err)
}

/// The repositories with their paths normalised, and everything that is wrong with them.
pub(super) fn repository_problems(
    mut repositories: Vec<RepositorySettings>,
) -> (Vec<RepositorySettings>, Vec<SettingsError>) {
    let mut problems = Vec::new();
    let wrong = |key: String, problem: String| SettingsError::Value { key, from: Source::File, problem };
    if repositories.is_empty() {
        problems.push(SettingsError::Missing {
            key: "repositories".to_owned(),
            remedy: "list at least one in the settings file, with `name` and `remote`".to_owned(),
        });
    }
    for (index, repository) in repositories.iter().enumerate() {
        if let Err(error) = repository.watched() {
            let key = format!("repositories[{index}].watch[{}]", error.index);
            let problem = format!("this is no pattern of paths: {}", error.problem);
            problems.push(wrong(key, problem));
        }
    }
    for (index, repository) in repositories.iter_mut().enumerate() {
        let Some(path) = &repository.gitops_path else { continue };
        match folder_path(path) {
            Ok(normalised) => repository.gitops_path = Some(normalised),
            Err(mistake) => {
                let problem = format!("the path {mistake}; give a folder such as `apps/shop`");
                problems.push(wrong(format!("repositories[{index}].gitops_path"), problem));
            }
        }
    }
    for (index, repository) in repositories.iter().enumerate() {
        if let Some(problem) = repository.calendar.as_ref().and_then(|calendar| calendar.check().err()) {
            problems.push(wrong(format!("repositories[{index}].calendar"), problem));
        }
        for observed in repository.observe.iter().filter(|observed| !may_be_observed(&observed.rule)) {
            let problem = format!("{} always decides; observe another rule", quoted(&observed.rule, 100));
            problems.push(wrong(format!("repositories[{index}].observe"), problem));
        }
    }
    for (index, repository) in repositories.iter().enumerate() {
        let twice =
            |other: &RepositorySettings| other.name.as_str().eq_ignore_ascii_case(repository.name.as_str());
        if repositories.iter().take(index).any(twice) {
            let problem = format!("`{}` is listed twice", repository.name);
            problems.push(wrong(format!("repositories[{index}].name"), problem));
        }
    }
    (repositories, problems)
}
