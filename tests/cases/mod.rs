//! Cases that are data: one runner per kind of case, the cases beside it.

mod beyond;
mod commands;
mod documents;
pub mod hostile;
mod kustomize;
mod plans;
mod policies;
mod policies_tests;
mod procedures;
mod reasons;
mod replayed;
mod settings;
mod switched_off;
mod yaml;
