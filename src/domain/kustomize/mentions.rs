//! The paths that a kustomization names, whatever the field: what has to be there so that it can be built.

use std::collections::BTreeSet;

use serde_json::Value;

use super::paths::{is_remote, join};

/// Longer texts are patches, scripts and values, and name no file.
const LONGEST: usize = 1024;

/// Where a chart without a repository lies beside its kustomization.
const CHARTS: &str = "charts";

/// Files that are read beside a kustomization without being named by it: charts, helmfiles, overrides of the source.
const BESIDE: [&str; 9] = [
    "kustomization.yaml",
    "kustomization.yml",
    "Kustomization",
    "Chart.yaml",
    "Chart.lock",
    "requirements.yaml",
    "values.yaml",
    "templates",
    CHARTS,
];

/// Whether a file or folder of a folder that a kustomization names is read although no text names it.
#[must_use]
pub fn is_beside(name: &str) -> bool {
    BESIDE.contains(&name)
        || ["helmfile", ".argocd-", ".lovely"].iter().any(|beginning| name.starts_with(beginning))
}

/// The paths, from the root of the repository, that the texts of a kustomization may name as seen from its folder. Many
/// of them name nothing; what leaves the repository or is fetched from elsewhere is left out.
#[must_use]
pub fn mentions(kustomization: &Value, folder: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    gather(kustomization, folder, &mut found);
    let charts = kustomization.get("helmCharts").and_then(Value::as_array).into_iter().flatten();
    let home = kustomization.pointer("/helmGlobals/chartHome").and_then(Value::as_str).unwrap_or(CHARTS);
    for name in charts.filter_map(|chart| chart.get("name")?.as_str()) {
        mention(&format!("{home}/{name}"), folder, &mut found);
    }
    found
}

fn gather(value: &Value, folder: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            mention(text, folder, found);
            // A generator's file with the key that it gets: `config.yaml=../config/prod.yaml`.
            if let Some((_, path)) = text.split_once('=') {
                mention(path, folder, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, folder, found)),
        Value::Object(entries) => entries.values().for_each(|entry| gather(entry, folder, found)),
        _ => {}
    }
}

fn mention(text: &str, folder: &str, found: &mut BTreeSet<String>) {
    if text.is_empty() || text.len() > LONGEST || text.contains('\n') || is_remote(text) {
        return;
    }
    found.extend(join(folder, text).filter(|path| !path.is_empty() && path != folder));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_text_that_may_be_a_path_is_named() {
        let kustomization = json!({
            "resources": ["../base", "own.yaml", "https://example.com/x.yaml", "../../../../out"],
            "patches": [{"path": "../patches/a.yaml"}, {"patch": "kind: A\nname: ../no"}],
            "configMapGenerator": [{"name": "c", "files": ["key=../config/b.yaml"]}],
            "helmCharts": [{"name": "shop"}],
            "helmGlobals": {"chartHome": "../charts"},
        });
        let found = mentions(&kustomization, "apps/shop/prod");
        for path in [
            "apps/shop/base",
            "apps/shop/prod/own.yaml",
            "apps/shop/patches/a.yaml",
            "apps/shop/config/b.yaml",
            "apps/shop/charts/shop",
        ] {
            assert!(found.contains(path), "{path}: {found:?}");
        }
        assert!(!found.iter().any(|path| path.contains("out") || path.contains("no") || path.contains(':')));
        assert!(mentions(&json!({"resources": ["../../x", "."]}), "a").is_empty());
    }
}
