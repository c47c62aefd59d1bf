//! Payloads of strings: the form that each takes, what is shared, and where a payload ends.

mod common;

use bytes::Bytes;
use common::{body, seal, strategies, tell};
use proptest::prelude::*;
use rdb_format::{
    DecodeError, DecodeLimits, EncodeError, RdbVersion, StringValue, Target, Value,
    payload::{Footer, PayloadDecoder, PayloadEncoder, decode, encode},
};

proptest! {
    /// A raw value whose text is a number is written as the number it would have been parsed to.
    #[test]
    fn raw_and_parsed_are_written_alike(text in strategies::text()) {
        let raw = encode(&Value::String(StringValue::Raw(text.clone())), &Target::KEYFERRY);
        let parsed = encode(&Value::String(StringValue::parse(text)), &Target::KEYFERRY);
        prop_assert_eq!(raw, parsed);
    }
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
