//! The documents of a text: their values, locations and comments.

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use super::super::pointer::{Pointer, PointerStep};
use super::super::refusal::{YamlRefusal, line_column};
use super::lines::{begins_line, line_end, line_start};
use super::locate;
use super::span_tree::{NodeIndex, NodeKind, SpanTree};
use super::value::{check_values, node_value};

/// A parsed text: its documents.
#[derive(Debug)]
pub struct Stream<'t> {
    documents: Vec<Document<'t>>,
}

/// One document of a stream.
#[derive(Debug, Clone)]
pub struct Document<'t> {
    tree: Arc<SpanTree<'t>>,
    root: NodeIndex,
}

/// Where a node is in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The bytes of the node.
    pub span: Range<usize>,
}

/// A comment near a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlComment {
    /// The text after `#`, trimmed.
    pub text: String,
    /// Line, from 1.
    pub line: usize,
}

impl<'t> Stream<'t> {
    /// The stream of a tree, if the values of its documents can be read.
    pub(crate) fn new(tree: SpanTree<'t>) -> Result<Self, YamlRefusal> {
        if !tree.aliased.is_empty() {
            check_values(&tree)?;
        }
        let tree = Arc::new(tree);
        let document = |root: NodeIndex| Document { tree: Arc::clone(&tree), root };
        Ok(Self { documents: tree.documents.iter().map(|span| document(span.root)).collect() })
    }

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
        // OK because `Stream::new` has read all values that can fail: those with aliases.
        node_value(&self.tree, self.root).unwrap_or_default()
    }

    /// The value at a pointer; `None` when there is no such node.
    #[must_use]
    pub fn value_at(&self, pointer: &Pointer) -> Option<Value> {
        node_value(&self.tree, locate::node_at(&self.tree, self.root, pointer)?).ok()
    }

    /// `kind`, empty where the document has none.
    #[must_use]
    pub fn kind(&self) -> String {
        self.text_at(&["kind"])
    }

    /// `metadata.name`, empty where the document has none.
    #[must_use]
    pub fn name(&self) -> String {
        self.text_at(&["metadata", "name"])
    }

    fn text_at(&self, path: &[&str]) -> String {
        let node = path.iter().try_fold(self.root, |id, key| locate::child(&self.tree, id, key));
        node.and_then(|id| self.tree.scalar(id)).unwrap_or_default().to_owned()
    }

    /// Where the node at a pointer is; `None` when there is no such node.
    #[must_use]
    pub fn locate(&self, pointer: &Pointer) -> Option<Location> {
        let node = locate::node_at(&self.tree, self.root, pointer)?;
        let span = self.tree.nodes[node].span.clone();
        let (line, column) = line_column(self.tree.text, span.start);
        Some(Location { line, column, span })
    }

    /// The pointer with its selectors exchanged for indices: `/env/3/value`.
    ///
    /// # Errors
    /// A [`YamlRefusal`] when a selector matches no item, or more than one.
    pub fn resolve(&self, pointer: &Pointer) -> Result<Pointer, YamlRefusal> {
        let keys = locate::resolve(&self.tree, self.root, pointer)?;
        Ok(Pointer { steps: keys.into_iter().map(PointerStep::Key).collect() })
    }

    /// The keys of a mapping, or the indices of a sequence as text; empty for any other node.
    #[must_use]
    pub fn children_at(&self, pointer: &Pointer) -> Vec<String> {
        let Some(node) = locate::node_at(&self.tree, self.root, pointer) else { return Vec::new() };
        match &self.tree.nodes[node].kind {
            NodeKind::Mapping { entries, .. } => {
                entries.iter().map(|entry| self.tree.key_text(entry.key).to_owned()).collect()
            }
            NodeKind::Sequence { items, .. } => (0..items.len()).map(|index| index.to_string()).collect(),
            _ => Vec::new(),
        }
    }

    /// The comments that belong to a node: directly above it or above the named item that holds it, between the
    /// item's name and the node, and after it on its lines. In the order of the text.
    #[must_use]
    pub fn comments_near(&self, pointer: &Pointer) -> Vec<YamlComment> {
        let mut found: Vec<Range<usize>> = Vec::new();
        let Ok(keys) = locate::resolve(&self.tree, self.root, pointer) else { return Vec::new() };
        let mut parent = None;
        let mut at = self.root;
        let mut entries = Vec::new();
        for key in &keys {
            let Some(child) = locate::child(&self.tree, at, key) else { return Vec::new() };
            if let Some(index) = self.tree.children(at).iter().position(|&id| id == child) {
                entries.push(self.tree.entry_span(at, index));
            }
            parent = Some(at);
            at = child;
        }
        if let Some(entry) = entries.last() {
            found.extend(self.above(entry.start));
            found.extend(self.after(entry.start));
            found.extend(self.after(entry.end));
            let node = self.tree.nodes[at].span.start;
            found.extend(self.tree.comments_in(entry.start..node.max(entry.start)).iter().cloned());
            let item = parent.filter(|&id| locate::child(&self.tree, id, "name").is_some());
            if let (Some(_), [.., item, _]) = (item, entries.as_slice()) {
                found.extend(self.above(item.start));
                found.extend(self.tree.comments_in(item.start..entry.start).iter().cloned());
            }
        }
        found.sort_by_key(|comment| comment.start);
        found.dedup();
        found.iter().map(|comment| self.comment(comment)).collect()
    }

    /// The comment lines directly above an offset.
    fn above(&self, at: usize) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut start = line_start(self.tree.text, at);
        while start > 0 {
            let before = line_start(self.tree.text, start - 1);
            let comment = self.tree.comments_in(before..start).first();
            match comment.filter(|comment| begins_line(self.tree.text, comment.start)) {
                Some(comment) => found.push(comment.clone()),
                None => break,
            }
            start = before;
        }
        found
    }

    /// The comment after an offset, on its line.
    fn after(&self, at: usize) -> Vec<Range<usize>> {
        self.tree.comments_in(at..line_end(self.tree.text, at)).to_vec()
    }

    fn comment(&self, span: &Range<usize>) -> YamlComment {
        let text = self.tree.text[span.clone()].trim_start_matches('#').trim().to_owned();
        YamlComment { text, line: line_column(self.tree.text, span.start).0 }
    }
}
