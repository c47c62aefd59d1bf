//! Circles and boxes, and the cells that cover them.

use super::Point;
use super::cell::{Cell, STEP_MAX, Side};
use super::point::{EARTH_RADIUS_M, MAP, degrees, radians};

/// What is near a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// The place.
    pub center: Point,
    /// How far it reaches, in units of [`unit_m`](Self::unit_m).
    pub form: Form,
    /// Metres of a unit.
    pub unit_m: f64,
}

/// The form of an [`Area`]; no length is negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// What is not farther away than this.
    Circle {
        /// This.
        radius: f64,
    },
    /// What is not farther away in either direction than half of this.
    Box {
        /// From west to east.
        width: f64,
        /// From south to north.
        height: f64,
    },
}

impl Area {
    /// How far from the center a place is that is in it, in metres.
    pub fn distance_m(&self, point: Point) -> Option<f64> {
        let distance_m = self.center.distance_m(point);
        let is_inside = match self.form {
            Form::Circle { radius } => distance_m <= radius * self.unit_m,
            Form::Box { width, height } => {
                let east = Point { longitude: self.center.longitude, ..point };
                let north = Point { latitude: self.center.latitude, ..point };
                point.distance_m(east) <= width * self.unit_m / 2.0
                    && point.distance_m(north) <= height * self.unit_m / 2.0
            }
        };
        is_inside.then_some(distance_m)
    }

    /// Different cells that together have all places in it, in the order in which Redis looks at them:
    /// that of the center, and those around it that it reaches into.
    pub(super) fn cells(&self) -> Vec<Cell> {
        let (longitude, latitude) = self.bounds();
        let mut step = steps(self.reach_m(), self.center.latitude);
        let mut cell = Cell::of(self.center, &MAP, step);
        let rectangle_at = |cell: Cell, east, north| cell.neighbour(east, north).rectangle(&MAP);
        let is_too_near = rectangle_at(cell, 0, 1).latitude.max < latitude.max
            || rectangle_at(cell, 0, -1).latitude.min > latitude.min
            || rectangle_at(cell, 1, 0).longitude.max < longitude.max
            || rectangle_at(cell, -1, 0).longitude.min > longitude.min;
        if step > 1 && is_too_near {
            step -= 1;
            cell = Cell::of(self.center, &MAP, step);
        }
        let own = cell.rectangle(&MAP);
        let is_useless = |east: i64, north: i64| {
            step >= 2
                && (north < 0 && own.latitude.min < latitude.min
                    || north > 0 && own.latitude.max > latitude.max
                    || east < 0 && own.longitude.min < longitude.min
                    || east > 0 && own.longitude.max > longitude.max)
        };
        let mut cells = vec![cell];
        for (east, north) in AROUND {
            let next = cell.neighbour(east, north);
            // Where the map is two cells wide, those on both sides are the same.
            let is_same = cells.last() == Some(&next);
            if !is_useless(east, north) && !is_same {
                cells.push(next);
            }
        }
        cells
    }

    /// The sides of a rectangle that it is in.
    fn bounds(&self) -> (Side, Side) {
        let (width, height) = match self.form {
            Form::Circle { radius } => (radius, radius),
            Form::Box { width, height } => (width / 2.0, height / 2.0),
        };
        let Point { longitude, latitude } = self.center;
        let (width_m, height_m) = (self.unit_m * width, self.unit_m * height);
        let up = degrees(height_m / EARTH_RADIUS_M);
        // The side that is nearer to a pole spans more degrees.
        let polar = if latitude < 0.0 { latitude - up } else { latitude + up };
        let along = degrees(width_m / EARTH_RADIUS_M / radians(polar).cos());
        let side = |at: f64, by: f64| Side { min: at - by, max: at + by };
        (side(longitude, along), side(latitude, up))
    }

    /// Metres to the place in it that is farthest away.
    fn reach_m(&self) -> f64 {
        let reach = match self.form {
            Form::Circle { radius } => radius,
            Form::Box { width, height } => {
                ((width / 2.0) * (width / 2.0) + (height / 2.0) * (height / 2.0)).sqrt()
            }
        };
        reach * self.unit_m
    }
}

/// The step of a grid three cells of which cover what is so near, most times.
fn steps(reach_m: f64, latitude: f64) -> u32 {
    if reach_m == 0.0 {
        return STEP_MAX;
    }
    let (mut reach_m, mut step) = (reach_m, 1);
    while reach_m < MERCATOR_MAX {
        reach_m *= 2.0;
        step += 1;
    }
    step -= 2;
    // Meridians are nearer to each other there.
    if latitude.abs() > 66.0 {
        step -= 1;
        if latitude.abs() > 80.0 {
            step -= 1;
        }
    }
    step.clamp(1, STEP_MAX as i32) as u32
}

/// Half of the equator's length, in metres.
const MERCATOR_MAX: f64 = 20_037_726.37;

/// East and north of the cells around one.
const AROUND: [(i64, i64); 8] =
    [(0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs of numbers from 0 to 1 that are spread evenly.
    fn spread() -> impl Iterator<Item = (f64, f64)> {
        (0..500).map(|nth| {
            let nth = f64::from(nth);
            ((nth * 0.618_033_988_749_895).fract(), (nth * 0.754_877_666_246_693).fract())
        })
    }

    fn areas() -> impl Iterator<Item = Area> {
        let edges = [(-180.0, 0.0), (180.0, 85.051_128_78), (0.0, -85.051_128_78), (-180.0, 85.0)];
        let places = spread().map(|(east, north)| (east * 360.0 - 180.0, north * 170.1 - 85.05));
        edges.into_iter().chain(places).flat_map(|(longitude, latitude)| {
            let center = Point::new(longitude, latitude).expect("it is on the map");
            (0..9).flat_map(move |digits| {
                let size = 10_f64.powi(digits);
                let forms = [
                    Form::Circle { radius: size },
                    Form::Box { width: size, height: size * 3.0 },
                    Form::Box { width: size * 3.0, height: size },
                ];
                forms.map(|form| Area { center, form, unit_m: 1.0 })
            })
        })
    }

    #[test]
    fn no_cell_comes_twice() {
        for area in areas() {
            let cells = area.cells();
            for (nth, cell) in cells.iter().enumerate() {
                assert!(!cells[..nth].contains(cell), "{area:?}");
            }
        }
    }

    /// As far as the rectangle around the area is not cut off by an end of the map, or near to it.
    #[test]
    fn places_in_an_area_are_in_its_cells() {
        for area in areas().filter(|area| area.reach_m() < 1e6 && area.center.latitude.abs() < 60.0)
        {
            let cells = area.cells();
            let (longitude, latitude) = area.bounds();
            for (east, north) in spread() {
                let Some(point) = Point::new(
                    longitude.min + east * (longitude.max - longitude.min),
                    latitude.min + north * (latitude.max - latitude.min),
                ) else {
                    continue;
                };
                if area.distance_m(point).is_some() {
                    let step = cells[0].step;
                    assert!(cells.contains(&Cell::of(point, &MAP, step)), "{area:?} {point:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_as_far_as_the_area_reaches_is_in_it() {
        let center = Point::new(15.0, 37.0).expect("it is on the map");
        let north = Point { latitude: 38.0, ..center };
        let distance_m = center.distance_m(north);
        let circle = |radius| Area { center, form: Form::Circle { radius }, unit_m: 1.0 };
        assert_eq!(circle(distance_m).distance_m(north), Some(distance_m));
        assert_eq!(circle(distance_m - 0.1).distance_m(north), None);
        let tall = Form::Box { width: 0.0, height: 2.0 * distance_m };
        assert_eq!(Area { form: tall, ..circle(0.0) }.distance_m(north), Some(distance_m));
        let wide = Form::Box { width: 2.0 * distance_m, height: distance_m };
        assert_eq!(Area { form: wide, ..circle(0.0) }.distance_m(north), None);
    }
}
