//! The proof of an edit: two parsers that share no code read the result, and json-patch applies RFC 6902 to values.
//!
//! What each parser reads must be the nodes of the text before, with exactly the named ones exchanged; the typed values
//! must be those that the operations give; every comment outside of removed nodes must still be the same comment.

use std::ops::Range;

use serde::Serialize;

use super::super::edit_tree::editor::EditedDocument;
use super::super::read::parser::parse;
use super::super::read::span_tree::SpanTree;
use super::super::refusal::{Reason, YamlRefusal};
use super::super::write::splice::{self, Splice};
use super::events::{IndependentEvents, TreeEvents, readable};
use super::nodes::ExpectedDocument;
use super::{comments, frame, nodes, values};

/// What was changed and what was checked. A value of this type exists only if all checks held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EditProof {
    /// The byte ranges of the text before that were exchanged, in order, with their new content.
    pub splices: Vec<(Range<usize>, String)>,
    /// The checks that ran and held.
    pub checks: &'static [&'static str],
}

/// The checks of every proof.
const CHECKS: &[&str] = &[
    "events: two independent parsers read the same nodes, with exactly the targeted ones replaced",
    "values: RFC 6902 applied to the old values gives the new values",
    "bytes: nothing changed outside the splices",
    "comments: only those of removed nodes were lost, and none appeared",
    "stream: documents, byte order mark, line ends and the final newline are kept",
];

/// Applies splices to a text and proves that the result is what the documents should be. Gives the result.
///
/// # Errors
/// A refusal at `place`, the offset of the first splice, unless the operations themselves cannot be done on values.
pub(crate) fn prove(
    tree: &SpanTree<'_>,
    documents: &[EditedDocument],
    mut splices: Vec<Splice>,
    place: usize,
) -> Result<(String, EditProof), YamlRefusal> {
    let text = tree.text;
    let unproven = |message: &str| YamlRefusal::at(text, place, Reason::Unproven, message);
    splices.retain(|(range, new)| !(range.is_empty() && new.is_empty()));
    let after = splice::apply(text, &mut splices).ok_or_else(|| unproven("the changes would overlap"))?;
    let result = parse(&after).map_err(|refusal| unreadable(text, place, &refusal))?;
    if !frame::keeps_markers(tree, &result) {
        return Err(unproven("a document marker, an anchor's name or a line end would change"));
    }
    if !frame::keeps_ends(text, &after) {
        return Err(unproven("the byte order mark or the final line break would change"));
    }
    if result.blank_ends > tree.blank_ends || frame::indents_by_tab(&after, &splices) {
        let message = "a tab is where some parsers would read it as indentation";
        return Err(YamlRefusal::at(text, place, Reason::Tab, message));
    }
    let removable = documents.iter().flat_map(|document| comments::removable(tree, &document.root));
    comments::compare(tree, &result, &splices, removable.collect()).map_err(|message| unproven(&message))?;
    let mut expected = Vec::with_capacity(documents.len());
    for document in documents {
        expected.push(ExpectedDocument { root: &document.root, value: values::expected(tree, document)? });
    }
    nodes::compare(tree, TreeEvents::new(&result), &expected).map_err(|message| unproven(&message))?;
    nodes::compare(tree, IndependentEvents::new(&readable(&result), &result), &expected)
        .map_err(|message| unproven(&message))?;
    drop(result);
    Ok((after, EditProof { splices, checks: CHECKS }))
}

/// The refusal of a result that cannot be read.
fn unreadable(text: &str, place: usize, refusal: &YamlRefusal) -> YamlRefusal {
    match refusal.code {
        code @ (Reason::TooLarge | Reason::TooDeep | Reason::TooManyAliases) => {
            YamlRefusal::at(text, place, code, format!("the result would be too large: {}", refusal.message))
        }
        _ => {
            let message = format!("the result does not parse: {refusal}");
            YamlRefusal::at(text, place, Reason::Unproven, message)
        }
    }
}
