//! Which items of two lists are the same item: by name where all have one, else by what they hold.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::named::Named;

/// Lists that differ in a larger field of pairs than this are compared place by place: it bounds time and memory.
const MAX_CELLS: usize = 100_000;

/// The cost of removing or adding an item.
const SINGLE: u32 = 20;
/// The cost of replacing an item as a whole: less than removing and adding, more than a move.
const REPLACED: u32 = 22;

/// The pairs (index before, index after) of items that are the same, rising by the index before.
pub(super) fn align(before: &[Value], after: &[Value]) -> Vec<(usize, usize)> {
    if let (Some(names), Some(others)) = (Named::of(before), Named::of(after)) {
        let partner = |(at, (name, rank)): (usize, &(&str, usize))| Some((at, others.position(name, *rank)?));
        return names.keys.iter().enumerate().filter_map(partner).collect();
    }
    let head = before.iter().zip(after).take_while(|(left, right)| left == right).count();
    let (left, right) = (&before[head..], &after[head..]);
    let tail = left.iter().rev().zip(right.iter().rev()).take_while(|(left, right)| left == right).count();
    let (left, right) = (&left[..left.len() - tail], &right[..right.len() - tail]);
    let inner = if left.len().saturating_mul(right.len()) > MAX_CELLS {
        (0..left.len().min(right.len())).map(|at| (at, at)).collect()
    } else {
        with_moves(left, right, cheapest(left, right))
    };
    let inner = inner.into_iter().map(|(old, new)| (head + old, head + new));
    let tail = (0..tail).map(|at| (before.len() - tail + at, after.len() - tail + at));
    (0..head).map(|at| (at, at)).chain(inner).chain(tail).collect()
}

/// The cheapest way from one list to the other by removing, adding and changing items, as the changed pairs.
fn cheapest(before: &[Value], after: &[Value]) -> Vec<(usize, usize)> {
    let width = after.len() + 1;
    // The costs of the ways to the end, row by row of `before`.
    let mut costs = vec![0_u32; (before.len() + 1) * width];
    let mut changes = vec![0_u32; before.len() * after.len()];
    for old in (0..=before.len()).rev() {
        for new in (0..=after.len()).rev() {
            let here = old * width + new;
            let (down, right) = (old < before.len(), new < after.len());
            if down && right {
                changes[old * after.len() + new] = change_cost(&before[old], &after[new]);
            }
            let ways = [
                down.then(|| costs[here + width] + SINGLE),
                right.then(|| costs[here + 1] + SINGLE),
                (down && right).then(|| costs[here + width + 1] + changes[old * after.len() + new]),
            ];
            costs[here] = ways.into_iter().flatten().min().unwrap_or(0);
        }
    }
    let (mut old, mut new) = (0, 0);
    let mut pairs = Vec::new();
    while old < before.len() && new < after.len() {
        let here = old * width + new;
        if costs[here] == costs[here + width + 1] + changes[old * after.len() + new] {
            pairs.push((old, new));
            (old, new) = (old + 1, new + 1);
        } else if costs[here] == costs[here + width] + SINGLE {
            old += 1;
        } else {
            new += 1;
        }
    }
    pairs
}

/// What it costs to make one item of the other: the less they have in common, the more.
fn change_cost(before: &Value, after: &Value) -> u32 {
    if before == after {
        return 0;
    }
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return REPLACED };
    let shared = before.iter().filter_map(|(key, value)| Some(*value == *after.get(key)?));
    // A key with the same value counts two, one with another value counts one.
    let points: usize = shared.map(|is_same| 1 + usize::from(is_same)).sum();
    let most = 2 * before.len().max(after.len());
    // OK because the quotient is below `most / most`: at most 2 * SINGLE.
    let differs = u32::try_from((most - points) * 2 * SINGLE as usize / most).unwrap_or(2 * SINGLE);
    1 + differs
}

/// The pairs, and those items that moved to another place unchanged.
fn with_moves(before: &[Value], after: &[Value], pairs: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let (old, new): (BTreeSet<usize>, BTreeSet<usize>) = pairs.iter().copied().unzip();
    let mut came: Vec<usize> = (0..after.len()).filter(|at| !new.contains(at)).collect();
    let mut all: BTreeMap<usize, usize> = pairs.into_iter().collect();
    for gone in (0..before.len()).filter(|at| !old.contains(at)) {
        if let Some(at) = came.iter().position(|&at| after[at] == before[gone]) {
            all.insert(gone, came.remove(at));
        }
    }
    all.into_iter().collect()
}

/// The members of a longest rising part of a list of distinct numbers.
pub(super) fn longest_rising(numbers: &[usize]) -> BTreeSet<usize> {
    // The index of the smallest end of a rising part of each length, and each number's predecessor in its part.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous = vec![None; numbers.len()];
    for (at, number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|&end| numbers[end] < *number);
        previous[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut members = BTreeSet::new();
    let mut next = ends.last().copied();
    while let Some(at) = next {
        members.insert(numbers[at]);
        next = previous[at];
    }
    members
}
