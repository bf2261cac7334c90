//! Floor 2: what the bot does: accept a delivery, work through a run's steps, reply.

pub mod accept;
pub mod answers;
pub mod asked;
pub mod delivery;
pub mod failpoint;
pub mod metrics;
pub mod notary;
pub mod pipeline;
pub mod planning;
pub mod proposal;
mod recipe;
pub mod reply;
mod steps;
mod verdict;
pub mod worker;
