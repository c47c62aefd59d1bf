//! Strings as arrays of integers of any width, which need not begin at a byte.

use std::ops::Range;

use rdb_format::StringValue;

/// The type of an integer in a string: signed of 1 to 64 bits, or unsigned of 1 to 63. Its highest
/// bit comes first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FieldType {
    is_signed: bool,
    bits: u32,
}

/// An integer in a string.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Field {
    /// What it is.
    pub of_type: FieldType,
    /// Its first bit.
    pub offset: u64,
}

/// What becomes of a number that is none of the type.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Overflow {
    /// Its lowest bits are taken.
    #[default]
    Wrap,
    /// The nearest number of the type is.
    Saturate,
    /// Nothing: the field is not changed.
    Fail,
}

/// What is done with a field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FieldAction {
    /// It is read.
    Get,
    /// It becomes this number, and what it was is told.
    Set(i64, Overflow),
    /// This is added to it, and the sum is told.
    Increment(i64, Overflow),
}

impl FieldType {
    /// A signed integer; `None` unless it has 1 to 64 bits.
    pub fn signed(bits: u32) -> Option<Self> {
        (1..=64).contains(&bits).then_some(Self { is_signed: true, bits })
    }

    /// An unsigned integer; `None` unless it has 1 to 63 bits.
    pub fn unsigned(bits: u32) -> Option<Self> {
        (1..=63).contains(&bits).then_some(Self { is_signed: false, bits })
    }

    /// How many bits it has.
    pub fn bits(self) -> u32 {
        self.bits
    }

    fn min(self) -> i64 {
        if self.is_signed { i64::MIN >> (64 - self.bits) } else { 0 }
    }

    fn max(self) -> i64 {
        i64::MAX >> if self.is_signed { 64 - self.bits } else { 63 - self.bits }
    }

    /// The number that the lowest bits are.
    fn wrapped(self, bits: u64) -> i64 {
        let unused = 64 - self.bits;
        let top = bits << unused;
        if self.is_signed { top as i64 >> unused } else { (top >> unused) as i64 }
    }

    /// What the field becomes when it is set to a number, if it is changed.
    fn fitted(self, number: i64, overflow: Overflow) -> Option<i64> {
        // As in Redis, a negative number is a large one to an unsigned type, and so is one to a
        // signed type whose distance to the maximum is no 64-bit number.
        let is_large = if self.is_signed {
            self.bits < 64 && self.max().checked_sub(number).is_none()
        } else {
            number < 0
        };
        match overflow {
            Overflow::Wrap => Some(self.wrapped(number as u64)),
            Overflow::Saturate if is_large => Some(self.max()),
            Overflow::Saturate => Some(number.clamp(self.min(), self.max())),
            Overflow::Fail => (self.min()..=self.max()).contains(&number).then_some(number),
        }
    }

    /// The sum of a number of the type and an increment, if there is one.
    fn sum(self, number: i64, increment: i64, overflow: Overflow) -> Option<i64> {
        let sum = i128::from(number) + i128::from(increment);
        let (min, max) = (self.min().into(), self.max().into());
        match overflow {
            Overflow::Wrap => Some(self.wrapped(sum as u64)),
            Overflow::Saturate => Some(sum.clamp(min, max) as i64),
            Overflow::Fail => (min..=max).contains(&sum).then_some(sum as i64),
        }
    }
}

impl Field {
    /// The integer; bits after the end of the text are not set.
    pub fn of(self, text: &[u8]) -> i64 {
        let window = &text[self.bytes(text.len())];
        let mut bytes = [0; 16];
        bytes[..window.len()].copy_from_slice(window);
        let bits = u128::from_be_bytes(bytes) << (self.offset % 8);
        self.of_type.wrapped((bits >> (128 - self.of_type.bits)) as u64)
    }

    /// Writes the integer into a text that has all of its bits.
    fn write(self, text: &mut [u8], number: i64) {
        let window = &mut text[self.bytes(usize::MAX)];
        let mut bytes = [0; 16];
        bytes[..window.len()].copy_from_slice(window);
        let left = 128 - self.of_type.bits - (self.offset % 8) as u32;
        let mask = u128::from(u64::MAX >> (64 - self.of_type.bits)) << left;
        let new = (u128::from(number as u64) << left) & mask;
        let bits = u128::from_be_bytes(bytes) & !mask | new;
        window.copy_from_slice(&bits.to_be_bytes()[..window.len()]);
    }

    /// The bytes that it is in, at most 9, of a text of this length.
    fn bytes(self, len: usize) -> Range<usize> {
        let at = |bit: u64| usize::try_from(bit / 8).unwrap_or(usize::MAX).min(len);
        at(self.offset)..at(self.end().saturating_add(7))
    }

    /// The bit after its last one.
    fn end(self) -> u64 {
        self.offset.saturating_add(self.of_type.bits.into())
    }
}

/// What came of a series of actions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Applied {
    /// What each action tells: nothing where a number did not fit.
    pub told: Vec<Option<i64>>,
    /// Whether the text is another than before.
    pub is_changed: bool,
}

/// Does something with fields, one after the other. A text without one that may be changed is first
/// filled up with zero bytes.
///
/// The caller has checked that `offset / 8 + 1` is an allowed length; up to 8 bytes more may be
/// needed.
pub fn apply(value: &mut StringValue, actions: &[(Field, FieldAction)]) -> Applied {
    let is_change = |action: &FieldAction| !matches!(action, FieldAction::Get);
    let changed = actions.iter().filter(|(_, action)| is_change(action));
    let len = changed.map(|(field, _)| field.end().div_ceil(8) as usize).max().unwrap_or(0);
    let (mut told, mut is_changed) = (Vec::with_capacity(actions.len()), false);
    super::edit(value, |text| {
        if text.len() < len {
            text.resize(len, 0);
            is_changed = true;
        }
        for &(field, action) in actions {
            let before = field.of(text);
            let (after, tells) = match action {
                FieldAction::Get => (None, Some(before)),
                FieldAction::Set(number, overflow) => {
                    let after = field.of_type.fitted(number, overflow);
                    (after, after.map(|_| before))
                }
                FieldAction::Increment(increment, overflow) => {
                    let after = field.of_type.sum(before, increment, overflow);
                    (after, after)
                }
            };
            if let Some(after) = after {
                field.write(text, after);
                is_changed |= after != before;
            }
            told.push(tells);
        }
    });
    Applied { told, is_changed }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::bits;
    use super::*;

    fn types() -> impl Iterator<Item = FieldType> {
        let unsigned = (1..64).map(|bits| FieldType::unsigned(bits).expect("it is one"));
        (1..65).map(|bits| FieldType::signed(bits).expect("it is one")).chain(unsigned)
    }

    #[test]
    fn types_have_a_width() {
        assert_eq!(FieldType::signed(0).or(FieldType::signed(65)), None);
        assert_eq!(FieldType::unsigned(0).or(FieldType::unsigned(64)), None);
        let ends = |of_type: FieldType| (of_type.min(), of_type.max());
        assert_eq!(FieldType::signed(64).map(ends), Some((i64::MIN, i64::MAX)));
        assert_eq!(FieldType::unsigned(63).map(ends), Some((0, i64::MAX)));
        assert_eq!(FieldType::signed(8).map(ends), Some((-128, 127)));
        assert_eq!(FieldType::signed(1).map(ends), Some((-1, 0)));
        assert_eq!(FieldType::unsigned(1).map(ends), Some((0, 1)));
    }

    #[test]
    fn fields_of_every_width_are_written_at_every_bit_and_touch_no_other() {
        for of_type in types() {
            for offset in 0..17 {
                let field = Field { of_type, offset };
                for fill in [0, 0xff] {
                    for number in [of_type.min(), of_type.max(), 0, 1.min(of_type.max())] {
                        let mut text = [fill; 12];
                        field.write(&mut text, number);
                        assert_eq!(field.of(&text), number, "{field:?}");
                        let kept = (0..96).filter(|bit| *bit < offset || *bit >= field.end());
                        for bit in kept {
                            assert_eq!(bits::bit(&text, bit), fill != 0, "{field:?} {bit}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_after_the_end_reads_as_zero_bits() {
        let field = |bits, offset| Field { of_type: FieldType::unsigned(bits).unwrap(), offset };
        assert_eq!(field(8, 4).of(b"\xff"), 0xf0);
        assert_eq!(field(63, 0).of(b"\xff"), 0xff << 55);
        assert_eq!(field(8, 8).of(b"\xff"), 0);
        assert_eq!(field(63, u64::MAX).of(b"\xff"), 0);
    }

    /// As Redis 7.0.15 and 8.2.3 reply.
    #[test]
    fn numbers_that_do_not_fit() {
        use FieldAction::{Get, Increment, Set};
        use Overflow::{Fail, Saturate, Wrap};
        let (signed, unsigned) = (FieldType::signed(8).unwrap(), FieldType::unsigned(8).unwrap());
        for (of_type, overflow, number, told) in [
            (signed, Wrap, 255, [Some(0), Some(-1), Some(-2)]),
            (signed, Wrap, i64::MIN, [Some(0), Some(0), Some(0)]),
            (signed, Saturate, 256, [Some(0), Some(127), Some(127)]),
            (signed, Saturate, -256, [Some(0), Some(-128), Some(-128)]),
            (signed, Saturate, i64::MIN, [Some(0), Some(127), Some(-128)]),
            (signed, Fail, 128, [None, Some(0), None]),
            (signed, Fail, -128, [Some(0), Some(-128), None]),
            (unsigned, Wrap, -1, [Some(0), Some(255), Some(254)]),
            (unsigned, Saturate, 300, [Some(0), Some(255), Some(255)]),
            (unsigned, Saturate, -1, [Some(0), Some(255), Some(254)]),
            (unsigned, Saturate, i64::MIN, [Some(0), Some(255), Some(0)]),
            (unsigned, Fail, -1, [None, Some(0), None]),
        ] {
            let field = Field { of_type, offset: 4 };
            let actions = [Set(number, overflow), Get, Increment(number, overflow)];
            let mut value = StringValue::Raw(Bytes::new());
            assert_eq!(
                apply(&mut value, &actions.map(|action| (field, action))).told,
                told,
                "{field:?} {number} {overflow:?}"
            );
            assert_eq!(value.len(), 2);
        }
    }

    #[test]
    fn reading_makes_no_text_longer() {
        let field = Field { of_type: FieldType::signed(64).unwrap(), offset: 1 << 40 };
        let mut value = StringValue::Raw(Bytes::from_static(b"x"));
        let applied = apply(&mut value, &[(field, FieldAction::Get)]);
        assert_eq!(applied, Applied { told: vec![Some(0)], is_changed: false });
        assert_eq!(value.len(), 1);
    }
}
