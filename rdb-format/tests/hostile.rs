//! Bytes that are meant to do harm, and what is said about each: footers and strings.

mod common;

use common::{refused_as, seal, tell};
use rdb_format::{
    DecodeError, DecodeErrorKind, DecodeLimits, RdbVersion,
    lzf::LzfError,
    payload::{Footer, decode},
};

const LIMIT: u64 = 512 << 20;
const MAX: u64 = u64::MAX;

#[test]
fn bodies_are_refused_for_their_exact_fault() {
    use DecodeError::*;
    let long = |form: &[u8], fill: usize| [form, &vec![0; fill]].concat();
    let cases: Vec<(&str, Vec<u8>, DecodeError)> = vec![
        ("nothing", vec![], UnexpectedEnd { offset: 0, needed: 1, left: 0 }),
        ("a type alone", vec![0], UnexpectedEnd { offset: 1, needed: 1, left: 0 }),
        ("half a length", b"\0\x80\0\0".into(), UnexpectedEnd { offset: 1, needed: 5, left: 3 }),
        (
            "X10: five bytes claimed, one there, the footer next",
            b"\0\x05h".into(),
            UnexpectedEnd { offset: 2, needed: 5, left: 1 },
        ),
        (
            "X10: a claim of body and footer together",
            b"\0\x0Fhello".into(),
            UnexpectedEnd { offset: 2, needed: 15, left: 5 },
        ),
        (
            "2^64-1 bytes",
            b"\0\x81\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFx".into(),
            StringTooLong { offset: 10, declared: MAX, limit: LIMIT },
        ),
        (
            "one over the limit",
            b"\0\x80\x20\0\0\x01".into(),
            StringTooLong { offset: 6, declared: LIMIT + 1, limit: LIMIT },
        ),
        (
            "the limit, unbacked",
            b"\0\x80\x20\0\0\0".into(),
            UnexpectedEnd { offset: 6, needed: LIMIT, left: 0 },
        ),
        ("R7: a byte behind the value", b"\0\x01ab".into(), TrailingBytes { unread: 1 }),
        ("R7: a second value", b"\0\xC0\x01\0\xC0\x02".into(), TrailingBytes { unread: 3 }),
        ("half a number", b"\0\xC2\0\0".into(), UnexpectedEnd { offset: 2, needed: 4, left: 2 }),
        (
            "both lengths of a compressed string 2^64-1",
            long(
                b"\0\xC3\x81\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x81\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
                9,
            ),
            StringTooLong { offset: 20, declared: MAX, limit: LIMIT },
        ),
        (
            "2^64-1 compressed bytes",
            b"\0\xC3\x81\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\0a".into(),
            UnexpectedEnd { offset: 12, needed: MAX, left: 2 },
        ),
        (
            "more than 88 times the stream",
            b"\0\xC3\x03\x41\x09\0\0\0".into(),
            Lzf { offset: 5, cause: LzfError::Implausible { compressed: 3, plain: 265 } },
        ),
        (
            "something from an empty stream",
            b"\0\xC3\0\x01".into(),
            Lzf { offset: 4, cause: LzfError::Implausible { compressed: 0, plain: 1 } },
        ),
        (
            "a number as the length of a stream",
            b"\0\xC3\xC0\x05\x05".into(),
            NotALength { offset: 2 },
        ),
        (
            "a compressed string as the plain length",
            b"\0\xC3\x05\xC3\x05".into(),
            NotALength { offset: 3 },
        ),
        (
            "a copy before the first byte",
            b"\0\xC3\x02\x03\x20\0".into(),
            Lzf { offset: 4, cause: LzfError::Distance { distance: 1, plain_offset: 0 } },
        ),
        (
            "a copy from one before the first byte",
            b"\0\xC3\x04\x04\0a\x20\x01".into(),
            Lzf { offset: 4, cause: LzfError::Distance { distance: 2, plain_offset: 1 } },
        ),
        (
            "literals past the end of the stream",
            b"\0\xC3\x02\x02\x01a".into(),
            Lzf { offset: 4, cause: LzfError::Truncated { plain_offset: 1 } },
        ),
        (
            "a copy without its distance",
            b"\0\xC3\x03\x04\0a\x20".into(),
            Lzf { offset: 4, cause: LzfError::Truncated { plain_offset: 1 } },
        ),
        (
            "more than stated, by literals",
            b"\0\xC3\x03\x01\x01ab".into(),
            Lzf { offset: 4, cause: LzfError::TooLong { plain: 1 } },
        ),
        (
            "more than stated, by a copy",
            b"\0\xC3\x04\x03\0a\x20\0".into(),
            Lzf { offset: 4, cause: LzfError::TooLong { plain: 3 } },
        ),
        (
            "a run behind the last stated byte",
            b"\0\xC3\x04\x01\0a\0b".into(),
            Lzf { offset: 4, cause: LzfError::TooLong { plain: 1 } },
        ),
        (
            "less than stated",
            b"\0\xC3\x02\x02\0a".into(),
            Lzf { offset: 4, cause: LzfError::TooShort { plain_offset: 1, plain: 2 } },
        ),
        (
            "a stream into the footer",
            b"\0\xC3\x05\x03\x02ab".into(),
            UnexpectedEnd { offset: 4, needed: 5, left: 3 },
        ),
        ("behind an empty stream", b"\0\xC3\0\0!".into(), TrailingBytes { unread: 1 }),
    ];
    for (what, body, error) in cases {
        refused(what, &body, error);
    }
}

#[test]
fn every_special_encoding_above_lzf_is_unknown() {
    for encoding in 4..64 {
        let body = [0, 0xC0 | encoding, 0, 0, 0, 0];
        let error = DecodeError::UnknownStringEncoding { offset: 1, encoding };
        refused("special encoding", &body, error);
    }
}

#[test]
fn every_other_length_byte_is_invalid() {
    for byte in 0x82..0xC0 {
        refused("length", &[0, byte, 0, 0, 0, 1, b'x'], DecodeError::InvalidLength { offset: 1 });
    }
}

#[test]
fn every_type_byte_that_no_server_gives_a_value_is_unknown() {
    for code in 1..=u8::MAX {
        let told = tell(&[seal(&[code, 1, 1, b'x'])], DecodeLimits::default());
        let unknown = told.result == Err(DecodeError::UnknownType { code });
        assert_eq!(unknown, matches!(code, 6 | 8 | 26..), "{code}: {:?}", told.result);
    }
}

/// Legal, if no server writes it.
#[test]
fn forms_that_are_wider_than_needed_are_read() {
    let cases: [(&[u8], &[u8]); 8] = [
        (b"\0\xC1\x05\0", b"5"),
        (b"\0\xC2\x05\0\0\0", b"5"),
        (b"\0\xC2\xFF\xFF\xFF\xFF", b"-1"),
        (b"\0\x40\x02hi", b"hi"),
        (b"\0\x80\0\0\0\x02hi", b"hi"),
        (b"\0\x81\0\0\0\0\0\0\0\x02hi", b"hi"),
        (b"\0\xC3\0\0", b""),
        (b"\0\xC3\x81\0\0\0\0\0\0\0\x03\x80\0\0\0\x02\x01hi", b"hi"),
    ];
    for (body, text) in cases {
        let told = tell(&[seal(body)], DecodeLimits::default());
        assert_eq!(told.result, Ok(RdbVersion(9)), "{body:x?}");
        assert_eq!(told.text(), text, "{body:x?}");
    }
}

/// R4 before R6: with both faults, the answer is about the footer.
#[test]
fn a_wrong_footer_goes_before_a_wrong_body() {
    let bodies: [&[u8]; 4] = [b"\0\x05h", b"\0\xC4", b"\xFF", b"\0\xC3\x03\x04\0a\x20"];
    for body in bodies {
        let good = seal(body);
        let crc_from = good.len() - 8;
        let mut wrong_crc = good.to_vec();
        wrong_crc[crc_from] ^= 1;
        assert_eq!(decode(wrong_crc.into(), DecodeLimits::default()), Err(DecodeError::Checksum));

        let mut crc_zero = good.to_vec();
        crc_zero[crc_from..].fill(0);
        assert_eq!(decode(crc_zero.into(), DecodeLimits::default()), Err(DecodeError::Checksum));
    }
}

#[test]
fn versions_are_refused_under_a_right_checksum() {
    for version in [13, 79, 81, 0x0900, u16::MAX].map(RdbVersion) {
        for body in [&b"\0\xC0\x01"[..], b"\0\xC4"] {
            let mut payload = body.to_vec();
            let mut crc = rdb_format::crc64::Crc64::new();
            crc.update(body);
            payload.extend_from_slice(&Footer::seal(version, crc).to_bytes());
            let error = decode(payload.into(), DecodeLimits::default()).unwrap_err();
            assert_eq!(error, DecodeError::Version { version });
            assert_eq!(error.kind(), DecodeErrorKind::VersionOrChecksum);
        }
    }
}

#[test]
fn the_limit_is_the_callers() {
    let limits = DecodeLimits::default().with_string_bytes_max(4);
    assert_eq!(tell(&[seal(b"\0\x04four")], limits).text(), b"four");
    let error = DecodeError::StringTooLong { offset: 2, declared: 5, limit: 4 };
    assert_eq!(tell(&[seal(b"\0\x05fiver")], limits).result, Err(error));
    let error = DecodeError::StringTooLong { offset: 4, declared: 5, limit: 4 };
    assert_eq!(tell(&[seal(b"\0\xC3\x04\x05\0a\x40\0")], limits).result, Err(error));
}

fn refused(what: &str, body: &[u8], error: DecodeError) {
    refused_as(9, what, body, error);
}
