//! Floor 2: what the bot does: accepts deliveries, works through the steps of runs, replies; judges pull requests.
//!
//! Arrows run from `steps` to what they share (standing, conflicts, replies, checks), from there to `job`, and from there
//! to `context`, `facts` and `error`. `steps/mod.rs` is the one file that knows all steps.

pub mod accept;
mod answers;
mod attested_row;
pub mod auditor;
pub mod body;
pub mod checkpoint_branch;
pub mod checks;
mod conflicts;
pub mod context;
mod ending;
pub mod error;
pub mod facts;
pub mod failpoint;
pub mod head;
pub mod heads;
pub mod health;
pub mod job;
pub mod judgement;
pub mod judging;
pub mod materials;
pub mod metrics;
pub mod notary;
mod ownership;
mod planned_record;
pub mod planning;
pub mod procedure_summary;
pub mod proposal;
mod recipe;
pub mod reconciliation;
mod rejudging;
pub mod replay;
pub mod reply;
pub mod resumption;
mod retry;
pub mod row_audit;
pub mod sealing;
mod standing;
mod steps;
pub mod stored_command;
mod tree;
mod validating;
mod withdrawal;
pub mod worker;
