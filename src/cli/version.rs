//! The version; of a release build with its commit and the date of that. `build.rs` makes it.

/// `0.1.0 (13046cb1d2e3 2026-11-30)`.
pub(super) const VERSION: &str = env!("BUILD_VERSION");
