//! What goes wrong outside, and what the bot makes of it.

mod approvals;
mod checks;
mod crowd;
mod github;
mod kill;
mod reconciliations;
mod retries;
mod worker;
