//! Lossless YAML: documents that are edited by splices and proven afterwards; all other bytes stay.

mod operation;
mod pointer;
mod refusal;

use std::ops::Range;

use serde::Deserialize as _;
use serde_json::Value;

pub use operation::{Edit, Language, Operation, Position};
pub use pointer::{Pointer, PointerError, Step, escape};
pub use refusal::{Reason, Refusal, line_column};

/// A parsed text: its documents.
#[derive(Debug)]
pub struct Stream<'t> {
    documents: Vec<Document<'t>>,
}

/// One document of a stream.
#[derive(Debug)]
pub struct Document<'t> {
    #[expect(dead_code, reason = "the span tree is being built")]
    text: &'t str,
    value: Value,
}

/// Where a node stands in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The bytes of the node.
    pub span: Range<usize>,
}

/// A comment near a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The text behind `#`, trimmed.
    pub text: String,
    /// Line, from 1.
    pub line: usize,
}

/// The result of an edit.
#[derive(Debug, Clone)]
pub struct Edited {
    /// The new text.
    pub text: String,
    /// What was changed and what was checked.
    pub proof: Proof,
}

/// What was changed and what was checked.
#[derive(Debug, Clone, Default)]
pub struct Proof {
    /// The byte ranges of the text before that were exchanged, with what stands there now.
    pub splices: Vec<(Range<usize>, String)>,
    /// The checks that ran and held.
    pub checks: Vec<&'static str>,
}

impl<'t> Stream<'t> {
    /// The documents, in order.
    #[must_use]
    pub fn documents(&self) -> &[Document<'t>] {
        &self.documents
    }
}

impl Document<'_> {
    /// The value as Kubernetes reads it: a plain timestamp is a string, `yes` is a boolean.
    #[must_use]
    pub fn value(&self) -> Value {
        self.value.clone()
    }

    /// `kind`, empty where the document has none.
    #[must_use]
    pub fn kind(&self) -> String {
        self.value["kind"].as_str().unwrap_or_default().to_owned()
    }

    /// `metadata.name`, empty where the document has none.
    #[must_use]
    pub fn name(&self) -> String {
        self.value["metadata"]["name"].as_str().unwrap_or_default().to_owned()
    }

    /// Where the node at a pointer stands; `None` when there is no such node.
    #[must_use]
    pub fn locate(&self, _pointer: &Pointer) -> Option<Place> {
        None
    }

    /// The comments directly above the node, between its name and its value, and behind it on its last line.
    #[must_use]
    pub fn comments_near(&self, _pointer: &Pointer) -> Vec<Comment> {
        Vec::new()
    }
}

/// Parses a text.
///
/// # Errors
/// A [`Refusal`] with the place, when it is not YAML that is safe to edit.
pub fn parse(text: &str) -> Result<Stream<'_>, Refusal> {
    let mut documents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value = Value::deserialize(document)
            .map_err(|error| Refusal::at(text, 0, Reason::Syntax, error.to_string()))?;
        documents.push(Document { text, value });
    }
    Ok(Stream { documents })
}

/// Makes several edits, all resolved against the text as it is.
///
/// # Errors
/// A [`Refusal`]; nothing is changed then.
pub fn edit(text: &str, _edits: &[Edit]) -> Result<Edited, Refusal> {
    Err(Refusal::at(text, 0, Reason::Unproven, "editing is not built yet"))
}

/// Applies an RFC 6902 patch to one document, operation after operation, all or nothing.
///
/// # Errors
/// A [`Refusal`]; nothing is changed then.
pub fn patch(text: &str, _document: usize, _patch: &json_patch::Patch) -> Result<Edited, Refusal> {
    Err(Refusal::at(text, 0, Reason::Unproven, "editing is not built yet"))
}
