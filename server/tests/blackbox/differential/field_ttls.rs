//! Fields of hashes that expire, which Redis has had since 7.4, and the commands of 8.0 that read or
//! set them at the same time.

use super::command::{Command, Compare};
use super::dice::{Dice, ELEMENTS, MILLISECONDS, NUMBERS, SECONDS};

pub(super) fn any(dice: &mut Dice) -> Command {
    let key = dice.key();
    match dice.below(14) {
        0..=3 => {
            let (name, time) = match dice.below(4) {
                0 => ("HEXPIRE", dice.seconds()),
                1 => ("HPEXPIRE", dice.milliseconds()),
                2 => ("HEXPIREAT", dice.pick(&SECONDS).into()),
                _ => ("HPEXPIREAT", dice.pick(&MILLISECONDS).into()),
            };
            let mut command = Command::new(&[name, key, &time]);
            if dice.once_in(3) {
                command = command.with(&[dice.pick(&["NX", "XX", "GT", "LT", "gt", "NOPE"])]);
            }
            with_fields(command, dice)
        }
        4 => with_fields(Command::new(&["HPERSIST", key]), dice),
        5..=7 => {
            let name = dice.pick(&["HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME"]);
            let command = with_fields(Command::new(&[name, key]), dice);
            command.compared(Compare::Within(1_000))
        }
        8 => Command::new(&["HSET", key, dice.pick(&ELEMENTS), dice.pick(&ELEMENTS)]),
        9 => with_fields(Command::new(&["HGETDEL", key]), dice),
        10 | 11 => {
            let command = with_option(Command::new(&["HGETEX", key]), dice, &["PERSIST"]);
            with_fields(command, dice)
        }
        _ => {
            let words = ["FNX", "FXX", "KEEPTTL", "fnx"];
            let command = with_option(Command::new(&["HSETEX", key]), dice, &words);
            let command = with_option(command, dice, &words);
            let count = 1 + dice.below(3);
            let told =
                if dice.once_in(15) { dice.pick(&NUMBERS).into() } else { count.to_string() };
            let mut command = command.with(&[dice.pick(&["FIELDS", "fields"]), &told]);
            for _ in 0..count {
                command = command.with(&[dice.pick(&ELEMENTS)]);
                if !dice.once_in(40) {
                    command = command.with(&[&dice.element()]);
                }
            }
            command
        }
    }
}

/// With one of these words, or an expiry, or nothing.
fn with_option(command: Command, dice: &mut Dice, words: &[&'static str]) -> Command {
    match dice.below(14) {
        0 | 1 => command.with(&[dice.pick(&["EX", "ex"]), &dice.seconds()]),
        2 => command.with(&["PX", &dice.milliseconds()]),
        3 => command.with(&["EXAT", dice.pick(&SECONDS)]),
        4 => command.with(&["PXAT", dice.pick(&MILLISECONDS)]),
        5..=8 => command.with(&[dice.pick(words)]),
        9 if dice.once_in(6) => command.with(&[dice.pick(&["NOPE", "EX", "FIELDS", "PERSIST"])]),
        _ => command,
    }
}

fn with_fields(command: Command, dice: &mut Dice) -> Command {
    let count = dice.below(4);
    let told = if dice.once_in(15) { dice.pick(&NUMBERS).into() } else { count.to_string() };
    let mut command = command.with(&[dice.pick(&["FIELDS", "FIELDS", "fields"]), &told]);
    for _ in 0..count {
        command = command.with(&[dice.pick(&ELEMENTS)]);
    }
    command
}
