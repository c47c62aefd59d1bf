//! Fields of hashes that expire, among other fields. All times are Unix times, so that both servers
//! keep the same.

use super::command::Command;
use super::dice::{Dice, NUMBERS};
use super::hashes;

pub(super) fn any(dice: &mut Dice) -> Command {
    let key = dice.key();
    match dice.below(16) {
        0..=4 => expire(dice, key),
        5 => fields(Command::new(&["HPERSIST", key]), dice),
        6 | 7 => fields(Command::new(&[dice.pick(&["HEXPIRETIME", "HPEXPIRETIME"]), key]), dice),
        _ => loop {
            // 8.2 takes other cursors than 7.2.
            let command = hashes::any(dice);
            if command.args[0] != "HSCAN" {
                break command;
            }
        },
    }
}

fn expire(dice: &mut Dice, key: &str) -> Command {
    let mut command = match dice.below(3) {
        0 => Command::new(&["HEXPIREAT", key, dice.pick(&SECONDS)]),
        1 => Command::new(&["HPEXPIREAT", key, dice.pick(&MILLISECONDS)]),
        _ => Command::new(&[dice.pick(&["HEXPIRE", "HPEXPIRE"]), key, dice.pick(&OVER)]),
    };
    if dice.once_in(2) {
        command = command.with(&[dice.pick(&["NX", "XX", "GT", "LT", "nx", "gt", "NOPE"])]);
    }
    fields(command, dice)
}

/// Adds the names of up to five fields, and how many they are, mostly.
fn fields(command: Command, dice: &mut Dice) -> Command {
    let count = dice.below(6);
    let told = if dice.once_in(12) { dice.pick(&NUMBERS).into() } else { count.to_string() };
    let word = if dice.once_in(20) { "NOPE" } else { "FIELDS" };
    let mut command = command.with(&[word, &told]);
    for _ in 0..count {
        command = command.with(&[&dice.element()]);
    }
    command
}

/// In the year 2100 or a little later, over, too late, or no times.
const SECONDS: [&str; 8] =
    ["4102444800", "4102444801", "4102444802", "1", "0", "-1", "95617584000", "never"];
const MILLISECONDS: [&str; 8] = [
    "4102444800000",
    "4102444800001",
    "4102444801500",
    "70368744177663",
    "1",
    "0",
    "70368744177664",
    "never",
];

/// Times from now that are over, or none.
const OVER: [&str; 4] = ["0", "-1", "9223372036854775807", "soon"];
