//! What the targets share.

use bytes::Bytes;
use keyspace::{Thresholds, ValueBuilder};
use rdb_format::{
    DecodeError, DecodeLimits, Family, HashField, RdbVersion, StreamValue, Target, Value,
    crc64::Crc64,
    payload::{self, Footer},
};

/// Strings of 1 MiB: more than a short input can become, and little memory for a claim.
pub fn limits() -> DecodeLimits {
    DecodeLimits::default().with_string_bytes_max(1 << 20)
}

/// Packed are collections of up to so many elements.
pub fn thresholds(size: usize) -> Thresholds {
    Thresholds {
        list_max_listpack_size: size as i32 + 1,
        set_max_intset_entries: size,
        set_max_listpack_entries: size,
        hash_max_listpack_entries: size,
        zset_max_listpack_entries: size,
        ..Thresholds::default()
    }
}

/// The value of a payload that is there as a whole.
///
/// # Errors
/// What is wrong with the payload.
pub fn restored(payload: &Bytes, thresholds: Thresholds) -> Result<keyspace::Value, DecodeError> {
    let mut builder = ValueBuilder::new(thresholds);
    payload::decode_events(payload.clone(), limits(), &mut builder)?;
    Ok(builder.finish().expect("a payload that is decoded has told a value"))
}

/// A payload of this body, with the right footer of a version; without any for the highest one.
pub fn with_footer(body: &[u8], version: u8) -> Bytes {
    if version == u8::MAX {
        return Bytes::copy_from_slice(body);
    }
    let mut crc = Crc64::new();
    crc.update(body);
    [body, &Footer::seal(RdbVersion(version.into()), crc).to_bytes()].concat().into()
}

/// One of all kinds of servers.
pub fn target(choice: u8) -> Target {
    let redis = |major, minor, patch| {
        Target::of_redis_release(major, minor, patch).expect("these have RESTORE")
    };
    let targets = [
        redis(2, 8, 24),
        redis(3, 2, 0),
        redis(3, 2, 13),
        redis(4, 0, 14),
        redis(6, 2, 14),
        redis(7, 0, 15),
        redis(7, 2, 4),
        redis(8, 2, 3),
        Target::of_valkey_release(8, 1),
        Target::of_valkey_release(9, 0),
        Target::of_valkey_release(9, 1),
    ];
    targets[usize::from(choice) % targets.len()]
}

/// What `target` is told of `value`: less of streams, if it is old; and that a field has expired a
/// millisecond later, if for it 0 is no time.
pub fn as_told_to(value: &Value, target: &Target) -> Value {
    let stream = match value {
        Value::Stream(stream) => stream,
        Value::Hash(fields) if target.family() == Family::Redis => {
            let fields = fields.iter().cloned().map(|field| HashField {
                expire_at_ms: field.expire_at_ms.map(|time| time.max(1)),
                ..field
            });
            return Value::Hash(fields.collect());
        }
        _ => return value.clone(),
    };
    let mut stream = StreamValue::clone(stream);
    let (has_history, has_activity) =
        (target.accepts(RdbVersion(10)), target.accepts(RdbVersion(11)));
    stream.info.history = stream.info.history.filter(|_| has_history);
    for group in &mut stream.groups {
        group.group.entries_read = group.group.entries_read.filter(|_| has_history);
        for consumer in &mut group.consumers {
            consumer.consumer.active_at_ms =
                consumer.consumer.active_at_ms.filter(|_| has_activity);
        }
    }
    Value::Stream(stream.into())
}

/// Whether two values are the same; those of modules by what they show, for they may hold what is
/// no number and equals nothing.
pub fn same(a: &Value, b: &Value) -> bool {
    match a {
        Value::Module(_) => format!("{a:?}") == format!("{b:?}"),
        _ => a == b,
    }
}
