//! Resumable, zero-copy RESP for servers and clients.

pub mod encode;

mod error;
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

pub use error::{ReplyError, ReplyErrorKind, RequestError, RequestErrorKind};
pub use limits::{ReplyLimits, RequestLimits};
pub use reply::Reply;
pub use reply_decoder::ReplyDecoder;
pub use request::Request;
pub use request_decoder::{Offer, Progress, RequestDecoder};
pub use write_queue::WriteQueue;
