//! Inserting, looking up and removing keys: a database against one growing hash table.
//!
//! The tables it is compared with do nothing but hold keys and values; the database also keeps
//! access records and counts hits. Every lookup finds the number 1 and adds it to find its
//! successor: it waits for the one before, as commands do, and shows latency instead of how many
//! cache misses the processor can overlap.

use std::collections::HashMap as StdMap;
use std::hash::BuildHasher;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use foldhash::quality::RandomState;
use hashbrown::HashMap;
use keyspace::{Database, Keyspace, StringRef, StringValue, Value, ValueRef};

const NOW_MS: i64 = 1_700_000_000_000;
const KEYS_LEN: usize = 200_000;

/// What is compared.
trait Contender {
    fn new() -> Self;
    fn insert(&mut self, key: &[u8], value: Value);
    /// The number that a key holds.
    fn get(&mut self, key: &[u8]) -> Option<i64>;
    fn remove(&mut self, key: &[u8]) -> bool;
}

struct Ours(Keyspace);

impl Ours {
    fn database(&mut self) -> &mut Database {
        self.0.database_mut(0)
    }
}

impl Contender for Ours {
    fn new() -> Self {
        Self(Keyspace::new(1))
    }
    fn insert(&mut self, key: &[u8], value: Value) {
        self.database().insert(key, value, None);
    }
    fn get(&mut self, key: &[u8]) -> Option<i64> {
        match self.database().read(key, NOW_MS)?.value() {
            ValueRef::String(StringRef::Int(number)) => Some(number),
            _ => None,
        }
    }
    fn remove(&mut self, key: &[u8]) -> bool {
        self.database().remove(key, NOW_MS)
    }
}

impl<S: BuildHasher + Default> Contender for HashMap<Box<[u8]>, Value, S> {
    fn new() -> Self {
        Self::default()
    }
    fn insert(&mut self, key: &[u8], value: Value) {
        Self::insert(self, key.into(), value);
    }
    fn get(&mut self, key: &[u8]) -> Option<i64> {
        Self::get(self, key).and_then(number)
    }
    fn remove(&mut self, key: &[u8]) -> bool {
        Self::remove(self, key).is_some()
    }
}

impl Contender for StdMap<Box<[u8]>, Value> {
    fn new() -> Self {
        Self::default()
    }
    fn insert(&mut self, key: &[u8], value: Value) {
        Self::insert(self, key.into(), value);
    }
    fn get(&mut self, key: &[u8]) -> Option<i64> {
        Self::get(self, key).and_then(number)
    }
    fn remove(&mut self, key: &[u8]) -> bool {
        Self::remove(self, key).is_some()
    }
}

fn keys() -> Vec<[u8; 16]> {
    (0..KEYS_LEN)
        // An odd factor: another order than that of the numbers, and no key twice.
        .map(|number| number.wrapping_mul(0x9e37_79b9) % (1 << 32))
        .map(|number| format!("key:{number:012}").into_bytes().try_into().expect("16 bytes"))
        .collect()
}

fn one() -> Value {
    Value::String(StringValue::Int(1))
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::String(StringValue::Int(number)) => Some(*number),
        _ => None,
    }
}

fn filled<C: Contender>(keys: &[[u8; 16]]) -> C {
    let mut contender = C::new();
    keys.iter().for_each(|key| contender.insert(key, one()));
    contender
}

fn compare<C: Contender>(criterion: &mut Criterion, name: &str) {
    let keys = keys();
    let mut shuffled = keys.clone();
    let order = RandomState::default();
    shuffled.sort_by_cached_key(|key| order.hash_one(key));
    let mut group = criterion.benchmark_group("operations");
    group.throughput(Throughput::Elements(KEYS_LEN as u64)).sample_size(10);
    group.bench_function(format!("insert/{name}"), |bencher| {
        bencher.iter_with_large_drop(|| filled::<C>(&keys));
    });
    let mut contender = filled::<C>(&keys);
    group.bench_function(format!("lookup/{name}"), |bencher| {
        bencher.iter(|| {
            let mut next = 0;
            while let Some(key) = shuffled.get(next) {
                next += contender.get(key).expect("each key holds a number") as usize;
            }
        });
    });
    group.bench_function(format!("remove/{name}"), |bencher| {
        bencher.iter_batched(
            || filled::<C>(&keys),
            |mut contender| {
                shuffled.iter().for_each(|key| assert!(black_box(contender.remove(&key[..]))));
                contender
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn operations(criterion: &mut Criterion) {
    compare::<Ours>(criterion, "database");
    compare::<HashMap<Box<[u8]>, Value, RandomState>>(criterion, "hashbrown with foldhash");
    compare::<StdMap<Box<[u8]>, Value>>(criterion, "std with SipHash");
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_secs(1));
    targets = operations
}
criterion_main!(benches);
