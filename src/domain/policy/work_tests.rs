//! How much work rules take, counted in the interpreter's own units: the time limit of an evaluation is checked every so
//! many of them, so with no time at all, an evaluation ends well exactly if it takes fewer.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use include_dir::{Dir, include_dir};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use serde_json::json;

use super::engine::Policies;
use super::metadata::Policy;

/// Whether what a policy finds is worked out in fewer units than these.
fn takes_less(engine: &Engine, policy: &Policy, input: &Value, units: u32) -> bool {
    let mut engine = engine.clone();
    let check_interval = NonZeroU32::new(units).unwrap();
    engine.set_execution_timer_config(ExecutionTimerConfig { limit: Duration::ZERO, check_interval });
    engine.set_input(input.clone());
    let sets: Vec<String> = policy.sets.iter().map(|set| format!("data.{}.{set}", policy.package)).collect();
    engine.eval_query(format!("[{}]", sets.join(", ")), false).is_ok()
}

/// How many units it takes, to a hundredth.
fn units(engine: &Engine, policy: &Policy, input: &Value) -> u32 {
    let mut enough = 1024;
    while !takes_less(engine, policy, input, enough) {
        enough *= 2;
    }
    let mut step = enough / 4;
    while step > enough / 128 {
        if takes_less(engine, policy, input, enough - step) {
            enough -= step;
        }
        step /= 2;
    }
    enough
}

/// Facts about so many new objects, each of which has a bit of everything that rules ask for.
fn new_objects(count: usize, object: impl Fn(usize) -> serde_json::Value) -> Value {
    let subject = |number: usize| {
        let value = object(number);
        let side = json!([{
            "path": "more.yaml", "index": number, "value": value, "origin": "effective", "altered": false,
            "uncertain": false,
            "images": [{"pointer": "/spec/template/spec/containers[name=app]/image", "image": format!("r/torghut@sha256:{number}")}],
            "settings": {
                "TA_GROUP_ID": [{"pointer": "/data/TA_GROUP_ID", "value": format!("group-{number}")}],
                "TRADING_MODE": [{"pointer": "/data/TRADING_MODE", "value": "paper"}],
                "SYMBOLS": [{"pointer": "/data/SYMBOLS", "value": "A,B"}],
            },
            "embedded": {"config.yaml": {"value": {
                "strategies": [{"name": format!("s-{number}"), "enabled": false}], "gate_a": 1, "pipeline": {"default_mode": "paper"},
            }}},
        }]);
        json!({
            "group": "", "kind": value["kind"], "namespace": "torghut", "name": value["metadata"]["name"], "applied": true,
            "touched": true, "differing": ["SYMBOLS", "TA_GROUP_ID", "TRADING_MODE"], "base": [], "head": side,
        })
    };
    let change = |number: usize| {
        let document = json!({"kind": object(number)["kind"], "name": object(number)["metadata"]["name"]});
        json!({"path": "more.yaml", "document": document, "pointer": "", "before": null, "after": object(number)})
    };
    let all = 0..count;
    Value::from(json!({
        "schema": "writ.facts/v1", "gitops_path": "apps/shop", "request": null,
        "changes": all.clone().map(change).collect::<Vec<_>>(),
        "files": [{
            "path": "apps/shop/more.yaml", "status": "added", "base_kind": null, "head_kind": "regular", "is_lfs": false,
            "base_problem": null, "head_problem": null,
        }],
        "objects": all.map(subject).collect::<Vec<_>>(),
        "builds": [], "unknown": [], "history": null,
    }))
}

fn config_map(number: usize) -> serde_json::Value {
    let data = json!({
        "run.sh": format!("echo {number}"), "TA_GROUP_ID": format!("group-{number}"), "TRADING_MODE": "paper", "SYMBOLS": "A,B",
        "config.yaml": "strategies: []",
    });
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("more-{number}")}, "data": data})
}

fn deployment(number: usize) -> serde_json::Value {
    let container = json!({
        "name": "app", "image": format!("r/torghut@sha256:{number}"), "command": ["run"],
        "envFrom": [{"configMapRef": {"name": format!("map-{number}")}}],
    });
    let volume = json!({"name": "config", "configMap": {"name": format!("map-{number}")}});
    let pod = json!({"spec": {"containers": [container], "volumes": [volume]}});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": format!("more-{number}")},
        "spec": {"replicas": 1, "template": pod},
    })
}

/// The library's own files.
fn rules() -> BTreeMap<String, String> {
    static POLICIES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/policies");
    let folders = [Some(&POLICIES), POLICIES.get_dir("lib")];
    let files = folders.into_iter().flatten().flat_map(Dir::files);
    files
        .map(|file| (file.path().to_str().unwrap().to_owned(), file.contents_utf8().unwrap().to_owned()))
        .collect()
}

/// Twice as many new objects take twice as much work of every policy, and no more.
#[test]
fn work_grows_as_the_change_does() {
    const COUNT: usize = 60;
    let policies = Policies::compile(&rules()).unwrap();
    let all = || {
        policies.groups.iter().flat_map(|group| group.policies.iter().map(|policy| (&group.engine, policy)))
    };
    let mut wrong = Vec::new();
    for (what, object) in
        [("ConfigMaps", config_map as fn(usize) -> serde_json::Value), ("Deployments", deployment)]
    {
        let (some, twice) = (new_objects(COUNT, object), new_objects(2 * COUNT, object));
        for (engine, policy) in all() {
            let once = units(engine, policy, &some);
            if !takes_less(engine, policy, &twice, once * 9 / 4) {
                let ratio = f64::from(units(engine, policy, &twice)) / f64::from(once);
                wrong.push(format!(
                    "{} for {what}: {once} units, {ratio:.1} times as many for twice as many",
                    policy.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
