//! What a decoder allows.

/// Bounds on what a payload may hold. A claim over a bound is refused when it is read, before
/// anything is done about it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DecodeLimits {
    /// The longest string, in bytes, plain where it is compressed: a server's
    /// `proto-max-bulk-len`.
    pub string_bytes_max: u64,
}

impl DecodeLimits {
    /// These limits with another [`string_bytes_max`](Self::string_bytes_max).
    pub const fn with_string_bytes_max(mut self, string_bytes_max: u64) -> Self {
        self.string_bytes_max = string_bytes_max;
        self
    }
}

/// The defaults of the servers: strings of 512 MiB.
impl Default for DecodeLimits {
    fn default() -> Self {
        Self { string_bytes_max: 512 << 20 }
    }
}
