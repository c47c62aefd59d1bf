//! Any bytes as the payload of a RESTORE that is decoded while it arrives.
//!
//! The input is one byte that chooses the split, one that chooses how much is done at a time, one
//! that chooses the footer, one that chooses how little is packed, and the body. A right footer is
//! put on nearly all, for no fuzzer finds a CRC-64.
#![no_main]

use bytes::Bytes;
use keyferry_fuzz::{limits, restored, thresholds, with_footer};
use keyspace::{Keyspace, Stream, StreamId, Thresholds, Value, ValueComparison};
use libfuzzer_sys::fuzz_target;
use migrate::RestoreSession;
use rdb_format::{DecodeError, EncodeOptions, Event, Target, payload};

fuzz_target!(|input: &[u8]| {
    let [split, work, footer, size, body @ ..] = input else { return };
    let (payload, thresholds) = (with_footer(body, *footer), thresholds((*size).into()));
    let arrived = arrived(&payload, thresholds, usize::from(*split) + 1, usize::from(*work) + 1);
    let whole = restored(&payload, thresholds);

    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    let mut plain = Vec::new();
    let is_put = payload::decode_whole(&payload, &limits(), &mut plain)
        .is_some_and(|whole| database.insert_whole(b"key", whole, None, &thresholds));

    let value = match whole {
        Ok(value) => value,
        Err(error) => {
            assert_eq!(arrived, Err(error));
            return assert!(!is_put, "what is broken is not kept");
        }
    };
    // A module may hold what is no number and equals nothing.
    if matches!(value, Value::Module(_)) {
        return assert!(arrived.is_ok());
    }
    assert_eq!(arrived.as_ref(), Ok(&value));
    if is_put {
        let entry = database.read(b"key", 0).expect("it was put there");
        assert_eq!(entry.value(), value);
    }
    assert!(is_told_by(&payload, value.clone()));
    if let Value::Stream(stream) = value {
        thin_out(stream);
    }
});

/// The value of a payload that comes in pieces.
fn arrived(
    payload: &Bytes,
    thresholds: Thresholds,
    piece_bytes: usize,
    work_max: usize,
) -> Result<Value, DecodeError> {
    let mut session = RestoreSession::new(payload.len() as u64, limits(), thresholds);
    for piece in payload.chunks(piece_bytes) {
        assert!(!session.is_complete());
        session.handle_received(payload.slice_ref(piece));
        while session.has_work() {
            session.advance(work_max);
        }
    }
    assert!(session.is_complete());
    session.finish()
}

/// Deletes every other entry, and compares what is left with what it becomes at another server.
fn thin_out(mut stream: Stream) {
    let ids: Vec<StreamId> = stream.view().iter().map(|entry| entry.id).step_by(2).collect();
    for id in ids {
        let len = stream.view().len();
        assert!(stream.delete(id) && !stream.delete(id));
        assert_eq!(stream.view().len(), len - 1);
    }
    let value = Value::Stream(stream);
    let payload =
        payload::encode_events(value.view().events(0), &Target::KEYFERRY, EncodeOptions::default());
    let payload = payload.expect("it can be told to one of its kind");
    assert_eq!(restored(&payload, Thresholds::default()), Ok(value));
}

fn is_told_by(payload: &Bytes, value: Value) -> bool {
    let mut comparison = ValueComparison::new(value, 0);
    let told = payload::decode_events(payload.clone(), limits(), &mut |event: Event| {
        comparison.push(event);
    });
    told.is_ok() && comparison.is_equal()
}
