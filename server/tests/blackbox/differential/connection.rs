//! The connection itself, and commands that are none.

use super::command::Command;
use super::dice::{Dice, NUMBERS, VALUES};

pub(super) fn any(dice: &mut Dice) -> Command {
    match dice.below(5) {
        0 => Command::new(&["ECHO", dice.pick(&VALUES)]),
        1 => Command::new(&["PING"]).with_up_to(3, dice, |dice| dice.pick(&["", "hello"])),
        2 => Command::new(&["QUIT"]),
        3 => unknown(dice),
        _ => wrong_arity(dice),
    }
}

/// A command that neither knows. The error shows its arguments, which the reference cuts at a NUL.
fn unknown(dice: &mut Dice) -> Command {
    let long = "x".repeat(dice.below(300));
    let command = Command::new(&[dice.pick(&["NOPE", "", "GETT", "a\r\nb", "it's"])]);
    let command = command.with_up_to(5, dice, |dice| dice.pick(&NUMBERS));
    if dice.once_in(3) { command.with(&[&long, "a\r\nb"]) } else { command }
}

/// A command without arguments that needs some, or with many that takes fewer.
fn wrong_arity(dice: &mut Dice) -> Command {
    const NEED_SOME: [&str; 57] = [
        "SET",
        "GET",
        "GETDEL",
        "GETEX",
        "MGET",
        "MSET",
        "APPEND",
        "STRLEN",
        "INCR",
        "INCRBY",
        "INCRBYFLOAT",
        "LCS",
        "DEL",
        "UNLINK",
        "EXISTS",
        "TYPE",
        "COPY",
        "MOVE",
        "RENAME",
        "SORT",
        "SORT_RO",
        "EXPIRE",
        "PEXPIREAT",
        "TTL",
        "PTTL",
        "EXPIRETIME",
        "PERSIST",
        "KEYS",
        "SCAN",
        "SELECT",
        "ECHO",
        "DUMP",
        "RESTORE",
        "MIGRATE",
        "OBJECT",
        "MEMORY",
        "CLUSTER",
        "DEBUG",
        "SWAPDB",
        "GETRANGE",
        "LPUSH",
        "RPOPLPUSH",
        "LMPOP",
        "LPOS",
        "SADD",
        "SINTER",
        "SPOP",
        "SMOVE",
        "HSET",
        "HGETALL",
        "HINCRBY",
        "HSCAN",
        "ZADD",
        "ZRANGE",
        "ZUNIONSTORE",
        "ZPOPMIN",
        "ZLEXCOUNT",
    ];
    const TAKE_FEW: [&str; 34] = [
        "GET",
        "GETDEL",
        "APPEND",
        "STRLEN",
        "INCR",
        "DECRBY",
        "INCRBYFLOAT",
        "TYPE",
        "RENAME",
        "RENAMENX",
        "MOVE",
        "TTL",
        "PEXPIRETIME",
        "PERSIST",
        "KEYS",
        "DBSIZE",
        "RANDOMKEY",
        "FLUSHDB",
        "SELECT",
        "ECHO",
        "PING",
        "DUMP",
        "LLEN",
        "LINDEX",
        "LMOVE",
        "SCARD",
        "SMOVE",
        "SPOP",
        "HGET",
        "HGETALL",
        "HINCRBY",
        "ZCARD",
        "ZSCORE",
        "ZINCRBY",
    ];
    if dice.once_in(2) {
        return Command::new(&[dice.pick(&NEED_SOME)]);
    }
    Command::new(&[dice.pick(&TAKE_FEW); 8])
}
