//! Keeps the house: which module may import which, and what every file owes its reader.
//!
//! Each rule is a function from one file to what is wrong with it; `the_rules_can_fail` shows each of them a
//! file that breaks it. A new exception goes into one of the tables below, with its reason.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test where it is")]
#![expect(unreachable_pub, reason = "nothing is above a test binary")]

#[path = "house/circles.rs"]
mod circles;
#[path = "house/source.rs"]
mod source;

use std::path::Path;
use std::sync::LazyLock;

use circles::Graph;
use source::Source;

/// The floors, lowest first. A module may name its own floor and those below.
const FLOORS: [&str; 5] = ["domain", "ports", "service", "http", "cli"];

/// A port that may name another port, and why.
const PORT_USES_PORT: [(&str, &str, &str); 1] =
    [("render", "library", "templates are compiled from the library's texts")];

/// Files outside of `cli` that may read the environment, and why.
const READS_ENVIRONMENT: [(&str, &str); 0] = [];

/// Files that may be longer than [`LONGEST`], and why.
const LONG: [(&str, &str); 0] = [];

/// Lines of code before tests; see `lines_of_code`.
const LONGEST: usize = 500;

/// What a file's or type's name must not be: it says nothing about what is inside.
const EMPTY_NAMES: [&str; 8] =
    ["util", "utils", "common", "helper", "helpers", "manager", "managers", "misc"];

/// What floor 0 must not touch, as tokens.
const IMPURE: [(&[&str], &str); 8] = [
    (&["async", "fn"], "awaits"),
    (&["std", "::", "fs"], "reads files"),
    (&["std", "::", "net"], "uses the network"),
    (&["std", "::", "process"], "runs programs"),
    (&["SystemTime"], "reads a clock"),
    (&["Timestamp", "::", "now"], "reads a clock"),
    (&["Instant", "::", "now"], "reads a clock"),
    (&["rand", "::"], "draws random numbers"),
];

#[test]
fn imports_point_down() {
    every_file(imports_up);
}

#[test]
fn no_port_knows_another_port() {
    every_file(imports_sideways);
}

#[test]
fn only_the_terminal_reads_the_environment() {
    every_file(reads_environment);
}

#[test]
fn the_domain_is_pure() {
    every_file(is_impure);
}

#[test]
fn every_file_says_what_it_is() {
    every_file(lacks_head);
}

#[test]
fn files_stay_short() {
    every_file(is_long);
}

/// A module with files of its own is the `mod.rs` in their folder.
#[test]
fn modules_are_in_their_folders() {
    let wrong = beside_their_folders(sources());
    assert!(wrong.is_empty(), "to be `mod.rs` in their folders: {}", wrong.join(", "));
}

#[test]
fn names_say_something() {
    every_file(has_empty_name);
}

#[test]
fn no_files_form_a_circle() {
    let wrong = rings(sources());
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn nothing_is_unsafe() {
    for root in ["src/lib.rs", "src/main.rs"] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(root)).unwrap();
        assert!(text.contains("#![forbid(unsafe_code)]"), "{root} does not forbid unsafe code");
    }
}

#[test]
fn no_test_is_ignored() {
    for source in files("tests") {
        assert!(!source.says(&["#", "[", "ignore"]), "{}: a test is ignored; say `left_out`", source.path);
    }
}

/// An exception that nothing needs any more is a hole in the house.
#[test]
fn exceptions_are_needed() {
    let sources = sources();
    let find = |path: &str| sources.iter().find(|source| source.path == path);
    for (path, _) in READS_ENVIRONMENT {
        assert!(find(path).is_some_and(names_environment), "{path} does not read the environment");
    }
    for (path, _) in LONG {
        assert!(find(path).is_some_and(|source| source.lines_of_code() > LONGEST), "{path} is short");
    }
}

fn imports_up(source: &Source) -> Vec<String> {
    let Some(own) = source.module().first().and_then(|name| floor(name)) else { return Vec::new() };
    let above = |path: &Vec<String>| path[0] == "crate" && floor(&path[1]).is_some_and(|floor| floor > own);
    paths(source).filter(above).map(|path| format!("`{}` names `{}`", FLOORS[own], path.join("::"))).collect()
}

fn imports_sideways(source: &Source) -> Vec<String> {
    let module = source.module();
    let [ports, own, ..] = module.as_slice() else { return Vec::new() };
    if ports != "ports" {
        return Vec::new();
    }
    let other = |path: &Vec<String>| {
        path[..2] == ["crate", "ports"]
            && path.get(2).is_some_and(|port| {
                port != own && !PORT_USES_PORT.iter().any(|(from, to, _)| from == own && to == port)
            })
    };
    paths(source).filter(other).map(|path| format!("port `{own}` names `{}`", path.join("::"))).collect()
}

fn reads_environment(source: &Source) -> Vec<String> {
    let excused = READS_ENVIRONMENT.iter().any(|(path, _)| *path == source.path);
    let cli = source.module().first().is_some_and(|floor| floor == "cli");
    if cli || excused || !names_environment(source) {
        return Vec::new();
    }
    vec!["reads the environment; take the value as an argument from `cli`".to_owned()]
}

fn names_environment(source: &Source) -> bool {
    paths(source).any(|path| path[..2] == ["std", "env"])
}

fn is_impure(source: &Source) -> Vec<String> {
    if source.module().first().is_none_or(|floor| floor != "domain") {
        return Vec::new();
    }
    let broken = IMPURE.iter().filter(|(tokens, _)| source.says(tokens));
    broken.map(|(tokens, what)| format!("{what}: `{}`", tokens.concat())).collect()
}

fn lacks_head(source: &Source) -> Vec<String> {
    if source.has_head() { Vec::new() } else { vec!["does not begin with a `//!` sentence".to_owned()] }
}

fn is_long(source: &Source) -> Vec<String> {
    let lines = source.lines_of_code();
    if lines <= LONGEST || LONG.iter().any(|(path, _)| *path == source.path) {
        return Vec::new();
    }
    vec![format!("has {lines} lines of code, more than {LONGEST}: is it one subject?")]
}

fn has_empty_name(source: &Source) -> Vec<String> {
    let modules = source.module();
    let inline = source.declared(&["mod"]);
    let types = source.declared(&["struct", "enum", "trait", "type"]);
    let empty = |name: &str| EMPTY_NAMES.contains(&name.to_lowercase().as_str());
    let named = modules.iter().map(String::as_str).chain(inline).filter(|name| empty(name));
    let ending = types.into_iter().filter(|name| {
        let last = name.rfind(char::is_uppercase).map_or(*name, |at| &name[at..]);
        empty(last)
    });
    named.chain(ending).map(|name| format!("`{name}` does not say what is inside")).collect()
}

fn beside_their_folders(sources: &[Source]) -> Vec<&str> {
    let has_folder = |source: &&Source| {
        source.path.strip_suffix(".rs").is_some_and(|module| {
            sources
                .iter()
                .any(|other| other.path.strip_prefix(module).is_some_and(|rest| rest.starts_with('/')))
        })
    };
    sources.iter().filter(has_folder).map(|source| source.path.as_str()).collect()
}

/// The circles: the files, and the shortest way around with the names that tie it.
fn rings(sources: &[Source]) -> Vec<String> {
    let graph = Graph::of(sources);
    let shown = |circle: &Vec<&str>| {
        format!("a circle of {} files:\n  {}", circle.len(), graph.ring(circle).join("\n  "))
    };
    graph.circles().iter().map(shown).collect()
}

fn paths(source: &Source) -> impl Iterator<Item = Vec<String>> {
    source.paths().into_iter().filter(|path| path.len() >= 2)
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| *floor == module)
}

fn every_file(rule: fn(&Source) -> Vec<String>) {
    let sources = sources();
    assert!(sources.len() > 10, "found only {} files below src", sources.len());
    let wrong: Vec<String> = sources
        .iter()
        .flat_map(|source| rule(source).into_iter().map(move |what| format!("{}: {what}", source.path)))
        .collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// All Rust files below `src`, read once.
fn sources() -> &'static [Source] {
    static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| files("src"));
    &SOURCES
}

/// All Rust files below a folder of the repository.
fn files(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            if path.is_dir() && !name.starts_with("tests/peers") {
                folders.push(path);
            } else if name.ends_with(".rs") {
                found.push(Source::new(&name, &std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn the_rules_can_fail() {
    let broken =
        |rule: fn(&Source) -> Vec<String>, path: &str, text: &str| rule(&Source::new(path, text)).len();

    let domain = "src/domain/plan.rs";
    assert_eq!(broken(imports_up, domain, "use crate::ports::git::Git;"), 1);
    assert_eq!(broken(imports_up, domain, "use crate::{domain::run, service, ports::{git, store}};"), 3);
    assert_eq!(broken(imports_up, domain, "fn f() { crate::cli::run(); }"), 1);
    assert_eq!(broken(imports_up, domain, "fn f() -> crate::cli::A { crate::http::g() }"), 2);
    assert_eq!(broken(imports_up, domain, "use super::super::ports::git;"), 1);
    assert_eq!(broken(imports_up, domain, "mod tests { use super::super::run; }"), 0);
    assert_eq!(
        broken(imports_up, domain, "// use crate::ports::git;\nconst A: &str = \"crate::cli::b\";"),
        0
    );
    assert_eq!(
        broken(imports_up, "src/http/mod.rs", "use crate::domain::run; use crate::service::worker;"),
        0
    );

    let port = "src/ports/git/transport.rs";
    assert_eq!(broken(imports_sideways, port, "use crate::ports::forge::Forge;"), 1);
    assert_eq!(broken(imports_sideways, port, "use super::super::store::{self, Run};"), 2);
    assert_eq!(broken(imports_sideways, port, "use super::Git; use crate::ports::git::GitError;"), 0);
    assert_eq!(broken(imports_sideways, "src/ports/render.rs", "use super::library::Library;"), 0);
    assert_eq!(broken(imports_sideways, "src/ports/clock.rs", "use super::library::Library;"), 1);

    assert_eq!(broken(reads_environment, "src/http/mod.rs", "fn f() { std::env::var(\"A\"); }"), 1);
    assert_eq!(broken(reads_environment, "src/http/mod.rs", "use std::{env, fs};"), 1);
    assert_eq!(broken(reads_environment, "src/http/mod.rs", "const A: &str = env!(\"CARGO_PKG_NAME\");"), 0);
    assert_eq!(broken(reads_environment, "src/cli/mod.rs", "fn f() { std::env::var(\"A\"); }"), 0);

    assert_eq!(broken(is_impure, domain, "fn f() -> Timestamp { Timestamp::now() }"), 1);
    assert_eq!(broken(is_impure, "src/ports/clock.rs", "fn f() -> Timestamp { Timestamp::now() }"), 0);
    assert_eq!(broken(lacks_head, domain, "use std::fmt;"), 1);
    assert_eq!(broken(lacks_head, domain, "//! A plan: what planning found.\n"), 0);
    assert_eq!(broken(is_long, domain, &"let a = 1;\n".repeat(LONGEST + 1)), 1);
    assert_eq!(broken(is_long, domain, &"// a\n\n".repeat(LONGEST + 1)), 0);
    assert_eq!(broken(has_empty_name, "src/domain/utils.rs", ""), 1);
    assert_eq!(broken(has_empty_name, domain, "mod helpers { } struct RunManager; struct Plan;"), 2);
}

#[test]
fn the_rules_over_all_files_can_fail() {
    let sources = |files: &[(&str, &str)]| -> Vec<Source> {
        files.iter().map(|(path, text)| Source::new(path, text)).collect()
    };
    let broken = |files: &[(&str, &str)]| rings(&sources(files));

    let (parent, plan, tree) = ("src/domain/x/mod.rs", "src/domain/x/plan.rs", "src/domain/x/tree.rs");
    let ring = broken(&[
        (plan, "use super::tree::{Entry, Tree as Wood}; struct Plan;"),
        (tree, "struct Tree; fn f() -> crate::domain::x::plan::Plan {}"),
    ]);
    assert_eq!(ring.len(), 1);
    assert!(ring[0].contains(&format!("{plan} uses `Entry`, `Tree` of {tree}")), "{ring:?}");
    assert!(ring[0].contains(&format!("{tree} uses `Plan` of {plan}")), "{ring:?}");

    // Three files, through a module's name and through one that a parent passes on.
    let parts = (parent, "mod plan; mod tree; mod risk; pub use risk::Risk; pub(super) use tree::*;");
    let risk = ("src/domain/x/risk.rs", "use super::plan; fn f() { plan::Plan::new(); }");
    assert_eq!(broken(&[parts, risk, (plan, "use super::tree::Tree;"), (tree, "use super::Risk;")]).len(), 1);
    // Two circles are two.
    let mutual = [("src/http/a.rs", "use super::b::B;"), ("src/http/b.rs", "use super::a::A;")];
    let two = [mutual[0], mutual[1], (plan, "use super::tree::Tree;"), (tree, "use super::plan::Plan;")];
    assert_eq!(broken(&two).len(), 2);

    // A parent that only passes names on is in no circle with its children, nor are they with one another.
    assert_eq!(
        broken(&[
            (parent, "mod plan; mod tree; pub use plan::Plan; pub use tree::{Entry, Tree};"),
            (plan, "use super::Tree;"),
            (tree, "struct Tree; struct Entry;"),
        ]),
        Vec::<String>::new()
    );
    // One that has code of its own and uses them is.
    let uses = "mod plan; pub use plan::Plan; pub struct Error; fn f(plan: Plan) {}";
    assert_eq!(broken(&[(parent, uses), (plan, "use super::Error;")]).len(), 1);
    let calls = "mod plan; pub struct Error; fn f() { plan::g() }";
    assert_eq!(broken(&[(parent, calls), (plan, "use super::Error;")]).len(), 1);
    // A port's trait and its adapters are one thing.
    let port = "mod local; pub trait Forge {} fn f() { local::g() }";
    assert_eq!(
        broken(&[("src/ports/forge/mod.rs", port), ("src/ports/forge/local.rs", "use super::Forge;")]).len(),
        0
    );
    // What tests use, and what comments name, ties nothing.
    let tests = "// use super::plan::Plan;\n#[cfg(test)] mod tests { use super::super::plan::Plan; }";
    assert_eq!(broken(&[(plan, "use super::tree::Tree;"), (tree, tests)]).len(), 0);

    assert_eq!(beside_their_folders(&sources(&[("src/cli/a.rs", ""), ("src/cli/a/b.rs", "")])).len(), 1);
    assert_eq!(beside_their_folders(&sources(&[("src/cli/a/mod.rs", ""), ("src/cli/ab/b.rs", "")])).len(), 0);
}
