//! Expiries in arguments.

use super::number::integer;
use super::{CommandError, is_name};

/// How a number tells when a key expires.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ExpiryForm {
    /// In so many seconds.
    Seconds,
    /// In so many milliseconds.
    Milliseconds,
    /// At a Unix time in seconds.
    UnixSeconds,
    /// At a Unix time in milliseconds.
    UnixMilliseconds,
}

impl ExpiryForm {
    /// The form of the number after the option called `word`.
    pub(super) fn of_option(word: &[u8]) -> Option<Self> {
        Some(match word {
            word if is_name("EX", word) => Self::Seconds,
            word if is_name("PX", word) => Self::Milliseconds,
            word if is_name("EXAT", word) => Self::UnixSeconds,
            word if is_name("PXAT", word) => Self::UnixMilliseconds,
            _ => return None,
        })
    }

    /// The Unix time in milliseconds that `number` means, unless it overflows.
    pub(super) fn unix_ms(self, number: i64, now_ms: i64) -> Option<i64> {
        match self {
            Self::Seconds => number.checked_mul(1000)?.checked_add(now_ms),
            Self::Milliseconds => number.checked_add(now_ms),
            Self::UnixSeconds => number.checked_mul(1000),
            Self::UnixMilliseconds => Some(number),
        }
    }
}

/// `EX seconds`, `PX milliseconds`, `EXAT unix-time-seconds` or `PXAT unix-time-milliseconds`, the
/// number not looked at yet: what is wrong with it is told after what is wrong with other options.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expiry<'a> {
    pub(super) form: ExpiryForm,
    pub(super) number: &'a [u8],
}

impl<'a> Expiry<'a> {
    /// Reads the option called `word`, its number being the next of `rest`, after `earlier`.
    ///
    /// # Errors
    /// It is another option, or has no number, or `earlier` has another form.
    pub(super) fn parse(
        word: &[u8],
        rest: &mut impl Iterator<Item = &'a [u8]>,
        earlier: Option<Self>,
    ) -> Result<Self, CommandError> {
        let form = ExpiryForm::of_option(word).ok_or(CommandError::Syntax)?;
        if earlier.is_some_and(|earlier| earlier.form != form) {
            return Err(CommandError::Syntax);
        }
        Ok(Self { form, number: rest.next().ok_or(CommandError::Syntax)? })
    }

    /// The Unix time in milliseconds that is meant.
    ///
    /// # Errors
    /// The number is no integer, not positive or too large.
    pub(super) fn unix_ms(&self, now_ms: i64, command: &'static str) -> Result<i64, CommandError> {
        let number = integer(self.number)?;
        let expire_at_ms = self.form.unix_ms(number, now_ms).filter(|_| number > 0);
        expire_at_ms.ok_or(CommandError::InvalidExpireTime(command))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiries_that_overflow_or_are_not_positive_are_refused() {
        use ExpiryForm::{Milliseconds, Seconds, UnixMilliseconds, UnixSeconds};

        const NOW_MS: i64 = 1_700_000_000_000;
        for (form, number, expire_at_ms) in [
            (Seconds, "10", Some(NOW_MS + 10_000)),
            (Milliseconds, "10", Some(NOW_MS + 10)),
            (UnixSeconds, "10", Some(10_000)),
            (UnixMilliseconds, "10", Some(10)),
            (Seconds, "0", None),
            (UnixMilliseconds, "0", None),
            (Milliseconds, "-1", None),
            (Seconds, "9223372036854775", None),
            (UnixSeconds, "9223372036854775", Some(9_223_372_036_854_775_000)),
            (UnixSeconds, "9223372036854776", None),
            (Milliseconds, "9223370336854775807", Some(i64::MAX)),
            (Milliseconds, "9223370336854775808", None),
            (UnixMilliseconds, "9223372036854775807", Some(i64::MAX)),
        ] {
            let expiry = Expiry { form, number: number.as_bytes() };
            let refused = CommandError::InvalidExpireTime("set");
            let wanted = expire_at_ms.ok_or(refused);
            assert_eq!(expiry.unix_ms(NOW_MS, "set"), wanted, "{form:?} {number}");
        }
        let expiry = Expiry { form: Seconds, number: b"ten" };
        assert_eq!(expiry.unix_ms(NOW_MS, "set"), Err(CommandError::NotAnInteger));
    }
}
