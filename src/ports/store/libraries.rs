//! The libraries that decisions were made with, each stored once under its digest, so that they can be made again.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::error::StoreError;

/// Where libraries are stored.
#[async_trait]
pub trait LibraryStore: Send + Sync {
    /// Stores the files of a library, by path, under its digest; the same digest twice is stored once.
    async fn keep_library(&self, digest: &str, files: &BTreeMap<String, String>) -> Result<(), StoreError>;

    /// The files that are stored under a digest, by path; the caller checks that they have it.
    async fn library(&self, digest: &str) -> Result<Option<BTreeMap<String, String>>, StoreError>;
}
