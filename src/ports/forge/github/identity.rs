//! The bot's identity: installation tokens for an App, kept until shortly before they expire, or one fixed token.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use octocrab::Octocrab;
use octocrab::models::AppId;
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::OnceCell;

use super::answers::{Account, App, Installation, InstallationToken};
use super::connection::{Call, Exchange};
use super::options::{Credentials, Options, SetupError};
use crate::domain::credential::{self, SecretString};
use crate::domain::names::RepositoryName;
use crate::ports::forge::ForgeError;

/// A token is renewed when less than this is left of it, so that a push begun with it can end.
const RENEW_BEFORE_SECONDS: i64 = 300;

/// A token and when it ends; `None` never does.
#[derive(Debug, Clone)]
struct CachedToken {
    secret: SecretString,
    expires_at: Option<Timestamp>,
}

/// One repository's token. The lock is held while it is renewed, so that many callers make one request.
type TokenSlot = Arc<tokio::sync::Mutex<Option<CachedToken>>>;

/// Who the bot is, and how it proves it for each repository.
pub(super) struct Identity {
    /// Signs as the App (App), or does not sign (token).
    client: Octocrab,
    /// The same at the GraphQL API's address.
    graph: Octocrab,
    pub(super) exchange: Exchange,
    kind: IdentityKind,
    /// The bot's own account, asked once.
    account: OnceCell<BotAccount>,
}

enum IdentityKind {
    App { id: u64, tokens: Mutex<HashMap<RepositoryName, TokenSlot>> },
    Token(SecretString),
}

/// How the bot's own comments are recognised.
#[derive(Debug)]
pub(super) enum BotAccount {
    /// An App's account is called `slug[bot]`, a name that no person can have.
    Named(String),
    /// An account by its id.
    Numbered(u64),
}

impl BotAccount {
    pub(super) fn is(&self, account: &Account) -> bool {
        match self {
            Self::Named(login) => account.login.eq_ignore_ascii_case(login),
            Self::Numbered(id) => account.id == *id,
        }
    }
}

impl Identity {
    /// Builds the client; must run inside a Tokio runtime.
    pub(super) fn new(options: &Options) -> Result<Self, SetupError> {
        let kind = match &options.credentials {
            Credentials::App { id, .. } => IdentityKind::App { id: *id, tokens: Mutex::default() },
            Credentials::Token(token) => IdentityKind::Token(checked_token(token)?),
        };
        let base = options.base_url.as_str();
        // `https://HOST/api/v3` has it at `https://HOST/api/graphql`, `https://api.github.com` at `…/graphql`.
        let graph_base = base.trim_end_matches('/').strip_suffix("/v3").unwrap_or(base);
        let (client, graph) = (client(options, base)?, client(options, graph_base)?);
        let exchange =
            Exchange { total: options.timeouts.total, recheck: options.timeouts.recheck, now: options.now };
        Ok(Self { client, graph, exchange, kind, account: OnceCell::new() })
    }

    /// A client that speaks as the bot in this repository, and the secret it does so with.
    pub(super) async fn speak(
        &self,
        repository: &RepositoryName,
        call: Call<'_>,
    ) -> Result<(Octocrab, SecretString), ForgeError> {
        let secret = self.secret(repository).await?;
        let client = if matches!(call, Call::Graph(_)) { &self.graph } else { &self.client };
        let client = client.user_access_token(secret.clone());
        let client =
            client.map_err(|_| ForgeError::Forbidden("the token cannot be sent in a header".to_owned()))?;
        Ok((client, secret))
    }

    /// The token for this repository, fresh enough for a push.
    pub(super) async fn secret(&self, repository: &RepositoryName) -> Result<SecretString, ForgeError> {
        let tokens = match &self.kind {
            IdentityKind::Token(secret) => return Ok(secret.clone()),
            IdentityKind::App { tokens, .. } => tokens,
        };
        let slot = slot(tokens, repository);
        let mut kept = slot.lock().await;
        match kept.as_ref() {
            Some(token) if self.lasts(token) => Ok(token.secret.clone()),
            _ => Ok(kept.insert(self.installation_token(repository).await?).secret.clone()),
        }
    }

    /// Drops a token that the server refused, unless another took its place. `false`: there is no other to have.
    pub(super) async fn renew(&self, repository: &RepositoryName, refused: &SecretString) -> bool {
        let IdentityKind::App { tokens, .. } = &self.kind else { return false };
        let slot = slot(tokens, repository);
        let mut kept = slot.lock().await;
        let is_refused = |token: &CachedToken| token.secret.expose_secret() == refused.expose_secret();
        if kept.as_ref().is_some_and(is_refused) {
            *kept = None;
        }
        true
    }

    /// The App's id; `None` for a token.
    pub(super) fn app(&self) -> Option<u64> {
        match self.kind {
            IdentityKind::App { id, .. } => Some(id),
            IdentityKind::Token(_) => None,
        }
    }

    /// The bot's own account.
    pub(super) async fn account(&self, repository: &RepositoryName) -> Result<&BotAccount, ForgeError> {
        self.account.get_or_try_init(|| self.ask_account(repository)).await
    }

    async fn ask_account(&self, repository: &RepositoryName) -> Result<BotAccount, ForgeError> {
        if matches!(self.kind, IdentityKind::App { .. }) {
            let app: App = self.read_as_app(Call::Get("/app"), "the App").await?;
            return Ok(BotAccount::Named(format!("{}[bot]", app.slug)));
        }
        let call = Call::Get("/user");
        let (client, _) = self.speak(repository, call).await?;
        let account = self.exchange.settle(|| async {
            self.exchange.send(&client, call).await?.read::<Account>("the token's account")
        });
        Ok(BotAccount::Numbered(account.await?.id))
    }

    /// Asks which installation covers the repository, then for a token that is good for this repository only.
    async fn installation_token(&self, repository: &RepositoryName) -> Result<CachedToken, ForgeError> {
        let path = format!("/repos/{repository}/installation");
        let installation = self.read_as_app::<Installation>(Call::Get(&path), "installation").await;
        let installation = installation.map_err(|error| match error {
            // Else a lost installation would look like a deleted comment.
            ForgeError::NotFound(_) => {
                ForgeError::Forbidden(format!("the App is not installed on `{repository}`"))
            }
            error => error,
        })?;
        let path = format!("/app/installations/{}/access_tokens", installation.id);
        let body = json!({ "repositories": [repository.name()] });
        // A token that nobody could read ends by itself, so asking for another one is safe.
        let token = self.read_as_app::<InstallationToken>(Call::Post(&path, &body), "installation").await;
        let token = token.map_err(|error| match error {
            ForgeError::Rejected(message) | ForgeError::NotFound(message) => ForgeError::Forbidden(message),
            error => error,
        })?;
        Ok(CachedToken { secret: credential::trimmed(&token.token), expires_at: Some(token.expires_at) })
    }

    async fn read_as_app<T: DeserializeOwned + Send>(
        &self,
        call: Call<'_>,
        what: &str,
    ) -> Result<T, ForgeError> {
        self.exchange.settle(|| async { self.exchange.send(&self.client, call).await?.read(what) }).await
    }

    fn lasts(&self, token: &CachedToken) -> bool {
        let now = (self.exchange.now)();
        let left = |ends: Timestamp| ends.as_second().saturating_sub(now.as_second());
        token.expires_at.is_none_or(|ends| left(ends) > RENEW_BEFORE_SECONDS)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            IdentityKind::App { id, .. } => write!(out, "App({id})"),
            IdentityKind::Token(_) => out.write_str("Token(…)"),
        }
    }
}

/// A client at a base address, which signs as the App where the bot is one.
fn client(options: &Options, base_url: &str) -> Result<Octocrab, SetupError> {
    let timeouts = &options.timeouts;
    let builder = Octocrab::builder()
        .base_uri(checked_base(base_url)?)
        .map_err(|_| SetupError::BaseUrl(base_url.to_owned()))?
        .set_connect_timeout(Some(timeouts.connect))
        .set_read_timeout(Some(timeouts.read))
        .set_write_timeout(Some(timeouts.read))
        .add_header(http::header::ACCEPT, "application/vnd.github+json".to_owned());
    let builder = match &options.credentials {
        Credentials::App { id, private_key } => builder.app(AppId(*id), signing_key(*id, private_key)?),
        Credentials::Token(_) => builder,
    };
    builder.build().map_err(|error| SetupError::Client(error.to_string()))
}

fn slot(tokens: &Mutex<HashMap<RepositoryName, TokenSlot>>, repository: &RepositoryName) -> TokenSlot {
    // OK because a map of slots is whole after each statement, whoever panicked meanwhile.
    let mut tokens = tokens.lock().unwrap_or_else(PoisonError::into_inner);
    tokens.entry(repository.clone()).or_default().clone()
}

/// The key, after it has signed once: a wrong key is found when the server starts, not at the first comment.
fn signing_key(id: u64, private_key: &SecretString) -> Result<octocrab::auth::EncodingKey, SetupError> {
    let key = octocrab::auth::EncodingKey::from_rsa_pem(private_key.expose_secret().as_bytes());
    let key = key.map_err(|error| SetupError::PrivateKey(error.to_string()))?;
    octocrab::auth::create_jwt(AppId(id), &key).map_err(|error| SetupError::PrivateKey(error.to_string()))?;
    Ok(key)
}

/// Tokens are opaque, up to some 520 characters today; only what a header cannot carry is refused.
fn checked_token(token: &SecretString) -> Result<SecretString, SetupError> {
    let text = token.expose_secret();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SetupError::Token);
    }
    Ok(token.clone())
}

fn checked_base(base_url: &str) -> Result<http::Uri, SetupError> {
    let refused = || SetupError::BaseUrl(base_url.to_owned());
    let uri: http::Uri = base_url.parse().map_err(|_| refused())?;
    let scheme = matches!(uri.scheme_str(), Some("https" | "http"));
    let host = uri.authority().is_some_and(|host| !host.as_str().contains('@'));
    if scheme && host && uri.query().is_none() { Ok(uri) } else { Err(refused()) }
}
