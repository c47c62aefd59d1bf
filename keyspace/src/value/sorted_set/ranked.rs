//! Large sorted sets.

use std::cmp::Ordering;
use std::hint;
use std::ops::Range;

use super::member::{Id, Member};
use super::{Members, MembersBack, ScoredRef};
use crate::hash;
use crate::sequence::Sequence;
use crate::serialize::TOLD_TOGETHER;
use crate::slab::Slab;
use crate::table::Table;

/// Members, found by name and by rank.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranked {
    members: Slab<Member>,
    /// Every member's number, by its name.
    by_name: Table<Id>,
    /// Every member's number, in the order of scores and names.
    by_rank: Sequence<Id>,
}

impl Ranked {
    /// One with room for about so many members.
    pub(super) fn with_room(len: usize) -> Self {
        Self { by_name: Table::with_room(len), ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.by_rank.weight()
    }

    pub(super) fn score(&self, name: &[u8]) -> Option<f64> {
        self.find(name).map(|id| self.member(id).score)
    }

    pub(super) fn rank(&self, name: &[u8]) -> Option<(usize, f64)> {
        let score = self.score(name)?;
        Some((self.rank_of(name, score), score))
    }

    pub(super) fn get(&self, rank: usize) -> Option<ScoredRef<'_>> {
        self.by_rank.get(rank).map(|&id| self.member(id).view())
    }

    pub(super) fn iter_from(&self, rank: usize) -> Members<'_> {
        Members::of_ids(&self.members, self.by_rank.iter_from(rank))
    }

    pub(super) fn iter_back_from(&self, rank: usize) -> MembersBack<'_> {
        MembersBack::of_ids(&self.members, self.by_rank.iter_back_from(rank))
    }

    /// The members from the one of `rank - 1` on backwards, as many as have their numbers together.
    pub(super) fn members_before(&self, rank: usize) -> impl Iterator<Item = &Member> {
        let ids = self.by_rank.chunk_before(rank).map_or(&[][..], |(ids, _)| ids);
        ids.rchunks(TOLD_TOGETHER).flat_map(|ids| {
            self.warm(ids);
            ids.iter().rev().map(|&id| self.member(id))
        })
    }

    /// Reads the beginnings of these members, which lie anywhere: the processor fetches them at the
    /// same time if nothing else is done between.
    fn warm(&self, ids: &[Id]) {
        hint::black_box(ids.iter().filter_map(|&id| self.member(id).name().first()).max());
    }

    /// The number of members for which `is_before` is true, which come before all others.
    pub(super) fn partition_point(&self, is_before: impl Fn(ScoredRef<'_>) -> bool) -> usize {
        self.by_rank.partition_point(|&id| is_before(self.member(id).view()))
    }

    pub(super) fn scan<'a>(
        &'a self,
        cursor: u32,
        count: usize,
        visit: &mut impl FnMut(ScoredRef<'a>),
    ) -> u32 {
        self.by_name
            .scan(cursor, count, hash_of(&self.members), |&id| visit(self.member(id).view()))
    }

    /// Gives a member a score, or adds it.
    pub(super) fn insert(&mut self, name: &[u8], score: f64) {
        let hash = hash::of(name);
        let found = self.by_name.find(hash, |&id| self.member(id).name() == name);
        let id = match found {
            Some(&id) => {
                let old = self.member(id).score;
                if old == score {
                    return;
                }
                self.by_rank.remove(self.rank_of(name, old));
                id
            }
            None => self.add(hash, Member::new(name, score)),
        };
        let rank = self.rank_of(name, score);
        self.members.get_mut(id.0).score = score;
        self.by_rank.insert(rank, id);
    }

    /// Adds a member, unless it is there; tells whether it was not. Quick if it comes before all
    /// others or after all.
    pub(super) fn insert_new(&mut self, name: &[u8], score: f64) -> bool {
        let hash = hash::of(name);
        let is_new = self.by_name.find(hash, |&id| self.member(id).name() == name).is_none();
        if is_new {
            self.insert_hashed(hash, name, score);
        }
        is_new
    }

    /// Adds a member that is not there. As quick.
    pub(super) fn insert_unique(&mut self, name: &[u8], score: f64) {
        self.insert_hashed(hash::of(name), name, score);
    }

    fn insert_hashed(&mut self, hash: u64, name: &[u8], score: f64) {
        let is = |at: Option<&Id>, order| {
            at.is_none_or(|&id| self.member(id).order(score, name) == order)
        };
        let rank = if is(self.by_rank.first(), Ordering::Greater) {
            0
        } else if is(self.by_rank.last(), Ordering::Less) {
            self.len()
        } else {
            self.rank_of(name, score)
        };
        let id = self.add(hash, Member::new(name, score));
        self.by_rank.insert(rank, id);
    }

    pub(super) fn remove(&mut self, name: &[u8]) -> Option<f64> {
        let hash = hash::of(name);
        let members = &self.members;
        let found = self.by_name.find_entry(hash, |&id| members.get(id.0).name() == name)?;
        let id = found.remove();
        let score = self.member(id).score;
        let rank = self.rank_of(name, score);
        self.by_rank.remove(rank);
        self.members.remove(id.0);
        Some(score)
    }

    /// Removes the members of these ranks, which there are.
    pub(super) fn remove_ranks(&mut self, ranks: Range<usize>) {
        for _ in ranks.clone() {
            let id = self.by_rank.remove(ranks.start);
            let member = self.members.remove(id.0);
            let found = self.by_name.find_entry(hash::of(member.name()), |&it| it == id);
            found.expect("every member is in the table").remove();
        }
    }

    fn add(&mut self, hash: u64, member: Member) -> Id {
        let id = Id(self.members.insert(member));
        self.by_name.insert_unique(hash, id, hash_of(&self.members));
        id
    }

    fn find(&self, name: &[u8]) -> Option<Id> {
        self.by_name.find(hash::of(name), |&id| self.member(id).name() == name).copied()
    }

    #[inline]
    fn member(&self, id: Id) -> &Member {
        self.members.get(id.0)
    }

    /// The number of members before one with this name and score, whether or not it is there.
    fn rank_of(&self, name: &[u8], score: f64) -> usize {
        self.by_rank.partition_point(|&id| self.member(id).order(score, name) == Ordering::Less)
    }
}

impl<'a> FromIterator<ScoredRef<'a>> for Ranked {
    /// Of members that are all different.
    fn from_iter<I: IntoIterator<Item = ScoredRef<'a>>>(members: I) -> Self {
        let mut ranked = Self::default();
        for member in members {
            ranked.insert_unique(&member.name.as_text(), member.score);
        }
        ranked
    }
}

/// Tells the hash of a member's name by its number.
fn hash_of(members: &Slab<Member>) -> impl Fn(&Id) -> u64 {
    |&id| hash::of(members.get(id.0).name())
}
