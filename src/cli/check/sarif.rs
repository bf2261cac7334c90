//! SARIF 2.1.0 (OASIS): the format that code scanning reads. Denials are errors; what needs review and
//! warnings are warnings, told apart by their property `level`; what stood before is a note.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::domain::digest::sha256_hex;
use crate::domain::policy::{Level, Policy};

use super::meaning::explained;
use super::report::{Placed, Report};

/// The schema that the log keeps to.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The log of one run, with the findings that are listed.
pub(crate) fn log(report: &Report, listed: &[&Placed], policies: &[Policy]) -> Value {
    let mut ids: Vec<(String, &Placed)> = listed.iter().map(|placed| (rule_id(placed), *placed)).collect();
    ids.sort_by(|one, other| one.0.cmp(&other.0));
    ids.dedup_by(|one, other| one.0 == other.0);
    let index = |placed: &Placed| ids.iter().position(|(id, _)| *id == rule_id(placed));
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "writ",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": ids.iter().map(|(id, placed)| rule(id, placed, policies)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "properties": {"base": report.base, "head": report.head, "decision": report.verdict.decision},
            "results": listed.iter().map(|placed| result(placed, index(placed))).collect::<Vec<_>>(),
        }],
    })
}

fn rule_id(placed: &Placed) -> String {
    format!("{}/{}", placed.finding.policy, placed.finding.code)
}

fn rule(id: &str, placed: &Placed, policies: &[Policy]) -> Value {
    let finding = &placed.finding;
    let policy = policies.iter().find(|policy| policy.name == finding.policy);
    let title = policy.map_or(finding.policy.as_str(), |policy| &policy.title);
    let explanation = explained(policies, &finding.policy, &finding.code);
    let description = policy.map_or("", |policy| policy.description.trim());
    json!({
        "id": id,
        "shortDescription": {"text": if explanation.is_empty() { title } else { explanation }},
        "fullDescription": {"text": if description.is_empty() { title } else { description }},
        "defaultConfiguration": {"level": level(finding.level)},
        "help": {"text": format!("{title}. {explanation}")},
    })
}

fn result(placed: &Placed, rule_index: Option<usize>) -> Value {
    let finding = &placed.finding;
    let mut result = json!({
        "ruleId": rule_id(placed),
        "ruleIndex": rule_index,
        "level": level(finding.level),
        "properties": {"level": finding.level},
        "message": {"text": format!("{}\nWhat to do: {}", finding.message, finding.remedy)},
        // The same finding on another line stays the same finding.
        "partialFingerprints": {"writ/v1": fingerprint(placed)},
    });
    if !finding.path.is_empty() {
        let mut location = json!({
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&finding.path), "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": placed.line.unwrap_or(1)},
            },
        });
        if !finding.pointer.is_empty() {
            location["logicalLocations"] = json!([{"fullyQualifiedName": finding.pointer}]);
        }
        result["locations"] = json!([location]);
    }
    result
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Review | Level::Warn => "warning",
        Level::Standing => "note",
    }
}

fn fingerprint(placed: &Placed) -> String {
    let finding = &placed.finding;
    let parts = [&finding.policy, &finding.code, &finding.path, &finding.pointer].map(String::as_str);
    // Half a digest is enough to tell findings apart.
    sha256_hex(parts.join("\0").as_bytes()).chars().take(32).collect()
}

/// What a path may hold as it is: the unreserved characters (RFC 3986, section 2.3) and the slash.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A path as a relative reference (RFC 3986).
fn uri(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("a b/ü#1.yaml"), "a%20b/%C3%BC%231.yaml");
    }
}
