//! Requests: what is accepted, and that it does not matter how the input is split.

use resp::{Request, RequestDecoder, RequestError, RequestLimits};

type Outcome = (Vec<Vec<Vec<u8>>>, Option<RequestError>);

/// Feeds `input` in pieces of these lengths, over and over, and decodes all there is after each.
fn decode(input: &[u8], pieces: &[usize]) -> Outcome {
    let mut decoder = RequestDecoder::new(RequestLimits::default());
    let (mut request, mut requests) = (Request::default(), Vec::new());
    let mut rest = input;
    let mut pieces = pieces.iter().cycle();
    while !rest.is_empty() {
        let space = decoder.read_space();
        let n = (*pieces.next().unwrap()).min(rest.len()).min(space.len());
        space[..n].copy_from_slice(&rest[..n]);
        decoder.commit(n);
        rest = &rest[n..];
        loop {
            match decoder.decode(&mut request) {
                Ok(true) => requests.push(request.iter().map(<[u8]>::to_vec).collect()),
                Ok(false) => break,
                Err(error) => return (requests, Some(error)),
            }
        }
    }
    (requests, None)
}

#[test]
fn whole_and_byte_by_byte() {
    let mut input = b"*0\r\n*-1\r\n\r\n*1\r\n$4\r\nPING\r\nset \"a\\x41\" 'b'\r\n".to_vec();
    let big = vec![b'x'; 3_000_000];
    resp::encode::request(&mut bytes::BytesMut::new(), &[b"a"]);
    let mut out = bytes::BytesMut::new();
    resp::encode::request(&mut out, &[&b"SET"[..], b"key", &big]);
    input.extend_from_slice(&out);
    input.extend_from_slice(b"*2\r\n$1\r\na\r\n$0\r\n\r\n");
    let expected = vec![
        vec![b"PING".to_vec()],
        vec![b"set".to_vec(), b"aA".to_vec(), b"b".to_vec()],
        vec![b"SET".to_vec(), b"key".to_vec(), big],
        vec![b"a".to_vec(), Vec::new()],
    ];
    for pieces in [&[usize::MAX][..], &[1], &[7, 100_000], &[3]] {
        assert!(decode(&input, pieces) == (expected.clone(), None), "{pieces:?}");
    }
}
