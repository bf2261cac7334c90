//! Planning `pause-trading` on a tree of real size, inside one process: cold (library compiled, repository opened,
//! nothing parsed yet) and warm (the same planner and repository again, as in the server).
//!
//! The tree is the corpus of 2026-08-22 where it is (`WRIT_SHARED`, else `../shared`), else the demo's small one.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod site;

use std::sync::LazyLock;

use divan::Bencher;
use site::Site;
use writ::domain::manifest::Manifests;
use writ::domain::names::AccountId;
use writ::domain::procedure::{Catalogue, PlanInput, draft};
use writ::domain::request::{Actor, Origin, Request};
use writ::ports::git::{Git as _, Repository, blob_id};
use writ::ports::library::Library;
use writ::service::planning::{Planned, Planner};

fn main() {
    println!("tree: {}", STAGE.site.tree.display());
    divan::main();
}

struct Stage {
    site: Site,
    request: Request,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let request = Request {
        procedure: "pause-trading".to_owned(),
        arguments: Default::default(),
        reason: "a bench".to_owned(),
        confirmation: None,
        actor: Actor { id: AccountId(0), login: "terminal".to_owned() },
        origin: Origin::Terminal,
        requested_at: "2026-08-22T10:30:00Z".parse().expect("a time"),
    };
    Stage { site: Site::new(), request }
});

fn planner() -> Planner {
    Planner::compile(&Library::embedded(), None).expect("the embedded library is valid")
}

fn plan(planner: &Planner, repository: &Repository) -> Planned {
    planner.plan(repository, &STAGE.site.base, &STAGE.request).expect("a plan")
}

/// Aim: at most 25 ms.
#[divan::bench]
fn cold(bencher: Bencher<'_, '_>) {
    bencher.bench(|| plan(&planner(), &STAGE.site.repository()));
}

/// Aim: at most 5 ms.
#[divan::bench]
fn warm(bencher: Bencher<'_, '_>) {
    let (planner, repository) = (planner(), STAGE.site.repository());
    plan(&planner, &repository);
    bencher.bench(|| plan(&planner, &repository));
}

/// What of `warm` is the plan alone: variant, edit and its proof, changes, effects, words.
#[divan::bench]
fn draft_alone(bencher: Bencher<'_, '_>) {
    let catalogue = Catalogue::load(&Library::embedded().patches).expect("valid procedures");
    let procedure = catalogue.find("pause-trading").expect("a procedure");
    let repository = STAGE.site.repository();
    let base = repository.snapshot(&STAGE.site.base, site::GITOPS_PATH).expect("a snapshot");
    let manifests = Manifests::default();
    let planner = planner();
    let target = planner.judge().target();
    let input = PlanInput { target, base: &base, manifests: &manifests, blob_id };
    bencher.bench(|| draft(procedure, &STAGE.request, input).expect("a plan"));
}

/// What of `warm` is reading the base's tree.
#[divan::bench]
fn snapshot_alone(bencher: Bencher<'_, '_>) {
    let repository = STAGE.site.repository();
    bencher.bench(|| repository.snapshot(&STAGE.site.base, site::GITOPS_PATH).expect("a snapshot"));
}

/// What of `cold` is compiling procedures and policies.
#[divan::bench]
fn compile() -> Planner {
    planner()
}
