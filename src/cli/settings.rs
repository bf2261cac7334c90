//! Settings: one strict YAML file, the environment over it, `--set KEY=VALUE` over both.
//!
//! [`TABLE`] is the one list of settings: lookup, `writ config check` and the README's table come from it.
//! Secrets never stand in the file: they come from files that it names, or from the environment. Everything that
//! is wrong is named with its place (file and line, variable or flag) and what to do about it.

mod load;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::names::{BranchName, RepositoryName};
use crate::domain::turn::Quotas;
use crate::http::signature::Secrets;
use crate::service::failpoint::Failpoint;

pub use load::load;

/// One scalar setting.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its key in the file, with dots: `forge.base_url`.
    pub key: &'static str,
    /// The environment variable that stands over the file.
    pub variable: &'static str,
    /// What it is when nobody says; `None` where there is no default.
    pub default: Option<&'static str>,
    /// What it means, units included.
    pub meaning: &'static str,
}

/// Every scalar setting. `repositories` is a list and stands in the file only.
pub const TABLE: &[Row] = &[
    row("listen", "WRIT_LISTEN", Some("127.0.0.1:8080"), "address and port for webhooks and pages"),
    row(
        "operations",
        "WRIT_OPERATIONS",
        Some("127.0.0.1:9090"),
        "address and port for `/metrics`, `/healthz` and `/readyz`; may equal `listen`",
    ),
    row(
        "public_url",
        "WRIT_PUBLIC_URL",
        None,
        "base URL of the pages; without it, replies contain no links to them",
    ),
    row(
        "data",
        "WRIT_DATA",
        Some("data"),
        "folder for the bare clones and, by default, the database and the ledger key",
    ),
    row("database", "WRIT_DATABASE", None, "SQLite file; default: `writ.db` in `data`"),
    row(
        "library",
        "WRIT_LIBRARY",
        None,
        "folder with patches/, policies/ and templates/ that replace the embedded ones",
    ),
    row(
        "workers",
        "WRIT_WORKERS",
        Some("2"),
        "number of runs processed concurrently, 0 (only accept deliveries) to 32",
    ),
    row(
        "lease_seconds",
        "WRIT_LEASE_SECONDS",
        Some("30"),
        "seconds until another worker takes over a dead worker's run, 1 to 600",
    ),
    row(
        "shutdown_seconds",
        "WRIT_SHUTDOWN_SECONDS",
        Some("20"),
        "seconds that a shutdown waits for steps in progress, 0 to 600",
    ),
    row(
        "max_body_bytes",
        "WRIT_MAX_BODY_BYTES",
        Some("1048576"),
        "size limit of a webhook body in bytes, 1024 to 26214400",
    ),
    row(
        "agents",
        "WRIT_AGENTS",
        Some(""),
        "accounts of programs, by login or numeric id, separated by whitespace; they can neither confirm nor approve",
    ),
    row(
        "quota.actor",
        "WRIT_QUOTA_ACTOR",
        Some("10"),
        "changes per hour that one account may request, 0 to 10000; containments do not count and never wait",
    ),
    row(
        "quota.lane",
        "WRIT_QUOTA_LANE",
        Some("20"),
        "changes per hour for one lane of a repository, 0 to 10000; as above",
    ),
    row(
        "quota.repository",
        "WRIT_QUOTA_REPOSITORY",
        Some("30"),
        "changes per hour for one repository, 0 to 10000; as above",
    ),
    row(
        "ledger.origin",
        "WRIT_LEDGER_ORIGIN",
        Some("writ.local/ledger"),
        "the ledger's name (origin line) in its checkpoints",
    ),
    row(
        "ledger.key_file",
        "WRIT_LEDGER_KEY_FILE",
        None,
        "file with the key that signs checkpoints; default: `ledger.key` in `data`, created on first start",
    ),
    row(
        "webhook.secret_file",
        "WRIT_WEBHOOK_SECRET_FILE",
        None,
        "file with the webhook secrets, one per line",
    ),
    row(
        "forge.kind",
        "WRIT_FORGE_KIND",
        Some("github"),
        "`github`, or `local` for bare repositories on this machine",
    ),
    row("forge.base_url", "WRIT_FORGE_BASE_URL", Some("https://api.github.com"), "base URL of GitHub's API"),
    row("forge.app_id", "WRIT_FORGE_APP_ID", None, "the GitHub App's id"),
    row("forge.app_key_file", "WRIT_FORGE_APP_KEY_FILE", None, "file with the GitHub App's private key, PEM"),
    row(
        "forge.token_file",
        "WRIT_FORGE_TOKEN_FILE",
        None,
        "file with a token, as an alternative to a GitHub App",
    ),
];

/// Secrets that the environment may hold instead of a file: variable and meaning.
pub const SECRETS: &[(&str, &str)] = &[
    ("WRIT_WEBHOOK_SECRET", "webhook secrets, separated by whitespace; all are accepted, for rotation"),
    ("WRIT_FORGE_APP_KEY", "the GitHub App's private key, PEM"),
    ("WRIT_FORGE_TOKEN", "a token, as an alternative to a GitHub App"),
];

const fn row(
    key: &'static str,
    variable: &'static str,
    default: Option<&'static str>,
    meaning: &'static str,
) -> Row {
    Row { key, variable, default, meaning }
}

/// What the server runs on, complete and checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Webhooks and pages.
    pub listen: SocketAddr,
    /// Metrics and health.
    pub operations: SocketAddr,
    /// Base of links in replies, without a final slash.
    pub public_url: Option<String>,
    /// Folder of the bare clones.
    pub data: PathBuf,
    /// The SQLite file.
    pub database: PathBuf,
    /// Library folder; `None` = embedded.
    pub library: Option<PathBuf>,
    /// Workers.
    pub workers: usize,
    /// Length of a lease, seconds.
    pub lease_seconds: u32,
    /// How long a stop waits, seconds.
    pub shutdown_seconds: u32,
    /// Largest webhook body, bytes.
    pub max_body_bytes: usize,
    /// Accounts of programs.
    pub agents: Vec<String>,
    /// How many changes an hour has.
    pub quotas: Quotas,
    /// The ledger.
    pub ledger: LedgerSettings,
    /// Webhook secrets, at least one.
    pub secrets: Secrets,
    /// The forge.
    pub forge: ForgeSettings,
    /// The repositories that are served, at least one.
    pub repositories: Vec<RepositorySettings>,
    /// Where the process shall end itself, for tests of recovery; from `WRIT_FAILPOINT` only.
    pub failpoint: Option<Failpoint>,
}

/// The ledger's name and key.
#[derive(Debug, Clone)]
pub struct LedgerSettings {
    /// Origin line of checkpoints.
    pub origin: String,
    /// The key's file; made when absent.
    pub key_file: PathBuf,
}

/// Which forge, and as whom.
#[derive(Clone)]
pub enum ForgeSettings {
    /// GitHub.
    GitHub {
        /// The API's base address.
        base_url: String,
        /// As whom.
        account: ForgeAccount,
    },
    /// Bare repositories on this disk.
    Local,
}

/// As whom the forge is asked.
#[derive(Clone)]
pub enum ForgeAccount {
    /// A GitHub App.
    App {
        /// Its id.
        id: u64,
        /// Its private key, PEM.
        key: String,
    },
    /// A token.
    Token(String),
}

/// One repository that is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepositorySettings {
    /// `owner/name`, as in the webhook.
    pub name: RepositoryName,
    /// Address or path that git fetches from and pushes to.
    pub remote: String,
    /// The branch that people merge to.
    #[serde(default = "default_base")]
    pub base: BranchName,
    /// The folder that procedures edit, no slash at either end.
    #[serde(default = "default_gitops_path")]
    pub gitops_path: String,
}

fn default_base() -> BranchName {
    BranchName::try_from("main".to_owned())
        .unwrap_or_else(|error| unreachable!("`main` is a branch: {error}"))
}

fn default_gitops_path() -> String {
    "argocd/applications/torghut".to_owned()
}

/// Where a setting's value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody said.
    Default,
    /// The settings file.
    File,
    /// An environment variable.
    Variable(&'static str),
    /// `--set`.
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File => out.write_str("file"),
            Self::Variable(name) => write!(out, "${name}"),
            Self::Flag => out.write_str("--set"),
        }
    }
}

/// One setting as it was found: for `writ config check`.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The row.
    pub row: &'static Row,
    /// Its value, `None` where it is not set.
    pub value: Option<String>,
    /// Where it came from.
    pub source: Source,
}

/// Why the settings do not hold.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file could not be read.
    #[error("reading `{path}`")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not what a settings file looks like.
    #[error("`{path}`{place}: {problem}")]
    File {
        /// Which file.
        path: PathBuf,
        /// ` line 3, column 5, at `forge``, as far as known.
        place: String,
        /// What is wrong there.
        problem: String,
    },
    /// A value cannot be used.
    #[error("`{key}` (from {from}): {problem}")]
    Value {
        /// The setting's key.
        key: String,
        /// Where the value came from.
        from: Source,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// Something that is needed is not there.
    #[error("`{key}` is missing: {remedy}")]
    Missing {
        /// The setting's key.
        key: String,
        /// What to do.
        remedy: String,
    },
}

/// Where the settings are, as given on the command line.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Flags {
    /// The settings file. Default: `writ.yaml` in the working directory, if it exists.
    #[arg(long, value_name = "FILE", env = "WRIT_FILE")]
    pub file: Option<PathBuf>,
    /// Override one setting; `writ config check` lists the keys. Repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.to_owned()));
    pair.ok_or_else(|| "give a key and a value, such as `workers=4`".to_owned())
}

impl Flags {
    /// Reads the settings that these flags, the environment and the file make.
    ///
    /// # Errors
    /// - as [`load`]
    pub fn load(&self) -> Result<(Settings, Vec<Explained>), SettingsError> {
        let usual = Path::new("writ.yaml");
        let file = self.file.as_deref().or_else(|| usual.is_file().then_some(usual));
        load(&Sources { file, flags: &self.set, variable: &|name| std::env::var(name).ok() })
    }
}

/// Where settings come from.
pub struct Sources<'a> {
    /// The settings file, if one is used.
    pub file: Option<&'a Path>,
    /// `--set KEY=VALUE`, in order.
    pub flags: &'a [(String, String)],
    /// The environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

impl fmt::Debug for ForgeSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GitHub { base_url, account } => {
                let account = match account {
                    ForgeAccount::App { id, .. } => format!("App {id}"),
                    ForgeAccount::Token(_) => "token".to_owned(),
                };
                out.debug_struct("GitHub").field("base_url", base_url).field("account", &account).finish()
            }
            Self::Local => out.write_str("Local"),
        }
    }
}
