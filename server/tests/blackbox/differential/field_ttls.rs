//! Fields of hashes that expire, which Redis has had since 7.4.

use super::command::{Command, Compare};
use super::dice::{DELAYS, Dice, ELEMENTS, MILLISECONDS, NUMBERS, SECONDS};

pub(super) fn any(dice: &mut Dice) -> Command {
    let key = dice.key();
    match dice.below(9) {
        0..=3 => {
            let (name, times): (_, &[&str]) = match dice.below(4) {
                0 => ("HEXPIRE", &DELAYS),
                1 => ("HPEXPIRE", &["100000000", "200000000", "300000000", "0", "-1", "x"]),
                2 => ("HEXPIREAT", &SECONDS),
                _ => ("HPEXPIREAT", &MILLISECONDS),
            };
            let mut command = Command::new(&[name, key, dice.pick(times)]);
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
        _ => Command::new(&["HSET", key, dice.pick(&ELEMENTS), dice.pick(&ELEMENTS)]),
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
