//! What becomes of fields that expire at a target that has no word for it.

mod common;

use rdb_format::{
    DecodeLimits, EncodeError, EncodeOptions, FieldTtlPolicy, HashField, RdbVersion, Target,
    Thresholds, Value,
    payload::{PayloadMeasure, decode, encode},
};

const OLD: Target = Target::redis(RdbVersion(11));

#[test]
fn refused_unless_asked_for() {
    for value in [hash(3, 1), hash(2000, 700)] {
        let error = EncodeError::FieldTtls { accepted: RdbVersion(11) };
        assert_eq!(written(&value, FieldTtlPolicy::Refuse), Err(error));
    }
}

#[test]
fn dropped_and_counted() {
    for (fields, timed) in [(3, 1), (2000, 700), (5, 5)] {
        let mut expected = fields_of(fields, timed);
        expected.iter_mut().for_each(|field| field.expire_at_ms = None);
        let expected = (Value::Hash(expected.into()), timed as u64);
        assert_eq!(written(&hash(fields, timed), FieldTtlPolicy::DropTtls), Ok(expected));
    }
}

#[test]
fn left_out_and_counted() {
    for (fields, timed) in [(3, 1), (2000, 700)] {
        let expected =
            (Value::Hash(fields_of(fields, timed).split_off(timed).into()), timed as u64);
        assert_eq!(written(&hash(fields, timed), FieldTtlPolicy::LeaveOut), Ok(expected));
    }
    let all = written(&hash(5, 5), FieldTtlPolicy::LeaveOut);
    assert_eq!(all, Err(EncodeError::NothingLeft));
}

/// For Redis 0 means none, for Valkey a time that is long past.
#[test]
fn a_field_that_expired_in_1970_stays_expired() {
    let mut fields = fields_of(3, 2);
    fields[1].expire_at_ms = Some(0);
    let value = Value::Hash(fields.clone().into());
    fields[1].expire_at_ms = Some(1);
    let payload = encode(&value, &Target::redis(RdbVersion(12))).expect("it has field TTLs");
    assert_eq!(decode(payload, DecodeLimits::default()), Ok(Value::Hash(fields.into())));
    let payload = encode(&value, &Target::of_valkey_release(9, 1)).expect("it has field TTLs");
    assert_eq!(decode(payload, DecodeLimits::default()), Ok(value));
}

/// The value that the old target reads, and how many times were lost.
fn written(value: &Value, field_ttls: FieldTtlPolicy) -> Result<(Value, u64), EncodeError> {
    let options = EncodeOptions { field_ttls, ..EncodeOptions::default() };
    let events = value.events(Thresholds::default());
    let mut measure = PayloadMeasure::new(events, &OLD, options);
    while !measure.advance(10)? {}
    let mut encoder = measure.finish()?;
    let mut payload = Vec::new();
    while let Ok(Some(slice)) = encoder.next_slice(1000) {
        payload.extend_from_slice(&slice);
    }
    let read = decode(payload.into(), DecodeLimits::default()).expect("it is ours");
    Ok((read, encoder.ttls_lost()))
}

fn hash(fields: usize, timed: usize) -> Value {
    Value::Hash(fields_of(fields, timed).into())
}

/// The first `timed` of them expire.
fn fields_of(fields: usize, timed: usize) -> Vec<HashField> {
    let field = |index: usize| HashField {
        field: format!("field:{index}").into(),
        value: "value".repeat(index % 9).into(),
        expire_at_ms: (index < timed).then_some(4_102_444_800_000 + index as u64),
    };
    (0..fields).map(field).collect()
}
