//! One large value: how long its MIGRATE takes, how long others wait on both sides meanwhile, how much
//! of its rate a client with work to do keeps, and how much memory it takes.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::ValueEnum;
use resp::{Reply, encode};

use super::client::Client;
use super::fleet::{self, Contender};
use super::load::Load;
use super::probe::{self, Waits};
use super::report::{self, Better, Row, Wanted};
use super::values::noise;

pub(crate) fn measure(rounds: usize, peers: &[usize], shapes: &[Shape]) -> anyhow::Result<()> {
    for shape in shapes {
        let table = |wanted: fn(&Figure) -> Wanted| {
            FIGURES.each_ref().map(|figure| Row::new(figure.name, figure.better, wanted(figure)))
        };
        let mut alike = table(|figure| figure.alike);
        let mut from_keyferry = table(|figure| figure.from_keyferry);
        let push = |rows: &mut [Row], server, run: &Run| {
            for (row, figure) in rows.iter_mut().zip(&FIGURES) {
                row.push(server, (figure.of)(run));
            }
        };
        for _ in 0..rounds {
            let run = Run::measure(shape, KEYFERRY, KEYFERRY)?;
            push(&mut alike, KEYFERRY, &run);
            push(&mut from_keyferry, KEYFERRY, &run);
            for &peer in peers {
                push(&mut alike, peer, &Run::measure(shape, peer, peer)?);
                push(&mut from_keyferry, peer, &Run::measure(shape, KEYFERRY, peer)?);
            }
        }
        report::print_head(&format!("{}, each server to another of its kind", shape.name()));
        alike.iter().for_each(Row::print);
        report::print_head(&format!("{}, keyferry to each server", shape.name()));
        from_keyferry.iter().for_each(Row::print);
    }
    Ok(())
}

/// A large value.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Shape {
    Hash,
    String,
    Zset,
    List,
    Stream,
}

impl Shape {
    fn name(self) -> &'static str {
        match self {
            Self::Hash => "a hash of 1M fields, 98 MiB",
            Self::String => "a string of 191 MiB",
            Self::Zset => "a sorted set of 1M members",
            Self::List => "a list of 2M items",
            Self::Stream => "a stream of 1M entries, 10 groups, 100,000 entries pending",
        }
    }

    fn make(self, client: &mut Client) -> anyhow::Result<()> {
        match self {
            Self::Hash => fill(client, "HSET", 1_000_000, |args, number| {
                args.push(format!("field:{number:010}").into());
                args.push(noise(number as u64, 84));
            }),
            Self::String => {
                client.ask(&[&b"SET"[..], KEY.as_bytes(), &noise(1, 191 << 20)]).map(drop)
            }
            Self::Zset => fill(client, "ZADD", 1_000_000, |args, number| {
                let shuffled = number * 7919 % 1_000_000;
                args.push(format!("{shuffled}.5").into());
                args.push(format!("member:{number:010}").into());
            }),
            Self::List => fill(client, "RPUSH", 2_000_000, |args, number| {
                args.push(format!("item:{number:010}").into());
            }),
            Self::Stream => fill_stream(client),
        }
    }
}

/// Adds `count` elements, whose arguments `push` appends.
fn fill(
    client: &mut Client,
    command: &str,
    count: usize,
    push: fn(&mut Vec<Vec<u8>>, usize),
) -> anyhow::Result<()> {
    client.pipeline(count / ELEMENTS_AT_ONCE, 16, |out, request| {
        let mut args = vec![command.into(), KEY.into()];
        let first = request * ELEMENTS_AT_ONCE;
        (first..first + ELEMENTS_AT_ONCE).for_each(|number| push(&mut args, number));
        encode::request(out, &args);
    })
}

/// A stream whose entries have two fields; each of ten groups has delivered its part of them to one
/// of ten consumers.
fn fill_stream(client: &mut Client) -> anyhow::Result<()> {
    client.pipeline(1_000_000, 256, |out, number| {
        let (id, value) = (format!("{}-0", number + 1), format!("{:020}", number * 7919));
        encode::request(out, &["XADD", KEY, &id, "sensor", &value[16..], "temperature", &value]);
    })?;
    for group in 0..10 {
        let name = format!("group:{group}");
        client.ask(&["XGROUP", "CREATE", KEY, &name, "0"])?;
        for consumer in 0..10 {
            let consumer = format!("consumer:{consumer}");
            let args = ["GROUP", &name, &consumer, "COUNT", "1000", "STREAMS", KEY, ">"];
            client.ask(&[&["XREADGROUP"][..], &args].concat())?;
        }
    }
    Ok(())
}

/// What one MIGRATE did.
struct Run {
    wall: Duration,
    source: Side,
    target: Side,
}

/// What it did to one server.
struct Side {
    waits: Waits,
    /// Share of its rate that the client with work to do kept.
    kept: f64,
    /// The most memory beyond what the server had without (source) or with the key (target).
    grown_bytes: u64,
}

impl Run {
    /// Moves the value between two servers that have just been started.
    fn measure(shape: &Shape, source: usize, target: usize) -> anyhow::Result<Self> {
        let source = fleet::start_one(source)?;
        let target = fleet::start_one(target)?;
        let mut client = source.client()?;
        shape.make(&mut client)?;
        let loads = [Load::start(&source)?, Load::start(&target)?];
        thread::sleep(SETTLE);
        let before = loads.each_ref().map(Load::stretch);
        thread::sleep(BEFORE);
        let rates_before = [0, 1].map(|side| loads[side].rate_since(&before[side]));

        let source_before = source.resident_bytes();
        source.reset_peak();
        target.reset_peak();
        let probe = |contender| probe::start(contender, PROBE, PROBE_PERIOD);
        let probes = [probe(&source)?, probe(&target)?];
        thread::sleep(PROBE_PERIOD);
        let during = loads.each_ref().map(Load::stretch);
        let start = Instant::now();
        let port = target.port().to_string();
        let reply = client.ask(&["MIGRATE", "127.0.0.1", &port, KEY, "0", IDLE_TIMEOUT_MS])?;
        let wall = start.elapsed();
        let rates = [0, 1].map(|side| loads[side].rate_since(&during[side]));
        ensure!(matches!(&reply, Reply::Simple(text) if text == "OK"), "MIGRATE answers {reply:?}");
        // What a server does about it later may make others wait as well.
        thread::sleep(AFTER);
        let peaks = [source.peak_resident_bytes(), target.peak_resident_bytes()];
        let target_after = target.resident_bytes();
        let [source_waits, target_waits] = probes.map(|probe| probe.finish());
        loads.into_iter().try_for_each(Load::finish)?;
        ensure!(!exists(&source)? && exists(&target)?, "the key has not moved");
        let side = |index: usize, waits, without: u64| Side {
            waits,
            kept: rates[index] / rates_before[index],
            grown_bytes: peaks[index].saturating_sub(without),
        };
        Ok(Self {
            wall,
            source: side(0, source_waits?, source_before),
            target: side(1, target_waits?, target_after),
        })
    }
}

fn exists(contender: &Contender) -> anyhow::Result<bool> {
    Ok(matches!(contender.client()?.ask(&["EXISTS", KEY])?, Reply::Integer(1)))
}

/// A line of the tables.
struct Figure {
    name: &'static str,
    better: Better,
    /// Wanted of keyferry to keyferry.
    alike: Wanted,
    /// Wanted of keyferry to every server.
    from_keyferry: Wanted,
    of: fn(&Run) -> f64,
}

impl Figure {
    const fn low(
        name: &'static str,
        alike: Wanted,
        from_keyferry: Wanted,
        of: fn(&Run) -> f64,
    ) -> Self {
        Self { name, better: Better::Low, alike, from_keyferry, of }
    }
}

const FIGURES: [Figure; 12] = [
    Figure::low("MIGRATE, ms", Wanted::Ratio(1.0), Wanted::Nothing, |run| ms(run.wall)),
    Figure::low("source: longest wait, ms", Wanted::Figure(5.0), Wanted::EachFigure(5.0), |run| {
        ms(run.source.waits.longest)
    }),
    Figure::low("source: of it not for a CPU", Wanted::Nothing, Wanted::Nothing, |run| {
        ms(run.source.waits.longest_served)
    }),
    Figure::low("source: p99.9 of waits, ms", Wanted::Nothing, Wanted::Nothing, |run| {
        ms(run.source.waits.p999)
    }),
    Figure::low("target: longest wait, ms", Wanted::Figure(5.0), Wanted::Nothing, |run| {
        ms(run.target.waits.longest)
    }),
    Figure::low("target: of it not for a CPU", Wanted::Nothing, Wanted::Nothing, |run| {
        ms(run.target.waits.longest_served)
    }),
    Figure::low("target: p99.9 of waits, ms", Wanted::Nothing, Wanted::Nothing, |run| {
        ms(run.target.waits.p999)
    }),
    Figure::low(
        "source: memory growth, MiB",
        Wanted::Figure(8.0),
        Wanted::EachFigure(8.0),
        |run| mib(run.source.grown_bytes),
    ),
    Figure::low("target: memory over the key, MiB", Wanted::Figure(16.0), Wanted::Nothing, |run| {
        mib(run.target.grown_bytes)
    }),
    Figure {
        name: "source: load keeps, %",
        better: Better::High,
        alike: Wanted::Figure(60.0),
        from_keyferry: Wanted::EachFigure(60.0),
        of: |run| run.source.kept * 100.0,
    },
    Figure {
        name: "target: load keeps, %",
        better: Better::High,
        alike: Wanted::Figure(60.0),
        from_keyferry: Wanted::Nothing,
        of: |run| run.target.kept * 100.0,
    },
    Figure::low("machine: longest pause, ms", Wanted::Nothing, Wanted::Nothing, |run| {
        ms(run.source.waits.longest_pause.max(run.target.waits.longest_pause))
    }),
];

pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

pub(crate) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// keyferry's place among the contenders.
pub(crate) const KEYFERRY: usize = 0;

/// What the other client asks, and how often.
pub(crate) const PROBE: &[&str] = &["GET", "load:1"];
pub(crate) const PROBE_PERIOD: Duration = Duration::from_millis(1);

/// Long enough for the slowest peer, which says nothing while it decodes.
pub(crate) const IDLE_TIMEOUT_MS: &str = "100000";

const KEY: &str = "large";
const ELEMENTS_AT_ONCE: usize = 50;

/// Until a server that was filled has given back what it does not need.
const SETTLE: Duration = Duration::from_millis(1500);

/// For so long the rate before is measured.
const BEFORE: Duration = Duration::from_millis(500);

/// Long enough for a server that goes on working after it has answered.
const AFTER: Duration = Duration::from_millis(1500);
