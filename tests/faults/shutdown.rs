//! A stop holds its limit, whatever the remote does.

use std::path::Path;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::support::process::Stage;

/// Far longer than `shutdown_seconds`, far shorter than a fetch may take.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_a_remote_that_hangs() {
    // It accepts, and never answers.
    let remote = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stage = Stage::set().await;
    let data = stage.home.data();
    let token = data.join("token");
    std::fs::write(&token, "token\n").unwrap();
    let settings = format!(
        "listen: 127.0.0.1:0\noperations: 127.0.0.1:0\ndata: {data}\nshutdown_seconds: 4\n\
         forge:\n  kind: github\n  base_url: http://127.0.0.1:9\n  token_file: {token}\n\
         repositories:\n  - name: example/lab\n    remote: http://{remote}/lab.git\n",
        data = data.display(),
        token = token.display(),
        remote = remote.local_addr().unwrap(),
    );
    std::fs::write(data.join("writ.yaml"), settings).unwrap();
    let server = stage.serve("").await;
    // The first fetch has begun: git is at the remote.
    let held = tokio::time::timeout(PATIENCE, remote.accept()).await.expect("git calls").unwrap();
    let fetching = fetches(&data);
    assert!(!fetching.is_empty());
    tokio::time::timeout(PATIENCE, server.stop())
        .await
        .expect("it stops, though the fetch goes on for 15 minutes");
    assert_eq!(fetches(&data), [0_u32; 0], "no git is left behind");
    drop(held);
}

/// The ids of the git processes that run in a mirror below a folder.
fn fetches(data: &Path) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let runs_here = |id: &u32| {
        let folder = std::fs::read_link(format!("/proc/{id}/cwd")).unwrap_or_default();
        let name = std::fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
        folder.starts_with(data) && name.starts_with("git")
    };
    ids.filter(runs_here).collect()
}
