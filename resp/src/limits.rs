/// What a [`RequestDecoder`](crate::RequestDecoder) accepts. The default is Redis's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RequestLimits {
    /// Longest inline command and longest header line in bytes, its line end left out
    /// (`PROTO_INLINE_MAX_SIZE`, 64 KiB).
    pub inline_bytes_max: usize,
    /// Most arguments of one request (2,147,483,647).
    pub multibulk_count_max: usize,
    /// Longest argument in bytes (`proto-max-bulk-len`, 512 MiB). More than a quarter of
    /// `isize::MAX` is taken as that.
    pub bulk_bytes_max: u64,
    /// Whether the client has authenticated. While `false`, a request has at most 10 arguments
    /// of at most 16,384 bytes.
    pub authenticated: bool,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            inline_bytes_max: 64 * 1024,
            multibulk_count_max: i32::MAX as usize,
            bulk_bytes_max: 512 * 1024 * 1024,
            authenticated: true,
        }
    }
}

/// Most arguments of a request before authentication.
pub(crate) const UNAUTHENTICATED_COUNT_MAX: usize = 10;

/// Longest argument in bytes of a request before authentication.
pub(crate) const UNAUTHENTICATED_BULK_BYTES_MAX: u64 = 16_384;

/// What a [`ReplyDecoder`](crate::ReplyDecoder) accepts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReplyLimits {
    /// Longest line in bytes, its line end left out: simple strings, errors, numbers and
    /// headers (64 KiB).
    pub line_bytes_max: usize,
    /// Longest bulk string in bytes, a streamed one's pieces taken together (512 MiB). More than a
    /// quarter of `isize::MAX` is taken as that.
    pub bulk_bytes_max: u64,
    /// Most elements of one reply, those of nested aggregates included; a map's pair is two
    /// (16,777,216).
    pub elements_max: u64,
    /// Deepest nesting of aggregates (128). More than 1,024 is taken as 1,024.
    pub depth_max: usize,
    /// Longest reply in bytes as it is on the wire (1 GiB).
    pub total_bytes_max: u64,
}

impl Default for ReplyLimits {
    fn default() -> Self {
        Self {
            line_bytes_max: 64 * 1024,
            bulk_bytes_max: 512 * 1024 * 1024,
            elements_max: 1 << 24,
            depth_max: 128,
            total_bytes_max: 1 << 30,
        }
    }
}
