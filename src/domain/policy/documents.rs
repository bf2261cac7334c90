//! Parsed documents of files, kept by blob id, so that a file is parsed once however often it is judged.

/// A cache of parsed files by blob id. One per process; safe to share between threads.
#[derive(Debug, Default)]
pub struct Documents {}

impl Documents {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}
