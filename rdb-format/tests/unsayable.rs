//! What a target cannot be told.

mod common;

use bytes::Bytes;
use common::{
    craft::{Stream, id, listpack},
    seal,
};
use rdb_format::{
    DecodeLimits, EncodeError, EncodeOptions, HashField, Measure, RdbVersion, Target, Thresholds,
    Value,
    file::{FileWriter, KeyRecord, WriteError},
    payload::{decode, encode},
    stream::StreamId,
};

/// Before the first byte.
#[test]
fn what_a_target_cannot_be_told_is_named() {
    let redis = |version| Target::redis(RdbVersion(version));
    let version = |needed, accepted| EncodeError::Version {
        needed: RdbVersion(needed),
        accepted: RdbVersion(accepted),
    };
    let timed = |expire_at_ms| {
        let (field, value) = (Bytes::from_static(b"f"), Bytes::from_static(b"v"));
        Value::Hash([HashField { field, value, expire_at_ms: Some(expire_at_ms) }].into())
    };
    let decoded = |payload| decode(payload, DecodeLimits::default()).expect("it is sound");
    let stream = decoded(seal(&Stream::default().body()));
    let module = decoded(seal(&[7, 1, 0]));
    let boundary = {
        let long = "x".repeat(16_378);
        let blob = listpack(&["1", "0", "1", "f", "0", "0", "0", "0", "1", "f", &long, "6"]);
        let nodes = vec![(id(1), blob)];
        decoded(seal(&Stream { nodes, ..Stream::default() }.body()))
    };
    let node = StreamId { ms: 1, seq: 0 };
    let limit = (1 << 48) - 1;
    let cases = [
        (stream, redis(8), version(9, 8)),
        (module, redis(7), version(8, 7)),
        (timed(1), redis(11), EncodeError::FieldTtls { accepted: RdbVersion(11) }),
        (
            timed(limit + 1),
            redis(12),
            EncodeError::FieldTtlTooLate { expire_at_ms: limit + 1, limit },
        ),
        (timed(1 << 63), Target::of_valkey_release(9, 1), {
            EncodeError::FieldTtlTooLate { expire_at_ms: 1 << 63, limit: i64::MAX as u64 }
        }),
        (boundary, Target::of_valkey_release(8, 1), EncodeError::BackLength { node }),
        (Value::List([].into()), redis(12), EncodeError::NothingLeft),
    ];
    for (value, target, error) in cases {
        assert_eq!(encode(&value, &target), Err(error), "{value:?}");
    }

    // A value that was measured for another target than the file is for.
    let mut writer = FileWriter::new(Vec::new(), redis(9)).unwrap();
    let options = EncodeOptions::default();
    let mut measure = Measure::new(timed(1).events(Thresholds::default()), redis(12), options);
    while !measure.advance(usize::MAX).unwrap() {}
    let error = writer.key(&KeyRecord::new("key".into()), measure.finish()).unwrap_err();
    assert!(matches!(error, WriteError::Encode(error) if error == version(12, 9)));
    let error = writer.function(b"#!lua name=f").unwrap_err();
    assert!(matches!(error, WriteError::Encode(error) if error == version(10, 9)));
}
