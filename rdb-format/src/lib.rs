#![doc = include_str!("../README.md")]

pub mod codes;
pub mod crc64;
pub mod file;
pub mod length;
pub mod lzf;
pub mod packed;
pub mod payload;
pub mod stream;
pub mod version;

mod decode;
mod encode;
mod error;
mod event;
mod input;
mod limits;
mod score;
mod sink;
mod string;
mod value;
mod whole;

pub use encode::{
    Element, EncodeOptions, EventSource, FieldTtlPolicy, Measure, MeasureError, ValueEncoder,
};
pub use error::{DecodeError, DecodeErrorKind, EncodeError};
pub use event::{Event, Kind, ModuleId, ModuleItem};
pub use limits::DecodeLimits;
pub use score::ScoreText;
pub use sink::EventSink;
pub use string::{LZF_INPUT_BYTES_MAX, STRING_BYTES_WHOLE, StringAssembler};
pub use value::{
    HashField, ModulePart, ModuleValue, PendingEntry, ScoredMember, StreamConsumerValue,
    StreamGroupValue, StreamValue, StringText, StringValue, Thresholds, Value, ValueBuilder,
    ValueEvents, parse_integer,
};
pub use version::{Family, RdbVersion, Target};
pub use whole::{WHOLE_BYTES_MAX, Whole};
