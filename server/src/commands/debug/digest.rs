//! `DEBUG DIGEST` and `DEBUG DIGEST-VALUE [key ...]`
//!
//! The digests are those of Redis from 7.2 on and of Valkey: equal on servers that hold the same. Two
//! operations make them, where SHA-1 of some bytes is
//!
//! - xored to the digest, which leaves the order of elements out of it;
//! - xored to the digest, which is replaced by its own SHA-1 then: the order counts.
//!
//! Redis 7.0 tells other ones of sorted sets with fractional scores, which it writes with 17 digits.

use std::fmt;

use keyspace::{EntryRef, StreamRef, ValueRef};
use resp::Request;
use sha1::{Digest as _, Sha1};

use super::super::{CommandError, Context, Reply};

pub(super) fn digest(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let mut all = Digest::default();
    for (index, database) in ctx.keyspace.iter().enumerate() {
        if database.is_empty() {
            continue;
        }
        all.mix(&(index as u32).to_be_bytes());
        for entry in database.iter().filter(|entry| !entry.is_expired(now_ms)) {
            let mut of_key = Digest::default();
            of_key.mix(entry.key());
            of_key.mix_entry(entry);
            all.xor(&of_key.0);
        }
    }
    Ok(Reply::Line(all.to_string()))
}

pub(super) fn digest_value(
    ctx: &mut Context<'_>,
    request: &Request,
) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let db = ctx.db();
    let digests = request.iter().skip(2).map(|key| {
        let mut digest = Digest::default();
        if let Some(entry) = db.peek(key, now_ms) {
            digest.mix_entry(entry);
        }
        Reply::Line(digest.to_string())
    });
    Ok(digests.collect())
}

/// A digest that is being made.
#[derive(Default)]
struct Digest([u8; 20]);

impl Digest {
    fn xor(&mut self, bytes: &[u8]) {
        for (byte, more) in self.0.iter_mut().zip(Sha1::digest(bytes)) {
            *byte ^= more;
        }
    }

    fn mix(&mut self, bytes: &[u8]) {
        self.xor(bytes);
        self.0 = Sha1::digest(self.0).into();
    }

    /// Adds a value and that it expires, if it does.
    fn mix_entry(&mut self, entry: EntryRef<'_>) {
        let value = entry.value();
        self.mix(&type_number(value).to_be_bytes());
        match value {
            ValueRef::String(text) => self.mix(&text.text()),
            ValueRef::List(list) => list.iter().for_each(|element| self.mix(&element.as_text())),
            ValueRef::Set(set) => set.iter().for_each(|member| self.xor(&member.as_text())),
            ValueRef::SortedSet(sorted_set) => sorted_set.iter().for_each(|member| {
                let score = score_text(member.score);
                self.xor(&Self::of_both(&member.name.as_text(), score.as_bytes()).0);
            }),
            // Fields count until they are removed.
            ValueRef::Hash(hash) => hash.iter(i64::MIN).for_each(|field| {
                let mut of_field = Self::of_both(&field.name.as_text(), &field.value.as_text());
                if field.expire_at_ms.is_some() {
                    of_field.xor(b"!!hexpire!!");
                }
                self.xor(&of_field.0);
            }),
            ValueRef::Stream(stream) => self.mix_stream(stream),
            // Only the module could tell more.
            _ => {}
        }
        if entry.expire_at_ms().is_some() {
            self.xor(b"!!expire!!");
        }
    }

    /// The entries: what a stream knows beside them does not count.
    fn mix_stream(&mut self, stream: StreamRef<'_>) {
        for entry in stream.iter() {
            self.mix(format!("{}.{}", entry.id.ms, entry.id.seq).as_bytes());
            for (field, value) in entry.fields() {
                self.mix(&field.as_text());
                self.mix(&value.as_text());
            }
        }
    }

    fn of_both(name: &[u8], value: &[u8]) -> Self {
        let mut digest = Self::default();
        digest.mix(name);
        digest.mix(value);
        digest
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The number that Redis gives the type of a value.
fn type_number(value: ValueRef<'_>) -> u32 {
    match value {
        ValueRef::String(_) => 0,
        ValueRef::List(_) => 1,
        ValueRef::Set(_) => 2,
        ValueRef::SortedSet(_) => 3,
        ValueRef::Hash(_) => 4,
        ValueRef::Stream(_) => 6,
        _ => 5,
    }
}

/// A score as the conversion of Redis 7.2 writes it: the shortest digits, with an exponent if there
/// are more than seven zeros after them, or a first digit behind the third place after the point
/// with a last one behind the sixth. A zero may have a sign, which only a packed sorted set loses.
fn score_text(score: f64) -> String {
    if score == 0.0 || score.is_infinite() {
        return format!("{score}");
    }
    let text = format!("{score:e}");
    let (digits, exponent) = text.split_once('e').expect("there is always an exponent");
    let exponent: i32 = exponent.parse().expect("a number");
    let digits_len = digits.bytes().filter(u8::is_ascii_digit).count() as i32;
    let last_place = exponent - (digits_len - 1);
    let has_exponent = match last_place {
        0.. => last_place >= 8,
        _ => last_place <= -7 && exponent.abs() >= 4,
    };
    if has_exponent { format!("{digits}e{exponent:+}") } else { format!("{score}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found in digests of Redis 8.2.3.
    #[test]
    fn scores_are_written_as_by_redis() {
        for (score, wanted) in [
            (0.1, "0.1"),
            (3.0, "3"),
            (-0.0, "-0"),
            (0.0, "0"),
            (-0.5, "-0.5"),
            (1e16, "1e+16"),
            (1e21, "1e+21"),
            (1e7, "10000000"),
            (1e8, "1e+8"),
            (123456789.0, "123456789"),
            (123456789012345678.0, "123456789012345680"),
            (0.00001, "0.00001"),
            (1e-7, "1e-7"),
            (-1.5e300, "-1.5e+300"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(score_text(score), wanted);
        }
    }
}
