//! What GEOSEARCH, GEORADIUS and their kin are told.

use std::cmp::Ordering;

use keyspace::SortedSetRef;
use keyspace::geo::{Area, Form, Found, Point};
use resp::Request;

use crate::commands::geoadd::point;
use crate::commands::geopos::unit_m;
use crate::commands::number::integer;
use crate::commands::score::parse_float;
use crate::commands::{CommandError, is_name};

/// Which commands share a set of options.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::commands) enum Family {
    /// GEOSEARCH, whose options tell the area.
    Search,
    /// GEOSEARCHSTORE: the same, and the first argument is where the members are stored.
    SearchStore,
    /// GEORADIUS and GEORADIUSBYMEMBER, whose area is settled, and which may store the members.
    Radius,
    /// Those of them that only read.
    RadiusReadOnly,
}

/// The order of distances.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::commands) enum Order {
    Ascending,
    Descending,
}

/// The options of a request.
#[derive(Clone, Debug)]
pub(in crate::commands) struct Options<'a> {
    /// `None` if the place is that of a member and there is no key.
    pub(in crate::commands) area: Option<Area>,
    pub(in crate::commands) order: Option<Order>,
    /// At least 1.
    pub(in crate::commands) count: Option<usize>,
    /// The first so many will do.
    pub(in crate::commands) any: bool,
    pub(in crate::commands) with_coordinates: bool,
    pub(in crate::commands) with_distance: bool,
    pub(in crate::commands) with_hash: bool,
    /// Where the members are stored.
    pub(in crate::commands) store: Option<&'a [u8]>,
    /// What event that is.
    pub(in crate::commands) event: &'static str,
    /// With their distances as scores.
    pub(in crate::commands) store_distance: bool,
}

impl Order {
    /// The order of two members.
    pub(in crate::commands) fn compare(self, a: &Found<'_>, b: &Found<'_>) -> Ordering {
        let ordering = a.distance_m.total_cmp(&b.distance_m);
        if self == Self::Ascending { ordering } else { ordering.reverse() }
    }
}

impl<'a> Options<'a> {
    /// Reads the options from argument `first` on, of a command that looks into `set`. Of the
    /// commands whose area is settled, it is `area`, or there is no key.
    ///
    /// # Errors
    /// In the words of Redis: an option is none, lacks something, or does not go with another.
    pub(in crate::commands) fn parse(
        request: &'a Request,
        first: usize,
        family: Family,
        set: Option<SortedSetRef<'_>>,
        area: Option<Area>,
    ) -> Result<Self, CommandError> {
        let searches = matches!(family, Family::Search | Family::SearchStore);
        let mut options = Self {
            area,
            order: None,
            count: None,
            any: false,
            with_coordinates: false,
            with_distance: false,
            with_hash: false,
            store: (family == Family::SearchStore).then(|| request.arg(1)),
            event: if searches { "geosearchstore" } else { "georadiusstore" },
            store_distance: false,
        };
        let (mut center, mut extent) = (None, None);
        let mut index = first;
        while let Some(word) = request.get(index) {
            index += 1;
            let left = request.len() - index;
            if is_name("WITHCOORD", word) {
                options.with_coordinates = true;
            } else if is_name("WITHDIST", word) {
                options.with_distance = true;
            } else if is_name("WITHHASH", word) {
                options.with_hash = true;
            } else if is_name("ANY", word) {
                options.any = true;
            } else if is_name("ASC", word) {
                options.order = Some(Order::Ascending);
            } else if is_name("DESC", word) {
                options.order = Some(Order::Descending);
            } else if left >= 1 && is_name("COUNT", word) {
                options.count = Some(count(request.arg(index))?);
                index += 1;
            } else if family == Family::SearchStore && is_name("STOREDIST", word) {
                options.store_distance = true;
            } else if family == Family::Radius && left >= 1 && is_store(word) {
                options.store = Some(request.arg(index));
                options.store_distance = is_name("STOREDIST", word);
                index += 1;
            } else if searches
                && left >= 1
                && !matches!(center, Some(Center::Place(_)))
                && is_name("FROMMEMBER", word)
            {
                let name = request.arg(index);
                center = Some(Center::Member(set.map(|set| place_of(set, name)).transpose()?));
                index += 1;
            } else if searches
                && left >= 2
                && !matches!(center, Some(Center::Member(_)))
                && is_name("FROMLONLAT", word)
            {
                center = Some(Center::Place(point(request.arg(index), request.arg(index + 1))?));
                index += 2;
            } else if searches
                && left >= 2
                && !matches!(extent, Some((Form::Box { .. }, _)))
                && is_name("BYRADIUS", word)
            {
                extent = Some(circle(request.arg(index), request.arg(index + 1))?);
                index += 2;
            } else if searches
                && left >= 3
                && !matches!(extent, Some((Form::Circle { .. }, _)))
                && is_name("BYBOX", word)
            {
                let [width, height, unit] = [0, 1, 2].map(|nth| request.arg(index + nth));
                extent = Some(rectangle(width, height, unit)?);
                index += 3;
            } else {
                return Err(CommandError::Syntax);
            }
        }
        options.check(family)?;
        if searches {
            let one_of = |words: &str| {
                let name = request.arg(0).escape_ascii();
                CommandError::err(format_args!(
                    "exactly one of {words} can be specified for {name}"
                ))
            };
            let center = center.ok_or_else(|| one_of("FROMMEMBER or FROMLONLAT"))?;
            let (form, unit_m) = extent.ok_or_else(|| one_of("BYRADIUS and BYBOX"))?;
            options.area = center.place().map(|center| Area { center, form, unit_m });
        }
        if options.any && options.count.is_none() {
            return Err(CommandError::err("the ANY argument requires COUNT argument"));
        }
        Ok(options)
    }

    /// How far a member is from the center, in units of the area.
    pub(in crate::commands) fn distance(&self, found: &Found<'_>) -> f64 {
        found.distance_m / self.area.map_or(1.0, |area| area.unit_m)
    }

    fn check(&self, family: Family) -> Result<(), CommandError> {
        let shows_more = self.with_coordinates || self.with_distance || self.with_hash;
        if self.store.is_none() || !shows_more {
            return Ok(());
        }
        let what = match family {
            Family::SearchStore => "GEOSEARCHSTORE",
            _ => "STORE option in GEORADIUS",
        };
        let options = "WITHDIST, WITHHASH and WITHCOORD options";
        Err(CommandError::err(format_args!("{what} is not compatible with {options}")))
    }
}

/// How the center is told.
#[derive(Clone, Copy)]
enum Center {
    /// As a member, which has no place if there is no key.
    Member(Option<Point>),
    Place(Point),
}

impl Center {
    fn place(self) -> Option<Point> {
        match self {
            Self::Member(place) => place,
            Self::Place(place) => Some(place),
        }
    }
}

/// The place of a member.
///
/// # Errors
/// There is no such member.
pub(in crate::commands) fn place_of(
    set: SortedSetRef<'_>,
    name: &[u8],
) -> Result<Point, CommandError> {
    let score = set.score(name);
    let error = || CommandError::err("could not decode requested zset member");
    score.map(Point::of_score).ok_or_else(error)
}

/// A circle, and the metres of the unit of its radius.
///
/// # Errors
/// The radius is no number, or negative, or there is no such unit.
pub(in crate::commands) fn circle(radius: &[u8], unit: &[u8]) -> Result<(Form, f64), CommandError> {
    let radius = parse_float(radius).ok_or_else(|| CommandError::err("need numeric radius"))?;
    if radius < 0.0 {
        return Err(CommandError::err("radius cannot be negative"));
    }
    Ok((Form::Circle { radius }, unit_m(unit)?))
}

fn rectangle(width: &[u8], height: &[u8], unit: &[u8]) -> Result<(Form, f64), CommandError> {
    let width = parse_float(width).ok_or_else(|| CommandError::err("need numeric width"))?;
    let height = parse_float(height).ok_or_else(|| CommandError::err("need numeric height"))?;
    if width < 0.0 || height < 0.0 {
        return Err(CommandError::err("height or width cannot be negative"));
    }
    Ok((Form::Box { width, height }, unit_m(unit)?))
}

fn count(argument: &[u8]) -> Result<usize, CommandError> {
    let count = usize::try_from(integer(argument)?).ok().filter(|&count| count > 0);
    count.ok_or_else(|| CommandError::err("COUNT must be > 0"))
}

/// Whether the word comes before a key that the members are stored in.
pub(in crate::commands) fn is_store(word: &[u8]) -> bool {
    is_name("STORE", word) || is_name("STOREDIST", word)
}
