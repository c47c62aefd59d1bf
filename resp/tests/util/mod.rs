//! Feeding decoders in pieces.

#![allow(dead_code, reason = "each test file uses a part of it")]

use resp::{
    Reply, ReplyDecoder, ReplyError, ReplyLimits, Request, RequestDecoder, RequestError,
    RequestLimits,
};

/// The arguments of each request, and the error that ended them.
pub(crate) type Requests = (Vec<Vec<Vec<u8>>>, Option<RequestError>);

/// Feeds `input` in pieces of these lengths, over and over, and decodes all there is after each.
pub(crate) fn requests(input: &[u8], limits: RequestLimits, pieces: &[usize]) -> Requests {
    let mut decoder = RequestDecoder::new(limits);
    let (mut request, mut requests) = (Request::default(), Vec::new());
    let mut pieces = pieces.iter().cycle();
    let mut rest = input;
    while !rest.is_empty() {
        let n = fill(decoder.read_space(), rest, *pieces.next().expect("a cycle has no end"));
        decoder.commit(n);
        rest = &rest[n..];
        loop {
            match decoder.decode(&mut request) {
                Ok(true) => requests.push(request.iter().map(<[u8]>::to_vec).collect()),
                Ok(false) => break,
                Err(error) => {
                    assert_eq!(decoder.decode(&mut request), Err(error), "an error stays");
                    return (requests, Some(error));
                }
            }
        }
    }
    (requests, None)
}

/// The replies, and the error that ended them.
pub(crate) type Replies = (Vec<Reply>, Option<ReplyError>);

/// As [`requests`].
pub(crate) fn replies(input: &[u8], limits: ReplyLimits, pieces: &[usize]) -> Replies {
    let mut decoder = ReplyDecoder::new(limits);
    let mut replies = Vec::new();
    let mut pieces = pieces.iter().cycle();
    let mut rest = input;
    while !rest.is_empty() {
        let n = fill(decoder.read_space(), rest, *pieces.next().expect("a cycle has no end"));
        decoder.commit(n);
        rest = &rest[n..];
        loop {
            match decoder.decode() {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(decoder.decode(), Err(error), "an error stays");
                    return (replies, Some(error));
                }
            }
        }
    }
    (replies, None)
}

/// Copies up to `max` bytes, and returns how many.
pub(crate) fn fill(space: &mut [u8], from: &[u8], max: usize) -> usize {
    assert!(!space.is_empty());
    let n = space.len().min(from.len()).min(max);
    space[..n].copy_from_slice(&from[..n]);
    n
}
