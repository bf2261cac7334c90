//! Writing: from an edit tree to splices, the smallest byte ranges to exchange, in the style of what is around them.

mod block;
mod block_scalar;
pub(super) mod document;
mod flow;
mod folded;
mod formatting;
mod literal;
mod plan;
mod replacement;
pub(super) mod splice;
mod text;
