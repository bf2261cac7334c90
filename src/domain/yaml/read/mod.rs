//! Reading: from a text to its span tree, and from the tree to places, values and comments.

pub(super) mod block_scalar;
pub(super) mod document;
pub(super) mod lines;
pub(super) mod locate;
pub(super) mod parser;
pub(super) mod scalar;
pub(super) mod span_tree;
pub(super) mod value;
