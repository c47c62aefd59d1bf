//! What growing and shrinking cost, of a database by keys and of one hash by fields: the longest
//! single insertion and removal, the memory for each key, and how long it takes to look one up among
//! so many.
//!
//! All the while a scan goes over what is there, from the start again when it is at its end. It has
//! to visit all that is there from its first call to its last, and nothing twice.
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
use keyspace::{
    EntryRef, FieldExpiry, FieldRef, Hash, Keyspace, StringValue, Thresholds, Value, ValueRef,
};
use mimalloc::MiMalloc;
use rustix::time::{ClockId, clock_gettime};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const CONTENDERS: [&str; 4] = ["database", "hash", "hashbrown", "std"];
const KEYS_LEN: usize = 10_000_000;
const VALUE_LEN: usize = 100;
/// Operations from one call of a scan to the next, and keys that are asked of each: a scan is twice
/// as fast as insertions are.
const SCAN_PERIOD: usize = 50;
const SCAN_COUNT: usize = 100;
const LOOKUPS_LEN: usize = 1_000_000;
/// As in the server's `allocator.rs`: no memory is given back by the thread that is measured.
const ALLOCATOR_OPTIONS: [(&str, &str); 2] =
    [("MIMALLOC_GENERIC_COLLECT", "1000000"), ("MIMALLOC_PURGE_DELAY", "86400000")];
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
                command.arg(contender).arg(keys_len.to_string()).envs(ALLOCATOR_OPTIONS);
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
                Some(|keyspace, cursor, visit| {
                    let visit = |entry: EntryRef<'_>| visit(entry.key());
                    keyspace.database_mut(0).scan(cursor, SCAN_COUNT, NOW_MS, visit)
                }),
            );
        }
        "hash" => {
            let thresholds = Thresholds::default();
            report(
                contender,
                keys_len,
                &mut Hash::new(),
                |hash, name, value| {
                    let ValueRef::String(text) = value.view() else { panic!("not a string") };
                    hash.set(name, &text.text(), FieldExpiry::Clear, &thresholds, NOW_MS);
                },
                |hash, name| {
                    let field = hash.view().get(name, NOW_MS).expect("it is there");
                    *field.value.as_text().last().expect("it is not empty")
                },
                |hash, name| hash.remove(name, NOW_MS),
                Some(|hash, cursor, visit| {
                    let visit = |field: FieldRef<'_>| visit(&field.name.as_text());
                    hash.view().scan(cursor, SCAN_COUNT, NOW_MS, visit)
                }),
            );
        }
        "hashbrown" => report(
            contender,
            keys_len,
            &mut HashMap::<Box<[u8]>, Value, RandomState>::default(),
            |map, key, value| drop(map.insert(key.into(), value)),
            |map, key| last_byte(map[key].view()),
            |map, key| map.remove(key).is_some(),
            None,
        ),
        _ => report(
            contender,
            keys_len,
            &mut StdMap::<Box<[u8]>, Value, SipState>::default(),
            |map, key, value| drop(map.insert(key.into(), value)),
            |map, key| last_byte(map[key].view()),
            |map, key| map.remove(key).is_some(),
            None,
        ),
    }
}

/// Visits some keys from a cursor on and returns the cursor for the next call.
type Scan<C> = fn(&mut C, u32, &mut dyn FnMut(&[u8])) -> u32;

fn report<C>(
    contender: &str,
    keys_len: usize,
    content: &mut C,
    insert: impl Fn(&mut C, &[u8], Value),
    find: impl Fn(&mut C, &[u8]) -> u8,
    remove: impl Fn(&mut C, &[u8]) -> bool,
    scan: Option<Scan<C>>,
) {
    // Not zeroes, whose pages would only be made while the clock runs.
    let mut durations_ns = vec![u32::MAX; keys_len];
    let mut scanner = scan.map(|scan| Scanner::new(keys_len, scan));
    let memory_before = resident_bytes();
    for (number, duration_ns) in durations_ns.iter_mut().enumerate() {
        let value = StringValue::Raw(Bytes::from(vec![b'x'; VALUE_LEN])).into();
        *duration_ns = time_ns(|| insert(content, &key(number), value));
        if let Some(scanner) = &mut scanner {
            scanner.inserted(number);
            scanner.turn(number, content);
        }
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
        let removed = number * PRIME % keys_len;
        let key = key(removed);
        *duration_ns = time_ns(|| assert!(remove(content, &key), "it was inserted"));
        if let Some(scanner) = &mut scanner {
            scanner.removed(removed);
            scanner.turn(number, content);
        }
    }
    print(contender, "removal", &mut durations_ns);
    if let Some(scanner) = &mut scanner {
        print(contender, "call of a scan", &mut scanner.durations_ns);
        println!("{contender:>10}: {} scans have visited what they should", scanner.scans);
    }
    println!("{contender:>10}: {memory:.1} bytes a key, {lookup_ns} ns a lookup");
}

/// Goes over what is there again and again, and checks what it visits.
struct Scanner<C> {
    scan: Scan<C>,
    cursor: u32,
    /// What is there.
    present: Vec<bool>,
    /// What has been there since the first call of this scan.
    awaited: Vec<bool>,
    visited: Vec<bool>,
    scans: usize,
    durations_ns: Vec<u32>,
}

impl<C> Scanner<C> {
    fn new(keys_len: usize, scan: Scan<C>) -> Self {
        // Written to, so that the memory is there before it is measured.
        let [mut present, awaited, visited] = [(); 3].map(|()| vec![true; keys_len]);
        present.fill(false);
        let durations_ns = Vec::with_capacity(2 * keys_len / SCAN_PERIOD + 2);
        Self { scan, cursor: 0, present, awaited, visited, scans: 0, durations_ns }
    }

    fn inserted(&mut self, number: usize) {
        self.present[number] = true;
    }

    fn removed(&mut self, number: usize) {
        self.present[number] = false;
        self.awaited[number] = false;
    }

    /// Makes a call if it is time, after so many operations.
    fn turn(&mut self, operation: usize, content: &mut C) {
        if !operation.is_multiple_of(SCAN_PERIOD) {
            return;
        }
        if self.cursor == 0 {
            self.awaited.copy_from_slice(&self.present);
            self.visited.fill(false);
        }
        let visited = &mut self.visited;
        self.durations_ns.push(time_ns(|| {
            self.cursor = (self.scan)(content, self.cursor, &mut |key| {
                let number = str::from_utf8(&key[4..]).ok().and_then(|text| text.parse().ok());
                let number: usize = number.expect("a key ends with its number");
                assert!(!std::mem::replace(&mut visited[number], true), "{number} comes twice");
            });
        }));
        if self.cursor == 0 {
            let mut both = self.awaited.iter().zip(&self.visited);
            assert!(both.all(|(&awaited, &visited)| visited || !awaited), "a scan left one out");
            self.scans += 1;
        }
    }
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
