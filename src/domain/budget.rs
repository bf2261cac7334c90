//! Budgets of judging: what one side of a change may cost in work and memory. Counted, never timed.
//!
//! A stranger's pull request is judged, so its text decides how much there is to do. Whatever text can multiply is
//! counted here before it is done: a budget that is exceeded is a verdict that fails closed and names the budget.
//! **Invariants**: equal inputs count the same, whatever was cached; once exceeded, a budget stays so, and everything
//! that asks it fails at once. All numbers are in this file, each with its reason.

use std::cell::Cell;
use std::fmt;

use serde_json::Value;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Bytes of files that generators and patches read, each time that they do.
    Bytes,
    /// Values that are read or copied; 16 bytes of text count as one more.
    Nodes,
    /// Folders, files and components that kustomizations enter.
    Visits,
    /// Work that keeps nothing: an object looked at, an operation of a JSON patch, 16 nodes passed over.
    Operations,
    /// Different regular expressions in the targets of patches.
    Patterns,
    /// The size of one compiled regular expression, in bytes.
    PatternSize,
    /// Values inside each other.
    Depth,
}

/// How much of each resource there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// [`Resource::Bytes`].
    pub bytes: u64,
    /// [`Resource::Nodes`].
    pub nodes: u64,
    /// [`Resource::Visits`].
    pub visits: u64,
    /// [`Resource::Operations`].
    pub operations: u64,
    /// [`Resource::Patterns`].
    pub patterns: u64,
}

/// One side of a change. The tree of 2026-08-22 has 90 files and takes less than a twentieth of each.
pub const SIDE: Limits = Limits {
    // Kubernetes takes no ConfigMap above 1 MiB; 32 full ones are no accident.
    bytes: 32 << 20,
    // About 300 bytes of memory each: 600 MB at the very worst, which a process has. Four ConfigMaps of 18,000 keys that
    // a kustomization alters take 1.6 million.
    nodes: 2_000_000,
    // A hundred times as many as the tree has; 800 new files are 800.
    visits: 10_000,
    // About a microsecond each.
    operations: 2_000_000,
    // About a millisecond each; names without special characters are none.
    patterns: 256,
};

/// One file, which is read once and kept for all that use it.
pub const FILE: Limits = Limits {
    // A ConfigMap of 18,000 keys, with all that is known of each, takes 200,000.
    nodes: 400_000,
    ..SIDE
};

/// Values inside each other, at most: what the readers of YAML and JSON (`serde_yaml`, `serde_json`) take too. Values are
/// walked by recursion, which has room for many times that.
pub const DEPTH: usize = 128;

/// One compiled regular expression, at most. `[a-z0-9-]{1,253}`, the longest that Kubernetes' names need, takes 32 KiB.
pub const PATTERN_SIZE: usize = 256 << 10;

/// How many bytes the caches of a judge hold, all of them together.
pub const CACHE_BYTES: usize = 64 << 20;

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// [`Resource::Bytes`].
    pub bytes: u64,
    /// [`Resource::Nodes`].
    pub nodes: u64,
    /// [`Resource::Visits`].
    pub visits: u64,
    /// [`Resource::Operations`].
    pub operations: u64,
    /// [`Resource::Patterns`].
    pub patterns: u64,
}

impl Work {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            nodes: self.nodes + other.nodes,
            visits: self.visits + other.visits,
            operations: self.operations + other.operations,
            patterns: self.patterns + other.patterns,
        }
    }
}

/// What was counted on both sides of a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sides {
    /// Of the base.
    pub base: Work,
    /// Of the head.
    pub head: Work,
}

/// A budget that is exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the budget of {resource} is exceeded: {} {}", self.limit, resource.unit())]
pub struct Exceeded {
    /// Which.
    pub resource: Resource,
    /// How much of it there is.
    pub limit: u64,
}

/// What may still be spent, and what was. Shared by all that works for one side.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    spent: Cell<Work>,
    exceeded: Cell<Option<Exceeded>>,
}

impl Budget {
    /// A budget of which nothing is spent.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, spent: Cell::default(), exceeded: Cell::default() }
    }

    /// Spends some of a resource.
    ///
    /// # Errors
    /// - that, or anything before, was more than there is
    pub fn spend(&self, resource: Resource, amount: u64) -> Result<(), Exceeded> {
        if let Some(exceeded) = self.exceeded.get() {
            return Err(exceeded);
        }
        let mut spent = self.spent.get();
        let (count, limit) = match resource {
            Resource::Bytes => (&mut spent.bytes, self.limits.bytes),
            Resource::Nodes => (&mut spent.nodes, self.limits.nodes),
            Resource::Visits => (&mut spent.visits, self.limits.visits),
            Resource::Operations => (&mut spent.operations, self.limits.operations),
            Resource::Patterns => (&mut spent.patterns, self.limits.patterns),
            Resource::PatternSize | Resource::Depth => return Ok(()),
        };
        // What is not done is not counted: one above the limit says that it was exceeded.
        *count = count.saturating_add(amount).min(limit + 1);
        let is_exceeded = *count > limit;
        self.spent.set(spent);
        if is_exceeded { Err(self.exceed(Exceeded { resource, limit })) } else { Ok(()) }
    }

    /// Nothing more may be spent: something is larger than anything may be.
    pub fn exceed(&self, exceeded: Exceeded) -> Exceeded {
        self.exceeded.set(Some(self.exceeded.get().unwrap_or(exceeded)));
        exceeded
    }

    /// Checks how deep values are nested.
    ///
    /// # Errors
    /// - deeper than [`DEPTH`]
    pub fn reach(&self, depth: usize) -> Result<(), Exceeded> {
        match depth > DEPTH {
            true => Err(self.exceed(Exceeded { resource: Resource::Depth, limit: DEPTH as u64 })),
            false => Ok(()),
        }
    }

    /// Goes on from what was spent elsewhere for the same side.
    pub fn resume(&self, spent: Work) {
        self.spent.set(spent);
    }

    /// What was spent so far; of what is exceeded, one more than there is.
    #[must_use]
    pub fn spent(&self) -> Work {
        self.spent.get()
    }

    /// The first budget that was exceeded.
    #[must_use]
    pub fn exceeded(&self) -> Option<Exceeded> {
        self.exceeded.get()
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Bytes => "bytes",
            Self::Nodes => "nodes",
            Self::Visits => "visits",
            Self::Operations => "operations",
            Self::Patterns => "patterns",
            Self::PatternSize => "pattern size",
            Self::Depth => "depth",
        })
    }
}

impl Resource {
    fn unit(self) -> &'static str {
        match self {
            Self::Bytes => "bytes of files that generators and patches read",
            Self::Nodes => "values that are read or copied",
            Self::Visits => "folders, files and components that kustomizations enter",
            Self::Operations => "objects and operations that are gone through",
            Self::Patterns => "different regular expressions in the targets of patches",
            Self::PatternSize => "bytes for one compiled regular expression",
            Self::Depth => "values inside each other",
        }
    }
}

/// How much a value counts as nodes.
#[must_use]
pub fn weight(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => 1 + text_weight(text),
        Value::Array(items) => 1 + items.iter().map(weight).sum::<u64>(),
        Value::Object(entries) => {
            1 + entries.iter().map(|(key, value)| text_weight(key) + weight(value)).sum::<u64>()
        }
    }
}

/// About how many bytes of memory a value takes, itself left out.
#[must_use]
pub fn bytes(value: &Value) -> usize {
    // What an allocation takes beside its content; an entry of a map: hash, key, value, and its place in the index.
    const ALLOCATION: usize = 16;
    const ENTRY: usize = size_of::<u64>() + size_of::<String>() + size_of::<Value>() + 2 * size_of::<usize>();
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.capacity() + ALLOCATION,
        Value::Array(items) => {
            items.capacity() * size_of::<Value>() + ALLOCATION + items.iter().map(bytes).sum::<usize>()
        }
        Value::Object(entries) => {
            let texts = entries.iter().map(|(key, value)| key.capacity() + ALLOCATION + bytes(value));
            2 * ALLOCATION + entries.len() * ENTRY + texts.sum::<usize>()
        }
    }
}

/// How much a text counts beside its node.
#[must_use]
pub fn text_weight(text: &str) -> u64 {
    (text.len() / 16) as u64
}

/// How deep a value is: 1 for one that holds no others.
#[must_use]
pub fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(entries) => 1 + entries.values().map(depth).max().unwrap_or(0),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exceeded_stays_exceeded_and_is_named() {
        let budget = Budget::new(SIDE);
        budget.spend(Resource::Visits, SIDE.visits).unwrap();
        let exceeded = budget.spend(Resource::Visits, 1).unwrap_err();
        assert_eq!(
            exceeded.to_string(),
            "the budget of visits is exceeded: 10000 folders, files and components that kustomizations enter"
        );
        assert_eq!(budget.spend(Resource::Nodes, 1), Err(exceeded));
        assert_eq!(budget.reach(DEPTH + 1).unwrap_err().resource, Resource::Depth);
        assert_eq!(budget.exceeded(), Some(exceeded));
        assert_eq!(budget.spent().visits, SIDE.visits + 1);
    }
}
