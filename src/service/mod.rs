//! Floor 2: what the bot does: accept a delivery, work through a run's steps, reply.

pub mod planning;
pub mod proposal;
