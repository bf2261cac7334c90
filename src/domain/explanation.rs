//! What a reason code means, whoever emits it.
//!
//! It is said by the program's table, the policies' metadata or the procedures' files.
//! `/explain CODE` and `writ policies explain CODE` are answered from here.

use serde::Serialize;

use super::lane::{self, Lanes};
use super::policy::{self, Policies};
use super::procedure::Catalogue;
use super::reason::{definition, definitions, renamed, renamings};

/// Explains the codes of one library and those of the program.
#[derive(Clone, Copy)]
pub struct Explainer<'a> {
    /// The policies, which explain their own codes.
    pub policies: &'a Policies,
    /// The procedures, whose files declare codes with their sentences.
    pub catalogue: &'a Catalogue,
    /// The lanes, which are shown beside their codes.
    pub lanes: &'a Lanes,
}

/// A reason code, explained. As JSON it has the fields of its kind; all kinds have `code` and `meaning`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Explanation {
    /// A code that a policy finds.
    Policy(policy::PolicyExplanation),
    /// A code of the lanes.
    Lane(LaneExplanation),
    /// Any other code.
    Other(OtherExplanation),
}

/// A code of the lanes, with the lanes that there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LaneExplanation {
    code: String,
    meaning: String,
    policy: String,
    lanes: Vec<LaneShown>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct LaneShown {
    id: String,
    family: String,
    name: String,
    owns: Vec<String>,
}

/// A code of the program, of a procedure's file, or one that was renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherExplanation {
    code: String,
    /// One or more sentences.
    meaning: String,
    /// The part of the program, or the procedures, that emit it: a noun phrase.
    source: String,
    /// What to do about it: half sentences, each of which begins with a verb.
    #[serde(rename = "go_on")]
    remediation: Vec<String>,
    /// The codes that took its place; none for a code that is still emitted.
    renamed_to: Vec<String>,
}

impl<'a> Explainer<'a> {
    /// What a code means; `None` for one that nothing emits.
    #[must_use]
    pub fn explain(&self, code: &str) -> Option<Explanation> {
        self.of_policy(code)
            .or_else(|| self.of_lanes(code))
            .or_else(|| of_program(code))
            .or_else(|| self.of_procedures(code))
            .or_else(|| of_renamed(code))
    }

    /// All codes that [`Explainer::explain`] knows; one that several parts emit comes several times.
    pub fn codes(&self) -> impl Iterator<Item = &'a str> {
        let declared = self.catalogue.declared_codes().map(|declared| declared.code.as_str());
        let program = definitions().map(|definition| definition.code);
        let old = renamings().iter().map(|renamed| renamed.old);
        self.policies.codes().chain(program).chain(declared).chain(old)
    }

    fn of_policy(&self, code: &str) -> Option<Explanation> {
        self.policies.explain(code).map(Explanation::Policy)
    }

    fn of_lanes(&self, code: &str) -> Option<Explanation> {
        let (policy, meaning) = lane::meaning(code)?;
        let lanes = self.lanes.all().iter().map(|lane| LaneShown {
            id: lane.id.clone(),
            family: lane.family.clone(),
            name: lane.name.clone(),
            owns: lane.owns.clone(),
        });
        Some(Explanation::Lane(LaneExplanation {
            code: code.to_owned(),
            meaning: meaning.to_owned(),
            policy: policy.to_owned(),
            lanes: lanes.collect(),
        }))
    }

    fn of_procedures(&self, code: &str) -> Option<Explanation> {
        let declared: Vec<_> =
            self.catalogue.declared_codes().filter(|declared| declared.code.as_str() == code).collect();
        if declared.is_empty() {
            return None;
        }
        let procedures = distinct(declared.iter().map(|declared| format!("`{}`", declared.procedure)));
        Some(Explanation::Other(OtherExplanation {
            code: code.to_owned(),
            meaning: distinct(declared.iter().map(|declared| sentence(declared.message))).join(" "),
            source: format!("procedure {}", procedures.join(", ")),
            remediation: distinct(declared.iter().map(|declared| declared.remedy.to_owned())),
            renamed_to: Vec::new(),
        }))
    }
}

fn of_program(code: &str) -> Option<Explanation> {
    let found = definition(code)?;
    Some(Explanation::Other(OtherExplanation {
        code: code.to_owned(),
        meaning: found.meaning.to_owned(),
        source: found.area.title().to_owned(),
        remediation: vec![found.remedy.to_owned()],
        renamed_to: Vec::new(),
    }))
}

fn of_renamed(code: &str) -> Option<Explanation> {
    let new = renamed(code)?.new;
    let found: Vec<_> = new.iter().filter_map(|code| definition(code)).collect();
    Some(Explanation::Other(OtherExplanation {
        code: code.to_owned(),
        meaning: found.iter().map(|found| found.meaning).collect::<Vec<_>>().join(" "),
        source: distinct(found.iter().map(|found| found.area.title().to_owned())).join(", "),
        remediation: found.iter().map(|found| found.remedy.to_owned()).collect(),
        renamed_to: new.iter().map(ToString::to_string).collect(),
    }))
}

/// Each text once, in the order in which they come first.
fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut found = Vec::new();
    for text in texts {
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

/// A sentence of a refusal as one that stands alone: a capital letter, a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut characters = text.chars();
    let first = characters.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(characters).chain(['.']).collect()
}

impl Explanation {
    /// The template that shows it.
    #[must_use]
    pub fn template(&self) -> &'static str {
        match self {
            Self::Policy(_) => "code.md",
            Self::Lane(_) => "lane.md",
            Self::Other(_) => "reason.md",
        }
    }
}
