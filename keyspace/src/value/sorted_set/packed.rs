//! Sorted sets that are one listpack: names and scores in turns, by rank.

use std::iter::FusedIterator;
use std::ops::Range;

use rdb_format::packed::{Entry, ListpackIter, ListpackMut};
use rdb_format::{ScoreText, Thresholds};

use super::ScoredRef;
use super::ranked::Ranked;

/// The members of a packed sorted set. Entries without a score are left out.
#[derive(Clone, Debug)]
pub(super) struct Pairs<'a>(ListpackIter<'a>);

impl<'a> Pairs<'a> {
    pub(super) fn of(entries: ListpackIter<'a>) -> Self {
        Self(entries)
    }

    /// The rank of a member among those left, and its score.
    pub(super) fn find(mut self, name: &[u8]) -> Option<(usize, f64)> {
        let passed = self.0.find_text(name, 2)?;
        let score = self.0.nth(1)?.to_score()?;
        Some((passed / 2, score))
    }

    /// Number of members.
    pub(super) fn len(&self) -> usize {
        self.0.len() / 2
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = ScoredRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<ScoredRef<'a>> {
        let name = self.0.next()?;
        let score = self.0.next()?.to_score()?;
        Some(ScoredRef { name, score })
    }

    fn nth(&mut self, n: usize) -> Option<ScoredRef<'a>> {
        if let Some(last_passed) = (2 * n).checked_sub(1) {
            self.0.nth(last_passed)?;
        }
        self.next()
    }
}

impl<'a> DoubleEndedIterator for Pairs<'a> {
    fn next_back(&mut self) -> Option<ScoredRef<'a>> {
        let score = self.0.next_back()?.to_score()?;
        let name = self.0.next_back()?;
        Some(ScoredRef { name, score })
    }
}

impl FusedIterator for Pairs<'_> {}

/// Adds a member that is not there and that there is [room](BYTES_MAX) for.
pub(super) fn insert(listpack: &mut ListpackMut, name: &[u8], score: f64) {
    let is_before = |member: &ScoredRef<'_>| {
        member.score < score || (member.score == score && *member.name.as_text() < *name)
    };
    let rank = Pairs::of(listpack.iter()).take_while(is_before).count();
    let mut cursor = listpack.cursor_front();
    cursor.move_by(2 * rank);
    cursor.insert_before(Entry::Text(name)).expect(SMALL);
    cursor.insert_before(ScoreText::new(score).entry()).expect(SMALL);
}

pub(super) fn remove(listpack: &mut ListpackMut, ranks: Range<usize>) {
    let mut cursor = listpack.cursor_front();
    cursor.move_by(2 * ranks.start);
    cursor.remove_many(2 * ranks.len());
}

/// The listpack of a sorted set that is within the thresholds.
pub(super) fn pack(ranked: &Ranked, thresholds: &Thresholds) -> Option<ListpackMut> {
    let fits = |member: ScoredRef<'_>| member.name.text_len() <= thresholds.zset_max_listpack_value;
    if ranked.len() > thresholds.zset_max_listpack_entries || !ranked.iter_from(0).all(fits) {
        return None;
    }
    let mut listpack = ListpackMut::new();
    for member in ranked.iter_from(0) {
        // Over 1 GiB it stays as it is.
        listpack.push(&member.name.as_text()).ok()?;
        listpack.push_entry(ScoreText::new(member.score).entry()).ok()?;
    }
    Some(listpack)
}

/// A listpack takes no member that would make it larger than this, but for its score and what an entry
/// has beside its text.
pub(super) const BYTES_MAX: usize = rdb_format::packed::BYTES_MAX - 64;

const SMALL: &str = "there is room: the size was looked at";
