//! The server process of the storm, its disk, and its slow clients.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command as StdCommand, Stdio};
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::support::bot::SECRET;
use crate::support::process::Stage;

/// Long enough for a debug build on a busy machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(120);
/// What steps in flight are allowed to be.
pub(super) const WORKERS: usize = 4;
/// The disk, when it is not full.
const SPACE: &str = "size=8g";

/// A server process.
pub(super) struct Server {
    child: Child,
    /// Where webhooks are taken.
    pub webhooks: SocketAddr,
}

/// Settings that the storm needs beside those of the stage: nobody waits for a quota.
pub(super) fn configure(stage: &Stage) {
    let mut file = OpenOptions::new().append(true).open(stage.home.data().join("writ.yaml")).unwrap();
    write!(
        file,
        "workers: {WORKERS}\nquota:\n  commands: 10000\n  actor: 10000\n  lane: 10000\n  repository: 10000\n\
         judge:\n  seconds: 5\n"
    )
    .unwrap();
}

impl Server {
    pub(super) async fn start(stage: &Stage) -> Self {
        let log =
            std::env::var_os("STORM_LOG").map_or_else(|| stage.home.repository.beside("log"), PathBuf::from);
        let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_writ"))
            .args(["serve", "--file"])
            .arg(stage.home.data().join("writ.yaml"))
            .env("WRIT_WEBHOOK_SECRET", SECRET)
            .env("WRIT_LOG", "warn")
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let heard = async {
            loop {
                let line = said.next_line().await.unwrap().expect("the server says where it listens");
                if let Some(address) = line.strip_prefix("webhooks            http://") {
                    break address.parse().unwrap();
                }
            }
        };
        let webhooks = tokio::time::timeout(PATIENCE, heard).await.expect("the server starts");
        // It goes on to speak; nobody minds what it says.
        tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
        Self { child, webhooks }
    }

    /// `kill -9`
    pub(super) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to stop, and waits until it has.
    pub(super) async fn stop(&mut self) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it stops").unwrap();
        assert!(status.success(), "a stop is no failure: {status}");
    }
}

/// A file system of its own for the data folder, where this user may mount one.
pub(super) struct Disk {
    mounted: Option<PathBuf>,
}

impl Disk {
    pub(super) fn mount(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let is_mounted = run(&["mount", "-t", "tmpfs", "-o", SPACE, "writ-storm"], folder);
        Self { mounted: is_mounted.then(|| folder.to_owned()) }
    }

    /// Whether it can become full.
    pub(super) fn is_mounted(&self) -> bool {
        self.mounted.is_some()
    }

    /// Leaves no space; whether that was possible.
    pub(super) async fn fill(&self) -> bool {
        if let Some(folder) = &self.mounted {
            // What is in the write-ahead logs already would be room to write to.
            for database in ["writ.db", "forge.db"] {
                let options = SqliteConnectOptions::new().filename(folder.join(database));
                let mut connection = options.connect().await.unwrap();
                // OK because it is busy at times.
                let _ = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await;
            }
        }
        // The kernel refuses a size below what is used, which grows meanwhile.
        (0..20).any(|_| {
            self.mounted.as_ref().is_some_and(|folder| {
                let used =
                    StdCommand::new("df").args(["--block-size=1", "--output=used"]).arg(folder).output();
                let used = String::from_utf8(used.unwrap().stdout).unwrap();
                let bytes = used.lines().last().unwrap().trim();
                run(&["mount", "-o", &format!("remount,size={bytes}")], folder)
            })
        })
    }

    pub(super) fn free(&self) {
        let is_free = self
            .mounted
            .as_ref()
            .is_none_or(|folder| run(&["mount", "-o", &format!("remount,{SPACE}")], folder));
        assert!(is_free, "the disk cannot be made larger again");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Some(folder) = &self.mounted {
            run(&["umount", "--lazy"], folder);
        }
    }
}

fn run(command: &[&str], folder: &Path) -> bool {
    let done = StdCommand::new(command[0]).args(&command[1..]).arg(folder).stderr(Stdio::null()).status();
    done.is_ok_and(|status| status.success())
}

/// Connections that never send a whole request: so many idle ones, half-sent heads and half-sent bodies.
pub(super) async fn slow_connections(address: SocketAddr, of_each: usize) -> Vec<TcpStream> {
    let beginnings: [&[u8]; 3] = [
        b"",
        b"POST /webhooks/github HTTP/1.1\r\nhost: writ\r\nx-",
        b"POST /webhooks/github HTTP/1.1\r\nhost: writ\r\ncontent-length: 40000\r\n\r\n{\"action\": ",
    ];
    let mut streams = Vec::new();
    for beginning in beginnings.into_iter().cycle().take(of_each * beginnings.len()) {
        if let Ok(mut stream) = TcpStream::connect(address).await {
            // OK because the server may close the connection before.
            let _ = stream.write_all(beginning).await;
            streams.push(stream);
        }
    }
    streams
}
