//! Pseudorandom choices, and the pools that they are made from. The pools are small, so that
//! commands come upon what others have left.

pub(super) use crate::support::Dice;

impl Dice {
    /// A key, of any type or of none.
    pub(super) fn key(&mut self) -> &'static str {
        self.pick(&KEYS)
    }

    /// An element, a member, a field or the value of a field: mostly one of a few, so that they
    /// meet again; at times an integer of some width, or long enough to end a packed encoding.
    pub(super) fn element(&mut self) -> String {
        match self.below(12) {
            0..=5 => self.pick(&ELEMENTS).into(),
            6 | 7 => (self.below(40) as i64 - 20).to_string(),
            8 => {
                let bits = self.below(64);
                let number = (self.roll() >> bits) as i64;
                number.to_string()
            }
            9 => self.pick(&VALUES).into(),
            10 => "e".repeat(self.below(63) + 1),
            _ => "x".repeat(self.below(80) + 20),
        }
    }

    /// Seconds from now: far away, over or none. Those that are far away are never the same, or GT
    /// and LT would tell which server was quicker.
    pub(super) fn seconds(&mut self) -> String {
        self.delay(1_000_000)
    }

    /// The same in milliseconds.
    pub(super) fn milliseconds(&mut self) -> String {
        self.delay(1_000_000_000)
    }

    fn delay(&mut self, least: usize) -> String {
        if self.once_in(2) {
            return self.pick(&DELAYS).into();
        }
        // A second of one delay is far from a second of any other.
        let steps = self.below(2_000);
        (least + steps * (least / 1_000)).to_string()
    }

    /// Up to 700 elements, as many as end a packed encoding or a node: numbers in a row, or texts of
    /// any length up to 100.
    pub(super) fn many_elements(&mut self) -> Vec<String> {
        let (count, first) = (self.below(700), self.below(1000));
        let is_long = self.once_in(2);
        let element = |nth: usize| match is_long {
            true => format!("{nth}:{}", "x".repeat(self.below(96))),
            false => (first + nth).to_string(),
        };
        (0..count).map(element).collect()
    }

    /// A position or a count: small and of either sign, at times at an end of the range or none.
    pub(super) fn index(&mut self) -> String {
        match self.below(12) {
            0 => self.pick(&NUMBERS).into(),
            _ => (self.below(13) as i64 - 6).to_string(),
        }
    }
}

pub(super) const KEYS: [&str; 12] =
    ["a", "b", "c", "d", "e", "key:1", "key:2", "key:10", "[x]", "", "\0\r\n", "\u{e9}"];

pub(super) const ELEMENTS: [&str; 12] =
    ["a", "b", "c", "d", "e", "1", "2", "3", "", "a longer element", "\0\r\n", "\u{e9}"];

pub(super) const VALUES: [&str; 16] = [
    "",
    "value",
    "another value",
    "0",
    "1",
    "-1",
    "41",
    "007",
    "+1",
    " 1",
    "1.5",
    "-0",
    "x\0\r\n",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
];

/// Integers, and what is none.
pub(super) const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "-1",
    "10",
    "-10",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "",
    "abc",
    "1.5",
    "01",
    "+1",
    " 1",
];

/// Floating-point numbers as scores and increments, and what is none. (8.2 takes no space before
/// them, 7.2 does in some places.)
pub(super) const FLOATS: [&str; 17] = [
    "0", "1", "-1", "2.5", "-3.75", "0.1", "1e3", "1e-3", "1e20", "-1e20", "inf", "-inf", "+inf",
    "nan", "", "abc", "1 ",
];

/// Delays that are over, and what is none.
const DELAYS: [&str; 6] =
    ["0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775", "soon"];

/// Unix times in seconds: of the year 2100, of 5000 and more, or over.
pub(super) const SECONDS: [&str; 7] =
    ["4102444800", "95617584000", "1", "0", "-1", "9223372036854775807", "never"];

/// The same in milliseconds.
pub(super) const MILLISECONDS: [&str; 7] =
    ["4102444800000", "95617584000000", "1", "0", "-1", "9223372036854775807", "never"];

pub(super) const PATTERNS: [&str; 14] = [
    "*",
    "?",
    "key:*",
    "key:?",
    "k[a-f]y:*",
    "[^a]",
    "[a-c]",
    "[abc",
    "\\[x\\]",
    "*1*",
    "",
    "[",
    "\\",
    "**:**1",
];
