//! The edit tree of one document: finds the place that a path names, and opens the way to it.

use serde_json::Value;

use super::super::operation::Order;
use super::super::pointer::{Pointer, pointer_text};
use super::super::read::locate;
use super::super::read::span_tree::{NodeIndex, SpanTree};
use super::super::read::value::node_value;
use super::super::refusal::{Reason, YamlRefusal};
use super::new_node::NewNode;
use super::node::{EditEntry, EditNode};
use super::{entries, guards, refusals};

/// One document as the operations so far have left it.
pub(super) struct EditTree<'a, 't> {
    pub spans: &'a SpanTree<'t>,
    pub root: EditNode,
    pub order: Order,
}

/// The place that a path names.
pub(super) enum EditTarget<'w> {
    /// A node of the edit tree.
    Node(&'w mut EditNode),
    /// A part of a new value.
    New(&'w mut NewNode),
}

/// What a place is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl<'a, 't> EditTree<'a, 't> {
    pub(super) fn new(spans: &'a SpanTree<'t>, root: NodeIndex, order: Order) -> Self {
        Self { spans, root: EditNode::Kept(root), order }
    }

    /// The pointer as keys and indices. Selectors refer to the text as it is.
    pub(super) fn resolve(&self, pointer: &Pointer) -> Result<Vec<String>, YamlRefusal> {
        // OK because the root always has a source: replacing it leaves its place.
        let root = self.root.source().unwrap_or_default();
        locate::resolve(self.spans, root, pointer)
    }

    /// The place at a path, to be read.
    pub(super) fn read(&mut self, path: &[String]) -> Result<EditTarget<'_>, YamlRefusal> {
        self.descend(path, Access::Read)
    }

    /// The place at a path, to be replaced. No node on the way may be shared by aliases.
    pub(super) fn write(&mut self, path: &[String]) -> Result<EditTarget<'_>, YamlRefusal> {
        self.descend(path, Access::Write)
    }

    /// The place at a path, to change its entries.
    pub(super) fn write_entries(&mut self, path: &[String]) -> Result<EditTarget<'_>, YamlRefusal> {
        let spans = self.spans;
        let target = self.descend(path, Access::Write)?;
        if let EditTarget::Node(node) = &target {
            guards::check_tag(spans, node)?;
        }
        Ok(target)
    }

    fn descend(&mut self, path: &[String], access: Access) -> Result<EditTarget<'_>, YamlRefusal> {
        let (spans, order) = (self.spans, self.order);
        let mut target = EditTarget::Node(&mut self.root);
        for depth in 0..path.len() {
            let here = &path[..=depth];
            target = match target {
                EditTarget::New(value) => child_of_new(spans, value, here)?,
                EditTarget::Node(node) => {
                    if access == Access::Write {
                        guards::check_shared(spans, node)?;
                        guards::check_tag(spans, node)?;
                    }
                    child_of_node(spans, node, order, here)?
                }
            };
        }
        if let (EditTarget::Node(node), Access::Write) = (&target, access) {
            guards::check_shared(spans, node)?;
        }
        Ok(target)
    }

    /// The typed value at a path.
    pub(super) fn value_at(&mut self, path: &[String]) -> Result<Value, YamlRefusal> {
        let spans = self.spans;
        match self.read(path)? {
            EditTarget::New(value) => Ok(value.value(spans)),
            EditTarget::Node(node) => edit_node_value(spans, node),
        }
    }

    /// The content at a path, to be written elsewhere: with its style, where nothing would be lost by that.
    pub(super) fn copy_at(&mut self, path: &[String]) -> Result<(NewNode, Value), YamlRefusal> {
        let value = self.value_at(path)?;
        let spans = self.spans;
        let (copy, has_custom_tag) = match self.read(path)? {
            EditTarget::New(value) => (Some(value.clone()), false),
            EditTarget::Node(node) => {
                let source = node.source();
                if let Some(at) = source.and_then(|id| guards::duplicate_key(spans, id)) {
                    let message = format!("a key appears twice in `{}`", pointer_text(path));
                    return Err(YamlRefusal::at(spans.text, at, Reason::DuplicateKey, message));
                }
                (node.copy(spans), source.is_some_and(|id| guards::has_custom_tag(spans, id)))
            }
        };
        match copy {
            Some(copy) => Ok((copy, value)),
            None if has_custom_tag => {
                let message = format!("`{}` has a tag that would be lost", pointer_text(path));
                Err(self.refuse_at(path, Reason::Unwritable, message))
            }
            None => Ok((NewNode::from(&value), value)),
        }
    }

    /// Refuses to take away a node that aliases elsewhere refer to.
    pub(super) fn check_release(&mut self, path: &[String]) -> Result<(), YamlRefusal> {
        let spans = self.spans;
        if spans.aliased.is_empty() {
            return Ok(());
        }
        let shared = match self.read(path)? {
            EditTarget::Node(node) => node.source().and_then(|id| guards::shared_anchor(spans, id)),
            EditTarget::New(_) => None,
        };
        match shared {
            Some(at) => {
                let message = format!("aliases refer to an anchor in `{}`", pointer_text(path));
                Err(YamlRefusal::at(spans.text, at, Reason::Alias, message))
            }
            None => Ok(()),
        }
    }

    /// The offset of the deepest node on a path that is in the text.
    pub(super) fn offset(&self, path: &[String]) -> usize {
        let mut node = &self.root;
        let mut deepest = node.source();
        let mut inside = deepest;
        for token in path {
            match node {
                EditNode::Edited { entries, .. } => {
                    let by_key = entries.iter().find(|entry| entry.has_key(token));
                    let entry = by_key.or_else(|| entries.get(token.parse::<usize>().ok()?));
                    let Some(entry) = entry else { break };
                    node = &entry.node;
                    inside = node.source();
                }
                EditNode::Kept(_) => inside = inside.and_then(|id| locate::child(self.spans, id, token)),
                _ => break,
            }
            match inside {
                Some(id) => deepest = Some(id),
                None => break,
            }
        }
        deepest.map_or(0, |id| self.spans.nodes[id].span.start)
    }

    /// A refusal at the deepest node on a path that is in the text.
    pub(super) fn refuse_at(&self, path: &[String], code: Reason, message: impl Into<String>) -> YamlRefusal {
        YamlRefusal::at(self.spans.text, self.offset(path), code, message)
    }
}

/// The part of a new value that the last key of `path` names.
fn child_of_new<'w>(
    spans: &SpanTree<'_>,
    value: &'w mut NewNode,
    path: &[String],
) -> Result<EditTarget<'w>, YamlRefusal> {
    let token = path.last().map_or("", String::as_str);
    let child = value.child(token).ok_or_else(|| refusals::not_found(spans, 0, path))?;
    Ok(EditTarget::New(child))
}

/// The child of a node that the last key of `path` names.
fn child_of_node<'w>(
    spans: &SpanTree<'_>,
    node: &'w mut EditNode,
    order: Order,
    path: &[String],
) -> Result<EditTarget<'w>, YamlRefusal> {
    match node {
        EditNode::Replaced { .. } | EditNode::New(_) if order == Order::Simultaneous => {
            Err(refusals::overlap(spans, 0, path))
        }
        EditNode::Replaced { value, .. } | EditNode::New(value) => child_of_new(spans, value, path),
        _ => {
            let at = entries::find(spans, node, order, path)?;
            match node.open(spans) {
                Some(entries) => Ok(EditTarget::Node(&mut entries[at].node)),
                None => Err(refusals::not_found(spans, 0, path)),
            }
        }
    }
}

/// The typed value of a node.
fn edit_node_value(spans: &SpanTree<'_>, node: &EditNode) -> Result<Value, YamlRefusal> {
    match node {
        EditNode::Kept(source) => node_value(spans, *source),
        EditNode::Replaced { value, .. } | EditNode::New(value) => Ok(value.value(spans)),
        EditNode::Removed => Ok(Value::Null),
        EditNode::Edited { entries, .. } if node.is_sequence(spans) => {
            let items = entries.iter().map(|entry| edit_node_value(spans, &entry.node));
            items.collect::<Result<_, _>>().map(Value::Array)
        }
        EditNode::Edited { entries, .. } => {
            let member = |entry: &EditEntry| {
                let key = entry.key.as_ref()?;
                Some(edit_node_value(spans, &entry.node).map(|value| (key.text.clone(), value)))
            };
            entries.iter().filter_map(member).collect::<Result<_, _>>().map(Value::Object)
        }
    }
}
