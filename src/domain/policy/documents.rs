//! What is kept between judgements: parsed files by blob id, and the effective manifests of whole trees.
//!
//! A file is parsed once however often it is judged, and a base that many changes share is built once.

use crate::domain::cache::Cache;

use super::effective::EffectiveCache;
use super::files::ParsedCache;

/// The caches of judging. One per process; safe to share between threads.
#[derive(Debug)]
pub struct Documents {
    pub(super) parsed: ParsedCache,
    pub(super) effective: EffectiveCache,
}

/// The most files that are kept; a tree of the target has about 100.
const FILES_KEPT: usize = 4096;

/// The most trees that are kept: a base is judged again and again, a head a few times.
const TREES_KEPT: usize = 16;

impl Documents {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self { parsed: Cache::new(FILES_KEPT), effective: Cache::new(TREES_KEPT) }
    }
}

impl Default for Documents {
    fn default() -> Self {
        Self::new()
    }
}
