//! Glob patterns as Redis matches them: KEYS, SCAN MATCH and CONFIG GET.
//!
//! | pattern | matches |
//! |---|---|
//! | `*` | any number of bytes, but not an empty text |
//! | `?` | one byte |
//! | `[a-c\]x]` | one byte of a set; ranges may be reversed, a missing `]` is implied at the end |
//! | `[^...]` | one byte that is not in the set |
//! | `\x` | `x` itself |
//!
//! Every token but `*` takes one byte, so that going back to the latest star is always enough: the
//! time is at most pattern times text, where the recursion of the original is exponential.

/// Whether the whole of `text` matches `pattern`.
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    Matcher { fold: |byte: u8| byte }.matches(pattern, text)
}

/// [`matches`], with ASCII letters of either case taken as the same.
pub(crate) fn matches_ignore_case(pattern: &[u8], text: &[u8]) -> bool {
    Matcher { fold: |byte: u8| byte.to_ascii_lowercase() }.matches(pattern, text)
}

struct Matcher<F> {
    fold: F,
}

impl<F: Fn(u8) -> u8> Matcher<F> {
    fn matches(&self, mut pattern: &[u8], mut text: &[u8]) -> bool {
        // Redis never lets a star match an empty text, only an empty rest.
        if text.is_empty() {
            return pattern.is_empty();
        }
        // What follows the latest star, and the text that it has not swallowed yet.
        let mut retry: Option<(&[u8], &[u8])> = None;
        loop {
            if let Some((b'*', rest)) = pattern.split_first() {
                if rest.is_empty() {
                    return true;
                }
                retry = Some((rest, text));
                pattern = rest;
                continue;
            }
            match text.split_first() {
                None if pattern.is_empty() => return true,
                // A longer star leaves less text to the same tokens.
                None => return false,
                Some((&byte, rest)) => {
                    if let Some(after) = self.take(pattern, byte) {
                        (pattern, text) = (after, rest);
                        continue;
                    }
                }
            }
            let Some((after_star, unswallowed)) = retry else { return false };
            let rest = &unswallowed[1..];
            retry = Some((after_star, rest));
            (pattern, text) = (after_star, rest);
        }
    }

    /// The pattern after its first token, which is not a star, if that token matches `byte`.
    fn take<'a>(&self, pattern: &'a [u8], byte: u8) -> Option<&'a [u8]> {
        match pattern {
            [] => None,
            [b'?', rest @ ..] => Some(rest),
            [b'[', b'^', set @ ..] => self.take_set(set, byte, false),
            [b'[', set @ ..] => self.take_set(set, byte, true),
            [b'\\', literal, rest @ ..] | [literal, rest @ ..] => {
                ((self.fold)(*literal) == (self.fold)(byte)).then_some(rest)
            }
        }
    }

    /// The pattern after the `]` of a set, if `byte` being in the set is what was `wanted`.
    fn take_set<'a>(&self, mut set: &'a [u8], byte: u8, wanted: bool) -> Option<&'a [u8]> {
        let fold = &self.fold;
        let mut found = false;
        let rest = loop {
            set = match set {
                [] => break set,
                [b']', rest @ ..] => break rest,
                // An escaped byte of a set keeps its case, in Redis too.
                [b'\\', literal, rest @ ..] => {
                    found |= *literal == byte;
                    rest
                }
                [a, b'-', b, rest @ ..] => {
                    let (low, high) = (fold(*a.min(b)), fold(*a.max(b)));
                    found |= (low..=high).contains(&fold(byte));
                    rest
                }
                [literal, rest @ ..] => {
                    found |= fold(*literal) == fold(byte);
                    rest
                }
            }
        };
        (found == wanted).then_some(rest)
    }
}
