//! Reading settings: the file, what stands over it, and every check, each with its place.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{
    Explained, ForgeAccount, ForgeSettings, LedgerSettings, RepositorySettings, Settings, SettingsError,
    Source, Sources, TABLE,
};
use crate::domain::turn::Quotas;
use crate::http::signature::Secrets;
use crate::service::failpoint::{Failpoint, FailpointError};

/// The settings file as it stands; types that need more than syntax are checked with their source at hand.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    listen: Option<SocketAddr>,
    operations: Option<SocketAddr>,
    public_url: Option<String>,
    data: Option<String>,
    database: Option<String>,
    library: Option<String>,
    workers: Option<u32>,
    lease_seconds: Option<u32>,
    shutdown_seconds: Option<u32>,
    max_body_bytes: Option<u32>,
    agents: Option<String>,
    quota: QuotaPart,
    ledger: LedgerPart,
    webhook: WebhookPart,
    forge: ForgePart,
    repositories: Vec<RepositorySettings>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct QuotaPart {
    actor: Option<u32>,
    lane: Option<u32>,
    repository: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LedgerPart {
    origin: Option<String>,
    key_file: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WebhookPart {
    secret_file: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ForgePart {
    kind: Option<String>,
    base_url: Option<String>,
    app_id: Option<u64>,
    app_key_file: Option<String>,
    token_file: Option<String>,
}

/// The largest quota.
const MOST_CHANGES: u32 = 10_000;

/// Reads, merges and checks the settings.
///
/// # Errors
/// - the file cannot be read, is not YAML, or holds an unknown key or a value of the wrong type (with its line)
/// - `--set` names a key that does not exist
/// - a value from any source is out of its range
/// - no repository, no webhook secret, no account on the forge
pub fn load(sources: &Sources<'_>) -> Result<(Settings, Vec<Explained>), SettingsError> {
    let file = sources.file.map(read_file).transpose()?.unwrap_or_default();
    let values = Values::collect(sources, &file)?;
    let data = PathBuf::from(values.needed("data")?);
    let below_data = |key: &str, name: &str| values.text(key).map_or_else(|| data.join(name), PathBuf::from);
    let settings = Settings {
        listen: values.address("listen")?,
        operations: values.address("operations")?,
        public_url: values.web_address("public_url")?,
        database: below_data("database", "writ.db"),
        library: values.text("library").map(PathBuf::from),
        workers: values.number("workers", 0, 32)? as usize,
        lease_seconds: values.number("lease_seconds", 1, 600)?,
        shutdown_seconds: values.number("shutdown_seconds", 0, 600)?,
        max_body_bytes: values.number("max_body_bytes", 1024, 26_214_400)? as usize,
        agents: values.text("agents").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        quotas: Quotas {
            actor: values.number("quota.actor", 0, MOST_CHANGES)?,
            lane: values.number("quota.lane", 0, MOST_CHANGES)?,
            repository: values.number("quota.repository", 0, MOST_CHANGES)?,
        },
        ledger: LedgerSettings {
            origin: values.needed("ledger.origin")?,
            key_file: below_data("ledger.key_file", "ledger.key"),
        },
        secrets: webhook_secrets(&values, sources)?,
        forge: forge(&values, sources)?,
        repositories: repositories(file.repositories)?,
        failpoint: failpoint(sources)?,
        data,
    };
    Ok((settings, values.0.into_values().collect()))
}

fn read_file(path: &Path) -> Result<File, SettingsError> {
    let text = read_text(path)?;
    if text.trim().is_empty() {
        return Ok(File::default());
    }
    let reading = serde_yaml::Deserializer::from_str(&text);
    serde_path_to_error::deserialize(reading).map_err(|error| {
        let at = error.path().to_string();
        let inner = error.into_inner();
        let line = inner
            .location()
            .map_or(String::new(), |at| format!(" line {}, column {}", at.line(), at.column()));
        let key = if at == "." { String::new() } else { format!(" at `{at}`") };
        // The library repeats the path and the place; ours stand in front already.
        let problem = inner.to_string();
        let problem = problem.strip_prefix(&format!("{at}: ")).unwrap_or(&problem);
        let problem = problem.split(" at line ").next().unwrap_or(problem).to_owned();
        SettingsError::File { path: path.to_owned(), place: format!("{line}{key}"), problem }
    })
}

fn read_text(path: &Path) -> Result<String, SettingsError> {
    std::fs::read_to_string(path).map_err(|source| SettingsError::Read { path: path.to_owned(), source })
}

/// Every row with its value and source, by key.
struct Values(BTreeMap<&'static str, Explained>);

impl Values {
    fn collect(sources: &Sources<'_>, file: &File) -> Result<Self, SettingsError> {
        for (key, _) in sources.flags {
            if !TABLE.iter().any(|row| row.key == key) {
                return Err(SettingsError::Value {
                    key: key.clone(),
                    from: Source::Flag,
                    problem: format!("unknown setting{}", nearest(key)),
                });
            }
        }
        let found = TABLE.iter().map(|row| {
            let flag =
                sources.flags.iter().rev().find(|(key, _)| key == row.key).map(|(_, value)| value.clone());
            let (value, source) = if let Some(value) = flag {
                (Some(value), Source::Flag)
            } else if let Some(value) = (sources.variable)(row.variable) {
                (Some(value), Source::Variable(row.variable))
            } else if let Some(value) = file.value(row.key) {
                (Some(value), Source::File)
            } else {
                (row.default.map(str::to_owned), Source::Default)
            };
            (row.key, Explained { row, value, source })
        });
        Ok(Self(found.collect()))
    }

    fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).and_then(|found| found.value.clone())
    }

    fn needed(&self, key: &str) -> Result<String, SettingsError> {
        self.text(key).filter(|text| !text.is_empty()).ok_or_else(|| SettingsError::Missing {
            key: key.to_owned(),
            remedy: "give it a value".to_owned(),
        })
    }

    fn wrong(&self, key: &str, problem: String) -> SettingsError {
        let from = self.0.get(key).map_or(Source::Default, |found| found.source.clone());
        SettingsError::Value { key: key.to_owned(), from, problem }
    }

    fn address(&self, key: &str) -> Result<SocketAddr, SettingsError> {
        let text = self.needed(key)?;
        text.parse().map_err(|_| {
            self.wrong(key, format!("`{text}` is not an address with a port, such as `127.0.0.1:8080`"))
        })
    }

    fn number(&self, key: &str, least: u32, most: u32) -> Result<u32, SettingsError> {
        let text = self.needed(key)?;
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number
            .ok_or_else(|| self.wrong(key, format!("`{text}` is not a whole number from {least} to {most}")))
    }

    fn web_address(&self, key: &str) -> Result<Option<String>, SettingsError> {
        let Some(text) = self.text(key) else { return Ok(None) };
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        if host.is_some_and(|host| !host.is_empty() && !host.contains(char::is_whitespace)) {
            return Ok(Some(text.trim_end_matches('/').to_owned()));
        }
        Err(self.wrong(key, format!("`{text}` is not a URL like `https://writ.example.com`")))
    }
}

impl File {
    fn value(&self, key: &str) -> Option<String> {
        let text = |value: &Option<String>| value.clone();
        match key {
            "listen" => self.listen.map(|address| address.to_string()),
            "operations" => self.operations.map(|address| address.to_string()),
            "public_url" => text(&self.public_url),
            "data" => text(&self.data),
            "database" => text(&self.database),
            "library" => text(&self.library),
            "workers" => self.workers.map(|number| number.to_string()),
            "lease_seconds" => self.lease_seconds.map(|number| number.to_string()),
            "shutdown_seconds" => self.shutdown_seconds.map(|number| number.to_string()),
            "max_body_bytes" => self.max_body_bytes.map(|number| number.to_string()),
            "agents" => text(&self.agents),
            "quota.actor" => self.quota.actor.map(|number| number.to_string()),
            "quota.lane" => self.quota.lane.map(|number| number.to_string()),
            "quota.repository" => self.quota.repository.map(|number| number.to_string()),
            "ledger.origin" => text(&self.ledger.origin),
            "ledger.key_file" => text(&self.ledger.key_file),
            "webhook.secret_file" => text(&self.webhook.secret_file),
            "forge.kind" => text(&self.forge.kind),
            "forge.base_url" => text(&self.forge.base_url),
            "forge.app_id" => self.forge.app_id.map(|number| number.to_string()),
            "forge.app_key_file" => text(&self.forge.app_key_file),
            "forge.token_file" => text(&self.forge.token_file),
            _ => None,
        }
    }
}

fn failpoint(sources: &Sources<'_>) -> Result<Option<Failpoint>, SettingsError> {
    let parse = |text: String| {
        text.parse().map_err(|error: FailpointError| SettingsError::Value {
            key: "WRIT_FAILPOINT".to_owned(),
            from: Source::Variable("WRIT_FAILPOINT"),
            problem: error.to_string(),
        })
    };
    (sources.variable)("WRIT_FAILPOINT").filter(|text| !text.is_empty()).map(parse).transpose()
}

fn webhook_secrets(values: &Values, sources: &Sources<'_>) -> Result<Secrets, SettingsError> {
    let from_file = values.text("webhook.secret_file").map(|path| read_text(Path::new(&path))).transpose()?;
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

fn forge(values: &Values, sources: &Sources<'_>) -> Result<ForgeSettings, SettingsError> {
    let secret = |variable: &str, key: &str| -> Result<Option<String>, SettingsError> {
        if let Some(value) = (sources.variable)(variable) {
            return Ok(Some(value));
        }
        values
            .text(key)
            .map(|path| read_text(Path::new(&path)).map(|text| text.trim().to_owned()))
            .transpose()
    };
    match values.needed("forge.kind")?.as_str() {
        "local" => Ok(ForgeSettings::Local),
        "github" => {
            let base_url = values.web_address("forge.base_url")?.unwrap_or_default();
            let token = secret("WRIT_FORGE_TOKEN", "forge.token_file")?;
            let key = secret("WRIT_FORGE_APP_KEY", "forge.app_key_file")?;
            let account = match (values.text("forge.app_id"), key, token) {
                (Some(id), Some(key), None) => {
                    let id = id.parse().map_err(|_| {
                        values.wrong("forge.app_id", format!("`{id}` is not a GitHub App's numeric id"))
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
        other => Err(values.wrong("forge.kind", format!("`{other}` is neither `github` nor `local`"))),
    }
}

fn missing_account(remedy: &str) -> SettingsError {
    SettingsError::Missing { key: "forge".to_owned(), remedy: remedy.to_owned() }
}

fn repositories(repositories: Vec<RepositorySettings>) -> Result<Vec<RepositorySettings>, SettingsError> {
    let wrong = |key: String, problem: String| SettingsError::Value { key, from: Source::File, problem };
    if repositories.is_empty() {
        return Err(SettingsError::Missing {
            key: "repositories".to_owned(),
            remedy: "list at least one in the settings file, with `name` and `remote`".to_owned(),
        });
    }
    for (index, repository) in repositories.iter().enumerate() {
        let path = &repository.gitops_path;
        if path.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
            let problem = format!("`{path}` is not a folder path without leading and trailing slashes");
            return Err(wrong(format!("repositories[{index}].gitops_path"), problem));
        }
        let twice =
            |other: &RepositorySettings| other.name.as_str().eq_ignore_ascii_case(repository.name.as_str());
        if repositories.iter().take(index).any(twice) {
            let problem = format!("`{}` is listed twice", repository.name);
            return Err(wrong(format!("repositories[{index}].name"), problem));
        }
    }
    Ok(repositories)
}

fn nearest(key: &str) -> String {
    TABLE
        .iter()
        .map(|row| (strsim::damerau_levenshtein(row.key, key), row.key))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map_or(String::new(), |(_, near)| format!("; did you mean `{near}`?"))
}
