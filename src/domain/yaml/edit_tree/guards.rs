//! What an edit must not touch: what aliases share, what tags constrain, what a copy would lose.

use super::super::read::span_tree::{NodeIndex, NodeKind, SpanTree};
use super::super::read::value::node_value;
use super::super::refusal::{Reason, YamlRefusal};
use super::node::EditNode;

/// Refuses to write at or below an alias, or an anchor that aliases refer to.
///
/// ```yaml
/// base: &base {cpu: 1}   # neither here
/// job: *base             # nor here
/// ```
pub(super) fn check_shared(tree: &SpanTree<'_>, edit_node: &EditNode) -> Result<(), YamlRefusal> {
    let Some(source) = edit_node.source() else { return Ok(()) };
    let node = &tree.nodes[source];
    let is_alias =
        matches!(node.kind, NodeKind::Alias { .. }) && !matches!(edit_node, EditNode::Replaced { .. });
    let is_shared = node.anchor.as_ref().is_some_and(|anchor| tree.aliased.contains(&anchor.id));
    if is_alias || is_shared {
        let message = if is_alias {
            "there is an alias at or above the target"
        } else {
            "aliases refer to this anchor"
        };
        return Err(YamlRefusal::at(tree.text, node.outer_start(), Reason::Alias, message));
    }
    Ok(())
}

/// Refuses changes inside a collection whose tag allows only one shape: `!!set` has nulls, `!!omap` and `!!pairs` have
/// pairs.
///
/// ```yaml
/// names: !!set {a, b}
/// ```
pub(super) fn check_tag(tree: &SpanTree<'_>, edit_node: &EditNode) -> Result<(), YamlRefusal> {
    const SHAPED: [&str; 3] = ["tag:yaml.org,2002:set", "tag:yaml.org,2002:omap", "tag:yaml.org,2002:pairs"];
    let (EditNode::Kept(source) | EditNode::Edited { source, .. }) = *edit_node else { return Ok(()) };
    match &tree.nodes[source].tag {
        Some(tag) if SHAPED.contains(&tag.name.as_str()) => {
            let message = "this collection has a tag that forbids changes in it";
            Err(YamlRefusal::at(tree.text, tag.span.start, Reason::Unwritable, message))
        }
        _ => Ok(()),
    }
}

/// The offset of the first anchor at or below a node that an alias refers to.
pub(super) fn shared_anchor(tree: &SpanTree<'_>, id: NodeIndex) -> Option<usize> {
    let node = &tree.nodes[id];
    let own = node.anchor.as_ref().filter(|anchor| tree.aliased.contains(&anchor.id));
    own.map(|anchor| anchor.span.start)
        .or_else(|| tree.children(id).into_iter().find_map(|child| shared_anchor(tree, child)))
}

/// Whether a node, or one below it, has a tag that says more than its value does.
pub(super) fn has_custom_tag(tree: &SpanTree<'_>, id: NodeIndex) -> bool {
    const PLAIN: [&str; 7] = ["str", "int", "float", "bool", "null", "map", "seq"];
    let is_plain =
        |name: &str| name.strip_prefix("tag:yaml.org,2002:").is_some_and(|name| PLAIN.contains(&name));
    tree.nodes[id].tag.as_ref().is_some_and(|tag| !is_plain(&tag.name))
        || tree.children(id).into_iter().any(|child| has_custom_tag(tree, child))
}

/// The offset of the first entry at or below a node whose key its mapping has already.
pub(super) fn duplicate_key(tree: &SpanTree<'_>, id: NodeIndex) -> Option<usize> {
    if let NodeKind::Mapping { entries, .. } = &tree.nodes[id].kind {
        let mut keys: Vec<_> = entries.iter().map(|entry| (tree.key_text(entry.key), entry.start)).collect();
        keys.sort_unstable();
        if let Some(twice) = keys.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Some(twice[1].1);
        }
    }
    tree.children(id).into_iter().find_map(|child| duplicate_key(tree, child))
}

/// The node, if it is a null that can become a mapping or sequence.
pub(super) fn null_scalar(tree: &SpanTree<'_>, edit_node: &EditNode) -> Option<NodeIndex> {
    let EditNode::Kept(source) = *edit_node else { return None };
    let is_scalar = matches!(tree.nodes[source].kind, NodeKind::Scalar { .. });
    (is_scalar && node_value(tree, source).is_ok_and(|value| value.is_null())).then_some(source)
}
