//! The YAML engine alone: parse, and patch with proof, on real manifests; time and memory.
//!
//! The manifests are those of the corpus of 2026-08-22 in `WRIT_SHARED`, or `../shared` if it is not set; without them
//! only the generated one is measured.

use std::path::{Path, PathBuf};

use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher};
use writ::domain::change;
use writ::domain::manifest::Manifest;
use writ::domain::yaml;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// A manifest in which one value is replaced.
#[derive(Debug, Clone, Copy)]
enum Text {
    /// 20 KB, 181 environment variables.
    Knative,
    /// 20 KB, 183 of them.
    Scheduler,
    /// 1 MiB, the largest text that is edited.
    Large,
}

impl Text {
    fn read(self) -> Option<(String, json_patch::Patch)> {
        let (text, pointer) = match self {
            Self::Knative => (manifest("knative-service.yaml")?, env_pointer()),
            Self::Scheduler => (manifest("scheduler-deployment.yaml")?, env_pointer()),
            Self::Large => (large(), "/spec/env/4000/value".to_owned()),
        };
        let patch = serde_json::json!([{"op": "replace", "path": pointer, "value": "changed"}]);
        Some((text, serde_json::from_value(patch).expect("a patch")))
    }
}

fn env_pointer() -> String {
    "/spec/template/spec/containers/0/env/40/value".to_owned()
}

fn manifest(name: &str) -> Option<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("WRIT_SHARED").map_or_else(|| here.join("../shared"), PathBuf::from);
    std::fs::read_to_string(shared.join("corpus/2026-08-22/argocd/applications/torghut").join(name)).ok()
}

fn large() -> String {
    let mut text = String::from("kind: Deployment\nspec:\n  env:\n");
    let mut number = 0;
    while text.len() < (1 << 20) - 300 {
        text.push_str(&format!(
            "    - name: SETTING_{number}  # a comment\n      value: \"value {number} {}\"\n",
            "x".repeat(120)
        ));
        number += 1;
    }
    text
}

const TEXTS: [Text; 3] = [Text::Knative, Text::Scheduler, Text::Large];

#[divan::bench(args = TEXTS)]
fn parse(bencher: Bencher<'_, '_>, text: &Text) {
    let Some((text, _)) = text.read() else { return };
    bencher.counter(BytesCount::of_str(&text)).bench(|| yaml::parse(&text).expect("YAML"));
}

/// One value replaced, and proven. Aim: at most 1 ms for 17 to 20 KB; memory at most 100 times the text.
#[divan::bench(args = TEXTS)]
fn patch(bencher: Bencher<'_, '_>, text: &Text) {
    let Some((text, patch)) = text.read() else { return };
    bencher.counter(BytesCount::of_str(&text)).bench(|| yaml::patch(&text, 0, &patch).expect("an edit"));
}

/// The part of `patch` that cannot be avoided: the two parsers, whose events are dropped.
#[divan::bench(args = TEXTS)]
fn parsers_alone(bencher: Bencher<'_, '_>, text: &Text) {
    let Some((text, _)) = text.read() else { return };
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let mut spans = 0;
        for event in granit_parser::Parser::new_from_str(&text) {
            event.expect("an event");
            spans += 1;
        }
        let mut events = yaml_rust2::parser::Parser::new_from_str(&text);
        let mut count = 0;
        while events.next_token().expect("an event").0 != yaml_rust2::Event::StreamEnd {
            count += 1;
        }
        (spans, count)
    });
}

/// The difference of two texts, as operations.
#[divan::bench]
fn difference(bencher: Bencher<'_, '_>) {
    let Some((text, patch)) = Text::Knative.read() else { return };
    let after = yaml::patch(&text, 0, &patch).expect("an edit").text;
    let [before, after] = [text, after].map(|text| Manifest::parse(&text).expect("a manifest"));
    bencher.bench(|| change::patch(&before, &after));
}
