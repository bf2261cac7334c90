//! From the edit tree of a document to its splices: the smallest byte ranges to exchange, in the style of what is
//! around them.

use super::super::edit_tree::new_node::NewNode;
use super::super::edit_tree::node::{EditEntry, EditNode};
use super::super::read::lines::column;
use super::super::read::span_tree::{DocumentSpan, NodeIndex, NodeKind, SpanTree};
use super::super::refusal::YamlRefusal;
use super::plan::{Site, SiteKind, SplicePlan};
use super::splice::Splice;
use super::{block, flow, replacement};

/// The splices that turn a document into `root`. `text` is that of the tree with a line break at its end.
pub(crate) fn splices(
    tree: &SpanTree<'_>,
    text: &str,
    document: &DocumentSpan,
    root: &EditNode,
) -> Result<Vec<Splice>, YamlRefusal> {
    let mut plan = SplicePlan::new(tree, text, document);
    let site = Site { after: document.from, column: None, kind: SiteKind::Root, flow: false };
    write_node(&mut plan, root, site)?;
    Ok(plan.splices)
}

/// Writes what changes in a node: a new value, or changed entries and then those that come or go.
fn write_node(plan: &mut SplicePlan<'_, '_>, node: &EditNode, site: Site) -> Result<(), YamlRefusal> {
    match node {
        EditNode::Kept(_) | EditNode::New(_) | EditNode::Removed => Ok(()),
        _ if node.is_kept() => Ok(()),
        EditNode::Replaced { source, value } => replacement::replace(plan, *source, value, site),
        EditNode::Edited { source, entries, .. } => {
            let entries: Vec<&EditEntry> = entries.iter().filter(|entry| !entry.is_removed()).collect();
            if !entries.iter().any(|entry| entry.origin.is_some()) {
                return write_all_new(plan, *source, &entries, site);
            }
            let flow = !plan.tree.nodes[*source].is_block_collection();
            for entry in entries.iter().filter(|entry| !entry.node.is_kept()) {
                if let Some(origin) = entry.origin {
                    let site = entry_site(plan, *source, origin, flow);
                    write_node(plan, &entry.node, site)?;
                }
            }
            if flow {
                flow::write_entries(plan, *source, &entries)
            } else {
                block::write_entries(plan, *source, &entries, site);
                Ok(())
            }
        }
    }
}

/// Writes a collection of which no entry stays.
///
/// ```yaml
/// only: {removed: 1}
/// ```
///
/// ```yaml
/// only: {}
/// ```
fn write_all_new(
    plan: &mut SplicePlan<'_, '_>,
    node: NodeIndex,
    entries: &[&EditEntry],
    site: Site,
) -> Result<(), YamlRefusal> {
    let source = &plan.tree.nodes[node];
    if !source.is_block_collection() && !plan.tree.comments_in(source.span.clone()).is_empty() {
        if entries.is_empty() {
            return flow::write_entries(plan, node, entries);
        }
        return Err(plan.refuse(node, "the comments between the brackets would be lost"));
    }
    let value = match source.kind {
        NodeKind::Mapping { .. } => NewNode::Mapping(
            entries.iter().filter_map(|entry| Some((entry.key.clone()?, new_value(entry)?))).collect(),
        ),
        _ => NewNode::Sequence(entries.iter().filter_map(|entry| new_value(entry)).collect()),
    };
    replacement::replace_entries(plan, node, &value, site)
}

/// The value of an entry that is new.
fn new_value(entry: &EditEntry) -> Option<NewNode> {
    match &entry.node {
        EditNode::New(value) => Some(value.clone()),
        _ => None,
    }
}

/// Where the child with an index is in its parent.
fn entry_site(plan: &SplicePlan<'_, '_>, parent: NodeIndex, index: usize, flow: bool) -> Site {
    match &plan.tree.nodes[parent].kind {
        NodeKind::Mapping { entries, .. } => {
            let entry = &entries[index];
            let (after, kind) = match entry.colon {
                Some(colon) => (colon + 1, SiteKind::Value),
                None => (plan.tree.nodes[entry.key].span.end, SiteKind::KeyOnly),
            };
            Site { after, column: Some(column(plan.text, entry.start)), kind, flow }
        }
        NodeKind::Sequence { items, .. } => {
            let start = items[index].start;
            let after = if flow { start } else { start + 1 };
            Site { after, column: Some(column(plan.text, start)), kind: SiteKind::Item, flow }
        }
        // OK because only collections have entries.
        _ => Site { after: plan.tree.nodes[parent].span.start, column: None, kind: SiteKind::Root, flow },
    }
}
