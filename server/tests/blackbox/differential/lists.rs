//! Lists.

use super::command::Command;
use super::dice::{Dice, NUMBERS};

pub(super) fn any(dice: &mut Dice) -> Command {
    let key = dice.key();
    let new = |name: &str| Command::new(&[name, key]);
    if dice.once_in(80) {
        let name = dice.pick(&["LPUSH", "RPUSH"]);
        return new(name).with_each(dice.many_elements(), |_| None);
    }
    match dice.below(24) {
        0..=5 => new(dice.pick(&["LPUSH", "RPUSH"])).with_up_to(8, dice, Dice::element),
        6 => new(dice.pick(&["LPUSHX", "RPUSHX"])).with_up_to(4, dice, Dice::element),
        7 | 8 => new(dice.pick(&["LPOP", "RPOP"])).with_up_to(2, dice, Dice::index),
        9 => new("LLEN"),
        10 => new("LINDEX").with(&[&dice.index()]),
        11 | 12 => {
            let side = dice.pick(&["BEFORE", "after", "NOPE"]);
            new("LINSERT").with(&[side, &dice.element(), &dice.element()])
        }
        13 | 14 => new("LRANGE").with(&[&dice.index(), &dice.index()]),
        15 => new("LRANGE").with(&["0", "-1"]),
        16 => new("LREM").with(&[&count(dice), &dice.element()]),
        17 => {
            // The reference takes the lower 32 bits of a large one.
            let index = dice.index();
            let index = if index.len() > 10 { "abc" } else { &index };
            new("LSET").with(&[index, &dice.element()])
        }
        18 => new("LTRIM").with(&[&dice.index(), &dice.index()]),
        19 | 20 => lpos(dice, key),
        21 => new("RPOPLPUSH").with(&[dice.key()]),
        22 => {
            let sides = ["LEFT", "RIGHT", "left", "NOPE"];
            new("LMOVE").with(&[dice.key(), dice.pick(&sides), dice.pick(&sides)])
        }
        _ => lmpop(dice),
    }
}

fn lpos(dice: &mut Dice, key: &str) -> Command {
    let mut command = Command::new(&["LPOS", key, &dice.element()]);
    for _ in 0..dice.below(4) {
        let word = dice.pick(&["RANK", "COUNT", "MAXLEN", "count", "NOPE"]);
        command = command.with(&[word]);
        if !dice.once_in(20) {
            command = command.with(&[&count(dice)]);
        }
    }
    command
}

/// Without the one count that Redis 7.0 takes, and negates, while 7.2 refuses it.
fn count(dice: &mut Dice) -> String {
    let index = dice.index();
    if index == i64::MIN.to_string() { count(dice) } else { index }
}

fn lmpop(dice: &mut Dice) -> Command {
    let count = dice.below(4);
    let mut command = Command::new(&["LMPOP"]);
    let told = if dice.once_in(10) { dice.pick(&NUMBERS).into() } else { count.to_string() };
    command = command.with(&[&told]);
    for _ in 0..count {
        command = command.with(&[dice.key()]);
    }
    command = command.with(&[dice.pick(&["LEFT", "RIGHT", "right", "NOPE"])]);
    if dice.once_in(2) { command.with(&["COUNT", &dice.index()]) } else { command }
}
