//! Replies: every type of both protocol versions, and that it does not matter how the input is
//! split.

mod util;

use bytes::{Bytes, BytesMut};
use proptest::{collection::vec, prelude::*};
use resp::{
    Frame, Frames, Protocol, Reply, ReplyDecoder, ReplyErrorKind as Kind, ReplyLimits,
    ReplyProgress, encode,
};

fn whole(input: &[u8]) -> util::Replies {
    util::replies(input, ReplyLimits::default(), &[usize::MAX])
}

fn bulk(text: &'static str) -> Reply {
    Reply::Bulk(Bytes::from(text))
}

fn simple(text: &'static str) -> Reply {
    Reply::Simple(Bytes::from(text))
}

#[test]
fn every_type() {
    let verbatim = Reply::Verbatim { format: *b"txt", text: Bytes::from("Some string") };
    let attributed = Reply::Attribute {
        attributes: vec![(simple("ttl"), Reply::Integer(3600))],
        value: Box::new(Reply::Array(vec![Reply::Integer(1), Reply::Null])),
    };
    for (input, expected) in [
        ("+OK\r\n", simple("OK")),
        ("+\r\n", simple("")),
        ("-ERR no\r\n", Reply::Error(Bytes::from("ERR no"))),
        (":0\r\n", Reply::Integer(0)),
        (":-9223372036854775808\r\n", Reply::Integer(i64::MIN)),
        (":9223372036854775807\r\n", Reply::Integer(i64::MAX)),
        ("$5\r\nhello\r\n", bulk("hello")),
        ("$0\r\n\r\n", bulk("")),
        ("$2\r\n\r\n\r\n", bulk("\r\n")),
        ("$-1\r\n", Reply::Null),
        ("*-1\r\n", Reply::Null),
        ("_\r\n", Reply::Null),
        ("*0\r\n", Reply::Array(vec![])),
        ("*2\r\n:1\r\n$1\r\na\r\n", Reply::Array(vec![Reply::Integer(1), bulk("a")])),
        ("#t\r\n", Reply::Boolean(true)),
        ("#f\r\n", Reply::Boolean(false)),
        (",1.23\r\n", Reply::Double(1.23)),
        (",10\r\n", Reply::Double(10.0)),
        (",-1e-7\r\n", Reply::Double(-1e-7)),
        (",1.5E+300\r\n", Reply::Double(1.5e300)),
        (",inf\r\n", Reply::Double(f64::INFINITY)),
        (",-inf\r\n", Reply::Double(f64::NEG_INFINITY)),
        (
            "(-3492890328409238509324850943850943825024385\r\n",
            Reply::BigNumber(Bytes::from("-3492890328409238509324850943850943825024385")),
        ),
        ("!10\r\nSYNTAX\r\nno\r\n", Reply::BulkError(Bytes::from("SYNTAX\r\nno"))),
        ("=15\r\ntxt:Some string\r\n", verbatim),
        ("%0\r\n", Reply::Map(vec![])),
        ("%1\r\n+a\r\n:1\r\n", Reply::Map(vec![(simple("a"), Reply::Integer(1))])),
        ("~2\r\n+a\r\n_\r\n", Reply::Set(vec![simple("a"), Reply::Null])),
        (">2\r\n+message\r\n+a\r\n", Reply::Push(vec![simple("message"), simple("a")])),
        ("|1\r\n+ttl\r\n:3600\r\n*2\r\n:1\r\n_\r\n", attributed),
        (
            "|0\r\n:1\r\n",
            Reply::Attribute { attributes: vec![], value: Box::new(Reply::Integer(1)) },
        ),
        ("$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n", bulk("Hello")),
        ("$?\r\n;0\r\n", bulk("")),
        (
            "*?\r\n:1\r\n*?\r\n.\r\n.\r\n",
            Reply::Array(vec![Reply::Integer(1), Reply::Array(vec![])]),
        ),
        ("%?\r\n+a\r\n:1\r\n.\r\n", Reply::Map(vec![(simple("a"), Reply::Integer(1))])),
        ("~?\r\n+a\r\n.\r\n", Reply::Set(vec![simple("a")])),
    ] {
        for pieces in [&[usize::MAX][..], &[1], &[3]] {
            let twice = [input, input].concat();
            let found = util::replies(twice.as_bytes(), ReplyLimits::default(), pieces);
            assert_eq!(found, (vec![expected.clone(), expected.clone()], None), "{input:?}");
        }
    }
}

#[test]
fn errors_and_where_they_occur() {
    let unexpected = |found| Kind::UnexpectedType { found };
    let long = [&b"+"[..], &[b'x'; 65_537], b"\r\n"].concat();
    let big = [&b"$40000\r\n"[..], &[b'x'; 40_000], b"\rx"].concat();
    let too_long = Kind::BulkTooLong { declared: 536_870_913, limit: 536_870_912 };
    let cases: &[(&[u8], Kind, u64)] = &[
        (b"HTTP", unexpected(b'H'), 0),
        (b"\r\n", unexpected(b'\r'), 0),
        (b".\r\n", unexpected(b'.'), 0),
        (b";1\r\n", unexpected(b';'), 0),
        (b"+a\rb", Kind::ExpectedCrlf, 3),
        (b"+a\n", Kind::ExpectedCrlf, 2),
        (b"+a\r\r\n", Kind::ExpectedCrlf, 3),
        (b":\r\n", Kind::MalformedValue, 0),
        (b":+1\r\n", Kind::MalformedValue, 0),
        (b":01\r\n", Kind::MalformedValue, 0),
        (b":-0\r\n", Kind::MalformedValue, 0),
        (b":9223372036854775808\r\n", Kind::MalformedValue, 0),
        (b":-9223372036854775809\r\n", Kind::MalformedValue, 0),
        (b":1.0\r\n", Kind::MalformedValue, 0),
        (b"#x\r\n", Kind::MalformedValue, 0),
        (b"#\r\n", Kind::MalformedValue, 0),
        (b"_x\r\n", Kind::MalformedValue, 0),
        (b",\r\n", Kind::MalformedValue, 0),
        (b",.5\r\n", Kind::MalformedValue, 0),
        (b",1.\r\n", Kind::MalformedValue, 0),
        (b",1.e5\r\n", Kind::MalformedValue, 0),
        (b",1e\r\n", Kind::MalformedValue, 0),
        (b",+1\r\n", Kind::MalformedValue, 0),
        (b",infinity\r\n", Kind::MalformedValue, 0),
        (b",NaN\r\n", Kind::MalformedValue, 0),
        (b"(\r\n", Kind::MalformedValue, 0),
        (b"(-\r\n", Kind::MalformedValue, 0),
        (b"(1a\r\n", Kind::MalformedValue, 0),
        (b"$-2\r\n", Kind::InvalidLength, 0),
        (b"$01\r\n", Kind::InvalidLength, 0),
        (b"$+1\r\n", Kind::InvalidLength, 0),
        (b"$\r\n", Kind::InvalidLength, 0),
        (b"$18446744073709551616\r\n", Kind::InvalidLength, 0),
        (b"*-2\r\n", Kind::InvalidLength, 0),
        (b"%-1\r\n", Kind::InvalidLength, 0),
        (b"~-1\r\n", Kind::InvalidLength, 0),
        (b"!-1\r\n", Kind::InvalidLength, 0),
        (b">?\r\n", Kind::InvalidLength, 0),
        (b"$536870913\r\n", too_long, 0),
        (b"*9223372036854775807\r\n", Kind::TooManyElements { limit: 1 << 24 }, 0),
        (b"%9223372036854775807\r\n", Kind::TooManyElements { limit: 1 << 24 }, 0),
        (b"$1\r\nabc", Kind::ExpectedCrlf, 5),
        (b"$1\r\na\rc", Kind::ExpectedCrlf, 6),
        (b"=3\r\ntxt\r\n", Kind::MalformedValue, 0),
        (b"=5\r\ntxt.a\r\n", Kind::MalformedValue, 4),
        (b"*1\r\n>1\r\n+a\r\n", unexpected(b'>'), 4),
        (b"*1\r\n.\r\n", unexpected(b'.'), 4),
        (b"%?\r\n+a\r\n.\r\n", unexpected(b'.'), 8),
        (b"*?\r\n|0\r\n.\r\n", unexpected(b'.'), 8),
        (b"$?\r\n+a\r\n", unexpected(b'+'), 4),
        (b"$?\r\n;1\r\nab\r\n", Kind::ExpectedCrlf, 9),
        (&long, Kind::LineTooLong { limit: 65_536 }, 0),
        (&big, Kind::ExpectedCrlf, 40_009),
    ];
    for (input, kind, offset) in cases {
        let input = [b":7\r\n", *input].concat();
        for pieces in [&[usize::MAX][..], &[1], &[5]] {
            let (replies, error) = util::replies(&input, ReplyLimits::default(), pieces);
            let shown = input[..input.len().min(40)].escape_ascii().to_string();
            assert_eq!(replies, [Reply::Integer(7)], "{shown}");
            let error = error.unwrap_or_else(|| panic!("{shown} is accepted"));
            assert_eq!((error.kind, error.offset), (*kind, offset + 4), "{shown}");
        }
    }
}

/// A count next to that which stands for "until a dot" is a count, and over any limit.
#[test]
fn no_count_is_taken_for_a_streamed_aggregate() {
    let limits = ReplyLimits { elements_max: u64::MAX, ..ReplyLimits::default() };
    for header in ["|9223372036854775807\r\n", "%9223372036854775807\r\n"] {
        let input = format!("{header}.\r\n:1\r\n");
        let (replies, error) = util::replies(input.as_bytes(), limits, &[input.len()]);
        assert!(replies.is_empty() && error.is_some(), "{header:?}: {replies:?}");
    }
}

/// What was searched of a line that came incomplete says nothing of the next one.
#[test]
fn two_cuts_anywhere_change_nothing() {
    let input = b":12345\r\n+A\r\n+OK\r\n$1\r\na\r\n$12\r\n0123456789ab\r\n*2\r\n:1\r\n-E\n\r\n%1\r\n+k\r\n$2\r\n\r\n\r\n_\r\n,1.5\r\n*?\r\n:12345\r\n+A\r\n+BC\r\n.\r\n";
    let expected = whole(input);
    for first in 1..input.len() {
        for second in 1..=input.len() - first {
            let pieces = [first, second, input.len()];
            let split = util::replies(input, ReplyLimits::default(), &pieces);
            assert_eq!(split, expected, "{pieces:?}");
        }
    }
}

#[test]
fn limits_hold_to_the_byte() {
    let limits = ReplyLimits {
        line_bytes_max: 4,
        bulk_bytes_max: 6,
        elements_max: 3,
        depth_max: 2,
        total_bytes_max: 30,
    };
    for (input, error) in [
        (&b"+1234\r\n"[..], None),
        (b"+12345\r\n", Some(Kind::LineTooLong { limit: 4 })),
        (b"$6\r\n123456\r\n", None),
        (b"$7\r\n", Some(Kind::BulkTooLong { declared: 7, limit: 6 })),
        (b"$?\r\n;3\r\n123\r\n;3\r\n123\r\n;0\r\n", None),
        (b"$?\r\n;3\r\n123\r\n;4\r\n", Some(Kind::BulkTooLong { declared: 7, limit: 6 })),
        (b"*3\r\n_\r\n_\r\n_\r\n", None),
        (b"*4\r\n", Some(Kind::TooManyElements { limit: 3 })),
        (b"%2\r\n", Some(Kind::TooManyElements { limit: 3 })),
        (b"*?\r\n_\r\n_\r\n_\r\n_\r\n", Some(Kind::TooManyElements { limit: 3 })),
        (b"*1\r\n*1\r\n_\r\n", None),
        (b"*1\r\n*1\r\n*1\r\n", Some(Kind::TooDeep { limit: 2 })),
        (b"*1\r\n*1\r\n*0\r\n", None),
        (b"*3\r\n$6\r\n123456\r\n$6\r\n123456\r\n_\r\n", Some(Kind::ReplyTooLong { limit: 30 })),
        (b"*2\r\n$6\r\n123456\r\n$6\r\n123456\r\n", None),
    ] {
        for pieces in [&[usize::MAX][..], &[1]] {
            let (replies, found) = util::replies(input, limits, pieces);
            assert_eq!(found.map(|error| error.kind), error, "{}", input.escape_ascii());
            assert_eq!(replies.len(), usize::from(error.is_none()));
        }
    }
}

#[test]
fn what_resp2_lacks_is_rewritten() {
    let rewritten = |input: &[u8]| {
        let mut out = BytesMut::new();
        encode::reply(&mut out, &whole(input).0[0], Protocol::Resp2);
        String::from_utf8(out.to_vec()).unwrap()
    };
    assert_eq!(rewritten(b"%1\r\n+a\r\n#t\r\n"), "*2\r\n+a\r\n:1\r\n");
    assert_eq!(rewritten(b"~1\r\n,1.5\r\n"), "*1\r\n$3\r\n1.5\r\n");
    assert_eq!(rewritten(b">1\r\n_\r\n"), "*1\r\n$-1\r\n");
    assert_eq!(rewritten(b"|1\r\n+a\r\n+b\r\n(12\r\n"), "$2\r\n12\r\n");
    assert_eq!(rewritten(b"=5\r\ntxt:a\r\n"), "$1\r\na\r\n");
    assert_eq!(rewritten(b"!4\r\na\r\nb\r\n"), "-a  b\r\n");
}

#[test]
fn lines_cannot_be_injected() {
    let mut out = BytesMut::new();
    encode::error(&mut out, b"ERR a\r\n+OK\n");
    encode::simple_string(&mut out, b"a\rb");
    assert_eq!(out, &b"-ERR a  +OK \r\n+a b\r\n"[..]);
}

/// What a reply would be if it were a frame, and the other way round.
fn to_reply(frame: Frame<'_>) -> Reply {
    let bytes = Bytes::copy_from_slice;
    let list = |frames: Frames<'_>| frames.map(to_reply).collect();
    let pairs = |frames: Frames<'_>| {
        let values: Vec<Reply> = frames.map(to_reply).collect();
        values.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
    };
    match frame {
        Frame::Simple(text) => Reply::Simple(bytes(text)),
        Frame::Error(text) => Reply::Error(bytes(text)),
        Frame::Integer(value) => Reply::Integer(value),
        Frame::Bulk(text) => Reply::Bulk(bytes(text)),
        Frame::Array(frames) => Reply::Array(list(frames)),
        Frame::Null => Reply::Null,
        Frame::Boolean(value) => Reply::Boolean(value),
        Frame::Double(value) => Reply::Double(value),
        Frame::BigNumber(digits) => Reply::BigNumber(bytes(digits)),
        Frame::BulkError(text) => Reply::BulkError(bytes(text)),
        Frame::Verbatim { format, text } => Reply::Verbatim { format, text: bytes(text) },
        Frame::Map(frames) => Reply::Map(pairs(frames)),
        Frame::Set(frames) => Reply::Set(list(frames)),
        Frame::Push(frames) => Reply::Push(list(frames)),
        Frame::Attribute(attributed) => Reply::Attribute {
            attributes: pairs(attributed.attributes()),
            value: Box::new(to_reply(attributed.value())),
        },
        other => panic!("unknown frame {other:?}"),
    }
}

/// Anything that a server can say.
fn any_reply() -> impl Strategy<Value = Reply> {
    let line = "[ -~]{0,20}".prop_map(Bytes::from);
    let text = prop_oneof![
        9 => vec(any::<u8>(), 0..60),
        1 => (32_000usize..40_000).prop_map(|len| vec![b'x'; len]),
    ]
    .prop_map(Bytes::from);
    let number = prop_oneof![any::<f64>(), any::<i32>().prop_map(f64::from), -1e9f64..1e9]
        .prop_filter("NaN is no equal of itself", |number| !number.is_nan());
    let leaf = prop_oneof![
        line.clone().prop_map(Reply::Simple),
        line.prop_map(Reply::Error),
        any::<i64>().prop_map(Reply::Integer),
        (0..10_000i64).prop_map(Reply::Integer),
        text.clone().prop_map(Reply::Bulk),
        Just(Reply::Null),
        any::<bool>().prop_map(Reply::Boolean),
        number.prop_map(Reply::Double),
        "-?[0-9]{1,60}".prop_map(|digits| Reply::BigNumber(digits.into())),
        text.clone().prop_map(Reply::BulkError),
        text.prop_map(|text| Reply::Verbatim { format: *b"mkd", text }),
    ];
    let nested = leaf.prop_recursive(4, 40, 6, |inner| {
        let pairs = vec((inner.clone(), inner.clone()), 0..4);
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Reply::Array),
            vec(inner.clone(), 0..6).prop_map(Reply::Set),
            pairs.clone().prop_map(Reply::Map),
            (pairs, inner).prop_map(|(attributes, value)| {
                Reply::Attribute { attributes, value: Box::new(value) }
            }),
        ]
    });
    prop_oneof![
        9 => nested.clone(),
        1 => vec(nested, 0..4).prop_map(Reply::Push),
    ]
}

/// Tokens of the protocol in any order.
fn tokens() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        "[-+:_#,($*!=%~>|.;][-?tf0-9]{0,3}\r\n".prop_map(String::into_bytes),
        "[-+:_#,($*!=%~>|.;][-?0-9]{0,20}\r?\n?".prop_map(String::into_bytes),
        Just(b"*?\r\n".to_vec()),
        Just(b"$?\r\n".to_vec()),
        Just(b".\r\n".to_vec()),
        Just(b"$3\r\nabc\r\n".to_vec()),
        Just(b";3\r\nabc\r\n".to_vec()),
        Just(b";0\r\n".to_vec()),
        vec(any::<u8>(), 0..4),
    ];
    vec(token, 0..30).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn replies_round_trip(
        replies in vec(any_reply(), 1..4),
        pieces in vec(1usize..20_000, 1..4),
    ) {
        let mut input = BytesMut::new();
        for reply in &replies {
            encode::reply(&mut input, reply, Protocol::Resp3);
        }
        let expected = (replies, None);
        prop_assert_eq!(whole(&input), expected.clone());
        let found = util::replies(&input, ReplyLimits::default(), &pieces);
        prop_assert_eq!(&found, &expected);

        let mut decoder = ReplyDecoder::new(ReplyLimits::default());
        let mut rest = &input[..];
        while !rest.is_empty() {
            let n = util::fill(decoder.read_space(), rest, usize::MAX);
            decoder.commit(n);
            rest = &rest[n..];
        }
        for reply in &found.0 {
            let frame = decoder.decode_frame().unwrap().expect("all of it has come");
            prop_assert_eq!(&to_reply(frame), reply);
        }
        prop_assert_eq!(decoder.buffered(), 0);
        prop_assert!(decoder.decode_frame().unwrap().is_none());
    }

    /// What RESP2 says of a reply is said in RESP2.
    #[test]
    fn resp2_round_trips(reply in any_reply()) {
        let mut out = BytesMut::new();
        encode::reply(&mut out, &reply, Protocol::Resp2);
        let (replies, error) = whole(&out);
        prop_assert_eq!((replies.len(), error), (1, None));
        let mut again = BytesMut::new();
        encode::reply(&mut again, &replies[0], Protocol::Resp2);
        prop_assert_eq!(&again, &out);
    }

    #[test]
    fn any_split_gives_the_same(input in tokens(), pieces in vec(1usize..30, 1..6)) {
        let expected = whole(&input);
        prop_assert_eq!(util::replies(&input, ReplyLimits::default(), &pieces), expected.clone());
        prop_assert_eq!(util::replies(&input, ReplyLimits::default(), &[1]), expected);
    }

    #[test]
    fn any_split_gives_the_same_at_the_limits(
        input in tokens(),
        pieces in vec(1usize..30, 1..6),
        total_bytes_max in 0u64..80,
    ) {
        let limits = ReplyLimits {
            line_bytes_max: 6,
            bulk_bytes_max: 5,
            elements_max: 6,
            depth_max: 3,
            total_bytes_max,
        };
        let expected = util::replies(&input, limits, &[usize::MAX]);
        prop_assert_eq!(util::replies(&input, limits, &pieces), expected.clone());
        prop_assert_eq!(util::replies(&input, limits, &[1]), expected);
    }
}

#[test]
fn a_long_bulk_string_is_streamed_however_it_is_split() {
    let text: Vec<u8> = (0..300_000_u32).map(|at| at as u8).collect();
    let mut input = b"+OK\r\n$3\r\nabc\r\n".to_vec();
    input.extend(format!("${}\r\n", text.len()).bytes());
    input.extend(&text);
    input.extend(b"\r\n$-1\r\n*1\r\n$4\r\nlong\r\n");
    // A streamed string may be longer than others may be.
    let limits = ReplyLimits { bulk_bytes_max: 1000, total_bytes_max: 2000, ..Default::default() };
    for (piece, takes) in [(1, true), (7, true), (4096, true), (usize::MAX, true), (1000, false)] {
        let mut decoder = ReplyDecoder::new(limits);
        let (mut told, mut streamed) = (Vec::new(), Vec::new());
        let mut rest = &input[..];
        while !rest.is_empty() {
            let space = decoder.read_space();
            let n = space.len().min(rest.len()).min(piece);
            space[..n].copy_from_slice(&rest[..n]);
            decoder.commit(n);
            rest = &rest[n..];
            loop {
                while takes && let Some(chunk) = decoder.chunk() {
                    streamed.extend_from_slice(chunk);
                }
                match decoder.decode_streaming(4).expect("the input keeps to the protocol") {
                    ReplyProgress::Incomplete => break,
                    progress => told.push(progress),
                }
            }
        }
        let expected = [
            ReplyProgress::Reply(simple("OK")),
            ReplyProgress::Reply(bulk("abc")),
            ReplyProgress::Stream { bulk_bytes: text.len() as u64 },
            ReplyProgress::StreamEnd,
            ReplyProgress::Reply(Reply::Null),
            ReplyProgress::Reply(Reply::Array(vec![bulk("long")])),
        ];
        assert_eq!(told, expected, "in pieces of {piece}");
        assert!(streamed == text || !takes, "in pieces of {piece}");
        assert_eq!(decoder.buffered(), 0);
    }
}

#[test]
fn what_is_not_taken_of_a_stream_is_discarded() {
    let mut decoder = ReplyDecoder::new(ReplyLimits::default());
    let receive = |decoder: &mut ReplyDecoder, input: &[u8]| {
        decoder.read_space()[..input.len()].copy_from_slice(input);
        decoder.commit(input.len());
    };
    receive(&mut decoder, b"$10\r\n01234");
    assert_eq!(decoder.decode_streaming(5), Ok(ReplyProgress::Stream { bulk_bytes: 10 }));
    assert_eq!(decoder.decode(), Ok(None));
    receive(&mut decoder, b"56789\r\n:1\r\n$5\r\nabcdeX");
    assert_eq!(decoder.decode(), Ok(Some(Reply::Integer(1))));
    assert_eq!(decoder.decode_streaming(5), Ok(ReplyProgress::Stream { bulk_bytes: 5 }));
    assert_eq!(decoder.chunk(), Some(&b"abcde"[..]));
    receive(&mut decoder, b"\n");
    let error = decoder.decode_streaming(5).expect_err("the string does not end there");
    assert_eq!((error.kind, error.offset), (Kind::ExpectedCrlf, 30));
}
