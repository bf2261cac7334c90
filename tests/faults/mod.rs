//! What goes wrong outside, and what the bot makes of it.

mod approvals;
mod checks;
mod connections;
mod crowd;
mod doubtful_answers;
mod github;
mod heads;
mod judging;
mod kill;
mod machine;
mod reconciliations;
mod retries;
mod shutdown;
mod storm;
mod withdrawals;
mod worker;
mod writes;
