//! What goes wrong outside, and what the bot makes of it.

mod approvals;
mod checks;
mod github;
mod heads;
mod judging;
mod kill;
mod reconciliations;
mod shutdown;
mod worker;
