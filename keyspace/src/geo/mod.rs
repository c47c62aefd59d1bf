//! Places on the earth as scores of sorted sets, to the bit as in Redis.
//!
//! A score is a geohash of 52 bits: latitude and longitude are fractions of their ranges, 26 bits
//! each, and take turns, so that places which share the higher bits are in the same rectangle. The
//! places in a rectangle are a range of scores, and what is near a place is in at most nine of them.
//!
//! The functions of the C library that distances are made of are those of the platform: with another
//! library than the peer's the last bits of a distance may differ.

mod area;
mod cell;
mod point;
mod search;

pub use area::{Area, Form};
pub use point::Point;
pub use search::{Found, search};
