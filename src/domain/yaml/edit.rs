//! Editing: resolve, write, prove. Nothing leaves this file unproven.

use super::edit_tree::editor::{DocumentEditor, EditedDocument};
use super::operation::{Edit, Language, Operation, Order};
use super::pointer::Pointer;
use super::prove::proof::{EditProof, prove};
use super::read::parser::parse;
use super::read::span_tree::SpanTree;
use super::refusal::{Reason, YamlRefusal};
use super::write::{document, splice};

/// The result of an edit, proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The new text.
    pub text: String,
    /// What was changed and what was checked.
    pub proof: EditProof,
}

/// Makes edits of a text, all or none.
pub(super) fn edit(text: &str, edits: &[Edit], order: Order) -> Result<Edited, YamlRefusal> {
    let tree = parse(text)?;
    let documents = resolve(&tree, edits, order)?;
    let (splices, place) = write(&tree, &documents)?;
    let (text, proof) = prove(&tree, &documents, splices, place)?;
    Ok(Edited { text, proof })
}

/// The documents of a text as the edits leave them.
pub(super) fn resolve(
    tree: &SpanTree<'_>,
    edits: &[Edit],
    order: Order,
) -> Result<Vec<EditedDocument>, YamlRefusal> {
    let mut editors: Vec<DocumentEditor<'_, '_>> =
        tree.documents.iter().map(|document| DocumentEditor::new(tree, document.root, order)).collect();
    for edit in edits {
        let count = editors.len();
        let Some(editor) = editors.get_mut(edit.document) else {
            let message = format!("there are {count} documents, so none with the number {}", edit.document);
            return Err(YamlRefusal::at(tree.text, tree.text.len(), Reason::NoDocument, message));
        };
        if let Some(at) = tree.documents[edit.document].complex_key {
            return Err(YamlRefusal::at(tree.text, at, Reason::KeyNotScalar, "a key is not a scalar"));
        }
        apply(editor, &edit.operation)?;
    }
    Ok(editors.into_iter().map(DocumentEditor::finish).collect())
}

fn apply(editor: &mut DocumentEditor<'_, '_>, operation: &Operation) -> Result<(), YamlRefusal> {
    match operation {
        Operation::Add { pointer, value, position } => editor.add(pointer, value, position),
        Operation::Remove { pointer } => editor.remove(pointer),
        Operation::Replace { pointer, value } => editor.replace(pointer, value),
        Operation::Move { from, pointer } => editor.move_node(from, pointer),
        Operation::Copy { from, pointer } => editor.copy(from, pointer),
        Operation::Test { pointer, value } => editor.test(pointer, value),
        Operation::Increment { pointer, by } => editor.increment(pointer, *by),
        Operation::Embedded { pointer, language, edits } => {
            editor.rewrite_text(pointer, |text| edit_embedded(text, pointer, *language, edits))
        }
    }
}

/// Edits a text that a scalar holds. The refusal of an inner edit becomes one of the outer edit, with both places.
fn edit_embedded(
    text: &str,
    pointer: &Pointer,
    language: Language,
    edits: &[Edit],
) -> Result<String, (Reason, String)> {
    check_language(text, language)
        .map_err(|error| (Reason::Embedded, format!("`{pointer}` is not JSON: {error}")))?;
    let edited = edit(text, edits, Order::Simultaneous).map_err(|refusal| {
        let YamlRefusal { code, message, line, column, .. } = refusal;
        (code, format!("in the text of `{pointer}`, line {line}, column {column}: {message}"))
    })?;
    check_language(&edited.text, language)
        .map_err(|error| (Reason::Embedded, format!("the result would not be JSON: {error}")))?;
    Ok(edited.text)
}

fn check_language(text: &str, language: Language) -> Result<(), serde_json::Error> {
    match language {
        Language::Yaml => Ok(()),
        Language::Json => serde_json::from_str::<serde::de::IgnoredAny>(text).map(|_| ()),
    }
}

/// The splices of all documents, and the offset of the first one.
pub(super) fn write(
    tree: &SpanTree<'_>,
    documents: &[EditedDocument],
) -> Result<(Vec<splice::Splice>, usize), YamlRefusal> {
    let whole = splice::with_final_break(tree.text);
    let mut splices = Vec::new();
    for (span, edited) in tree.documents.iter().zip(documents) {
        if !edited.root.is_kept() {
            splices.extend(document::splices(tree, &whole, span, &edited.root)?);
        }
    }
    let first = splices.iter().map(|(range, _)| range.start).min().unwrap_or(0).min(tree.text.len());
    splice::without_final_break(&mut splices, &whole, tree.text);
    Ok((splices, first))
}
