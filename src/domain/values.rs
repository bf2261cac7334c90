//! YAML as plain values, as kubectl and kustomize read it: for judging, by another parser than the one that edits.
//!
//! Aliases and merge keys are resolved; duplicate keys, tags, alias bombs and keys that are no strings are refused.
//! What aliases multiply is counted while it is read; what makes the parser slow or large is refused before it reads.

use std::fmt;

use serde::de::{DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess as _, Visitor};
use serde_json::{Map, Number, Value};
use serde_yaml::value::{Tag, TaggedValue};
use yaml_rust2::Event;
use yaml_rust2::parser::Parser;

use super::budget::{Budget, DEPTH, Exceeded, Resource, text_weight};

/// Larger files are not manifests; Kubernetes takes no object above 1.5 MiB.
const LARGEST: usize = 2 << 20;

/// The documents of a file that are not empty.
///
/// # Errors
/// Why it cannot be read, in words; a budget that is exceeded is named.
pub(crate) fn read(bytes: &[u8], budget: &Budget) -> Result<Vec<Value>, String> {
    if bytes.len() > LARGEST {
        return Err(format!("the file has {} bytes", bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "the file is not UTF-8".to_owned())?;
    check_directives(text, budget).map_err(|exceeded| exceeded.to_string())?;
    check_depth(text, budget)?;
    let mut values = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value = Counted(budget).deserialize(document).map_err(|error| problem(&error, budget))?;
        values.push(plain(value)?);
    }
    values.retain(|value| !value.is_null());
    Ok(values)
}

/// The one value of a text.
///
/// # Errors
/// Why it cannot be read, in words; a budget that is exceeded is named.
pub(crate) fn one(text: &str, budget: &Budget) -> Result<Value, String> {
    check_directives(text, budget).map_err(|exceeded| exceeded.to_string())?;
    check_depth(text, budget)?;
    let document = serde_yaml::Deserializer::from_str(text);
    plain(Counted(budget).deserialize(document).map_err(|error| problem(&error, budget))?)
}

fn problem(error: &serde_yaml::Error, budget: &Budget) -> String {
    budget.exceeded().map_or_else(|| error.to_string(), |exceeded| exceeded.to_string())
}

/// The parser writes a `%TAG`'s prefix out at each tag, and compares each `%TAG` with all before.
fn check_directives(text: &str, budget: &Budget) -> Result<(), Exceeded> {
    let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
    let directives = lines.filter(|line| line.trim_start_matches('\u{feff}').starts_with("%TAG"));
    let written: usize = directives.map(str::len).sum();
    match written {
        0 => Ok(()),
        written => {
            let tags = text.bytes().filter(|byte| *byte == b'!').count();
            budget.spend(Resource::Nodes, (written.saturating_mul(tags) / 16) as u64)
        }
    }
}

/// How many indicators of nesting a text may have without a count of its depth: the parser's work grows with the square
/// of the depth, which this many do not yet show.
const UNCOUNTED: usize = 2000;

/// The parser goes through all open collections at each token, before it says that there are too many. A text that could
/// nest so is read by another one first, which stops where it is too deep.
fn check_depth(text: &str, budget: &Budget) -> Result<(), String> {
    let nests = |byte: &u8| matches!(byte, b'[' | b'{');
    let dashes = |line: &str| line.matches("- ").count() + line.matches("? ").count();
    let is_flat = text.bytes().filter(nests).nth(UNCOUNTED).is_none()
        && text.lines().all(|line| line.len() < UNCOUNTED || dashes(line) < UNCOUNTED);
    if is_flat {
        return Ok(());
    }
    // It knows neither byte order marks nor all places of tabs; neither nests anything.
    let text = text.trim_start_matches('\u{feff}').replace('\t', " ");
    let mut parser = Parser::new_from_str(&text);
    let mut depth = 0_usize;
    loop {
        let (event, _) =
            parser.next_token().map_err(|error| match error.info().contains("recursion limit") {
                // It reads ahead, and has a limit of its own.
                true => budget
                    .reach(DEPTH + 1)
                    .map_or_else(|exceeded| exceeded.to_string(), |()| error.to_string()),
                false => error.to_string(),
            })?;
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                depth += 1;
                budget.reach(depth).map_err(|exceeded| exceeded.to_string())?;
            }
            Event::SequenceEnd | Event::MappingEnd => depth = depth.saturating_sub(1),
            Event::StreamEnd => return Ok(()),
            _ => {}
        }
    }
}

/// A value whose nodes are spent from a budget while it is read, those behind aliases each time.
#[derive(Clone, Copy)]
struct Counted<'b>(&'b Budget);

impl Counted<'_> {
    fn spend<E: Error>(self, nodes: u64) -> Result<(), E> {
        self.0.spend(Resource::Nodes, nodes).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Counted<'_> {
    type Value = serde_yaml::Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Counted<'_> {
    type Value = serde_yaml::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any YAML value")
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Self::Value, E> {
        self.spend(1)?;
        Ok(serde_yaml::Value::Bool(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        self.spend(1)?;
        Ok(serde_yaml::Value::Number(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.spend(1)?;
        Ok(serde_yaml::Value::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        self.spend(1)?;
        Ok(serde_yaml::Value::Number(number.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.spend(1 + text_weight(text))?;
        Ok(serde_yaml::Value::String(text.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        self.spend(1)?;
        Ok(serde_yaml::Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        self.visit_unit()
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        self.spend(1)?;
        let mut sequence = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            sequence.push(item);
        }
        Ok(serde_yaml::Value::Sequence(sequence))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        self.spend(1)?;
        let mut mapping = serde_yaml::Mapping::new();
        while let Some(key) = entries.next_key_seed(self)? {
            if mapping.contains_key(&key) {
                return Err(A::Error::custom(duplicate(&key)));
            }
            let value = entries.next_value_seed(self)?;
            mapping.insert(key, value);
        }
        Ok(serde_yaml::Value::Mapping(mapping))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Self::Value, A::Error> {
        let (tag, content) = data.variant::<String>()?;
        if tag.is_empty() {
            return Err(A::Error::custom("empty YAML tag is not allowed"));
        }
        self.spend(1 + text_weight(&tag))?;
        let value = content.newtype_variant_seed(self)?;
        Ok(serde_yaml::Value::Tagged(Box::new(TaggedValue { tag: Tag::new(tag), value })))
    }
}

fn duplicate(key: &serde_yaml::Value) -> String {
    match key {
        serde_yaml::Value::Null => "duplicate entry with null key".to_owned(),
        serde_yaml::Value::Bool(truth) => format!("duplicate entry with key `{truth}`"),
        serde_yaml::Value::Number(number) => format!("duplicate entry with key {number}"),
        serde_yaml::Value::String(text) => format!("duplicate entry with key {text:?}"),
        _ => "duplicate entry in YAML map".to_owned(),
    }
}

fn plain(mut value: serde_yaml::Value) -> Result<Value, String> {
    value.apply_merge().map_err(|error| error.to_string())?;
    json(value)
}

/// JSON as Kubernetes sees it: keys are strings, no tags, numbers finite.
fn json(value: serde_yaml::Value) -> Result<Value, String> {
    Ok(match value {
        serde_yaml::Value::Null => Value::Null,
        serde_yaml::Value::Bool(truth) => Value::Bool(truth),
        serde_yaml::Value::Number(number) => Value::Number(json_number(&number)?),
        serde_yaml::Value::String(text) => Value::String(text),
        serde_yaml::Value::Sequence(items) => {
            Value::Array(items.into_iter().map(json).collect::<Result<_, _>>()?)
        }
        serde_yaml::Value::Mapping(entries) => {
            let mut object = Map::with_capacity(entries.len());
            for (key, entry) in entries {
                let serde_yaml::Value::String(key) = key else {
                    return Err("a key is not a string".to_owned());
                };
                object.insert(key, json(entry)?);
            }
            Value::Object(object)
        }
        serde_yaml::Value::Tagged(tagged) => return Err(format!("the tag {} is not supported", tagged.tag)),
    })
}

fn json_number(number: &serde_yaml::Number) -> Result<Number, String> {
    if let Some(number) = number.as_i64() {
        return Ok(number.into());
    }
    if let Some(number) = number.as_u64() {
        return Ok(number.into());
    }
    number.as_f64().and_then(Number::from_f64).ok_or_else(|| format!("{number} is not a JSON number"))
}
