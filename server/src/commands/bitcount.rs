//! `BITCOUNT key [start end [BYTE | BIT]]` and `BITPOS key bit [start [end [BYTE | BIT]]]`

use std::ops::Range;

use keyspace::StringValue;
use keyspace::string::bits;
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::number::integer;
use super::{CommandError, Context, Reply, is_name};

pub(super) static BITCOUNT: Command = Command {
    name: "bitcount",
    arity: -2,
    flags: flags::READONLY,
    keys: Keys::FIRST,
    categories: &["bitmap"],
    tips: &[],
    run: Some(bit_count),
    docs: Docs {
        summary: "Returns how many bits of the string value of a key, or of a part of it, are set",
        since: "2.6.0",
        group: "bitmap",
        complexity: "O(N) in the length of the part",
        syntax: "key index=[start:integer end:integer index-unit=[BYTE@7.0.0 | BIT@7.0.0]]",
    },
    subcommands: &[],
};

pub(super) static BITPOS: Command = Command {
    name: "bitpos",
    arity: -3,
    run: Some(bit_pos),
    docs: Docs {
        summary: "Returns the first bit of the string value of a key that is set, or that is not",
        since: "2.8.7",
        syntax: "key bit:integer index=[start:integer \
                 end-index=[end:integer index-unit=[BYTE@7.0.0 | BIT@7.0.0]]]",
        ..BITCOUNT.docs
    },
    ..BITCOUNT
};

fn bit_count(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let Some(value) = ctx.read::<StringValue>(request.arg(1))? else {
        return Ok(Reply::Integer(0));
    };
    let text = value.text();
    let range = match request.len() {
        2 => 0..8 * text.len() as u64,
        4 | 5 => {
            let (start, end) = (integer(request.arg(2))?, integer(request.arg(3))?);
            // Both before the first would mean the first, even in the wrong order. Redis 7.2 finds
            // this before it looks at the unit.
            if start < 0 && end < 0 && start > end {
                return Ok(Reply::Integer(0));
            }
            unit(request.get(4))?.range(start, end, text.len())
        }
        _ => return Err(CommandError::Syntax),
    };
    Ok(Reply::Integer(bits::count_ones(&text, range) as i64))
}

fn bit_pos(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let bit = match integer(request.arg(2))? {
        0 => false,
        1 => true,
        _ => return Err(CommandError::err("The bit argument must be 1 or 0.")),
    };
    let Some(value) = ctx.read::<StringValue>(request.arg(1))? else {
        return Ok(Reply::Integer(if bit { NONE } else { 0 }));
    };
    let text = value.text();
    let (start, end, unit) = match request.len() {
        3 => (0, -1, Unit::Byte),
        4 => (integer(request.arg(3))?, -1, Unit::Byte),
        5 | 6 => {
            let start = integer(request.arg(3))?;
            let unit = unit(request.get(5))?;
            (start, integer(request.arg(4))?, unit)
        }
        _ => return Err(CommandError::Syntax),
    };
    let range = unit.range(start, end, text.len());
    let (is_empty, end) = (range.is_empty(), range.end);
    Ok(Reply::Integer(match bits::first_bit(&text, bit, range) {
        Some(offset) => offset as i64,
        // Without an end, zero bits go on after the text.
        None if !bit && !is_empty && request.len() < 5 => end as i64,
        None => NONE,
    }))
}

/// There is no such bit.
const NONE: i64 = -1;

/// What positions count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Unit {
    Byte,
    Bit,
}

fn unit(word: Option<&[u8]>) -> Result<Unit, CommandError> {
    match word {
        None => Ok(Unit::Byte),
        Some(word) if is_name("BYTE", word) => Ok(Unit::Byte),
        Some(word) if is_name("BIT", word) => Ok(Unit::Bit),
        Some(_) => Err(CommandError::Syntax),
    }
}

impl Unit {
    /// The bits from `start` to `end`, both included, of a text of `len` bytes. Negative ones count
    /// from the end; those before the first mean the first.
    fn range(self, start: i64, end: i64, len: usize) -> Range<u64> {
        let bits = match self {
            Self::Byte => 8,
            Self::Bit => 1,
        };
        // No string is so long that the number of its bits is none.
        let len = len as i64 * 8 / bits;
        let from_start = |at: i64| if at < 0 { at.saturating_add(len).max(0) } else { at };
        let (start, end) = (from_start(start), from_start(end).min(len - 1));
        if start > end { 0..0 } else { (start * bits) as u64..((end + 1) * bits) as u64 }
    }
}
