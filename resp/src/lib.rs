#![doc = include_str!("../README.md")]

pub mod encode;

mod error;
mod frame;
mod header;
mod inline;
mod input;
mod limits;
mod number;
mod reply;
mod reply_decoder;
mod request;
mod request_decoder;
mod tape;
mod write_queue;

pub use encode::Protocol;
pub use error::{ReplyError, ReplyErrorKind, RequestError, RequestErrorKind};
pub use frame::{Attributed, Frame, Frames};
pub use limits::{ReplyLimits, RequestLimits};
pub use reply::Reply;
pub use reply_decoder::{ReplyDecoder, ReplyProgress};
pub use request::Request;
pub use request_decoder::{Offer, Progress, RequestDecoder, Upcoming};
pub use write_queue::WriteQueue;
