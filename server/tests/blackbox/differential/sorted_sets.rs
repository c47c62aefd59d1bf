//! Sorted sets.

use super::command::{Command, Compare};
use super::dice::{Dice, FLOATS, NUMBERS};
use super::sets::scan;

pub(super) fn any(dice: &mut Dice) -> Command {
    let key = dice.key();
    let new = |name: &str| Command::new(&[name, key]);
    if dice.once_in(80) {
        // The score comes first.
        let members = dice.many_elements();
        let scores = members.iter().map(|_| number(dice)).collect();
        let mut members = members.into_iter();
        return new("ZADD").with_each(scores, |_| members.next());
    }
    let command =
        match dice.below(38) {
            0..=6 => add(dice, key),
            7 => new("ZREM").with_up_to(6, dice, Dice::element),
            8 => new("ZCARD"),
            9 => new("ZSCORE").with(&[&dice.element()]),
            10 => new("ZMSCORE").with_up_to(5, dice, Dice::element),
            11 | 12 => new("ZINCRBY").with(&[dice.pick(&FLOATS), &dice.element()]),
            13 => new(dice.pick(&["ZRANK", "ZREVRANK"])).with(&[&dice.element()]),
            14..=17 => {
                let command = range_options(new("ZRANGE"), dice);
                if dice.once_in(3) { command.with(&["WITHSCORES"]) } else { command }
            }
            18 => range_options(Command::new(&["ZRANGESTORE", dice.key(), key]), dice),
            19 => {
                let name = dice.pick(&["ZRANGEBYSCORE", "ZREVRANGEBYSCORE"]);
                limited(new(name).with(&[&score(dice), &score(dice)]), dice, "WITHSCORES")
            }
            20 => {
                let name = dice.pick(&["ZRANGEBYLEX", "ZREVRANGEBYLEX"]);
                limited(Command::new(&[name, LEX, &lex(dice), &lex(dice)]), dice, "LIMIT")
            }
            21 => {
                let command = new("ZREVRANGE").with(&[&dice.index(), &dice.index()]);
                limited(command, dice, "WITHSCORES")
            }
            22 => new("ZCOUNT").with(&[&score(dice), &score(dice)]),
            23 => Command::new(&["ZLEXCOUNT", LEX, &lex(dice), &lex(dice)]),
            24 => new("ZREMRANGEBYRANK").with(&[&dice.index(), &dice.index()]),
            25 => new("ZREMRANGEBYSCORE").with(&[&score(dice), &score(dice)]),
            26 => Command::new(&["ZREMRANGEBYLEX", LEX, &lex(dice), &lex(dice)]),
            27 => new(dice.pick(&["ZPOPMIN", "ZPOPMAX"])).with_up_to(2, dice, Dice::index),
            28 => return random_member(dice, key),
            29..=31 => {
                let name = dice.pick(&["ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"]);
                combined(new(name), dice)
            }
            32 | 33 => combined(Command::new(&[dice.pick(&["ZUNION", "ZINTER", "ZDIFF"])]), dice),
            34 => {
                let command = with_keys(Command::new(&[dice.pick(&["ZINTERCARD", "ZMPOP"])]), dice);
                let words = ["LIMIT", "MIN", "MAX", "NOPE"];
                let command = command.with(&[dice.pick(&words)]);
                command.with_up_to(3, dice, |dice| {
                    if dice.once_in(2) { dice.index() } else { "COUNT".into() }
                })
            }
            35 | 36 => {
                let mut command = Command::new(&["ZADD", LEX]);
                for _ in 0..=dice.below(5) {
                    command = command.with(&["0", &dice.element()]);
                }
                command
            }
            _ => return scan(dice, "ZSCAN", key).compared(Compare::UnorderedPairs),
        };
    command.compared(Compare::Numbers)
}

/// A key whose members have the same score: of others no range by members is defined.
const LEX: &str = "lex";

fn add(dice: &mut Dice, key: &str) -> Command {
    let words = ["NX", "XX", "GT", "LT", "CH", "INCR", "nx", "ch"];
    let mut command = Command::new(&["ZADD", key]);
    if dice.once_in(2) {
        command = command.with_up_to(4, dice, |dice| dice.pick(&words));
    }
    for _ in 0..dice.below(6) {
        command = command.with(&[&number(dice)]);
        if !dice.once_in(40) {
            command = command.with(&[&dice.element()]);
        }
    }
    command
}

/// A score: mostly a small number, so that some are equal.
fn number(dice: &mut Dice) -> String {
    match dice.below(6) {
        0 if dice.once_in(3) => dice.pick(&FLOATS).into(),
        0 => "0".into(),
        1 => format!("{}.{}", dice.below(5) as i64 - 2, dice.below(4) * 25),
        _ => (dice.below(9) as i64 - 4).to_string(),
    }
}

/// The end of a range of scores.
fn score(dice: &mut Dice) -> String {
    let number = number(dice);
    if dice.once_in(3) { format!("({number}") } else { number }
}

/// The end of a range of members.
fn lex(dice: &mut Dice) -> String {
    match dice.below(10) {
        0 | 1 => "-".into(),
        2 | 3 => "+".into(),
        4 => dice.element(),
        5 | 6 => format!("({}", dice.element()),
        _ => format!("[{}", dice.element()),
    }
}

/// Adds a range and options to a command whose last argument is the key.
fn range_options(mut command: Command, dice: &mut Dice) -> Command {
    let command = match dice.below(3) {
        0 => command.with(&[&dice.index(), &dice.index()]),
        1 => command.with(&[&score(dice), &score(dice), "BYSCORE"]),
        _ => {
            command.args.pop();
            command.with(&[LEX, &lex(dice), &lex(dice), "BYLEX"])
        }
    };
    limited(command, dice, "REV")
}

fn limited(command: Command, dice: &mut Dice, word: &str) -> Command {
    let command = if dice.once_in(3) { command.with(&[word]) } else { command };
    match dice.below(4) {
        0 => command.with(&["LIMIT", &dice.index(), &dice.index()]),
        1 if dice.once_in(8) => command.with(&["NOPE"]),
        _ => command,
    }
}

fn with_keys(command: Command, dice: &mut Dice) -> Command {
    let count = dice.below(4);
    let told = if dice.once_in(15) { dice.pick(&NUMBERS).into() } else { count.to_string() };
    let mut command = command.with(&[&told]);
    for _ in 0..count {
        command = command.with(&[dice.key()]);
    }
    command
}

fn combined(command: Command, dice: &mut Dice) -> Command {
    let mut command = with_keys(command, dice);
    if dice.once_in(3) {
        command = command.with(&["WEIGHTS"]).with_up_to(4, dice, number);
    }
    if dice.once_in(3) {
        command = command.with(&["AGGREGATE", dice.pick(&["SUM", "MIN", "MAX", "max", "NOPE"])]);
    }
    if dice.once_in(3) { command.with(&["WITHSCORES"]) } else { command }
}

fn random_member(dice: &mut Dice, key: &str) -> Command {
    let mut command = Command::new(&["ZRANDMEMBER", key]);
    if dice.once_in(2) {
        command = command.with(&[&dice.index()]);
        let words: [&[&str]; 5] = [&[], &[], &["WITHSCORES"], &["withscores"], &["NOPE"]];
        command = command.with(words[dice.below(5)]);
    }
    let all = ["ZRANGE", key, "0", "-1", "WITHSCORES"].map(Into::into);
    command.compared(Compare::Drawn(all.into()))
}
