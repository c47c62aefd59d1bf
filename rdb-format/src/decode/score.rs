//! Scores of sorted sets, as text.

use crate::{
    DecodeError, ScoreText,
    input::Input,
    packed::{Entry, ListpackMut, PackedError},
};

/// The score that is written as `text`: decimal, or an infinity; not NaN.
fn parse(text: &[u8]) -> Option<f64> {
    let score: f64 = str::from_utf8(text).ok()?.parse().ok()?;
    (!score.is_nan()).then_some(score)
}

/// The score that `entry` of a packed sorted set is.
pub(crate) fn of_entry(entry: Entry<'_>) -> Option<f64> {
    match entry {
        Entry::Int(score) => Some(score as f64),
        Entry::Text(text) => parse(text),
    }
}

/// Reads a byte of length and so many of text: `None` until they are here, `Some(None)` if they are
/// no score.
pub(super) fn poll_text(input: &mut Input) -> Result<Option<Option<f64>>, DecodeError> {
    let Some(len) = input.peek_byte()? else { return Ok(None) };
    let text_len = match len {
        NAN | INFINITY | MINUS_INFINITY => 0,
        len => usize::from(len),
    };
    let Some(text) = input.bytes(1 + text_len)? else { return Ok(None) };
    Ok(Some(match len {
        NAN => None,
        INFINITY => Some(f64::INFINITY),
        MINUS_INFINITY => Some(f64::NEG_INFINITY),
        _ => parse(&text[1..]),
    }))
}

/// Appends `score`, which is not NaN, as a byte of length and so many of text.
pub(crate) fn encode_text(score: f64, out: &mut Vec<u8>) {
    if score.is_infinite() {
        out.push(if score > 0.0 { INFINITY } else { MINUS_INFINITY });
        return;
    }
    let text = ScoreText::new(score);
    out.push(text.len() as u8);
    out.extend_from_slice(&text);
}

/// Appends `score` as an entry of a packed sorted set: integral ones are integers, so that the sign
/// of zero is lost, as at the servers.
pub(crate) fn push(listpack: &mut ListpackMut, score: f64) -> Result<(), PackedError> {
    listpack.push_entry(ScoreText::new(score).entry())
}

/// From here on a length stands for a score without text.
pub(crate) const WITHOUT_TEXT_MIN: u8 = NAN;

const NAN: u8 = 253;
const INFINITY: u8 = 254;
const MINUS_INFINITY: u8 = 255;
