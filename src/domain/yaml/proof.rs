//! The proof of an edit, by a parser that had no part in it (yaml-rust2) and by RFC 6902 on values (json-patch).
//!
//! The result's events must be those of the text before, with exactly the named nodes exchanged; its typed
//! values those that the operations give; no comment may be lost that stood outside of a removed node.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;
use serde_json::{Map, Value};
use yaml_rust2::Event;
use yaml_rust2::parser::Parser;
use yaml_rust2::scanner::TScalarStyle;

use super::draft::{Slot, Work};
use super::fresh::{Fresh, Text};
use super::scalar::{as_kubectl, is_timestamp, number, plain_fits};
use super::splice::Splice;
use super::tree::{Kind, NodeId, Style, Tree};
use super::value::{MAX_NODES, scalar_value};

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
    "events: an independent parser reads the same nodes, with exactly the named ones exchanged",
    "values: RFC 6902 on the values before gives the values after",
    "bytes: outside the splices nothing changed",
    "comments: none was lost but those of removed nodes",
    "stream: documents, byte order mark, line ends and the final newline are kept",
];

/// What the documents shall be: for each its draft, and a node that holds all its edits with the value it shall have.
pub(super) struct Expected<'a> {
    pub roots: Vec<&'a Work>,
    pub values: Vec<Option<(NodeId, Value)>>,
}

/// Compares the events and values of a text with what they shall be. The error says what differs.
pub(super) fn events<'a>(tree: &'a Tree<'a>, after: &str, expected: &'a Expected<'a>) -> Result<(), String> {
    let mut reader = Reader {
        tree,
        parser: Parser::new_from_str(after),
        anchors: BTreeMap::new(),
        values: BTreeMap::new(),
        budget: MAX_NODES,
        typed: false,
        wanted: None,
    };
    reader.wait_for(&Event::StreamStart)?;
    for (root, value) in expected.roots.iter().zip(&expected.values) {
        reader.wait_for(&Event::DocumentStart)?;
        reader.anchors.clear();
        reader.values.clear();
        reader.wanted = value.as_ref();
        reader.typed = value.is_some() && !tree.aliased.is_empty();
        reader.work(root)?;
        if reader.wanted.is_some() {
            return Err("the place of the edits was not found again".to_owned());
        }
        reader.wait_for(&Event::DocumentEnd)?;
    }
    reader.wait_for(&Event::StreamEnd)
}

struct Reader<'a, 't, 's> {
    tree: &'a Tree<'t>,
    parser: Parser<std::str::Chars<'s>>,
    /// Anchor ids of the text before to those of the text after.
    anchors: BTreeMap<usize, usize>,
    /// The values of anchored nodes, by the ids of the text after.
    values: BTreeMap<usize, Value>,
    budget: usize,
    /// Whether values are built.
    typed: bool,
    /// The value that a node shall have, until it was compared.
    wanted: Option<&'a (NodeId, Value)>,
}

impl Reader<'_, '_, '_> {
    fn next(&mut self) -> Result<Event, String> {
        self.parser
            .next_token()
            .map(|(event, _)| event)
            .map_err(|error| format!("the result does not parse: {error}"))
    }

    fn wait_for(&mut self, event: &Event) -> Result<(), String> {
        let found = self.next()?;
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
            Err("the values are not those that the operations give".to_owned())
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
                let (found, found_style, tag) = self.scalar(self.anchor_of(id), id_tag(tree, id))?;
                if found != **value || found_style != *style {
                    return Err(differs(value, &found));
                }
                self.remember(id, || scalar_value(&found, found_style, tag.as_deref()))
            }
            Kind::Sequence { items, .. } => {
                let after = self.start(id, true, true)?;
                let mut list = Vec::new();
                for item in items {
                    let value = self.kept(item.node)?;
                    if self.typed {
                        list.push(value);
                    }
                }
                self.wait_for(&Event::SequenceEnd)?;
                self.keep(after, Value::Array(list))
            }
            Kind::Mapping { entries, .. } => {
                let after = self.start(id, false, true)?;
                let mut map = MapReader::default();
                for entry in entries {
                    self.kept(entry.key)?;
                    let value = self.kept(entry.value)?;
                    if self.typed {
                        map.add(tree.key_text(entry.key), tree.is_merge_key(entry.key), value);
                    }
                }
                self.wait_for(&Event::MappingEnd)?;
                self.keep(after, map.finish())
            }
            Kind::Alias { anchor } => {
                let wanted = self.anchors.get(anchor).copied();
                match self.next()? {
                    Event::Alias(found) if Some(found) == wanted => {
                        let value = self.values.get(&found).cloned().unwrap_or(Value::Null);
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
        let something_stays = alive.iter().any(|slot| slot.origin.is_some());
        let after = self.start(node, is_list, something_stays)?;
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
        self.wait_for(if is_list { &Event::SequenceEnd } else { &Event::MappingEnd })?;
        self.keep(after, if is_list { Value::Array(list) } else { map.finish() })
    }

    fn fresh(&mut self, fresh: &Fresh, anchor: Option<usize>) -> Result<Value, String> {
        let value = match fresh {
            Fresh::List(list) => {
                let after = self.start_fresh(true, anchor)?;
                let values = list.iter().map(|item| self.fresh(item, None)).collect::<Result<_, _>>()?;
                self.wait_for(&Event::SequenceEnd)?;
                return self.keep(after, Value::Array(values));
            }
            Fresh::Map(entries) => {
                let after = self.start_fresh(false, anchor)?;
                let mut map = Map::new();
                for (key, value) in entries {
                    let found = self.text(key, None)?;
                    self.check_text(key, &found)?;
                    map.insert(found.0, self.fresh(value, None)?);
                }
                self.wait_for(&Event::MappingEnd)?;
                return self.keep(after, Value::Object(map));
            }
            Fresh::Text(text) => {
                let found = self.text(text, anchor)?;
                self.check_text(text, &found)?;
                scalar_value(&found.0, found.1, None)
            }
            Fresh::Null | Fresh::Bool(_) | Fresh::Number(_) => {
                let (found, style, _) = self.scalar(anchor, None)?;
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
        if let Some(after) = anchor.and_then(|anchor| self.anchors.get(&anchor)) {
            self.values.insert(*after, value.clone());
        }
        Ok(value)
    }

    fn text(&mut self, text: &Text, anchor: Option<usize>) -> Result<(String, Style), String> {
        let (found, style, _) = self.scalar(anchor, None)?;
        if found == text.text { Ok((found, style)) } else { Err(differs(&text.text, &found)) }
    }

    /// A new string may stand plain only where all readers take it for one; a copied scalar as its source stands.
    fn check_text(&self, text: &Text, (found, style): &(String, Style)) -> Result<(), String> {
        let source = text.source.and_then(|id| self.tree.nodes[id].style());
        let quoted = |style| style != Style::Plain;
        let fits = match source {
            Some(source) => quoted(source) == quoted(*style) || (quoted(source) && plain_fits(found, false)),
            None => quoted(*style) || plain_fits(found, false) || is_timestamp(found),
        };
        if fits { Ok(()) } else { Err(format!("`{found}` would not be read as a string everywhere")) }
    }

    /// The next event, which must be a scalar with this anchor and tag.
    fn scalar(
        &mut self,
        anchor: Option<usize>,
        tag: Option<&str>,
    ) -> Result<(String, Style, Option<String>), String> {
        match self.next()? {
            Event::Scalar(text, style, found, found_tag) => {
                let found_tag = found_tag.map(|tag| format!("{}{}", tag.handle, tag.suffix));
                self.check_properties(anchor, found, tag, found_tag.as_deref())?;
                let style = match style {
                    TScalarStyle::Plain => Style::Plain,
                    TScalarStyle::SingleQuoted => Style::Single,
                    TScalarStyle::DoubleQuoted => Style::Double,
                    TScalarStyle::Literal => Style::Literal,
                    TScalarStyle::Folded => Style::Folded,
                };
                Ok((text, style, found_tag))
            }
            found => Err(format!("expected a scalar, found {found:?}")),
        }
    }

    /// The start of a collection of the tree; its tag stays where something of it stays.
    fn start(&mut self, id: NodeId, list: bool, with_tag: bool) -> Result<usize, String> {
        let tag = if with_tag { id_tag(self.tree, id) } else { None };
        self.collection(list, self.anchor_of(id), tag)
    }

    fn start_fresh(&mut self, list: bool, anchor: Option<usize>) -> Result<usize, String> {
        self.collection(list, anchor, None)
    }

    fn collection(&mut self, list: bool, anchor: Option<usize>, tag: Option<&str>) -> Result<usize, String> {
        let (found, found_tag) = match self.next()? {
            Event::SequenceStart(found, tag) if list => (found, tag),
            Event::MappingStart(found, tag) if !list => (found, tag),
            found => return Err(format!("expected a collection, found {found:?}")),
        };
        let found_tag = found_tag.map(|tag| format!("{}{}", tag.handle, tag.suffix));
        self.check_properties(anchor, found, tag, found_tag.as_deref())?;
        Ok(found)
    }

    fn check_properties(
        &mut self,
        anchor: Option<usize>,
        found: usize,
        tag: Option<&str>,
        found_tag: Option<&str>,
    ) -> Result<(), String> {
        if anchor.is_some() != (found != 0) {
            return Err("an anchor appeared or disappeared".to_owned());
        }
        if tag != found_tag {
            return Err(format!("the tag was {tag:?} and is {found_tag:?}"));
        }
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, found);
        }
        Ok(())
    }

    fn anchor_of(&self, id: NodeId) -> Option<usize> {
        self.tree.nodes[id].anchor.as_ref().map(|anchor| anchor.id)
    }

    fn remember(&mut self, id: NodeId, value: impl FnOnce() -> Value) -> Result<Value, String> {
        if !self.typed {
            return Ok(Value::Null);
        }
        let value = value();
        if let Some(after) = self.anchor_of(id).and_then(|anchor| self.anchors.get(&anchor)) {
            self.values.insert(*after, value.clone());
        }
        Ok(value)
    }

    fn keep(&mut self, after: usize, value: Value) -> Result<Value, String> {
        if after != 0 && self.typed {
            self.values.insert(after, value.clone());
        }
        Ok(value)
    }

    fn spend(&mut self, value: &Value) -> Result<(), String> {
        fn size(value: &Value) -> usize {
            1 + match value {
                Value::String(text) => text.len() / 16,
                Value::Array(list) => list.iter().map(size).sum(),
                Value::Object(map) => map.values().map(size).sum(),
                _ => 0,
            }
        }
        match self.budget.checked_sub(size(value)) {
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

/// Comments in what was taken away must have belonged to removed or replaced nodes.
pub(super) fn comments(
    tree: &Tree<'_>,
    splices: &[Splice],
    removable: &[Range<usize>],
) -> Result<(), String> {
    for (range, _) in splices {
        for comment in tree.comments_in(range.clone()) {
            if !removable.iter().any(|span| span.start <= comment.start && comment.start < span.end) {
                return Err(format!("the comment `{}` would be lost", &tree.text[comment.clone()]));
            }
        }
        let cut =
            tree.comments.iter().find(|comment| comment.start < range.start && range.start < comment.end);
        if let Some(comment) = cut {
            return Err(format!("the comment `{}` would change", &tree.text[comment.clone()]));
        }
    }
    Ok(())
}

fn id_tag<'a>(tree: &'a Tree<'_>, id: NodeId) -> Option<&'a str> {
    tree.nodes[id].tag.as_ref().map(|tag| tag.name.as_str())
}

fn differs(wanted: &str, found: &str) -> String {
    let short = |text: &str| text.chars().take(60).collect::<String>();
    format!("expected `{}`, found `{}`", short(wanted), short(found))
}
