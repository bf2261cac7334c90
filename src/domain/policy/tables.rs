//! Tables that rules read beside their input: `settings.yaml` is `data.settings` in every rule.

use std::collections::BTreeMap;

use regorus::{Engine, Value};
use serde::Deserialize;

use super::error::PolicyError;

/// The table of settings, below `policies/`.
const SETTINGS: &str = "settings.yaml";

/// The version of the table's form.
const SCHEMA: &str = "writ.settings/v1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsTable {
    schema: String,
    settings: BTreeMap<String, Setting>,
}

/// What is known of one setting.
#[derive(Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    /// Which direction is risky.
    class: Class,
    /// What the service does without it; `None` where there is no default.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    /// Whether a riskier value is denied; otherwise a human decides.
    #[serde(default)]
    strict: bool,
    /// Words in order of danger, the safest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    words: Vec<String>,
}

/// The classes that the rules know: a misspelt one must not switch a setting off.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum Class {
    OnIsDangerous,
    OffIsDangerous,
    Limit,
    MoreIsRiskier,
    LessIsRiskier,
    Time,
    Expiry,
    Words,
    MapMoreIsRiskier,
    MapLessIsRiskier,
    ListGuards,
    ListAllows,
    Identity,
    Neutral,
}

/// Gives the rules their tables, where the library has them.
///
/// # Errors
/// - a table does not parse, has an unknown class or key, or a class of words without words
pub(super) fn add(engine: &mut Engine, files: &BTreeMap<String, String>) -> Result<(), PolicyError> {
    let Some(text) = files.get(SETTINGS) else { return Ok(()) };
    let wrong = |line: usize, message: String| PolicyError { file: SETTINGS.to_owned(), line, message };
    let table: SettingsTable = serde_yaml::from_str(text)
        .map_err(|error| wrong(error.location().map_or(0, |location| location.line()), error.to_string()))?;
    if table.schema != SCHEMA {
        return Err(wrong(0, format!("`schema` must be `{SCHEMA}`, it is `{}`", table.schema)));
    }
    for (name, setting) in &table.settings {
        if (setting.class == Class::Words) == setting.words.is_empty() {
            return Err(wrong(0, format!("`{name}`: `words` belong to the class `words`, and to no other")));
        }
    }
    let data = serde_json::json!({ "settings": table.settings });
    engine.add_data(Value::from(data)).map_err(|error| wrong(0, format!("{error:#}")))
}
