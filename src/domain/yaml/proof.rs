//! The proof of an edit: two parsers that share no code read the result, RFC 6902 is done on values (json-patch).
//!
//! What each of them reads must be the nodes of the text before, with exactly the named ones exchanged; the typed
//! values those that the operations give; every comment outside of removed nodes must still be the same comment.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;
use serde_json::{Map, Value};

use super::draft::{Slot, Work};
use super::events::{Events, Independent, Properties, Seen, Walk, readable};
use super::fresh::{Fresh, Text};
use super::scalar::{as_kubectl, is_timestamp, number, plain_fits};
use super::tree::{Kind, NodeId, Style, Tree};
use super::value::{MAX_WEIGHT, scalar_value, weight};

/// What was changed and what was checked. A value of this type exists only where all checks held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The byte ranges of the text before that were exchanged, in order, with what stands there now.
    pub splices: Vec<(Range<usize>, String)>,
    /// The checks that ran and held.
    pub checks: &'static [&'static str],
}

/// The checks of every proof.
pub(super) const CHECKS: &[&str] = &[
    "events: two independent parsers read the same nodes, with exactly the targeted ones replaced",
    "values: RFC 6902 applied to the old values gives the new values",
    "bytes: nothing changed outside the splices",
    "comments: only those of removed nodes were lost, and none appeared",
    "stream: documents, byte order mark, line ends and the final newline are kept",
];

/// What the documents shall be: for each its draft, and a node that holds all its edits with the value it shall have.
pub(super) struct Expected<'a> {
    pub roots: Vec<&'a Work>,
    pub values: Vec<Option<(NodeId, Value)>>,
}

/// Compares what two parsers read in the result with what it shall be. The error says what differs.
pub(super) fn events<'a>(
    tree: &'a Tree<'a>,
    after: &Tree<'_>,
    expected: &'a Expected<'a>,
) -> Result<(), String> {
    read(tree, Walk::new(after), expected)?;
    read(tree, Independent::new(&readable(after), after), expected)
}

fn read<'a, 'e>(
    tree: &'a Tree<'a>,
    events: impl Events<'e>,
    expected: &'a Expected<'a>,
) -> Result<(), String> {
    let mut reader = Reader {
        tree,
        events,
        anchors: BTreeMap::new(),
        values: BTreeMap::new(),
        budget: MAX_WEIGHT,
        typed: false,
        wanted: None,
    };
    for (root, value) in expected.roots.iter().zip(&expected.values) {
        reader.wait_for(&Seen::DocumentStart)?;
        reader.anchors.clear();
        reader.values.clear();
        reader.wanted = value.as_ref();
        reader.typed = value.is_some() && !tree.aliased.is_empty();
        reader.work(root)?;
        if reader.wanted.is_some() {
            return Err("the edited place was not found again".to_owned());
        }
        reader.wait_for(&Seen::DocumentEnd)?;
    }
    reader.wait_for(&Seen::StreamEnd)
}

struct Reader<'a, 't, E> {
    tree: &'a Tree<'t>,
    events: E,
    /// Anchor ids of the text before to those of the text after.
    anchors: BTreeMap<usize, usize>,
    /// The values of nodes that aliases refer to, by the ids of the text before.
    values: BTreeMap<usize, Value>,
    budget: usize,
    /// Whether values are built.
    typed: bool,
    /// The value that a node shall have, until it was compared.
    wanted: Option<&'a (NodeId, Value)>,
}

impl<'e, E: Events<'e>> Reader<'_, '_, E> {
    fn wait_for(&mut self, event: &Seen<'_>) -> Result<(), String> {
        let found = self.events.next()?;
        if found == *event { Ok(()) } else { Err(format!("expected {event:?}, found {found:?}")) }
    }

    fn work(&mut self, work: &Work) -> Result<Value, String> {
        let Some((_, wanted)) = self.wanted.filter(|(node, _)| work.place() == Some(*node)) else {
            return self.read(work);
        };
        let typed = std::mem::replace(&mut self.typed, true);
        self.wanted = None;
        let found = self.read(work)?;
        self.typed = typed;
        if found == *wanted {
            Ok(found)
        } else {
            Err("the values differ from the result of the operations".to_owned())
        }
    }

    fn read(&mut self, work: &Work) -> Result<Value, String> {
        match work {
            Work::Kept(id) => self.kept(*id),
            Work::New(fresh) => self.fresh(fresh, None),
            Work::Swapped { node, fresh } => {
                let anchor = self.tree.nodes[*node].anchor.as_ref().map(|anchor| anchor.id);
                self.fresh(fresh, anchor)
            }
            Work::Edited { node, slots, .. } => self.edited(*node, slots),
            Work::Gone => Err("a removed node was to be read".to_owned()),
        }
    }

    /// A node of the text before, with all that is below it.
    fn kept(&mut self, id: NodeId) -> Result<Value, String> {
        let tree = self.tree;
        match &tree.nodes[id].kind {
            Kind::Scalar { value, style } => {
                let (found, found_style) = self.scalar(self.anchor_of(id), id_tag(tree, id))?;
                if found != *value || found_style != *style {
                    return Err(differs(value, &found));
                }
                if !self.typed {
                    return Ok(Value::Null);
                }
                self.keep(self.anchor_of(id), scalar_value(&found, found_style, id_tag(tree, id)))
            }
            Kind::Sequence { items, .. } => {
                self.start(id, true)?;
                let mut list = Vec::new();
                for item in items {
                    let value = self.kept(item.node)?;
                    if self.typed {
                        list.push(value);
                    }
                }
                self.wait_for(&Seen::SequenceEnd)?;
                self.keep(self.anchor_of(id), Value::Array(list))
            }
            Kind::Mapping { entries, .. } => {
                self.start(id, false)?;
                let mut map = MapReader::default();
                for entry in entries {
                    self.kept(entry.key)?;
                    let value = self.kept(entry.value)?;
                    if self.typed {
                        map.add(tree.key_text(entry.key), tree.is_merge_key(entry.key), value);
                    }
                }
                self.wait_for(&Seen::MappingEnd)?;
                self.keep(self.anchor_of(id), map.finish())
            }
            Kind::Alias { anchor } => {
                let wanted = self.anchors.get(anchor).copied();
                match self.events.next()? {
                    Seen::Alias(found) if Some(found) == wanted => {
                        let value = self.values.get(anchor).cloned().unwrap_or_default();
                        self.spend(&value)?;
                        Ok(value)
                    }
                    found => Err(format!("expected an alias, found {found:?}")),
                }
            }
        }
    }

    fn edited(&mut self, node: NodeId, slots: &[Slot]) -> Result<Value, String> {
        let is_list = matches!(self.tree.nodes[node].kind, Kind::Sequence { .. });
        let alive: Vec<&Slot> = slots.iter().filter(|slot| !matches!(slot.work, Work::Gone)).collect();
        self.start(node, is_list)?;
        let mut list = Vec::new();
        let mut map = MapReader::default();
        for slot in alive {
            let mut merge = false;
            if let Some(key) = &slot.key {
                match (slot.origin, key.source) {
                    (Some(_), Some(source)) => {
                        self.kept(source)?;
                        merge = self.tree.is_merge_key(source);
                    }
                    _ => {
                        let found = self.text(key, None)?;
                        self.check_text(key, &found)?;
                    }
                }
            }
            let value = self.work(&slot.work)?;
            match &slot.key {
                _ if !self.typed => {}
                Some(key) => map.add(&key.text, merge, value),
                None => list.push(value),
            }
        }
        self.wait_for(if is_list { &Seen::SequenceEnd } else { &Seen::MappingEnd })?;
        self.keep(self.anchor_of(node), if is_list { Value::Array(list) } else { map.finish() })
    }

    fn fresh(&mut self, fresh: &Fresh, anchor: Option<usize>) -> Result<Value, String> {
        let value = match fresh {
            Fresh::List(list) => {
                self.collection(true, anchor, None)?;
                let values = list.iter().map(|item| self.fresh(item, None)).collect::<Result<_, _>>()?;
                self.wait_for(&Seen::SequenceEnd)?;
                return self.keep(anchor, Value::Array(values));
            }
            Fresh::Map(entries) => {
                self.collection(false, anchor, None)?;
                let mut map = Map::new();
                for (key, value) in entries {
                    let found = self.text(key, None)?;
                    self.check_text(key, &found)?;
                    map.insert(found.0.into_owned(), self.fresh(value, None)?);
                }
                self.wait_for(&Seen::MappingEnd)?;
                return self.keep(anchor, Value::Object(map));
            }
            Fresh::Text(text) => {
                let found = self.text(text, anchor)?;
                self.check_text(text, &found)?;
                scalar_value(&found.0, found.1, None)
            }
            Fresh::Null | Fresh::Bool(_) | Fresh::Number(_) => {
                let (found, style) = self.scalar(anchor, None)?;
                let wanted = match fresh {
                    Fresh::Bool(value) => value.to_string(),
                    Fresh::Number(value) => number(value),
                    _ => "null".to_owned(),
                };
                if found != wanted || style != Style::Plain {
                    return Err(differs(&wanted, &found));
                }
                as_kubectl(&found)
            }
        };
        self.keep(anchor, value)
    }

    fn text(&mut self, text: &Text, anchor: Option<usize>) -> Result<(Cow<'e, str>, Style), String> {
        let (found, style) = self.scalar(anchor, None)?;
        if found == text.text { Ok((found, style)) } else { Err(differs(&text.text, &found)) }
    }

    /// A new string may stand plain only where all readers take it for one; a copied scalar as its source stands.
    fn check_text(&self, text: &Text, (found, style): &(Cow<'_, str>, Style)) -> Result<(), String> {
        let source = text.source.and_then(|id| self.tree.nodes[id].style());
        let quoted = |style| style != Style::Plain;
        let fits = match source {
            Some(source) => quoted(source) == quoted(*style) || (quoted(source) && plain_fits(found, false)),
            None => quoted(*style) || plain_fits(found, false) || is_timestamp(found),
        };
        if fits { Ok(()) } else { Err(format!("`{found}` would not be read as a string everywhere")) }
    }

    /// The next event, which must be a scalar with this anchor and tag.
    fn scalar(&mut self, anchor: Option<usize>, tag: Option<&str>) -> Result<(Cow<'e, str>, Style), String> {
        match self.events.next()? {
            Seen::Scalar { text, style, properties } => {
                self.check_properties(anchor, tag, &properties)?;
                Ok((text, style))
            }
            found => Err(format!("expected a scalar, found {found:?}")),
        }
    }

    /// The start of a collection of the tree.
    fn start(&mut self, id: NodeId, list: bool) -> Result<(), String> {
        self.collection(list, self.anchor_of(id), id_tag(self.tree, id))
    }

    fn collection(&mut self, list: bool, anchor: Option<usize>, tag: Option<&str>) -> Result<(), String> {
        let properties = match self.events.next()? {
            Seen::SequenceStart(properties) if list => properties,
            Seen::MappingStart(properties) if !list => properties,
            found => return Err(format!("expected a collection, found {found:?}")),
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

    fn anchor_of(&self, id: NodeId) -> Option<usize> {
        self.tree.nodes[id].anchor.as_ref().map(|anchor| anchor.id)
    }

    /// Notes the value of a node for the aliases that refer to it.
    fn keep(&mut self, anchor: Option<usize>, value: Value) -> Result<Value, String> {
        if let Some(anchor) = anchor.filter(|anchor| self.typed && self.tree.aliased.contains(anchor)) {
            self.spend(&value)?;
            self.values.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn spend(&mut self, value: &Value) -> Result<(), String> {
        match self.budget.checked_sub(weight(value)) {
            Some(rest) => self.budget = rest,
            None => return Err("the aliases expand to too much".to_owned()),
        }
        Ok(())
    }
}

/// A mapping that is being read, with what `<<` brings.
#[derive(Default)]
struct MapReader {
    map: Map<String, Value>,
    merged: Vec<Value>,
}

impl MapReader {
    fn add(&mut self, key: &str, merge: bool, value: Value) {
        if merge {
            self.merged.push(value);
        } else {
            self.map.insert(key.to_owned(), value);
        }
    }

    fn finish(mut self) -> Value {
        super::value::merge(&mut self.map, self.merged);
        Value::Object(self.map)
    }
}

fn id_tag<'a>(tree: &'a Tree<'_>, id: NodeId) -> Option<&'a str> {
    tree.nodes[id].tag.as_ref().map(|tag| tag.name.as_str())
}

fn differs(wanted: &str, found: &str) -> String {
    let short = |text: &str| text.chars().take(60).collect::<String>();
    format!("expected `{}`, found `{}`", short(wanted), short(found))
}
