//! Floor 1: one folder per outside thing: a trait, its errors, its adapters. No port imports another.

pub mod checkpoint_file;
pub mod child;
pub mod clock;
pub mod forge;
pub mod git;
pub mod library;
pub mod render;
pub mod store;
