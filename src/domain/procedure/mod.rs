//! Procedures: named, versioned recipes (`patches/*.yaml`): load, resolve against a tree, plan.

mod refusal;

pub use refusal::PlanRefusal;
