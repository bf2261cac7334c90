//! `writ`: a GitOps bot that turns requests into audited pull requests.
//!
//! The house: imports point down only (`tests/house.rs` keeps it).
//!
//! | floor | module | what |
//! | --- | --- | --- |
//! | 4 | `cli` | the terminal door, configuration, wiring; the only reader of the environment |
//! | 3 | `http` | webhooks, API, pages, metrics, health |
//! | 2 | `service` | accept, worker, pipeline and steps, reply |
//! | 1 | `ports` | git, forge, store, clock, render, library: a trait, its errors, its adapters |
//! | 0 | `domain` | values and rules: no I/O, no async, no clock, no randomness |

#![forbid(unsafe_code)]

pub mod cli;
pub mod domain;
pub mod http;
pub mod ports;
pub mod service;
