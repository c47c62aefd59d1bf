//! Finding the members of a sorted set that are near a place.

use super::cell::Cell;
use super::{Area, Point};
use crate::value::{ScoreBound, ScoreRange, ScoredRef, SortedSetRef};

/// A member in an area.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Its name and its score.
    pub member: ScoredRef<'a>,
    /// Where it is.
    pub point: Point,
    /// How far it is from the center, in metres.
    pub distance_m: f64,
}

/// The members whose scores stand for places in an area, in the order in which Redis comes upon them;
/// up to `limit` of them.
///
/// Takes a look at each member of at most nine rectangles, which the area fills in good part.
pub fn search<'a>(set: SortedSetRef<'a>, area: &Area, limit: usize) -> Vec<Found<'a>> {
    let mut all = Vec::new();
    for cell in area.cells() {
        let next = Cell { bits: cell.bits + 1, ..cell };
        let range = ScoreRange {
            min: ScoreBound { score: cell.score() as f64, exclusive: false },
            max: ScoreBound { score: next.score() as f64, exclusive: true },
        };
        let ranks = set.ranks_by_score(&range);
        let found = set.iter_from(ranks.start).take(ranks.len()).filter_map(|member| {
            let point = Point::of_score(member.score);
            let distance_m = area.distance_m(point)?;
            Some(Found { member, point, distance_m })
        });
        all.extend(found.take(limit - all.len()));
        if all.len() == limit {
            break;
        }
    }
    all
}
