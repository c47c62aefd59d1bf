//! A database against the simplest thing that could be one: a `BTreeMap`, a set of frozen keys and
//! a clock that only the test moves.

mod common;

use std::collections::BTreeMap;

use bytes::Bytes;
use common::random_numbers;
use keyspace::AccessKind::{Read, Write};
use keyspace::{Database, EntryRef, Freeze, Keyspace, StringValue, Value, ValueRef, string};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Insert { key: u8, value: u8, ttl_ms: Option<i64> },
    Append { key: u8, value: u8 },
    SetExpire { key: u8, ttl_ms: Option<i64> },
    Remove { key: u8 },
    Read { key: u8 },
    Clear,
    Freeze { key: u8 },
    ParkReads { key: u8 },
    Thaw { key: u8 },
    ReleaseMoved { key: u8 },
    HoldFreezes { hold: bool },
    Advance { by_ms: i64 },
    ExpireCycle { removed_max: usize },
}

fn step() -> impl Strategy<Value = Step> {
    // Few keys, so that they meet; each of several lengths, so that some are stored inline.
    let key = 0..12_u8;
    let ttl_ms = prop::option::of(-1..30_i64);
    prop_oneof![
        8 => (key.clone(), any::<u8>(), ttl_ms.clone())
            .prop_map(|(key, value, ttl_ms)| Step::Insert { key, value, ttl_ms }),
        3 => (key.clone(), any::<u8>()).prop_map(|(key, value)| Step::Append { key, value }),
        3 => (key.clone(), ttl_ms).prop_map(|(key, ttl_ms)| Step::SetExpire { key, ttl_ms }),
        3 => key.clone().prop_map(|key| Step::Remove { key }),
        3 => key.clone().prop_map(|key| Step::Read { key }),
        1 => Just(Step::Clear),
        4 => key.clone().prop_map(|key| Step::Freeze { key }),
        2 => key.clone().prop_map(|key| Step::ParkReads { key }),
        2 => key.clone().prop_map(|key| Step::Thaw { key }),
        2 => key.prop_map(|key| Step::ReleaseMoved { key }),
        1 => any::<bool>().prop_map(|hold| Step::HoldFreezes { hold }),
        3 => (0..10_i64).prop_map(|by_ms| Step::Advance { by_ms }),
        2 => (0..5_usize).prop_map(|removed_max| Step::ExpireCycle { removed_max }),
    ]
}

#[derive(Default)]
struct Model {
    now_ms: i64,
    keys: BTreeMap<Vec<u8>, (Vec<u8>, Option<i64>)>,
    /// Frozen keys, and whether they are in doubt.
    frozen: BTreeMap<Vec<u8>, bool>,
    held: bool,
    hits: u64,
    misses: u64,
}

impl Model {
    fn is_live(&self, key: &[u8]) -> bool {
        self.keys.get(key).is_some_and(|(_, at_ms)| at_ms.is_none_or(|at_ms| at_ms >= self.now_ms))
    }

    /// An expired key goes when a command comes across it, unless it is frozen.
    fn drop_if_expired(&mut self, key: &[u8]) {
        if !self.is_live(key) && !self.frozen.contains_key(key) {
            self.keys.remove(key);
        }
    }

    fn expired_len(&self) -> usize {
        self.keys.keys().filter(|key| !self.is_live(key) && !self.frozen.contains_key(*key)).count()
    }

    fn live(&self) -> impl Iterator<Item = (&Vec<u8>, &(Vec<u8>, Option<i64>))> {
        self.keys.iter().filter(|(key, _)| self.is_live(key))
    }
}

fn name(key: u8) -> Vec<u8> {
    // The last ones take two bytes and more to tell their length.
    vec![b'a' + key; usize::from(key).pow(2) * 3]
}

/// Of several lengths, so that some values are kept beside their keys, others not, and some are
/// appended to across that border.
fn text(value: u8) -> Vec<u8> {
    vec![value; [1, 8, 500, 1025][usize::from(value % 4)]]
}

fn raw(text: Vec<u8>) -> Value {
    Value::String(StringValue::Raw(Bytes::from(text)))
}

fn content(value: ValueRef<'_>) -> Bytes {
    let ValueRef::String(value) = value else { panic!("not a string: {value:?}") };
    value.to_bytes()
}

fn apply(step: Step, keyspace: &mut Keyspace, model: &mut Model) {
    let now_ms = model.now_ms;
    let database = keyspace.database_mut(0);
    let deadline = |ttl_ms: Option<i64>| ttl_ms.map(|ttl_ms| now_ms + ttl_ms);
    match step {
        Step::Insert { key, value, ttl_ms } => {
            let key = name(key);
            if database.waits_for([&key[..]], Write).is_none() {
                database.insert(&key, raw(text(value)), deadline(ttl_ms));
                model.keys.insert(key, (text(value), deadline(ttl_ms)));
            }
        }
        Step::Append { key, value } => {
            let key = name(key);
            if database.waits_for([&key[..]], Write).is_none() {
                model.drop_if_expired(&key);
                let found = database.edit::<StringValue>(&key, now_ms).expect("all are strings");
                match (found, model.keys.get_mut(&key)) {
                    (Some(mut string), Some((text, _))) => {
                        let suffix = self::text(value);
                        text.extend_from_slice(&suffix);
                        assert_eq!(string::append(&mut string, &suffix), text.len());
                    }
                    (found, expected) => assert_eq!(found.is_some(), expected.is_some()),
                }
            }
        }
        Step::SetExpire { key, ttl_ms } => {
            let key = name(key);
            if database.waits_for([&key[..]], Write).is_none() {
                model.drop_if_expired(&key);
                let found = model.keys.get_mut(&key).map(|entry| entry.1 = deadline(ttl_ms));
                assert_eq!(database.set_expire(&key, deadline(ttl_ms), now_ms), found.is_some());
            }
        }
        Step::Remove { key } => {
            let key = name(key);
            if database.waits_for([&key[..]], Write).is_none() {
                model.drop_if_expired(&key);
                assert_eq!(database.remove(&key, now_ms), model.keys.remove(&key).is_some());
            }
        }
        Step::Read { key } => {
            let key = name(key);
            if database.waits_for([&key[..]], Read).is_none() {
                model.drop_if_expired(&key);
                let is_live = model.is_live(&key);
                assert_eq!(database.read(&key, now_ms).is_some(), is_live);
                *if is_live { &mut model.hits } else { &mut model.misses } += 1;
            }
        }
        Step::Clear => {
            if database.frozen_len() == 0 {
                database.clear();
                model.keys.clear();
            }
        }
        Step::Freeze { key } => {
            let key = name(key);
            model.drop_if_expired(&key);
            match database.freeze(&key, now_ms) {
                Freeze::Missing => {
                    assert!(!model.is_live(&key));
                    model.misses += 1;
                }
                Freeze::Busy => assert!(model.held || model.frozen.contains_key(&key)),
                Freeze::Frozen(frozen) => {
                    assert!(!model.held && model.is_live(&key));
                    let (text, expire_at_ms) = &model.keys[&key];
                    assert_eq!(content(frozen.value.view()), text);
                    assert_eq!(frozen.expire_at_ms, *expire_at_ms);
                    assert_eq!(model.frozen.insert(key, false), None);
                    model.hits += 1;
                }
            }
        }
        Step::ParkReads { key } => {
            if let Some(in_doubt) = model.frozen.get_mut(&name(key)) {
                database.park_reads(&name(key));
                *in_doubt = true;
            }
        }
        Step::Thaw { key } => {
            let key = name(key);
            if model.frozen.remove(&key).is_some() {
                database.thaw(&key, now_ms);
                model.drop_if_expired(&key);
            }
        }
        Step::ReleaseMoved { key } => {
            let key = name(key);
            if model.frozen.remove(&key).is_some() {
                database.release_moved(&key);
                model.keys.remove(&key);
            }
        }
        Step::HoldFreezes { hold } => {
            database.hold_freezes(hold);
            model.held = hold;
        }
        Step::Advance { by_ms } => model.now_ms += by_ms,
        Step::ExpireCycle { removed_max } => {
            let due = model.expired_len();
            assert_eq!(keyspace.expire_cycle(now_ms, removed_max), due.min(removed_max));
            // Which of them went first is for the database to say.
            let database = keyspace.database(0);
            let left: Vec<Vec<u8>> = database.iter().map(|entry| entry.key().to_vec()).collect();
            let (now, frozen) = (model.now_ms, &model.frozen);
            model.keys.retain(|key, (_, at_ms)| {
                let is_due = at_ms.is_some_and(|at_ms| at_ms < now) && !frozen.contains_key(key);
                !is_due || left.contains(key)
            });
        }
    }
}

fn check(database: &Database, model: &Model) {
    assert_eq!(database.len(), model.keys.len());
    let expires = model.keys.values().filter(|(_, at_ms)| at_ms.is_some());
    assert_eq!(database.expires_len(), expires.count());
    for key in (0..12).map(name) {
        let in_doubt = model.frozen.get(&key).copied();
        let reads_wait = database.waits_for([&key[..]], Read).is_some();
        assert_eq!(reads_wait, in_doubt == Some(true));
        assert_eq!(database.waits_for([&key[..]], Write).is_some(), in_doubt.is_some());
        match database.peek(&key, model.now_ms) {
            Some(entry) => {
                let (text, expire_at_ms) = &model.keys[&key];
                assert_eq!(content(entry.value()), text);
                assert_eq!(entry.expire_at_ms(), *expire_at_ms);
                assert!(model.is_live(&key));
            }
            None => assert!(!model.is_live(&key)),
        }
    }
    let mut scanned = Vec::new();
    let mut cursor = 0;
    loop {
        let visit = |entry: EntryRef<'_>| scanned.push(entry.key().to_vec());
        cursor = database.scan(cursor, 3, model.now_ms, visit);
        if cursor == 0 {
            break;
        }
    }
    scanned.sort_unstable();
    assert!(scanned.iter().eq(model.live().map(|(key, _)| key)));
    let random_key = database.random_key(random_numbers(), model.now_ms);
    assert_eq!(random_key.is_some(), !scanned.is_empty());
    assert!(random_key.is_none_or(|key| model.is_live(key)));
    let mut frozen: Vec<&[u8]> = database.frozen_keys().collect();
    frozen.sort_unstable();
    assert!(frozen.into_iter().eq(model.frozen.keys()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_database_agrees_with_the_model(steps in prop::collection::vec(step(), 1..120)) {
        let mut keyspace = Keyspace::new(1);
        let mut model = Model { now_ms: 1_000_000, ..Model::default() };
        for step in steps {
            apply(step, &mut keyspace, &mut model);
            check(keyspace.database(0), &model);
        }
        let stats = keyspace.stats();
        prop_assert_eq!((stats.keyspace_hits, stats.keyspace_misses), (model.hits, model.misses));
    }
}
