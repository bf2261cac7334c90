//! Applies operations to the edit tree of one document, and lowers each to RFC 6902 on values.
//!
//! The operations themselves, with examples, are in [`Operation`](super::super::operation::Operation). The method of
//! the same name resolves its pointers; the `…_at` methods do the work on paths of keys and indices.

use serde_json::{Value, json};

use super::super::operation::{KeyPosition, Order};
use super::super::pointer::{Pointer, pointer_text};
use super::super::read::parser::MAX_DEPTH;
use super::super::read::span_tree::{NodeIndex, NodeKind, SpanTree};
use super::super::read::value::{MAX_WEIGHT, depth, weight};
use super::super::refusal::{Reason, YamlRefusal};
use super::lowered::LoweredPatch;
use super::new_node::NewNode;
use super::node::{EditEntry, EditNode};
use super::reconcile::{is_equal, reconcile};
use super::touched::{Touch, TouchedPlaces};
use super::tree::{EditTarget, EditTree};
use super::{entries, guards, refusals};

/// Edits one document.
pub(crate) struct DocumentEditor<'a, 't> {
    tree: EditTree<'a, 't>,
    lowered: LoweredPatch,
    /// How much the operations may still add, as a weight.
    room: usize,
    touched: TouchedPlaces,
}

/// A document as it will be, with the operations that make it so.
pub(crate) struct EditedDocument {
    pub root: EditNode,
    pub lowered: LoweredPatch,
}

/// A value to be added, and where.
struct NewEntry<'p> {
    /// The path of the new entry; not that of the root.
    path: &'p [String],
    /// Where a new key goes among its siblings.
    position: &'p KeyPosition,
    content: NewNode,
}

impl<'p> NewEntry<'p> {
    /// The key, index or `-`.
    fn key(&self) -> &'p str {
        self.path.last().map_or("", String::as_str)
    }

    /// The parent's pointer.
    fn parent(&self) -> String {
        pointer_text(self.path.split_last().map_or(&[], |(_, parent)| parent))
    }
}

/// What an addition does to the entries of its parent.
enum Addition {
    /// A key, or a part of a new value.
    Member,
    /// An item before others, whose indices shift.
    Inserted,
    /// An item after the last one.
    Appended,
    /// Nothing, because the key exists. Gives back the value.
    KeyExists(NewNode),
}

impl<'a, 't> DocumentEditor<'a, 't> {
    pub(crate) fn new(spans: &'a SpanTree<'t>, root: NodeIndex, order: Order) -> Self {
        Self {
            tree: EditTree::new(spans, root, order),
            lowered: LoweredPatch::new(order),
            room: MAX_WEIGHT,
            touched: TouchedPlaces::default(),
        }
    }

    pub(crate) fn finish(self) -> EditedDocument {
        EditedDocument { root: self.tree.root, lowered: self.lowered }
    }

    pub(crate) fn add(
        &mut self,
        pointer: &Pointer,
        value: &Value,
        position: &KeyPosition,
    ) -> Result<(), YamlRefusal> {
        let path = self.tree.resolve(pointer)?;
        self.add_at(&path, NewNode::from(value), value.clone(), position)
    }

    pub(crate) fn remove(&mut self, pointer: &Pointer) -> Result<(), YamlRefusal> {
        let path = self.tree.resolve(pointer)?;
        self.remove_at(&path)
    }

    pub(crate) fn replace(&mut self, pointer: &Pointer, value: &Value) -> Result<(), YamlRefusal> {
        let path = self.tree.resolve(pointer)?;
        self.replace_at(&path, NewNode::from(value), value.clone())
    }

    pub(crate) fn move_node(&mut self, from: &Pointer, pointer: &Pointer) -> Result<(), YamlRefusal> {
        let (from, path) = (self.tree.resolve(from)?, self.tree.resolve(pointer)?);
        if from != path && path.starts_with(&from) {
            return Err(self.tree.refuse_at(&[], Reason::WrongType, "a node cannot be moved into itself"));
        }
        let (copy, value) = self.tree.copy_at(&from)?;
        if from == path {
            return Ok(());
        }
        self.remove_at(&from)?;
        self.add_at(&path, copy, value, &KeyPosition::Last)
    }

    pub(crate) fn copy(&mut self, from: &Pointer, pointer: &Pointer) -> Result<(), YamlRefusal> {
        let (from, path) = (self.tree.resolve(from)?, self.tree.resolve(pointer)?);
        let (copy, value) = self.tree.copy_at(&from)?;
        self.add_at(&path, copy, value, &KeyPosition::Last)
    }

    pub(crate) fn test(&mut self, pointer: &Pointer, value: &Value) -> Result<(), YamlRefusal> {
        let path = self.tree.resolve(pointer)?;
        let found = self.tree.value_at(&path)?;
        if is_equal(&found, value) {
            return Ok(());
        }
        let message =
            format!("`{pointer}` is `{}`, not `{}`", refusals::shorten(&found), refusals::shorten(value));
        Err(self.tree.refuse_at(&path, Reason::TestFailed, message))
    }

    pub(crate) fn increment(&mut self, pointer: &Pointer, by: i64) -> Result<(), YamlRefusal> {
        let path = self.tree.resolve(pointer)?;
        let found = self.tree.value_at(&path)?;
        match found.as_i64().and_then(|number| number.checked_add(by)) {
            Some(sum) => self.replace_at(&path, NewNode::from(&json!(sum)), json!(sum)),
            None => {
                let message = format!("`{pointer}` is `{}`, not an integer", refusals::shorten(&found));
                Err(self.tree.refuse_at(&path, Reason::WrongType, message))
            }
        }
    }

    /// Replaces the text in a scalar by what `rewrite` makes of it.
    pub(crate) fn rewrite_text(
        &mut self,
        pointer: &Pointer,
        rewrite: impl FnOnce(&str) -> Result<String, (Reason, String)>,
    ) -> Result<(), YamlRefusal> {
        let path = self.tree.resolve(pointer)?;
        let Value::String(text) = self.tree.value_at(&path)? else {
            return Err(self.tree.refuse_at(
                &path,
                Reason::WrongType,
                format!("`{pointer}` is not a string"),
            ));
        };
        let rewritten =
            rewrite(&text).map_err(|(code, message)| self.tree.refuse_at(&path, code, message))?;
        self.replace_at(&path, NewNode::Text(rewritten.clone().into()), Value::String(rewritten))
    }

    /// Adds a value, or replaces that of a key that exists. A parent that is null becomes a collection first.
    fn add_at(
        &mut self,
        path: &[String],
        new: NewNode,
        value: Value,
        position: &KeyPosition,
    ) -> Result<(), YamlRefusal> {
        let Some((last, parent)) = path.split_last() else {
            return self.replace_at(path, NewNode::from(&value), value);
        };
        self.charge(path, &value)?;
        let (spans, order) = (self.tree.spans, self.tree.order);
        let offset = self.tree.offset(parent);
        let addition = match self.tree.write_entries(parent)? {
            EditTarget::New(parent) => add_to_new(parent, last, new),
            EditTarget::Node(node) => {
                if let Some(source) = guards::null_scalar(spans, node) {
                    let empty = NewNode::empty_for(last);
                    self.lowered.replace(parent.to_vec(), empty.value(spans));
                    *node = EditNode::Replaced { source, value: empty };
                }
                add_to_node(spans, order, node, NewEntry { path, position, content: new })
            }
        };
        match addition.map_err(|(code, message)| YamlRefusal::at(spans.text, offset, code, message))? {
            Addition::Member => {
                self.claim(path, Touch::Change)?;
                self.lowered.add(path.to_vec(), value);
            }
            Addition::Inserted => {
                self.claim(path, Touch::InsertBefore)?;
                self.lowered.insert(path.to_vec(), value);
            }
            Addition::Appended => {
                self.claim(path, Touch::InsertBefore)?;
                self.lowered.add([parent, &["-".to_owned()]].concat(), value);
            }
            Addition::KeyExists(new) => self.replace_at(path, new, value)?,
        }
        Ok(())
    }

    /// Removes an entry or item. Where all edits name the text as it is, it keeps its place among its siblings.
    fn remove_at(&mut self, path: &[String]) -> Result<(), YamlRefusal> {
        let Some((last, parent)) = path.split_last() else {
            return Err(self.tree.refuse_at(&[], Reason::WrongType, "the whole document cannot be removed"));
        };
        self.tree.check_release(path)?;
        let (spans, order) = (self.tree.spans, self.tree.order);
        let offset = self.tree.offset(parent);
        let not_found = || refusals::not_found(spans, offset, path);
        match self.tree.write_entries(parent)? {
            EditTarget::New(parent) => parent.remove(last).ok_or_else(not_found)?,
            EditTarget::Node(EditNode::Replaced { value: parent, .. } | EditNode::New(parent)) => {
                parent.remove(last).ok_or_else(not_found)?;
            }
            EditTarget::Node(parent) => {
                let at = entries::find(spans, parent, order, path)?;
                let Some(entries) = parent.open(spans) else {
                    return Err(refusals::not_found(spans, 0, path));
                };
                if order == Order::Sequential {
                    entries.remove(at);
                } else if entries[at].node.is_kept() {
                    entries[at].node = EditNode::Removed;
                } else {
                    return Err(refusals::overlap(spans, offset, path));
                }
            }
        }
        self.claim(path, Touch::Change)?;
        self.lowered.remove(path.to_vec());
        Ok(())
    }

    /// Replaces a value; `new` is the same as `value`, with the style of its source where it was copied.
    fn replace_at(&mut self, path: &[String], new: NewNode, value: Value) -> Result<(), YamlRefusal> {
        self.charge(path, &value)?;
        self.tree.check_release(path)?;
        let (spans, order) = (self.tree.spans, self.tree.order);
        let offset = self.tree.offset(path);
        match self.tree.write(path)? {
            EditTarget::New(target) => *target = new,
            EditTarget::Node(node) if order == Order::Simultaneous && !node.is_kept() => {
                return Err(refusals::overlap(spans, offset, path));
            }
            EditTarget::Node(node) => match node {
                EditNode::Kept(source) | EditNode::Edited { source, .. } => {
                    if let NodeKind::Alias { .. } = spans.nodes[*source].kind {
                        let message = format!("`{}` is an alias", pointer_text(path));
                        return Err(YamlRefusal::at(spans.text, offset, Reason::Alias, message));
                    }
                    *node = reconcile(spans, *source, &value, new);
                }
                EditNode::Replaced { value: target, .. } | EditNode::New(target) => *target = new,
                EditNode::Removed => return Err(refusals::overlap(spans, offset, path)),
            },
        }
        self.claim(path, Touch::Change)?;
        self.lowered.replace(path.to_vec(), value);
        Ok(())
    }

    /// Refuses values that would be too large: a copy may double the document, and the next one again.
    fn charge(&mut self, path: &[String], value: &Value) -> Result<(), YamlRefusal> {
        if path.len() + depth(value) > MAX_DEPTH {
            let message = format!("`{}` would be nested deeper than {MAX_DEPTH}", pointer_text(path));
            return Err(self.tree.refuse_at(&[], Reason::TooDeep, message));
        }
        match self.room.checked_sub(weight(value)) {
            Some(rest) => self.room = rest,
            None => {
                return Err(self.tree.refuse_at(&[], Reason::TooLarge, "the operations add too much"));
            }
        }
        Ok(())
    }

    /// Records that a place is touched; refuses one that another edit of this call has touched.
    fn claim(&mut self, path: &[String], touch: Touch) -> Result<(), YamlRefusal> {
        if self.tree.order == Order::Sequential {
            return Ok(());
        }
        if self.touched.clash(path, touch) {
            return Err(refusals::overlap(self.tree.spans, self.tree.offset(path), path));
        }
        self.touched.record(path, touch);
        Ok(())
    }
}

/// Adds a child to a new value.
fn add_to_new(parent: &mut NewNode, token: &str, new: NewNode) -> Result<Addition, (Reason, String)> {
    parent.add(token, new).map_err(|message| (Reason::WrongType, message))?;
    Ok(Addition::Member)
}

/// Adds an entry to the node that is its parent.
fn add_to_node(
    spans: &SpanTree<'_>,
    order: Order,
    parent: &mut EditNode,
    entry: NewEntry<'_>,
) -> Result<Addition, (Reason, String)> {
    let is_sequence = parent.is_sequence(spans);
    match parent {
        EditNode::Replaced { value, .. } | EditNode::New(value) => {
            add_to_new(value, entry.key(), entry.content)
        }
        EditNode::Removed => Err((Reason::Overlap, "the parent is removed by another edit".to_owned())),
        EditNode::Kept(_) | EditNode::Edited { .. } => match parent.open(spans) {
            Some(entries) if is_sequence => add_item(entries, order, entry),
            Some(entries) => Ok(add_entry(entries, entry)),
            None => {
                let message = format!("`{}` is neither a mapping nor a sequence", entry.parent());
                Err((Reason::WrongType, message))
            }
        },
    }
}

/// Adds an item before the one that an index names, or after the last one.
fn add_item(
    entries: &mut Vec<EditEntry>,
    order: Order,
    entry: NewEntry<'_>,
) -> Result<Addition, (Reason, String)> {
    let at = entries::item_position(entries, entry.key(), order)?;
    let is_last = at == entries.len();
    entries.insert(at, EditEntry::new(None, entry.content));
    Ok(if is_last { Addition::Appended } else { Addition::Inserted })
}

/// Adds an entry to a mapping, unless it has the key.
fn add_entry(entries: &mut Vec<EditEntry>, entry: NewEntry<'_>) -> Addition {
    if entries.iter().any(|other| other.has_key(entry.key())) {
        return Addition::KeyExists(entry.content);
    }
    let at = entries::key_position(entries, entry.position);
    entries.insert(at, EditEntry::new(Some(entry.key().to_owned().into()), entry.content));
    Addition::Member
}
