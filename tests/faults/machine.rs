//! What the machine can lack: space, descriptors, git, the remote, the database file. Nothing that was accepted is lost or
//! refused because of it, `/readyz` says what is wrong, and the server goes on by itself when it is there again.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::support::bot::{SECRET, signed};
use crate::support::http::{Answer, Request};
use crate::support::process::Stage;
use crate::support::program;

/// Long enough for a debug build on a busy machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at what is waited for.
const INTERVAL: Duration = Duration::from_millis(100);

const PAUSE: &str = "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT";

/// A server process under limits of the shell.
struct Limited {
    child: Child,
    webhooks: SocketAddr,
    operations: SocketAddr,
    log: PathBuf,
}

impl Limited {
    /// Starts it after these commands of the shell, with this `PATH`.
    async fn start(stage: &Stage, limits: &str, path: &str) -> Self {
        let data = stage.home.data();
        let log = data.join("log");
        let mut child = Command::new("/bin/sh")
            .arg("-c")
            .arg(format!("{limits}\nexec \"$0\" serve --file \"$1\""))
            .arg(env!("CARGO_BIN_EXE_writ"))
            .arg(data.join("writ.yaml"))
            .env("PATH", path)
            .env("WRIT_WEBHOOK_SECRET", SECRET)
            .env("WRIT_LOG", "warn")
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut webhooks, mut operations) = (None, None);
        while webhooks.is_none() || operations.is_none() {
            let line = said.next_line().await.unwrap();
            let line = line.unwrap_or_else(|| panic!("{}", std::fs::read_to_string(&log).unwrap()));
            let address = |label: &str| {
                line.strip_prefix(label)
                    .map(|rest| rest.trim().strip_prefix("http://").unwrap().parse().unwrap())
            };
            webhooks = webhooks.or(address("webhooks "));
            operations = operations.or(address("metrics and health "));
        }
        let (webhooks, operations) = (webhooks.unwrap(), operations.unwrap());
        Self { child, webhooks, operations, log }
    }

    async fn command(&self, stage: &Stage, text: &str) -> Vec<u8> {
        let body = stage.comment(text).await;
        let answer = self.send("first", &body).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        body
    }

    async fn send(&self, id: &str, body: &[u8]) -> Answer {
        signed(body.to_vec()).header("x-github-delivery", id).send(self.webhooks).await
    }

    async fn readiness(&self) -> Answer {
        Request::get("/readyz").send(self.operations).await
    }

    /// Waits until metrics have counted connections that made room for others.
    async fn closed_connections(&self) -> String {
        let counted = async {
            loop {
                let metrics = Request::get("/metrics").send(self.operations).await.text;
                let crowded = "{listener=\"webhooks\",reason=\"crowded\"} ";
                if metrics.split_once(crowded).is_some_and(|(_, count)| !count.starts_with("0\n")) {
                    return metrics;
                }
                tokio::time::sleep(INTERVAL).await;
            }
        };
        tokio::time::timeout(PATIENCE, counted).await.expect("they are counted")
    }

    /// Waits until readiness says this.
    async fn says(&self, what: &str) -> Answer {
        let said = async {
            loop {
                let answer = self.readiness().await;
                if answer.text.contains(what) {
                    return answer;
                }
                tokio::time::sleep(INTERVAL).await;
            }
        };
        let said = tokio::time::timeout(PATIENCE, said).await;
        said.unwrap_or_else(|_| panic!("no \"{what}\" in the log:\n{}", self.logged()))
    }

    /// Waits until nothing is left to do.
    async fn settles(&self, stage: &Stage) {
        let settled = async {
            while stage.runs().await.iter().any(|(_, is_over)| !is_over) {
                tokio::time::sleep(INTERVAL).await;
            }
        };
        let settled = tokio::time::timeout(PATIENCE, settled).await;
        settled.unwrap_or_else(|_| panic!("not done; the log:\n{}", self.logged()));
    }

    fn logged(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    async fn ended(mut self) -> (ExitStatus, String) {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap();
        (status, self.logged())
    }
}

/// The pause has its one pull request, and nobody was told of a fault.
async fn paused(stage: &Stage) {
    let replies = stage.replies().await;
    assert_eq!(stage.pulls().await.len(), 1, "{replies:?}");
    assert!(replies[0].contains("**Proposed:**"), "{replies:?}");
}

fn usual_path() -> String {
    std::env::var("PATH").unwrap()
}

/// A file that may not grow is what a full disk is to a database.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_not_ready_and_goes_on_when_there_is_space() {
    let stage = Stage::set().await;
    let server = Limited::start(&stage, "trap '' XFSZ; ulimit -S -f 3000", &usual_path()).await;
    let mut refused = None;
    for number in 0..1_000 {
        let body = stage.comment("/help").await;
        let answer = server.send(&format!("d{number}"), &body).await;
        if answer.status != 202 {
            assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"), "{}", answer.text);
            refused = Some((format!("d{number}"), body));
            break;
        }
    }
    let (id, body) = refused.expect("the disk becomes full");
    let readiness = server.says("not ready").await;
    assert_eq!(readiness.status, 503);
    assert!(readiness.text.contains("the database cannot be written"), "{}", readiness.text);
    let process = Pid::from_raw(server.child.id().unwrap().try_into().unwrap());
    let hard = prlimit(process, Resource::Fsize, Rlimit { current: None, maximum: None });
    hard.expect("the limit is only a soft one");
    server.says("ready\n").await;
    assert_eq!(server.send(&id, &body).await.status, 202, "what was refused is taken");
    server.settles(&stage).await;
    assert_eq!(server.readiness().await.text, "ready\n");
    assert!(stage.replies().await.iter().all(|reply| !reply.contains("fault")), "nobody is refused");
    stage.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_few_descriptors_and_many_connections_a_command_is_carried_out() {
    let stage = Stage::set().await;
    let server = Limited::start(&stage, "ulimit -n 64", &usual_path()).await;
    let mut held = Vec::new();
    for _ in 0..100 {
        held.push(TcpStream::connect(server.webhooks).await.unwrap());
    }
    server.command(&stage, PAUSE).await;
    // The oldest made room at once; the command did not wait until they were late.
    let metrics = server.closed_connections().await;
    assert!(metrics.contains("{listener=\"webhooks\",reason=\"overdue\"} 0\n"), "{metrics}");
    for _ in 0..100 {
        held.push(TcpStream::connect(server.webhooks).await.unwrap());
    }
    server.settles(&stage).await;
    paused(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_git_a_command_waits_until_it_is_installed() {
    let stage = Stage::set().await;
    let programs = stage.home.data().join("programs");
    std::fs::create_dir_all(&programs).unwrap();
    let server = Limited::start(&stage, "", programs.to_str().unwrap()).await;
    let answer = server.says("the git command cannot be run").await;
    assert_eq!(answer.status, 200, "deliveries are taken: {}", answer.text);
    server.command(&stage, PAUSE).await;
    server.says("step `plan` will be retried").await;
    assert!(stage.runs().await.iter().all(|(_, is_over)| !is_over));
    install(&programs);
    server.settles(&stage).await;
    paused(&stage).await;
    assert_eq!(server.says("ready").await.text, "ready\n");
}

fn install(programs: &Path) {
    std::os::unix::fs::symlink(program("git").unwrap(), programs.join("git")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_is_gone_for_a_moment_is_waited_for() {
    let stage = Stage::set().await;
    let server = Limited::start(&stage, "", &usual_path()).await;
    let (here, away) = (stage.home.repository.path(), stage.home.data().join("away.git"));
    std::fs::rename(here, &away).unwrap();
    server.command(&stage, PAUSE).await;
    let answer = server.says("step `plan` will be retried").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.text.contains("the git repository does not respond"), "{}", answer.text);
    std::fs::rename(&away, here).unwrap();
    server.settles(&stage).await;
    paused(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_database_file_is_deleted_stops_and_says_so() {
    let stage = Stage::set().await;
    let server = Limited::start(&stage, "", &usual_path()).await;
    server.command(&stage, "/help").await;
    server.settles(&stage).await;
    let database = stage.home.data().join("writ.db");
    std::fs::rename(&database, stage.home.data().join("elsewhere.db")).unwrap();
    let (status, log) = server.ended().await;
    assert_eq!(status.code(), Some(3), "{log}");
    assert!(log.contains("was deleted, moved or replaced") && log.contains("put the file back"), "{log}");
    assert!(!database.exists(), "no empty one takes its place");
}
