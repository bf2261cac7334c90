//! The edit tree: a document as it will be. What no operation changes is a reference to the span tree, so the result
//! can be compared with the text node by node. Nothing is written here.

pub(super) mod editor;
mod entries;
mod guards;
pub(super) mod lowered;
pub(super) mod new_node;
pub(super) mod node;
mod reconcile;
mod refusals;
mod touched;
mod tree;
