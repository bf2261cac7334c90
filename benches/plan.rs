//! Planning `pause-trading` on a tree of real size, inside one process: cold (library compiled, repository opened,
//! nothing parsed yet) and warm (the same planner and repository again, as in the server).
//!
//! The tree is the corpus of 2026-08-22 where it is (`WRIT_SHARED`, else `../shared`), else the demo's small one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use divan::Bencher;
use tempfile::TempDir;
use writ::domain::manifest::Manifests;
use writ::domain::names::{AccountId, CommitId};
use writ::domain::procedure::{Catalogue, Ground, draft};
use writ::domain::request::{Actor, Origin, Request};
use writ::ports::git::{Git as _, Repository, blob_id};
use writ::ports::library::Library;
use writ::service::planning::{GITOPS_PATH, Planned, Planner};

fn main() {
    println!("tree: {}", STAGE.tree.display());
    divan::main();
}

struct Stage {
    tree: PathBuf,
    folder: TempDir,
    base: CommitId,
    request: Request,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let tree = tree();
    let folder = TempDir::new().expect("a temporary folder");
    git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
    git(folder.path(), &["--work-tree", tree.to_str().expect("UTF-8"), "add", "--all"]);
    let author = ["-c", "user.name=bench", "-c", "user.email=bench@bench"];
    git(folder.path(), &[&author[..], &["commit", "--quiet", "--message", "tree"]].concat());
    let base = Repository::open(folder.path()).expect("a repository").resolve("HEAD").expect("a commit");
    let request = Request {
        procedure: "pause-trading".to_owned(),
        arguments: Default::default(),
        reason: "a bench".to_owned(),
        confirmation: None,
        actor: Actor { id: AccountId(0), login: "terminal".to_owned() },
        origin: Origin::Terminal,
        requested_at: "2026-08-22T10:30:00Z".parse().expect("a time"),
    };
    Stage { tree, folder, base, request }
});

fn tree() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("WRIT_SHARED").map_or_else(|| here.join("../shared"), PathBuf::from);
    let corpus = shared.join("corpus/2026-08-22");
    if corpus.is_dir() { corpus } else { here.join("src/cli/demo/fixtures") }
}

fn git(folder: &Path, arguments: &[&str]) {
    let status = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::null())
        .status()
        .expect("git runs");
    assert!(status.success(), "git {arguments:?}");
}

fn planner() -> Planner {
    Planner::compile(&Library::embedded(), GITOPS_PATH).expect("the embedded library is valid")
}

fn plan(planner: &Planner, repository: &Repository) -> Planned {
    planner.plan(repository, &STAGE.base, &STAGE.request).expect("a plan")
}

/// Aim: at most 25 ms.
#[divan::bench]
fn cold(bencher: Bencher<'_, '_>) {
    bencher.bench(|| plan(&planner(), &Repository::open(STAGE.folder.path()).expect("a repository")));
}

/// Aim: at most 5 ms.
#[divan::bench]
fn warm(bencher: Bencher<'_, '_>) {
    let (planner, repository) = (planner(), Repository::open(STAGE.folder.path()).expect("a repository"));
    plan(&planner, &repository);
    bencher.bench(|| plan(&planner, &repository));
}

/// What of `warm` is the plan alone: variant, edit and its proof, changes, effects, words.
#[divan::bench]
fn draft_alone(bencher: Bencher<'_, '_>) {
    let catalogue = Catalogue::load(&Library::embedded().patches).expect("valid procedures");
    let procedure = catalogue.find("pause-trading").expect("a procedure");
    let repository = Repository::open(STAGE.folder.path()).expect("a repository");
    let base = repository.snapshot(&STAGE.base, GITOPS_PATH).expect("a snapshot");
    let manifests = Manifests::default();
    let ground = Ground { gitops_path: GITOPS_PATH, base: &base, manifests: &manifests, blob_id };
    bencher.bench(|| draft(procedure, &STAGE.request, ground).expect("a plan"));
}

/// What of `warm` is reading the base's tree.
#[divan::bench]
fn snapshot_alone(bencher: Bencher<'_, '_>) {
    let repository = Repository::open(STAGE.folder.path()).expect("a repository");
    bencher.bench(|| repository.snapshot(&STAGE.base, GITOPS_PATH).expect("a snapshot"));
}

/// What of `cold` is compiling procedures and policies.
#[divan::bench]
fn compile() -> Planner {
    planner()
}
