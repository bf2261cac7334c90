//! What can be done to a document: the operations of RFC 6902, and three that procedures need.

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

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Adds an entry or item, or replaces the value of a key that is there (RFC 6902 §4.1).
    Add {
        /// The new place.
        pointer: Pointer,
        /// The value.
        value: Value,
        /// Where a new key goes among its siblings; items of sequences go where the pointer says.
        position: Position,
    },
    /// Removes the entry or item.
    Remove {
        /// The place.
        pointer: Pointer,
    },
    /// Replaces the value that is there.
    Replace {
        /// The place.
        pointer: Pointer,
        /// The value.
        value: Value,
    },
    /// Removes the value at `from` and adds it at `pointer`.
    Move {
        /// The place that it leaves.
        from: Pointer,
        /// The place where it goes.
        pointer: Pointer,
    },
    /// Adds the value at `from` at `pointer`.
    Copy {
        /// The place that is copied.
        from: Pointer,
        /// The place where the copy goes.
        pointer: Pointer,
    },
    /// Holds when the value is equal; else the whole call is refused.
    Test {
        /// The place.
        pointer: Pointer,
        /// The expected value.
        value: Value,
    },
    /// Adds a number to an integer.
    Increment {
        /// The place.
        pointer: Pointer,
        /// What to add; may be negative.
        by: i64,
    },
    /// Edits the YAML or JSON text that a scalar holds.
    Embedded {
        /// The scalar.
        pointer: Pointer,
        /// What its text is.
        language: Language,
        /// The edits of the inner text.
        edits: Vec<Edit>,
    },
}

/// Where a new key goes in a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Position {
    /// Behind the last entry.
    #[default]
    Last,
    /// Before the first entry.
    First,
    /// Before the entry with this key; behind the last one where there is no such key.
    Before(String),
    /// Behind the entry with this key; behind the last one where there is no such key.
    After(String),
}

/// What the text in a scalar is.
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
    /// - a path that is no JSON Pointer
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
                position: Position::Last,
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
    /// The place that the operation names first.
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
