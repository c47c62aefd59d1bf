//! Small values without decoder and encoder: the same as with them.

mod common;

use common::{TARGETS, golden, strategies, value_of_whole};
use proptest::prelude::*;
use rdb_format::{
    DecodeLimits, EncodeOptions, Event, EventSource, Kind, StringValue, Target, Thresholds, Value,
    WHOLE_BYTES_MAX, Whole,
    payload::{PayloadMeasure, decode, decode_whole, encode, encode_whole},
};

#[test]
fn the_corpus_is_decoded_alike() {
    let (mut wholes, mut others) = (0, 0);
    for case in golden() {
        let mut plain = Vec::new();
        let whole = decode_whole(&case.payload, &DecodeLimits::default(), &mut plain);
        let Some(whole) = whole else {
            others += 1;
            continue;
        };
        wholes += 1;
        let decoded = decode(case.payload.clone(), DecodeLimits::default());
        assert_eq!(decoded.as_ref(), Ok(&value_of_whole(whole)), "{}: {}", case.id, case.key);
    }
    assert!(wholes > 80 && others > 80, "{wholes} and {others}");
}

#[test]
fn limits_hold() {
    let text = [b'x'; 100];
    for (len, limit, taken) in [(100, 100, true), (100, 99, false)] {
        let mut payload = Vec::new();
        assert!(encode_short(&text[..len], &mut payload));
        let limits = DecodeLimits::default().with_string_bytes_max(limit);
        assert_eq!(decode_whole(&payload, &limits, &mut Vec::new()).is_some(), taken);
        assert_eq!(decode(payload.into(), limits).is_ok(), taken);
    }
    let text: Vec<u8> = (0..=WHOLE_BYTES_MAX as u64)
        .map(|nth| (nth.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8)
        .collect();
    for (len, taken) in [(WHOLE_BYTES_MAX, true), (WHOLE_BYTES_MAX + 1, false)] {
        let mut payload = b"before".to_vec();
        assert_eq!(encode_short(&text[..len], &mut payload), taken);
        assert_eq!(payload.len() > b"before".len(), taken);
        let value = StringValue::Raw(text[..len].to_vec().into());
        let payload = encode(&value.into(), &Target::KEYFERRY).unwrap();
        let decoded = decode_whole(&payload, &DecodeLimits::default(), &mut Vec::new()).is_some();
        assert_eq!(decoded, taken);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn what_is_one_string_is_encoded_and_decoded_alike(value in strategies::value()) {
        let mut events = value.events(Thresholds::default());
        let (Ok(Some(Event::Start(kind))), Ok(Some(first)), Ok(Some(Event::End))) =
            (events.next_event(), events.next_event(), events.next_event())
        else {
            return Ok(());
        };
        let whole = match &first {
            Event::String(text) if kind == Kind::String => Whole::of_text(text),
            Event::Listpack(listpack) => Whole::Listpack(kind, listpack.as_bytes()),
            Event::Intset(intset) => Whole::Intset(intset.as_bytes()),
            _ => return Ok(()),
        };
        for (target, compress) in TARGETS.iter().flat_map(|it| [(it, true), (it, false)]) {
            let options = EncodeOptions { compress, ..EncodeOptions::default() };
            let mut payload = Vec::new();
            if encode_whole(whole, target, options, &mut payload) {
                prop_assert_eq!(&encode_in_slices(&value, target, options), &payload);
                let mut plain = Vec::new();
                let again = decode_whole(&payload, &DecodeLimits::default(), &mut plain);
                prop_assert_eq!(again, Some(whole));
            } else {
                prop_assert!(payload.is_empty());
                let is_newest = *target == Target::KEYFERRY && kind != Kind::HashWithTtls;
                prop_assert!(!is_newest || first_len(&first) > WHOLE_BYTES_MAX);
            }
        }
    }
}

fn encode_short(text: &[u8], out: &mut Vec<u8>) -> bool {
    encode_whole(Whole::Text(text), &Target::KEYFERRY, EncodeOptions::default(), out)
}

fn encode_in_slices(value: &Value, target: &Target, options: EncodeOptions) -> Vec<u8> {
    let source = value.events(Thresholds::default());
    let mut measure = PayloadMeasure::new(source, target, options);
    while !measure.advance(usize::MAX).unwrap() {}
    let mut encoder = measure.finish().unwrap();
    let slices = std::iter::from_fn(|| encoder.next_slice(1000).unwrap());
    slices.flatten().collect()
}

fn first_len(first: &Event) -> usize {
    match first {
        Event::String(text) => text.len(),
        Event::Listpack(listpack) => listpack.as_bytes().len(),
        Event::Intset(intset) => intset.as_bytes().len(),
        _ => 0,
    }
}
