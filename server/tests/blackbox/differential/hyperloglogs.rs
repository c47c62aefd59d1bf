//! HyperLogLogs, whose bytes are compared too.

use super::command::Command;
use super::dice::Dice;

pub(super) fn any(dice: &mut Dice) -> Command {
    let key = dice.key();
    let new = |name: &str| Command::new(&[name, key]);
    match dice.below(20) {
        0 => new("PFADD").with_each(dice.many_elements(), |_| None),
        1..=7 => new("PFADD").with_up_to(6, dice, Dice::element),
        8..=10 => new("PFCOUNT"),
        11 => new("PFCOUNT").with_up_to(4, dice, Dice::key),
        12..=14 => new("PFMERGE").with_up_to(4, dice, Dice::key),
        15 | 16 => new("GET"),
        17 => Command::new(&["PFDEBUG", dice.pick(&["GETREG", "DECODE", "TODENSE"]), key]),
        18 => {
            // A header, with runs that are corrupted or not.
            let runs = ["", "\0", "?\0", "\x02\x01", "@@?", "\x7fx"];
            let text = format!("HYLL\x01\0\0\0\0\0\0\0\0\0\0\0{}", dice.pick(&runs));
            Command::new(&["SET", key, &text])
        }
        _ => Command::new(&["PFDEBUG", dice.pick(&["encoding", "NOPE", "DECODE"]), key]),
    }
}
