//! The demo's stage: a scratch folder, a repository, a running server, and two people who can comment.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cli::settings::{
    ForgeSettings, LedgerSettings, RepositorySettings, ServerSettings, Settings, SettingsError, own_program,
};
use crate::cli::wiring::{self, Running};
use crate::domain::admission::Quotas;
use crate::domain::names::{BranchName, CommitId, IssueNumber, RepositoryName};
use crate::domain::plan::PlanReport;
use crate::ports::forge::Permission;
use crate::ports::forge::conversation::{ShownCheck, ShownPull};
use crate::ports::forge::github::webhook::Secrets;
use crate::ports::forge::local::LocalForge;
use crate::ports::store::Run;
use crate::service::facts::{self, PlanFact};

use super::client::{DemoDelivery, WebhookSender};
use super::repository;

/// Who is on call.
pub(crate) const PERSON: &str = "ada";

/// The scratch folder with everything in it, and the running server.
pub(crate) struct Stage {
    /// The repository on the local forge.
    pub name: RepositoryName,
    /// Its bare git repository.
    pub remote: PathBuf,
    /// How many files it began with.
    pub files: usize,
    /// Where the pages are, without a final slash.
    pub pages: String,
    /// Sends what GitHub would send.
    pub sender: WebhookSender,
    /// The server.
    pub running: Running,
    forge: LocalForge,
    issue: IssueNumber,
    // Last, so that the folder goes when nothing uses it any more.
    _folder: tempfile::TempDir,
}

impl Stage {
    /// Sets everything up and starts the server on 127.0.0.1.
    ///
    /// # Errors
    /// - the scratch folder cannot be written, or the port is taken
    pub(crate) async fn set(port: u16) -> anyhow::Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("writ-demo-").tempdir().context("making a scratch folder")?;
        let remote = folder.path().join("lab.git");
        let files = repository::make(&remote).context("making the demo's repository")?;
        let name = RepositoryName::try_from("example/lab".to_owned())?;
        let address = free_address(port)?;
        let pages = format!("http://{address}");
        let secrets = Secrets::new([random_secret()]);
        let running = wiring::start(Settings {
            server: server(address, &pages, &folder.path().join("data"))?,
            secrets: secrets.clone(),
            forge: ForgeSettings::Local,
            repositories: vec![RepositorySettings {
                name: name.clone(),
                remote: remote.to_string_lossy().into_owned(),
                base: BranchName::try_from(repository::BASE.to_owned())?,
                gitops_path: None,
                observe: Vec::new(),
                calendar: None,
                notify_issue: None,
                watch: None,
            }],
            program: own_program(),
            failpoint: None,
        })
        .await?;
        let forge = running.local_forge.clone().context("the server has no local forge")?;
        forge.grant(&name, PERSON, Permission::Write).await?;
        let issue = forge.add_issue(&name, "Orders are being rejected", "").await?;
        let sender = WebhookSender::new(&format!("http://{}", running.address), secrets);
        Ok(Self { name, remote, files, pages, sender, running, forge, issue, _folder: folder })
    }

    /// Lets the person on call comment; gives the delivery that the forge would send.
    ///
    /// # Errors
    /// - the forge's database cannot be written
    pub(crate) async fn comment(&self, body: &str) -> anyhow::Result<DemoDelivery> {
        let comment = self.forge.add_comment(&self.name, self.issue, PERSON, body).await?;
        let id = format!("demo-{}", comment.id);
        Ok(DemoDelivery::of_comment(&id, &self.name, self.issue, PERSON, &comment, &self.pages))
    }

    /// The delivery that the forge would send for a pull request that was just opened.
    pub(crate) fn opened(&self, pull: IssueNumber) -> DemoDelivery {
        DemoDelivery::of_opened(&format!("demo-opened-{pull}"), &self.name, pull)
    }

    /// The check runs on a commit, by name.
    ///
    /// # Errors
    /// - the forge's database cannot be read
    pub(crate) async fn check_runs(&self, head: &CommitId) -> anyhow::Result<Vec<ShownCheck>> {
        Ok(self.forge.checks(&self.name, head).await?)
    }

    /// The pull requests, newest first.
    ///
    /// # Errors
    /// - the forge's database cannot be read
    pub(crate) async fn pulls(&self) -> anyhow::Result<Vec<ShownPull>> {
        Ok(self.forge.pulls(&self.name).await?)
    }

    /// Stops the server and removes the folder.
    pub(crate) async fn strike(self) {
        self.running.stop().await;
    }
}

/// The server's settings: everything in one folder, one worker.
fn server(pages: SocketAddr, public_url: &str, data: &Path) -> Result<ServerSettings, SettingsError> {
    let defaults = ServerSettings::defaults(data)?;
    let origin = "demo.writ.local/ledger".to_owned();
    Ok(ServerSettings {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        pages,
        operations: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        public_url: Some(public_url.to_owned()),
        workers: 1,
        shutdown_seconds: 5,
        quotas: Quotas { commands: 60, actor: 10, lane: 10, repository: 10 },
        ledger: LedgerSettings { origin, ..defaults.ledger },
        ..defaults
    })
}

/// The plan of a run.
///
/// # Errors
/// - it has none, or one that cannot be read
pub(crate) fn report_of(run: &Run) -> anyhow::Result<PlanReport> {
    Ok(facts::find::<PlanFact>(run)?.context("the run has no plan")?.report)
}

/// The loopback address with the given port, or with a free one: links need it before the server listens.
fn free_address(port: u16) -> anyhow::Result<SocketAddr> {
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(wanted).with_context(|| format!("port {port} on 127.0.0.1"))?;
    Ok(listener.local_addr()?)
}

/// A webhook secret for this demo only: the standard library's random hash keys are enough against other users.
#[expect(clippy::disallowed_types, reason = "a secret for one demo")]
fn random_secret() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    let part = || format!("{:016x}", RandomState::new().hash_one(0_u8));
    [part(), part()].concat()
}
