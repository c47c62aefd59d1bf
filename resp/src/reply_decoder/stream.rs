//! Long replies that are taken as they come.

use super::{ReplyDecoder, Stage, Step};
use crate::{Reply, ReplyError};

/// How far [`ReplyDecoder::decode_streaming`] got.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplyProgress {
    /// More bytes are needed.
    Incomplete,
    /// A reply is complete.
    Reply(Reply),
    /// A reply starts that is a long bulk string: it comes by [`ReplyDecoder::chunk`].
    Stream {
        /// Its length in bytes, a claim that bytes have still to back.
        bulk_bytes: u64,
    },
    /// The long bulk string is complete.
    StreamEnd,
}

/// Long replies as streams.
impl ReplyDecoder {
    /// As [`decode`](Self::decode), but a reply that is a bulk string of at least `bulk_bytes_min`
    /// bytes is not collected, so that it may be longer than the limits allow.
    ///
    /// After [`ReplyProgress::Stream`] take [`chunk`](Self::chunk)s until there is none and call
    /// this again, as more comes. What is not taken is discarded by [`decode`](Self::decode).
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_streaming(&mut self, bulk_bytes_min: u64) -> Result<ReplyProgress, ReplyError> {
        let streams = matches!(self.stage, Stage::Stream { .. });
        self.streamed_bytes_min = bulk_bytes_min;
        let decoded = self.decode();
        self.streamed_bytes_min = u64::MAX;
        Ok(match (decoded?, self.stage) {
            (Some(reply), _) => ReplyProgress::Reply(reply),
            (None, Stage::Stream { rest, .. }) if !streams => {
                ReplyProgress::Stream { bulk_bytes: rest }
            }
            (None, Stage::StreamEnded) => {
                self.stage = Stage::Value;
                ReplyProgress::StreamEnd
            }
            (None, _) => ReplyProgress::Incomplete,
        })
    }

    /// The bytes of the streamed bulk string that have come since the last call, if any.
    pub fn chunk(&mut self) -> Option<&[u8]> {
        if self.lent > 0 {
            self.start_next();
        }
        let Stage::Stream { rest } = &mut self.stage else { return None };
        let came =
            usize::try_from(*rest).map_or(self.input.len(), |rest| self.input.len().min(rest));
        *rest -= came as u64;
        self.lent = came;
        (came > 0).then(|| &self.input.data()[..came])
    }

    /// Begins a stream of `len` bytes behind what is decoded.
    pub(super) fn start_stream(&mut self, len: u64) -> Step {
        self.lent = self.at;
        self.start_next();
        self.stage = Stage::Stream { rest: len };
        Step::Incomplete
    }

    /// Takes the end of a streamed string, and drops what was not taken of it.
    pub(super) fn stream(&mut self) -> Result<Step, ReplyError> {
        while self.chunk().is_some() {}
        if !matches!(self.stage, Stage::Stream { rest: 0 }) {
            return Ok(Step::Incomplete);
        }
        let Some(&[first, second]) = self.input.data().first_chunk() else {
            return Ok(Step::Incomplete);
        };
        self.check_terminator([first, second], 0)?;
        self.input.skip(2);
        if self.streamed_bytes_min == u64::MAX {
            // Whoever does not take streams need not know of one.
            self.stage = Stage::Value;
            return Ok(Step::Continue);
        }
        self.stage = Stage::StreamEnded;
        Ok(Step::Incomplete)
    }
}
