//! What can be done to a document: the operations of RFC 6902, and two that procedures need.

use serde_json::Value;

use super::pointer::{Pointer, PointerError};

/// One operation on one document of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// Which document, from 0.
    pub document: usize,
    /// What to do.
    pub operation: Operation,
}

/// How the places that several operations name are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// In the state that the operations before have left (RFC 6902 §5).
    Sequential,
    /// In the text as it is; two that touch the same place are refused.
    Simultaneous,
}

/// What to do. The examples show a text before and after.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Adds an entry or item, or replaces the value of a key that exists already (RFC 6902 §4.1).
    ///
    /// `{"op": "add", "path": "/args/1", "value": "--json"}`
    ///
    /// ```yaml
    /// args:
    ///   - run
    ///   - --verbose   # for now
    /// ```
    ///
    /// ```yaml
    /// args:
    ///   - run
    ///   - --json
    ///   - --verbose   # for now
    /// ```
    ///
    /// A parent that is null becomes a mapping, or, for the key `-`, a sequence.
    Add {
        /// The new place.
        pointer: Pointer,
        /// The value.
        value: Value,
        /// Where a new key goes among its siblings; items of sequences go where the pointer says.
        position: KeyPosition,
    },
    /// Removes an entry or item together with the comment on its line (RFC 6902 §4.2).
    ///
    /// `{"op": "remove", "path": "/limits/cpu"}`
    ///
    /// ```yaml
    /// limits:
    ///   cpu: 500m   # one half
    ///   memory: 1Gi
    /// ```
    ///
    /// ```yaml
    /// limits:
    ///   memory: 1Gi
    /// ```
    Remove {
        /// The place.
        pointer: Pointer,
    },
    /// Replaces a value that exists; what is equal in both values keeps its style and its comments (RFC 6902 §4.3).
    ///
    /// `{"op": "replace", "path": "/env/0", "value": {"name": "LEVEL", "value": "debug"}}`
    ///
    /// ```yaml
    /// env:
    ///   - name: LEVEL   # of the log
    ///     value: 'info'
    /// ```
    ///
    /// ```yaml
    /// env:
    ///   - name: LEVEL   # of the log
    ///     value: 'debug'
    /// ```
    Replace {
        /// The place.
        pointer: Pointer,
        /// The value.
        value: Value,
    },
    /// Removes the value at `from` and adds it, with its style, at `pointer` (RFC 6902 §4.4).
    ///
    /// `{"op": "move", "from": "/old", "path": "/new"}`
    ///
    /// ```yaml
    /// old: "8080"
    /// host: example.org
    /// ```
    ///
    /// ```yaml
    /// host: example.org
    /// new: "8080"
    /// ```
    Move {
        /// The place that it leaves.
        from: Pointer,
        /// The place where it goes.
        pointer: Pointer,
    },
    /// Adds the value at `from`, with its style, at `pointer` (RFC 6902 §4.5).
    ///
    /// `{"op": "copy", "from": "/ports/0", "path": "/ports/-"}`
    ///
    /// ```yaml
    /// ports:
    ///   - '8080'
    /// ```
    ///
    /// ```yaml
    /// ports:
    ///   - '8080'
    ///   - '8080'
    /// ```
    Copy {
        /// The place that is copied.
        from: Pointer,
        /// The place where the copy goes.
        pointer: Pointer,
    },
    /// Holds when the value is equal; otherwise the whole call is refused (RFC 6902 §4.6).
    ///
    /// `{"op": "test", "path": "/replicas", "value": 2}` changes nothing in the first text and is refused in the second:
    ///
    /// ```yaml
    /// replicas: 2
    /// ```
    ///
    /// ```yaml
    /// replicas: 3
    /// ```
    Test {
        /// The place.
        pointer: Pointer,
        /// The expected value.
        value: Value,
    },
    /// Adds a number to an integer.
    ///
    /// `/metadata/annotations/nonce` by 1:
    ///
    /// ```yaml
    /// metadata:
    ///   annotations:
    ///     nonce: 38
    /// ```
    ///
    /// ```yaml
    /// metadata:
    ///   annotations:
    ///     nonce: 39
    /// ```
    Increment {
        /// The place.
        pointer: Pointer,
        /// What to add; may be negative.
        by: i64,
    },
    /// Edits the YAML or JSON text that a scalar holds, with the guarantees of an edit of its own.
    ///
    /// In `/data/limits.json`, `/orders` becomes 5:
    ///
    /// ```yaml
    /// data:
    ///   limits.json: |
    ///     {"orders": 10, "retries": 3}
    /// ```
    ///
    /// ```yaml
    /// data:
    ///   limits.json: |
    ///     {"orders": 5, "retries": 3}
    /// ```
    Embedded {
        /// The scalar.
        pointer: Pointer,
        /// The language of its text.
        language: Language,
        /// The edits of the inner text.
        edits: Vec<Edit>,
    },
}

/// Where a new key goes in a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum KeyPosition {
    /// After the last entry.
    #[default]
    Last,
    /// Before the first entry.
    First,
    /// Before the entry with this key; after the last one if there is no such key.
    Before(String),
    /// After the entry with this key; after the last one if there is no such key.
    After(String),
}

/// The language of the text in a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A YAML stream.
    Yaml,
    /// One JSON text, which stays JSON.
    Json,
}

impl Edit {
    /// An operation of an RFC 6902 patch, on one document.
    ///
    /// # Errors
    /// - a path that is not a JSON Pointer
    pub fn from_rfc6902(
        document: usize,
        operation: &json_patch::PatchOperation,
    ) -> Result<Self, PointerError> {
        use json_patch::PatchOperation as Given;
        let pointer = |path: &json_patch::jsonptr::Pointer| Pointer::plain(path.as_str());
        let operation = match operation {
            Given::Add(add) => Operation::Add {
                pointer: pointer(&add.path)?,
                value: add.value.clone(),
                position: KeyPosition::Last,
            },
            Given::Remove(remove) => Operation::Remove { pointer: pointer(&remove.path)? },
            Given::Replace(replace) => {
                Operation::Replace { pointer: pointer(&replace.path)?, value: replace.value.clone() }
            }
            Given::Move(moved) => {
                Operation::Move { from: pointer(&moved.from)?, pointer: pointer(&moved.path)? }
            }
            Given::Copy(copy) => {
                Operation::Copy { from: pointer(&copy.from)?, pointer: pointer(&copy.path)? }
            }
            Given::Test(test) => Operation::Test { pointer: pointer(&test.path)?, value: test.value.clone() },
        };
        Ok(Self { document, operation })
    }
}

impl Operation {
    /// The place that the operation changes or tests; for a move or copy, where the value goes.
    #[must_use]
    pub fn pointer(&self) -> &Pointer {
        match self {
            Self::Add { pointer, .. }
            | Self::Remove { pointer }
            | Self::Replace { pointer, .. }
            | Self::Move { pointer, .. }
            | Self::Copy { pointer, .. }
            | Self::Test { pointer, .. }
            | Self::Increment { pointer, .. }
            | Self::Embedded { pointer, .. } => pointer,
        }
    }
}
