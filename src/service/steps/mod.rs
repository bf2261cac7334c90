//! The steps of a run, one file each. Each looks for its effect before it makes it.

pub(super) mod approve;
pub(super) mod authorize;
pub(super) mod check;
pub(super) mod close;
pub(super) mod conclude;
pub(super) mod judge;
pub(super) mod observe;
pub(super) mod plan;
pub(super) mod propose;
pub(super) mod push;
pub(super) mod record;
pub(super) mod report;
pub(super) mod turn;
