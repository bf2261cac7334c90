//! Fetching, looking and pushing: to repositories on disk, to a git server over HTTP, to servers that misbehave.

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use writ::domain::names::{BranchName, CommitId, IssueNumber};
use writ::domain::tree::FileWrite;
use writ::ports::git::{CommitDraft, Credential, Git as _, GitError, PushOutcome, Repository};

use crate::support::git_server::{Access, GitServer};
use crate::support::repository::{PROTECTED, TestRepository};

const FILE: &str = "argocd/applications/torghut/ws/deployment.yaml";
const SECRET: &str = "ghs_correctHorseBatteryStaple";

fn branch(name: &str) -> BranchName {
    name.parse().expect("a branch name")
}

fn topic() -> BranchName {
    branch("agentruns/torghut-actuation-20260822-1000-abcdefgh234567aa")
}

fn credential(secret: &str) -> Credential {
    Credential { user: "x-access-token".to_owned(), secret: secret.into() }
}

fn upstream() -> TestRepository {
    let repository = TestRepository::bare();
    repository.commit("main", &[(FILE, "replicas: 1\n"), ("README.md", "about\n")]);
    repository.commit("main", &[("README.md", "more\n")]);
    repository
}

fn mirror_of(remote: &TestRepository) -> Repository {
    Repository::mirror(&remote.beside("mirror"), &remote.path().to_string_lossy()).expect("a mirror")
}

/// A commit on `base`; the same text gives the same commit.
fn change(mirror: &Repository, base: &CommitId, text: &str) -> CommitId {
    let write = FileWrite { path: FILE.to_owned(), bytes: text.as_bytes().to_vec() };
    let at = Timestamp::from_second(1_770_000_000).expect("a time");
    let draft = CommitDraft { base: base.clone(), writes: vec![write], message: "change".into(), at };
    mirror.commit(&draft).expect("a commit")
}

#[test]
fn a_mirror_is_bare_and_follows_its_remote() {
    let remote = upstream();
    let mirror = mirror_of(&remote);
    assert!(
        matches!(mirror.resolve("main"), Err(GitError::UnknownRevision(_))),
        "nothing is fetched unasked"
    );
    let first = mirror.fetch(&branch("main"), None).expect("a fetch");
    assert_eq!(Some(&first), remote.tip("main").as_ref());
    assert_eq!(mirror.resolve("main~1").expect("history").as_str(), remote.git(&["rev-parse", "main~1"]));

    let second = remote.commit("main", &[(FILE, "replicas: 3\n")]);
    assert_eq!(mirror.fetch(&branch("main"), None).expect("a fetch"), second);
    assert_eq!(mirror.fetch(&branch("main"), None).expect("nothing new"), second);
    remote.git(&["update-ref", "refs/heads/main", first.as_str()]);
    assert_eq!(mirror.fetch(&branch("main"), None).expect("a remote that went back"), first);

    let again = mirror_of(&remote);
    assert_eq!(again.resolve("main").expect("kept"), first);
    assert!(!again.path().join(FILE).exists() && again.path().join("HEAD").is_file(), "no work tree");
    let names =
        remote.git(&["--git-dir", &again.path().to_string_lossy(), "for-each-ref", "--format=%(refname)"]);
    assert_eq!(names, "refs/heads/main", "one branch, no tags, nothing else");
}

#[test]
fn a_mirror_survives_that_its_process_was_killed() {
    let remote = upstream();
    let mirror = mirror_of(&remote);
    mirror.fetch(&branch("main"), None).expect("a fetch");
    let moved = remote.commit("main", &[(FILE, "replicas: 3\n")]);
    let locks = ["refs/heads/main.lock", "packed-refs.lock", "objects/maintenance.lock"]
        .map(|name| mirror.path().join(name));
    for lock in &locks {
        std::fs::write(lock, "").expect("a lock");
    }
    assert!(mirror.fetch(&branch("main"), None).is_err(), "a lock is heeded while the mirror is open");
    let again = mirror_of(&remote);
    assert_eq!(again.fetch(&branch("main"), None).expect("a fetch"), moved);
    // The third is free again too; whether it is taken at this moment is up to the tidying in the background.
    assert!(locks[..2].iter().all(|lock| !lock.exists()));
}

#[test]
fn a_branch_that_the_remote_does_not_have() {
    let remote = upstream();
    let mirror = mirror_of(&remote);
    assert!(matches!(mirror.fetch(&topic(), None), Err(GitError::UnknownRevision(_))));
    assert_eq!(mirror.remote_tip(&topic(), None).expect("an answer"), None);
    // `git ls-remote` takes names for patterns that match at the end.
    remote.git(&["update-ref", &format!("refs/decoy/refs/heads/{}", topic()), "main"]);
    assert_eq!(mirror.remote_tip(&topic(), None).expect("an answer"), None);
    assert_eq!(mirror.remote_tip(&branch("main"), None).expect("an answer"), remote.tip("main"));
}

#[test]
fn a_push_creates_and_never_moves() {
    let remote = upstream();
    let mirror = mirror_of(&remote);
    let base = mirror.fetch(&branch("main"), None).expect("a fetch");
    let commit = change(&mirror, &base, "replicas: 0\n");
    let push = |commit: &CommitId| mirror.push(&topic(), commit, None).expect("an outcome");

    assert_eq!(push(&commit), PushOutcome::Created);
    assert_eq!(remote.tip(topic().as_str()), Some(commit.clone()));
    assert_eq!(push(&commit), PushOutcome::AlreadyThere);

    let other = change(&mirror, &base, "replicas: 7\n");
    assert_eq!(push(&other), PushOutcome::Conflict { found: commit.clone() });
    let further = change(&mirror, &commit, "replicas: 8\n");
    assert_eq!(push(&further), PushOutcome::Conflict { found: commit.clone() }, "not even a fast-forward");
    assert_eq!(remote.tip(topic().as_str()), Some(commit));
    remote.git(&["fsck", "--strict", "--no-dangling"]);
}

#[test]
fn the_remotes_hooks_speak_and_the_mirrors_are_silent() {
    let remote = upstream();
    remote.hook("pre-receive", PROTECTED);
    let mirror = mirror_of(&remote);
    let base = mirror.fetch(&branch("main"), None).expect("a fetch");
    let trace = remote.beside("hook-ran");
    let hooks = mirror.path().join("hooks");
    std::fs::create_dir_all(&hooks).expect("a folder");
    for name in ["pre-push", "reference-transaction"] {
        let file = hooks.join(name);
        std::fs::write(&file, format!("#!/bin/sh\ntouch {}\n", trace.display())).expect("a hook");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&file, mode).expect("a hook that runs");
    }
    let commit = change(&mirror, &base, "replicas: 0\n");
    let error = mirror.push(&branch("release"), &commit, None).expect_err("a protected branch");
    let said = "the remote refused `release`: [remote rejected] (pre-receive hook declined) GH006: refs/heads/release is protected";
    assert_eq!(error.to_string(), said);
    assert!(matches!(error, GitError::Rejected { .. }));
    assert_eq!(remote.tip("release"), None);
    assert_eq!(mirror.push(&topic(), &commit, None).expect("an allowed branch"), PushOutcome::Created);
    remote.commit("main", &[("README.md", "moved\n")]);
    mirror.fetch(&branch("main"), None).expect("a fetch");
    assert!(!trace.exists(), "no hook of the mirror ran");
}

#[test]
fn addresses_that_would_leak_or_lead_astray_are_refused() {
    let remote = upstream();
    let path = remote.beside("mirror");
    for address in [
        "https://user:secret@example.com/a.git",
        "https://token@example.com/a.git",
        "ssh://git@example.com/a.git",
        "git@example.com:a.git",
        "ext::sh -c id",
        "ext::id",
        "relative/path",
        "--upload-pack=id",
        "http://",
        "https:///a.git",
        "file://host/a.git",
        "https://example.com/a\n.git",
        "",
    ] {
        let error = Repository::mirror(&path, address).err().expect("a refusal");
        assert!(matches!(error, GitError::BadRemote(_)), "{address}: {error:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert!(!path.exists(), "nothing was made");
    for address in ["https://github.com/proompteng/lab.git", "http://127.0.0.1:1/a.git", "file:///srv/a.git"]
    {
        Repository::mirror(&path, address).expect(address);
    }
    let opened = Repository::open(remote.path()).expect("a repository");
    assert!(
        matches!(opened.fetch(&branch("main"), None), Err(GitError::BadRemote(_))),
        "opened without a remote"
    );
}

#[test]
fn nobody_there_and_nothing_there_are_worth_repeating() {
    let remote = upstream();
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port();
    let closed =
        Repository::mirror(&remote.beside("a"), &format!("http://127.0.0.1:{free}/a.git")).expect("a mirror");
    assert!(matches!(closed.remote_tip(&topic(), None), Err(GitError::Unreachable(_))));
    assert!(matches!(closed.fetch(&topic(), None), Err(GitError::Unreachable(_))));
    let nothing = remote.beside("nothing").to_string_lossy().into_owned();
    let missing = Repository::mirror(&remote.beside("b"), &nothing).expect("a mirror");
    let error = missing.remote_tip(&topic(), None).expect_err("no repository");
    assert!(matches!(error, GitError::Unreachable(_)), "{error:?}");
}

/// The command lines of the processes that run in a folder.
fn processes_in(folder: &Path) -> Vec<String> {
    let Ok(all) = std::fs::read_dir("/proc") else { return Vec::new() };
    let folder = folder.canonicalize().expect("a folder");
    all.filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|process| std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == folder))
        .filter_map(|process| std::fs::read(process.join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .collect()
}

#[test]
fn a_server_that_never_answers_is_given_up_and_leaves_no_process() {
    let remote = upstream();
    // It accepts, by way of the kernel's backlog, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/a.git", silent.local_addr().expect("its number"));
    let mirror = Repository::mirror(&remote.beside("mirror"), &address).expect("a mirror");
    let mirror = mirror.with_limit(Duration::from_secs(4));
    let folder = mirror.path().to_owned();

    let began = Instant::now();
    let (error, seen) = std::thread::scope(|scope| {
        let call =
            scope.spawn(|| mirror.remote_tip(&topic(), Some(&credential(SECRET))).expect_err("no answer"));
        // Until git has connected: from then on all its processes are there.
        let _connection = silent.accept().expect("a connection");
        let seen = processes_in(&folder);
        (call.join().expect("a result"), seen)
    });
    assert!(matches!(error, GitError::Unreachable(_)), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(seen.iter().any(|line| line.contains("remote-http")), "{seen:?}");
    let basic = data_encoding::BASE64.encode(format!("x-access-token:{SECRET}").as_bytes());
    for line in &seen {
        assert!(!line.contains(SECRET) && !line.contains(&basic), "the secret is on a command line: {line}");
    }
    // The kernel takes its time with a signal, so this waits for it.
    let deadline = Instant::now() + Duration::from_secs(5);
    while !processes_in(&folder).is_empty() && Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert_eq!(processes_in(&folder), Vec::<String>::new(), "all of them are gone");
    assert!(!format!("{error:?}{:?}", credential(SECRET)).contains(SECRET));
}

struct Hosted {
    server: GitServer,
    /// The bare repository that the server serves.
    hosted: std::path::PathBuf,
    mirror: Repository,
    remote: TestRepository,
}

/// A locked server with a protected `proompteng/lab`, and a mirror that has fetched `main`.
fn hosted() -> Option<(Hosted, CommitId)> {
    let server = GitServer::start(Access::Locked)?;
    server.allow("x-access-token", SECRET);
    let remote = upstream();
    let hosted = server.host("proompteng/lab", remote.path());
    let mirror =
        Repository::mirror(&remote.beside("mirror"), &server.url("proompteng/lab")).expect("a mirror");
    let base = mirror.fetch(&branch("main"), Some(&credential(SECRET))).expect("a fetch");
    Some((Hosted { server, hosted, mirror, remote }, base))
}

impl Hosted {
    fn tip(&self, name: &str) -> Option<CommitId> {
        let reference = format!("refs/heads/{name}");
        let found = crate::support::repository::git(
            &self.hosted,
            &["for-each-ref", "--format=%(objectname)", &reference],
        );
        found.lines().next().map(|id| id.parse().expect("an id"))
    }

    fn push(&self, commit: &CommitId) -> Result<PushOutcome, GitError> {
        self.mirror.push(&topic(), commit, Some(&credential(SECRET)))
    }
}

#[test]
fn over_http_with_a_password() {
    let Some((lab, base)) = hosted() else { return };
    assert_eq!(Some(&base), lab.remote.tip("main").as_ref());
    let commit = change(&lab.mirror, &base, "replicas: 0\n");
    assert_eq!(lab.push(&commit).expect("an outcome"), PushOutcome::Created);
    assert_eq!(lab.tip(topic().as_str()), Some(commit.clone()));
    assert_eq!(lab.push(&commit).expect("an outcome"), PushOutcome::AlreadyThere);
    let other = change(&lab.mirror, &base, "replicas: 5\n");
    assert_eq!(lab.push(&other).expect("an outcome"), PushOutcome::Conflict { found: commit.clone() });
    let tip = lab.mirror.remote_tip(&topic(), Some(&credential(SECRET))).expect("an answer");
    assert_eq!(tip, Some(commit));
    let requests = lab.server.requests();
    assert!(
        requests.iter().all(|line| line.ends_with(" x-access-token")),
        "no request goes without: {requests:#?}"
    );
}

#[test]
fn over_http_with_a_wrong_password_or_none() {
    let Some((lab, base)) = hosted() else { return };
    let commit = change(&lab.mirror, &base, "replicas: 0\n");
    let wrong = credential("ghs_wrong");
    for credential in [Some(&wrong), None] {
        let errors = [
            lab.mirror.push(&topic(), &commit, credential).expect_err("refused"),
            lab.mirror.fetch(&branch("main"), credential).expect_err("refused"),
            lab.mirror.remote_tip(&branch("main"), credential).expect_err("refused"),
        ];
        for error in errors {
            assert!(matches!(error, GitError::Refused(_)), "{error:?}");
            assert!(!error.to_string().contains("ghs_wrong"), "{error}");
        }
    }
    let absent = lab.server.url("proompteng/absent");
    let absent = Repository::mirror(&lab.remote.beside("absent"), &absent).expect("a mirror");
    let error = absent.remote_tip(&branch("main"), Some(&credential(SECRET))).expect_err("no repository");
    assert!(matches!(error, GitError::Unreachable(_)), "{error:?}");
    assert_eq!(lab.tip(topic().as_str()), None);
}

#[test]
fn over_http_with_a_password_that_is_revoked() {
    let Some((lab, base)) = hosted() else { return };
    let commit = change(&lab.mirror, &base, "replicas: 0\n");
    lab.server.forget_users();
    assert!(matches!(lab.push(&commit), Err(GitError::Refused(_))));
    lab.server.allow("x-access-token", SECRET);
    assert_eq!(lab.push(&commit).expect("an outcome"), PushOutcome::Created);
}

#[test]
fn over_http_without_a_password() {
    let Some(server) = GitServer::start(Access::Open) else { return };
    let remote = upstream();
    server.host("proompteng/lab", remote.path());
    let mirror =
        Repository::mirror(&remote.beside("mirror"), &server.url("proompteng/lab")).expect("a mirror");
    let base = mirror.fetch(&branch("main"), None).expect("a fetch");
    let commit = change(&mirror, &base, "replicas: 0\n");
    assert_eq!(mirror.push(&topic(), &commit, None).expect("an outcome"), PushOutcome::Created);
}

#[test]
fn over_http_to_a_protected_branch() {
    let Some((lab, base)) = hosted() else { return };
    let hook = lab.hosted.join("hooks/pre-receive");
    std::fs::create_dir_all(lab.hosted.join("hooks")).expect("a folder");
    std::fs::write(&hook, format!("#!/bin/sh\n{PROTECTED}\n")).expect("a hook");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&hook, mode).expect("a hook that runs");
    let commit = change(&lab.mirror, &base, "replicas: 0\n");
    let error = lab.mirror.push(&branch("release"), &commit, Some(&credential(SECRET))).expect_err("refused");
    assert!(matches!(&error, GitError::Rejected { reason, .. } if reason.contains("GH006")), "{error:?}");
    assert_eq!(lab.push(&commit).expect("an outcome"), PushOutcome::Created);
}

#[test]
fn over_http_an_answer_that_is_lost_is_found_by_looking() {
    let Some((lab, base)) = hosted() else { return };
    let commit = change(&lab.mirror, &base, "replicas: 0\n");
    // Git's HTTP library repeats a request whose kept-alive connection broke: only the compare-and-swap makes that safe.
    lab.server.lose_push_answers();
    assert_eq!(lab.push(&commit).expect("found by looking"), PushOutcome::AlreadyThere);
    assert_eq!(lab.tip(topic().as_str()), Some(commit.clone()));
    let other = change(&lab.mirror, &base, "replicas: 4\n");
    assert_eq!(lab.push(&other).expect("found by looking"), PushOutcome::Conflict { found: commit.clone() });
    lab.server.answer_pushes_again();
    assert_eq!(lab.push(&commit).expect("an outcome"), PushOutcome::AlreadyThere);
}

#[test]
fn over_http_a_remote_that_moved_between_fetch_and_push() {
    let Some((lab, base)) = hosted() else { return };
    let commit = change(&lab.mirror, &base, "replicas: 0\n");
    let moved = lab.remote.commit("main", &[("README.md", "moved\n")]);
    lab.remote.git(&["push", "--quiet", &lab.hosted.to_string_lossy(), "main:main"]);
    assert_eq!(
        lab.push(&commit).expect("an outcome"),
        PushOutcome::Created,
        "a new branch from an older base"
    );
    assert_eq!(lab.mirror.fetch(&branch("main"), Some(&credential(SECRET))).expect("a fetch"), moved);
}

#[test]
fn a_redirect_is_not_followed_with_the_secret() {
    use std::io::{Read as _, Write as _};
    let remote = upstream();
    let thief = TcpListener::bind("127.0.0.1:0").expect("a port");
    let there = thief.local_addr().expect("its number");
    let redirecting = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/a.git", redirecting.local_addr().expect("its number"));
    let mirror = Repository::mirror(&remote.beside("mirror"), &address).expect("a mirror");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (mut client, _) = redirecting.accept().expect("a connection");
            let mut request = [0; 4096];
            let length = client.read(&mut request).expect("a request");
            assert!(String::from_utf8_lossy(&request[..length]).contains("Authorization: Basic "));
            let answer = format!(
                "HTTP/1.1 301 Moved\r\nLocation: http://{there}/a.git/info/refs\r\nContent-Length: 0\r\n\r\n"
            );
            client.write_all(answer.as_bytes()).expect("an answer");
        });
        let error = mirror.remote_tip(&topic(), Some(&credential(SECRET))).expect_err("a redirect");
        assert!(matches!(error, GitError::Refused(_)), "{error:?}");
    });
    thief.set_nonblocking(true).expect("a socket");
    assert!(thief.accept().is_err(), "nobody followed the redirect");
}

#[test]
fn the_head_of_a_pull_request_is_fetched_by_its_number() {
    let remote = upstream();
    let mirror = mirror_of(&remote);
    mirror.fetch(&branch("main"), None).expect("a fetch");
    let number = IssueNumber(7);
    assert!(matches!(mirror.fetch_pull(number, None), Err(GitError::UnknownRevision(_))));
    // A fork's commit: no branch here has it.
    remote.git(&["branch", "scratch", "main"]);
    let head = remote.commit("scratch", &[(FILE, "replicas: 0\n")]);
    remote.git(&["update-ref", "refs/pull/7/head", head.as_str()]);
    remote.git(&["branch", "-D", "scratch"]);
    assert_eq!(mirror.fetch_pull(number, None).expect("a fetch"), head);
    assert_eq!(mirror.snapshot(&head, "argocd").expect("its tree").files[FILE].text(), Some("replicas: 0\n"));
    // Pushed by force: wherever it stood before.
    let main = remote.tip("main").expect("main");
    remote.git(&["update-ref", "refs/pull/7/head", main.as_str()]);
    assert_eq!(mirror.fetch_pull(number, None).expect("a fetch"), main);
}

/// The environment of git is closed: a hook of the remote prints what it sees, in a process that holds secrets.
#[test]
fn a_hook_of_the_remote_sees_nothing_of_the_servers_environment() {
    const INSIDE: &str = "WRIT_TEST_INSIDE";
    let name = "contracts::git_remote::a_hook_of_the_remote_sees_nothing_of_the_servers_environment";
    if std::env::var_os(INSIDE).is_none() {
        let inner = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", name])
            .env(INSIDE, "1")
            .env("WRIT_WEBHOOK_SECRET", SECRET)
            .env("WRIT_FORGE_TOKEN", SECRET)
            .env("SOMETHING_ELSE", SECRET)
            .output()
            .expect("a child");
        let said = String::from_utf8_lossy(&inner.stdout).into_owned();
        assert!(inner.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let remote = upstream();
    let seen = remote.beside("seen");
    let hook = remote.path().join("hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().expect("a folder")).expect("a folder");
    std::fs::write(&hook, format!("#!/bin/sh\nenv > '{}'\n", seen.display())).expect("a hook");
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    let mirror = mirror_of(&remote).with_environment(writ::cli::wiring::git_environment());
    let base = mirror.fetch(&branch("main"), None).expect("a fetch");
    let commit = change(&mirror, &base, "replicas: 2\n");
    mirror.push(&topic(), &commit, None).expect("a push");
    let seen = std::fs::read_to_string(seen).expect("the hook ran");
    assert!(seen.contains("PATH="), "{seen}");
    let odd =
        |line: &&str| line.contains("WRIT_") || line.contains("SOMETHING_ELSE") || line.contains(SECRET);
    assert_eq!(seen.lines().filter(odd).collect::<Vec<_>>(), Vec::<&str>::new());
}
