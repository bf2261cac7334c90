//! What a policy file says about itself: the METADATA comment, as OPA defines it, above its package.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::error::PolicyError;
use super::verdict::Level;

/// What a policy may say, and how strong it is.
pub(super) const SETS: [(&str, Level); 4] =
    [("deny", Level::Deny), ("review", Level::Review), ("warn", Level::Warn), ("standing", Level::Standing)];

/// One policy: a package below `writ` with sets of findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name: `single-forwarder`.
    pub name: String,
    /// Its file below `policies/`.
    pub file: String,
    /// Its package: `writ.single_forwarder`.
    pub package: String,
    /// What it protects, a phrase.
    pub title: String,
    /// What it protects and why, in sentences.
    pub description: String,
    /// Each code that it finds, explained.
    pub codes: BTreeMap<String, String>,
    /// How to go on after a finding; empty where the file does not say.
    pub remediation: String,
    /// Where the rule says what it knows, and when that is to be changed; empty where the file does not say.
    pub change: String,
    /// A change that it finds.
    pub example: Option<Example>,
    /// The settings whose former values it asks for, read from the history of the files that set them.
    pub history: Vec<String>,
    /// Those of its codes that find what nobody can take back.
    pub irreversible: BTreeSet<String>,
    /// Which of the sets it declares: `deny`, `review`, `warn`, `standing`.
    pub(super) sets: Vec<String>,
    /// Those of its codes that no rule can emit: their text is in no rule.
    pub(super) silent: BTreeSet<String>,
}

/// An edit that a policy finds; the tests make it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The code that it is found with.
    pub code: String,
    /// The file below the GitOps path.
    pub file: String,
    /// The text that is replaced; `None` where the whole file is.
    pub from: Option<String>,
    /// The new text.
    pub to: String,
}

impl Example {
    /// The edit as a diff without context: `-replicas: 1`, `+replicas: 2`.
    #[must_use]
    pub fn diff(&self) -> String {
        let lines = |sign: char, text: &str| -> String {
            text.lines().map(|line| format!("{sign}{}\n", line.replace('\t', "→"))).collect()
        };
        lines('-', self.from.as_deref().unwrap_or_default()) + &lines('+', &self.to)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    title: String,
    description: String,
    #[serde(default)]
    #[expect(dead_code, reason = "OPA knows it; written by people who want to be found")]
    authors: Vec<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "OPA knows it; links to evidence")]
    related_resources: Vec<serde_yaml::Value>,
    custom: Custom,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Custom {
    codes: BTreeMap<String, String>,
    #[serde(default, rename = "go_on")]
    remediation: String,
    #[serde(default)]
    change: String,
    example: Option<Example>,
    #[serde(default)]
    history: Vec<String>,
    #[serde(default)]
    irreversible: BTreeSet<String>,
}

/// The policy of a file; `None` for a shared package below `writ.lib`.
///
/// `declares` says whether the file has rules of a name.
pub(super) fn read(
    file: &str,
    package: &str,
    text: &str,
    declares: impl Fn(&str) -> bool,
) -> Result<Option<Policy>, PolicyError> {
    let wrong = |line: usize, message: String| PolicyError { file: file.to_owned(), line, message };
    let package = package.strip_prefix("data.").unwrap_or(package);
    let Some(name) = package.strip_prefix("writ.") else {
        return Err(wrong(1, format!("the package is `{package}`, it must be `writ.<name>`")));
    };
    if name.starts_with("lib.") {
        return Ok(None);
    }
    let (line, comment) =
        comment(text).ok_or_else(|| wrong(1, "there is no `# METADATA` above the package".to_owned()))?;
    let metadata: Metadata = serde_yaml::from_str(&comment).map_err(|error| {
        let offset = error.location().map_or(0, |location| location.line());
        wrong(line + offset, format!("the metadata: {error}"))
    })?;
    let sets: Vec<String> =
        SETS.into_iter().map(|(set, _)| set).filter(|set| declares(set)).map(str::to_owned).collect();
    if sets.is_empty() {
        let names: Vec<String> = SETS.iter().map(|(set, _)| format!("`{set} contains …`")).collect();
        return Err(wrong(1, format!("it has none of {}", names.join(", "))));
    }
    if let Some(code) =
        metadata.custom.irreversible.iter().find(|code| !metadata.custom.codes.contains_key(*code))
    {
        return Err(wrong(line, format!("`irreversible` has `{code}`, which is not in `codes`")));
    }
    Ok(Some(Policy {
        name: name.replace('_', "-"),
        file: file.to_owned(),
        package: package.to_owned(),
        title: metadata.title,
        description: metadata.description.trim().to_owned(),
        codes: metadata.custom.codes,
        remediation: metadata.custom.remediation.trim().to_owned(),
        change: metadata.custom.change.trim().to_owned(),
        example: metadata.custom.example,
        history: metadata.custom.history,
        irreversible: metadata.custom.irreversible,
        sets,
        silent: BTreeSet::new(),
    }))
}

/// The codes that a file's metadata explains; none where it has no metadata that can be read.
pub(super) fn codes(text: &str) -> BTreeSet<String> {
    let metadata = comment(text).and_then(|(_, comment)| serde_yaml::from_str::<Metadata>(&comment).ok());
    metadata.map(|metadata| metadata.custom.codes.into_keys().collect()).unwrap_or_default()
}

/// Whether a file's rules hold a code as a text; comments do not count.
pub(super) fn holds(text: &str, code: &str) -> bool {
    let literal = format!("\"{code}\"");
    text.lines().any(|line| !line.trim_start().starts_with('#') && line.contains(&literal))
}

/// The comment that starts with `# METADATA`, without its hashes, and its line.
fn comment(text: &str) -> Option<(usize, String)> {
    let start = text.lines().position(|line| line.trim_end() == "# METADATA")?;
    let lines = text.lines().skip(start + 1).map_while(|line| line.strip_prefix('#'));
    // One blank belongs to the hash; YAML's own indentation follows it.
    let comment: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    Some((start + 1, comment.join("\n")))
}
