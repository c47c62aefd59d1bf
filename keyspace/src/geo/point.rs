//! Places, their scores and how far they are from each other.

use super::cell::{Cell, Map, STEP_MAX, Side};

/// A place on the earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// To the east, from -180 to 180.
    pub longitude: f64,
    /// To the north, from -85.05112878 to 85.05112878, where maps of the web end.
    pub latitude: f64,
}

impl Point {
    /// `None` if it is not on the map.
    pub fn new(longitude: f64, latitude: f64) -> Option<Self> {
        let is_on_map = MAP.longitude.contains(longitude) && MAP.latitude.contains(latitude);
        is_on_map.then_some(Self { longitude, latitude })
    }

    /// The middle of what a score stands for; any score stands for a place.
    pub fn of_score(score: f64) -> Self {
        let cell = Cell { bits: truncated(score), step: STEP_MAX };
        let rectangle = cell.rectangle(&MAP);
        let middle =
            |part: Side, side: Side| ((part.min + part.max) / 2.0).clamp(side.min, side.max);
        Self {
            longitude: middle(rectangle.longitude, MAP.longitude),
            latitude: middle(rectangle.latitude, MAP.latitude),
        }
    }

    /// The score that stands for it.
    pub fn score(self) -> f64 {
        Cell::of(self, &MAP, STEP_MAX).score() as f64
    }

    /// Metres to another place on a sphere of the size of the earth.
    pub fn distance_m(self, other: Self) -> f64 {
        let half_longitude = ((radians(other.longitude) - radians(self.longitude)) / 2.0).sin();
        let (from, to) = (radians(self.latitude), radians(other.latitude));
        if half_longitude == 0.0 {
            return EARTH_RADIUS_M * (to - from).abs();
        }
        let half_latitude = ((to - from) / 2.0).sin();
        let square =
            half_latitude * half_latitude + from.cos() * to.cos() * half_longitude * half_longitude;
        // Rounding must not make it more than 1, which has no arc sine.
        2.0 * EARTH_RADIUS_M * square.sqrt().min(1.0).asin()
    }

    /// The text of its geohash, which is one of the whole earth up to the poles. The eleventh letter
    /// would take more bits than there are, and is always `0`.
    pub fn geohash(self) -> [u8; 11] {
        let bits = Cell::of(self, &GLOBE, STEP_MAX).bits;
        let mut text = [LETTERS[0]; 11];
        for (nth, letter) in text[..10].iter_mut().enumerate() {
            *letter = LETTERS[(bits >> (52 - 5 * (nth + 1)) & 0x1f) as usize];
        }
        text
    }
}

impl Side {
    fn contains(self, at: f64) -> bool {
        (self.min..=self.max).contains(&at)
    }
}

/// A score as a whole number, cut off as the conversion of C does it on the machines that Redis runs
/// on, where what is no 64-bit number becomes another.
fn truncated(score: f64) -> u64 {
    let to_i64 = |score: f64| {
        if (-HALF..HALF).contains(&score) { score as i64 } else { i64::MIN }
    };
    if score < HALF { to_i64(score) as u64 } else { to_i64(score - HALF) as u64 ^ 1 << 63 }
}

pub(super) fn radians(degrees: f64) -> f64 {
    degrees * RADIANS
}

pub(super) fn degrees(radians: f64) -> f64 {
    radians / RADIANS
}

const RADIANS: f64 = std::f64::consts::PI / 180.0;

/// 2^63
const HALF: f64 = 9_223_372_036_854_775_808.0;

pub(super) const EARTH_RADIUS_M: f64 = 6_372_797.560_856;

/// What scores stand for.
pub(super) const MAP: Map = Map {
    longitude: Side { min: -180.0, max: 180.0 },
    latitude: Side { min: -85.051_128_78, max: 85.051_128_78 },
};

/// What the texts of geohashes stand for.
const GLOBE: Map = Map { longitude: MAP.longitude, latitude: Side { min: -90.0, max: 90.0 } };

const LETTERS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

#[cfg(test)]
mod tests {
    use super::*;

    /// As Redis 7.0.15 replies.
    #[test]
    fn places_have_scores() {
        for (longitude, latitude, score, text) in [
            (13.361_389, 38.115_556, 3_479_099_956_230_698.0, b"sqc8b49rny0"),
            (15.087_269, 37.502_669, 3_479_447_370_796_909.0, b"sqdtr74hyu0"),
            (180.0, 85.051_128_78, 13_510_798_882_111_488.0, b"bp05b5048p0"),
            (-180.0, -85.051_128_78, 0.0, b"00bh0hbj200"),
        ] {
            let point = Point::new(longitude, latitude).expect("it is on the map");
            assert_eq!(point.score(), score);
            let decoded = Point::of_score(score);
            assert!((decoded.longitude - longitude).abs() < 1e-5);
            assert!((decoded.latitude - latitude).abs() < 1e-5);
            assert_eq!(&decoded.geohash(), text);
        }
        assert_eq!(Point::new(180.000_001, 0.0), None);
        assert_eq!(Point::new(0.0, -85.06), None);
        assert_eq!(Point::new(f64::NAN, 0.0), None);
    }

    #[test]
    fn any_score_stands_for_a_place() {
        for score in [-5.0, 0.5, 1e300, -1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, HALF] {
            let point = Point::of_score(score);
            assert_eq!(Point::new(point.longitude, point.latitude), Some(point), "{score}");
        }
        assert_eq!(truncated(-5.0), u64::MAX - 4);
        assert_eq!(truncated(1e300), 0);
        assert_eq!(truncated(HALF), 1 << 63);
    }

    #[test]
    fn distances_are_those_of_redis() {
        let [palermo, catania] =
            [3_479_099_956_230_698.0, 3_479_447_370_796_909.0].map(Point::of_score);
        assert_eq!(format!("{:.4}", palermo.distance_m(catania)), "166274.1516");
        assert_eq!(palermo.distance_m(palermo), 0.0);
        let [east, west] = [180.0, 0.0].map(|longitude| Point { longitude, latitude: 0.0 });
        assert_eq!(east.distance_m(west), std::f64::consts::PI * EARTH_RADIUS_M);
    }
}
