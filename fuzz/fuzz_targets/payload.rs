//! Any bytes as the body of a DUMP payload.
//!
//! The input is one byte that chooses the split, one that chooses the footer, one that chooses the
//! target that the value is written for, and the body. A right footer is put on nearly all, for no
//! fuzzer finds a CRC-64.
#![no_main]

use bytes::{Bytes, BytesMut};
use keyferry_fuzz::{as_told_to, limits, same, target, with_footer};
use libfuzzer_sys::fuzz_target;
use rdb_format::{
    DecodeError, DecodeLimits, EncodeError, Event, RdbVersion, Target, Value,
    payload::{Footer, PayloadDecoder, PayloadEncoder, decode},
};

fuzz_target!(|input: &[u8]| {
    let [split, footer, choice, body @ ..] = input else { return };
    let payload = with_footer(body, *footer);
    let piece_bytes = usize::from(*split) + 1;

    let (events, whole) = tell(&payload, payload.len());
    let (split_events, split) = tell(&payload, piece_bytes);
    assert_eq!(split, whole);
    // By what they show: a module's number may be none, which equals nothing.
    assert_eq!(format!("{split_events:?}"), format!("{events:?}"));

    let decoded = decode(payload, limits());
    assert_eq!(decoded.as_ref().err(), whole.as_ref().err());
    let Ok(value) = decoded else { return };
    for target in [Target::KEYFERRY, target(*choice)] {
        round_trip(&value, &target, piece_bytes);
    }
});

/// The events, the chunks of each string joined, and the version, from pieces of `piece_bytes`.
fn tell(payload: &Bytes, piece_bytes: usize) -> (Vec<Event>, Result<RdbVersion, DecodeError>) {
    let mut events = Vec::new();
    let mut decoder = match PayloadDecoder::new(payload.len() as u64, limits()) {
        Ok(decoder) => decoder,
        Err(error) => return (events, Err(error)),
    };
    let mut long: Option<(u64, BytesMut)> = None;
    for piece in payload.chunks(piece_bytes.max(1)) {
        decoder.push(payload.slice_ref(piece)).expect("no more than announced");
        while let Some(event) = decoder.poll_event() {
            assert_ne!(events.last(), Some(&Event::End), "nothing comes after the end");
            match (&event, &mut long) {
                (Event::StringStart { len }, None) => long = Some((*len, BytesMut::new())),
                (Event::StringChunk(chunk), Some((len, text))) => {
                    assert!(!chunk.is_empty());
                    text.extend_from_slice(chunk);
                    assert!(text.len() as u64 <= *len);
                    continue;
                }
                (Event::StringEnd, Some((len, text))) => {
                    assert_eq!(text.len() as u64, *len);
                    events.push(Event::StringChunk(text.split().freeze()));
                    long = None;
                }
                (_, Some(_)) => panic!("{event:?} inside a string"),
                (_, None) => {}
            }
            events.push(event);
        }
    }
    let version = decoder.finish();
    assert!(events.last() == Some(&Event::End) || version.is_err());
    (events, version)
}

/// Writes `value` for `target` in slices of `slice_bytes`, and reads it again.
fn round_trip(value: &Value, target: &Target, slice_bytes: usize) {
    let mut encoder = match PayloadEncoder::new(value.clone(), target) {
        Ok(encoder) => encoder,
        Err(error) => return assert_excuse(error, value, target),
    };
    let announced = encoder.len();
    let mut payload = Vec::new();
    while let Ok(Some(slice)) = encoder.next_slice(slice_bytes) {
        assert!((1..=slice_bytes).contains(&slice.len()));
        payload.extend_from_slice(&slice);
    }
    assert_eq!(payload.len() as u64, announced);
    let footer = payload.last_chunk().map(|footer| Footer::from_bytes(*footer));
    assert!(footer.is_some_and(|footer| target.accepts(footer.version)));
    let again = decode(payload.into(), DecodeLimits::default()).expect("it was sound");
    let (again, expected) = (as_told_to(&again, target), as_told_to(value, target));
    assert!(same(&again, &expected), "{again:?} of {expected:?}");
}

/// Checks that `value` cannot be told to `target` indeed.
fn assert_excuse(error: EncodeError, value: &Value, target: &Target) {
    let last_expiry_ms = match value {
        Value::Hash(fields) => fields.iter().filter_map(|field| field.expire_at_ms).max(),
        _ => None,
    };
    let excused = match error {
        EncodeError::Version { needed, .. } => {
            matches!(value, Value::Stream(_) | Value::Module(_)) && !target.accepts(needed)
        }
        EncodeError::FieldTtls { .. } => {
            last_expiry_ms.is_some()
                && !target.accepts(RdbVersion(12))
                && !target.accepts(RdbVersion(80))
        }
        EncodeError::FieldTtlTooLate { expire_at_ms, limit } => {
            last_expiry_ms >= Some(expire_at_ms) && expire_at_ms > limit
        }
        EncodeError::BackLength { .. } => {
            matches!(value, Value::Stream(_)) && target.back_lengths().is_none()
        }
        _ => false,
    };
    assert!(excused, "{error} of {value:?}");
}
