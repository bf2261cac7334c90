//! Reason codes: each has one meaning, and all can be explained.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use writ::domain::reason::{Code, definition, definitions, renamed};
use writ::ports::library::Library;
use writ::service::planning::Planner;

fn planner() -> Planner {
    Planner::compile(&Library::embedded(), None).unwrap()
}

#[test]
fn everything_that_can_be_emitted_is_explained() {
    let planner = planner();
    let explainer = planner.explainer();
    let codes: BTreeSet<&str> = explainer.codes().collect();
    assert!(codes.len() > 200, "{}", codes.len());
    for code in codes {
        let explanation = explainer.explain(code).unwrap_or_else(|| panic!("`{code}` is not explained"));
        let explanation = serde_json::to_value(explanation).unwrap();
        assert_eq!(explanation["code"], code);
        let meaning = explanation["meaning"].as_str().unwrap();
        assert!(meaning.len() > 10, "{code}: {meaning}");
    }
    assert!(explainer.explain("no_such_code").is_none());
}

/// A policy and a procedure may find the same thing, such as a forwarder with two replicas.
#[test]
fn policies_and_procedures_redefine_no_code_of_the_program() {
    let planner = planner();
    let of_policies = planner
        .judge()
        .policies()
        .policies()
        .iter()
        .flat_map(|policy| policy.codes.keys().map(String::as_str));
    let of_procedures = planner.catalogue().declared_codes().map(|declared| declared.code.as_str());
    for code in of_policies.chain(of_procedures) {
        assert!(definition(code).is_none(), "`{code}` is a code of the program");
        assert!(renamed(code).is_none(), "`{code}` was a code of the program");
    }
}

#[test]
fn no_two_codes_of_the_policies_mean_the_same() {
    let planner = planner();
    let mut meanings: BTreeMap<String, &str> =
        definitions().map(|row| (row.meaning.to_owned(), row.code)).collect();
    for policy in planner.judge().policies().policies() {
        for (code, meaning) in &policy.codes {
            let other = meanings.insert(meaning.clone(), code);
            assert!(other.is_none(), "`{code}` and `{other:?}` mean: {meaning}");
        }
    }
}

/// Rows of the database keep the code that their version of the program wrote.
#[test]
fn codes_of_earlier_versions_are_read_and_explained() {
    let code: Code = serde_json::from_str("\"reason_missing\"").unwrap();
    assert_eq!(serde_json::to_string(&code).unwrap(), "\"reason_missing\"");
    let planner = planner();
    let explained = planner.explainer().explain(code.as_str()).unwrap();
    let explained = serde_json::to_value(explained).unwrap();
    assert_eq!(explained["renamed_to"], Value::from(vec!["missing_reason"]));
}
