//! What a small key takes: growth of the resident memory by the number of keys inserted into a
//! server that has just been started.

use bytes::BytesMut;
use resp::encode;

use super::fleet;
use super::report::{self, Better, Row, Wanted};

pub(crate) fn measure(rounds: usize, keys: usize) -> anyhow::Result<()> {
    report::print_head(&format!("bytes of resident memory per key, {keys} keys of 16 bytes"));
    for (name, insert) in SHAPES {
        let mut row = Row::new(*name, Better::Low, Wanted::Ratio(0.85));
        for _ in 0..rounds {
            for index in 0..fleet::names().count() {
                let contender = fleet::start_one(index)?;
                let mut client = contender.client()?;
                // What a connection takes is no part of it.
                client.pipeline(DEPTH * 4, DEPTH, |out, _| encode::request(out, &["PING"]))?;
                let before = contender.resident_bytes();
                client.pipeline(keys, DEPTH, insert)?;
                let grown = contender.resident_bytes().saturating_sub(before);
                row.push(index, grown as f64 / keys as f64);
            }
        }
        row.print();
    }
    Ok(())
}

/// Appends the request that makes a key.
type Insert = fn(&mut BytesMut, usize);

const SHAPES: &[(&str, Insert)] = &[
    ("string of 100 bytes", |out, number| {
        encode::request(out, &[b"SET", key(number).as_bytes(), &[b'x'; 100]]);
    }),
    // Names of six bytes, values of eight that are no numbers.
    ("hash of 5 fields, 6 + 8 bytes each", |out, number| {
        let value = format!("v{number:07}");
        let mut args = vec!["HSET".to_owned(), key(number)];
        args.extend((1..=5).flat_map(|field| [format!("field{field}"), value.clone()]));
        encode::request(out, &args);
    }),
];

fn key(number: usize) -> String {
    format!("key:{number:012}")
}

const DEPTH: usize = 64;
