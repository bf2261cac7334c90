//! Child processes: an answer for each request, renewed in time, stopped when they take too long, and gone when nobody
//! waits. The program here is a shell, so that what is tested is the parent.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use writ::ports::child::{ChildError, Children, MOST_REQUESTS};

/// Longer than any of these scripts takes that is not meant to hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// Children that run a script after they have read the greeting; each writes its process id to a file first.
fn children(folder: &Path, script: &str, patience: Duration) -> Children {
    let greeting = b"hi".to_vec();
    let script =
        format!("echo $$ >> {}; dd bs=1 count=6 >/dev/null 2>&1; {script}", started(folder).display());
    Children::new("/bin/sh".into(), vec!["-c".to_owned(), script], greeting, patience)
}

fn started(folder: &Path) -> std::path::PathBuf {
    folder.join("started")
}

/// The ids of all children that were started.
fn ids(folder: &Path) -> Vec<u32> {
    let ids = std::fs::read_to_string(started(folder)).unwrap_or_default();
    ids.lines().map(|line| line.parse().unwrap()).collect()
}

/// Waits until a process is gone.
async fn gone(id: u32) {
    let gone = async {
        while Path::new(&format!("/proc/{id}")).exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the child is gone");
}

#[tokio::test]
async fn one_child_answers_many_requests_and_is_then_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let children = children(folder.path(), "exec cat", PATIENCE);
    for number in 0..=MOST_REQUESTS {
        assert_eq!(children.ask(number.to_string().as_bytes()).await.unwrap(), number.to_string().as_bytes());
        let expected = if number < MOST_REQUESTS { 1 } else { 2 };
        assert_eq!(ids(folder.path()).len(), expected, "after request {number}");
    }
    gone(ids(folder.path())[0]).await;
}

#[tokio::test]
async fn requests_at_the_same_time_have_children_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    // Neither answers before both have been started.
    let both = format!(
        "until [ $(wc -l < {}) -ge 2 ]; do sleep 0.01; done; exec cat",
        started(folder.path()).display()
    );
    let children = Arc::new(children(folder.path(), &both, PATIENCE));
    let (one, two) = tokio::join!(children.ask(b"one"), children.ask(b"two"));
    assert_eq!((one.unwrap(), two.unwrap()), (b"one".to_vec(), b"two".to_vec()));
    assert_eq!(ids(folder.path()).len(), 2);
}

#[tokio::test]
async fn a_child_that_takes_too_long_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    // What hangs is a grandchild too: `sleep` of the shell. Its pipes must not keep the parent waiting.
    let children = children(folder.path(), "exec sleep 30", Duration::from_millis(500));
    let error = children.ask(b"request").await.unwrap_err();
    assert!(matches!(error, ChildError::TookTooLong), "{error:?}");
    let [id] = ids(folder.path())[..] else { panic!("it is not asked again: {:?}", ids(folder.path())) };
    gone(id).await;
}

#[tokio::test]
async fn a_child_that_nobody_waits_for_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let children = children(folder.path(), "exec sleep 1000", PATIENCE);
    let begun = async {
        while ids(folder.path()).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        answer = children.ask(b"request") => panic!("it does not answer: {answer:?}"),
        () = begun => {}
    }
    gone(ids(folder.path())[0]).await;
}

#[tokio::test]
async fn a_child_that_died_between_requests_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let children = children(folder.path(), "exec cat", PATIENCE);
    children.ask(b"one").await.unwrap();
    let id = ids(folder.path())[0];
    assert!(std::process::Command::new("kill").args(["-9", &id.to_string()]).status().unwrap().success());
    assert_eq!(children.ask(b"two").await.unwrap(), b"two");
    assert_eq!(ids(folder.path()).len(), 2);
}

#[tokio::test]
async fn one_that_dies_over_its_request_is_told_apart_from_one_that_never_ran() {
    let folder = tempfile::tempdir().unwrap();
    let dies = |script| {
        let children = children(folder.path(), script, PATIENCE);
        async move { children.ask(b"request").await.unwrap_err() }
    };
    for (script, described) in [("exit 7", "exit code 7"), ("kill -ABRT $$", "signal 6")] {
        match dies(script).await {
            ChildError::Died(how) => assert_eq!(how, described, "{script}"),
            other => panic!("{script}: {other:?}"),
        }
    }
    // An answer that announces more than is read is no answer, and takes no memory.
    let error = dies("printf '\\377\\377\\377\\377'; exec cat").await;
    assert!(matches!(&error, ChildError::Died(how) if how.contains("longer than")), "{error:?}");
    let error = dies("kill -XCPU $$").await;
    assert!(matches!(error, ChildError::TookTooLong), "{error:?}");
    let missing = Children::new("/no/such/program".into(), vec![], vec![], PATIENCE);
    let error = missing.ask(b"request").await.unwrap_err();
    assert!(matches!(error, ChildError::NotStarted(_)), "{error:?}");
}

#[tokio::test]
async fn a_child_has_no_environment() {
    let folder = tempfile::tempdir().unwrap();
    let children = children(folder.path(), "exec cat", PATIENCE);
    children.ask(b"request").await.unwrap();
    let environment = std::fs::read(format!("/proc/{}/environ", ids(folder.path())[0])).unwrap();
    let environment = String::from_utf8(environment).unwrap();
    // What a shell sets for itself.
    let own = ["PWD=", "OLDPWD=", "SHLVL=", "_="];
    let foreign = environment.split('\0').filter(|entry| !entry.is_empty());
    let foreign: Vec<_> = foreign.filter(|entry| !own.iter().any(|name| entry.starts_with(name))).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}
