//! Requests: what is accepted, and that it does not matter how the input is split.

mod util;

use bytes::BytesMut;
use proptest::{collection::vec, prelude::*};
use resp::{Progress, Request, RequestDecoder, RequestErrorKind as Kind, RequestLimits, encode};

fn whole(input: &[u8]) -> util::Requests {
    util::requests(input, RequestLimits::default(), &[usize::MAX])
}

fn owned(args: &[&[u8]]) -> Vec<Vec<u8>> {
    args.iter().map(|arg| arg.to_vec()).collect()
}

#[test]
fn both_forms_and_what_is_skipped() {
    let input = b"*0\r\n*-1\r\n*-9223372036854775808\r\n\r\n\n  \r\n*1\r\n$4\r\nPING\r\n\
        set \"a\\x41\" 'b'\r\nGET a\n*2\r\n$1\r\na\r\n$0\r\n\r\n";
    let expected = vec![
        owned(&[b"PING"]),
        owned(&[b"set", b"aA", b"b"]),
        owned(&[b"GET", b"a"]),
        owned(&[b"a", b""]),
    ];
    assert_eq!(whole(input), (expected, None));
}

#[test]
fn big_arguments_at_every_place() {
    for lengths in [[32_767, 32_768, 32_769], [3_000_000, 0, 70_000], [1, 1 << 20, 65_536]] {
        let args: Vec<Vec<u8>> = lengths.iter().map(|len| vec![b'x'; *len]).collect();
        let mut input = BytesMut::new();
        encode::request(&mut input, &args);
        encode::request(&mut input, &[b"PING"]);
        encode::request(&mut input, &args);
        let expected = vec![args.clone(), owned(&[b"PING"]), args];
        for pieces in [&[usize::MAX][..], &[1], &[3, 100_000], &[65_536]] {
            let found = util::requests(&input, RequestLimits::default(), pieces);
            assert!(found == (expected.clone(), None), "{lengths:?} in pieces of {pieces:?}");
        }
    }
}

/// Each protocol error, its offset, and that the request before it is not lost.
#[test]
fn errors_and_where_they_occur() {
    let long = vec![b'1'; 70_000];
    let cases: &[(&[&[u8]], Kind, u64)] = &[
        (&[b"*a\r\n"], Kind::InvalidCount, 0),
        (&[b"*\r\n"], Kind::InvalidCount, 0),
        (&[b"*+1\r\n"], Kind::InvalidCount, 0),
        (&[b"*01\r\n"], Kind::InvalidCount, 0),
        (&[b"*1 \r\n"], Kind::InvalidCount, 0),
        (&[b"*1\r\r"], Kind::InvalidCount, 0),
        (&[b"*2147483648\r\n"], Kind::InvalidCount, 0),
        (&[b"*9223372036854775808\r\n"], Kind::InvalidCount, 0),
        (&[b"*3\r\n$1\r\na\r\n$-1\r\n"], Kind::InvalidLength, 11),
        (&[b"*1\r\n$\r\n"], Kind::InvalidLength, 4),
        (&[b"*1\r\n$01\r\n"], Kind::InvalidLength, 4),
        (&[b"*1\r\n$-0\r\n"], Kind::InvalidLength, 4),
        (&[b"*1\r\n$1\rx"], Kind::InvalidLength, 4),
        (&[b"*1\r\n$536870913\r\n"], Kind::InvalidLength, 4),
        (&[b"*1\r\n$9223372036854775807\r\n"], Kind::InvalidLength, 4),
        (&[b"*1\r\n$18446744073709551616\r\n"], Kind::InvalidLength, 4),
        (&[b"*1\r\nfoo\r\n"], Kind::ExpectedBulk { found: b'f' }, 4),
        (&[b"*1\r\n\r\n"], Kind::ExpectedBulk { found: b'\r' }, 4),
        (&[b"*1\r\n:1\r\n"], Kind::ExpectedBulk { found: b':' }, 4),
        (&[b"*1\r\n$1\r\nabc"], Kind::ExpectedCrlf, 9),
        (&[b"*1\r\n$1\r\na\rc"], Kind::ExpectedCrlf, 10),
        (&[b"*1\r\n$1\r\na\n\r"], Kind::ExpectedCrlf, 9),
        (&[b"GET \"a\r\n"], Kind::UnbalancedQuotes, 0),
        (&[&long], Kind::InlineTooBig, 0),
        (&[b"*", &long], Kind::CountTooLong, 0),
        (&[b"*1\r\n$", &long], Kind::LengthTooLong, 4),
        (&[b"*1\r\n$40000\r\n", &[b'x'; 40_000], b"\r\r"], Kind::ExpectedCrlf, 40_013),
        (&[b"*1\r\n$40000\r\n", &[b'x'; 40_000], b"xx"], Kind::ExpectedCrlf, 40_012),
    ];
    for (parts, kind, offset) in cases {
        let ping = b"*1\r\n$4\r\nPING\r\n";
        let input = [&ping[..], &parts.concat()].concat();
        for pieces in [&[usize::MAX][..], &[1], &[13], &[5, 8]] {
            let (requests, error) = util::requests(&input, RequestLimits::default(), pieces);
            let shown = parts[0].escape_ascii().to_string();
            assert_eq!(requests, [owned(&[b"PING"])], "{shown}");
            let error = error.unwrap_or_else(|| panic!("{shown} is accepted"));
            assert_eq!((error.kind, error.offset), (*kind, offset + ping.len() as u64), "{shown}");
        }
    }
}

#[test]
fn tighter_limits_before_authentication() {
    let limits = RequestLimits { authenticated: false, ..RequestLimits::default() };
    let decode = |input: &[u8]| util::requests(input, limits, &[usize::MAX]);
    let mut fits = BytesMut::new();
    encode::request(&mut fits, &vec![vec![b'x'; 16_384]; 10]);
    assert_eq!(decode(&fits).0[0].len(), 10);
    let error = decode(b"*11\r\n").1.map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("Protocol error: unauthenticated multibulk length"));
    let error = decode(b"*1\r\n$16385\r\n").1.map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("Protocol error: unauthenticated bulk length"));
}

#[test]
fn limits_hold_to_the_byte() {
    let limits = RequestLimits {
        inline_bytes_max: 8,
        bulk_bytes_max: 5,
        multibulk_count_max: 2,
        ..RequestLimits::default()
    };
    for (input, ok) in [
        (&b"12345678\n"[..], true),
        (b"123456789\n", false),
        (b"1234567\r\n", true),
        (b"12345678\r\n", false),
        (b"*2\r\n$5\r\n12345\r\n$0\r\n\r\n", true),
        (b"*1\r\n$6\r\n123456\r\n", false),
        (b"*3\r\n", false),
    ] {
        for pieces in [&[usize::MAX][..], &[1]] {
            let (requests, error) = util::requests(input, limits, pieces);
            assert_eq!((requests.len(), error.is_none()), (usize::from(ok), ok), "{input:?}");
        }
    }
}

#[test]
fn the_error_reply_holds_any_byte() {
    for (found, reply) in [
        (b'x', &b"-ERR Protocol error: expected '$', got 'x'\r\n"[..]),
        (0xff, b"-ERR Protocol error: expected '$', got '\xff'\r\n"),
        (b'\r', b"-ERR Protocol error: expected '$', got ' '\r\n"),
    ] {
        let mut out = BytesMut::new();
        whole(&[b"*1\r\n", &[found][..], b"\r\n"].concat()).1.unwrap().encode(&mut out);
        assert_eq!(out, reply);
    }
}

#[test]
fn arguments_are_shared_or_copied_as_promised() {
    let big = vec![b'x'; 40_000];
    let mut input = BytesMut::new();
    encode::request(&mut input, &[&b"SET"[..], &big]);
    let mut decoder = RequestDecoder::new(RequestLimits::default());
    let mut request = Request::default();
    let mut rest = &input[..];
    while !decoder.decode(&mut request).unwrap() {
        let n = util::fill(decoder.read_space(), rest, usize::MAX);
        decoder.commit(n);
        rest = &rest[n..];
    }
    assert_eq!(request.bytes(0).as_ptr(), request.arg(0).as_ptr());
    assert_ne!(request.owned_bytes(0).as_ptr(), request.arg(0).as_ptr());
    assert_eq!(request.owned_bytes(1).as_ptr(), request.arg(1).as_ptr());
    assert_eq!((request.get(1), request.get(2)), (Some(&big[..]), None));
    assert_eq!(format!("{request:?}"), "Request[3, 40000]");
    let same = Request::from_args([&b"SET"[..], &big]);
    assert!(same.iter().eq(request.iter()));
}

#[test]
fn streams_what_is_offered() {
    let payload: Vec<u8> = (0..200_000u32).map(|i| i as u8).collect();
    let args = [&b"RESTORE"[..], b"key", b"0", &payload, b"REPLACE"];
    let mut input = BytesMut::new();
    encode::request(&mut input, &args);
    encode::request(&mut input, &[b"PING"]);
    for (max, take) in
        [(usize::MAX, true), (1, true), (1000, true), (usize::MAX, false), (7, false)]
    {
        let mut decoder = RequestDecoder::new(RequestLimits::default());
        let mut request = Request::default();
        let (mut streamed, mut requests) = (Vec::new(), Vec::<Vec<Vec<u8>>>::new());
        let mut rest = &input[..];
        while requests.len() < 2 {
            let n = util::fill(decoder.read_space(), rest, max);
            decoder.commit(n);
            rest = &rest[n..];
            assert!(decoder.buffered() <= 70_000);
            loop {
                while let Some(chunk) = decoder.chunk().filter(|_| take) {
                    streamed.extend_from_slice(chunk);
                }
                match decoder.decode_offering(&mut request, 100_000).unwrap() {
                    Progress::Incomplete => break,
                    Progress::Complete => {
                        requests.push(request.iter().map(<[u8]>::to_vec).collect());
                    }
                    Progress::Offer => {
                        let offer = decoder.offer().unwrap();
                        assert!(offer.args().eq(args[..3].iter().copied()));
                        assert_eq!(offer.bulk_bytes(), 200_000);
                        assert_eq!(offer.args_announced(), 5);
                        decoder.stream();
                    }
                }
            }
        }
        assert!(streamed == if take { &payload[..] } else { b"" });
        assert_eq!(
            requests,
            [owned(&[b"RESTORE", b"key", b"0", b"", b"REPLACE"]), owned(&[b"PING"])]
        );
    }
}

/// An offer that is not taken changes nothing.
#[test]
fn declined_offers() {
    let args = [&b"SET"[..], b"key", &[b'x'; 100_000], b"EX", b"10"];
    let mut input = BytesMut::new();
    encode::request(&mut input, &args);
    let mut decoder = RequestDecoder::new(RequestLimits::default());
    let mut request = Request::default();
    let mut rest = &input[..];
    let mut offers = 0;
    loop {
        match decoder.decode_offering(&mut request, 3).unwrap() {
            Progress::Complete => break,
            Progress::Offer => offers += 1,
            Progress::Incomplete => {
                let n = util::fill(decoder.read_space(), rest, 1000);
                decoder.commit(n);
                rest = &rest[n..];
            }
        }
    }
    assert_eq!(offers, 3);
    assert!(request.iter().eq(args));
}

/// The limits of a client that authenticates hold from the next request on.
#[test]
fn limits_change_between_requests() {
    let mut input = BytesMut::new();
    encode::request(&mut input, &[b"AUTH"]);
    encode::request(&mut input, &[b"a"; 11]);
    let limits = RequestLimits { authenticated: false, ..RequestLimits::default() };
    let mut decoder = RequestDecoder::new(limits);
    let n = util::fill(decoder.read_space(), &input, usize::MAX);
    decoder.commit(n);
    let mut request = Request::default();
    assert_eq!(decoder.decode(&mut request), Ok(true));
    decoder.set_limits(RequestLimits::default());
    assert_eq!(decoder.decode(&mut request), Ok(true));
    assert_eq!((request.len(), decoder.buffered()), (11, 0));
}

#[test]
fn a_released_buffer_loses_nothing() {
    let input = b"*1\r\n$4\r\nPING\r\n";
    let mut decoder = RequestDecoder::new(RequestLimits::default());
    let mut request = Request::default();
    for byte in input.iter().chain(input) {
        decoder.release_buffer();
        decoder.read_space()[0] = *byte;
        decoder.commit(1);
        decoder.release_buffer();
        let complete = decoder.decode(&mut request).unwrap();
        assert_eq!(complete, decoder.buffered() == 0);
    }
    assert!(request.iter().eq([b"PING"]));
}

/// Whatever happened, a request can be looked at.
#[test]
fn a_request_is_sound_after_every_outcome() {
    let mut decoder = RequestDecoder::new(RequestLimits::default());
    let mut request = Request::default();
    let input = b"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPONG\r\n*2\r\n$1\r\na\r\nx\r\n";
    for byte in input {
        decoder.read_space()[0] = *byte;
        decoder.commit(1);
        let decoded = decoder.decode(&mut request);
        let args = request.iter().count();
        assert_eq!(args, request.len());
        assert!(args <= 1 && (args == 0 || decoded != Ok(false)), "{request:?}");
    }
    assert!(decoder.decode(&mut request).is_err() && request.is_empty());
}

/// Requests, and things that are nearly requests.
/// Short and long headers, arguments and lines of every kind, close together.
const MIXED: &[u8] =
    b"*2\r\n$1\r\na\r\n$12\r\n0123456789ab\r\nPING \"q\"\n*1\r\n$10\r\n\r\n01234567\r\n\
    A\nBCDEF\r\n*3\r\n$0\r\n\r\n$1\r\n1\r\n$2\r\n\r\n\r\n*12\r\n*0\r\n";

/// What was searched of a header that came incomplete says nothing of the next one: `$1`, then `0`,
/// once made a later line begin in the middle of its argument.
#[test]
fn two_cuts_anywhere_change_nothing() {
    let expected = whole(MIXED);
    assert_eq!(expected.0.len(), 6);
    for first in 1..MIXED.len() {
        for second in 1..=MIXED.len() - first {
            let pieces = [first, second, MIXED.len()];
            let split = util::requests(MIXED, RequestLimits::default(), &pieces);
            assert_eq!(split, expected, "{pieces:?}");
        }
    }
}

fn inputs() -> impl Strategy<Value = Vec<u8>> {
    let request = vec(vec(any::<u8>(), 0..40), 1..5).prop_map(|args| {
        let mut out = BytesMut::new();
        encode::request(&mut out, &args);
        out.to_vec()
    });
    let inline = "[ a-z\"'\\\\x0-9]{0,20}\r?\n".prop_map(String::into_bytes);
    let tokens = prop_oneof![
        Just(b"\r\n".to_vec()),
        Just(b"*1\r\n".to_vec()),
        Just(b"$3\r\n".to_vec()),
        Just(b"*0\r\n".to_vec()),
        vec(any::<u8>(), 0..6),
        "[*$][-0-9]{0,11}\r\n".prop_map(String::into_bytes),
    ];
    let big = (32_000usize..70_000).prop_map(|len| {
        let mut out = BytesMut::new();
        encode::request(&mut out, &[&b"a"[..], &vec![b'b'; len], b"c"]);
        out.to_vec()
    });
    let part = prop_oneof![10 => request, 3 => inline, 3 => tokens, 1 => big];
    vec(part, 0..12).prop_map(|parts| parts.concat())
}

#[test]
fn what_is_upcoming_ends_before_the_incomplete_and_the_uncommon() {
    let get = b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n";
    let nine = [&b"*9\r\n"[..], &b"$1\r\na\r\n".repeat(9)].concat();
    for last in [&b"GET key\r\n"[..], b"\r\n", b"*0\r\n", b"*-1\r\n", b"*x\r\n", &nine, &get[..20]]
    {
        let input = [&get[..], b"*1\r\n$4\r\nPING\r\n", get, last, get].concat();
        let mut decoder = RequestDecoder::new(RequestLimits::default());
        decoder.read_space()[..input.len()].copy_from_slice(&input);
        decoder.commit(input.len());
        let found: Vec<&[u8]> = decoder.upcoming().collect();
        assert_eq!(found, [&b"key"[..], b"", b"key"], "{}", last.escape_ascii());
    }
}

proptest! {
    #[test]
    fn what_is_upcoming_is_what_comes(input in inputs()) {
        let mut decoder = RequestDecoder::new(RequestLimits::default());
        let n = util::fill(decoder.read_space(), &input, usize::MAX);
        decoder.commit(n);
        let upcoming: Vec<Vec<u8>> = decoder.upcoming().map(<[u8]>::to_vec).collect();
        let mut request = Request::default();
        for second in upcoming {
            // A glance does not see what is wrong with a request.
            let Ok(complete) = decoder.decode(&mut request) else { break };
            prop_assert!(complete);
            prop_assert_eq!(second, request.get(1).unwrap_or_default());
        }
    }

    #[test]
    fn any_split_gives_the_same(input in inputs(), pieces in vec(prop_oneof![1usize..20, 1usize..50_000], 1..6)) {
        let expected = whole(&input);
        prop_assert_eq!(util::requests(&input, RequestLimits::default(), &pieces), expected.clone());
        prop_assert_eq!(util::requests(&input, RequestLimits::default(), &[1]), expected);
    }

    #[test]
    fn any_split_streams_the_same(
        args in vec(vec(any::<u8>(), 0..300), 1..8),
        bulk_bytes_min in 1u64..300,
        pieces in vec(1usize..200, 1..6),
    ) {
        let mut input = BytesMut::new();
        encode::request(&mut input, &args);
        let mut decoder = RequestDecoder::new(RequestLimits::default());
        let mut request = Request::default();
        let (mut rest, mut pieces) = (&input[..], pieces.iter().cycle());
        let (mut streamed, mut offers) = (Vec::new(), 0);
        loop {
            while let Some(chunk) = decoder.chunk() {
                streamed.extend_from_slice(chunk);
            }
            match decoder.decode_offering(&mut request, bulk_bytes_min).unwrap() {
                Progress::Complete => break,
                Progress::Offer => {
                    let offer = decoder.offer().unwrap();
                    prop_assert_eq!(offer.args_announced(), args.len());
                    let index = offer.args().len();
                    prop_assert_eq!(offer.bulk_bytes(), args[index].len() as u64);
                    decoder.stream();
                    offers += 1;
                }
                Progress::Incomplete => {
                    let n = util::fill(decoder.read_space(), rest, *pieces.next().unwrap());
                    prop_assert!(n > 0);
                    decoder.commit(n);
                    rest = &rest[n..];
                }
            }
        }
        let long = |arg: &&Vec<u8>| arg.len() as u64 >= bulk_bytes_min;
        prop_assert_eq!(offers, args.iter().filter(long).count());
        prop_assert_eq!(streamed, args.iter().filter(long).flatten().copied().collect::<Vec<_>>());
        let expected = args.iter().map(|arg| if long(&arg) { &[][..] } else { &arg[..] });
        prop_assert!(request.iter().eq(expected));
        prop_assert_eq!(decoder.buffered(), 0);
    }

    #[test]
    fn requests_round_trip(args in vec(vec(any::<u8>(), 0..12_000), 1..8)) {
        let mut input = BytesMut::new();
        encode::request(&mut input, &args);
        prop_assert_eq!(whole(&input), (vec![args], None));
    }
}
