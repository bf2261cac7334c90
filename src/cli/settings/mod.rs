//! Settings: one strict YAML file, overridden by the environment, overridden by `--set KEY=VALUE`.
//!
//! [`TABLE`] is the one list of settings: a row there and a field of [`ServerSettings`] make a setting. Secrets are never
//! in the file: they come from files that it names, or from the environment. Everything that is wrong is named with its
//! place (file and line, variable or flag) and what to do about it.

mod file;
mod flags;
mod load;
mod problems;
mod source;
mod table;
mod values;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::admission::Quotas;
use crate::domain::calendar::Calendar;
use crate::domain::credential::SecretString;
use crate::domain::names::{BranchName, IssueNumber, RepositoryName};
use crate::domain::policy::ObservedRule;
use crate::domain::watch::{Watch, WatchError};
use crate::http::server::network::Network;
use crate::ports::forge::github::webhook::Secrets;
use crate::service::failpoint::Failpoint;

pub use flags::Flags;
pub use load::{load, own_program, repositories_of};
pub use problems::{Problems, problems};
pub use source::{SettingsError, Source, Sources};
pub use table::{Kind, Row, SECRETS, TABLE};
pub use values::Explained;

/// What the server runs on, complete and checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The rows of [`TABLE`] that are the server's own.
    pub server: ServerSettings,
    /// Webhook secrets, at least one.
    pub secrets: Secrets,
    /// The forge.
    pub forge: ForgeSettings,
    /// The repositories that are served, at least one.
    pub repositories: Vec<RepositorySettings>,
    /// The program that judging processes run: this one, but where a test is what runs.
    pub program: PathBuf,
    /// Where the process ends itself, for tests of recovery; from `WRIT_FAILPOINT` only.
    pub failpoint: Option<Failpoint>,
}

/// One field for each row of [`TABLE`], but for `forge` and `webhook`: what those name becomes an account and secrets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Webhooks.
    pub listen: SocketAddr,
    /// Pages.
    pub pages: SocketAddr,
    /// Metrics and health.
    pub operations: SocketAddr,
    /// Base of links in replies, without a final slash.
    pub public_url: Option<String>,
    /// Proxies that say truly who connected to them.
    pub trusted_proxies: Vec<Network>,
    /// How many connections for webhooks are open.
    pub connections: ConnectionSettings,
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
    #[serde(rename = "quota")]
    pub quotas: Quotas,
    /// Judging of pull requests.
    pub judge: JudgeSettings,
    /// The ledger.
    pub ledger: LedgerSettings,
}

/// How many connections are open at the same time.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSettings {
    /// In all.
    pub total: usize,
    /// For one client.
    pub by_client: usize,
}

/// What judging pull requests may take.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeSettings {
    /// Memory of a judging process, MiB.
    pub memory_mib: u32,
    /// CPU time for one head, seconds.
    pub seconds: u32,
    /// What is kept of parsed manifests in a process, MiB.
    pub cache_mib: u32,
}

/// The ledger's name and key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerSettings {
    /// Origin line of checkpoints.
    pub origin: String,
    /// The key's file; made when absent.
    pub key_file: PathBuf,
    /// The file of the newest checkpoint; `None` is beside the key.
    pub checkpoint_file: Option<PathBuf>,
    /// The branch of the first repository that the newest checkpoint is pushed to; `None` for none.
    pub checkpoint_branch: Option<BranchName>,
}

impl LedgerSettings {
    /// Where the newest checkpoint is kept outside the database: named like the key, if no file is named.
    #[must_use]
    pub fn checkpoint_file(&self) -> PathBuf {
        let named = self.checkpoint_file.clone().filter(|path| !path.as_os_str().is_empty());
        named.unwrap_or_else(|| self.key_file.with_extension("checkpoint"))
    }
}

/// Which forge, and with which account.
#[derive(Clone)]
pub enum ForgeSettings {
    /// GitHub.
    GitHub {
        /// The API's base address.
        base_url: String,
        /// The account.
        account: ForgeAccount,
    },
    /// Bare repositories on this disk.
    Local,
}

/// The account that requests to the forge are made with.
#[derive(Clone)]
pub enum ForgeAccount {
    /// A GitHub App.
    App {
        /// Its id.
        id: u64,
        /// Its private key, PEM.
        key: SecretString,
    },
    /// A token.
    Token(SecretString),
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
    /// The folder that procedures edit, no slash at either end; `None` is that of the library's target.
    #[serde(default)]
    pub gitops_path: Option<String>,
    /// The rules that only observe for now, each until a time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observe: Vec<ObservedRule>,
    /// Freezes and the hours of the market.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Calendar>,
    /// The issue that is told of pull requests that were merged over a denial; `None` for none but the pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_issue: Option<IssueNumber>,
    /// Patterns of the paths beyond it that are judged for their reach into it; `None` is those of the library's target,
    /// an empty list is none.
    #[serde(default)]
    pub watch: Option<Vec<String>>,
}

impl RepositorySettings {
    /// The watched paths, where the settings name any or none.
    ///
    /// # Errors
    /// - a pattern is wrong
    pub fn watched(&self) -> Result<Option<Watch>, WatchError> {
        self.watch.as_deref().map(Watch::parse).transpose()
    }
}

fn default_base() -> BranchName {
    BranchName::try_from("main".to_owned())
        .unwrap_or_else(|error| unreachable!("`main` is a branch: {error}"))
}

impl ForgeSettings {
    /// What it is, for the person who starts the server: no secrets.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::GitHub { base_url, account: ForgeAccount::App { id, .. } } => {
                format!("GitHub at {base_url}, as App {id}")
            }
            Self::GitHub { base_url, account: ForgeAccount::Token(_) } => {
                format!("GitHub at {base_url}, with a token")
            }
            Self::Local => "local: bare repositories on this disk".to_owned(),
        }
    }
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
