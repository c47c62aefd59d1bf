mod parser;
mod stream;
mod upcoming;

use crate::{Request, RequestError, RequestLimits, request::Arguments};
use parser::{Parser, Stage};

pub use stream::{Offer, Progress};
pub use upcoming::Upcoming;

/// Turns a client's bytes, split anywhere, into requests.
///
/// Read into [`read_space`](Self::read_space), [`commit`](Self::commit) what was read, then call
/// [`decode`](Self::decode) until it has no more.
pub struct RequestDecoder {
    parser: Parser,
    /// Those of a request that came in part.
    arguments: Arguments,
    error: Option<RequestError>,
}

impl RequestDecoder {
    /// A decoder at the start of a connection.
    pub fn new(limits: RequestLimits) -> Self {
        Self { parser: Parser::new(limits), arguments: Arguments::default(), error: None }
    }

    /// Changes the limits for all that is not decoded yet.
    pub fn set_limits(&mut self, limits: RequestLimits) {
        self.parser.limits = limits;
    }

    /// The limits in force.
    pub fn limits(&self) -> &RequestLimits {
        &self.parser.limits
    }

    /// Where the next bytes from the client go; never empty.
    ///
    /// Decode all there is first: what waits behind a request may have to be moved.
    #[inline]
    pub fn read_space(&mut self) -> &mut [u8] {
        self.parser.input.space()
    }

    /// Takes the first `n` bytes of [`read_space`](Self::read_space) as received.
    ///
    /// # Panics
    /// If there was no space for as many.
    #[inline]
    pub fn commit(&mut self, n: usize) {
        self.parser.input.commit(n);
    }

    /// Bytes received and not yet handed out.
    pub fn buffered(&self) -> usize {
        let taken = match self.parser.stage {
            Stage::Stream { taken, .. } => taken,
            _ => 0,
        };
        self.parser.input.buffered() - taken + self.arguments.own_bytes()
    }

    /// Gives the buffer back to the allocator if nothing waits in it, for a connection that idles.
    pub fn release_buffer(&mut self) {
        self.parser.input.release();
    }

    /// Decodes the next request into `request`, reusing its storage.
    ///
    /// Returns `false` if the request is not complete yet; `request` then holds none, or the one
    /// before. What is left of a streamed argument is discarded.
    ///
    /// # Errors
    /// If the input breaks the protocol. There is no way on from there: the same error is returned
    /// from then on.
    #[inline]
    pub fn decode(&mut self, request: &mut Request) -> Result<bool, RequestError> {
        if !self.parser.is_ready() {
            return Ok(false);
        }
        Ok(self.decode_more(request, u64::MAX)? == Progress::Complete)
    }

    /// The second arguments of the requests that [`decode`](Self::decode) is about to find, for
    /// whoever can prepare for keys: empty where there is none.
    ///
    /// This is a hint. It ends before the first request that is incomplete, and before any that is
    /// out of the ordinary.
    ///
    /// ```
    /// let mut decoder = resp::RequestDecoder::new(resp::RequestLimits::default());
    /// let input = b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET";
    /// decoder.read_space()[..input.len()].copy_from_slice(input);
    /// decoder.commit(input.len());
    /// assert!(decoder.upcoming().eq([&b"a"[..], b""]));
    /// ```
    pub fn upcoming(&self) -> Upcoming<'_> {
        Upcoming::new(match self.parser.stage {
            Stage::Start => self.parser.input.data(),
            _ => &[],
        })
    }

    fn decode_more(
        &mut self,
        request: &mut Request,
        offer_min: u64,
    ) -> Result<Progress, RequestError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let progress = match self.parser.stage {
            // A request that comes in one piece is written where it is wanted, and never moved.
            Stage::Start => {
                request.arguments.clear();
                if self.parser.short_request(&mut request.arguments, offer_min) {
                    self.hand_out(request);
                    return Ok(Progress::Complete);
                }
                let progress = self.parser.step(&mut request.arguments, offer_min);
                if matches!(progress, Ok(Progress::Incomplete | Progress::Offer)) {
                    std::mem::swap(&mut request.arguments, &mut self.arguments);
                    self.parser.input.take_back(&mut request.frame);
                    request.base = 0;
                }
                progress
            }
            _ => {
                let progress = self.parser.step(&mut self.arguments, offer_min);
                if let Ok(Progress::Complete) = progress {
                    request.arguments.clear();
                    std::mem::swap(&mut request.arguments, &mut self.arguments);
                }
                progress
            }
        };
        match progress {
            Ok(Progress::Complete) => self.hand_out(request),
            Ok(Progress::Incomplete | Progress::Offer) => {}
            Err(error) => {
                request.arguments.clear();
                self.arguments.clear();
                self.error = Some(error);
                self.parser.wait_for(0);
            }
        }
        progress
    }

    #[inline]
    fn hand_out(&mut self, request: &mut Request) {
        request.base = self.parser.input.hand_out(self.parser.at, &mut request.frame);
        self.parser.start_next();
    }
}
