//! Packed collections that are too long to be told as one: they are told by element, mean what they
//! mean packed, and are held to the same rules.

mod common;

use bytes::Bytes;
use common::{craft, seal, seal_as, tell};
use rdb_format::{
    DecodeError, DecodeErrorKind, DecodeLimits, Event, HashField, ScoredMember, StringValue, Value,
    packed::{Entry, Intset, ListpackMut, PackedError},
    payload::decode,
};

const MANY: usize = 30_000;

fn payload(code: u8, blob: &[u8]) -> Bytes {
    seal_as(12, &[&[code][..], &craft::string(blob)].concat())
}

fn listpack<'e>(entries: impl IntoIterator<Item = Entry<'e>>) -> Vec<u8> {
    let mut listpack = ListpackMut::new();
    entries.into_iter().for_each(|entry| listpack.push_entry(entry).expect("it fits"));
    listpack.freeze().into_bytes().to_vec()
}

/// A ziplist of these short texts.
fn ziplist(texts: &[String]) -> Vec<u8> {
    let (mut body, mut previous, mut tail) = (Vec::new(), 0, 10);
    for text in texts {
        tail = 10 + body.len() as u32;
        body.extend_from_slice(&[previous, text.len() as u8]);
        body.extend_from_slice(text.as_bytes());
        previous = 2 + text.len() as u8;
    }
    let total = 10 + body.len() as u32 + 1;
    [&total.to_le_bytes()[..], &tail.to_le_bytes(), &u16::MAX.to_le_bytes(), &body, &[0xFF]]
        .concat()
}

fn zipmap(texts: &[String]) -> Vec<u8> {
    let mut zipmap = vec![254];
    for pair in texts.chunks(2) {
        zipmap.push(pair[0].len() as u8);
        zipmap.extend_from_slice(pair[0].as_bytes());
        // Three bytes behind the value are not used.
        zipmap.extend_from_slice(&[pair[1].len() as u8, 3]);
        zipmap.extend_from_slice(pair[1].as_bytes());
        zipmap.extend_from_slice(b"...");
    }
    zipmap.push(0xFF);
    zipmap
}

fn texts() -> Vec<String> {
    (0..MANY).map(|number| format!("text:{number}")).collect()
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// What `payload` means, told by element and in any split.
#[track_caller]
fn unpacked(payload: &Bytes) -> Value {
    let whole = tell(std::slice::from_ref(payload), DecodeLimits::default());
    assert!(whole.result.is_ok());
    let is_packed = |event: &Event| matches!(event, Event::Listpack(_) | Event::Intset(_));
    assert!(!whole.events.iter().any(is_packed));
    let pieces: Vec<_> = payload.chunks(1000).map(|piece| payload.slice_ref(piece)).collect();
    assert!(tell(&pieces, DecodeLimits::default()) == whole);
    decode(payload.clone(), DecodeLimits::default()).expect("it is sound")
}

#[test]
fn texts_come_out_of_every_layout() {
    let texts = texts();
    let entries = || texts.iter().map(|text| Entry::parse(text.as_bytes()));
    let list: Value = Value::List(texts.iter().map(|text| bytes(text)).collect());
    let nodes = |code, blob: &[u8]| {
        let container: &[u8] = if code == 18 { &[2] } else { &[] };
        let node = [container, &craft::string(blob)].concat();
        let small = match code {
            18 => [&[2][..], &craft::string(&listpack([]))].concat(),
            _ => craft::string(&ziplist(&[])),
        };
        seal(&[&[code, 3][..], &small, &node, &small].concat())
    };
    for payload in [
        payload(10, &ziplist(&texts)),
        nodes(14, &ziplist(&texts)),
        nodes(18, &listpack(entries())),
    ] {
        assert_eq!(unpacked(&payload), list, "type {}", payload[0]);
    }
    let set: Value = Value::Set(texts.iter().map(|text| bytes(text)).collect());
    assert_eq!(unpacked(&payload(20, &listpack(entries()))), set);
    let field = |pair: &[String]| HashField {
        field: bytes(&pair[0]),
        value: bytes(&pair[1]),
        expire_at_ms: None,
    };
    let hash: Value = Value::Hash(texts.chunks(2).map(field).collect());
    for payload in [
        payload(9, &zipmap(&texts)),
        payload(13, &ziplist(&texts)),
        payload(16, &listpack(entries())),
    ] {
        assert_eq!(unpacked(&payload), hash, "type {}", payload[0]);
    }
}

#[test]
fn numbers_scores_and_times_come_out() {
    let numbers = || (0..MANY as i64).map(|number| number * 3 - 1000);
    let intset = Intset::from_sorted(numbers()).expect("they rise");
    let set = numbers().map(|number| StringValue::Int(number).to_bytes());
    assert_eq!(unpacked(&payload(11, intset.as_bytes())), Value::Set(set.collect()));

    let names = texts();
    let pairs = names.iter().enumerate().flat_map(|(number, name)| {
        let score = if number == 7 { Entry::Text(b"-1.5") } else { Entry::Int(number as i64) };
        [Entry::Text(name.as_bytes()), score]
    });
    let member = |(number, name): (usize, &String)| ScoredMember {
        member: bytes(name),
        score: if number == 7 { -1.5 } else { number as f64 },
    };
    let wanted = Value::SortedSet(names.iter().enumerate().map(member).collect());
    assert_eq!(unpacked(&payload(17, &listpack(pairs))), wanted);

    let expires = |number: usize| (number < MANY / 2).then_some(number as u64 / 2 + 1);
    let triples = names.iter().enumerate().flat_map(|(number, name)| {
        let at_ms = Entry::Int(expires(number).unwrap_or_default() as i64);
        [Entry::Text(name.as_bytes()), Entry::Int(5), at_ms]
    });
    let field = |(number, name): (usize, &String)| HashField {
        field: bytes(name),
        value: bytes("5"),
        expire_at_ms: expires(number),
    };
    let wanted = Value::Hash(names.iter().enumerate().map(field).collect());
    let body = [&[25][..], &[0; 8], &craft::string(&listpack(triples))].concat();
    assert_eq!(unpacked(&seal_as(12, &body)), wanted);
}

/// A text that is itself too long for one event comes in chunks, and a blob with few entries as one.
#[test]
fn long_texts_come_in_chunks() {
    let long = "x".repeat(200_000);
    let mut texts = texts();
    texts.insert(5000, long.clone());
    let entries = texts.iter().map(|text| Entry::Text(text.as_bytes()));
    let wanted: Value = Value::Set(texts.iter().map(|text| bytes(text)).collect());
    assert_eq!(unpacked(&payload(20, &listpack(entries))), wanted);

    let few = payload(20, &listpack([Entry::Text(long.as_bytes()), Entry::Int(1)]));
    let told = tell(std::slice::from_ref(&few), DecodeLimits::default());
    assert!(told.events.iter().any(|event| matches!(event, Event::Listpack(_))));
}

#[test]
fn what_is_wrong_with_them_is_found() {
    let refused = |payload: Bytes| {
        let error = decode(payload, DecodeLimits::default()).expect_err("it is broken");
        assert_eq!(error.kind(), DecodeErrorKind::BadData);
        error
    };
    let names = texts();
    let entries = || names.iter().map(|name| Entry::Text(name.as_bytes()));
    let odd = || entries().chain([Entry::Int(0)]);
    let entries_len = MANY as u64 + 1;
    for code in [16, 17] {
        let error = refused(payload(
            code,
            &listpack(if code == 16 {
                odd().collect::<Vec<_>>()
            } else {
                (0..=MANY).map(|number| Entry::Int(number as i64)).collect()
            }),
        ));
        let DecodeError::Arity { entries, arity: 2, .. } = error else { panic!("{error}") };
        assert_eq!(entries, entries_len);
    }
    let twice = entries().chain([Entry::Text(b"text:7")]);
    assert!(matches!(refused(payload(20, &listpack(twice))), DecodeError::Duplicate { .. }));
    assert!(matches!(refused(payload(17, &listpack(entries()))), DecodeError::InvalidScore { .. }));
    let falling = names.iter().enumerate().flat_map(|(number, name)| {
        [Entry::Text(name.as_bytes()), Entry::Int(0), Entry::Int((MANY - number) as i64)]
    });
    let body = [&[25][..], &[0; 8], &craft::string(&listpack(falling))].concat();
    assert!(matches!(refused(seal_as(12, &body)), DecodeError::ExpiryOrder { .. }));

    // The layouts' own rules, whose last ones are judged at the end.
    let blob_error = |code, blob: &[u8]| match refused(payload(code, blob)) {
        DecodeError::Packed { cause, .. } => cause,
        error => panic!("{error}"),
    };
    let mut blob = listpack(entries());
    let len = blob.len();
    blob[4..6].copy_from_slice(&29_999_u16.to_le_bytes());
    assert_eq!(blob_error(20, &blob), PackedError::Count { declared: 29_999, actual: MANY as u64 });
    blob[len - 2] ^= 1;
    assert!(matches!(blob_error(20, &blob), PackedError::BackLength { .. }));
    blob[len - 1] = 0;
    assert_eq!(blob_error(20, &blob), PackedError::EndByte { offset: len as u64 - 1 });

    let mut blob = ziplist(&names);
    blob[4] ^= 1;
    assert!(matches!(blob_error(13, &blob), PackedError::TailOffset { .. }));
    let mut blob = ziplist(&names);
    blob[10 + 8] ^= 1;
    assert!(matches!(blob_error(13, &blob), PackedError::PreviousLength { .. }));

    let mut blob = zipmap(&names);
    blob[0] = 200;
    let error = blob_error(9, &blob);
    assert_eq!(error, PackedError::Count { declared: 200, actual: MANY as u64 / 2 });
    blob.truncate(blob.len() - 1);
    assert!(matches!(blob_error(9, &blob), PackedError::EndByte { .. }));

    let intset = Intset::from_sorted(0..MANY as i64).expect("they rise");
    let mut blob = intset.as_bytes().to_vec();
    let last = blob.len() - 2;
    blob[last..].copy_from_slice(&5_i16.to_le_bytes());
    assert_eq!(blob_error(11, &blob), PackedError::NotAscending { index: MANY as u64 - 1 });
}
