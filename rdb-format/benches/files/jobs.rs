//! What is measured.

use std::{
    env, fs,
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rdb::{RdbDecoder, RdbValue, Simple, formatter};
use rdb_format::{
    DecodeLimits, Event,
    file::{Checksum, FileReader, Record},
    packed::Entry,
};

use crate::redis::{self, Binaries};

/// The argument that makes a process a job.
pub(crate) const CHILD: &str = "--job";

pub(crate) struct Job {
    pub(crate) name: &'static str,
    /// The job that the ratio is to.
    pub(crate) beside: Option<&'static str>,
    /// The ratio that is wanted.
    pub(crate) wanted: Option<f64>,
    /// Runs once.
    pub(crate) slow: bool,
    how: How,
}

enum How {
    /// In a process of this binary.
    Here,
    /// By another binary, whose last argument is the file.
    Command(PathBuf, &'static [&'static str]),
    /// By a server that starts with it.
    Load(Binaries),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) cpu: Duration,
    pub(crate) clock: Duration,
    pub(crate) peak_mib: Option<u64>,
}

const WALK: &str = "walk, checksum verified";
const DECODE: &str = "every element decoded and summed";
const JSON: &str = "JSON";
const RDB: &str = "rdb 0.4, nothing printed, no checksum";
const RDB_DECODE: &str = "rdb 0.4, every element summed";
const RDB_SKIP: &str = "rdb 0.4, every value skipped";
const RDB_JSON: &str = "rdb 0.4, JSON";

impl Job {
    pub(crate) fn all(redis: Binaries) -> Vec<Self> {
        let here = |name| Self { name, beside: None, wanted: None, slow: false, how: How::Here };
        let mut jobs = vec![
            Self { beside: Some(RDB), wanted: Some(3.0), ..here(WALK) },
            here(RDB),
            here(RDB_SKIP),
            Self { beside: Some(RDB_DECODE), wanted: Some(1.5), ..here(DECODE) },
            here(RDB_DECODE),
        ];
        if let Some(keyferry) = env::var_os("KEYFERRY_BENCH_JSON") {
            let how = How::Command(keyferry.into(), &["rdb", "json"]);
            jobs.push(Self { beside: Some(RDB_JSON), wanted: Some(4.0), how, ..here(JSON) });
        }
        jobs.extend([
            Self { slow: true, ..here(RDB_JSON) },
            Self {
                slow: true,
                how: How::Command(redis.check_rdb.clone(), &[]),
                ..here("redis-check-rdb 7.0.15")
            },
            Self { slow: true, how: How::Load(redis), ..here("Redis 7.0.15, loading") },
        ]);
        jobs
    }

    pub(crate) fn run(&self, file: &Path) -> Measured {
        let mut command = match &self.how {
            How::Here => {
                let mut command = Command::new(env::current_exe().expect("it runs"));
                command.args([CHILD, self.name]).arg(file);
                command
            }
            How::Command(binary, arguments) => {
                let mut command = Command::new(binary);
                command.args(*arguments).arg(file);
                command
            }
            How::Load(binaries) => {
                let (clock, cpu) = cpu_of_children(|| redis::load(binaries, file));
                return Measured { cpu, clock, peak_mib: None };
            }
        };
        let mut peak_mib = None;
        let (clock, cpu) = cpu_of_children(|| {
            let start = Instant::now();
            let mut child = command.stdout(Stdio::null()).spawn().expect("it can be started");
            peak_mib = watch(&mut child);
            assert!(child.wait().expect("it was started").success(), "{} failed", self.name);
            start.elapsed()
        });
        Measured { cpu, clock, peak_mib }
    }
}

/// The CPU time that children take whom `run` waits for.
fn cpu_of_children(run: impl FnOnce() -> Duration) -> (Duration, Duration) {
    let before = children_ticks();
    let clock = run();
    (clock, Duration::from_secs_f64((children_ticks() - before) as f64 / TICKS_PER_SECOND))
}

/// User and system time of the children that have been waited for.
fn children_ticks() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux tells");
    // Behind the name, which is in parentheses and may hold anything, from field 3 on.
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    fields.split_whitespace().skip(13).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// Waits for the end of a process, and tells the most memory that it had.
fn watch(child: &mut Child) -> Option<u64> {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    while child.try_wait().expect("it was started").is_none() {
        let status = fs::read_to_string(&status).unwrap_or_default();
        let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix(" kB"));
        peak = kib.and_then(|kib| kib.trim().parse::<u64>().ok()).or(peak);
        thread::sleep(Duration::from_millis(2));
    }
    peak.map(|kib| kib.div_ceil(1024))
}

/// Runs a job in this process.
pub(crate) fn run_here(name: &str, file: &Path) {
    let result = match name {
        WALK => walk(file),
        DECODE => decode(file),
        RDB => rdb_nothing(file),
        RDB_SKIP => rdb_skip(file),
        RDB_DECODE => rdb_decode(file),
        RDB_JSON => rdb_json(file),
        other => panic!("no job {other:?}"),
    };
    println!("{result}");
}

fn reader(file: &Path) -> FileReader<File> {
    let file = File::open(file).expect("the file was made");
    FileReader::new(file, DecodeLimits::default()).expect("a file of Redis")
}

fn walk(file: &Path) -> u64 {
    let mut reader = reader(file);
    let mut keys = 0;
    while let Some(record) = reader.next_record().expect("a sound file") {
        match record {
            Record::Key(_) => {
                reader.skip_value().expect("a sound file");
                keys += 1;
            }
            Record::End(checksum) => assert_eq!(checksum, Checksum::Verified),
            _ => {}
        }
    }
    keys
}

fn decode(file: &Path) -> u64 {
    let mut reader = reader(file);
    let mut sum = 0;
    while let Some(record) = reader.next_record().expect("a sound file") {
        let Record::Key(record) = record else { continue };
        sum += sum_of(&record.key);
        while let Some(event) = reader.next_event().expect("a sound file") {
            sum += match event {
                Event::String(text) | Event::StringChunk(text) => sum_of(&text),
                Event::Score(score) => score as u64,
                Event::Intset(intset) => intset.iter().map(|number| number as u64).sum(),
                Event::Listpack(listpack) => listpack
                    .iter()
                    .map(|entry| match entry {
                        Entry::Text(text) => sum_of(text),
                        Entry::Int(number) => number as u64,
                    })
                    .sum(),
                _ => 0,
            };
        }
    }
    sum
}

/// The ends of a text, so that it has to be there.
fn sum_of(text: &[u8]) -> u64 {
    u64::from(text.first().copied().unwrap_or(0)) + u64::from(text.last().copied().unwrap_or(0))
}

fn rdb_reader(file: &Path) -> BufReader<File> {
    BufReader::with_capacity(64 << 10, File::open(file).expect("the file was made"))
}

fn rdb_nothing(file: &Path) -> u64 {
    rdb::parse(rdb_reader(file), formatter::Nil::new(None), Simple::new()).expect("a sound file");
    0
}

fn rdb_skip(file: &Path) -> u64 {
    struct None;
    impl rdb::Filter for None {
        fn matches_type(&self, _code: u8) -> bool {
            false
        }
    }
    items(RdbDecoder::new(rdb_reader(file), None)).map(|_| 1).sum()
}

fn rdb_decode(file: &Path) -> u64 {
    let items = items(RdbDecoder::new(rdb_reader(file), Simple::new()));
    items.map(|item| rdb_sum(&item)).fold(0, u64::wrapping_add)
}

fn rdb_sum(item: &RdbValue) -> u64 {
    let all = |texts: &[Vec<u8>]| texts.iter().map(|text| sum_of(text)).sum::<u64>();
    match item {
        RdbValue::String { key, value, .. } => sum_of(key) + sum_of(value),
        RdbValue::Hash { key, values, .. } => {
            let fields = values.iter().map(|(field, value)| sum_of(field) + sum_of(value));
            sum_of(key) + fields.sum::<u64>()
        }
        RdbValue::Set { key, members, .. } => sum_of(key) + all(members),
        RdbValue::List { key, values, .. } => sum_of(key) + all(values),
        RdbValue::SortedSet { key, values, .. } => {
            let members = values.iter().map(|(score, member)| *score as u64 + sum_of(member));
            sum_of(key) + members.sum::<u64>()
        }
        _ => 0,
    }
}

fn items<R: Read, L: rdb::Filter>(
    decoder: rdb::RdbResult<RdbDecoder<R, L>>,
) -> impl Iterator<Item = RdbValue> {
    decoder.expect("a file of Redis").map(|item| item.expect("a sound file"))
}

fn rdb_json(file: &Path) -> u64 {
    let json = formatter::JSON::new(Some("/dev/null".into()));
    rdb::parse(rdb_reader(file), json, Simple::new()).expect("a sound file");
    0
}

/// Of the times in `/proc`, on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;
