//! Commands to a database, against standard collections.
//!
//! The first byte chooses how little is packed; a command is four bytes: what, the key, an element
//! and its length. Keys and elements are few, so that they meet, and of lengths on both sides of
//! what is kept inline, packed and in tables.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use keyferry_fuzz::{restored, thresholds};
use keyspace::{
    AddFlags, Database, FieldExpiry, Hash, Keyspace, List, ListEnd, Set, SortedSet, StringValue,
    Thresholds, Value, ValueRef, string,
};
use libfuzzer_sys::fuzz_target;
use rdb_format::{EncodeOptions, Target, payload};

const NOW_MS: i64 = 1_700_000_000_000;

#[derive(Debug, PartialEq)]
enum Model {
    String(Vec<u8>),
    List(Vec<Vec<u8>>),
    Set(BTreeSet<Vec<u8>>),
    Hash(BTreeMap<Vec<u8>, Vec<u8>>),
    SortedSet(BTreeMap<Vec<u8>, u8>),
}

fuzz_target!(|input: &[u8]| {
    let [size, commands @ ..] = input else { return };
    let thresholds = thresholds((*size).into());
    let mut keyspace = Keyspace::new(1);
    let mut model = BTreeMap::new();
    for &command in commands.as_chunks().0 {
        apply(command, keyspace.database_mut(0), &mut model, &thresholds);
    }
    check(keyspace.database(0), &model, thresholds);
});

fn apply(
    [what, key, text, len]: [u8; 4],
    database: &mut Database,
    model: &mut BTreeMap<Vec<u8>, Model>,
    thresholds: &Thresholds,
) {
    let key = vec![b'k'; usize::from(key & 3) * usize::from(key)];
    let (times, element) = (usize::from(len), text.to_string().into_bytes());
    let element = element.repeat(1 + times * times / 64);
    let right = what & 0x80 != 0;
    match what & 15 {
        0 => {
            database.insert(&key, Value::String(StringValue::Raw(element.clone().into())), None);
            model.insert(key, Model::String(element));
        }
        1 => {
            let Ok(mut value) = database.edit_or_new::<StringValue>(&key, NOW_MS) else { return };
            string::append(&mut value, &element);
            let model = model.entry(key.clone()).or_insert(Model::String(Vec::new()));
            let Model::String(model) = model else { panic!("it was a string") };
            model.extend(element);
        }
        2 | 3 => {
            let Ok(mut list) = database.edit_or_new::<List>(&key, NOW_MS) else { return };
            let end = if right { ListEnd::Tail } else { ListEnd::Head };
            list.push(end, [&element[..]], thresholds);
            let model = model.entry(key.clone()).or_insert(Model::List(Vec::new()));
            let Model::List(model) = model else { panic!("it was a list") };
            model.insert(if right { model.len() } else { 0 }, element);
        }
        4 => {
            let Ok(Some(mut list)) = database.edit::<List>(&key, NOW_MS) else { return };
            let Some(Model::List(elements)) = model.get_mut(&key) else { panic!("it is a list") };
            let start = usize::from(text) % elements.len();
            let range = start..elements.len().min(start + times);
            list.remove_range(range.clone(), thresholds);
            elements.drain(range);
            if elements.is_empty() {
                model.remove(&key);
            }
        }
        5 | 6 => {
            let Ok(mut set) = database.edit_or_new::<Set>(&key, NOW_MS) else { return };
            let is_new = set.add(&element, thresholds);
            let model = model.entry(key.clone()).or_insert(Model::Set(BTreeSet::new()));
            let Model::Set(model) = model else { panic!("it was a set") };
            assert_eq!(is_new, model.insert(element));
        }
        7 | 8 => {
            let Ok(mut hash) = database.edit_or_new::<Hash>(&key, NOW_MS) else { return };
            let is_new = hash.set(&element, &[what], FieldExpiry::Keep, thresholds, NOW_MS);
            let model = model.entry(key.clone()).or_insert(Model::Hash(BTreeMap::new()));
            let Model::Hash(model) = model else { panic!("it was a hash") };
            assert_eq!(is_new, model.insert(element, vec![what]).is_none());
        }
        9 | 10 => {
            let Ok(mut zset) = database.edit_or_new::<SortedSet>(&key, NOW_MS) else { return };
            let added = zset.add(&element, what.into(), AddFlags::default(), thresholds);
            assert!(added.is_ok(), "a number is a score");
            let model = model.entry(key.clone()).or_insert(Model::SortedSet(BTreeMap::new()));
            let Model::SortedSet(model) = model else { panic!("it was a sorted set") };
            model.insert(element, what);
        }
        11 => remove_element(&key, &element, database, model),
        12 => assert_eq!(database.remove(&key, NOW_MS), model.remove(&key).is_some()),
        13 => {
            let expire_at_ms = right.then_some(NOW_MS + 1);
            assert_eq!(database.set_expire(&key, expire_at_ms, NOW_MS), model.contains_key(&key));
        }
        14 => {
            let Some(entry) = database.read(&key, NOW_MS) else { return };
            let value = dumped_and_restored(entry.value(), *thresholds);
            let expire_at_ms = entry.expire_at_ms();
            database.insert(&key, value, expire_at_ms);
        }
        _ => {
            database.clear();
            model.clear();
        }
    }
}

fn remove_element(
    key: &[u8],
    element: &[u8],
    database: &mut Database,
    model: &mut BTreeMap<Vec<u8>, Model>,
) {
    let emptied = match model.get_mut(key) {
        Some(Model::Set(members)) => {
            let set = database.edit::<Set>(key, NOW_MS).expect("it is a set");
            let removed = set.expect("it is there").remove(element);
            assert_eq!(removed, members.remove(element));
            members.is_empty()
        }
        Some(Model::Hash(fields)) => {
            let hash = database.edit::<Hash>(key, NOW_MS).expect("it is a hash");
            let removed = hash.expect("it is there").remove(element, NOW_MS);
            assert_eq!(removed, fields.remove(element).is_some());
            fields.is_empty()
        }
        Some(Model::SortedSet(members)) => {
            let zset = database.edit::<SortedSet>(key, NOW_MS).expect("it is a sorted set");
            let removed = zset.expect("it is there").remove(element);
            assert_eq!(removed, members.remove(element).map(f64::from));
            members.is_empty()
        }
        _ => false,
    };
    if emptied {
        model.remove(key);
    }
}

/// The value as it comes back from DUMP and RESTORE.
fn dumped_and_restored(value: ValueRef<'_>, thresholds: Thresholds) -> Value {
    let dumped =
        payload::encode_events(value.events(NOW_MS), &Target::KEYFERRY, EncodeOptions::default());
    restored(&dumped.expect("it can be told to itself"), thresholds).expect("it is understood")
}

fn check(database: &Database, model: &BTreeMap<Vec<u8>, Model>, thresholds: Thresholds) {
    assert_eq!(database.len(), model.len());
    for (key, expected) in model {
        let entry = database.peek(key, NOW_MS).expect("it is there");
        assert_eq!(&content(entry.value()), expected);
        assert_eq!(&content(dumped_and_restored(entry.value(), thresholds).view()), expected);
    }
}

fn content(value: ValueRef<'_>) -> Model {
    match value {
        ValueRef::String(text) => Model::String(text.text().to_vec()),
        ValueRef::List(list) => Model::List(list.iter().map(|it| it.as_text().to_vec()).collect()),
        ValueRef::Set(set) => Model::Set(set.iter().map(|it| it.as_text().to_vec()).collect()),
        ValueRef::Hash(hash) => {
            let fields = hash
                .iter(NOW_MS)
                .map(|field| (field.name.as_text().to_vec(), field.value.as_text().to_vec()));
            Model::Hash(fields.collect())
        }
        ValueRef::SortedSet(zset) => {
            let members: Vec<_> = zset.iter().collect();
            assert!(members.is_sorted_by_key(|it| (it.score as u8, it.name.as_text().to_vec())));
            let pairs = members.iter().map(|it| (it.name.as_text().to_vec(), it.score as u8));
            Model::SortedSet(pairs.collect())
        }
        other => panic!("nobody stores {}", other.type_name()),
    }
}
