//! Going over the members by rank.

use std::iter::FusedIterator;

use super::ScoredRef;
use super::member::{Id, Member};
use super::packed::Pairs;
use crate::sequence;
use crate::slab::Slab;

/// Members of a sorted set by rank.
#[derive(Clone, Debug)]
pub struct Members<'a>(Forward<'a>);

/// Members of a sorted set by falling rank.
#[derive(Clone, Debug)]
pub struct MembersBack<'a>(Backward<'a>);

#[derive(Clone, Debug)]
enum Forward<'a> {
    Packed(Pairs<'a>),
    Ranked(&'a Slab<Member>, sequence::Iter<'a, Id>),
}

#[derive(Clone, Debug)]
enum Backward<'a> {
    Packed(Pairs<'a>),
    Ranked(&'a Slab<Member>, sequence::IterBack<'a, Id>),
}

impl<'a> Members<'a> {
    /// All but the first `passed`.
    pub(super) fn of_pairs(mut pairs: Pairs<'a>, passed: usize) -> Self {
        if let Some(last_passed) = passed.checked_sub(1) {
            pairs.nth(last_passed);
        }
        Self(Forward::Packed(pairs))
    }

    pub(super) fn of_ids(members: &'a Slab<Member>, ids: sequence::Iter<'a, Id>) -> Self {
        Self(Forward::Ranked(members, ids))
    }
}

impl<'a> MembersBack<'a> {
    /// From the one of `rank - 1` on.
    pub(super) fn of_pairs(mut pairs: Pairs<'a>, rank: usize) -> Self {
        if let Some(last_passed) = pairs.len().saturating_sub(rank).checked_sub(1) {
            pairs.nth_back(last_passed);
        }
        Self(Backward::Packed(pairs))
    }

    pub(super) fn of_ids(members: &'a Slab<Member>, ids: sequence::IterBack<'a, Id>) -> Self {
        Self(Backward::Ranked(members, ids))
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = ScoredRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<ScoredRef<'a>> {
        match &mut self.0 {
            Forward::Packed(pairs) => pairs.next(),
            Forward::Ranked(members, ids) => ids.next().map(|id| members.get(id.0).view()),
        }
    }
}

impl<'a> Iterator for MembersBack<'a> {
    type Item = ScoredRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<ScoredRef<'a>> {
        match &mut self.0 {
            Backward::Packed(pairs) => pairs.next_back(),
            Backward::Ranked(members, ids) => ids.next().map(|id| members.get(id.0).view()),
        }
    }
}

impl FusedIterator for Members<'_> {}

impl FusedIterator for MembersBack<'_> {}
