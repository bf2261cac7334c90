//! Stories: what people and GitHub do, and what they see as the result.

mod admission;
mod approvals;
mod audit;
mod check;
mod commands;
mod conflicts;
mod deliveries;
mod github;
mod github_pulls;
mod lanes;
mod library;
mod manners;
mod pages;
mod plan_corpus;
mod plan_terminal;
mod policies_terminal;
mod proposals;
mod pull_request;
mod pulls;
mod rollback;
mod settings;
mod webhook_examples;
