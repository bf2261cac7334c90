//! Floor 2: what the bot does: accept a delivery, work through a run's steps, reply.

pub mod accept;
pub mod asked;
pub mod delivery;
pub mod metrics;
pub mod planning;
pub mod proposal;
