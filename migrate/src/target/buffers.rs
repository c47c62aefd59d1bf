//! What a conversation is written from and read into.

use std::fmt;

use resp::{ReplyDecoder, ReplyLimits, WriteQueue};

/// The buffers of a connection. They stay with it, so that one migration after the other needs no
/// memory of its own for them: 16 KiB while requests and replies are short.
pub(crate) struct Buffers {
    pub(crate) outbox: WriteQueue,
    pub(crate) replies: ReplyDecoder,
}

impl Buffers {
    /// Whether nothing waits in them.
    pub(crate) fn is_empty(&self) -> bool {
        self.outbox.is_empty() && self.replies.buffered() == 0
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self { outbox: WriteQueue::new(), replies: ReplyDecoder::new(reply_limits()) }
    }
}

impl fmt::Debug for Buffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffers")
            .field("unsent_bytes", &self.outbox.len())
            .field("unread_bytes", &self.replies.buffered())
            .finish()
    }
}

/// Replies to what a session sends are lines, one INFO section, and short lists; the payload that
/// DUMP answers with is not kept. No target needs more, and none can make us hold more.
fn reply_limits() -> ReplyLimits {
    ReplyLimits {
        line_bytes_max: 64 * 1024,
        bulk_bytes_max: 1024 * 1024,
        elements_max: 16,
        depth_max: 2,
        total_bytes_max: 2 * 1024 * 1024,
    }
}
