//! HyperLogLogs and places, pipelined: how many commands per second, and the time that the server
//! spends on a CPU for each.

use std::time::Instant;

use bytes::BytesMut;
use resp::encode;

use super::fleet::{self, Contender};
use super::report::{self, Better, Row, Wanted};

pub(crate) fn measure(rounds: usize) -> anyhow::Result<()> {
    let contenders = fleet::start()?;
    for contender in &contenders {
        fill(contender)?;
    }
    report::print_head(&format!("HyperLogLogs of {ADDED} elements, {PLACES} places"));
    for (name, count, command) in COMMANDS {
        let mut speed = Row::new(format!("{name}, 1000/s"), Better::High, Wanted::Ratio(1.0));
        let mut cost = Row::new(format!("{name}, CPU us"), Better::Low, Wanted::Ratio(1.0));
        for _ in 0..rounds {
            for (index, contender) in contenders.iter().enumerate() {
                let mut client = contender.client()?;
                let (start, cpu_before) = (Instant::now(), contender.cpu_time());
                client.pipeline(*count, DEPTH, command)?;
                speed.push(index, *count as f64 / start.elapsed().as_secs_f64() / 1e3);
                let spent = contender.cpu_time() - cpu_before;
                cost.push(index, spent.as_secs_f64() / *count as f64 * 1e6);
            }
        }
        speed.print();
        cost.print();
    }
    Ok(())
}

/// Appends a command, whose number tells it from others.
type Append = fn(&mut BytesMut, usize);

const COMMANDS: &[(&str, usize, Append)] = &[
    ("PFADD of one element", 1_000_000, |out, number| {
        encode::request(out, &["PFADD", "left", &number.to_string()]);
    }),
    ("PFCOUNT of two", 50_000, |out, _| encode::request(out, &["PFCOUNT", "left", "right"])),
    ("GEOADD", 500_000, |out, number| add(out, "other", number)),
    ("GEOSEARCH of about 30", 50_000, |out, number| {
        let (longitude, latitude) = place(number);
        let from = ["GEOSEARCH", "places", "FROMLONLAT", &longitude, &latitude];
        encode::request(out, &[&from[..], &["BYRADIUS", "200", "km", "ASC", "WITHDIST"]].concat());
    }),
];

fn fill(contender: &Contender) -> anyhow::Result<()> {
    let mut client = contender.client()?;
    client.pipeline(2 * ADDED, DEPTH, |out, number| {
        let key = ["left", "right"][number % 2];
        encode::request(out, &["PFADD", key, &number.to_string()]);
    })?;
    client.pipeline(PLACES, DEPTH, |out, number| add(out, "places", number))
}

fn add(out: &mut BytesMut, key: &str, number: usize) {
    let (longitude, latitude) = place(number);
    encode::request(out, &["GEOADD", key, &longitude, &latitude, &format!("place:{number}")]);
}

/// Spread evenly between the tropics.
fn place(number: usize) -> (String, String) {
    let fraction = |step: f64| (number as f64 * step).fract() - 0.5;
    let (east, north) = (fraction(0.754_877_666_246_693), fraction(0.569_840_290_998_053));
    ((east * 360.0).to_string(), (north * 46.0).to_string())
}

const ADDED: usize = 100_000;
const PLACES: usize = 50_000;
const DEPTH: usize = 64;
