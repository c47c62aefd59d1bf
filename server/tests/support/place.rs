//! Where a key is after a MIGRATE, and whether the reply has said so.

use super::client::{Client, Reply};

/// On which side a key can be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Where {
    Source,
    Target,
    Both,
    Neither,
}

impl Where {
    #[track_caller]
    pub(crate) fn is(source: &mut Client, target: &mut Client, key: impl AsRef<[u8]>) -> Self {
        let has = |client: &mut Client| client.cmd(&[b"EXISTS", key.as_ref()]).into_integer() == 1;
        Self::of(has(source), has(target))
    }

    pub(crate) fn of(on_source: bool, on_target: bool) -> Self {
        match (on_source, on_target) {
            (true, false) => Self::Source,
            (false, true) => Self::Target,
            (true, true) => Self::Both,
            (false, false) => Self::Neither,
        }
    }
}

#[track_caller]
pub(crate) fn assert_at(
    source: &mut Client,
    target: &mut Client,
    key: impl AsRef<[u8]>,
    place: Where,
) {
    let key = key.as_ref();
    assert_eq!(Where::is(source, target, key), place, "of key \"{}\"", key.escape_ascii());
}

/// Asserts that a reply to a MIGRATE without COPY says where its keys are. None is lost; OK: all
/// have moved; ERR: each is on one side, and not all have moved; IOERR: not all have moved, and
/// those that have not may be on both sides.
#[track_caller]
pub(crate) fn assert_reply_is_true(reply: &Reply, places: &[Where], context: &str) {
    let all_moved = places.iter().all(|place| *place == Where::Target);
    let is_true = match reply {
        Reply::Status(text) if text == b"OK" => all_moved,
        reply if reply.is_error("ERR ") => !all_moved && !places.contains(&Where::Both),
        reply if reply.is_error("IOERR ") => !all_moved,
        _ => false,
    };
    assert!(
        is_true && !places.contains(&Where::Neither),
        "{context}: the reply is {reply:?} and the keys are at {places:?}"
    );
}

/// `MIGRATE 127.0.0.1 port key 0 5000`, with `options` added.
#[track_caller]
pub(crate) fn migrate(
    source: &mut Client,
    port: u16,
    key: impl AsRef<[u8]>,
    options: &[&str],
) -> Reply {
    let port = port.to_string();
    let mut args =
        vec![&b"MIGRATE"[..], b"127.0.0.1", port.as_bytes(), key.as_ref(), b"0", b"5000"];
    args.extend(options.iter().map(|option| option.as_bytes()));
    source.cmd(&args)
}
