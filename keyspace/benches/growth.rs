//! What growing and shrinking cost: the longest single insertion and removal, the memory for each
//! key, and how long it takes to look one up among so many.
//!
//! Each contender runs in a process of its own, since an allocator gives back little. Time is CPU
//! time of the thread, so that other load on the machine is left out; an operation includes its
//! share of the clock's own cost, some 200 ns. The allocator is that of the server, with the options
//! that it has there.
//!
//! `cargo bench --bench growth -- KEYS` sets the number of keys.

use std::collections::HashMap as StdMap;
use std::collections::hash_map::RandomState as SipState;
use std::process::Command;

use bytes::Bytes;
use foldhash::quality::RandomState;
use hashbrown::HashMap;
use keyspace::{Keyspace, StringValue, Value, ValueRef};
use mimalloc::MiMalloc;
use rustix::time::{ClockId, clock_gettime};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const CONTENDERS: [&str; 3] = ["database", "hashbrown", "std"];
const KEYS_LEN: usize = 10_000_000;
const VALUE_LEN: usize = 100;
const LOOKUPS_LEN: usize = 1_000_000;
const NOW_MS: i64 = 1_700_000_000_000;

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let keys_len = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(KEYS_LEN);
    match arguments.iter().find(|argument| CONTENDERS.contains(&argument.as_str())) {
        Some(contender) => measure(contender, keys_len),
        None => {
            println!("{keys_len} keys of 16 bytes with values of {VALUE_LEN}");
            for contender in CONTENDERS {
                let program = std::env::current_exe().expect("this program has a path");
                let mut command = Command::new(program);
                command.arg(contender).arg(keys_len.to_string()).env("MIMALLOC_PURGE_DELAY", "1");
                let status = command.status();
                assert!(status.expect("it ran a moment ago").success(), "{contender} failed");
            }
        }
    }
}

fn measure(contender: &str, keys_len: usize) {
    match contender {
        "database" => {
            let mut keyspace = Keyspace::new(1);
            report(
                contender,
                keys_len,
                &mut keyspace,
                |keyspace, key, value| keyspace.database_mut(0).insert(key, value, None),
                |keyspace, key| {
                    let entry = keyspace.database_mut(0).read(key, NOW_MS).expect("it is there");
                    last_byte(entry.value())
                },
                |keyspace, key| keyspace.database_mut(0).remove(key, NOW_MS),
            );
        }
        "hashbrown" => report(
            contender,
            keys_len,
            &mut HashMap::<Box<[u8]>, Value, RandomState>::default(),
            |map, key, value| drop(map.insert(key.into(), value)),
            |map, key| last_byte(map[key].view()),
            |map, key| map.remove(key).is_some(),
        ),
        _ => report(
            contender,
            keys_len,
            &mut StdMap::<Box<[u8]>, Value, SipState>::default(),
            |map, key, value| drop(map.insert(key.into(), value)),
            |map, key| last_byte(map[key].view()),
            |map, key| map.remove(key).is_some(),
        ),
    }
}

fn report<C>(
    contender: &str,
    keys_len: usize,
    content: &mut C,
    insert: impl Fn(&mut C, &[u8], Value),
    find: impl Fn(&mut C, &[u8]) -> u8,
    remove: impl Fn(&mut C, &[u8]) -> bool,
) {
    // Not zeroes, whose pages would only be made while the clock runs.
    let mut durations_ns = vec![u32::MAX; keys_len];
    let memory_before = resident_bytes();
    for (number, duration_ns) in durations_ns.iter_mut().enumerate() {
        let value = StringValue::Raw(Bytes::from(vec![b'x'; VALUE_LEN])).into();
        *duration_ns = time_ns(|| insert(content, &key(number), value));
    }
    let memory = (resident_bytes() - memory_before) as f64 / keys_len as f64;
    print(contender, "insertion", &mut durations_ns);
    let mut zero = 0;
    let lookup_ns = time_ns(|| {
        for number in 0..LOOKUPS_LEN {
            // Each waits for the one before.
            zero = usize::from(find(content, &key((zero + number * PRIME) % keys_len)) - b'x');
        }
    }) as usize
        / LOOKUPS_LEN;
    for (number, duration_ns) in durations_ns.iter_mut().enumerate() {
        // Another order than they came in.
        let key = key(number * PRIME % keys_len);
        *duration_ns = time_ns(|| assert!(remove(content, &key), "it was inserted"));
    }
    print(contender, "removal", &mut durations_ns);
    println!("{contender:>10}: {memory:.1} bytes a key, {lookup_ns} ns a lookup");
}

fn print(contender: &str, operation: &str, durations_ns: &mut [u32]) {
    durations_ns.sort_unstable();
    let last = (durations_ns.len() - 1) as f64;
    let us = |fraction: f64| f64::from(durations_ns[(last * fraction) as usize]) / 1000.0;
    println!(
        "{contender:>10}: longest {operation} {:.1} us, 99.9999 % within {:.1} us, 99.99 % within \
         {:.1} us, median {:.2} us",
        us(1.0),
        us(0.999_999),
        us(0.9999),
        us(0.5),
    );
}

fn last_byte(value: ValueRef<'_>) -> u8 {
    match value {
        ValueRef::String(text) => *text.text().last().expect("it is not empty"),
        _ => panic!("not a string"),
    }
}

fn key(number: usize) -> [u8; 16] {
    format!("key:{number:012}").into_bytes().try_into().expect("16 bytes")
}

fn time_ns(operation: impl FnOnce()) -> u32 {
    let start_ns = thread_cpu_ns();
    operation();
    u32::try_from(thread_cpu_ns() - start_ns).unwrap_or(u32::MAX)
}

fn thread_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Memory of this process that is in use, as the kernel counts it.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("a Linux with /proc");
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.expect("the second field is a number") * rustix::param::page_size() as u64
}

/// Divides no sensible number of keys.
const PRIME: usize = 1_000_003;
