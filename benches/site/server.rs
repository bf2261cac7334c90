//! The real `writ serve` on loopback ports, with the local forge.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// What deliveries are signed with.
pub const SECRET: &str = "a-secret-for-benches-only";

/// A server process; it ends with this value.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

/// Resident memory, kilobytes.
pub struct Memory {
    pub now: u64,
    pub peak: u64,
}

impl Server {
    /// Serves the repository `example/lab`, whose remote is a path; settings and data are in `folder`.
    pub async fn start(folder: &Path, remote: &Path, workers: usize) -> Self {
        let settings = folder.join("writ.yaml");
        let text = format!(
            "listen: 127.0.0.1:0\npages: 127.0.0.1:0\noperations: 127.0.0.1:0\ndata: {}\nworkers: {workers}\nforge: {{kind: local}}\n\
             repositories:\n  - {{name: example/lab, remote: {}}}\n",
            folder.display(),
            remote.display()
        );
        std::fs::write(&settings, text).expect("settings");
        let mut child = Command::new(env!("CARGO_BIN_EXE_writ"))
            .args(["serve", "--file"])
            .arg(&settings)
            .env("WRIT_WEBHOOK_SECRET", SECRET)
            .env("WRIT_LOG", "warn")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the server starts");
        let mut said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let address = loop {
            let line = said.next_line().await.expect("readable").expect("the server says where it listens");
            if let Some(address) = line.strip_prefix("webhooks            http://") {
                break address.parse().expect("an address");
            }
        };
        Self { child, address }
    }

    /// CPU time so far. Linux counts it in ticks of 10 ms.
    pub fn cpu(&self) -> Duration {
        let stat = self.proc("stat");
        let after_name = stat.rsplit_once(") ").expect("a name in parentheses").1;
        let ticks = after_name.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().expect("ticks"));
        Duration::from_millis(ticks.sum::<u64>() * 10)
    }

    pub fn memory(&self) -> Memory {
        let id = self.child.id().expect("it runs").to_string();
        let field = |name| resident(&id, name).expect("a Linux process");
        Memory { now: field("VmRSS:"), peak: field("VmHWM:") }
    }

    fn proc(&self, file: &str) -> String {
        let id = self.child.id().expect("it runs");
        std::fs::read_to_string(format!("/proc/{id}/{file}")).expect("a Linux process")
    }

    /// Resident memory of the processes that it started, kilobytes.
    pub fn children(&self) -> Vec<u64> {
        let id = self.child.id().expect("it runs");
        let tasks = std::fs::read_dir(format!("/proc/{id}/task")).expect("a Linux process");
        let children =
            tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
        let children: Vec<_> = children.collect();
        children
            .iter()
            .flat_map(|text| text.split_whitespace())
            .filter_map(|id| resident(id, "VmRSS:"))
            .collect()
    }
}

fn resident(id: &str, field: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
