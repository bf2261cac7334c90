//! What goes wrong outside, and what the bot makes of it.

mod approvals;
mod checks;
mod doubtful_answers;
mod github;
mod kill;
mod reconciliations;
mod withdrawals;
mod worker;
mod writes;
