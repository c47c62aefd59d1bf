//! Fields of hashes that expire, which Redis has had since 7.4.

use super::command::{Command, Compare};
use super::dice::{Dice, ELEMENTS, MILLISECONDS, NUMBERS, SECONDS};

pub(super) fn any(dice: &mut Dice) -> Command {
    let key = dice.key();
    match dice.below(9) {
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
