//! Clients that read and write keys beside the migrations, as far as the keyspace lets them.

use bytes::Bytes;
use keyspace::{AccessKind, Keyspace};

use crate::dice::Dice;
use crate::history::History;
use crate::value::{Tag, tag_of, tagged};

/// The tag of what a key holds.
pub(crate) fn held(keyspace: &Keyspace, key: &[u8], now_ms: i64) -> Option<Tag> {
    keyspace.database(0).peek(key, now_ms).map(|entry| tag_of(entry.value()))
}

/// The tag of what a client can read of a key.
pub(crate) fn readable(keyspace: &Keyspace, key: &[u8], now_ms: i64) -> Option<Tag> {
    let waits = keyspace.database(0).waits_for([key], AccessKind::Read).is_some();
    held(keyspace, key, now_ms).filter(|_| !waits)
}

/// Overwrites or removes a key, unless that has to wait. True if something happened.
pub(crate) fn write(
    keyspace: &mut Keyspace,
    key: &Bytes,
    history: &mut History,
    dice: &mut Dice,
    now_ms: i64,
) -> bool {
    if keyspace.database(0).waits_for([&key[..]], AccessKind::Write).is_some() {
        return false;
    }
    let old = held(keyspace, key, now_ms);
    if dice.one_in(4) {
        history.overwrite(old);
        return keyspace.database_mut(0).remove(key, now_ms);
    }
    let tag = history.write(key, old);
    let expire_at_ms = dice.one_in(3).then_some(now_ms + 1_000_000_000);
    keyspace.database_mut(0).insert(key, tagged(tag, dice), expire_at_ms);
    true
}
