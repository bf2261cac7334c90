//! Effective manifests, object by object against `kubectl kustomize`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use writ::domain::budget::{Budget, SIDE};
use writ::domain::kustomize::{self, Built, KustomizeError, Tree};

use crate::support::{self, corpus};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    files: BTreeMap<String, String>,
    #[serde(default)]
    fails: bool,
    #[serde(default)]
    unknown: Vec<String>,
}

#[test]
fn small_kustomizations_build_as_kubectl_builds_them() {
    let cases: Vec<Case> = serde_yaml::from_str(include_str!("kustomize/builds.yaml")).unwrap();
    assert!(cases.len() >= 30);
    let mut wrong = Vec::new();
    for case in &cases {
        let built = build(&case.files, "");
        match (&built, case.fails) {
            (Err(_), true) => {}
            (Ok(built), false) => {
                let unknown: Vec<_> = built.unknown.iter().map(|unknown| unknown.what.as_str()).collect();
                let is_said = |part: &String| unknown.iter().any(|what| what.contains(part.as_str()));
                if unknown.len() != case.unknown.len() || !case.unknown.iter().all(is_said) {
                    wrong.push(format!("{}: not understood: {unknown:?}", case.name));
                }
            }
            (other, fails) => wrong.push(format!("{}: fails: {fails}, but {other:?}", case.name)),
        }
        if support::program("kubectl").is_some() && case.unknown.is_empty() {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), &case.files);
            compare(&case.name, built, kubectl(folder.path()), &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    if support::program("kubectl").is_none() {
        support::left_out("kustomizations against kubectl", "kubectl is not there");
    }
}

#[test]
fn the_kustomizations_of_the_corpus_build_as_kubectl_builds_them() {
    const TEST: &str = "the corpus against kubectl";
    if support::program("kubectl").is_none() {
        return support::left_out(TEST, "kubectl is not there");
    }
    let mut wrong = Vec::new();
    let mut compared = 0;
    for revision in ["snapshot/2026-08-22", "golden/3c0a0c409a/after", "golden/f94e0d809b/before"] {
        let Some(snapshot) = corpus::snapshot(TEST, revision) else { return };
        let texts = |(path, entry): (&String, &writ::domain::tree::Entry)| {
            (
                path.strip_prefix(corpus::GITOPS_PATH).unwrap()[1..].to_owned(),
                entry.text().unwrap().to_owned(),
            )
        };
        let mut files: BTreeMap<String, String> = snapshot.files.iter().map(texts).collect();
        // Helm needs the network; without the folder that asks for it, the root builds too.
        if let Some(root) = files.get_mut("kustomization.yaml") {
            *root = root.replace("  - notebooks\n", "");
        }
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &files);
        let roots: Vec<_> = files
            .keys()
            .filter_map(|path| path.strip_suffix("kustomization.yaml"))
            .map(|root| root.trim_end_matches('/').to_owned())
            .filter(|root| root != "notebooks")
            .collect();
        for root in roots {
            let name = format!("{revision} {root}");
            compare(&name, build(&files, &root), kubectl(&folder.path().join(&root)), &mut wrong);
            compared += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared >= 12, "{compared}");
}

fn build(files: &BTreeMap<String, String>, folder: &str) -> Result<Built, KustomizeError> {
    let bytes = |path: &str| files.get(path).map(String::as_bytes);
    let objects = |path: &str| {
        files.get(path).map(|text| -> kustomize::ParsedObjects {
            let mut found = Vec::new();
            for document in serde_yaml::Deserializer::from_str(text) {
                let value = Value::deserialize(document).map_err(|error| error.to_string())?;
                flatten(value, &mut found);
            }
            Ok(found)
        })
    };
    kustomize::build(Tree { bytes: &bytes, objects: &objects, budget: &Budget::new(SIDE) }, folder)
        .map(Option::unwrap_or_default)
}

fn flatten(value: Value, found: &mut Vec<Arc<Value>>) {
    match value.get("items").and_then(Value::as_array) {
        Some(items) => found.extend(items.iter().cloned().map(Arc::new)),
        None if value.is_null() => {}
        None => found.push(Arc::new(value)),
    }
}

fn write(folder: &Path, files: &BTreeMap<String, String>) {
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn kubectl(folder: &Path) -> Result<String, String> {
    let output = Command::new("kubectl").arg("kustomize").arg(folder).output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn compare(
    name: &str,
    built: Result<Built, KustomizeError>,
    theirs: Result<String, String>,
    wrong: &mut Vec<String>,
) {
    let (built, theirs) = match (built, theirs) {
        (Ok(built), Ok(theirs)) => (built, theirs),
        (Err(_), Err(_)) => return,
        (ours, theirs) => {
            let ours = ours.map(|built| built.objects.len());
            return wrong.push(format!("{name}: ours {ours:?}, theirs {theirs:?}"));
        }
    };
    let mut theirs = theirs;
    for object in built.objects.iter().filter(|object| object.has_hash()) {
        // The hash of the content is not computed.
        let called = object.value["metadata"]["name"].as_str().unwrap();
        let pattern = regex::Regex::new(&format!("{called}-[a-z0-9]{{10}}")).unwrap();
        theirs = pattern.replace_all(&theirs, called).into_owned();
    }
    let mut ours: Vec<Value> = built.objects.iter().map(|object| (*object.value).clone()).collect();
    let mut expected: Vec<Value> = serde_yaml::Deserializer::from_str(&theirs)
        .map(|document| Value::deserialize(document).unwrap())
        .filter(|value| !value.is_null())
        .collect();
    for value in ours.iter_mut().chain(&mut expected) {
        plain_times(value);
        if value["kind"] == "Secret" {
            value.as_object_mut().unwrap().remove("data");
        }
    }
    let key = |value: &Value| {
        format!("{} {} {}", value["kind"], value["metadata"]["namespace"], value["metadata"]["name"])
    };
    ours.sort_by_key(key);
    expected.sort_by_key(key);
    for (ours, expected) in ours.iter().zip(&expected) {
        if ours != expected {
            wrong.push(format!("{name}: ours\n{ours:#}\ntheirs\n{expected:#}"));
        }
    }
    if ours.len() != expected.len() {
        wrong.push(format!("{name}: {} objects, kubectl has {}", ours.len(), expected.len()));
    }
}

/// kubectl writes an unquoted timestamp in its own way: `.190Z` becomes `.19Z`.
fn plain_times(value: &mut Value) {
    match value {
        Value::Object(entries) => entries.values_mut().for_each(plain_times),
        Value::Array(items) => items.iter_mut().for_each(plain_times),
        Value::String(text) => {
            if let Ok(time) = text.parse::<jiff::Timestamp>() {
                *text = time.to_string();
            }
        }
        _ => {}
    }
}
