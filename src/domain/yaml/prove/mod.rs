//! Proving: the result is read back and compared, node by node and comment by comment, with what was asked for.

mod comments;
mod events;
mod frame;
mod nodes;
pub(super) mod proof;
mod values;
