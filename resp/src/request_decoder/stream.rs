//! Long arguments that are taken as they come.

use super::{
    RequestDecoder,
    parser::{Parser, Stage},
};
use crate::{Request, RequestError};

/// How far [`RequestDecoder::decode_offering`] got.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// More bytes are needed.
    Incomplete,
    /// A long argument starts: look at [`RequestDecoder::offer`].
    Offer,
    /// The request is complete.
    Complete,
}

/// A long argument that starts, and what came before it.
#[derive(Clone, Copy)]
pub struct Offer<'a> {
    decoder: &'a RequestDecoder,
    left: usize,
    bulk_bytes: u64,
}

impl<'a> Offer<'a> {
    /// The arguments before the long one.
    pub fn args(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let Self { decoder: RequestDecoder { parser, arguments, .. }, .. } = *self;
        arguments.iter(parser.input.data())
    }

    /// Length of the long argument in bytes.
    pub fn bulk_bytes(&self) -> u64 {
        self.bulk_bytes
    }

    /// Number of arguments that the request will have.
    pub fn args_announced(&self) -> usize {
        self.decoder.arguments.len() + 1 + self.left
    }
}

/// Long arguments as streams.
impl RequestDecoder {
    /// As [`decode`](Self::decode), but stops before each argument of at least `bulk_bytes_min`
    /// bytes, so that the caller can [`stream`](Self::stream) it.
    ///
    /// An argument that is not streamed when decoding goes on is decoded as any other.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    #[inline]
    pub fn decode_offering(
        &mut self,
        request: &mut Request,
        bulk_bytes_min: u64,
    ) -> Result<Progress, RequestError> {
        if !self.parser.is_ready() {
            return Ok(Progress::Incomplete);
        }
        self.decode_more(request, bulk_bytes_min)
    }

    /// The long argument that decoding stopped before.
    pub fn offer(&self) -> Option<Offer<'_>> {
        match self.parser.stage {
            Stage::Offered { left, len } => {
                Some(Offer { decoder: self, left, bulk_bytes: len as u64 })
            }
            _ => None,
        }
    }

    /// Takes the offer: the argument comes by [`chunk`](Self::chunk), and in the complete request
    /// an empty one stands in its place.
    ///
    /// # Panics
    /// If there is no [`offer`](Self::offer).
    pub fn stream(&mut self) {
        let Stage::Offered { left, len } = self.parser.stage else {
            panic!("no argument is offered")
        };
        self.parser.stage = Stage::Stream { left, taken: 0, rest: len as u64 };
    }

    /// The bytes of the streamed argument that have come since the last call, if any.
    ///
    /// After `None` more must be read, unless nothing is [left](Self::stream_rest).
    pub fn chunk(&mut self) -> Option<&[u8]> {
        self.parser.chunk()
    }

    /// How many bytes of the streamed argument [`chunk`](Self::chunk) has not returned yet.
    pub fn stream_rest(&self) -> u64 {
        match self.parser.stage {
            Stage::Stream { rest, .. } => rest,
            _ => 0,
        }
    }
}

impl Parser {
    pub(super) fn chunk(&mut self) -> Option<&[u8]> {
        let Stage::Stream { left, taken, rest } = &mut self.stage else { return None };
        let came = self.input.len() - self.at - *taken;
        let chunk = usize::try_from(*rest).map_or(came, |rest| came.min(rest));
        if chunk == 0 {
            if *rest == 0 {
                self.at += *taken;
                self.stage = Stage::StreamEnd { left: *left };
            } else {
                self.input.take_last(*taken);
                *taken = 0;
            }
            return None;
        }
        let start = self.at + *taken;
        *taken += chunk;
        *rest -= chunk as u64;
        Some(&self.input.data()[start..start + chunk])
    }
}
