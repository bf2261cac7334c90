//! Editing: resolve, splice, prove. Nothing leaves this file unproven.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::{Value, json};

use super::apply::{Draft, Lowered, Order};
use super::comments;
use super::draft::Work;
use super::lines::{first_break, is_blank, is_break, line_end, line_start, skip_blanks};
use super::operation::Edit;
use super::parser::is_marker;
use super::proof::{self, CHECKS, Expected, Proof};
use super::refusal::{Reason, Refusal};
use super::splice::{Planner, Splice, splice};
use super::tree::{NodeId, Tree};
use super::value::node_value;

/// The result of an edit, proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The new text.
    pub text: String,
    /// What was changed and what was checked.
    pub proof: Proof,
}

/// Makes the edits of a text in one order or the other.
pub(super) fn edit(text: &str, edits: &[Edit], order: Order) -> Result<Edited, Refusal> {
    let tree = super::parser::parse(text)?;
    let mut drafts: Vec<Draft<'_, '_>> =
        tree.documents.iter().map(|document| Draft::new(&tree, document.root, order)).collect();
    for edit in edits {
        let Some(draft) = drafts.get_mut(edit.document) else {
            let message = format!(
                "there is no document {1}; the number of documents is {0}",
                drafts.len(),
                edit.document
            );
            return Err(Refusal::at(text, text.len(), Reason::NoDocument, message));
        };
        if let Some(at) = tree.documents[edit.document].complex_key {
            return Err(Refusal::at(text, at, Reason::KeyNotScalar, "a key is not a scalar"));
        }
        draft.apply(&edit.operation)?;
    }
    write(&tree, &drafts)
}

fn write(tree: &Tree<'_>, drafts: &[Draft<'_, '_>]) -> Result<Edited, Refusal> {
    let text = tree.text;
    let whole = with_final_break(text);
    let mut splices = Vec::new();
    for (document, draft) in tree.documents.iter().zip(drafts) {
        if !draft.root.is_kept() {
            splices.extend(Planner::plan(tree, &whole, document, &draft.root)?);
        }
    }
    let first = splices.iter().map(|(range, _)| range.start).min().unwrap_or(0).min(text.len());
    let unproven = |message: String| Refusal::at(text, first, Reason::Unproven, message);
    let added = whole.len() - text.len();
    if added > 0 {
        let line_break = whole[text.len()..].to_owned();
        for splice in &mut splices {
            turn_back(splice, &line_break, text);
        }
    }
    splices.retain(|(range, new)| !(range.is_empty() && new.is_empty()));
    let after = splice(text, &mut splices).ok_or_else(|| unproven("the changes would overlap".to_owned()))?;
    let read = |refusal: Refusal| match refusal.code {
        code @ (Reason::TooLarge | Reason::TooDeep | Reason::TooManyAliases) => {
            Refusal::at(text, first, code, format!("the result would be too large: {}", refusal.message))
        }
        _ => unproven(format!("the result does not parse: {refusal}")),
    };
    let result = super::parser::parse(&after).map_err(read)?;
    if !keeps_markers(tree, &result) {
        return Err(unproven("a document marker, an anchor's name or a line end would change".to_owned()));
    }
    if !keeps_frame(text, &after) {
        return Err(unproven("the byte order mark or the final line break would change".to_owned()));
    }
    if result.blank_ends > tree.blank_ends || indents_by_tab(&after, &splices) {
        let message = "a tab is where some parsers would read it as indentation";
        return Err(Refusal::at(text, first, Reason::Tab, message));
    }
    let removable: Vec<Range<usize>> = drafts.iter().flat_map(|draft| removed(tree, &draft.root)).collect();
    comments::compare(tree, &result, &splices, removable).map_err(unproven)?;
    let mut values = Vec::with_capacity(drafts.len());
    for draft in drafts {
        values.push(expected(tree, draft)?);
    }
    let expected = Expected { roots: drafts.iter().map(|draft| &draft.root).collect(), values };
    proof::events(tree, &result, &expected).map_err(unproven)?;
    drop(result);
    Ok(Edited { text: after, proof: Proof { splices, checks: CHECKS } })
}

/// The value that the operations give, by json-patch on the value before, at the lowest node that holds all of
/// them. (Elsewhere the events are compared one by one.) `None` where there is no operation.
fn expected(tree: &Tree<'_>, draft: &Draft<'_, '_>) -> Result<Option<(NodeId, Value)>, Refusal> {
    let Some(first) = draft.lowered.first() else { return Ok(None) };
    let root = draft.root.place().unwrap_or_default();
    let tokens = |lowered: &Lowered| -> Vec<String> {
        let path = lowered.operation["path"].as_str().unwrap_or_default();
        path.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
    };
    let mut common = tokens(first);
    for lowered in &draft.lowered {
        let path = tokens(lowered);
        let parent = path.len().saturating_sub(1);
        let same = common.iter().zip(&path[..parent]).take_while(|(left, right)| left == right).count();
        common.truncate(same);
    }
    // Aliases bring values from elsewhere, and indices shift between operations: then the whole document is compared.
    let mut at = root;
    let mut depth = 0;
    if tree.aliased.is_empty()
        && !draft.lowered.iter().any(|lowered| lowered.shifts && draft.lowered.len() > 1)
    {
        for key in &common {
            match super::locate::step(tree, at, key) {
                Some(child) => at = child,
                None => break,
            }
            depth += 1;
        }
    }
    let prefix = super::slots::path_text(&common[..depth]).len();
    let mut value = node_value(tree, at)?;
    let mut operations = in_order(draft);
    for operation in &mut operations {
        if let Some(Value::String(path)) = operation.get_mut("path") {
            path.drain(..prefix);
        }
    }
    let refuse = |error: &dyn std::fmt::Display| {
        Refusal::at(tree.text, tree.nodes[at].span.start, Reason::Unproven, error.to_string())
    };
    let patch: json_patch::Patch =
        serde_json::from_value(Value::Array(operations)).map_err(|error| refuse(&error))?;
    json_patch::patch(&mut value, &patch).map_err(|error| refuse(&error))?;
    Ok(Some((at, value)))
}

/// Operations that all name the text as it is, in an order in which none shifts what another one names.
fn in_order(draft: &Draft<'_, '_>) -> Vec<Value> {
    let operation = |lowered: &Lowered| lowered.operation.clone();
    if draft.order == Order::Sequential {
        return draft.lowered.iter().map(operation).collect();
    }
    let (mut shifting, steady): (Vec<&Lowered>, Vec<&Lowered>) =
        draft.lowered.iter().partition(|lowered| lowered.shifts);
    shifting.reverse();
    // Removals of an index come before insertions at it; what is further behind or deeper comes first.
    shifting
        .sort_by(|left, right| place(right).cmp(&place(left)).then_with(|| is_add(left).cmp(&is_add(right))));
    steady.into_iter().chain(shifting).map(operation).collect()
}

fn is_add(lowered: &Lowered) -> bool {
    lowered.operation["op"] == json!("add")
}

fn place(lowered: &Lowered) -> Vec<(usize, &str)> {
    let path = lowered.operation["path"].as_str().unwrap_or_default();
    path.split('/').skip(1).map(|token| (token.parse().unwrap_or(usize::MAX), token)).collect()
}

/// The spans whose comments may go: what was removed or replaced, and what trails it on its last line.
fn removed(tree: &Tree<'_>, work: &Work) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    collect(tree, work, &mut spans);
    spans
}

fn collect(tree: &Tree<'_>, work: &Work, spans: &mut Vec<Range<usize>>) {
    match work {
        Work::Swapped { node, .. } => spans.push(tree.nodes[*node].outer_start()..tree.nodes[*node].span.end),
        Work::Edited { node, slots, .. } => {
            let alive = |slot: &&super::draft::Slot| !matches!(slot.work, Work::Gone);
            let kept: Vec<usize> = slots.iter().filter(alive).filter_map(|slot| slot.origin).collect();
            for index in (0..tree.children(*node).len()).filter(|index| kept.binary_search(index).is_err()) {
                let span = tree.entry_span(*node, index);
                let end = tree.comma(*node, index).map_or(span.end, |comma| comma + 1);
                let rest = skip_blanks(tree.text, end);
                let has_comment = tree.text[rest..].starts_with('#');
                spans.push(span.start..if has_comment { line_end(tree.text, rest) } else { end });
            }
            slots.iter().for_each(|slot| collect(tree, &slot.work, spans));
        }
        Work::Kept(_) | Work::New(_) | Work::Gone => {}
    }
}

fn with_final_break(text: &str) -> Cow<'_, str> {
    match text.as_bytes().last() {
        Some(&last) if !is_break(last) => Cow::Owned(format!("{text}{}", first_break(text))),
        _ => Cow::Borrowed(text),
    }
}

/// A splice of the text with a final break, as one of the text without: what was done behind the break is done
/// before it, since a break stands there on either side.
fn turn_back(splice: &mut Splice, line_break: &str, text: &str) {
    let (range, new) = splice;
    if range.end <= text.len() {
        return;
    }
    if range.start > text.len() {
        // Inserted behind the final break: the break moves before it.
        let body = new.strip_suffix(line_break).unwrap_or(new);
        *new = format!("{line_break}{body}");
        *range = text.len()..text.len();
        return;
    }
    range.end = text.len();
    if let Some(body) = new.strip_suffix(line_break) {
        *new = body.to_owned();
    } else if text[..range.start].ends_with(['\n', '\r']) {
        let before = &text[..range.start];
        range.start -= if before.ends_with("\r\n") { 2 } else { 1 };
    }
}

/// Whether a tab stands before new text that begins a line.
fn indents_by_tab(after: &str, splices: &[Splice]) -> bool {
    let mut moved = 0isize;
    splices.iter().any(|(range, new)| {
        // OK because texts are at most 1 MiB long, and the sum is a place in the result.
        let at = range.start.saturating_add_signed(moved);
        moved += new.len() as isize - range.len() as isize;
        let before = after.get(line_start(after, at)..at).unwrap_or_default();
        !new.is_empty() && before.contains('\t') && before.bytes().all(is_blank)
    })
}

/// Whether what events do not say stays: `---`, `...`, names of anchors, whole line ends.
fn keeps_markers(before: &Tree<'_>, after: &Tree<'_>) -> bool {
    let lone = |text: &str| text.replace("\r\n", "").contains('\r');
    let markers = |text: &str| text.split(['\n', '\r']).filter(|line| is_marker(line)).count();
    let names = |tree: &Tree<'_>| -> BTreeSet<String> {
        let anchors = tree.nodes.iter().filter_map(|node| node.anchor.as_ref());
        anchors.map(|anchor| tree.text[anchor.span.clone()].to_owned()).collect()
    };
    (lone(before.text) || !lone(after.text))
        && markers(before.text) == markers(after.text)
        && names(after).is_subset(&names(before))
}

fn keeps_frame(before: &str, after: &str) -> bool {
    let broken = |text: &str| text.ends_with(['\n', '\r']);
    let mark = '\u{feff}';
    before.starts_with(mark) == after.starts_with(mark)
        && (broken(before) == broken(after) || before.is_empty())
}
