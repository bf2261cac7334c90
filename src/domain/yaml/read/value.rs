//! Typed values of the tree's nodes, as kubectl reads them: aliases resolved, `<<` merged, keys as text.

use serde_json::{Map, Value};

use super::super::refusal::{Reason, YamlRefusal};
use super::parser::MAX_DEPTH;
use super::scalar::as_kubectl;
use super::span_tree::{MappingEntry, NodeIndex, NodeKind, ScalarStyle, SpanTree};

/// The largest weight of a value: nodes, and 16 bytes of text, count one; what aliases refer to counts each time.
pub(crate) const MAX_WEIGHT: usize = 150_000;
/// How deep aliases may nest values.
const MAX_NESTING: usize = 2 * MAX_DEPTH;

/// The value of a scalar with this style and tag.
pub(crate) fn scalar_value(text: &str, style: ScalarStyle, tag: Option<&str>) -> Value {
    match tag {
        Some("tag:yaml.org,2002:str" | "!") => Value::String(text.to_owned()),
        Some("tag:yaml.org,2002:float") => match as_kubectl(text) {
            Value::Number(number) => {
                number.as_f64().and_then(serde_json::Number::from_f64).map_or(Value::Null, Value::Number)
            }
            other => other,
        },
        Some("tag:yaml.org,2002:int" | "tag:yaml.org,2002:bool" | "tag:yaml.org,2002:null") => {
            as_kubectl(text)
        }
        _ if style == ScalarStyle::Plain => as_kubectl(text),
        _ => Value::String(text.to_owned()),
    }
}

/// The value of a node.
pub(crate) fn node_value(tree: &SpanTree<'_>, id: NodeIndex) -> Result<Value, YamlRefusal> {
    ValueReader { tree, budget: MAX_WEIGHT, depth: 0, open: Vec::new() }.value(id)
}

/// Whether the values of all documents can be read; together they are as bounded as one.
pub(crate) fn check_values(tree: &SpanTree<'_>) -> Result<(), YamlRefusal> {
    let mut reader = ValueReader { tree, budget: MAX_WEIGHT, depth: 0, open: Vec::new() };
    tree.documents.iter().try_for_each(|document| reader.value(document.root).map(|_| ()))
}

/// How much a value counts towards [`MAX_WEIGHT`].
pub(crate) fn weight(value: &Value) -> usize {
    1 + match value {
        Value::String(text) => text.len() / 16,
        Value::Array(list) => list.iter().map(weight).sum(),
        Value::Object(map) => map.iter().map(|(key, value)| key.len() / 16 + weight(value)).sum(),
        _ => 0,
    }
}

/// How many levels a value has: 1 for a scalar.
pub(crate) fn depth(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

struct ValueReader<'a, 't> {
    tree: &'a SpanTree<'t>,
    budget: usize,
    /// How many nodes are being read, each inside the one before.
    depth: usize,
    /// Anchors whose nodes are being read: an alias to one of them is a cycle.
    open: Vec<usize>,
}

impl ValueReader<'_, '_> {
    fn value(&mut self, id: NodeIndex) -> Result<Value, YamlRefusal> {
        let node = &self.tree.nodes[id];
        self.spend(id, 1 + self.tree.scalar(id).map_or(0, |text| text.len() / 16))?;
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err(self.refuse(id, Reason::TooManyAliases, "the aliases nest too deep"));
        }
        if let Some(anchor) = &node.anchor {
            self.open.push(anchor.id);
        }
        let value = match &node.kind {
            NodeKind::Scalar { value, style } => {
                scalar_value(value, *style, node.tag.as_ref().map(|tag| tag.name.as_str()))
            }
            NodeKind::Sequence { items, .. } => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.push(self.value(item.node)?);
                }
                Value::Array(list)
            }
            NodeKind::Mapping { entries, .. } => self.mapping(entries)?,
            NodeKind::Alias { anchor } => {
                if self.open.contains(anchor) {
                    return Err(self.refuse(
                        id,
                        Reason::Alias,
                        "the alias refers to a node that contains it",
                    ));
                }
                match self.tree.anchored(*anchor) {
                    Some(target) => self.value(target)?,
                    None => return Err(self.refuse(id, Reason::Alias, "the alias refers to nothing")),
                }
            }
        };
        if node.anchor.is_some() {
            self.open.pop();
        }
        self.depth -= 1;
        Ok(value)
    }

    fn spend(&mut self, id: NodeIndex, cost: usize) -> Result<(), YamlRefusal> {
        match self.budget.checked_sub(cost) {
            Some(rest) => self.budget = rest,
            None => return Err(self.refuse(id, Reason::TooManyAliases, "the aliases expand to too much")),
        }
        Ok(())
    }

    fn mapping(&mut self, entries: &[MappingEntry]) -> Result<Value, YamlRefusal> {
        let mut map = Map::with_capacity(entries.len());
        let mut merged = Vec::new();
        for entry in entries {
            let key = self.tree.key_text(entry.key);
            let value = self.value(entry.value)?;
            if self.tree.is_merge_key(entry.key) {
                self.spend(entry.key, weight(&value))?;
                merged.push(value);
            } else {
                map.insert(key.to_owned(), value);
            }
        }
        merge(&mut map, merged);
        Ok(Value::Object(map))
    }

    fn refuse(&self, id: NodeIndex, code: Reason, message: &str) -> YamlRefusal {
        YamlRefusal::at(self.tree.text, self.tree.nodes[id].span.start, code, message)
    }
}

/// Adds the entries of the values of `<<` whose keys the mapping does not have itself.
pub(crate) fn merge(map: &mut Map<String, Value>, merged: Vec<Value>) {
    for value in merged {
        let sources = match value {
            Value::Array(list) => list,
            other => vec![other],
        };
        for source in sources {
            if let Value::Object(source) = source {
                for (key, value) in source {
                    map.entry(key).or_insert(value);
                }
            }
        }
    }
}
