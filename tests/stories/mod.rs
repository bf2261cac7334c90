//! Stories: what people and GitHub do, and what they see come of it.

mod approvals;
mod audit;
mod check;
mod commands;
mod deliveries;
mod github;
mod github_pulls;
mod lanes;
mod library;
mod pages;
mod plan_corpus;
mod plan_terminal;
mod policies_terminal;
mod proposals;
mod pull_request;
mod pulls;
mod rivals;
mod rollback;
mod settings;
mod turns;
mod webhook_examples;
