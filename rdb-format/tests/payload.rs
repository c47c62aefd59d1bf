//! What holds for every string, every split and every slice size.

mod common;

use bytes::Bytes;
use common::{body, golden_strings, seal, tell};
use proptest::{collection::vec, prelude::*, sample::Index};
use rdb_format::{
    DecodeError, DecodeErrorKind, DecodeLimits, EncodeError, RdbVersion, StringValue, Target,
    Value,
    payload::{Footer, PayloadDecoder, PayloadEncoder, decode, encode},
};

proptest! {
    #[test]
    fn decoding_inverts_encoding(text in text()) {
        let value = Value::String(StringValue::parse(text.clone()));
        let payload = encode(&value, &Target::KEYFERRY).unwrap();
        let Ok(Value::String(decoded)) = decode(payload, DecodeLimits::default()) else {
            panic!("not a string");
        };
        prop_assert_eq!(decoded.to_bytes(), text);
    }

    /// A raw value whose text is a number is written as the number it would have been parsed to.
    #[test]
    fn raw_and_parsed_are_written_alike(text in text()) {
        let raw = encode(&Value::String(StringValue::Raw(text.clone())), &Target::KEYFERRY);
        let parsed = encode(&Value::String(StringValue::parse(text)), &Target::KEYFERRY);
        prop_assert_eq!(raw, parsed);
    }

    #[test]
    fn any_split_tells_the_same(text in text(), cuts in vec(any::<Index>(), 0..12)) {
        let payload = payload(&text);
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(payload.len())).collect();
        ends.extend([0, payload.len()]);
        ends.sort_unstable();
        let pieces: Vec<Bytes> =
            ends.windows(2).map(|ends| payload.slice(ends[0]..ends[1])).collect();
        prop_assert_eq!(
            tell(&pieces, DecodeLimits::default()),
            tell(&[payload], DecodeLimits::default())
        );
    }

    #[test]
    fn announced_length_is_kept_in_slices_of_any_size(text in text(), bytes_max in 1_usize..5000) {
        let value = Value::String(StringValue::parse(text.clone()));
        let mut encoder = PayloadEncoder::new(value, &Target::KEYFERRY).unwrap();
        let announced = encoder.len();
        let mut produced = Vec::new();
        while let Ok(Some(slice)) = encoder.next_slice(bytes_max) {
            prop_assert!((1..=bytes_max).contains(&slice.len()));
            produced.extend_from_slice(&slice);
            prop_assert_eq!(encoder.remaining(), announced - produced.len() as u64);
        }
        prop_assert_eq!(produced.len() as u64, announced);
        prop_assert_eq!(produced, payload(&text));
    }

    /// Sealed, so that the body alone has to stand up to the bytes.
    #[test]
    fn any_body_is_a_sound_value_or_an_error_in_any_split(
        body in vec(any::<u8>(), 0..60),
        first in prop_oneof![Just(0_u8), any::<u8>()],
    ) {
        let mut whole = vec![first];
        whole.extend(body);
        let payload = seal(&whole);
        let bytewise: Vec<Bytes> = payload.chunks(1).map(Bytes::copy_from_slice).collect();
        let told = tell(&[payload], DecodeLimits::default());
        prop_assert_eq!(&tell(&bytewise, DecodeLimits::default()), &told);
        if let Err(error) = told.result {
            prop_assert_eq!(error.kind(), DecodeErrorKind::BadData);
        }
    }
}

/// Texts of every form: numbers about each width, noise, and what compresses.
fn text() -> impl Strategy<Value = Bytes> {
    let number = prop_oneof![
        any::<i64>(),
        any::<i32>().prop_map(i64::from),
        any::<i16>().prop_map(i64::from),
        any::<i8>().prop_map(i64::from),
    ];
    let repetition = (vec(any::<u8>(), 1..40), 1_usize..3000).prop_map(|(unit, n)| unit.repeat(n));
    prop_oneof![
        number.prop_map(|number| number.to_string().into_bytes()),
        "[-+0-9]{0,22}".prop_map(String::into_bytes),
        vec(any::<u8>(), 0..100),
        vec(any::<u8>(), 4000..5000),
        vec(b'a'..b'e', 0..400),
        repetition,
    ]
    .prop_map(Bytes::from)
}

fn payload(text: &Bytes) -> Bytes {
    encode(&Value::String(StringValue::parse(text.clone())), &Target::KEYFERRY).unwrap()
}

/// Sessions take them to other threads.
const _: () = {
    const fn assert_send<T: Send>() {}
    assert_send::<Value>();
    assert_send::<PayloadEncoder>();
    assert_send::<PayloadDecoder>();
};

#[test]
fn numbers_take_the_narrowest_form() {
    let cases: [(i64, &[u8]); 8] = [
        (0, &[0xC0, 0]),
        (-128, &[0xC0, 0x80]),
        (128, &[0xC1, 0x80, 0]),
        (-32_768, &[0xC1, 0, 0x80]),
        (32_768, &[0xC2, 0, 0x80, 0, 0]),
        (i32::MIN.into(), &[0xC2, 0, 0, 0, 0x80]),
        (1 << 31, b"\x0A2147483648"),
        (i64::MIN, b"\x14-9223372036854775808"),
    ];
    for (number, form) in cases {
        let payload = encode(&StringValue::Int(number).into(), &Target::KEYFERRY).unwrap();
        assert_eq!(&body(&payload)[1..], form, "{number}");
    }
}

#[test]
fn compression_is_tried_above_20_bytes_up_to_64_kib() {
    let form = |len: usize| payload(&Bytes::from(vec![b'a'; len]))[1];
    assert_eq!(form(20), 20, "raw");
    assert_eq!(form(21), 0xC3);
    assert_eq!(form(rdb_format::LZF_INPUT_BYTES_MAX), 0xC3);
    assert_eq!(form(rdb_format::LZF_INPUT_BYTES_MAX + 1), 0x80, "raw");
}

#[test]
fn large_strings_are_shared_both_ways() {
    let text = Bytes::from(vec![b'x'; 1 << 20]);
    let inside = |bytes: &Bytes, of: &Bytes| of.as_ptr_range().contains(&bytes.as_ptr());

    let value = Value::String(StringValue::Raw(text.clone()));
    let mut encoder = PayloadEncoder::new(value.clone(), &Target::KEYFERRY).unwrap();
    let mut shared = 0;
    while let Ok(Some(slice)) = encoder.next_slice(10_000) {
        if inside(&slice, &text) {
            shared += slice.len();
        }
    }
    assert_eq!(shared, text.len());

    let payload = encode(&value, &Target::KEYFERRY).unwrap();
    let Ok(Value::String(decoded)) = decode(payload.clone(), DecodeLimits::default()) else {
        panic!("not a string");
    };
    assert!(inside(&decoded.to_bytes(), &payload));

    // 7 bytes of 19 would hold on to the whole.
    let small = self::payload(&Bytes::from_static(b"shorter"));
    let Ok(Value::String(decoded)) = decode(small.clone(), DecodeLimits::default()) else {
        panic!("not a string");
    };
    assert!(!inside(&decoded.to_bytes(), &small));
}

#[test]
fn a_small_payload_is_one_slice() {
    for text in ["", "7", "text", "0123456789".repeat(30).as_str()] {
        let value = Value::String(StringValue::parse(Bytes::copy_from_slice(text.as_bytes())));
        let mut encoder = PayloadEncoder::new(value, &Target::KEYFERRY).unwrap();
        let slice = encoder.next_slice(usize::MAX).unwrap().unwrap();
        assert_eq!(slice.len() as u64, encoder.len());
        assert_eq!(encoder.next_slice(1), Ok(None));
    }
}

#[test]
#[cfg(target_pointer_width = "64")]
fn over_4_gib_takes_the_64_bit_length_and_version_8() {
    // Never touched, so never backed by memory.
    let text = Bytes::from(vec![0; 1 << 32]);
    let value = Value::String(StringValue::Raw(text));
    let encoder = PayloadEncoder::new(value.clone(), &Target::redis(RdbVersion(8))).unwrap();
    assert_eq!(encoder.len(), 1 + 9 + (1 << 32) + 10);
    assert_eq!(
        PayloadEncoder::new(value, &Target::redis(RdbVersion(7))).err(),
        Some(EncodeError::Version { needed: RdbVersion(8), accepted: RdbVersion(7) })
    );
}

#[test]
fn exact_targets_get_their_own_version() {
    for (target, version) in [(6, 6), (7, 7)] {
        let target = Target::redis_exact(RdbVersion(target));
        let payload = encode(&StringValue::Int(1).into(), &target).unwrap();
        assert_eq!(tell(&[payload], DecodeLimits::default()).result, Ok(RdbVersion(version)));
    }
}

/// A CRC-64 finds every change within 64 bits, so none of these is ever taken.
#[test]
fn every_changed_byte_is_an_error() {
    for case in golden_strings() {
        for at in positions(case.payload.len()) {
            for change in changes(case.payload.len()) {
                let mut changed = case.payload.to_vec();
                changed[at] ^= change;
                let error = decode(changed.into(), DecodeLimits::default()).expect_err(&case.id);
                assert_eq!(error.kind(), DecodeErrorKind::VersionOrChecksum, "{} {at}", case.id);
            }
        }
    }
}

#[test]
fn every_changed_byte_under_a_right_footer_is_an_error_or_a_sound_value() {
    for case in golden_strings() {
        let body = body(&case.payload);
        for at in positions(body.len()) {
            for change in changes(body.len()) {
                let mut changed = body.to_vec();
                changed[at] ^= change;
                match decode(seal(&changed), DecodeLimits::default()) {
                    Ok(value) => {
                        let again = encode(&value, &Target::KEYFERRY).unwrap();
                        assert_eq!(decode(again, DecodeLimits::default()), Ok(value));
                    }
                    Err(error) => assert_eq!(error.kind(), DecodeErrorKind::BadData),
                }
            }
        }
    }
}

#[test]
fn every_truncation_is_an_error() {
    for case in golden_strings() {
        for len in positions(case.payload.len()) {
            let cut = case.payload.slice(..len);
            let error = decode(cut, DecodeLimits::default()).expect_err(&case.id);
            assert_eq!(error.kind(), DecodeErrorKind::VersionOrChecksum, "{} {len}", case.id);
        }
        let body = body(&case.payload);
        for len in positions(body.len()) {
            let error = decode(seal(&body[..len]), DecodeLimits::default()).expect_err(&case.id);
            assert_eq!(error.kind(), DecodeErrorKind::BadData, "{} {len}", case.id);
        }
    }
}

/// All of a short payload; of a long one both ends and a sample between, for the time it takes is
/// quadratic.
fn positions(len: usize) -> impl Iterator<Item = usize> {
    (0..len).filter(move |&at| len <= 400 || at < 40 || len - at < 40 || at % 397 == 0)
}

fn changes(len: usize) -> impl Iterator<Item = u8> {
    (1..=u8::MAX).filter(move |change| len <= 100 || change.is_power_of_two())
}

#[test]
fn input_ends_where_it_was_announced_to() {
    let payload = payload(&Bytes::from_static(b"text"));
    let announced = payload.len() as u64;

    let mut decoder = PayloadDecoder::new(announced, DecodeLimits::default()).unwrap();
    decoder.push(payload.slice(..10)).unwrap();
    assert_eq!(decoder.finish(), Err(DecodeError::Incomplete { received: 10, announced }));

    let mut decoder = PayloadDecoder::new(announced, DecodeLimits::default()).unwrap();
    decoder.push(payload).unwrap();
    let overrun = decoder.push(Bytes::from_static(b"!"));
    assert_eq!(overrun, Err(DecodeError::Overrun { announced }));
    assert_eq!(decoder.finish(), Ok(RdbVersion(6)), "what was announced is untouched");

    for len in 0..Footer::LEN as u64 {
        let error = PayloadDecoder::new(len, DecodeLimits::default()).err();
        assert_eq!(error, Some(DecodeError::TooShort { len }));
    }
}

/// The caller may look at the result alone.
#[test]
fn finish_judges_what_was_never_polled() {
    let good = payload(&Bytes::from(vec![b'a'; 300_000]));
    let mut decoder = PayloadDecoder::new(good.len() as u64, DecodeLimits::default()).unwrap();
    decoder.push(good).unwrap();
    assert_eq!(decoder.finish(), Ok(RdbVersion(6)));

    let bad = seal(b"\x00\xC4");
    let mut decoder = PayloadDecoder::new(bad.len() as u64, DecodeLimits::default()).unwrap();
    decoder.push(bad).unwrap();
    let expected = DecodeError::UnknownStringEncoding { offset: 1, encoding: 4 };
    assert_eq!(decoder.finish(), Err(expected));
}
