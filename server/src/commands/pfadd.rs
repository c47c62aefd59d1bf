//! `PFADD key [element ...]`, `PFCOUNT key [key ...]` and
//! `PFMERGE destination [source ...]`

use keyspace::StringValue;
use keyspace::hyperloglog::{
    self, Encoding, HyperLogLog, HyperLogLogError, HyperLogLogRef, Registers,
};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static PFADD: Command = Command {
    name: "pfadd",
    arity: -2,
    flags: flags::WRITE | flags::DENYOOM | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::INSERT)]),
    categories: &["hyperloglog"],
    tips: &[],
    run: Some(add),
    docs: Docs {
        summary: "Adds elements to a HyperLogLog, which is created if it does not exist",
        since: "2.8.9",
        group: "hyperloglog",
        complexity: "O(N) for N elements",
        syntax: "key [element ...]",
    },
    subcommands: &[],
};

pub(super) static PFCOUNT: Command = Command {
    name: "pfcount",
    arity: -2,
    flags: flags::READONLY,
    // One that is alone remembers what it has counted.
    keys: Keys::Specs(&[KeySpec::at(1).to(-1).used(usage::RW | usage::ACCESS)]),
    run: Some(count),
    docs: Docs {
        summary: "Estimates how many different elements were added to HyperLogLogs",
        complexity: "O(1) for one that has not changed since, O(N) for N others",
        syntax: "key ...",
        ..PFADD.docs
    },
    ..PFADD
};

pub(super) static PFMERGE: Command = Command {
    name: "pfmerge",
    arity: -2,
    flags: flags::WRITE | flags::DENYOOM,
    keys: Keys::Specs(&[
        KeySpec::at(1).used(usage::RW | usage::ACCESS | usage::INSERT),
        KeySpec::at(2).to(-1).used(usage::RO | usage::ACCESS),
    ]),
    run: Some(merge),
    docs: Docs {
        summary: "Adds to a HyperLogLog what was added to others",
        complexity: "O(N) for N of them",
        syntax: "destkey:key sourcekey:key ...",
        ..PFADD.docs
    },
    ..PFADD
};

fn add(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (key, bytes_max) = (request.arg(1), ctx.state.config.hll_sparse_max_bytes());
    let add_all = |counter: &mut HyperLogLog| {
        let mut elements = request.iter().skip(2);
        elements.try_fold(false, |changed, it| Ok(changed | counter.add(it, bytes_max)?))
    };
    let is_changed = if let Some(mut value) = ctx.edit::<StringValue>(key)? {
        hyperloglog::edit(&mut value, add_all)?
    } else {
        let mut counter = HyperLogLog::new();
        add_all(&mut counter)?;
        ctx.insert(key, StringValue::Raw(counter.into_bytes()).into(), None);
        true
    };
    if is_changed {
        ctx.notify(Class::STRING, "pfadd", key);
    }
    Ok(Reply::flag(is_changed))
}

fn count(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let count = if request.len() == 2 {
        count_one(ctx, request.arg(1))?
    } else {
        let mut registers = Registers::new();
        merge_all(ctx, request, &mut registers)?;
        registers.count()
    };
    // As in Redis, which shows the count of registers that no element sets as a negative number.
    Ok(Reply::Integer(count.cast_signed()))
}

fn count_one(ctx: &mut Context<'_>, key: &[u8]) -> Result<u64, CommandError> {
    let Some(value) = ctx.read::<StringValue>(key)? else { return Ok(0) };
    if let Some(cached) = HyperLogLogRef::parse(&value.text())?.cached_count() {
        return Ok(cached);
    }
    let Some(mut value) = ctx.edit::<StringValue>(key)? else { return Ok(0) };
    let count = hyperloglog::edit(&mut value, HyperLogLog::count)?;
    drop(value);
    ctx.notify(Class::UNTOLD, "pfcount", key);
    Ok(count)
}

fn merge(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (key, bytes_max) = (request.arg(1), ctx.state.config.hll_sparse_max_bytes());
    let mut registers = Registers::new();
    let any_dense = merge_all(ctx, request, &mut registers)?;
    let merge_in = |counter: &mut HyperLogLog| {
        if any_dense {
            counter.make_dense()?;
        }
        counter.merge(&registers, bytes_max)
    };
    if let Some(mut value) = ctx.edit::<StringValue>(key)? {
        hyperloglog::edit(&mut value, merge_in)?;
    } else {
        let mut counter = HyperLogLog::new();
        merge_in(&mut counter)?;
        ctx.insert(key, StringValue::Raw(counter.into_bytes()).into(), None);
    }
    ctx.notify(Class::STRING, "pfadd", key);
    Ok(Reply::OK)
}

/// Merges what all keys hold, and returns whether any of it is dense.
fn merge_all(
    ctx: &mut Context<'_>,
    request: &Request,
    registers: &mut Registers,
) -> Result<bool, CommandError> {
    let mut any_dense = false;
    for key in request.iter().skip(1) {
        if let Some(value) = ctx.read::<StringValue>(key)? {
            let text = value.text();
            let counter = HyperLogLogRef::parse(&text)?;
            any_dense |= counter.encoding() == Encoding::Dense;
            counter.merge_into(registers)?;
        }
    }
    Ok(any_dense)
}

impl From<HyperLogLogError> for CommandError {
    fn from(error: HyperLogLogError) -> Self {
        Self::Line(match error {
            HyperLogLogError::Corrupted => b"INVALIDOBJ Corrupted HLL object detected".to_vec(),
            _ => b"WRONGTYPE Key is not a valid HyperLogLog string value.".to_vec(),
        })
    }
}
