//! Any bytes as what a client sends to a server.
//!
//! The input is one byte that chooses the split, one that chooses the limits, and the stream.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use resp::{Request, RequestDecoder, RequestError, RequestLimits, encode};

fuzz_target!(|input: &[u8]| {
    let [split, limits, stream @ ..] = input else { return };
    let limits = RequestLimits {
        inline_bytes_max: 64 + usize::from(*limits) * 64,
        bulk_bytes_max: 1 << 20,
        authenticated: limits & 1 == 0,
        ..RequestLimits::default()
    };
    let (requests, error) = read(stream, stream.len(), limits);
    assert_eq!(read(stream, usize::from(*split) + 1, limits), (requests.clone(), error));

    // What was understood is said again in the plain form, and understood the same.
    let mut again = BytesMut::new();
    for request in &requests {
        encode::request(&mut again, request);
    }
    let plain = RequestLimits { inline_bytes_max: 64 * 1024, authenticated: true, ..limits };
    assert_eq!(read(&again, again.len(), plain), (requests, None));
});

/// The arguments of every request, and the error that ended the stream.
fn read(
    stream: &[u8],
    piece_bytes: usize,
    limits: RequestLimits,
) -> (Vec<Vec<Vec<u8>>>, Option<RequestError>) {
    let mut decoder = RequestDecoder::new(limits);
    let mut request = Request::default();
    let mut requests = Vec::new();
    for mut piece in stream.chunks(piece_bytes.max(1)) {
        while !piece.is_empty() {
            let space = decoder.read_space();
            let n = space.len().min(piece.len());
            space[..n].copy_from_slice(&piece[..n]);
            decoder.commit(n);
            piece = &piece[n..];
            loop {
                match decoder.decode(&mut request) {
                    Ok(true) => requests.push(request.iter().map(<[u8]>::to_vec).collect()),
                    Ok(false) => break,
                    Err(error) => return (requests, Some(error)),
                }
            }
        }
    }
    (requests, None)
}
