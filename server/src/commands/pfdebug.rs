//! `PFDEBUG GETREG | DECODE | ENCODING | TODENSE key` and `PFSELFTEST`

use std::fmt::Write;

use keyspace::StringValue;
use keyspace::hyperloglog::{self, Encoding, HyperLogLog, HyperLogLogRef, Registers, Run};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::reply::Elements;
use super::{CommandError, Context, Reply, is_name};

pub(super) static PFDEBUG: Command = Command {
    name: "pfdebug",
    arity: 3,
    flags: flags::WRITE | flags::DENYOOM | flags::ADMIN,
    keys: Keys::Specs(&[KeySpec::at(2).used(usage::RW | usage::ACCESS)]),
    categories: &["hyperloglog"],
    tips: &[],
    run: Some(debug),
    docs: Docs {
        summary: "Shows the registers of a HyperLogLog or how they are kept, or makes it dense",
        since: "2.8.9",
        group: "hyperloglog",
        complexity: "O(1), for there are always as many registers",
        syntax: "subcommand key",
    },
    subcommands: &[],
};

pub(super) static PFSELFTEST: Command = Command {
    name: "pfselftest",
    arity: 1,
    flags: flags::ADMIN,
    keys: Keys::None,
    run: Some(self_test),
    docs: Docs {
        summary: "Counts known numbers of elements and tells whether the estimates are as they should",
        complexity: "O(1)",
        syntax: "",
        ..PFDEBUG.docs
    },
    ..PFDEBUG
};

fn debug(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (name, key, protocol) = (request.arg(1), request.arg(2), ctx.protocol());
    let Some(mut value) = ctx.edit::<StringValue>(key)? else {
        return Err(CommandError::err("The specified key does not exist"));
    };
    if is_name("GETREG", name) {
        let mut registers = Registers::new();
        hyperloglog::edit(&mut value, |counter| {
            counter.make_dense()?;
            counter.view().merge_into(&mut registers)
        })?;
        let mut values = Elements::new(protocol);
        registers.values().iter().for_each(|register| values.integer((*register).into()));
        return Ok(values.into());
    }
    let text = value.to_bytes();
    let counter = HyperLogLogRef::parse(&text)?;
    if is_name("DECODE", name) {
        let runs = counter.runs().ok_or_else(|| CommandError::err("HLL encoding is not sparse"))?;
        let mut shown = String::new();
        for run in runs {
            let _ = match run {
                Run::Zeros(len) => write!(shown, "z:{len} "),
                Run::ManyZeros(len) => write!(shown, "Z:{len} "),
                Run::Values { value, len } => write!(shown, "v:{value},{len} "),
            };
        }
        Ok(Reply::copied(shown.trim_end()))
    } else if is_name("ENCODING", name) {
        Ok(Reply::Status(match counter.encoding() {
            Encoding::Dense => "dense",
            Encoding::Sparse => "sparse",
        }))
    } else if is_name("TODENSE", name) {
        drop(text);
        Ok(Reply::flag(hyperloglog::edit(&mut value, HyperLogLog::make_dense)?))
    } else {
        let mut line = b"ERR Unknown PFDEBUG subcommand '".to_vec();
        line.extend(name);
        line.push(b'\'');
        Err(CommandError::Line(line))
    }
}

/// As in Redis: up to 10 million elements, of which a sparse and a dense HyperLogLog estimate the
/// number alike and well enough.
fn self_test(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    let fail = |text: String| Err(CommandError::Line(format!("TESTFAILED {text}").into_bytes()));
    let (mut sparse, mut dense) = (HyperLogLog::new(), HyperLogLog::new());
    dense.make_dense()?;
    let mut checked = 1_u64;
    for number in 1..=SELF_TEST_ELEMENTS {
        let element = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
        sparse.add(&element, 3000)?;
        dense.add(&element, 3000)?;
        if number != checked {
            continue;
        }
        checked *= 10;
        let (count, same) = (dense.view().count()?, sparse.view().count()?);
        if count != same {
            return fail(format!("dense/sparse disagree at {number}: {count} and {same}"));
        }
        // Six times the standard error of 16,384 registers.
        let error_max = if number == 10 { 1 } else { (0.0488 * number as f64).ceil() as u64 };
        if count.abs_diff(number) > error_max {
            return fail(format!("Too big error. card:{number} abserr:{}", count.abs_diff(number)));
        }
    }
    Ok(Reply::OK)
}

/// A tenth of a second's work at most.
const SELF_TEST_ELEMENTS: u64 = 1_000_000;
