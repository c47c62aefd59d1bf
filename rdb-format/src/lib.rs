#![doc = include_str!("../README.md")]

pub mod codes;
pub mod crc64;
pub mod length;
pub mod lzf;
pub mod packed;
pub mod payload;
pub mod version;

mod error;
mod event;
mod input;
mod limits;
mod string;
mod value;

pub use error::{DecodeError, DecodeErrorKind, EncodeError};
pub use event::Event;
pub use limits::DecodeLimits;
pub use string::{LZF_INPUT_BYTES_MAX, StringAssembler};
pub use value::{StringText, StringValue, Value, parse_integer};
pub use version::{Family, RdbVersion, Target};
