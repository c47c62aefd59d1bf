//! A command and how the two replies to it are compared.

use super::dice::{Dice, MILLISECONDS, SECONDS};

/// One command of a sequence.
#[derive(Clone)]
pub(super) struct Command {
    pub(super) args: Vec<String>,
    pub(super) compare: Compare,
}

/// How two replies are compared. Errors always have to be equal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Compare {
    Exactly,
    /// Bulk strings may be the same number in another form: Redis 7.0 prints 17 digits, 7.2 no
    /// more than it takes to read the same number back.
    Numbers,
    /// Integers that may differ by this much, the clocks of the servers having gone on.
    Within(i64),
    /// Arrays in any order, inner ones too: of keys, members and fields.
    Unordered,
    /// As [`Unordered`](Self::Unordered) for arrays of fields and values, members and scores.
    /// The values are compared as [`Numbers`](Self::Numbers).
    UnorderedPairs,
    /// Drawn at random: the same number of bulk strings, each of which is in the reply that its
    /// own server has just given to this other command.
    Drawn(Vec<String>),
    /// As [`Drawn`](Self::Drawn) from the members of the set at the second argument, which were
    /// removed from it. keyferry's are put back, and those of the reference removed.
    Popped,
    /// What XINFO tells of a stream. Redis 7.2 adds a consumer when it tries to read, 7.0 when it got
    /// something, so consumers are left out, as is how the tree is built; times are only times.
    StreamInfo,
    /// What XPENDING tells, without how long each entry has been idle.
    Pending,
    /// The name of an encoding. Redis 7.2 packs small lists and sets that 7.0 does not.
    Encoding,
}

impl Command {
    pub(super) fn new(args: &[&str]) -> Self {
        Self { args: args.iter().map(|arg| (*arg).to_owned()).collect(), compare: Compare::Exactly }
    }

    pub(super) fn compared(self, compare: Compare) -> Self {
        Self { compare, ..self }
    }

    pub(super) fn with(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|arg| (*arg).to_owned()));
        self
    }

    /// With these arguments, each followed by what `value` makes of it, if anything.
    pub(super) fn with_each(
        mut self,
        items: Vec<String>,
        mut value: impl FnMut(&str) -> Option<String>,
    ) -> Self {
        for item in items {
            let value = value(&item);
            self.args.push(item);
            self.args.extend(value);
        }
        self
    }

    /// With up to `limit - 1` arguments more, made by `next`.
    pub(super) fn with_up_to<T: AsRef<str>>(
        mut self,
        limit: usize,
        dice: &mut Dice,
        mut next: impl FnMut(&mut Dice) -> T,
    ) -> Self {
        for _ in 0..dice.below(limit) {
            self = self.with(&[next(dice).as_ref()]);
        }
        self
    }

    /// With up to three options of `words` and those that set an expiry, some without their value.
    pub(super) fn with_expiry(mut self, dice: &mut Dice, words: &[&str]) -> Self {
        for _ in 0..dice.below(4) {
            self = match dice.below(8) {
                0 => self.with(&[dice.pick(&["EX", "ex"]), &dice.seconds()]),
                1 => self.with(&["PX", &dice.milliseconds()]),
                2 => self.with(&["EXAT", dice.pick(&SECONDS)]),
                3 => self.with(&[dice.pick(&["PXAT", "pXaT"]), dice.pick(&MILLISECONDS)]),
                _ => self.with(&[dice.pick(words)]),
            };
        }
        if dice.once_in(20) {
            self = self.with(&[dice.pick(&["EX", "PX", "NOPE", "EXAT", ""])]);
        }
        self
    }
}
