/// Why bytes are not an LZF stream of the stated plain length.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LzfError {
    /// The stream is too short to become as long as stated, whatever its bytes are.
    #[error("{compressed} bytes cannot become {plain}")]
    Implausible {
        /// Length of the stream in bytes.
        compressed: u64,
        /// Stated plain length in bytes.
        plain: u64,
    },
    /// A copy starts before the first byte of the output.
    #[error("distance {distance} at plain offset {plain_offset}")]
    Distance {
        /// How far back the copy starts.
        distance: u16,
        /// How much output there was.
        plain_offset: u64,
    },
    /// The stream ends inside a run.
    #[error("stream ends inside a run at plain offset {plain_offset}")]
    Truncated {
        /// How much output there was.
        plain_offset: u64,
    },
    /// The output is longer than stated.
    #[error("output is longer than the stated {plain} bytes")]
    TooLong {
        /// Stated plain length in bytes.
        plain: u64,
    },
    /// The output is shorter than stated.
    #[error("output ends after {plain_offset} of {plain} bytes")]
    TooShort {
        /// How much output there was.
        plain_offset: u64,
        /// Stated plain length in bytes.
        plain: u64,
    },
}
