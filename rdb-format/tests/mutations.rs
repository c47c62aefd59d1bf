//! Every payload of the corpus, cut short and with a byte changed: an error or a sound value, in
//! memory that the payload pays for.

mod common;
mod counting;

use bytes::Bytes;
use common::{Golden, body, golden, sayable, seal_as, value_of_whole};
use counting::peak_of;
use rdb_format::{
    DecodeErrorKind, DecodeLimits, Target, Value,
    payload::{decode, decode_whole, encode},
};

/// A CRC-64 finds every change within 64 bits, so none of these is ever taken.
#[test]
fn changes_under_the_old_footer_are_errors() {
    for Golden { id, key, payload, .. } in golden() {
        for (at, changed) in changed(&payload) {
            let error = decode(changed, DecodeLimits::default()).expect_err(&id);
            assert_eq!(error.kind(), DecodeErrorKind::VersionOrChecksum, "{id}: {key}, {at}");
        }
    }
}

#[test]
fn changes_under_a_right_footer_are_errors_or_sound_values() {
    for case in golden() {
        for (at, changed) in changed(&body(&case.payload)) {
            judge(&case, at, &changed);
        }
    }
}

#[test]
fn truncations_are_errors() {
    for Golden { id, key, payload, version, .. } in golden() {
        for len in positions(payload.len()) {
            let error = decode(payload.slice(..len), DecodeLimits::default()).expect_err(&id);
            assert_eq!(error.kind(), DecodeErrorKind::VersionOrChecksum, "{id}: {key}, {len}");
        }
        let body = body(&payload);
        for len in positions(body.len()) {
            let cut = seal_as(version, &body[..len]);
            let error = decode(cut, DecodeLimits::default()).expect_err(&id);
            assert_eq!(error.kind(), DecodeErrorKind::BadData, "{id}: {key}, {len}");
        }
    }
}

/// Bytes that are put in or taken out move all that follows.
#[test]
fn insertions_and_removals_are_errors_or_sound_values() {
    for case in golden() {
        let body = body(&case.payload);
        for at in positions(body.len()) {
            let (before, after) = body.split_at(at);
            judge(&case, at, &[before, &after[1..]].concat());
            judge(&case, at, &[before, &[body[at]], after].concat());
            judge(&case, at, &[before, &[0], after].concat());
        }
    }
}

/// Checks what becomes of `body`, which is that of `case` but for something at `at`.
fn judge(case: &Golden, at: usize, body: &[u8]) {
    let Golden { id, key, version, .. } = case;
    let payload = seal_as(*version, body);
    let len = payload.len();
    let (decoded, peak) = peak_of(|| decode(payload.clone(), DecodeLimits::default()));
    let mut plain = Vec::new();
    if let Some(whole) = decode_whole(&payload, &DecodeLimits::default(), &mut plain) {
        assert_eq!(decoded.as_ref(), Ok(&value_of_whole(whole)), "{id}: {key}, {at}");
    }
    assert!(peak <= HELD_MAX * len + HELD_BY_ANY, "{id}: {key}, {at}: {peak} bytes for {len}");
    match decoded {
        Err(error) => assert_eq!(error.kind(), DecodeErrorKind::BadData, "{id}: {key}, {at}"),
        Ok(value) => assert_sound(&value, *version, &format!("{id}: {key}, {at}")),
    }
}

/// A sound value is one that is said and understood again.
fn assert_sound(value: &Value, version: u16, what: &str) {
    let target = match version {
        80 => Target::of_valkey_release(9, 1),
        _ => Target::KEYFERRY,
    };
    match encode(value, &target) {
        Err(error) => assert_eq!(Err(error), sayable(value, &target), "{what}"),
        Ok(payload) => {
            let again = decode(payload, DecodeLimits::default()).expect(what);
            // What a module keeps may be NaN, which is not equal to itself.
            let same = again == *value || format!("{again:?}") == format!("{value:?}");
            assert!(same, "{what}: {again:?} of {value:?}");
        }
    }
}

/// `bytes` with one of them changed, and which.
fn changed(bytes: &Bytes) -> impl Iterator<Item = (usize, Bytes)> {
    let len = bytes.len();
    positions(len).flat_map(move |at| {
        let changes = (1..=u8::MAX).filter(move |change| match len {
            0..=40 => true,
            41..=200 => change.is_power_of_two(),
            _ => [1, 8, 0xFF].contains(change),
        });
        changes.map(move |change| {
            let mut changed = bytes.to_vec();
            changed[at] ^= change;
            (at, changed.into())
        })
    })
}

/// All of a short payload; of a long one both ends and a sample between, for the time it takes is
/// quadratic.
fn positions(len: usize) -> impl Iterator<Item = usize> {
    (0..len).filter(move |&at| len <= 400 || at < 40 || len - at < 40 || at % 397 == 0)
}

/// A text becomes at most 88 times as long as it is compressed, and is copied once.
const HELD_MAX: usize = 2 * 88;
/// What a decoder and a value take beside that.
const HELD_BY_ANY: usize = 4 << 10;
