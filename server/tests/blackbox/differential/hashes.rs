//! Hashes.

use super::command::{Command, Compare};
use super::dice::{Dice, FLOATS, NUMBERS};
use super::sets::scan;

pub(super) fn any(dice: &mut Dice) -> Command {
    let key = dice.key();
    let new = |name: &str| Command::new(&[name, key]);
    if dice.once_in(80) {
        return new("HSET").with_each(dice.many_elements(), |_| Some("value".into()));
    }
    match dice.below(24) {
        0..=5 => {
            let mut command = new(dice.pick(&["HSET", "HSET", "HMSET"]));
            for _ in 0..dice.below(7) {
                command = command.with(&[&dice.element()]);
                if !dice.once_in(40) {
                    command = command.with(&[&dice.element()]);
                }
            }
            command
        }
        6 => new("HSETNX").with(&[&dice.element(), &dice.element()]),
        7 => new("HGET").with(&[&dice.element()]),
        8 => new("HMGET").with_up_to(5, dice, Dice::element),
        9 | 10 => new("HGETALL").compared(Compare::UnorderedPairs),
        11 => new(dice.pick(&["HKEYS", "HVALS"])).compared(Compare::Unordered),
        12 => new("HLEN"),
        13 | 14 => new("HDEL").with_up_to(6, dice, Dice::element),
        15 => new(dice.pick(&["HEXISTS", "HSTRLEN"])).with(&[&dice.element()]),
        16..=18 => {
            let field = if dice.once_in(4) { dice.element() } else { "1".into() };
            new("HINCRBY").with(&[&field, dice.pick(&NUMBERS)])
        }
        19 | 20 => {
            let field = if dice.once_in(4) { dice.element() } else { "2".into() };
            new("HINCRBYFLOAT").with(&[&field, dice.pick(&FLOATS)])
        }
        21 => random_field(dice, key),
        _ => scan(dice, "HSCAN", key).compared(Compare::UnorderedPairs),
    }
}

fn random_field(dice: &mut Dice, key: &str) -> Command {
    let mut command = Command::new(&["HRANDFIELD", key]);
    if dice.once_in(2) {
        command = command.with(&[&dice.index()]);
        let words: [&[&str]; 5] = [&[], &[], &["WITHVALUES"], &["withvalues"], &["NOPE"]];
        command = command.with(words[dice.below(5)]);
    }
    command.compared(Compare::Drawn(["HGETALL", key].map(Into::into).into()))
}
