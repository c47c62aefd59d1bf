//! Sorted sets.
//!
//! A small one is a listpack of members and scores by rank. A larger one keeps its members under
//! small numbers and finds them in two ways: by name in a [table](crate::table), and by rank in a
//! [sequence](crate::sequence) of their numbers (Redis has a skip list there, and calls the encoding
//! so). Members are ordered by score, those of equal scores by the bytes of their names.

mod add;
mod build;
mod events;
mod iter;
mod member;
mod packed;
mod range;
mod ranked;

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use rdb_format::Thresholds;
use rdb_format::packed::{Entry, ListpackIter, ListpackMut};

use super::draw;
use packed::Pairs;
use ranked::Ranked;

pub use add::{AddFlags, Added, NotANumber};
pub(crate) use build::SortedSetBuilder;
pub(crate) use events::SortedSetEvents;
pub use iter::{Members, MembersBack};
pub use range::{LexBound, LexRange, ScoreBound, ScoreRange};

/// A sorted set.
#[derive(Clone, Debug)]
pub struct SortedSet(Form);

#[derive(Clone, Debug)]
enum Form {
    Packed(ListpackMut),
    Ranked(Arc<Ranked>),
}

/// A view of a [`SortedSet`].
#[derive(Clone, Copy, Debug)]
pub struct SortedSetRef<'a>(FormRef<'a>);

#[derive(Clone, Copy, Debug)]
enum FormRef<'a> {
    /// The bytes of a listpack.
    Packed(&'a [u8]),
    Ranked(&'a Arc<Ranked>),
}

/// A member and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoredRef<'a> {
    /// Its name.
    pub name: Entry<'a>,
    /// Its score; not NaN.
    pub score: f64,
}

impl SortedSet {
    /// One without members.
    pub fn new() -> Self {
        Self(Form::Packed(ListpackMut::new()))
    }

    /// One without members, in the form for up to `len` of them, whose names have up to `name_len`
    /// bytes.
    pub fn with_room(len: usize, name_len: usize, thresholds: &Thresholds) -> Self {
        if len <= thresholds.zset_max_listpack_entries
            && name_len <= thresholds.zset_max_listpack_value
        {
            return Self::new();
        }
        Self(Form::Ranked(Arc::default()))
    }

    /// The sorted set of these members, which are all different. Quick if they come by rank.
    pub fn of<'a>(
        members: impl IntoIterator<Item = ScoredRef<'a>>,
        thresholds: &Thresholds,
    ) -> Self {
        let mut set = Self(Form::Ranked(Arc::new(members.into_iter().collect())));
        set.pack(thresholds);
        set
    }

    /// Before members are added, as many as `len`: unpacks the set if these alone are too many for
    /// it, some of which may be there already or come twice.
    pub fn expect(&mut self, len: usize, thresholds: &Thresholds) {
        if len > thresholds.zset_max_listpack_entries {
            self.unpack();
        }
    }

    /// The sorted set that a listpack of names and scores by rank is, which is trusted to be one.
    pub fn from_packed(listpack: &[u8]) -> Self {
        Self(Form::Packed(ListpackMut::from_trusted(listpack)))
    }

    /// The listpack that this is, if it is one.
    pub fn packed_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Form::Packed(listpack) => Some(listpack.as_bytes()),
            Form::Ranked(_) => None,
        }
    }

    /// Copies what it shares with others, so that its first change need not.
    pub(crate) fn separate(&mut self) {
        if let Form::Ranked(ranked) = &mut self.0 {
            Arc::make_mut(ranked);
        }
    }

    /// A view of it.
    pub fn view(&self) -> SortedSetRef<'_> {
        SortedSetRef(match &self.0 {
            Form::Packed(listpack) => FormRef::Packed(listpack.as_bytes()),
            Form::Ranked(ranked) => FormRef::Ranked(ranked),
        })
    }

    /// Gives a member a score, or adds it, whatever is there; `score` is not NaN.
    pub fn insert(&mut self, name: &[u8], score: f64, thresholds: &Thresholds) {
        if let Form::Packed(listpack) = &mut self.0
            && listpack.bytes_len() + name.len() <= packed::BYTES_MAX
        {
            let pairs = || Pairs::of(listpack.iter());
            if let Some((rank, old)) = pairs().find(name) {
                // Zero has two signs.
                if old != score {
                    packed::remove(listpack, rank..rank + 1);
                    packed::insert(listpack, name, score);
                }
                return;
            }
            if pairs().len() < thresholds.zset_max_listpack_entries
                && name.len() <= thresholds.zset_max_listpack_value
            {
                packed::insert(listpack, name, score);
                return;
            }
        }
        self.unpack().insert(name, score);
    }

    /// Removes a member and returns its score.
    pub fn remove(&mut self, name: &[u8]) -> Option<f64> {
        match &mut self.0 {
            Form::Packed(listpack) => {
                let (rank, score) = Pairs::of(listpack.iter()).find(name)?;
                packed::remove(listpack, rank..rank + 1);
                Some(score)
            }
            Form::Ranked(ranked) => {
                ranked.score(name)?;
                Arc::make_mut(ranked).remove(name)
            }
        }
    }

    /// Removes the members of these ranks.
    pub fn remove_ranks(&mut self, ranks: Range<usize>) {
        let ranks = ranks.start..ranks.end.min(self.view().len());
        if ranks.is_empty() {
            return;
        }
        match &mut self.0 {
            Form::Packed(listpack) => packed::remove(listpack, ranks),
            Form::Ranked(ranked) => Arc::make_mut(ranked).remove_ranks(ranks),
        }
    }

    fn unpack(&mut self) -> &mut Ranked {
        if let Form::Packed(listpack) = &self.0 {
            self.0 = Form::Ranked(Arc::new(Pairs::of(listpack.iter()).collect()));
        }
        match &mut self.0 {
            Form::Ranked(ranked) => Arc::make_mut(ranked),
            Form::Packed(_) => unreachable!("it was unpacked"),
        }
    }

    /// Packs it, if it is small enough for that.
    pub fn pack(&mut self, thresholds: &Thresholds) {
        if let Form::Ranked(ranked) = &self.0
            && let Some(listpack) = packed::pack(ranked, thresholds)
        {
            self.0 = Form::Packed(listpack);
        }
    }
}

impl Default for SortedSet {
    fn default() -> Self {
        Self::new()
    }
}

/// Equal if their members and scores are; the sign of zero does not count.
impl PartialEq for SortedSet {
    fn eq(&self, other: &Self) -> bool {
        let (own, other) = (self.view(), other.view());
        own.len() == other.len() && own.iter().eq(other.iter())
    }
}

impl<'a> SortedSetRef<'a> {
    /// The sorted set that a listpack of names and scores by rank is, which is trusted to be one.
    pub fn from_packed(listpack: &'a [u8]) -> Self {
        Self(FormRef::Packed(listpack))
    }

    /// Number of members.
    pub fn len(self) -> usize {
        match self.0 {
            FormRef::Packed(listpack) => pairs(listpack).len(),
            FormRef::Ranked(ranked) => ranked.len(),
        }
    }

    /// Whether there is no member.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The score of a member.
    pub fn score(self, name: &[u8]) -> Option<f64> {
        match self.0 {
            FormRef::Packed(listpack) => pairs(listpack).find(name).map(|(_, score)| score),
            FormRef::Ranked(ranked) => ranked.score(name),
        }
    }

    /// The number of members before a member, and its score.
    pub fn rank(self, name: &[u8]) -> Option<(usize, f64)> {
        match self.0 {
            FormRef::Packed(listpack) => pairs(listpack).find(name),
            FormRef::Ranked(ranked) => ranked.rank(name),
        }
    }

    /// The member of a rank.
    pub fn get(self, rank: usize) -> Option<ScoredRef<'a>> {
        match self.0 {
            FormRef::Packed(listpack) => pairs(listpack).nth(rank),
            FormRef::Ranked(ranked) => ranked.get(rank),
        }
    }

    /// The members by rank.
    pub fn iter(self) -> Members<'a> {
        self.iter_from(0)
    }

    /// The members from a rank on.
    pub fn iter_from(self, rank: usize) -> Members<'a> {
        match self.0 {
            FormRef::Packed(listpack) => Members::of_pairs(pairs(listpack), rank),
            FormRef::Ranked(ranked) => ranked.iter_from(rank),
        }
    }

    /// The members from the one of `rank - 1` on backwards.
    pub fn iter_back_from(self, rank: usize) -> MembersBack<'a> {
        match self.0 {
            FormRef::Packed(listpack) => MembersBack::of_pairs(pairs(listpack), rank),
            FormRef::Ranked(ranked) => ranked.iter_back_from(rank),
        }
    }

    /// The ranks of the members whose scores are in a range.
    pub fn ranks_by_score(self, range: &ScoreRange) -> Range<usize> {
        self.ranks(
            |member| !range.min.is_at_or_below(member.score),
            |member| range.max.is_at_or_above(member.score),
        )
    }

    /// The ranks of the members whose names are in a range, if all scores are the same; else some
    /// ranks.
    pub fn ranks_by_name(self, range: &LexRange<'_>) -> Range<usize> {
        self.ranks(
            |member| !range.min.is_at_or_below(&member.name.as_text()),
            |member| range.max.is_at_or_above(&member.name.as_text()),
        )
    }

    fn ranks(
        self,
        is_before: impl Fn(ScoredRef<'_>) -> bool,
        is_not_after: impl Fn(ScoredRef<'_>) -> bool,
    ) -> Range<usize> {
        let (start, end) = match self.0 {
            FormRef::Packed(listpack) => (
                pairs(listpack).take_while(|member| is_before(*member)).count(),
                pairs(listpack).take_while(|member| is_not_after(*member)).count(),
            ),
            FormRef::Ranked(ranked) => {
                (ranked.partition_point(is_before), ranked.partition_point(is_not_after))
            }
        };
        start..end.max(start)
    }

    /// A member drawn at random, each as likely as any other; `random` gives numbers that are uniform
    /// over `u64`.
    pub fn random(self, random: impl FnMut() -> u64) -> Option<ScoredRef<'a>> {
        match self.len() {
            0 => None,
            len => self.get(draw::below(len, random)),
        }
    }

    /// `count` different members drawn at random, or all of them.
    pub fn sample(self, count: usize, mut random: impl FnMut() -> u64) -> Vec<ScoredRef<'a>> {
        let len = self.len();
        if !draw::is_few(count, len) {
            return draw::some_of(self.iter().collect(), count, random);
        }
        let mut ranks = HashSet::new();
        while ranks.len() < count {
            ranks.insert(draw::below(len, &mut random));
        }
        ranks.into_iter().filter_map(|rank| self.get(rank)).collect()
    }

    /// Visits about `count` members from `cursor` on and returns the cursor for the next call, or 0
    /// when all have been visited; small sets are visited as a whole. A member that is there from the
    /// first call to the last is visited.
    pub fn scan(self, cursor: u32, count: usize, mut visit: impl FnMut(ScoredRef<'a>)) -> u32 {
        match self.0 {
            FormRef::Packed(listpack) => {
                pairs(listpack).for_each(visit);
                0
            }
            FormRef::Ranked(ranked) => ranked.scan(cursor, count, &mut visit),
        }
    }

    /// Name of the encoding, as OBJECT ENCODING shows it.
    pub fn encoding(self) -> &'static str {
        match self.0 {
            FormRef::Packed(_) => "listpack",
            FormRef::Ranked(_) => "skiplist",
        }
    }

    /// The value, to be kept.
    pub fn to_value(self) -> SortedSet {
        SortedSet(match self.0 {
            FormRef::Packed(listpack) => Form::Packed(ListpackMut::from_trusted(listpack)),
            FormRef::Ranked(ranked) => Form::Ranked(Arc::clone(ranked)),
        })
    }

    /// The events that tell it.
    pub(crate) fn events(self) -> SortedSetEvents {
        match self.0 {
            FormRef::Packed(listpack) => SortedSetEvents::of_listpack(listpack),
            FormRef::Ranked(ranked) => SortedSetEvents::of_ranked(Arc::clone(ranked)),
        }
    }
}

fn pairs(listpack: &[u8]) -> Pairs<'_> {
    Pairs::of(ListpackIter::of_trusted(listpack))
}
