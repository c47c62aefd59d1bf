//! CLIENT REPLY: which requests of a client are answered.
//!
//! What is no reply is sent all the same: messages of pub/sub, the answers to SUBSCRIBE and its kin,
//! and what a client hears of the keys that it caches. A monitor's lines are replies, as in Redis.

/// Which requests of a client are answered: all, unless it wants it otherwise.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct ReplyMode {
    /// None is.
    off: bool,
    /// The one that is being run is not, or else the next.
    skip: bool,
    /// The one after that is not.
    skip_next: bool,
}

impl ReplyMode {
    /// Whether a reply is not sent now.
    #[inline]
    pub(crate) fn is_silent(self) -> bool {
        self.off | self.skip
    }

    /// `CLIENT REPLY ON`: this request and what follows are answered.
    pub(crate) fn turn_on(&mut self) {
        (self.off, self.skip) = (false, false);
    }

    /// `CLIENT REPLY OFF`: nothing is answered, this request included.
    pub(crate) fn turn_off(&mut self) {
        self.off = true;
    }

    /// `CLIENT REPLY SKIP`: the next request is not answered.
    pub(crate) fn skip_next(&mut self) {
        self.skip_next |= !self.off;
    }

    /// `RESET`: what follows is answered, and this too unless it is the one to be skipped.
    pub(crate) fn reset(&mut self) {
        self.off = false;
    }

    /// Whether the end of a request changes anything.
    #[inline]
    pub(crate) fn ends_with_request(self) -> bool {
        self.skip | self.skip_next
    }

    /// The request that was being run has come to its end.
    pub(crate) fn end_request(&mut self) {
        self.skip = std::mem::take(&mut self.skip_next);
    }
}
