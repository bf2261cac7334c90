//! What is kept between judgements: parsed files by blob id, and the effective manifests of whole trees.
//!
//! A file is parsed once however often it is judged, and a base that many changes share is built once, as long as there
//! is room: both hold so many bytes.

use std::collections::BTreeSet;

use crate::domain::budget::CACHE_BYTES;
use crate::domain::cache::Cache;
use crate::domain::kustomize::{is_kustomization, mentions};
use crate::domain::tree::{Entry, EntryKind};

use super::document::Parsed;
use super::effective::EffectiveCache;
use super::files::ParsedCache;
use super::size;

/// The caches of judging. One per process; safe to share between threads.
#[derive(Debug)]
pub struct Documents {
    pub(super) parsed: ParsedCache,
    pub(super) effective: EffectiveCache,
}

impl Documents {
    /// Nothing is known yet; the room is that of a judge.
    #[must_use]
    pub fn new() -> Self {
        Self::with_room(CACHE_BYTES - CACHE_BYTES / 4)
    }

    /// Nothing is known yet, and at most so many bytes ever are.
    #[must_use]
    pub fn with_room(bytes: usize) -> Self {
        // A tree holds its files' documents too, and the base's is worth most.
        let files = bytes / 3;
        Self { parsed: Cache::new(files, size::of_file), effective: Cache::new(bytes - files, size::of_tree) }
    }

    /// The paths that a kustomization names, from the root of the repository; none for any other file.
    #[must_use]
    pub fn mentions(&self, path: &str, entry: &Entry) -> BTreeSet<String> {
        let is_file = matches!(entry.kind, EntryKind::Regular | EntryKind::Executable);
        if !is_file || !is_kustomization(path) {
            return BTreeSet::new();
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let parsed = self.parsed.get_or_make(&entry.blob, || Parsed::of(&entry.bytes));
        parsed.documents.iter().flat_map(|document| mentions(&document.value, folder)).collect()
    }

    /// How many bytes they hold, by an estimate.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.parsed.bytes() + self.effective.bytes()
    }
}

impl Default for Documents {
    fn default() -> Self {
        Self::new()
    }
}
