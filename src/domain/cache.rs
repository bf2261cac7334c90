//! A cache of a pure function: with or without it, the answers are the same.
//!
//! It holds so many bytes, not so many answers: what others push decides how large an answer is. Safe to share between
//! threads. Two threads that miss at once both work the answer out; the later one is kept.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Answers by the question that they follow from; the least recently used make room for others.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    /// The most bytes of all answers together.
    capacity: usize,
    /// About how many bytes an answer takes.
    size: fn(&V) -> usize,
    kept: Mutex<Kept<K, V>>,
}

#[derive(Debug)]
struct Kept<K, V> {
    answers: HashMap<K, Answer<V>>,
    /// The questions by the turn in which they were asked last.
    by_turn: BTreeMap<u64, K>,
    turn: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Answer<V> {
    value: Arc<V>,
    bytes: usize,
    turn: u64,
}

/// What every answer takes beside itself: its question twice, and its places in the maps.
const OVERHEAD: usize = 256;

impl<K: Clone + Eq + Hash, V> Cache<K, V> {
    /// An empty cache of at most `capacity` bytes, by an estimate of an answer's size. An answer that alone is larger is
    /// not kept.
    pub(super) fn new(capacity: usize, size: fn(&V) -> usize) -> Self {
        let kept = Kept { answers: HashMap::new(), by_turn: BTreeMap::new(), turn: 0, bytes: 0 };
        Self { capacity, size, kept: Mutex::new(kept) }
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
        if let Some(answer) = self.kept().find(key) {
            return Ok(answer);
        }
        let answer = Arc::new(make()?);
        let bytes = (self.size)(&answer).saturating_add(OVERHEAD);
        if bytes <= self.capacity {
            self.kept().keep(key, &answer, bytes, self.capacity);
        }
        Ok(answer)
    }

    /// Whether the answer to a question is known; this does not count as a use of it.
    pub(super) fn has(&self, key: &K) -> bool {
        self.kept().answers.contains_key(key)
    }

    /// How many bytes the answers take that are kept, by the estimate.
    pub(super) fn bytes(&self) -> usize {
        self.kept().bytes
    }

    fn kept(&self) -> MutexGuard<'_, Kept<K, V>> {
        // OK to go on after a panic elsewhere: nothing in here panics between two changes that belong together.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash, V> Kept<K, V> {
    fn find(&mut self, key: &K) -> Option<Arc<V>> {
        let answer = self.answers.get_mut(key)?;
        self.turn += 1;
        let key = self.by_turn.remove(&answer.turn)?;
        self.by_turn.insert(self.turn, key);
        answer.turn = self.turn;
        Some(Arc::clone(&answer.value))
    }

    fn keep(&mut self, key: &K, value: &Arc<V>, bytes: usize, capacity: usize) {
        self.forget(key);
        while self.bytes + bytes > capacity {
            let Some((_, oldest)) = self.by_turn.first_key_value() else { break };
            self.forget(&oldest.clone());
        }
        self.turn += 1;
        self.bytes += bytes;
        self.by_turn.insert(self.turn, key.clone());
        self.answers.insert(key.clone(), Answer { value: Arc::clone(value), bytes, turn: self.turn });
    }

    fn forget(&mut self, key: &K) {
        if let Some(answer) = self.answers.remove(key) {
            self.by_turn.remove(&answer.turn);
            self.bytes -= answer.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cache in which each answer takes its own number of bytes.
    fn cache(capacity: usize) -> Cache<&'static str, usize> {
        Cache::new(capacity, |bytes| *bytes)
    }

    #[test]
    fn an_answer_is_worked_out_once_until_others_take_its_room() {
        let cache = cache(2 * (OVERHEAD + 10));
        let mut made = Vec::new();
        for key in ["a", "a", "b", "a", "c", "a", "b"] {
            cache.get_or_make(&key, || {
                made.push(key);
                10
            });
        }
        // `c` takes the room of `b`, which was used longest ago.
        assert_eq!(made, ["a", "b", "c", "b"]);
        assert_eq!(cache.bytes(), 2 * (OVERHEAD + 10));
    }

    #[test]
    fn many_small_ones_make_room_for_a_large_one_and_what_is_too_large_for_none() {
        let cache = cache(4 * OVERHEAD);
        for key in ["a", "b", "c", "d"] {
            cache.get_or_make(&key, || 0);
        }
        assert_eq!(cache.bytes(), 4 * OVERHEAD);
        cache.get_or_make(&"large", || 2 * OVERHEAD);
        assert_eq!(cache.bytes(), 4 * OVERHEAD);
        assert_eq!(*cache.get_or_make(&"too large", || 4 * OVERHEAD), 4 * OVERHEAD);
        let mut made = 0;
        cache.get_or_make(&"d", || {
            made += 1;
            0
        });
        assert_eq!((cache.bytes(), made), (4 * OVERHEAD, 0));
    }

    #[test]
    fn failures_are_not_kept() {
        let cache = cache(1 << 20);
        assert_eq!(cache.get_or_try_make(&"a", || Err::<usize, _>("no")), Err("no"));
        assert_eq!(cache.get_or_try_make(&"a", || Ok::<_, &str>(5)).as_deref(), Ok(&5));
    }
}
