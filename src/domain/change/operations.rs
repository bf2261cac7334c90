//! The difference of two values as RFC 6902 operations: few and readable, lists edited rather than replaced.
//!
//! Every index is that of the list as the operations before have left it, as RFC 6902 wants it. In each list
//! values change first, then items go from the last to the first (so both name places of the list before), then
//! items move, then new ones come from the first to the last (so these name places of the list after).

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, MoveOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation};
use serde_json::{Map, Value};

use super::alignment::{align, longest_rising};

/// What turns `before` into `after`.
///
/// ```
/// use serde_json::json;
/// use writ::domain::change::operations;
///
/// let before = json!({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}], "old": true});
/// let after = json!({"env": [{"name": "B", "value": "3"}], "args": ["-v"]});
/// let patch = operations(&before, &after);
/// assert_eq!(serde_json::to_value(patch)?, json!([
///     {"op": "replace", "path": "/env/1/value", "value": "3"},
///     {"op": "remove", "path": "/env/0"},
///     {"op": "remove", "path": "/old"},
///     {"op": "add", "path": "/args", "value": ["-v"]},
/// ]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn operations(before: &Value, after: &Value) -> Patch {
    let mut walk = OperationWalk { path: Vec::new(), operations: Vec::new() };
    walk.compare(before, after);
    Patch(walk.operations)
}

struct OperationWalk {
    path: Vec<String>,
    operations: Vec<PatchOperation>,
}

impl OperationWalk {
    fn compare(&mut self, before: &Value, after: &Value) {
        match (before, after) {
            (before, after) if before == after => {}
            (Value::Object(before), Value::Object(after)) => self.maps(before, after),
            (Value::Array(before), Value::Array(after)) => self.lists(before, after),
            (_, after) => {
                let path = PointerBuf::from_tokens(&self.path);
                let replace = ReplaceOperation { path, value: after.clone() };
                self.operations.push(PatchOperation::Replace(replace));
            }
        }
    }

    fn maps(&mut self, before: &Map<String, Value>, after: &Map<String, Value>) {
        for (key, value) in before {
            match after.get(key) {
                Some(other) => self.below(key, |walk| walk.compare(value, other)),
                None => self.remove(key),
            }
        }
        for (key, value) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
            self.add(key, value);
        }
    }

    fn lists(&mut self, before: &[Value], after: &[Value]) {
        let pairs = align(before, after);
        let mut partner = vec![None; before.len()];
        let mut is_new = vec![true; after.len()];
        for (old, new) in pairs {
            partner[old] = Some(new);
            is_new[new] = false;
            self.below(&old.to_string(), |walk| walk.compare(&before[old], &after[new]));
        }
        for old in (0..before.len()).rev().filter(|&old| partner[old].is_none()) {
            self.remove(&old.to_string());
        }
        self.moves(partner.into_iter().flatten().collect());
        // The places before it are as in `after` when an item comes, so its index there is its index now.
        let last = is_new.iter().rposition(|&is_new| !is_new).map_or(0, |last| last + 1);
        for new in (0..after.len()).filter(|&new| is_new[new]) {
            let token = if new >= last { "-".to_owned() } else { new.to_string() };
            self.add(&token, &after[new]);
        }
    }

    /// Brings the items that stay into the order of the list after; `order` has, item by item, its place there.
    fn moves(&mut self, mut order: Vec<usize>) {
        let stays = longest_rising(&order);
        let mut movers: Vec<usize> = order.iter().copied().filter(|place| !stays.contains(place)).collect();
        movers.sort_unstable();
        let mut settled = stays;
        for mover in movers {
            // OK because every mover was taken from `order`.
            let Some(from) = order.iter().position(|&place| place == mover) else { continue };
            order.remove(from);
            let before = settled.range(..mover).next_back();
            let to = before.and_then(|before| order.iter().position(|place| place == before));
            let to = to.map_or(0, |before| before + 1);
            order.insert(to, mover);
            settled.insert(mover);
            let [from, path] = [from, to].map(|index| self.pointer(&index.to_string()));
            self.operations.push(PatchOperation::Move(MoveOperation { from, path }));
        }
    }

    fn below(&mut self, token: &str, then: impl FnOnce(&mut Self)) {
        self.path.push(token.to_owned());
        then(self);
        self.path.pop();
    }

    fn add(&mut self, token: &str, value: &Value) {
        let add = AddOperation { path: self.pointer(token), value: value.clone() };
        self.operations.push(PatchOperation::Add(add));
    }

    fn remove(&mut self, token: &str) {
        let path = self.pointer(token);
        self.operations.push(PatchOperation::Remove(RemoveOperation { path }));
    }

    fn pointer(&self, token: &str) -> PointerBuf {
        PointerBuf::from_tokens(self.path.iter().map(String::as_str).chain([token]))
    }
}
