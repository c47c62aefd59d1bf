//! What holds for every value, every split, every slice size and every target.

mod common;

use std::io::Cursor;

use bytes::Bytes;
use common::{TARGETS, as_told_to, sayable, seal_as, strategies, tell};
use proptest::{collection::vec, prelude::*, sample::Index, strategy::ValueTree};
use rdb_format::{
    DecodeErrorKind, DecodeLimits, EncodeOptions, Event, EventSource, FieldTtlPolicy, HashField,
    Measure, RdbVersion, StringValue, Target, Thresholds, Value, ValueBuilder,
    file::{FileReader, FileWriter, KeyRecord, Record},
    payload::{PayloadEncoder, PayloadMeasure, decode, encode},
};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn decoding_inverts_encoding(value in strategies::value(), thresholds in strategies::thresholds()) {
        for options in [EncodeOptions::default(), EncodeOptions { compress: false, ..Default::default() }] {
            let mut measure = measure(&value, thresholds, &Target::KEYFERRY, options);
            while !measure.advance(usize::MAX).unwrap() {}
            let payload = joined(measure.finish().unwrap(), usize::MAX);
            prop_assert_eq!(decode(payload, DecodeLimits::default()), Ok(value.clone()));
        }
    }

    #[test]
    fn announced_length_is_kept_in_slices_of_any_size(
        value in strategies::value(),
        thresholds in strategies::thresholds(),
        events_max in 1_usize..50,
        bytes_max in 1_usize..5000,
    ) {
        let options = EncodeOptions::default();
        let mut whole = measure(&value, thresholds, &Target::KEYFERRY, options);
        while !whole.advance(usize::MAX).unwrap() {}
        let whole = joined(whole.finish().unwrap(), usize::MAX);

        let mut sliced = measure(&value, thresholds, &Target::KEYFERRY, options);
        while !sliced.advance(events_max).unwrap() {}
        let mut encoder = sliced.finish().unwrap();
        let announced = encoder.len();
        let mut produced = Vec::new();
        while let Ok(Some(slice)) = encoder.next_slice(bytes_max) {
            prop_assert!((1..=bytes_max).contains(&slice.len()));
            produced.extend_from_slice(&slice);
            prop_assert_eq!(encoder.remaining(), announced - produced.len() as u64);
        }
        prop_assert_eq!(produced.len() as u64, announced);
        prop_assert_eq!(produced, whole);
    }

    #[test]
    fn any_split_tells_the_same(value in strategies::value(), cuts in vec(any::<Index>(), 0..12)) {
        let payload = encode(&value, &Target::KEYFERRY).unwrap();
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(payload.len())).collect();
        ends.extend([0, payload.len()]);
        ends.sort_unstable();
        let pieces: Vec<Bytes> =
            ends.windows(2).map(|ends| payload.slice(ends[0]..ends[1])).collect();
        let told = tell(&pieces, DecodeLimits::default());
        prop_assert!(told.result.is_ok());
        prop_assert_eq!(told, tell(&[payload], DecodeLimits::default()));
    }

    #[test]
    fn what_an_older_or_foreign_target_is_told_means_the_same(
        value in strategies::value(),
        thresholds in strategies::thresholds(),
    ) {
        for target in TARGETS {
            told_to(&value, thresholds, &target)?;
        }
    }

    /// Under a right footer, so that the body alone has to stand up to the bytes. Small ones are
    /// counts and lengths that lead somewhere.
    #[test]
    fn any_body_is_a_sound_value_or_an_error_in_any_split(
        code in 0..26_u8,
        rest in vec(prop_oneof![3 => 0..5_u8, 1 => any::<u8>()], 0..60),
        version in proptest::sample::select(&[9, 12, 80][..]),
    ) {
        let payload = seal_as(version, &[&[code][..], &rest].concat());
        let bytewise: Vec<Bytes> = payload.chunks(1).map(Bytes::copy_from_slice).collect();
        let told = tell(std::slice::from_ref(&payload), DecodeLimits::default());
        // Debug, for what a module keeps may be NaN.
        prop_assert_eq!(format!("{:?}", tell(&bytewise, DecodeLimits::default())), format!("{told:?}"));
        match decode(payload, DecodeLimits::default()) {
            Err(error) => prop_assert_eq!(error.kind(), DecodeErrorKind::BadData),
            Ok(Value::Module(_)) => {}
            Ok(value) => for target in TARGETS {
                told_to(&value, Thresholds::default(), &target)?;
            }
        }
    }

    /// Compression keeps a table for each thread; it must not show.
    #[test]
    fn encoders_do_not_disturb_each_other(values in vec(strategies::value(), 2..4)) {
        let alone: Vec<Bytes> =
            values.iter().map(|value| encode(value, &Target::KEYFERRY).unwrap()).collect();
        let mut encoders: Vec<PayloadEncoder> = values
            .iter()
            .map(|value| PayloadEncoder::new(value.clone(), &Target::KEYFERRY).unwrap())
            .collect();
        let mut produced = vec![Vec::new(); values.len()];
        while encoders.iter().any(|encoder| encoder.remaining() > 0) {
            for (encoder, produced) in encoders.iter_mut().zip(&mut produced) {
                let Ok(slice) = encoder.next_slice(3000);
                produced.extend_from_slice(&slice.unwrap_or_default());
            }
        }
        prop_assert_eq!(produced, alone);
    }

    /// Times that only Valkey reads, or none does.
    #[test]
    fn field_ttls_out_of_range_are_refused(
        value in strategies::hash_with_ttls(prop_oneof![0..3_u64, any::<u64>(), (1_u64 << 47)..(1 << 49)]),
        thresholds in strategies::thresholds(),
    ) {
        for target in TARGETS {
            told_to(&value, thresholds, &target)?;
        }
    }

    #[test]
    fn field_ttls_are_dropped_or_left_out_as_asked(
        value in strategies::hash_with_ttls(1..=1_u64 << 47),
        thresholds in strategies::thresholds(),
    ) {
        let Value::Hash(fields) = &value else { unreachable!("it is a hash") };
        let untimed: Vec<HashField> = fields
            .iter()
            .map(|field| HashField { expire_at_ms: None, ..field.clone() })
            .collect();
        let lasting: Vec<HashField> =
            fields.iter().filter(|field| field.expire_at_ms.is_none()).cloned().collect();
        let target = Target::redis(RdbVersion(11));
        for (field_ttls, left) in
            [(FieldTtlPolicy::DropTtls, untimed), (FieldTtlPolicy::LeaveOut, lasting)]
        {
            let options = EncodeOptions { field_ttls, ..EncodeOptions::default() };
            let mut measure = measure(&value, thresholds, &target, options);
            let measured = loop {
                match measure.advance(usize::MAX) {
                    Ok(false) => {}
                    Ok(true) => break Ok(measure.finish().unwrap()),
                    Err(error) => break Err(rdb_format::EncodeError::from(error)),
                }
            };
            match measured {
                Ok(encoder) => {
                    let read = decode(joined(encoder, 4096), DecodeLimits::default());
                    prop_assert_eq!(read, Ok(Value::Hash(left.into())));
                }
                Err(error) => {
                    prop_assert_eq!(error, rdb_format::EncodeError::NothingLeft);
                    prop_assert!(left.is_empty());
                }
            }
        }
    }

    /// The way of a file that is converted: read, told again and written, without a value between.
    #[test]
    fn a_file_is_copied_from_its_reader(
        values in vec((strategies::value(), strategies::thresholds()), 1..4),
        thresholds in strategies::thresholds(),
    ) {
        let target = Target::KEYFERRY;
        let mut file = FileWriter::new(Vec::new(), target).unwrap();
        for (nth, (value, _)) in values.iter().enumerate() {
            let mut measure = Measure::new(value.events(thresholds), target, EncodeOptions::default());
            while !measure.advance(usize::MAX).unwrap() {}
            file.key(&KeyRecord::new(nth.to_string().into()), measure.finish()).unwrap();
        }
        let file = file.finish().unwrap();

        for target in [target, Target::of_valkey_release(9, 1), Target::redis(RdbVersion(9))] {
            let mut reader = FileReader::new(Cursor::new(&file), DecodeLimits::default()).unwrap();
            let mut copy = FileWriter::new(Vec::new(), target).unwrap();
            let mut told = Vec::new();
            while let Some(record) = reader.next_record().unwrap() {
                let Record::Key(key) = record else { continue };
                let value = &values[told.len()].0;
                let source = reader.value().expect("it has not been told");
                let mut measure = Measure::new(source, target, EncodeOptions::default());
                let measured = loop {
                    match measure.advance(7) {
                        Ok(false) => {}
                        Ok(true) => break true,
                        Err(_) => break false,
                    }
                };
                prop_assert_eq!(measured, sayable(value, &target).is_ok());
                if measured {
                    copy.key(&key, measure.finish()).unwrap();
                }
                told.push(measured.then(|| as_told_to(value, &target)));
            }
            prop_assert_eq!(told.len(), values.len());
            let copy = copy.finish().unwrap();
            let read = read_values(&copy);
            let told: Vec<Value> = told.into_iter().flatten().collect();
            prop_assert_eq!(read, told);
        }
    }
}

/// More than is kept while it is measured, so that it is gone over twice.
#[test]
fn two_passes_give_what_one_measured() {
    let noise = |len: usize, seed: usize| -> Bytes {
        (0..len)
            .map(|at| ((at * at + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as u8)
            .collect()
    };
    let texts: Vec<Bytes> = (0..6000).map(|nth| noise(20 + nth % 50, nth * 977)).collect();
    let fields = |expire_at_ms: fn(usize) -> Option<u64>| {
        let field = |(nth, pair): (usize, &[Bytes])| HashField {
            field: Bytes::from(format!("{nth}:{:?}", pair[0])),
            value: pair[1].clone(),
            expire_at_ms: expire_at_ms(nth),
        };
        Value::Hash(texts.chunks_exact(2).enumerate().map(field).collect())
    };
    let values = [
        Value::from(StringValue::Raw(noise(300_000, 1))),
        Value::List(texts.clone().into()),
        Value::List((0..12).map(|nth| noise(70_000 + nth, nth)).collect()),
        Value::Set((0..6000).map(|nth| Bytes::from(format!("member {nth}"))).collect()),
        fields(|_| None),
        fields(|nth| (nth % 3 > 0).then_some(4_000_000_000_000 + nth as u64)),
    ];
    for value in values {
        for target in TARGETS {
            if sayable(&value, &target).is_err() {
                continue;
            }
            let payload = encode(&value, &target).unwrap();
            assert!(payload.len() > 64 << 10, "it is more than is kept");
            assert_eq!(decode(payload.clone(), DecodeLimits::default()).as_ref(), Ok(&value));
            let encoder = PayloadEncoder::new(value.clone(), &target).unwrap();
            assert_eq!(encoder.len(), payload.len() as u64);
            assert_eq!(joined(encoder, 1000), payload);
        }
    }
}

/// No server has an empty one, and none reads it.
#[test]
fn collections_without_elements_are_not_written() {
    let empty = [
        Value::List([].into()),
        Value::Set([].into()),
        Value::SortedSet([].into()),
        Value::Hash([].into()),
    ];
    for value in empty {
        for target in TARGETS {
            assert_eq!(
                encode(&value, &target),
                Err(rdb_format::EncodeError::NothingLeft),
                "{value:?}"
            );
        }
    }
}

/// `value` comes back from a payload for `target` as far as it has words for it, or the error is
/// the right one.
fn told_to(value: &Value, thresholds: Thresholds, target: &Target) -> Result<(), TestCaseError> {
    let mut measure = measure(value, thresholds, target, EncodeOptions::default());
    let encoder = loop {
        match measure.advance(usize::MAX) {
            Ok(false) => {}
            Ok(true) => break measure.finish().unwrap(),
            Err(error) => {
                let error = rdb_format::EncodeError::from(error);
                prop_assert_eq!(Err(error), sayable(value, target), "{:?}", target);
                return Ok(());
            }
        }
    };
    prop_assert_eq!(sayable(value, target), Ok(()), "{:?}", target);
    let payload = joined(encoder, usize::MAX);
    let told = tell(std::slice::from_ref(&payload), DecodeLimits::default());
    let version = told.result.unwrap();
    prop_assert!(target.accepts(version), "{:?} takes no {}", target, version);
    prop_assert_eq!(
        decode(payload, DecodeLimits::default()),
        Ok(as_told_to(value, target)),
        "{:?}",
        target
    );
    Ok(())
}

fn measure(
    value: &Value,
    thresholds: Thresholds,
    target: &Target,
    options: EncodeOptions,
) -> PayloadMeasure<rdb_format::ValueEvents> {
    PayloadMeasure::new(value.events(thresholds), target, options)
}

fn joined<S: EventSource<Error: std::fmt::Debug>>(
    mut encoder: PayloadEncoder<S>,
    bytes_max: usize,
) -> Bytes {
    let mut payload = Vec::new();
    while let Some(slice) = encoder.next_slice(bytes_max).unwrap() {
        payload.extend_from_slice(&slice);
    }
    payload.into()
}

fn read_values(file: &[u8]) -> Vec<Value> {
    let mut reader = FileReader::new(file, DecodeLimits::default()).unwrap();
    let mut values = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        let Record::Key(_) = record else { continue };
        let mut builder = ValueBuilder::default();
        while let Some(event) = reader.next_event().unwrap() {
            builder.push(event);
        }
        values.extend(builder.finish());
    }
    values
}

/// What the corpus of golden payloads cannot show of events: they are the same again.
#[test]
fn a_value_is_told_twice_alike() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..50 {
        let value = strategies::value().new_tree(&mut runner).unwrap().current();
        let mut events = value.events(Thresholds::default());
        let mut all = || -> Vec<Event> {
            let Ok(()) = events.rewind();
            std::iter::from_fn(|| {
                let Ok(event) = events.next_event();
                event
            })
            .collect()
        };
        assert_eq!(all(), all());
    }
}
