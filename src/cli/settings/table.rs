//! The table of settings: one row for each.
//!
//! Lookup, checks, `writ config check` and the tables in the documentation come from it. A new setting is a row here and
//! a field of [`ServerSettings`](super::ServerSettings) with the row's key as its name.

use std::net::SocketAddr;
use std::path::Path;

use serde::{Deserialize as _, Deserializer};
use serde_json::{Value, json};

use crate::http::server::network::Network;

/// One scalar setting.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its key in the file, with dots: `forge.base_url`.
    pub key: &'static str,
    /// The environment variable that overrides the file.
    pub variable: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// The default; `None` where there is none.
    pub default: Option<&'static str>,
    /// What it means, units included.
    pub meaning: &'static str,
}

/// What the values of a setting are.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Any text, or none.
    Text,
    /// A text that is not empty.
    Name,
    /// Words, separated by white space.
    Words,
    /// IP addresses and networks, separated by white space.
    Networks,
    /// A number that names something elsewhere.
    Id,
    /// A whole number.
    Number {
        /// The smallest that is taken.
        least: u32,
        /// The largest that is taken.
        most: u32,
    },
    /// An IP address and a port.
    Address,
    /// An address that begins with `https://` or `http://`, or none. A final slash is dropped.
    WebAddress,
    /// A path; where none is named, the file of this name in the folder `data`.
    InData(&'static str),
}

/// Why a text is no value of a setting.
#[derive(Debug, PartialEq, Eq)]
pub enum NotValue {
    /// There must be one.
    Missing,
    /// What is wrong, and what would be right.
    Wrong(String),
}

/// Every scalar setting. `repositories` is a list and is in the file only.
pub const TABLE: &[Row] = &[
    Row {
        key: "listen",
        variable: "WRIT_LISTEN",
        kind: Kind::Address,
        default: Some("127.0.0.1:8080"),
        meaning: "address and port for webhooks, and nothing else",
    },
    Row {
        key: "pages",
        variable: "WRIT_PAGES",
        kind: Kind::Address,
        default: Some("127.0.0.1:8081"),
        meaning: "address and port for the pages; nobody has to sign in, so do not open it to the public",
    },
    Row {
        key: "operations",
        variable: "WRIT_OPERATIONS",
        kind: Kind::Address,
        default: Some("127.0.0.1:9090"),
        meaning: "address and port for `/metrics`, `/healthz` and `/readyz`",
    },
    Row {
        key: "public_url",
        variable: "WRIT_PUBLIC_URL",
        kind: Kind::WebAddress,
        default: None,
        meaning: "base URL under which people reach `pages`; without it, replies contain no links to them",
    },
    Row {
        key: "trusted_proxies",
        variable: "WRIT_TRUSTED_PROXIES",
        kind: Kind::Networks,
        default: Some("127.0.0.0/8 ::1"),
        meaning: "IP addresses and networks of proxies before `listen`, separated by whitespace; only theirs is the `X-Forwarded-For` that says for whom a connection counts",
    },
    Row {
        key: "connections.total",
        variable: "WRIT_CONNECTIONS_TOTAL",
        kind: Kind::Number { least: 8, most: 65_536 },
        default: Some("1024"),
        meaning: "connections to `listen` at the same time, 8 to 65536, at most half of the file descriptors; the oldest that has sent no whole request makes room for a new one",
    },
    Row {
        key: "connections.by_client",
        variable: "WRIT_CONNECTIONS_BY_CLIENT",
        kind: Kind::Number { least: 1, most: 65_536 },
        default: Some("64"),
        meaning: "the same for one client (an IPv4 address, an IPv6 network of 64 bits), 1 to 65536; trusted proxies are exempt",
    },
    Row {
        key: "data",
        variable: "WRIT_DATA",
        kind: Kind::Name,
        default: Some("data"),
        meaning: "folder for the bare clones and, by default, the database and the ledger key",
    },
    Row {
        key: "database",
        variable: "WRIT_DATABASE",
        kind: Kind::InData("writ.db"),
        default: None,
        meaning: "SQLite file; default: `writ.db` in `data`",
    },
    Row {
        key: "library",
        variable: "WRIT_LIBRARY",
        kind: Kind::Text,
        default: None,
        meaning: "folder with patches/, policies/ and templates/, whose files add to the embedded ones or replace them",
    },
    Row {
        key: "workers",
        variable: "WRIT_WORKERS",
        kind: Kind::Number { least: 0, most: 32 },
        default: Some("2"),
        meaning: "number of runs processed concurrently, 0 (only accept deliveries) to 32",
    },
    Row {
        key: "lease_seconds",
        variable: "WRIT_LEASE_SECONDS",
        kind: Kind::Number { least: 1, most: 600 },
        default: Some("30"),
        meaning: "seconds until another worker takes over a dead worker's run, 1 to 600",
    },
    Row {
        key: "shutdown_seconds",
        variable: "WRIT_SHUTDOWN_SECONDS",
        kind: Kind::Number { least: 0, most: 600 },
        default: Some("20"),
        meaning: "seconds that a shutdown waits for steps in progress, 0 to 600",
    },
    Row {
        key: "max_body_bytes",
        variable: "WRIT_MAX_BODY_BYTES",
        kind: Kind::Number { least: 1024, most: 26_214_400 },
        default: Some("1048576"),
        meaning: "size limit of a webhook body in bytes, 1024 to 26214400",
    },
    Row {
        key: "agents",
        variable: "WRIT_AGENTS",
        kind: Kind::Words,
        default: Some(""),
        meaning: "accounts of programs, by login or numeric id, separated by whitespace; they can neither confirm nor approve",
    },
    Row {
        key: "quota.commands",
        variable: "WRIT_QUOTA_COMMANDS",
        kind: Kind::Number { least: 0, most: 10_000 },
        default: Some("60"),
        meaning: "commands per hour that one account may give in a repository, whatever the verb, 0 to 10000; an account without write permission gets a tenth; containments are never refused for it",
    },
    Row {
        key: "quota.actor",
        variable: "WRIT_QUOTA_ACTOR",
        kind: Kind::Number { least: 0, most: 10_000 },
        default: Some("10"),
        meaning: "changes per hour that one account may request, 0 to 10000; containments do not count and never wait",
    },
    Row {
        key: "quota.lane",
        variable: "WRIT_QUOTA_LANE",
        kind: Kind::Number { least: 0, most: 10_000 },
        default: Some("20"),
        meaning: "changes per hour for one lane of a repository, 0 to 10000; as above",
    },
    Row {
        key: "quota.repository",
        variable: "WRIT_QUOTA_REPOSITORY",
        kind: Kind::Number { least: 0, most: 10_000 },
        default: Some("30"),
        meaning: "changes per hour for one repository, 0 to 10000; as above",
    },
    Row {
        key: "judge.memory_mib",
        variable: "WRIT_JUDGE_MEMORY_MIB",
        kind: Kind::Number { least: 128, most: 65_536 },
        default: Some("1024"),
        meaning: "memory of a process that judges pull requests, MiB, 128 to 65536; there is one for each worker",
    },
    Row {
        key: "judge.seconds",
        variable: "WRIT_JUDGE_SECONDS",
        kind: Kind::Number { least: 1, most: 600 },
        default: Some("20"),
        meaning: "CPU seconds for judging one pull request, 1 to 600; twice as long, it is stopped whatever it waits for",
    },
    Row {
        key: "judge.cache_mib",
        variable: "WRIT_JUDGE_CACHE_MIB",
        kind: Kind::Number { least: 0, most: 16_384 },
        default: Some("64"),
        meaning: "MiB for parsed manifests that are kept, 0 to 16384; the server and each judging process have as much",
    },
    Row {
        key: "ledger.origin",
        variable: "WRIT_LEDGER_ORIGIN",
        kind: Kind::Name,
        default: Some("writ.local/ledger"),
        meaning: "the ledger's name (origin line) in its checkpoints",
    },
    Row {
        key: "ledger.key_file",
        variable: "WRIT_LEDGER_KEY_FILE",
        kind: Kind::InData("ledger.key"),
        default: None,
        meaning: "file with the key that signs checkpoints; default: `ledger.key` in `data`, created on first start",
    },
    Row {
        key: "ledger.checkpoint_file",
        variable: "WRIT_LEDGER_CHECKPOINT_FILE",
        kind: Kind::Text,
        default: None,
        meaning: "file with the newest signed checkpoint, which the ledger must continue at start; default: beside the key, ending in `.checkpoint`; best where the database's account cannot write",
    },
    Row {
        key: "ledger.checkpoint_branch",
        variable: "WRIT_LEDGER_CHECKPOINT_BRANCH",
        kind: Kind::Text,
        default: None,
        meaning: "branch of the first repository that the newest checkpoint is pushed to, at most every five minutes and at stop, and which the ledger must continue; default: none",
    },
    Row {
        key: "webhook.secret_file",
        variable: "WRIT_WEBHOOK_SECRET_FILE",
        kind: Kind::Text,
        default: None,
        meaning: "file with the webhook secrets, one per line",
    },
    Row {
        key: "forge.kind",
        variable: "WRIT_FORGE_KIND",
        kind: Kind::Name,
        default: Some("github"),
        meaning: "`github`, or `local` for bare repositories on this machine",
    },
    Row {
        key: "forge.base_url",
        variable: "WRIT_FORGE_BASE_URL",
        kind: Kind::WebAddress,
        default: Some("https://api.github.com"),
        meaning: "base URL of GitHub's API",
    },
    Row {
        key: "forge.app_id",
        variable: "WRIT_FORGE_APP_ID",
        kind: Kind::Id,
        default: None,
        meaning: "the GitHub App's id",
    },
    Row {
        key: "forge.app_key_file",
        variable: "WRIT_FORGE_APP_KEY_FILE",
        kind: Kind::Text,
        default: None,
        meaning: "file with the GitHub App's private key, PEM",
    },
    Row {
        key: "forge.token_file",
        variable: "WRIT_FORGE_TOKEN_FILE",
        kind: Kind::Text,
        default: None,
        meaning: "file with a token, as an alternative to a GitHub App",
    },
];

/// Secrets that the environment may hold instead of a file: variable and meaning.
pub const SECRETS: &[(&str, &str)] = &[
    ("WRIT_WEBHOOK_SECRET", "webhook secrets, separated by whitespace; all are accepted, for rotation"),
    ("WRIT_FORGE_APP_KEY", "the GitHub App's private key, PEM"),
    ("WRIT_FORGE_TOKEN", "a token, as an alternative to a GitHub App"),
];

impl Kind {
    /// The value in the settings file, as text; `None` for null.
    ///
    /// # Errors
    /// - the file has a value of another type
    pub fn deserialize<'de, D: Deserializer<'de>>(self, file: D) -> Result<Option<String>, D::Error> {
        Ok(match self {
            Self::Number { .. } => Option::<u32>::deserialize(file)?.map(|number| number.to_string()),
            Self::Id => Option::<u64>::deserialize(file)?.map(|number| number.to_string()),
            Self::Address => Option::<SocketAddr>::deserialize(file)?.map(|address| address.to_string()),
            Self::Text | Self::Name | Self::Words | Self::Networks | Self::WebAddress | Self::InData(_) => {
                Option::deserialize(file)?
            }
        })
    }

    /// What a file has to say, as a sentence goes on after "expected".
    #[must_use]
    pub fn expected(self) -> String {
        match self {
            Self::Text | Self::Name => "a text".to_owned(),
            Self::Words => "a text of words, separated by white space".to_owned(),
            Self::Networks => "a text of IP addresses and networks, separated by white space".to_owned(),
            Self::Id => "a numeric id".to_owned(),
            Self::Number { least, most } => format!("a whole number from {least} to {most}"),
            Self::Address => "an address with a port, such as `127.0.0.1:8080`".to_owned(),
            Self::WebAddress => "a URL like `https://writ.example.com`".to_owned(),
            Self::InData(_) => "a path as text".to_owned(),
        }
    }

    /// The value that a text from any source is, as the setting's field reads it. `data` is the setting of that name.
    ///
    /// # Errors
    /// - it is missing where it must not be, or wrong
    pub fn value(self, text: Option<&str>, data: &Path) -> Result<Value, NotValue> {
        match (self, text) {
            (Self::Text | Self::Id | Self::WebAddress, None) => Ok(Value::Null),
            (Self::Text | Self::Id, Some(text)) => Ok(json!(text)),
            (Self::Words, text) => Ok(text.unwrap_or_default().split_whitespace().collect()),
            (Self::Networks, text) => networks(text.unwrap_or_default()),
            (Self::InData(name), None) => Ok(json!(data.join(name))),
            (Self::InData(_), Some(path)) => Ok(json!(path)),
            (Self::WebAddress, Some(text)) => web_address(text).map(|address| json!(address)),
            (Self::Name | Self::Number { .. } | Self::Address, None | Some("")) => Err(NotValue::Missing),
            (Self::Name, Some(text)) => Ok(json!(text)),
            (Self::Number { least, most }, Some(text)) => {
                number(text, least, most).map(|number| json!(number))
            }
            (Self::Address, Some(text)) => address(text).map(|address| json!(address)),
        }
    }
}

/// An address without its final slash.
///
/// # Errors
/// - it does not begin with `https://` or `http://`, or names no host
pub(crate) fn web_address(text: &str) -> Result<String, NotValue> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if host.is_some_and(|host| !host.is_empty() && !host.contains(char::is_whitespace)) {
        return Ok(text.trim_end_matches('/').to_owned());
    }
    // Not quoted: it may hold a password.
    Err(NotValue::Wrong("this is not a URL like `https://writ.example.com`".to_owned()))
}

fn networks(text: &str) -> Result<Value, NotValue> {
    for word in text.split_whitespace() {
        word.parse::<Network>().map_err(|error| NotValue::Wrong(error.to_string()))?;
    }
    Ok(text.split_whitespace().collect())
}

fn number(text: &str, least: u32, most: u32) -> Result<u32, NotValue> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| {
        // A number that is out of range is no secret; any other text may be one.
        let what = text.parse::<u64>().map_or_else(|_| "this".to_owned(), |number| format!("`{number}`"));
        NotValue::Wrong(format!("{what} is not a whole number from {least} to {most}"))
    })
}

fn address(text: &str) -> Result<SocketAddr, NotValue> {
    text.parse().map_err(|_| {
        NotValue::Wrong("this is not an address with a port, such as `127.0.0.1:8080`".to_owned())
    })
}
