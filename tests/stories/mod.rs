//! Stories: what people and GitHub do, and what they see as the result.

mod admission;
mod approvals;
mod audit;
mod bodies;
mod check;
mod commands;
mod conflicts;
mod deliveries;
mod github;
mod github_pulls;
mod lanes;
mod library;
mod listeners;
mod pages;
mod plan_corpus;
mod plan_terminal;
mod policies_terminal;
mod proposals;
mod pull_request;
mod pulls;
mod replay;
mod rollback;
mod sealing;
mod settings;
mod tampering;
mod webhook_examples;
