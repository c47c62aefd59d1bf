//! Migrations as an operator sees them: counted as Redis counts them (rule E7), listed, called off,
//! and held to a rate.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use super::slow_log::commands;
use crate::support::{
    Answer, Client, FakeTarget, Kind, Peer, Reply, Server, Where, assert_at, migrate,
};

#[test]
fn e7_calls_failures_and_errors_are_counted_as_by_redis() {
    let Some(target) = Server::peer(Peer::Redis70, &["--requirepass", "sesame"]) else { return };
    let port = target.port().to_string();
    let counted = Kind::REFERENCE_AND_KEYFERRY.map(|kind| {
        let server = Server::start(kind, &[])?;
        let mut client = server.client();
        client.cmd(&["CONFIG", "RESETSTAT"]);
        for command in commands(&port) {
            client.cmd(&command);
        }
        let mut broken = server.client();
        broken.send_raw(b"*1\r\n$x\r\n");
        assert!(broken.reply().is_error("ERR Protocol error"), "{kind:?}");
        let stats = fields(&mut client, "commandstats");
        let calls: BTreeMap<_, _> =
            stats.iter().map(|(name, it)| (name.clone(), counts(it))).collect();
        let errors = fields(&mut client, "errorstats");
        assert_eq!(client.cmd(&["CONFIG", "RESETSTAT"]), Reply::ok());
        let left = fields(&mut client, "commandstats");
        assert_eq!(left.keys().collect::<Vec<_>>(), ["cmdstat_config|resetstat"], "{kind:?}");
        assert!(fields(&mut client, "errorstats").is_empty(), "{kind:?}");
        Some((calls, errors))
    });
    let [Some(theirs), Some(ours)] = counted else { return };
    assert_eq!(ours, theirs);
    assert_eq!(theirs.1["errorstat_IOERR"], "count=1");
    let migrate = &theirs.0["cmdstat_migrate"];
    assert!(migrate.starts_with("calls=14,rejected_calls=1,failed_calls="), "{migrate}");
}

/// Of the statistics of a command, those that do not depend on time; the others are checked here.
#[track_caller]
fn counts(stats: &str) -> String {
    let fields: Vec<_> = stats.split(',').collect();
    let [calls, usec, each, rejected, failed] = fields[..] else { panic!("{stats}") };
    let number = |field: &str, name: &str| -> f64 {
        field.strip_prefix(name).unwrap_or_else(|| panic!("{stats}")).parse().expect("a number")
    };
    let (count, usec) = (number(calls, "calls="), number(usec, "usec="));
    let mean = if count > 0.0 { usec / count } else { 0.0 };
    assert!((number(each, "usec_per_call=") - mean).abs() < 0.01, "{stats}");
    [calls, rejected, failed].join(",")
}

fn fields(client: &mut Client, section: &str) -> BTreeMap<String, String> {
    let text = String::from_utf8(client.cmd(&["INFO", section]).into_bulk()).expect("text");
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn a_migration_is_listed_and_called_off() {
    let target = FakeTarget::scripted(|request| request.is_restore().then_some(Answer::Silence));
    let server = Server::keyferry(&[]);
    let (mut client, mut caller, mut parked) = (server.client(), server.client(), server.client());
    client.cmd(&["SET", "key", "value"]);
    assert_eq!(client.cmd(&["KEYFERRY", "MIGRATIONS"]), Reply::Array(Vec::new()));
    let port = target.port().to_string();
    caller.send(&["MIGRATE", "127.0.0.1", &port, "key", "3", "600000"]);
    wait_for(&mut client, "migrate_keys_in_doubt", "1");
    parked.send(&["SET", "key", "other"]);
    wait_for(&mut client, "migrate_parked_clients", "1");
    let info = fields(&mut client, "migrate");
    assert_eq!(info["migrate_sessions"], "1");
    assert_eq!(info["migrate_keys_moved"], "0");
    assert!(fields(&mut client, "everything").contains_key("migrate_sessions"));

    let migrations = client.cmd(&["KEYFERRY", "MIGRATIONS"]).into_array();
    let [migration] = &migrations[..] else { panic!("one: {migrations:?}") };
    let fields_of = migration.clone().into_array();
    let names: Vec<_> = fields_of.iter().step_by(2).cloned().collect();
    let expected = [
        "id",
        "target",
        "db",
        "keys-done",
        "keys-total",
        "keys-in-doubt",
        "bytes-sent",
        "key-bytes-done",
        "key-bytes-total",
        "bytes-per-second",
        "eta-ms",
        "settling",
    ];
    assert_eq!(names, expected.map(Reply::bulk));
    let value =
        |name| fields_of[2 * expected.iter().position(|it| *it == name).unwrap() + 1].clone();
    assert_eq!(value("target"), Reply::bulk(format!("127.0.0.1:{port}")));
    for (name, number) in [("db", 3), ("keys-done", 0), ("keys-total", 1), ("keys-in-doubt", 1)] {
        assert_eq!(value(name), Reply::Integer(number), "{name}");
    }
    assert_eq!(value("settling"), Reply::Integer(0));

    let id = value("id").into_integer();
    let mut cancel = |id: &str| client.cmd(&["KEYFERRY", "CANCEL", id]);
    assert_eq!(cancel(&(id + 1).to_string()), Reply::Integer(0));
    for wrong in ["x", "-1", "", "99999999999999999999"] {
        assert_eq!(cancel(wrong), Reply::error("ERR Invalid migration ID"), "{wrong}");
    }
    thread::sleep(Duration::from_millis(20));
    assert_eq!(cancel(&id.to_string()), Reply::Integer(1));
    // The RESTORE has left: nobody knows whether the target has the key.
    assert!(caller.reply().is_error("IOERR "));
    assert_eq!(parked.reply(), Reply::ok());
    assert_eq!(cancel(&id.to_string()), Reply::Integer(0));
    assert_eq!(client.cmd(&["GET", "key"]), Reply::bulk("other"));

    let info = fields(&mut client, "migrate");
    let park: u64 = info["migrate_longest_park_ms"].parse().expect("milliseconds");
    assert!((20..10_000).contains(&park), "{park}");
    for (name, value) in [
        ("migrate_sessions", "0"),
        ("migrate_keys_in_doubt", "0"),
        ("migrate_parked_clients", "0"),
        ("migrate_settled_unknown", "1"),
    ] {
        assert_eq!(info[name], value, "{name}");
    }
    client.cmd(&["CONFIG", "RESETSTAT"]);
    let info = fields(&mut client, "migrate");
    for name in ["migrate_longest_park_ms", "migrate_settled_unknown", "migrate_bytes_sent"] {
        assert_eq!(info[name], "0", "{name}");
    }
}

#[test]
fn the_command_tells_its_subcommands() {
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    assert!(client.cmd(&["KEYFERRY"]).is_error("ERR wrong number of arguments for 'keyferry'"));
    let help = client.cmd(&["KEYFERRY", "HELP"]).into_array();
    assert!(help.contains(&Reply::status("CANCEL <id>")), "{help:?}");
    let unknown = "ERR unknown subcommand 'NOSUCH'. Try KEYFERRY HELP.";
    assert_eq!(client.cmd(&["KEYFERRY", "NOSUCH"]), Reply::error(unknown));
    let admin = client.cmd(&["COMMAND", "LIST", "FILTERBY", "ACLCAT", "dangerous"]).into_array();
    for name in ["keyferry|cancel", "keyferry|migrations"] {
        assert!(admin.contains(&Reply::bulk(name)), "{name}");
    }
}

/// Two seconds' worth of a value, at an idle timeout of 50 ms: only the target is waited for.
#[test]
fn the_rate_is_kept_to() {
    let Some(target) = Server::peer(Peer::Redis70, &[]) else { return };
    let server = Server::keyferry(&["--migrate-max-bytes-per-second", "10kb"]);
    let (mut from, mut to) = (server.client(), target.client());
    let value = noise(2 << 20);
    for key in [b"slow", b"fast"] {
        from.cmd(&[b"SET".as_slice(), key, &value]);
    }
    let set = ["CONFIG", "SET", "migrate-max-bytes-per-second", "1mb"];
    assert_eq!(from.cmd(&set), Reply::ok());
    let get = ["CONFIG", "GET", "migrate-max-bytes-per-second"];
    assert_eq!(from.cmd(&get).into_array()[1], Reply::bulk("1048576"));
    let start = Instant::now();
    let port = target.port().to_string();
    let mut other = server.client();
    from.send(&["MIGRATE", "127.0.0.1", &port, "slow", "0", "1000"]);
    thread::sleep(Duration::from_millis(1000));
    let migrations = other.cmd(&["KEYFERRY", "MIGRATIONS"]).into_array();
    let fields = migrations[0].clone().into_array();
    let rate = fields[19].clone().into_integer();
    assert!((500_000..1_500_000).contains(&rate), "{fields:?}");
    let eta = fields[21].clone().into_integer();
    assert!((200..3000).contains(&eta), "{fields:?}");
    assert_eq!(from.reply(), Reply::ok());
    let seconds = start.elapsed().as_secs_f64();
    assert!((1.7..4.0).contains(&seconds), "{seconds} s");
    assert_at(&mut from, &mut to, "slow", Where::Target);

    from.cmd(&["CONFIG", "SET", "migrate-max-bytes-per-second", "0"]);
    let start = Instant::now();
    assert_eq!(migrate(&mut from, target.port(), "fast", &[]), Reply::ok());
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

/// The end is not ambiguous: the last byte has not left.
#[test]
fn what_is_called_off_before_its_end_is_only_here() {
    let Some(target) = Server::peer(Peer::Redis70, &[]) else { return };
    let server = Server::keyferry(&["--migrate-max-bytes-per-second", "100kb"]);
    let (mut client, mut from, mut to) = (server.client(), server.client(), target.client());
    from.cmd(&[b"SET".as_slice(), b"key", &noise(4 << 20)]);
    let port = target.port().to_string();
    from.send(&["MIGRATE", "127.0.0.1", &port, "key", "0", "1000"]);
    wait_for(&mut client, "migrate_sessions", "1");
    thread::sleep(Duration::from_millis(100));
    let migrations = client.cmd(&["KEYFERRY", "MIGRATIONS"]).into_array();
    let id = migrations[0].clone().into_array()[1].clone().into_integer().to_string();
    assert_eq!(client.cmd(&["KEYFERRY", "CANCEL", &id]), Reply::Integer(1));
    let cancelled = "ERR Migration cancelled, keys not acknowledged stay";
    assert_eq!(from.reply(), Reply::error(cancelled));
    assert_at(&mut from, &mut to, "key", Where::Source);
}

/// Bytes that do not compress.
fn noise(len: u64) -> Vec<u8> {
    (0..len).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u8).collect()
}

#[track_caller]
fn wait_for(client: &mut Client, field: &str, value: &str) {
    let start = Instant::now();
    while fields(client, "migrate")[field] != value {
        assert!(start.elapsed() < Duration::from_secs(10), "{field} does not become {value}");
        thread::sleep(Duration::from_millis(2));
    }
}
