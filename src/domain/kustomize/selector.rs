//! Targets of patches: which objects a patch is for.

use serde_json::{Map, Value};

use crate::domain::budget::{Budget, Exceeded, text_weight, weight};

use super::object::{Object, effective};
use super::pattern::{Pattern, Patterns};

/// Fields of a target that are regular expressions.
const PATTERN_FIELDS: [&str; 5] = ["group", "version", "kind", "name", "namespace"];

/// Which objects a patch with a target is for; every field that is given must fit.
pub(super) struct Selector {
    fields: Vec<(&'static str, Pattern)>,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
    /// The weight of its text.
    weight: u64,
}

impl Selector {
    /// `None` where it is not understood.
    pub(super) fn read(
        target: &Value,
        patterns: &mut Patterns,
        budget: &Budget,
    ) -> Result<Option<Self>, Exceeded> {
        let Some(fields) = target.as_object() else { return Ok(None) };
        let (labels, annotations) = (Vec::new(), Vec::new());
        let mut selector = Self { fields: Vec::new(), labels, annotations, weight: weight(target) };
        for (field, value) in fields {
            let Some(value) = value.as_str() else { return Ok(None) };
            let is_understood = match field.as_str() {
                "labelSelector" => requirements(value).map(|labels| selector.labels = labels).is_some(),
                "annotationSelector" => {
                    requirements(value).map(|annotations| selector.annotations = annotations).is_some()
                }
                _ => match (PATTERN_FIELDS.into_iter().find(|known| known == field), value) {
                    (None, _) => false,
                    (Some(_), "") => true,
                    (Some(field), value) => {
                        let pattern = patterns.pattern(value, budget)?;
                        pattern.map(|pattern| selector.fields.push((field, pattern))).is_some()
                    }
                },
            };
            if !is_understood {
                return Ok(None);
            }
        }
        Ok(Some(selector))
    }

    /// How many operations it takes to say whether it fits.
    pub(super) fn cost(&self, object: &Object) -> u64 {
        let (name, namespace) = (&object.original.0, &object.original.1);
        let texts = object.name().len() + object.namespace().len() + name.len() + namespace.len();
        let fields = self.fields.iter().map(|(_, pattern)| pattern.cost(texts));
        1 + text_weight(object.kind()) + self.weight / 16 + fields.sum::<u64>()
    }

    pub(super) fn fits(&self, object: &Object) -> bool {
        self.fields.iter().all(|(field, pattern)| match *field {
            "group" => pattern.is_match(object.group()),
            "version" => pattern.is_match(object.version()),
            "kind" => pattern.is_match(object.kind()),
            "name" => pattern.is_match(object.name()) || pattern.is_match(&object.original.0),
            _ => [object.namespace(), &object.original.1]
                .iter()
                .any(|namespace| pattern.is_match(effective(namespace))),
        }) && self.labels.iter().all(|requirement| requirement.holds(&object.value, "labels"))
            && self.annotations.iter().all(|requirement| requirement.holds(&object.value, "annotations"))
    }
}

/// One part of a label selector.
enum Requirement {
    Is(String, String),
    IsNot(String, String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl Requirement {
    fn holds(&self, object: &Value, field: &str) -> bool {
        let empty = Map::new();
        let map = object.pointer(&format!("/metadata/{field}")).and_then(Value::as_object).unwrap_or(&empty);
        let value = |key: &String| map.get(key).and_then(Value::as_str);
        match self {
            Self::Is(key, wanted) => value(key) == Some(wanted),
            Self::IsNot(key, unwanted) => value(key) != Some(unwanted),
            Self::In(key, wanted) => {
                value(key).is_some_and(|value| wanted.iter().any(|other| other == value))
            }
            Self::NotIn(key, unwanted) => {
                !value(key).is_some_and(|value| unwanted.iter().any(|other| other == value))
            }
            Self::Exists(key) => value(key).is_some(),
            Self::Absent(key) => value(key).is_none(),
        }
    }
}

/// A label selector; `None` where it is not understood.
fn requirements(selector: &str) -> Option<Vec<Requirement>> {
    let mut parts = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for (at, character) in selector.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                parts.push(&selector[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&selector[start..]);
    parts.into_iter().map(|part| requirement(part.trim())).collect()
}

fn requirement(part: &str) -> Option<Requirement> {
    let owned = |text: &str| text.trim().to_owned();
    let words: Vec<&str> = part.splitn(3, char::is_whitespace).collect();
    if let [key, operator @ ("in" | "notin"), list] = words.as_slice() {
        let inner = list.trim().strip_prefix('(')?.strip_suffix(')')?;
        let values = inner.split(',').map(owned).collect();
        return Some(match *operator {
            "in" => Requirement::In(owned(key), values),
            _ => Requirement::NotIn(owned(key), values),
        });
    }
    if let Some((key, value)) = part.split_once("!=") {
        return Some(Requirement::IsNot(owned(key), owned(value)));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Some(Requirement::Is(owned(key), owned(value)));
    }
    if part.is_empty() || part.contains(char::is_whitespace) {
        return None;
    }
    Some(match part.strip_prefix('!') {
        Some(key) => Requirement::Absent(owned(key)),
        None => Requirement::Exists(owned(part)),
    })
}
