//! Commands on several keys or databases wait for a key that is being moved, and only for what they
//! do with it.

use std::time::Duration;

use crate::support::{Early, FakeTarget, Reply, Request, Server, wait_until};

const PAUSE: Duration = Duration::from_millis(400);

/// Long enough for a command that does not wait.
const BLINK: Duration = Duration::from_millis(40);

/// "key" of database 0 is in doubt. Each command of one database or the other waits for it.
#[test]
fn commands_wait_for_a_key_in_doubt_wherever_they_name_it() {
    const WAITING: [(&str, &[&str], &str); 9] = [
        ("0", &["COPY", "key", "copy"], ":0"),
        ("0", &["RENAME", "key", "renamed"], "-ERR no such key"),
        ("0", &["SORT", "ids", "GET", "k*"], ""),
        ("0", &["SORT_RO", "ids", "BY", "k*"], ""),
        ("0", &["DEBUG", "DIGEST-VALUE", "key"], ""),
        ("0", &["DEBUG", "DIGEST"], ""),
        ("0", &["SORT", "ids", "STORE", "key"], ":1"),
        ("1", &["COPY", "other", "key", "DB", "0", "REPLACE"], ":1"),
        ("1", &["MOVE", "key", "0"], ":0"),
    ];
    let source = Server::keyferry(&["--enable-debug-command", "yes"]);
    let target = FakeTarget::slow_to_restore(PAUSE);
    let mut client = source.client();
    client.cmd(&["RPUSH", "ids", "1"]);
    client.cmd(&["MSET", "key", "value", "free", "value"]);
    client.cmd(&["SELECT", "1"]);
    client.cmd(&["MSET", "key", "value", "other", "value"]);
    let mut caller = source.client();
    caller.send(&["MIGRATE", "127.0.0.1", &target.port().to_string(), "key", "0", "5000"]);
    wait_until("a RESTORE arrives", || target.requests().iter().any(Request::is_restore));

    let mut waiting = WAITING.map(|(db, command, reply)| {
        let mut client = source.client();
        client.cmd(&["SELECT", db]);
        client.send(command);
        (client, command, reply)
    });
    // What only reads or writes other keys goes on.
    assert_eq!(client.cmd(&["COPY", "key", "copy"]), Reply::Integer(1));
    client.cmd(&["SELECT", "0"]);
    assert_eq!(client.cmd(&["COPY", "free", "copy", "DB", "2"]), Reply::Integer(1));
    assert_eq!(client.cmd(&["SORT", "ids", "BY", "nosort", "GET", "#"]).into_array().len(), 1);
    for (client, command, _) in &mut waiting {
        assert!(client.is_silent_for(BLINK / 4), "{command:?} did not wait");
    }
    assert_eq!(caller.reply(), Reply::ok());
    for (mut client, command, reply) in waiting {
        let got = client.reply();
        assert!(reply.is_empty() || got == Reply::line(reply), "{command:?}: {got:?}");
    }
}

/// A key that leaves, but cannot be at the target yet, is read and copied as before.
#[test]
fn a_frozen_key_is_copied_without_a_wait() {
    const VALUE_BYTES: usize = 32 << 20;

    let source = Server::keyferry(&[]);
    let early = Early { trigger: b"RESTORE", say: b"", pause: 3 * PAUSE };
    let target = FakeTarget::hasty(early, |_| None);
    let (mut client, mut writer) = (source.client(), source.client());
    client.cmd(&[b"SET".as_slice(), b"key", &vec![b'x'; VALUE_BYTES]]);
    // A value that shrinks to nothing on its way would fit into the buffers.
    client.cmd(&["CONFIG", "SET", "rdbcompression", "no"]);
    let mut caller = source.client();
    caller.send(&["MIGRATE", "127.0.0.1", &target.port().to_string(), "key", "0", "5000"]);
    wait_until("the key is frozen", || {
        writer.send(&["PERSIST", "key"]);
        let waits = writer.is_silent_for(BLINK);
        if !waits {
            writer.reply();
        }
        waits
    });
    assert_eq!(client.cmd(&["COPY", "key", "copy"]), Reply::Integer(1));
    assert_eq!(client.cmd(&["STRLEN", "copy"]), Reply::Integer(VALUE_BYTES as i64));
    client.send(&["COPY", "copy", "key", "REPLACE"]);
    assert!(client.is_silent_for(BLINK), "a frozen key was overwritten");
    assert_eq!(caller.reply(), Reply::ok());
    assert_eq!(writer.reply(), Reply::Integer(0));
    assert_eq!(client.reply(), Reply::Integer(1));
}
