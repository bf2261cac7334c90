//! Floor 2: what the bot does: accept a delivery, work through a run's steps, reply; look at pull requests and judge them.

pub mod accept;
pub mod answers;
pub mod asked;
pub mod checks;
pub mod delivery;
pub mod failpoint;
pub mod happening;
pub mod judging;
pub mod look;
pub mod metrics;
pub mod notary;
pub mod pipeline;
pub mod planning;
pub mod proposal;
mod recipe;
pub mod reply;
mod rivals;
mod steps;
pub mod worker;
