//! Intersections, unions and differences.

use foldhash::{HashSet, HashSetExt};
use rdb_format::Thresholds;
use rdb_format::packed::Entry;

use super::{Set, SetRef};

/// Visits the members that all `sets` have, until `visit` returns false. `sets` come out with the
/// smallest first, whose members are gone through.
pub fn intersection<'a>(sets: &mut [SetRef<'a>], mut visit: impl FnMut(Entry<'a>) -> bool) {
    sets.sort_by_key(|set| set.len());
    let Some((smallest, others)) = sets.split_first() else { return };
    for member in smallest.iter() {
        if others.iter().all(|set| set.contains_entry(member)) && !visit(member) {
            return;
        }
    }
}

/// Visits every member of any of `sets`, once.
pub fn union<'a>(sets: &[SetRef<'a>], mut visit: impl FnMut(Entry<'a>)) {
    if let [only] = sets {
        return only.iter().for_each(visit);
    }
    let mut seen = HashSet::new();
    for member in sets.iter().flat_map(|set| set.iter()) {
        if seen.insert(member) {
            visit(member);
        }
    }
}

/// Visits the members of `first` that none of `others` has.
pub fn difference<'a>(first: SetRef<'a>, others: &mut [SetRef<'a>], visit: impl FnMut(Entry<'a>)) {
    if looks_up(first, others) {
        return unshared(first, others).for_each(visit);
    }
    let mut left: HashSet<Entry<'a>> = first.iter().collect();
    for member in others.iter().flat_map(|set| set.iter()) {
        left.remove(&member);
        if left.is_empty() {
            return;
        }
    }
    left.into_iter().for_each(visit);
}

/// As [`difference`], as a set that is built as Redis 7.2 builds it, so that it has the same encoding.
pub fn difference_set<'a>(
    first: SetRef<'a>,
    others: &mut [SetRef<'a>],
    thresholds: &Thresholds,
) -> Set {
    let mut set = Set::new();
    if looks_up(first, others) {
        unshared(first, others).for_each(|member| set.add_new(&member.as_text(), thresholds));
        return set;
    }
    first.iter().for_each(|member| set.add_new(&member.as_text(), thresholds));
    for member in others.iter().flat_map(|set| set.iter()) {
        if set.view().is_empty() {
            break;
        }
        set.remove(&member.as_text());
    }
    set
}

/// Whether less is to be done by looking the members of `first` up in the others than by taking the
/// others' members out of it. As in Redis, the former counts half.
fn looks_up(first: SetRef<'_>, others: &[SetRef<'_>]) -> bool {
    let lookups = first.len() * (others.len() + 1) / 2;
    let removals = first.len() + others.iter().map(|set| set.len()).sum::<usize>();
    lookups <= removals
}

/// The largest of the others are asked first, which are the most likely to have a member.
fn unshared<'a, 's>(
    first: SetRef<'a>,
    others: &'s mut [SetRef<'a>],
) -> impl Iterator<Item = Entry<'a>> + use<'a, 's> {
    others.sort_by_key(|set| std::cmp::Reverse(set.len()));
    first.iter().filter(|&member| !others.iter().any(|set| set.contains_entry(member)))
}
