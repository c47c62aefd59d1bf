//! Decoding goes on where it stopped, which shows in the time it takes.

use std::{
    iter,
    time::{Duration, Instant},
};

use resp::{ReplyDecoder, ReplyLimits, Request, RequestDecoder, RequestLimits};

/// Lines of 2 MB that come byte by byte. Each takes milliseconds, and minutes if what has come is
/// searched again.
#[test]
fn no_byte_of_a_line_is_looked_at_twice() {
    const LINE_BYTES: usize = 2_000_000;
    let limits = RequestLimits { inline_bytes_max: LINE_BYTES * 2, ..RequestLimits::default() };
    for start in ["", "*", "*1\r\n$"] {
        let mut decoder = RequestDecoder::new(limits);
        one_by_one(start, LINE_BYTES, |byte| {
            decoder.read_space()[0] = byte;
            decoder.commit(1);
            assert_eq!(decoder.decode(&mut Request::default()), Ok(false));
        });
    }
    let limits = ReplyLimits { line_bytes_max: LINE_BYTES * 2, ..ReplyLimits::default() };
    for start in ["+", "(", "$", "*1\r\n:", "$?\r\n;"] {
        let mut decoder = ReplyDecoder::new(limits);
        one_by_one(start, LINE_BYTES, |byte| {
            decoder.read_space()[0] = byte;
            decoder.commit(1);
            assert_eq!(decoder.decode(), Ok(None));
        });
    }
}

/// Has `start` and then `digits` times `1` taken, in reasonable time.
fn one_by_one(start: &str, digits: usize, mut take: impl FnMut(u8)) {
    let began = Instant::now();
    let bytes = start.bytes().chain(iter::repeat_n(b'1', digits));
    for (i, byte) in bytes.enumerate() {
        take(byte);
        let patience = Duration::from_secs(5);
        assert!(i % 1000 > 0 || began.elapsed() < patience, "{i} bytes of {start:?} and digits");
    }
}
