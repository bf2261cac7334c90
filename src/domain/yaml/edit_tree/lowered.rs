//! The operations of one document, lowered to RFC 6902 on its values: what the proof compares the result with.

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation};
use serde_json::Value;

use super::super::operation::Order;

/// The lowered operations of one document.
pub(crate) struct LoweredPatch {
    order: Order,
    operations: Vec<LoweredOperation>,
}

/// One operation on values.
#[derive(Debug, Clone)]
struct LoweredOperation {
    path: Vec<String>,
    action: LoweredAction,
    /// Whether it changes the indices of the items after it.
    shifts: bool,
}

#[derive(Debug, Clone)]
enum LoweredAction {
    Add(Value),
    Remove,
    Replace(Value),
}

impl LoweredPatch {
    pub(super) fn new(order: Order) -> Self {
        Self { order, operations: Vec::new() }
    }

    /// Adds a key, or an item after the last one (`-`).
    pub(super) fn add(&mut self, path: Vec<String>, value: Value) {
        self.operations.push(LoweredOperation { path, action: LoweredAction::Add(value), shifts: false });
    }

    /// Adds an item before another one.
    pub(super) fn insert(&mut self, path: Vec<String>, value: Value) {
        self.operations.push(LoweredOperation { path, action: LoweredAction::Add(value), shifts: true });
    }

    pub(super) fn remove(&mut self, path: Vec<String>) {
        self.operations.push(LoweredOperation { path, action: LoweredAction::Remove, shifts: true });
    }

    pub(super) fn replace(&mut self, path: Vec<String>, value: Value) {
        self.operations.push(LoweredOperation { path, action: LoweredAction::Replace(value), shifts: false });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Whether an operation may shift the indices that another one names.
    pub(crate) fn shifts_indices(&self) -> bool {
        self.operations.len() > 1 && self.operations.iter().any(|operation| operation.shifts)
    }

    /// The longest path that is above the places of all operations.
    pub(crate) fn common_path(&self) -> &[String] {
        let Some(first) = self.operations.first() else { return &[] };
        let mut common = first.path.as_slice();
        for operation in &self.operations {
            let parent = operation.path.split_last().map_or(&[][..], |(_, parent)| parent);
            let same = common.iter().zip(parent).take_while(|(left, right)| left == right).count();
            common = &common[..same];
        }
        common
    }

    /// The patch of the value `depth` steps down the common path, in an order in which no operation shifts what a
    /// later one names.
    pub(crate) fn patch_below(&self, depth: usize) -> Patch {
        let operation = |operation: &LoweredOperation| operation.below(depth);
        if self.order == Order::Sequential {
            return Patch(self.operations.iter().map(operation).collect());
        }
        let (mut shifting, steady): (Vec<_>, Vec<_>) =
            self.operations.iter().partition(|operation| operation.shifts);
        shifting.reverse();
        // Removals of an index come before insertions at it; what is further back or deeper comes first.
        shifting.sort_by(|left, right| {
            right.place().cmp(&left.place()).then_with(|| left.is_add().cmp(&right.is_add()))
        });
        Patch(steady.into_iter().chain(shifting).map(operation).collect())
    }
}

impl LoweredOperation {
    fn is_add(&self) -> bool {
        matches!(self.action, LoweredAction::Add(_))
    }

    /// The path in a form that orders indices by their numbers.
    fn place(&self) -> Vec<(usize, &str)> {
        self.path.iter().map(|token| (token.parse().unwrap_or(usize::MAX), token.as_str())).collect()
    }

    /// The operation on the value `depth` steps down its path.
    fn below(&self, depth: usize) -> PatchOperation {
        let path = PointerBuf::from_tokens(self.path.iter().skip(depth).map(String::as_str));
        match &self.action {
            LoweredAction::Add(value) => PatchOperation::Add(AddOperation { path, value: value.clone() }),
            LoweredAction::Remove => PatchOperation::Remove(RemoveOperation { path }),
            LoweredAction::Replace(value) => {
                PatchOperation::Replace(ReplaceOperation { path, value: value.clone() })
            }
        }
    }
}
