//! Strings.

use super::command::Command;
use super::dice::{DELAYS, Dice, NUMBERS, VALUES};

pub(super) fn any(dice: &mut Dice) -> Command {
    let key = dice.key();
    match dice.below(22) {
        0..=5 => {
            let command = Command::new(&["SET", key, dice.pick(&VALUES)]);
            command.with_expiry(dice, &["NX", "XX", "GET", "KEEPTTL"])
        }
        6 => Command::new(&["GET", key]),
        7 => Command::new(&["GETDEL", key]),
        8 => Command::new(&["GETEX", key]).with_expiry(dice, &["PERSIST"]),
        9 => Command::new(&["MGET"]).with_up_to(5, dice, Dice::key),
        10 | 11 => {
            let mut command = Command::new(&[dice.pick(&["MSET", "MSETNX"])]);
            for _ in 0..dice.below(5) {
                command = command.with(&[dice.key()]);
                // Rarely, a key without its value.
                if !dice.once_in(20) {
                    command = command.with(&[dice.pick(&VALUES)]);
                }
            }
            command
        }
        12 => Command::new(&["APPEND", key, dice.pick(&VALUES)]),
        13 => Command::new(&["STRLEN", key]),
        14 => Command::new(&[dice.pick(&["INCR", "DECR"]), key]),
        15 | 16 => Command::new(&[dice.pick(&["INCRBY", "DECRBY"]), key, dice.pick(&NUMBERS)]),
        17 => Command::new(&["GETSET", key, dice.pick(&VALUES)]),
        18 => Command::new(&["SETNX", key, dice.pick(&VALUES)]),
        19 => {
            let name = dice.pick(&["SETEX", "PSETEX"]);
            Command::new(&[name, key, dice.pick(&DELAYS), dice.pick(&VALUES)])
        }
        20 => Command::new(&[dice.pick(&["GETRANGE", "SUBSTR"]), key])
            .with(&[dice.pick(&NUMBERS), dice.pick(&NUMBERS)]),
        _ => Command::new(&["SETRANGE", key, dice.pick(&NUMBERS), dice.pick(&VALUES)]),
    }
}
