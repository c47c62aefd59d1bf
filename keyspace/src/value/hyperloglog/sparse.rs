//! Runs of equal registers:
//!
//! | bits | registers |
//! |------|-----------|
//! | `00nnnnnn` | n + 1 of zero |
//! | `01nnnnnn nnnnnnnn` | n + 1 of zero, the higher bits first |
//! | `1vvvvvnn` | n + 1 of v + 1 |
//!
//! A second byte that is missing is 0: Redis finds that behind the string.
//!
//! Which of the possible ones are written is settled by what Redis does, step by step.

use bytes::BytesMut;

use super::HyperLogLogError::{self, Corrupted};
use super::REGISTERS;

/// Registers of one value in a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Run {
    /// Up to 64 of zero, in one byte.
    Zeros(usize),
    /// Up to 16,384 of zero, in two bytes.
    ManyZeros(usize),
    /// Up to 4 of a value from 1 to 32.
    Values {
        /// The value.
        value: u8,
        /// How many.
        len: usize,
    },
}

/// Runs in order.
#[derive(Clone, Debug)]
pub struct Runs<'a>(&'a [u8]);

/// What came of raising a register.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Change {
    /// It was not lower.
    None,
    /// It was raised.
    Made,
    /// Nothing, for it does not fit in here.
    NoRoom,
}

impl Run {
    /// Number of registers.
    pub fn len(self) -> usize {
        match self {
            Self::Zeros(len) | Self::ManyZeros(len) | Self::Values { len, .. } => len,
        }
    }

    /// Whether it is none, which no run is.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    fn bytes_len(self) -> usize {
        if let Self::ManyZeros(_) = self { 2 } else { 1 }
    }

    /// The run that begins at `at`.
    fn at(bytes: &[u8], at: usize) -> Option<Self> {
        let first = *bytes.get(at)?;
        let second = bytes.get(at + 1).copied().unwrap_or(0);
        Some(match first {
            0..=0x3f => Self::Zeros(usize::from(first) + 1),
            0x40..=0x7f => {
                Self::ManyZeros(usize::from(u16::from_be_bytes([first & 0x3f, second])) + 1)
            }
            0x80.. => {
                Self::Values { value: (first >> 2 & 0x1f) + 1, len: usize::from(first & 3) + 1 }
            }
        })
    }
}

impl<'a> Runs<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let run = Run::at(self.0, 0)?;
        self.0 = self.0.get(run.bytes_len()..).unwrap_or_default();
        Some(run)
    }
}

/// Appends so many zero registers.
pub(super) fn push_zeros(bytes: &mut BytesMut, len: usize) {
    let mut runs = Written::default();
    runs.zeros(len);
    bytes.extend_from_slice(runs.bytes());
}

/// Visits each register that is not zero.
///
/// # Errors
/// [`Corrupted`]; some may have been visited.
pub(super) fn for_each_value(
    bytes: &[u8],
    mut visit: impl FnMut(usize, u8),
) -> Result<(), HyperLogLogError> {
    let mut next = 0;
    for run in Runs::of(bytes) {
        let end = next + run.len();
        if end > REGISTERS {
            return Err(Corrupted);
        }
        if let Run::Values { value, .. } = run {
            (next..end).for_each(|register| visit(register, value));
        }
        next = end;
    }
    if next == REGISTERS { Ok(()) } else { Err(Corrupted) }
}

/// Gives a register a value, if that is greater. The runs begin at `start` of `text`, which is not to
/// be longer than `bytes_max` if it grows.
///
/// # Errors
/// [`Corrupted`], if there is no such register, or there are more bytes than the runs of all registers
/// can take; nothing is changed.
pub(super) fn raise(
    text: &mut BytesMut,
    start: usize,
    register: usize,
    value: u8,
    bytes_max: usize,
) -> Result<Change, HyperLogLogError> {
    if value > VALUE_MAX {
        return Ok(Change::NoRoom);
    }
    // Else a corrupted string of any length would be moved for each of many elements.
    if text.len() - start > REGISTERS * RUN_BYTES_MAX {
        return Err(Corrupted);
    }
    let (mut at, mut previous, mut first) = (start, start, 0);
    let run = loop {
        let run = Run::at(text, at).ok_or(Corrupted)?;
        if register < first + run.len() {
            break run;
        }
        previous = at;
        at += run.bytes_len();
        first += run.len();
    };
    let (before, after) = (register - first, first + run.len() - register - 1);
    let mut runs = Written::default();
    match run {
        Run::Values { value: old, .. } if old >= value => return Ok(Change::None),
        Run::Values { value: old, .. } => {
            runs.values(old, before);
            runs.values(value, 1);
            runs.values(old, after);
        }
        Run::Zeros(_) | Run::ManyZeros(_) => {
            runs.zeros(before);
            runs.values(value, 1);
            runs.zeros(after);
        }
    }
    // Of a run that is cut off there is one byte.
    let (old_len, new_len) = (run.bytes_len().min(text.len() - at), runs.bytes().len());
    if new_len > old_len && text.len() + new_len - old_len > bytes_max {
        return Ok(Change::NoRoom);
    }
    replace(text, at, old_len, runs.bytes());
    join(text, previous);
    Ok(Change::Made)
}

/// Joins runs of the same value, where they fit into one, among the five from `at` on.
fn join(text: &mut BytesMut, mut at: usize) {
    for _ in 0..JOINED_RUNS_MAX {
        let Some(run) = Run::at(text, at) else { return };
        let next = Run::at(text, at + run.bytes_len());
        match (run, next) {
            (Run::Values { value, len }, Some(Run::Values { value: same, len: more }))
                if value == same && len + more <= VALUES_LEN_MAX =>
            {
                let mut joined = Written::default();
                joined.values(value, len + more);
                // What is joined is looked at again.
                replace(text, at, 2, joined.bytes());
            }
            _ => at += run.bytes_len(),
        }
    }
}

/// Replaces `old_len` bytes at `at`.
fn replace(text: &mut BytesMut, at: usize, old_len: usize, new: &[u8]) {
    let (len, after) = (text.len(), at + old_len);
    let new_len = len - old_len + new.len();
    if new_len > len {
        text.resize(new_len, 0);
    }
    text.copy_within(after..len, at + new.len());
    text.truncate(new_len);
    text[at..at + new.len()].copy_from_slice(new);
}

/// A few runs.
#[derive(Default)]
struct Written {
    bytes: [u8; 5],
    len: usize,
}

impl Written {
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    fn zeros(&mut self, len: usize) {
        match len {
            0 => {}
            1..=ZEROS_LEN_MAX => self.push(len as u8 - 1),
            _ => {
                let [high, low] = (len as u16 - 1).to_be_bytes();
                self.push(0x40 | high);
                self.push(low);
            }
        }
    }

    /// Up to [`VALUES_LEN_MAX`].
    fn values(&mut self, value: u8, len: usize) {
        if len > 0 {
            self.push(0x80 | (value - 1) << 2 | (len as u8 - 1));
        }
    }
}

/// The longest run has two bytes.
const RUN_BYTES_MAX: usize = 2;
const ZEROS_LEN_MAX: usize = 64;
const VALUES_LEN_MAX: usize = 4;
const VALUE_MAX: u8 = 32;

/// Runs that are looked through for some that can be joined.
const JOINED_RUNS_MAX: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn raised(runs: &[u8], register: usize, value: u8) -> Result<Vec<u8>, Change> {
        let mut text = BytesMut::from(runs);
        match raise(&mut text, 0, register, value, 3000).expect("it is sound") {
            Change::Made => Ok(text.to_vec()),
            other => Err(other),
        }
    }

    #[test]
    fn runs_are_split_and_joined() {
        for (runs, register, value, wanted) in [
            // Three of zero.
            (&b"\x02"[..], 0, 1, &b"\x80\x01"[..]),
            (b"\x02", 1, 1, b"\x00\x80\x00"),
            (b"\x02", 2, 1, b"\x01\x80"),
            (b"\x00", 0, 32, b"\xfc"),
            // 16,384 of zero.
            (b"\x7f\xff", 0, 1, b"\x80\x7f\xfe"),
            (b"\x7f\xff", 64, 1, b"\x3f\x80\x7f\xbe"),
            (b"\x7f\xff", 65, 1, b"\x40\x40\x80\x7f\xbd"),
            (b"\x7f\xff", 16_383, 1, b"\x7f\xfe\x80"),
            // One of zero in two bytes.
            (b"\x40\x00\x01", 0, 1, b"\x80\x01"),
            // Four of 2.
            (b"\x87", 1, 3, b"\x84\x88\x85"),
            (b"\x84", 0, 3, b"\x88"),
            // Neighbours of the same value.
            (b"\x80\x00\x80", 1, 1, b"\x82"),
            (b"\x82\x00\x80", 3, 1, b"\x83\x80"),
            (b"\x83\x00\x80", 4, 1, b"\x83\x81"),
        ] {
            assert_eq!(raised(runs, register, value), Ok(wanted.to_vec()), "{runs:?} {register}");
        }
        // A run that is cut off: 257 of zero, the lower bits of whose number are missing.
        assert_eq!(raised(b"\x80\x41", 1, 1), Ok(b"\x81\x40\xff".into()));
        assert_eq!(raised(b"\x41", 256, 1), Ok(b"\x40\xff\x80".into()));
        assert_eq!(raised(b"\x40", 0, 1), Ok(b"\x80".into()));
        assert_eq!(raised(b"\x87", 1, 2), Err(Change::None));
        assert_eq!(raised(b"\x87", 1, 33), Err(Change::NoRoom));
    }

    #[test]
    fn what_would_grow_over_the_limit_has_no_room() {
        let mut text = BytesMut::from(&b"\x02\x80\x02"[..]);
        assert_eq!(raise(&mut text, 0, 0, 1, 3), Ok(Change::NoRoom));
        assert_eq!(raise(&mut text, 0, 3, 2, 3), Ok(Change::Made));
        assert_eq!(raise(&mut text, 0, 0, 1, 4), Ok(Change::Made));
        assert_eq!(&text[..], b"\x80\x01\x84\x02");
        assert_eq!(raise(&mut text, 0, 7, 1, 9), Err(Corrupted));
    }

    #[test]
    fn what_is_longer_than_all_registers_is_corrupted() {
        let mut text = BytesMut::from(&b"\x40\x00".repeat(REGISTERS)[..]);
        assert_eq!(raise(&mut text, 0, 5, 1, usize::MAX), Ok(Change::Made));
        text.extend_from_slice(b"\x40\x00");
        assert_eq!(raise(&mut text, 0, 6, 1, usize::MAX), Err(Corrupted));
    }
}
