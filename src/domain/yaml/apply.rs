//! Operations applied to a draft: one after the other (RFC 6902), or all against the text as it is.

use serde_json::{Value, json};

use super::draft::{Slot, Work};
use super::fresh::Fresh;
use super::operation::{Language, Operation, Position};
use super::parser::MAX_DEPTH;
use super::pointer::Pointer;
use super::reconcile::{equal_numbers, reconcile};
use super::refusal::{Reason, Refusal};
use super::slots::{
    check_shared, check_tag, child, duplicate_key, has_custom_tag, insertion, is_sequence, key_position,
    missing, not_found, null_scalar, overlap, path_text, shared_anchor, shorten, work_value,
};
use super::tree::{Kind, NodeId, Tree};
use super::value::{MAX_WEIGHT, depth, weight};

/// How the places that operations name are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// In the state that the operations before have left (RFC 6902 §5).
    Sequential,
    /// In the text as it is; two that touch the same place are refused.
    Simultaneous,
}

/// One document with its operations.
pub(super) struct Draft<'a, 't> {
    pub tree: &'a Tree<'t>,
    pub root: Work,
    pub order: Order,
    /// The operations as RFC 6902 on values, for the proof.
    pub lowered: Vec<Lowered>,
    /// How much the operations may still bring.
    room: usize,
    /// What edits of this call have touched, where all name the text as it is.
    touched: Vec<Touched>,
}

/// One operation on values.
pub(super) struct Lowered {
    pub operation: Value,
    /// Whether it shifts the indices behind it.
    pub shifts: bool,
}

/// A place that an edit has touched.
struct Touched {
    path: Vec<String>,
    /// Whether a list item was added before it, which leaves it alone.
    before: bool,
}

/// A place in a draft.
enum Spot<'w> {
    Work(&'w mut Work),
    Fresh(&'w mut Fresh),
}

impl<'a, 't> Draft<'a, 't> {
    pub fn new(tree: &'a Tree<'t>, root: NodeId, order: Order) -> Self {
        Self {
            tree,
            root: Work::Kept(root),
            order,
            lowered: Vec::new(),
            room: MAX_WEIGHT,
            touched: Vec::new(),
        }
    }

    /// Applies one operation.
    pub fn apply(&mut self, operation: &Operation) -> Result<(), Refusal> {
        match operation {
            Operation::Add { pointer, value, position } => {
                let path = self.keys(pointer)?;
                self.add(&path, Fresh::from(value), value.clone(), position)
            }
            Operation::Remove { pointer } => {
                let path = self.keys(pointer)?;
                self.remove(&path)
            }
            Operation::Replace { pointer, value } => {
                let path = self.keys(pointer)?;
                self.replace(&path, value)
            }
            Operation::Copy { from, pointer } => {
                let (from, path) = (self.keys(from)?, self.keys(pointer)?);
                let (fresh, value) = self.copied(&from)?;
                self.add(&path, fresh, value, &Position::Last)
            }
            Operation::Move { from, pointer } => {
                let (from, path) = (self.keys(from)?, self.keys(pointer)?);
                if from == path {
                    return self.copied(&from).map(|_| ());
                }
                if path.starts_with(&from) {
                    return Err(self.refuse(Reason::WrongType, "a node cannot be moved into itself"));
                }
                let (fresh, value) = self.copied(&from)?;
                self.remove(&from)?;
                self.add(&path, fresh, value, &Position::Last)
            }
            Operation::Test { pointer, value } => {
                let path = self.keys(pointer)?;
                let found = self.value_at(&path)?;
                if equal_numbers(&found, value) {
                    return Ok(());
                }
                let message = format!("`{pointer}` is `{}`, not `{}`", shorten(&found), shorten(value));
                Err(self.refuse_at(&path, Reason::TestFailed, message))
            }
            Operation::Increment { pointer, by } => {
                let path = self.keys(pointer)?;
                let found = self.value_at(&path)?;
                let sum = found.as_i64().and_then(|number| number.checked_add(*by));
                match sum {
                    Some(sum) => self.replace(&path, &json!(sum)),
                    None => {
                        let message = format!("`{pointer}` is `{}`, not an integer", shorten(&found));
                        Err(self.refuse_at(&path, Reason::WrongType, message))
                    }
                }
            }
            Operation::Embedded { pointer, language, edits } => {
                let path = self.keys(pointer)?;
                let Value::String(inner) = self.value_at(&path)? else {
                    return Err(self.refuse_at(
                        &path,
                        Reason::WrongType,
                        format!("`{pointer}` is not a string"),
                    ));
                };
                let is_json = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text);
                if *language == Language::Json
                    && let Err(error) = is_json(&inner)
                {
                    return Err(self.refuse_at(
                        &path,
                        Reason::Embedded,
                        format!("`{pointer}` is not JSON: {error}"),
                    ));
                }
                let inside = |refusal: Refusal| {
                    let message = format!(
                        "in the text at `{pointer}`, line {}, column {}: {}",
                        refusal.line, refusal.column, refusal.message
                    );
                    self.refuse_at(&path, refusal.code, message)
                };
                let edited = super::edit(&inner, edits).map_err(inside)?;
                if *language == Language::Json
                    && let Err(error) = is_json(&edited.text)
                {
                    return Err(self.refuse_at(
                        &path,
                        Reason::Embedded,
                        format!("the result would not be JSON: {error}"),
                    ));
                }
                self.replace(&path, &Value::String(edited.text))
            }
        }
    }

    /// The pointer as keys and indices; selectors are looked up in the tree.
    fn keys(&self, pointer: &Pointer) -> Result<Vec<String>, Refusal> {
        super::locate::keys(self.tree, self.root_node(), pointer)
    }

    fn root_node(&self) -> NodeId {
        // OK because the root is never new: replacing it leaves its place.
        self.root.place().unwrap_or_default()
    }

    fn add(
        &mut self,
        path: &[String],
        fresh: Fresh,
        value: Value,
        position: &Position,
    ) -> Result<(), Refusal> {
        let Some((last, parent)) = path.split_last() else {
            return self.replace(path, &value);
        };
        self.charge(path, &value)?;
        let (tree, order) = (self.tree, self.order);
        let place = self.offset(parent);
        let refuse = |code, message: String| Refusal::at(tree.text, place, code, message);
        let mut lowered = Vec::new();
        let mut shifts = false;
        let mut path_after = path.to_vec();
        match self.parent(parent)? {
            Spot::Fresh(parent) => {
                parent.add(last, fresh).map_err(|message| refuse(Reason::WrongType, message))?
            }
            Spot::Work(work) => {
                if let Some(node) = null_scalar(tree, work) {
                    let empty = if last == "-" { Fresh::List(Vec::new()) } else { Fresh::Map(Vec::new()) };
                    let operation =
                        json!({"op": "replace", "path": path_text(parent), "value": empty.value(tree)});
                    lowered.push(Lowered { operation, shifts: false });
                    *work = Work::Swapped { node, fresh: empty };
                }
                match work {
                    Work::Swapped { fresh: parent, .. } | Work::New(parent) => {
                        parent.add(last, fresh).map_err(|message| refuse(Reason::WrongType, message))?;
                    }
                    Work::Gone => {
                        return Err(refuse(Reason::Overlap, "the parent is removed by another edit".into()));
                    }
                    Work::Kept(_) | Work::Edited { .. } => {
                        let is_list = is_sequence(tree, work);
                        let Some(slots) = work.open(tree) else {
                            let message =
                                format!("`{}` is neither a mapping nor a sequence", path_text(parent));
                            return Err(refuse(Reason::WrongType, message));
                        };
                        if is_list {
                            let at = insertion(slots, last, order)
                                .map_err(|(code, message)| refuse(code, message))?;
                            if at == slots.len() {
                                path_after[parent.len()] = "-".to_owned();
                            } else {
                                shifts = true;
                            }
                            slots.insert(at, Slot { origin: None, key: None, work: Work::New(fresh) });
                        } else if slots
                            .iter()
                            .any(|slot| slot.key.as_ref().is_some_and(|key| key.text == *last))
                        {
                            return self.replace_with(path, &value, Some(fresh));
                        } else {
                            let at = key_position(slots, position);
                            slots.insert(
                                at,
                                Slot { origin: None, key: Some(last.clone().into()), work: Work::New(fresh) },
                            );
                        }
                    }
                }
            }
        }
        self.claim(path, shifts || path_after[parent.len()] == "-")?;
        let operation = json!({"op": "add", "path": path_text(&path_after), "value": value});
        lowered.push(Lowered { operation, shifts });
        self.lowered.append(&mut lowered);
        Ok(())
    }

    fn remove(&mut self, path: &[String]) -> Result<(), Refusal> {
        let Some((last, parent)) = path.split_last() else {
            return Err(self.refuse(Reason::WrongType, "the whole document cannot be removed"));
        };
        self.check_release(path)?;
        let (tree, order) = (self.tree, self.order);
        let place = self.offset(parent);
        match self.parent(parent)? {
            Spot::Fresh(parent) => parent
                .remove(last)
                .ok_or_else(|| Refusal::at(tree.text, place, Reason::NotFound, not_found(path)))?,
            Spot::Work(work) => match work {
                Work::Swapped { fresh, .. } | Work::New(fresh) => fresh
                    .remove(last)
                    .ok_or_else(|| Refusal::at(tree.text, place, Reason::NotFound, not_found(path)))?,
                _ => {
                    let at = child(tree, work, last, order, path)?;
                    let Some(slots) = work.open(tree) else { return Err(self.missing(path)) };
                    if order == Order::Sequential {
                        slots.remove(at);
                    } else if slots[at].work.is_kept() {
                        slots[at].work = Work::Gone;
                    } else {
                        return Err(Refusal::at(tree.text, place, Reason::Overlap, overlap(path)));
                    }
                }
            },
        }
        self.claim(path, false)?;
        self.lowered
            .push(Lowered { operation: json!({"op": "remove", "path": path_text(path)}), shifts: true });
        Ok(())
    }

    fn replace(&mut self, path: &[String], value: &Value) -> Result<(), Refusal> {
        self.replace_with(path, value, None)
    }

    /// Replaces; `copy` is the value with its source's style, where it was copied.
    fn replace_with(&mut self, path: &[String], value: &Value, copy: Option<Fresh>) -> Result<(), Refusal> {
        self.charge(path, value)?;
        self.check_release(path)?;
        let (tree, order) = (self.tree, self.order);
        let place = self.offset(path);
        let fresh = copy.unwrap_or_else(|| Fresh::from(value));
        match self.descend(path, true)? {
            Spot::Fresh(target) => *target = fresh,
            Spot::Work(work) => {
                if order == Order::Simultaneous && !work.is_kept() {
                    return Err(Refusal::at(tree.text, place, Reason::Overlap, overlap(path)));
                }
                match work {
                    Work::Kept(node) | Work::Edited { node, .. } => {
                        if let Kind::Alias { .. } = tree.nodes[*node].kind {
                            let message = format!("`{}` is an alias", path_text(path));
                            return Err(Refusal::at(tree.text, place, Reason::Alias, message));
                        }
                        *work = reconcile(tree, *node, value, fresh);
                    }
                    Work::Swapped { fresh: target, .. } | Work::New(target) => *target = fresh,
                    Work::Gone => return Err(Refusal::at(tree.text, place, Reason::Overlap, overlap(path))),
                }
            }
        }
        self.claim(path, false)?;
        let operation = json!({"op": "replace", "path": path_text(path), "value": value});
        self.lowered.push(Lowered { operation, shifts: false });
        Ok(())
    }

    /// Refuses values that would be too much: a copy may double what is there, and the next copy that.
    fn charge(&mut self, path: &[String], value: &Value) -> Result<(), Refusal> {
        if path.len() + depth(value) > MAX_DEPTH {
            let message = format!("`{}` would be nested deeper than {MAX_DEPTH}", path_text(path));
            return Err(self.refuse(Reason::TooDeep, message));
        }
        match self.room.checked_sub(weight(value)) {
            Some(rest) => self.room = rest,
            None => return Err(self.refuse(Reason::TooLarge, "the operations add too much")),
        }
        Ok(())
    }

    /// Notes that a place is touched; refuses what another edit of this call has touched.
    fn claim(&mut self, path: &[String], before: bool) -> Result<(), Refusal> {
        if self.order == Order::Sequential {
            return Ok(());
        }
        let clashes = self.touched.iter().any(|other| match (before, other.before) {
            (true, true) => false,
            (true, false) => path.len() > other.path.len() && path.starts_with(&other.path),
            (false, true) => other.path.len() > path.len() && other.path.starts_with(path),
            (false, false) => path.starts_with(&other.path) || other.path.starts_with(path),
        });
        if clashes {
            return Err(self.refuse_at(path, Reason::Overlap, overlap(path)));
        }
        self.touched.push(Touched { path: path.to_vec(), before });
        Ok(())
    }

    /// The content at a path, to be written elsewhere.
    fn copied(&mut self, path: &[String]) -> Result<(Fresh, Value), Refusal> {
        let value = self.value_at(path)?;
        let tree = self.tree;
        if let Spot::Work(work) = self.descend(path, false)?
            && let Some(at) = work.place().and_then(|id| duplicate_key(tree, id))
        {
            let message = format!("a key appears twice in `{}`", path_text(path));
            return Err(Refusal::at(tree.text, at, Reason::DuplicateKey, message));
        }
        let (fresh, custom) = match self.descend(path, false)? {
            Spot::Fresh(fresh) => (Some(fresh.clone()), false),
            Spot::Work(work) => {
                let custom = work.place().is_some_and(|id| has_custom_tag(tree, id));
                (work.copy(tree), custom)
            }
        };
        match fresh {
            Some(fresh) => Ok((fresh, value)),
            None if custom => {
                let message = format!("`{}` has a tag that would be lost", path_text(path));
                Err(self.refuse_at(path, Reason::Unwritable, message))
            }
            None => Ok((Fresh::from(&value), value)),
        }
    }

    fn value_at(&mut self, path: &[String]) -> Result<Value, Refusal> {
        let tree = self.tree;
        match self.descend(path, false)? {
            Spot::Fresh(fresh) => Ok(fresh.value(tree)),
            Spot::Work(work) => work_value(tree, work),
        }
    }

    /// Refuses to take away a node that aliases elsewhere refer to.
    fn check_release(&mut self, path: &[String]) -> Result<(), Refusal> {
        if self.tree.aliased.is_empty() {
            return Ok(());
        }
        let tree = self.tree;
        let shared = match self.descend(path, false)? {
            Spot::Work(work) => work.place().and_then(|id| shared_anchor(tree, id)),
            Spot::Fresh(_) => None,
        };
        match shared {
            Some(at) => {
                let message = format!("aliases refer to an anchor in `{}`", path_text(path));
                Err(Refusal::at(tree.text, at, Reason::Alias, message))
            }
            None => Ok(()),
        }
    }

    /// The place at a path, to change what is directly below it.
    fn parent(&mut self, path: &[String]) -> Result<Spot<'_>, Refusal> {
        let tree = self.tree;
        let spot = self.descend(path, true)?;
        if let Spot::Work(work) = &spot {
            check_tag(tree, work)?;
        }
        Ok(spot)
    }

    /// The place at a path. For writing, no node on the way may be shared by aliases.
    fn descend(&mut self, path: &[String], writing: bool) -> Result<Spot<'_>, Refusal> {
        let (tree, order) = (self.tree, self.order);
        let mut spot = Spot::Work(&mut self.root);
        for (depth, token) in path.iter().enumerate() {
            let here = &path[..=depth];
            spot = match spot {
                Spot::Fresh(fresh) => Spot::Fresh(fresh.child(token).ok_or_else(|| missing(tree, here))?),
                Spot::Work(work) => {
                    check_shared(tree, work, writing)?;
                    if writing {
                        check_tag(tree, work)?;
                    }
                    match work {
                        Work::Swapped { fresh, .. } | Work::New(fresh) => {
                            if order == Order::Simultaneous {
                                return Err(Refusal::at(tree.text, 0, Reason::Overlap, overlap(here)));
                            }
                            Spot::Fresh(fresh.child(token).ok_or_else(|| missing(tree, here))?)
                        }
                        _ => {
                            let at = child(tree, work, token, order, here)?;
                            match work.open(tree) {
                                Some(slots) => Spot::Work(&mut slots[at].work),
                                None => return Err(missing(tree, here)),
                            }
                        }
                    }
                }
            };
        }
        if let Spot::Work(work) = &spot {
            check_shared(tree, work, writing)?;
        }
        Ok(spot)
    }

    /// The offset of the deepest node on a path that is in the tree.
    fn offset(&self, path: &[String]) -> usize {
        let mut work = &self.root;
        let mut at = work.place();
        let mut inside = at;
        for token in path {
            match work {
                Work::Edited { slots, .. } => {
                    let by_key =
                        slots.iter().find(|slot| slot.key.as_ref().is_some_and(|key| key.text == *token));
                    let slot = by_key.or_else(|| slots.get(token.parse::<usize>().ok()?));
                    let Some(slot) = slot else { break };
                    work = &slot.work;
                    inside = work.place();
                }
                Work::Kept(_) => inside = inside.and_then(|id| super::locate::step(self.tree, id, token)),
                _ => break,
            }
            match inside {
                Some(id) => at = Some(id),
                None => break,
            }
        }
        at.map_or(0, |id| self.tree.nodes[id].span.start)
    }

    fn refuse(&self, code: Reason, message: impl Into<String>) -> Refusal {
        self.refuse_at(&[], code, message)
    }

    fn refuse_at(&self, path: &[String], code: Reason, message: impl Into<String>) -> Refusal {
        Refusal::at(self.tree.text, self.offset(path), code, message)
    }

    fn missing(&self, path: &[String]) -> Refusal {
        missing(self.tree, path)
    }
}
