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
    const NEED_SOME: [&str; 30] = [
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
        "DEL",
        "UNLINK",
        "EXISTS",
        "TYPE",
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
        "SWAPDB",
        "GETRANGE",
    ];
    const TAKE_FEW: [&str; 18] = [
        "GET",
        "GETDEL",
        "APPEND",
        "STRLEN",
        "INCR",
        "DECRBY",
        "TYPE",
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
    ];
    if dice.once_in(2) {
        return Command::new(&[dice.pick(&NEED_SOME)]);
    }
    Command::new(&[dice.pick(&TAKE_FEW); 8])
}
