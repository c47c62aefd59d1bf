//! Glob patterns as Redis matches them: KEYS, SCAN MATCH, CONFIG GET.
//!
//! | pattern | matches |
//! |---|---|
//! | `*` | any number of bytes |
//! | `?` | one byte |
//! | `[a-c\]x]` | one byte of a set; ranges may be reversed, a missing `]` is implied at the end |
//! | `[^...]` | one byte that is not in the set |
//! | `\x` | `x` itself |
//!
//! An empty text matches nothing but the empty pattern, as in Redis: its commands take a pattern of
//! `*` alone as no pattern at all, and only so do they find the empty key.
//!
//! Every token but `*` takes exactly one byte, so that going back to the latest star is enough: the
//! time is at most pattern times text, where backtracking over all stars is exponential.

/// Whether the whole of `text` matches `pattern`.
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    matches_folded(pattern, text, |byte| byte)
}

/// [`matches()`], with ASCII letters of either case taken as the same.
pub(crate) fn matches_ignore_case(pattern: &[u8], text: &[u8]) -> bool {
    matches_folded(pattern, text, |byte| byte.to_ascii_lowercase())
}

/// `fold` maps the bytes that are taken as the same to one of them.
fn matches_folded(mut pattern: &[u8], mut text: &[u8], fold: impl Fn(u8) -> u8 + Copy) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    // What follows the latest star, and the text that this star has not swallowed yet.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', rest @ ..] = pattern {
            if rest.is_empty() {
                return true;
            }
            pattern = rest;
            retry = Some((pattern, text));
            continue;
        }
        // At the end of the text a longer star would leave even less to the same tokens.
        let [byte, rest @ ..] = text else { return pattern.is_empty() };
        if let Some(after) = take(pattern, *byte, fold) {
            (pattern, text) = (after, rest);
            continue;
        }
        let Some((after_star, [_, unswallowed @ ..])) = retry else { return false };
        (pattern, text) = (after_star, unswallowed);
        retry = Some((pattern, text));
    }
}

/// The pattern after its first token, which is not a star, if that token matches `byte`.
fn take(pattern: &[u8], byte: u8, fold: impl Fn(u8) -> u8) -> Option<&[u8]> {
    match pattern {
        [] => None,
        [b'?', rest @ ..] => Some(rest),
        [b'[', b'^', set @ ..] => take_set(set, byte, false, fold),
        [b'[', set @ ..] => take_set(set, byte, true, fold),
        [b'\\', literal, rest @ ..] | [literal, rest @ ..] => {
            (fold(*literal) == fold(byte)).then_some(rest)
        }
    }
}

/// The pattern after the `]` of a set, if whether `byte` is in the set is as `wanted`.
fn take_set(mut set: &[u8], byte: u8, wanted: bool, fold: impl Fn(u8) -> u8) -> Option<&[u8]> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        for text in matching {
            assert!(matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
        for text in others {
            assert!(!matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
    }

    #[test]
    fn stars_and_question_marks() {
        check("*", &["a", "abc", "*"], &[""]);
        check("", &[""], &["a"]);
        check("a*", &["a", "ab"], &["ba", ""]);
        check("**a", &["a", "bba"], &["ab"]);
        check("h?llo", &["hello", "h?llo"], &["hllo", "heello"]);
        check("h*llo", &["hllo", "heeeello", "hllollo"], &["hello!"]);
        check("*ab*ab", &["abab", "xabyabab"], &["ab", "ababa"]);
        check("?*?", &["ab", "abc"], &["a"]);
    }

    #[test]
    fn sets() {
        check("h[ae]llo", &["hello", "hallo"], &["hillo", "hllo"]);
        check("h[^e]llo", &["hallo", "h^llo"], &["hello"]);
        check("[a-c]", &["a", "b", "c"], &["d", "-"]);
        check("[c-a]", &["a", "b", "c"], &["d", "-"]);
        // A range from `]` to `a`, in a set that the end closes.
        check("[a-]", &["a", "]", "^"], &["-"]);
        check("[\\]a]", &["]", "a"], &["\\"]);
        check("[\\^a]", &["^", "a"], &["b"]);
        check("[]", &[], &["]", "a"]);
        check("[^]", &["]", "a"], &[]);
        check("x[ab", &["xa", "xb"], &["x", "x[ab"]);
        check("x[", &[], &["x", "x["]);
        check("[a-z", &["m"], &["-"]);
    }

    #[test]
    fn escapes() {
        check("\\*", &["*"], &["a", "\\*"]);
        check("a\\?", &["a?"], &["ab"]);
        check("a\\", &["a\\"], &["a"]);
        check("\\[a]", &["[a]"], &["a"]);
    }

    #[test]
    fn bytes_and_case() {
        assert!(matches(b"\xff?\0", b"\xff\xfe\0"));
        assert!(matches_ignore_case(b"MAX*[M-P]?LICY", b"maxmemory-policy"));
        assert!(matches_ignore_case(b"[^a]", b"B") && !matches_ignore_case(b"[^a]", b"A"));
        // As in Redis, the case of an escaped byte counts within a set and not outside of it.
        assert!(!matches_ignore_case(b"[\\a]", b"A") && matches_ignore_case(b"\\a", b"A"));
    }

    /// Takes 2^50 steps if every star is tried at every place.
    #[test]
    fn many_stars_take_little_time() {
        let pattern = [b"a*".repeat(50), b"b".to_vec()].concat();
        assert!(!matches(&pattern, &b"a".repeat(10_000)));
        assert!(matches(&pattern, &[b"a".repeat(10_000), b"b".to_vec()].concat()));
    }
}
