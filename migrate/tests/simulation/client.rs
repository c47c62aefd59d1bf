//! Clients at work beside the migrations, on either side, as far as the keyspace lets them.

use bytes::Bytes;
use keyspace::{AccessKind, Keyspace};

use crate::dice::Dice;
use crate::host::{Host, Turn};
use crate::plan::{KEYS, key};
use crate::transaction::Operation;
use crate::value::{Tag, tag_of};

/// The tag of what a key holds.
pub(crate) fn held(keyspace: &Keyspace, key: &[u8], now_ms: i64) -> Option<Tag> {
    keyspace.database(0).peek(key, now_ms).map(|entry| tag_of(entry.value()))
}

/// The tag of what a client can read of a key.
pub(crate) fn readable(keyspace: &Keyspace, key: &[u8], now_ms: i64) -> Option<Tag> {
    let waits = keyspace.database(0).waits_for([key], AccessKind::Read).is_some();
    held(keyspace, key, now_ms).filter(|_| !waits)
}

/// A client does something.
pub(crate) fn act(host: &mut Host, turn: &mut Turn<'_>) -> Result<(), String> {
    match turn.dice.below(8) {
        0..4 => write(host, turn)?,
        4 if host.open.len() < OPEN_MAX => {
            let watched = keys(turn.dice, 0..3);
            let operations = keys(turn.dice, 1..5).into_iter();
            let operations = operations.map(|key| (operation(turn.dice), key)).collect();
            host.open(watched, operations, turn.now_ms);
        }
        5 if !host.open.is_empty() => host.exec(turn.dice.below(host.open.len()), turn)?,
        6 if host.blocked.len() < BLOCKED_MAX => host.block(keys(turn.dice, 1..3)),
        7 => {
            host.keyspace.expire_cycle(turn.now_ms, usize::MAX);
        }
        _ => {}
    }
    Ok(())
}

/// Overwrites or removes a key, unless that has to wait.
fn write(host: &mut Host, turn: &mut Turn<'_>) -> Result<(), String> {
    let key = key(turn.dice.below(KEYS));
    if host.keyspace.database(0).waits_for([&key[..]], AccessKind::Write).is_some() {
        return Ok(());
    }
    match turn.dice.one_in(4) {
        true => host.remove_written(&key, turn),
        false => host.write(&key, turn),
    }
}

/// So many keys, perhaps one twice.
fn keys(dice: &mut Dice, len: std::ops::Range<usize>) -> Vec<Bytes> {
    let len = len.start + dice.below(len.len());
    (0..len).map(|_| key(dice.below(KEYS))).collect()
}

fn operation(dice: &mut Dice) -> Operation {
    *dice.pick(&[Operation::Read, Operation::Read, Operation::Write, Operation::Remove])
}

/// Transactions that are being queued at a time, beside those that there are from the beginning.
const OPEN_MAX: usize = KEYS + 3;

/// Clients that wait for lists at a time.
const BLOCKED_MAX: usize = 3;
