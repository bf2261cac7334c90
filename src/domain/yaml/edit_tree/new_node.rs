//! Values to be written: made from JSON, or copied from the text with their style.

use serde_json::Value;

use super::super::pointer::parse_index;
use super::super::read::span_tree::{MappingEntry, NodeIndex, NodeKind, ScalarStyle, SpanTree};
use super::super::read::value::scalar_value;

/// A value to be written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NewNode {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(NewText),
    Sequence(Vec<NewNode>),
    Mapping(Vec<(NewText, NewNode)>),
}

/// A string to be written, or a copied scalar, which has its style from the node it was copied from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewText {
    pub text: String,
    pub source: Option<NodeIndex>,
}

impl From<String> for NewText {
    fn from(text: String) -> Self {
        Self { text, source: None }
    }
}

impl From<&Value> for NewNode {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(text.clone().into()),
            Value::Array(list) => Self::Sequence(list.iter().map(Self::from).collect()),
            Value::Object(map) => Self::Mapping(
                map.iter().map(|(key, value)| (key.clone().into(), Self::from(value))).collect(),
            ),
        }
    }
}

impl NewNode {
    /// A copy of a node; `None` if it contains an alias, an anchor, a tag or a key that is not a scalar.
    pub(crate) fn copy_of(tree: &SpanTree<'_>, id: NodeIndex) -> Option<Self> {
        let node = &tree.nodes[id];
        if node.anchor.is_some() || node.tag.is_some() {
            return None;
        }
        match &node.kind {
            NodeKind::Scalar { value, style } => Some(match style {
                ScalarStyle::Plain if node.is_empty() => Self::Null,
                _ => Self::Text(NewText { text: value.to_string(), source: Some(id) }),
            }),
            NodeKind::Sequence { items, .. } => items
                .iter()
                .map(|item| Self::copy_of(tree, item.node))
                .collect::<Option<_>>()
                .map(Self::Sequence),
            NodeKind::Mapping { entries, .. } => {
                let copy = |entry: &MappingEntry| {
                    let key = &tree.nodes[entry.key];
                    let plain = key.anchor.is_none() && key.tag.is_none() && !tree.is_merge_key(entry.key);
                    let text = tree.scalar(entry.key).filter(|_| plain)?.to_owned();
                    Some((NewText { text, source: Some(entry.key) }, Self::copy_of(tree, entry.value)?))
                };
                entries.iter().map(copy).collect::<Option<_>>().map(Self::Mapping)
            }
            NodeKind::Alias { .. } => None,
        }
    }

    /// The empty collection to which a key, or for `-` an item, can be added.
    pub(super) fn empty_for(token: &str) -> Self {
        if token == "-" { Self::Sequence(Vec::new()) } else { Self::Mapping(Vec::new()) }
    }

    /// Whether it is `[]` or `{}`.
    pub(crate) fn is_empty_collection(&self) -> bool {
        match self {
            Self::Sequence(list) => list.is_empty(),
            Self::Mapping(map) => map.is_empty(),
            _ => false,
        }
    }

    /// Whether it is a collection with entries.
    pub(crate) fn is_full_collection(&self) -> bool {
        matches!(self, Self::Sequence(_) | Self::Mapping(_)) && !self.is_empty_collection()
    }

    /// The typed value.
    pub(crate) fn value(&self, tree: &SpanTree<'_>) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => text.value(tree),
            Self::Sequence(list) => Value::Array(list.iter().map(|item| item.value(tree)).collect()),
            Self::Mapping(map) => {
                Value::Object(map.iter().map(|(key, value)| (key.text.clone(), value.value(tree))).collect())
            }
        }
    }

    /// The child that a key or an index names.
    pub(crate) fn child(&mut self, token: &str) -> Option<&mut Self> {
        match self {
            Self::Sequence(list) => list.get_mut(parse_index(token)?),
            Self::Mapping(map) => map.iter_mut().find(|(key, _)| key.text == token).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Adds a child as RFC 6902 does.
    ///
    /// # Errors
    /// A message that says why it cannot be added.
    pub(crate) fn add(&mut self, token: &str, child: Self) -> Result<(), String> {
        match self {
            Self::Sequence(list) => {
                let at = if token == "-" { Some(list.len()) } else { parse_index(token) };
                match at.filter(|at| *at <= list.len()) {
                    Some(at) => list.insert(at, child),
                    None => return Err(format!("`{token}` is not an index of the sequence")),
                }
            }
            Self::Mapping(map) => match map.iter_mut().find(|(key, _)| key.text == token) {
                Some((_, value)) => *value = child,
                None => map.push((token.to_owned().into(), child)),
            },
            _ => return Err("the parent is neither a mapping nor a sequence".to_owned()),
        }
        Ok(())
    }

    /// Removes a child; `None` if there is none.
    pub(crate) fn remove(&mut self, token: &str) -> Option<()> {
        match self {
            Self::Sequence(list) => {
                let at = parse_index(token).filter(|at| *at < list.len())?;
                list.remove(at);
            }
            Self::Mapping(map) => {
                let at = map.iter().position(|(key, _)| key.text == token)?;
                map.remove(at);
            }
            _ => return None,
        }
        Some(())
    }
}

impl NewText {
    /// The typed value: a string, or that of the plain scalar that was copied.
    pub(crate) fn value(&self, tree: &SpanTree<'_>) -> Value {
        match self.source.and_then(|id| tree.nodes[id].style()) {
            Some(style) => scalar_value(&self.text, style, None),
            None => Value::String(self.text.clone()),
        }
    }
}
