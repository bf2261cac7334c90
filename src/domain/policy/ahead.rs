//! Parsing files ahead of those who read them, on another thread: of a tree that is judged for the first time, most of
//! them are read.
//!
//! It only fills a cache, so it decides nothing. It ends with what it helps, and takes no more than a side may.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::domain::budget::{Budget, Resource, SIDE};
use crate::domain::names::BlobId;

use super::document::Parsed;
use super::files::{Files, ParsedCache};

/// Fewer files than these are not worth a thread.
const FEWEST: usize = 8;

/// Larger files are left to who reads them, so that the memory of two at once stays small.
const LARGEST: usize = 64 << 10;

/// Does something that reads these files, while their manifests that are not known yet are parsed on another thread.
pub(super) fn parsing_ahead<R>(
    sides: [&Files<'_>; 2],
    known: &ParsedCache,
    reading: impl FnOnce() -> R,
) -> R {
    let mut unknown: Vec<(&BlobId, &[u8])> = sides
        .iter()
        .flat_map(|side| side.manifests())
        .filter(|(blob, bytes)| bytes.len() <= LARGEST && !known.has(blob))
        .collect();
    unknown.sort_unstable();
    unknown.dedup_by_key(|(blob, _)| *blob);
    if unknown.len() < FEWEST {
        return reading();
    }
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let parse = || {
            let budget = Budget::new(SIDE);
            for (blob, bytes) in &unknown {
                if is_done.load(Ordering::Relaxed) || budget.exceeded().is_some() {
                    return;
                }
                let parsed = known.get_or_make(blob, || Parsed::of(bytes));
                // OK because the next file asks whether there is still some of it.
                let _ = budget.spend(Resource::Nodes, parsed.nodes);
            }
        };
        // OK because without a thread nothing is parsed ahead.
        let _ = std::thread::Builder::new().spawn_scoped(scope, parse);
        let read = reading();
        is_done.store(true, Ordering::Relaxed);
        read
    })
}
