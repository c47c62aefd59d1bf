//! Places.
//!
//! No distances are stored: their last bits are those of the C library's sines, and the payloads of
//! both servers are compared bit by bit. What is stored then is tested with other places.

use super::command::{Command, Compare};
use super::dice::{Dice, FLOATS, NUMBERS};

pub(super) fn any(dice: &mut Dice) -> Command {
    // In other keys members may be equally far away, of which the reference sorts some as it happens.
    let is_own = !dice.once_in(4);
    let key = if is_own { GEO } else { dice.key() };
    let new = |name: &str| Command::new(&[name, key]);
    let command = match dice.below(20) {
        0..=6 => add(new("GEOADD"), dice),
        7 => new("GEOPOS").with_up_to(5, dice, member),
        8 => new("GEOHASH").with_up_to(5, dice, member),
        9 => {
            let command = new("GEODIST").with(&[&member(dice), &member(dice)]);
            if dice.once_in(2) { command.with(&[unit(dice)]) } else { command }
        }
        10..=13 => search(new("GEOSEARCH"), dice, is_own, &SHOWN),
        14 | 15 => {
            let command = Command::new(&["GEOSEARCHSTORE", dice.key(), key]);
            search(command, dice, is_own, &["WITHDIST"])
        }
        16 | 17 => {
            let name = dice.pick(&["GEORADIUS", "GEORADIUS", "georadius_ro"]);
            let (longitude, latitude) = place(dice);
            let command = new(name).with(&[&longitude, &latitude, &length(dice), unit(dice)]);
            stored(options(command, dice, is_own, &SHOWN), dice)
        }
        18 => {
            let name = dice.pick(&["GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"]);
            let command = new(name).with(&[&member(dice), &length(dice), unit(dice)]);
            stored(options(command, dice, is_own, &SHOWN), dice)
        }
        _ => new("ZREM").with(&[&member(dice)]),
    };
    command.compared(Compare::Numbers)
}

/// A key that no other group writes to.
const GEO: &str = "geo";

const SHOWN: [&str; 4] = ["WITHDIST", "WITHCOORD", "WITHHASH", "withdist"];

fn add(mut command: Command, dice: &mut Dice) -> Command {
    if dice.once_in(3) {
        command = command.with_up_to(3, dice, |dice| dice.pick(&["NX", "XX", "CH", "ch", "nx"]));
    }
    let members = if dice.once_in(20) { 200 } else { 5 };
    for _ in 0..dice.below(members) {
        let name = member(dice);
        let (longitude, latitude) = if dice.once_in(60) { nowhere(dice) } else { own_place(&name) };
        command = command.with(&[&longitude, &latitude]);
        if !dice.once_in(60) {
            command = command.with(&[&name]);
        }
    }
    command
}

fn member(dice: &mut Dice) -> String {
    if dice.once_in(6) { dice.element() } else { format!("place {}", dice.below(300)) }
}

/// The place of a member: no two are the same.
fn own_place(name: &str) -> (String, String) {
    match name {
        "a" => return ("180".into(), "85.05112878".into()),
        "b" => return ("-180".into(), "-85.05112878".into()),
        "c" => return ("0".into(), "0".into()),
        "d" => return ("179.999".into(), "0x.8".into()),
        _ => {}
    }
    let fold = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    let dice = &mut Dice::new(name.bytes().fold(7, fold));
    let mut fraction = || dice.roll() as f64 / u64::MAX as f64;
    // Some are near to each other.
    let spread = [360.0, 60.0, 1.0, 0.1][(fraction() * 4.0) as usize % 4];
    let longitude = (fraction() - 0.5) * spread;
    let latitude = (fraction() - 0.5) * spread * 0.47;
    (longitude.to_string(), latitude.to_string())
}

/// Any place, or none.
fn place(dice: &mut Dice) -> (String, String) {
    match dice.below(12) {
        0 => (dice.pick(&FLOATS).into(), dice.pick(&FLOATS).into()),
        1 => nowhere(dice),
        2 => ("-180".into(), "-85.05112878".into()),
        _ => own_place(&member(dice)),
    }
}

fn nowhere(dice: &mut Dice) -> (String, String) {
    let longitude = dice.pick(&["180.00001", "-181", "inf", "nan", "x", ""]);
    let latitude = dice.pick(&["0", "86", "-86", "-inf", "x"]);
    (longitude.into(), latitude.into())
}

fn unit(dice: &mut Dice) -> &'static str {
    if dice.once_in(30) { "parsec" } else { dice.pick(&["m", "KM", "ft", "mi", "km"]) }
}

fn length(dice: &mut Dice) -> String {
    match dice.below(12) {
        0 => dice.pick(&FLOATS).into(),
        1 => "0".into(),
        digits => format!("{}.{}", dice.below(10_usize.pow(digits as u32 - 2)), dice.below(100)),
    }
}

fn search(mut command: Command, dice: &mut Dice, is_own: bool, words: &[&str]) -> Command {
    for _ in 0..if dice.once_in(20) { dice.below(3) } else { 1 } {
        command = if dice.once_in(2) {
            command.with(&["FROMMEMBER", &member(dice)])
        } else {
            let (longitude, latitude) = place(dice);
            command.with(&["FROMLONLAT", &longitude, &latitude])
        };
    }
    for _ in 0..if dice.once_in(20) { dice.below(3) } else { 1 } {
        command = if dice.once_in(2) {
            command.with(&["BYRADIUS", &length(dice), unit(dice)])
        } else {
            command.with(&["byBox", &length(dice), &length(dice), unit(dice)])
        };
    }
    options(command, dice, is_own, words)
}

fn options(mut command: Command, dice: &mut Dice, is_own: bool, words: &[&str]) -> Command {
    command = command.with_up_to(4, dice, |dice| dice.pick(words));
    if is_own {
        command = command.with_up_to(2, dice, |dice| dice.pick(&["ASC", "DESC", "asc"]));
    }
    match dice.below(8) {
        0 => {
            let count = if dice.once_in(4) { dice.pick(&NUMBERS) } else { "3" };
            command.with(&["COUNT", count, "ANY"])
        }
        1 | 2 if is_own => command.with(&["COUNT", &dice.index()]),
        3 if dice.once_in(10) => command.with(&[dice.pick(&["ANY", "COUNT", "NOPE", "STORE"])]),
        _ => command,
    }
}

fn stored(command: Command, dice: &mut Dice) -> Command {
    if dice.once_in(3) {
        return command.with(&[dice.pick(&["STORE", "store"]), dice.key()]);
    }
    command
}
