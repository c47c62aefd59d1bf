//! Strings.

use super::command::Command;
use super::dice::{Dice, FLOATS, NUMBERS, VALUES};

pub(super) fn any(dice: &mut Dice) -> Command {
    let key = dice.key();
    match dice.below(27) {
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
            let (name, delay) = match dice.below(2) {
                0 => ("SETEX", dice.seconds()),
                _ => ("PSETEX", dice.milliseconds()),
            };
            Command::new(&[name, key, &delay, dice.pick(&VALUES)])
        }
        20 => Command::new(&[dice.pick(&["GETRANGE", "SUBSTR"]), key])
            .with(&[dice.pick(&NUMBERS), dice.pick(&NUMBERS)]),
        21 | 22 => Command::new(&["INCRBYFLOAT", key, &float(dice)]),
        23 => Command::new(&["SET", key, &float(dice)]),
        24 | 25 => lcs(dice, key),
        _ => Command::new(&["SETRANGE", key, dice.pick(&NUMBERS), dice.pick(&VALUES)]),
    }
}

/// A number with a fraction and an exponent, as many digits as it may have.
fn float(dice: &mut Dice) -> String {
    let (left, right) = (dice.below(64), dice.below(64));
    let (whole, fraction) = ((dice.roll() >> left) as i64, dice.roll() >> right);
    match dice.below(8) {
        0 | 1 => dice.pick(&FLOATS).into(),
        2 => whole.to_string(),
        3 | 4 => format!("{whole}.{fraction}"),
        5 => format!("{}.{}", whole % 1000, fraction % 1000),
        6 => {
            let scale = [5, 40, 400, 5_100][dice.below(4)];
            format!("{whole}.{fraction}e{}", dice.below(2 * scale) as i64 - scale as i64)
        }
        _ => format!("0x{:x}.{fraction:x}P{}", whole.unsigned_abs(), dice.below(200) as i64 - 100),
    }
}

fn lcs(dice: &mut Dice, key: &str) -> Command {
    let mut command = Command::new(&["LCS", key, dice.key()]);
    for _ in 0..dice.below(4) {
        command = match dice.below(6) {
            0 => command.with(&["LEN"]),
            1 | 2 => command.with(&["idx"]),
            3 => command.with(&["MINMATCHLEN", &dice.index()]),
            4 => command.with(&["WITHMATCHLEN"]),
            _ => command.with(&[dice.pick(&["MINMATCHLEN", "NOPE"])]),
        };
    }
    command
}
