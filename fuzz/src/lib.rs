//! The YAML engine and its properties, for the fuzz targets.
//!
//! The engine's files are compiled here once more instead of depending on `writ`: an instrumented build of the whole
//! bot would take long and fuzz nothing more.

#[path = "../../src/domain/yaml/mod.rs"]
pub mod yaml;

pub mod properties;
