//! Stories: what people and GitHub do, and what they see come of it.

mod audit;
mod commands;
mod deliveries;
mod proposals;
mod settings;
mod webhook_examples;
