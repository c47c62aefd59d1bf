//! What growing costs: the longest single insert, and the memory for each key.
//!
//! Each contender runs in a process of its own, since an allocator gives back little. Time is CPU
//! time of the thread, so that other load on the machine is left out; an insert includes its share
//! of the clock's own cost, some 200 ns.
//!
//! `cargo bench --bench growth -- KEYS` sets the number of keys.

use std::process::Command;

use bytes::Bytes;
use foldhash::quality::RandomState;
use hashbrown::HashMap;
use keyspace::{Keyspace, StringValue, Value};
use rustix::time::{ClockId, clock_gettime};

/// The last one only keeps the values: what the clock and the machine add to every insert.
const CONTENDERS: [&str; 3] = ["database", "hashbrown", "vector"];
const KEYS_LEN: u64 = 2_000_000;
const VALUE_LEN: usize = 100;

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
                let status =
                    Command::new(program).arg(contender).arg(keys_len.to_string()).status();
                assert!(status.expect("it ran a moment ago").success(), "{contender} failed");
            }
        }
    }
}

fn measure(contender: &str, keys_len: u64) {
    match contender {
        "database" => {
            let mut keyspace = Keyspace::new(1);
            report(contender, keys_len, |key, value| {
                keyspace.database_mut(0).insert(key, value, None);
            });
        }
        "hashbrown" => {
            let mut table: HashMap<Box<[u8]>, Value, RandomState> = HashMap::default();
            report(contender, keys_len, |key, value| {
                table.insert(key.into(), value);
            });
        }
        _ => {
            let mut values = Vec::with_capacity(keys_len as usize);
            report(contender, keys_len, |_, value| values.push(value));
        }
    }
}

fn report(contender: &str, keys_len: u64, mut insert: impl FnMut(&[u8], Value)) {
    // Not zeroes, whose pages would only be made while the clock runs.
    let mut durations_ns = vec![u64::MAX; keys_len as usize];
    let memory_before = resident_bytes();
    for (number, duration_ns) in durations_ns.iter_mut().enumerate() {
        let key = format!("key:{number:012}");
        let value = Value::String(StringValue::Raw(Bytes::from(vec![b'x'; VALUE_LEN])));
        let start_ns = thread_cpu_ns();
        insert(key.as_bytes(), value);
        *duration_ns = thread_cpu_ns() - start_ns;
    }
    let memory = (resident_bytes() - memory_before) as f64 / keys_len as f64;
    durations_ns.sort_unstable();
    let us =
        |fraction: f64| durations_ns[((keys_len - 1) as f64 * fraction) as usize] as f64 / 1000.0;
    println!(
        "{contender:>10}: longest insert {:.1} us, 99.999 % within {:.1} us, 99 % within {:.1} us, \
         median {:.2} us; {memory:.0} bytes a key",
        us(1.0),
        us(0.99999),
        us(0.99),
        us(0.5),
    );
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
