//! Redaction: changes and findings as they may be shown, without the secrets that they contain.
//!
//! What a Secret holds, private keys, and the values that `no-secrets` denies become `[redacted]`. Judging sees the
//! values; whatever is printed, sent, stored or put on a page comes after this. In doubt more is hidden than needed:
//! a text that only mentions a denied name is hidden as a whole.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::verdict::Finding;
use crate::domain::change::Change;

/// What is shown instead.
pub const REDACTED: &str = "[redacted]";

/// Codes whose findings name a node with a secret in it.
const CODES: [&str; 3] = ["private_key", "secret_literal", "secret_value"];
/// A shorter value is not looked for in messages: it would hide half of their words.
const SHORTEST: usize = 6;
/// The most denied values that are told apart from what is around them; with more, all of the change is hidden. Each is
/// compared with every change and searched for in every text, and who opens a pull request decides how many there are.
const MOST_DENIED: usize = 50;
/// How many times a value may be looked for in a message; with more, no message is shown.
const MOST_SEARCHES: usize = 100_000;
/// Keys that name an object.
const NAMING: [&str; 4] = ["apiVersion", "kind", "name", "namespace"];

/// A key, or the text of a manifest of a Secret, as inline patches have it.
static SECRET_TEXT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"-----BEGIN [A-Z ]*PRIVATE KEY-----|["']?kind["']?\s*:\s*["']?Secret\b"#)
        .unwrap_or_else(|error| unreachable!("a fixed pattern: {error}"))
});

/// Hides the secrets of changes, and what of them the findings' messages repeat.
pub fn redact(changes: &mut [Change], findings: &mut [Finding]) {
    let denied: Vec<&Finding> =
        findings.iter().filter(|finding| CODES.contains(&finding.code.as_str())).collect();
    let are_too_many = denied.len() > MOST_DENIED;
    let told_apart = if are_too_many { [].as_slice() } else { denied.as_slice() };
    let names: BTreeSet<String> = told_apart
        .iter()
        .filter(|finding| finding.code == "secret_literal")
        .filter_map(|finding| last_name(&finding.pointer))
        .collect();
    let mut hidden = Hidden { names: &names, values: BTreeSet::new() };
    for change in changes {
        let denies = |finding: &&Finding| {
            // In a whole object, what is denied is found by its name or by what it looks like; where that is not
            // possible, because the pointer goes by index, all of the object is hidden.
            let is_inside = match change.pointer.is_empty() {
                true => finding.code == "secret_literal" && last_name(&finding.pointer).is_none(),
                false => is_at_or_below(&finding.pointer, &change.pointer),
            };
            let is_above = !finding.pointer.is_empty() && is_at_or_below(&change.pointer, &finding.pointer);
            finding.path == change.path && (is_above || is_inside)
        };
        let is_whole = are_too_many
            || told_apart.iter().any(denies)
            || is_secret_pointer(change)
            || hidden.is_named_in(&change.pointer);
        for side in [&mut change.before, &mut change.after].into_iter().flatten() {
            if is_whole {
                hidden.hide(side);
            } else {
                hidden.look_into(side);
            }
        }
    }
    let mut values: Vec<String> = hidden.values.into_iter().collect();
    // The longest first: a value may begin with another one.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    let is_too_long = values.len().saturating_mul(findings.len()) > MOST_SEARCHES;
    for finding in findings {
        if is_too_long || are_too_many {
            finding.message = format!("{REDACTED}: it might repeat a secret of this change");
            continue;
        }
        for value in &values {
            if finding.message.contains(value) {
                finding.message = finding.message.replace(value, REDACTED);
            }
        }
    }
}

/// Hides what needs no verdict to be secret: the values of Secrets, and private keys.
pub fn redact_secrets(changes: &mut [Change]) {
    redact(changes, &mut []);
}

/// What was hidden so far.
struct Hidden<'n> {
    /// Variables whose values are denied.
    names: &'n BTreeSet<String>,
    /// Texts that were hidden.
    values: BTreeSet<String>,
}

impl Hidden<'_> {
    /// Hides every leaf; the structure stays.
    fn hide(&mut self, value: &mut Value) {
        match value {
            Value::Object(entries) => {
                for (key, entry) in entries.iter_mut() {
                    // Messages name objects, which is no secret.
                    if NAMING.contains(&key.as_str()) && entry.is_string() {
                        *entry = REDACTED.into();
                    } else {
                        self.hide(entry);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide(item)),
            Value::Null => {}
            leaf => {
                if let Value::String(text) = &*leaf {
                    let parts = text.lines().chain([text.as_str()]).map(str::trim);
                    // What is assigned to a denied name is a value by itself: `DB_PASSWORD: …`, `DB_PASSWORD=…`.
                    let names = self.names;
                    let is_named = |line: &&str| names.iter().any(|name| line.contains(name.as_str()));
                    let assigned =
                        text.lines().filter(is_named).filter_map(|line| line.split_once([':', '=']));
                    let assigned = assigned.map(|(_, value)| value.trim().trim_matches(['"', '\'']));
                    let found = parts.chain(assigned).filter(|part| part.len() >= SHORTEST);
                    self.values.extend(found.map(str::to_owned));
                }
                *leaf = REDACTED.into();
            }
        }
    }

    /// Hides the secrets somewhere below.
    fn look_into(&mut self, value: &mut Value) {
        match value {
            Value::Object(entries) => {
                let is_secret = entries.get("kind").is_some_and(|kind| kind == "Secret");
                let is_named =
                    entries.get("name").and_then(Value::as_str).is_some_and(|name| self.names.contains(name));
                for (key, entry) in entries.iter_mut() {
                    if is_secret && HOLD_VALUES.contains(&key.as_str())
                        || key == "secretGenerator"
                        || is_named && key == "value"
                        || self.names.contains(key.as_str())
                    {
                        self.hide(entry);
                    } else {
                        self.look_into(entry);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.look_into(item)),
            Value::String(text) if SECRET_TEXT.is_match(text) || self.is_assigned_in(text) => {
                self.hide(value);
            }
            _ => {}
        }
    }

    /// Whether a text says more than a denied name: `DB_PASSWORD=…`, an inline patch.
    fn is_assigned_in(&self, text: &str) -> bool {
        self.names.iter().any(|name| text != name && text.contains(name.as_str()))
    }

    /// Whether a pointer goes to the value of a denied name.
    fn is_named_in(&self, pointer: &str) -> bool {
        self.names.iter().any(|name| {
            pointer.contains(&format!("[name={name}]/value")) || pointer.ends_with(&format!("/{name}"))
        })
    }
}

/// The keys of a Secret that hold values, `metadata` because kubectl notes them there once more.
const HOLD_VALUES: [&str; 3] = ["data", "stringData", "metadata"];

/// Whether a change is in the values of a Secret, or of a generator of one.
fn is_secret_pointer(change: &Change) -> bool {
    let in_values =
        ["/data", "/stringData", "/metadata"].iter().any(|place| is_at_or_below(&change.pointer, place));
    change.document.kind == "Secret" && in_values || change.pointer.starts_with("/secretGenerator")
}

/// Whether a pointer is another one, or goes below it.
fn is_at_or_below(pointer: &str, above: &str) -> bool {
    pointer.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
}

/// The name that a pointer goes to: `X` of `/env[name=X]`, `/env[name=X]/value` and `/data/X`.
fn last_name(pointer: &str) -> Option<String> {
    let pointer = pointer.strip_suffix("/value").unwrap_or(pointer);
    let name = match pointer.strip_suffix(']').and_then(|open| open.rsplit_once("[name=")) {
        Some((_, name)) => name,
        None => pointer.rsplit('/').next()?,
    };
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    (!is_number && name.len() >= 3).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::change::between;
    use crate::domain::manifest::Manifest;
    use crate::domain::policy::Level;

    fn shown(before: &str, after: &str, found: &[(&str, &str)]) -> String {
        let [before, after] = [before, after].map(|text| Manifest::parse(text).unwrap());
        let mut changes = between("f.yaml", &before, &after);
        let finding = |(code, pointer): &(&str, &str)| Finding {
            policy: "no-secrets".to_owned(),
            code: (*code).to_owned(),
            level: Level::Deny,
            message: "the value is `hunter2-and-more`".to_owned(),
            path: "f.yaml".to_owned(),
            pointer: (*pointer).to_owned(),
            remedy: String::new(),
            place: None,
        };
        let mut findings: Vec<Finding> = found.iter().map(finding).collect();
        redact(&mut changes, &mut findings);
        json!([changes, findings]).to_string()
    }

    #[test]
    #[expect(clippy::type_complexity, reason = "a table of cases is a list of tuples")]
    fn nothing_that_is_secret_is_shown() {
        let secret = "kind: Secret\nmetadata: {name: s}\n";
        let env = "kind: Deployment\nspec: {containers: [{name: a, env: [{name: MODE, value: paper}]}]}\n";
        let password = env.replace("}]}]}", "}, {name: DB_PASSWORD, value: hunter2-and-more}]}]}");
        let literal: &[(&str, &str)] =
            &[("secret_literal", "/spec/containers[name=a]/env[name=DB_PASSWORD]/value")];
        let rows: [(&str, String, &[(&str, &str)]); 11] = [
            ("", format!("{secret}stringData: {{password: hunter2-and-more}}\n"), &[]),
            (secret, format!("{secret}data: {{password: hunter2-and-more}}\n"), &[]),
            (
                "kind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2-and-more, b: x}\n",
                format!("{secret}stringData: {{password: other, b: x}}\n"),
                &[],
            ),
            ("", "kind: List\nitems: [{kind: Secret, stringData: {p: hunter2-and-more}}]\n".to_owned(), &[]),
            ("a: 1\n", "a: 1\nsecretGenerator: [{name: s, literals: [p=hunter2-and-more]}]\n".into(), &[]),
            (
                "a: 1\n",
                "patches: [{patch: \"kind: Secret\\nstringData: {p: hunter2-and-more}\"}]\n".into(),
                &[],
            ),
            (
                "a: 1\n",
                "a: \"-----BEGIN PRIVATE KEY-----\\nhunter2-and-more\"\n".into(),
                &[("private_key", "/a")],
            ),
            (env, password.clone(), literal),
            ("", password.clone(), literal),
            (&password, env.to_owned(), literal),
            ("a: 1\n", "patches: [{patch: 'DB_PASSWORD: hunter2-and-more'}]\n".into(), literal),
        ];
        for (before, after, findings) in rows {
            let shown = shown(before, &after, findings);
            assert!(!shown.contains("hunter2"), "{after}: {shown}");
            assert!(shown.contains(REDACTED), "{after}: {shown}");
        }
    }

    /// A stranger decides how much is denied: past the bound nothing is compared, and nothing is shown.
    #[test]
    fn with_too_many_denied_values_everything_is_hidden() {
        let names: Vec<String> = (0..=MOST_DENIED).map(|index| format!("/data/PASSWORD_{index}")).collect();
        let found: Vec<(&str, &str)> = names.iter().map(|name| ("secret_literal", name.as_str())).collect();
        let within = shown("a: harmless\n", "a: hunter2-and-more\n", &found[1..]);
        assert!(within.contains("harmless"), "{within}");
        let over = shown("a: harmless\n", "a: hunter2-and-more\n", &found);
        assert!(!over.contains("harmless") && !over.contains("hunter2"), "{over}");
    }

    #[test]
    fn what_is_not_secret_stays() {
        let env =
            "kind: Deployment\nspec: {env: [{name: MODE, value: paper}, {name: DB_PASSWORD, value: x}]}\n";
        let after = env.replace("paper", "live").replace("value: x", "value: hunter2-and-more");
        let shown = shown(env, &after, &[("secret_literal", "/spec/env[name=DB_PASSWORD]/value")]);
        assert!(shown.contains("\"paper\"") && shown.contains("\"live\""), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
