//! Values that are to be written: made from JSON, or copied from the text with their style.

use serde_json::Value;

use super::slots::index;
use super::tree::{Kind, NodeId, Style, Tree};

/// A value that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fresh {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(Text),
    List(Vec<Fresh>),
    Map(Vec<(Text, Fresh)>),
}

/// A scalar that is to be written; one that was copied keeps the node it comes from, hence its style.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub text: String,
    pub source: Option<NodeId>,
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { text, source: None }
    }
}

impl From<&Value> for Fresh {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(text.clone().into()),
            Value::Array(list) => Self::List(list.iter().map(Self::from).collect()),
            Value::Object(map) => {
                Self::Map(map.iter().map(|(key, value)| (key.clone().into(), Self::from(value))).collect())
            }
        }
    }
}

impl Fresh {
    /// A copy of a node; `None` where it holds an alias, an anchor, a tag or a key that is no scalar.
    pub fn copy_of(tree: &Tree<'_>, id: NodeId) -> Option<Self> {
        let node = &tree.nodes[id];
        if node.anchor.is_some() || node.tag.is_some() {
            return None;
        }
        match &node.kind {
            Kind::Scalar { value, style } => Some(match style {
                Style::Plain if node.is_empty() => Self::Null,
                _ => Self::Text(Text { text: value.to_string(), source: Some(id) }),
            }),
            Kind::Sequence { items, .. } => {
                items.iter().map(|item| Self::copy_of(tree, item.node)).collect::<Option<_>>().map(Self::List)
            }
            Kind::Mapping { entries, .. } => {
                let copy = |entry: &super::tree::Entry| {
                    let key = &tree.nodes[entry.key];
                    let plain = key.anchor.is_none() && key.tag.is_none() && !tree.is_merge_key(entry.key);
                    let text = tree.scalar(entry.key).filter(|_| plain)?.to_owned();
                    Some((Text { text, source: Some(entry.key) }, Self::copy_of(tree, entry.value)?))
                };
                entries.iter().map(copy).collect::<Option<_>>().map(Self::Map)
            }
            Kind::Alias { .. } => None,
        }
    }

    /// Whether it is `[]` or `{}`.
    pub fn is_empty_collection(&self) -> bool {
        match self {
            Self::List(list) => list.is_empty(),
            Self::Map(map) => map.is_empty(),
            _ => false,
        }
    }

    /// Whether it is a collection with something in it.
    pub fn is_full_collection(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_)) && !self.is_empty_collection()
    }

    /// The typed value.
    pub fn value(&self, tree: &Tree<'_>) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => text.value(tree),
            Self::List(list) => Value::Array(list.iter().map(|item| item.value(tree)).collect()),
            Self::Map(map) => {
                Value::Object(map.iter().map(|(key, value)| (key.text.clone(), value.value(tree))).collect())
            }
        }
    }
}

impl Text {
    /// The typed value: a string, or whatever a plain scalar that was copied is.
    pub fn value(&self, tree: &Tree<'_>) -> Value {
        match self.source.and_then(|id| tree.nodes[id].style()) {
            Some(style) => super::value::scalar_value(&self.text, style, None),
            None => Value::String(self.text.clone()),
        }
    }
}

impl Fresh {
    /// The child that a key or an index names.
    pub fn child(&mut self, token: &str) -> Option<&mut Self> {
        match self {
            Self::List(list) => list.get_mut(index(token)?),
            Self::Map(map) => map.iter_mut().find(|(key, _)| key.text == token).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Adds a child as RFC 6902 does. The error says why it cannot be.
    pub fn add(&mut self, token: &str, child: Self) -> Result<(), String> {
        match self {
            Self::List(list) => {
                let at = if token == "-" { Some(list.len()) } else { index(token) };
                match at.filter(|at| *at <= list.len()) {
                    Some(at) => list.insert(at, child),
                    None => return Err(format!("`{token}` is not an index of the sequence")),
                }
            }
            Self::Map(map) => match map.iter_mut().find(|(key, _)| key.text == token) {
                Some((_, value)) => *value = child,
                None => map.push((token.to_owned().into(), child)),
            },
            _ => return Err("the parent is neither a mapping nor a sequence".to_owned()),
        }
        Ok(())
    }

    /// Removes a child; `None` where there is none.
    pub fn remove(&mut self, token: &str) -> Option<()> {
        match self {
            Self::List(list) => {
                let at = index(token).filter(|at| *at < list.len())?;
                list.remove(at);
            }
            Self::Map(map) => {
                let at = map.iter().position(|(key, _)| key.text == token)?;
                map.remove(at);
            }
            _ => return None,
        }
        Some(())
    }
}
