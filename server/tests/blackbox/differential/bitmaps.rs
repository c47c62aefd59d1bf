//! Bitmaps and bitfields.

use super::command::Command;
use super::dice::{Dice, NUMBERS};

pub(super) fn any(dice: &mut Dice) -> Command {
    let key = dice.key();
    let new = |name: &str| Command::new(&[name, key]);
    match dice.below(16) {
        0..=3 => new("SETBIT").with(&[&offset(dice), bit(dice)]),
        4 => new("GETBIT").with(&[&offset(dice)]),
        5..=7 => ranged(new("BITCOUNT"), dice),
        8..=10 => {
            let command = new("BITPOS").with(&[bit(dice)]);
            // A start without an end.
            let alone = dice.once_in(3);
            if alone { command.with(&[&index(dice)]) } else { ranged(command, dice) }
        }
        11 | 12 => {
            let op = dice.pick(&["AND", "or", "XOR", "NOT", "NOPE"]);
            let command = Command::new(&["BITOP", op, dice.key()]);
            let several = if op == "NOT" && !dice.once_in(8) { 1 } else { 4 };
            let command = command.with(&[dice.key()]);
            command.with_up_to(several, dice, Dice::key)
        }
        13 | 14 => actions(new("BITFIELD"), dice, &["GET", "SET", "incrby", "INCRBY"]),
        _ => actions(new("BITFIELD_RO"), dice, &["GET", "get", "GET", "GET", "SET"]),
    }
}

fn bit(dice: &mut Dice) -> &'static str {
    dice.pick(&["0", "1", "0", "1", "0", "1", "2", "-1", "x", ""])
}

/// A bit of a short string, at times of one that is longer than what is kept beside its key, or none.
fn offset(dice: &mut Dice) -> String {
    match dice.below(12) {
        0 => dice.pick(&["-1", "4294967296", "9223372036854775807", "x", "", "1.5", "#1"]).into(),
        1 => dice.below(20_000).to_string(),
        _ => dice.below(100).to_string(),
    }
}

fn index(dice: &mut Dice) -> String {
    if dice.once_in(2) { dice.index() } else { (dice.below(400) as i64 - 200).to_string() }
}

fn ranged(command: Command, dice: &mut Dice) -> Command {
    if dice.once_in(4) {
        return command;
    }
    let command = command.with(&[&index(dice)]);
    if dice.once_in(20) {
        return command;
    }
    let command = command.with(&[&index(dice)]);
    let units: [&[&str]; 6] = [&[], &["BYTE"], &["BIT"], &["bit"], &["NOPE"], &["BIT", "BIT"]];
    command.with(units[dice.below(6)])
}

fn actions(mut command: Command, dice: &mut Dice, words: &[&'static str]) -> Command {
    for _ in 0..dice.below(5) {
        if dice.once_in(3) {
            let overflow = dice.pick(&["WRAP", "SAT", "fail", "SAT", "FAIL", "NOPE"]);
            command = command.with(&["OVERFLOW", overflow]);
        }
        let word = if dice.once_in(40) { "NOPE" } else { dice.pick(words) };
        command = command.with(&[word, &field_type(dice), &field_offset(dice)]);
        if !word.eq_ignore_ascii_case("GET") && !dice.once_in(40) {
            command = command.with(&[&number(dice)]);
        }
    }
    command
}

fn field_type(dice: &mut Dice) -> String {
    match dice.below(30) {
        0 => dice.pick(&["u64", "i65", "i0", "u", "", "I8", "u-1", "8", "i08", "u8x"]).into(),
        roll => format!("{}{}", ["i", "u"][roll % 2], 1 + dice.below(63)),
    }
}

/// Without those whose product with a width Redis takes the lower bits of.
fn field_offset(dice: &mut Dice) -> String {
    match dice.below(8) {
        0..=2 => format!("#{}", dice.below(20)),
        3 if dice.once_in(4) => dice.pick(&["#", "#-1", "##1", "#9223372036854775807"]).into(),
        _ => offset(dice),
    }
}

fn number(dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => dice.pick(&NUMBERS).into(),
        1 => (dice.below(600) as i64 - 300).to_string(),
        _ => {
            let bits = dice.below(64);
            ((dice.roll() as i64) >> bits).to_string()
        }
    }
}
