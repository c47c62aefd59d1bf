//! Sets.

use super::command::{Command, Compare};
use super::dice::{Dice, NUMBERS, PATTERNS};

pub(super) fn any(dice: &mut Dice) -> Command {
    let key = dice.key();
    let new = |name: &str| Command::new(&[name, key]);
    let members = |name: &str| ["SMEMBERS", name].map(Into::into).into();
    if dice.once_in(80) {
        let name = dice.pick(&["SADD", "SADD", "SREM"]);
        return new(name).with_each(dice.many_elements(), |_| None);
    }
    match dice.below(24) {
        0..=3 => new("SADD").with_up_to(8, dice, Dice::element),
        4 | 5 => new("SADD").with_up_to(8, dice, |dice| dice.below(30).to_string()),
        6 => new("SREM").with_up_to(6, dice, Dice::element),
        7 => new("SPOP").with_up_to(2, dice, Dice::index).compared(Compare::Popped),
        8 => {
            let command = new("SRANDMEMBER").with_up_to(2, dice, Dice::index);
            command.compared(Compare::Drawn(members(key)))
        }
        9 => new("SCARD"),
        10 => new("SISMEMBER").with(&[&dice.element()]),
        11 => new("SMISMEMBER").with_up_to(5, dice, Dice::element),
        12 | 13 => new("SMEMBERS").compared(Compare::Unordered),
        14 => new("SMOVE").with(&[dice.key(), &dice.element()]),
        15..=17 => {
            let name = dice.pick(&["SINTER", "SUNION", "SDIFF"]);
            new(name).with_up_to(4, dice, Dice::key).compared(Compare::Unordered)
        }
        18..=20 => {
            let name = dice.pick(&["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"]);
            new(name).with_up_to(4, dice, Dice::key)
        }
        21 => sintercard(dice),
        _ => scan(dice, "SSCAN", key).compared(Compare::Unordered),
    }
}

fn sintercard(dice: &mut Dice) -> Command {
    let count = dice.below(4);
    let told = if dice.once_in(10) { dice.pick(&NUMBERS).into() } else { count.to_string() };
    let mut command = Command::new(&["SINTERCARD", &told]);
    for _ in 0..count {
        command = command.with(&[dice.key()]);
    }
    if dice.once_in(2) { command.with(&["LIMIT", &dice.index()]) } else { command }
}

/// SSCAN and its kin: an error, or all of the collection at once.
pub(super) fn scan(dice: &mut Dice, name: &str, key: &str) -> Command {
    let command = Command::new(&[name, key]);
    match dice.below(8) {
        0 => command.with(&[dice.pick(&["x", "18446744073709551616", "0x"])]),
        1 => command.with(&["0", dice.pick(&["COUNT", "MATCH", "TYPE", "NOPE"])]),
        2 => command.with(&["0", "COUNT", dice.pick(&["0", "-1", "x", "1.5"])]),
        3 => command.with(&["0", "COUNT", "10000", "MATCH", dice.pick(&PATTERNS)]),
        _ => command.with(&["0", "COUNT", "10000"]),
    }
}
