//! A cache of a pure function: with or without it, the answers are the same.
//!
//! Safe to share between threads. Two threads that miss at once both work the answer out; the later one is kept.

use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

/// Answers by the question that they follow from. A full cache is emptied: simple, and rare at these sizes.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    capacity: usize,
    answers: RwLock<HashMap<K, Arc<V>>>,
}

impl<K: Clone + Eq + Hash, V> Cache<K, V> {
    /// An empty cache of at most `capacity` answers.
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, answers: RwLock::default() }
    }

    /// The answer to a question, worked out when it is not known.
    pub(super) fn get_or_make(&self, key: &K, make: impl FnOnce() -> V) -> Arc<V> {
        let Ok(answer) = self.get_or_try_make(key, || Ok::<V, Infallible>(make()));
        answer
    }

    /// The same for an answer that may not exist; failures are not kept.
    ///
    /// # Errors
    /// As `make`.
    pub(super) fn get_or_try_make<E>(
        &self,
        key: &K,
        make: impl FnOnce() -> Result<V, E>,
    ) -> Result<Arc<V>, E> {
        // OK to go on after a panic elsewhere: answers are only ever added whole.
        if let Some(answer) = self.answers.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Ok(Arc::clone(answer));
        }
        let answer = Arc::new(make()?);
        let mut answers = self.answers.write().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= self.capacity {
            answers.clear();
        }
        answers.insert(key.clone(), Arc::clone(&answer));
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_worked_out_once_until_the_cache_is_full() {
        let cache = Cache::new(2);
        let mut made = 0;
        for key in ["a", "a", "b", "a", "c", "c", "a"] {
            cache.get_or_make(&key, || made += 1);
        }
        // `c` empties the cache, so `a` is worked out again.
        assert_eq!(made, 4);
    }

    #[test]
    fn failures_are_not_kept() {
        let cache = Cache::new(1);
        assert_eq!(cache.get_or_try_make(&1, || Err::<i32, _>("no")), Err("no"));
        assert_eq!(cache.get_or_try_make(&1, || Ok::<_, &str>(5)).as_deref(), Ok(&5));
    }
}
