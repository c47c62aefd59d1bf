//! Any bytes as what a server sends to a client.
//!
//! The input is one byte that chooses the split, and the stream.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use resp::encode::{self, Protocol};
use resp::{Reply, ReplyDecoder, ReplyError, ReplyLimits};

fuzz_target!(|input: &[u8]| {
    let [split, stream @ ..] = input else { return };
    let (replies, error) = read(stream, stream.len());
    let (split_replies, split_error) = read(stream, usize::from(*split) + 1);
    // By what they show: a double may be no number, which equals nothing.
    assert_eq!(format!("{split_replies:?}"), format!("{replies:?}"));
    assert_eq!(split_error, error);

    let mut again = BytesMut::new();
    for reply in &replies {
        encode::reply(&mut again, reply, Protocol::Resp3);
    }
    let (said_again, error) = read(&again, again.len());
    assert_eq!(format!("{said_again:?}"), format!("{replies:?}"));
    assert_eq!(error, None);
});

/// Every reply, and the error that ended the stream.
fn read(stream: &[u8], piece_bytes: usize) -> (Vec<Reply>, Option<ReplyError>) {
    let mut decoder = ReplyDecoder::new(ReplyLimits::default());
    let mut replies = Vec::new();
    for mut piece in stream.chunks(piece_bytes.max(1)) {
        while !piece.is_empty() {
            let space = decoder.read_space();
            let n = space.len().min(piece.len());
            space[..n].copy_from_slice(&piece[..n]);
            decoder.commit(n);
            piece = &piece[n..];
            loop {
                match decoder.decode() {
                    Ok(Some(reply)) => replies.push(reply),
                    Ok(None) => break,
                    Err(error) => return (replies, Some(error)),
                }
            }
        }
    }
    (replies, None)
}
