//! The rectangles that a grid divides the map into.

use super::Point;

/// A rectangle of a grid whose sides are halved `step` times.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Cell {
    /// Latitude in the even bits, longitude in the odd ones.
    pub(super) bits: u64,
    /// From 1 to [`STEP_MAX`].
    pub(super) step: u32,
}

/// What a grid covers, in degrees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Map {
    pub(super) longitude: Side,
    pub(super) latitude: Side,
}

/// From the lower to the higher end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    pub(super) min: f64,
    pub(super) max: f64,
}

/// The rectangle of a cell, in degrees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rectangle {
    pub(super) longitude: Side,
    pub(super) latitude: Side,
}

impl Cell {
    /// The cell of a place. One at the upper end of the map is in the cell after the last.
    pub(super) fn of(point: Point, map: &Map, step: u32) -> Self {
        let latitude = map.latitude.fraction(point.latitude) * cells(step);
        let longitude = map.longitude.fraction(point.longitude) * cells(step);
        Self { bits: interleave(latitude as u32, longitude as u32), step }
    }

    /// Where it is.
    pub(super) fn rectangle(self, map: &Map) -> Rectangle {
        let (latitude, longitude) = deinterleave(self.bits);
        Rectangle {
            longitude: map.longitude.part(longitude, self.step),
            latitude: map.latitude.part(latitude, self.step),
        }
    }

    /// The cell so many to the east and to the north, -1, 0 or 1 of each; the map has no end.
    pub(super) fn neighbour(self, east: i64, north: i64) -> Self {
        // The bits of one coordinate are counted with all others set, or the carry would stop there.
        let step = |bits: u64, own: u64, by: i64| {
            let (all, own_bits) = (u64::MAX >> (64 - 2 * self.step), bits & own);
            let others = !own & all;
            let moved = match by {
                0 => return bits,
                1.. => own_bits.wrapping_add(others + 1),
                _ => (own_bits | others).wrapping_sub(others + 1),
            };
            moved & own & all | bits & !own
        };
        let bits = step(self.bits, LONGITUDE_BITS, east);
        Self { bits: step(bits, LATITUDE_BITS, north), ..self }
    }

    /// The first of the scores of the places in it, which are as many as the cell of the finest grid
    /// goes into it.
    pub(super) fn score(self) -> u64 {
        self.bits << (2 * (STEP_MAX - self.step))
    }
}

impl Side {
    fn len(self) -> f64 {
        self.max - self.min
    }

    fn fraction(self, at: f64) -> f64 {
        (at - self.min) / self.len()
    }

    /// The `index`th of its parts.
    fn part(self, index: u32, step: u32) -> Self {
        let at = |index: u32| self.min + (f64::from(index) / cells(step)) * self.len();
        Self { min: at(index), max: at(index.wrapping_add(1)) }
    }
}

/// Cells on each side.
fn cells(step: u32) -> f64 {
    (1_u64 << step) as f64
}

fn interleave(even: u32, odd: u32) -> u64 {
    spread(even) | spread(odd) << 1
}

fn deinterleave(bits: u64) -> (u32, u32) {
    (gather(bits), gather(bits >> 1))
}

/// Puts each bit at twice its place.
fn spread(bits: u32) -> u64 {
    SPREADS.iter().fold(bits.into(), |bits, (shift, mask)| (bits | bits << shift) & mask)
}

/// Takes each second bit.
fn gather(bits: u64) -> u32 {
    let masks = [SPREADS[3].1, SPREADS[2].1, SPREADS[1].1, SPREADS[0].1, u32::MAX.into()];
    let shifts = SPREADS.iter().rev().map(|(shift, _)| shift);
    let bits = shifts
        .zip(masks)
        .fold(bits & LATITUDE_BITS, |bits, (shift, mask)| (bits | bits >> shift) & mask);
    bits as u32
}

const SPREADS: [(u32, u64); 5] = [
    (16, 0x0000_ffff_0000_ffff),
    (8, 0x00ff_00ff_00ff_00ff),
    (4, 0x0f0f_0f0f_0f0f_0f0f),
    (2, 0x3333_3333_3333_3333),
    (1, LATITUDE_BITS),
];

const LATITUDE_BITS: u64 = 0x5555_5555_5555_5555;
const LONGITUDE_BITS: u64 = !LATITUDE_BITS;

/// That of scores.
pub(super) const STEP_MAX: u32 = 26;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_take_turns() {
        assert_eq!(interleave(0b1011, 0b0010), 0b0100_1101);
        for (even, odd) in [(0, u32::MAX), (u32::MAX, 0), (0x1234_5678, 0x9abc_def0)] {
            assert_eq!(deinterleave(interleave(even, odd)), (even, odd));
        }
    }

    #[test]
    fn neighbours_go_around_the_map() {
        for step in [1, 2, 5, STEP_MAX] {
            let last = (1_u32 << step) - 1;
            let cell = |latitude, longitude| Cell { bits: interleave(latitude, longitude), step };
            assert_eq!(cell(0, 0).neighbour(-1, -1), cell(last, last));
            assert_eq!(cell(last, last).neighbour(1, 1), cell(0, 0));
            assert_eq!(cell(1, 1).neighbour(0, -1), cell(0, 1));
            assert_eq!(cell(1, 1).neighbour(-1, 0), cell(1, 0));
            assert_eq!(cell(0, 1).neighbour(0, 1), cell(1, 1));
            assert_eq!(cell(1, 0).neighbour(0, 0), cell(1, 0));
        }
    }
}
