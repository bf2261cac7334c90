//! Compares the events of the result with the nodes that it should have.
//!
//! Each node must be that of the text before, with exactly the named ones exchanged, and the values must be those that
//! the operations give.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::edit_tree::new_node::{NewNode, NewText};
use super::super::edit_tree::node::{EditEntry, EditNode};
use super::super::read::scalar::{as_kubectl, is_timestamp, number_text, plain_fits};
use super::super::read::span_tree::{NodeIndex, NodeKind, ScalarStyle, SpanTree};
use super::super::read::value::{MAX_WEIGHT, merge, scalar_value, weight};
use super::events::{EventSource, NodeEvent, Properties};
use super::values::ExpectedValue;

/// A document as it should be.
pub(super) struct ExpectedDocument<'a> {
    pub root: &'a EditNode,
    /// `None` if no operation names the document.
    pub value: Option<ExpectedValue>,
}

/// Compares the events of a text with the documents that it should have; `tree` is that of the text before.
///
/// # Errors
/// A message that says what differs.
pub(super) fn compare<'e>(
    tree: &SpanTree<'_>,
    events: impl EventSource<'e>,
    expected: &[ExpectedDocument<'_>],
) -> Result<(), String> {
    let mut comparison = Comparison {
        tree,
        events,
        anchors: BTreeMap::new(),
        values: BTreeMap::new(),
        room: MAX_WEIGHT,
        typed: false,
        wanted: None,
    };
    for document in expected {
        comparison.document(document)?;
    }
    comparison.expect(&NodeEvent::StreamEnd)
}

/// A comparison in progress.
struct Comparison<'a, 't, E> {
    tree: &'a SpanTree<'t>,
    events: E,
    /// The anchors of the text before, with their numbers in the result.
    anchors: BTreeMap<usize, usize>,
    /// The values of the nodes that aliases refer to, by the anchors of the text before.
    values: BTreeMap<usize, Value>,
    /// How much the values of aliases may still add, as a weight.
    room: usize,
    /// Whether values are built.
    typed: bool,
    /// The value that a node should have, until it was compared.
    wanted: Option<&'a ExpectedValue>,
}

/// A kind of collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Collection {
    Sequence,
    Mapping,
}

impl<'a, 'e, E: EventSource<'e>> Comparison<'a, '_, E> {
    fn document(&mut self, document: &'a ExpectedDocument<'_>) -> Result<(), String> {
        self.expect(&NodeEvent::DocumentStart)?;
        self.anchors.clear();
        self.values.clear();
        self.wanted = document.value.as_ref();
        self.typed = document.value.is_some() && !self.tree.aliased.is_empty();
        self.node(document.root)?;
        if self.wanted.is_some() {
            return Err("the edited place was not found again".to_owned());
        }
        self.expect(&NodeEvent::DocumentEnd)
    }

    /// A node of the edit tree. Gives its value, if values are built.
    fn node(&mut self, node: &EditNode) -> Result<Value, String> {
        let Some(wanted) = self.wanted.filter(|wanted| node.source() == Some(wanted.node)) else {
            return self.content(node);
        };
        let typed = std::mem::replace(&mut self.typed, true);
        self.wanted = None;
        let found = self.content(node)?;
        self.typed = typed;
        if found == wanted.value {
            Ok(found)
        } else {
            Err("the values differ from the result of the operations".to_owned())
        }
    }

    fn content(&mut self, node: &EditNode) -> Result<Value, String> {
        match node {
            EditNode::Kept(source) => self.kept(*source),
            EditNode::New(value) => self.new_value(value, None),
            EditNode::Replaced { source, value } => self.new_value(value, self.anchor_of(*source)),
            EditNode::Edited { source, entries, .. } => self.edited(*source, entries),
            EditNode::Removed => Err("a removed node was to be read".to_owned()),
        }
    }

    /// A node of the text before, with everything below it.
    fn kept(&mut self, id: NodeIndex) -> Result<Value, String> {
        match &self.tree.nodes[id].kind {
            NodeKind::Scalar { value, style } => self.kept_scalar(id, value, *style),
            NodeKind::Sequence { items, .. } => {
                self.start_of(id, Collection::Sequence)?;
                let mut list = Vec::new();
                for item in items {
                    let value = self.kept(item.node)?;
                    if self.typed {
                        list.push(value);
                    }
                }
                self.expect(&NodeEvent::SequenceEnd)?;
                self.keep(self.anchor_of(id), Value::Array(list))
            }
            NodeKind::Mapping { entries, .. } => {
                self.start_of(id, Collection::Mapping)?;
                let mut map = MergingMap::default();
                for entry in entries {
                    self.kept(entry.key)?;
                    let value = self.kept(entry.value)?;
                    if self.typed {
                        map.add(self.tree, entry.key, self.tree.key_text(entry.key), value);
                    }
                }
                self.expect(&NodeEvent::MappingEnd)?;
                self.keep(self.anchor_of(id), map.finish())
            }
            NodeKind::Alias { anchor } => self.alias(*anchor),
        }
    }

    fn kept_scalar(&mut self, id: NodeIndex, value: &str, style: ScalarStyle) -> Result<Value, String> {
        let (found, found_style) = self.scalar(self.anchor_of(id), tag_of(self.tree, id))?;
        if found != value || found_style != style {
            return Err(differs(value, &found));
        }
        if !self.typed {
            return Ok(Value::Null);
        }
        self.keep(self.anchor_of(id), scalar_value(&found, found_style, tag_of(self.tree, id)))
    }

    fn alias(&mut self, anchor: usize) -> Result<Value, String> {
        let wanted = self.anchors.get(&anchor).copied();
        match self.events.next()? {
            NodeEvent::Alias(found) if Some(found) == wanted => {
                let value = self.values.get(&anchor).cloned().unwrap_or_default();
                self.spend(&value)?;
                Ok(value)
            }
            found => Err(format!("expected an alias, found {found:?}")),
        }
    }

    /// A collection with changed entries.
    fn edited(&mut self, source: NodeIndex, entries: &[EditEntry]) -> Result<Value, String> {
        let entries = entries.iter().filter(|entry| !entry.is_removed());
        if let NodeKind::Sequence { .. } = self.tree.nodes[source].kind {
            self.start_of(source, Collection::Sequence)?;
            let mut list = Vec::new();
            for entry in entries {
                let value = self.node(&entry.node)?;
                if self.typed {
                    list.push(value);
                }
            }
            self.expect(&NodeEvent::SequenceEnd)?;
            return self.keep(self.anchor_of(source), Value::Array(list));
        }
        self.start_of(source, Collection::Mapping)?;
        let mut map = MergingMap::default();
        for entry in entries {
            // OK because only items have no key.
            let Some(key) = &entry.key else { continue };
            let kept_key = key.source.filter(|_| entry.origin.is_some());
            match kept_key {
                Some(source) => {
                    self.kept(source)?;
                }
                None => {
                    self.text(key, None)?;
                }
            }
            let value = self.node(&entry.node)?;
            match kept_key {
                _ if !self.typed => {}
                Some(source) => map.add(self.tree, source, &key.text, value),
                None => map.insert(&key.text, value),
            }
        }
        self.expect(&NodeEvent::MappingEnd)?;
        self.keep(self.anchor_of(source), map.finish())
    }

    /// A new value, which may have the anchor of the node that it replaces.
    fn new_value(&mut self, new: &NewNode, anchor: Option<usize>) -> Result<Value, String> {
        let value = match new {
            NewNode::Sequence(items) => {
                self.start(Collection::Sequence, anchor, None)?;
                let items = items.iter().map(|item| self.new_value(item, None)).collect::<Result<_, _>>()?;
                self.expect(&NodeEvent::SequenceEnd)?;
                Value::Array(items)
            }
            NewNode::Mapping(entries) => {
                self.start(Collection::Mapping, anchor, None)?;
                let mut map = Map::new();
                for (key, value) in entries {
                    let (found, _) = self.text(key, None)?;
                    map.insert(found.into_owned(), self.new_value(value, None)?);
                }
                self.expect(&NodeEvent::MappingEnd)?;
                Value::Object(map)
            }
            NewNode::Text(text) => {
                let (found, style) = self.text(text, anchor)?;
                scalar_value(&found, style, None)
            }
            NewNode::Null => self.plain("null", anchor)?,
            NewNode::Bool(value) => self.plain(&value.to_string(), anchor)?,
            NewNode::Number(value) => self.plain(&number_text(value), anchor)?,
        };
        self.keep(anchor, value)
    }

    /// A plain scalar that is not a string.
    fn plain(&mut self, wanted: &str, anchor: Option<usize>) -> Result<Value, String> {
        let (found, style) = self.scalar(anchor, None)?;
        if found != wanted || style != ScalarStyle::Plain {
            return Err(differs(wanted, &found));
        }
        Ok(as_kubectl(&found))
    }

    /// A new string, plain only where every reader takes it for one, or a copied scalar, plain only if its source is.
    fn text(&mut self, text: &NewText, anchor: Option<usize>) -> Result<(Cow<'e, str>, ScalarStyle), String> {
        let (found, style) = self.scalar(anchor, None)?;
        if found != text.text {
            return Err(differs(&text.text, &found));
        }
        let is_quoted = |style| style != ScalarStyle::Plain;
        let fits = match text.source.and_then(|id| self.tree.nodes[id].style()) {
            Some(source) => {
                is_quoted(source) == is_quoted(style) || (is_quoted(source) && plain_fits(&found, false))
            }
            None => is_quoted(style) || plain_fits(&found, false) || is_timestamp(&found),
        };
        if fits {
            Ok((found, style))
        } else {
            Err(format!("`{found}` would not be read as a string everywhere"))
        }
    }

    /// The next event, which must be this one.
    fn expect(&mut self, event: &NodeEvent<'_>) -> Result<(), String> {
        let found = self.events.next()?;
        if found == *event { Ok(()) } else { Err(format!("expected {event:?}, found {found:?}")) }
    }

    /// The next event, which must be a scalar with this anchor and tag.
    fn scalar(
        &mut self,
        anchor: Option<usize>,
        tag: Option<&str>,
    ) -> Result<(Cow<'e, str>, ScalarStyle), String> {
        match self.events.next()? {
            NodeEvent::Scalar { text, style, properties } => {
                self.check_properties(anchor, tag, &properties)?;
                Ok((text, style))
            }
            found => Err(format!("expected a scalar, found {found:?}")),
        }
    }

    /// The start of a collection of the text before.
    fn start_of(&mut self, id: NodeIndex, kind: Collection) -> Result<(), String> {
        self.start(kind, self.anchor_of(id), tag_of(self.tree, id))
    }

    /// The next event, which must be the start of a collection with this anchor and tag.
    fn start(&mut self, kind: Collection, anchor: Option<usize>, tag: Option<&str>) -> Result<(), String> {
        let properties = match (self.events.next()?, kind) {
            (NodeEvent::SequenceStart(properties), Collection::Sequence) => properties,
            (NodeEvent::MappingStart(properties), Collection::Mapping) => properties,
            (found, _) => return Err(format!("expected a collection, found {found:?}")),
        };
        self.check_properties(anchor, tag, &properties)
    }

    fn check_properties(
        &mut self,
        anchor: Option<usize>,
        tag: Option<&str>,
        found: &Properties<'_>,
    ) -> Result<(), String> {
        if anchor.is_some() != (found.anchor != 0) {
            return Err("an anchor appeared or disappeared".to_owned());
        }
        if tag != found.tag.as_deref() {
            return Err(format!("the tag was {tag:?} and is {:?}", found.tag));
        }
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, found.anchor);
        }
        Ok(())
    }

    fn anchor_of(&self, id: NodeIndex) -> Option<usize> {
        self.tree.nodes[id].anchor.as_ref().map(|anchor| anchor.id)
    }

    /// Keeps the value of a node for the aliases that refer to it.
    fn keep(&mut self, anchor: Option<usize>, value: Value) -> Result<Value, String> {
        if let Some(anchor) = anchor.filter(|anchor| self.typed && self.tree.aliased.contains(anchor)) {
            self.spend(&value)?;
            self.values.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn spend(&mut self, value: &Value) -> Result<(), String> {
        match self.room.checked_sub(weight(value)) {
            Some(rest) => self.room = rest,
            None => return Err("the aliases expand to too much".to_owned()),
        }
        Ok(())
    }
}

/// A mapping that is being read, with the values of `<<`.
#[derive(Default)]
struct MergingMap {
    map: Map<String, Value>,
    merged: Vec<Value>,
}

impl MergingMap {
    /// Adds an entry of the text before; `key` is the node of its key.
    fn add(&mut self, tree: &SpanTree<'_>, key: NodeIndex, name: &str, value: Value) {
        if tree.is_merge_key(key) {
            self.merged.push(value);
        } else {
            self.insert(name, value);
        }
    }

    fn insert(&mut self, name: &str, value: Value) {
        self.map.insert(name.to_owned(), value);
    }

    fn finish(mut self) -> Value {
        merge(&mut self.map, self.merged);
        Value::Object(self.map)
    }
}

fn tag_of<'a>(tree: &'a SpanTree<'_>, id: NodeIndex) -> Option<&'a str> {
    tree.nodes[id].tag.as_ref().map(|tag| tag.name.as_str())
}

fn differs(wanted: &str, found: &str) -> String {
    let short = |text: &str| text.chars().take(60).collect::<String>();
    format!("expected `{}`, found `{}`", short(wanted), short(found))
}
