//! The slow log shows what that of Redis 7.0.15 shows, secrets hidden (rule M10), and a MIGRATE by
//! the time until its reply (rule E7).

use std::time::Duration;

use crate::support::{Client, FakeTarget, Kind, Peer, Reply, Server, migrate};

#[test]
fn commands_are_shown_as_in_redis() {
    let Some(target) = Server::peer(Peer::Redis70, &["--requirepass", "sesame"]) else { return };
    let port = target.port().to_string();
    let logged = Kind::REFERENCE_AND_KEYFERRY.map(|kind| {
        let server = Server::start(kind, &["--slowlog-log-slower-than", "0"])?;
        let mut client = server.client();
        client.cmd(&["CLIENT", "SETNAME", "me"]);
        target.client().cmd(&["AUTH", "sesame"]);
        let replies: Vec<_> = commands(&port).iter().map(|command| client.cmd(command)).collect();
        let entries = client.cmd(&["SLOWLOG", "GET", "-1"]).into_array();
        let len = client.cmd(&["SLOWLOG", "LEN"]).into_integer();
        assert_eq!(len as usize, entries.len() + 1, "{kind:?}");
        let entries = entries.into_iter();
        let shown: Vec<_> = entries.map(|entry| arguments_and_name(&mut client, entry)).collect();
        Some((replies, shown))
    });
    let [Some(theirs), Some(ours)] = logged else { return };
    for (ours, theirs) in ours.1.iter().zip(&theirs.1) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.1.len(), theirs.1.len());
    assert_eq!(ours.0, theirs.0);
}

/// Commands whose replies are the same everywhere. `port` is that of a Redis with a password.
pub(crate) fn commands(port: &str) -> Vec<Vec<Vec<u8>>> {
    let many = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>();
    let mut commands: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut add = |words: &[&[u8]]| commands.push(words.iter().map(|word| word.to_vec()).collect());
    add(&[b"SET", b"key", b"value"]);
    add(&[b"SET", b"a \"b\\\n\r\t\x07\x08\x00\xff", &[b'x'; 128]]);
    add(&[b"SET", b"long", &[b'x'; 129]]);
    add(&[b"GET", b"nosuch"]);
    for count in [31, 32, 100] {
        let keys = many(count);
        let words = [&b"MGET"[..]].into_iter().chain(keys.iter().map(|key| key.as_bytes()));
        add(&words.collect::<Vec<_>>());
    }
    let lines = [
        "SELECT 3",
        "ECHO three",
        "SELECT 0",
        "nosuch command",
        "GET",
        "CLIENT NOSUCH",
        "AUTH",
        "AUTH secret",
        "AUTH nobody secret",
        "AUTH a b c",
        "HELLO 2 AUTH nobody secret SETNAME x",
        "HELLO x AUTH nobody secret",
        "HELLO 9 AUTH nobody secret",
        "HELLO 2 BOGUS AUTH nobody secret",
        "HELLO 2 AUTH nobody",
        "CONFIG SET requirepass",
        "CONFIG SET masterauth secret masteruser somebody maxclients 100",
        "CONFIG SET nosuch x requirepass secret",
        "CONFIG SET REQUIREPASS secret nosuch x",
        "CONFIG SET requirepass secret port x",
        "RESTORE broken 0 x",
        "SLOWLOG GET x",
        "SLOWLOG GET -2",
        "SLOWLOG GET 1 2",
        "SLOWLOG NOSUCH",
        "SLOWLOG LEN x",
        "SLOWLOG HELP",
        "SLOWLOG",
        "MONITOR x",
        "MIGRATE 127.0.0.1 PORT key 0 5000",
        "MIGRATE 127.0.0.1 PORT key 0 5000 AUTH wrong",
        "MIGRATE 127.0.0.1 PORT key 0 5000 AUTH wrong auth sesame COPY REPLACE",
        "MIGRATE 127.0.0.1 PORT key 0 5000 auth2 default sesame COPY REPLACE",
        "MIGRATE 127.0.0.1 PORT key 0 5000 AUTH2 nobody wrong",
        "MIGRATE 127.0.0.1 PORT key 0 5000 BOGUS AUTH sesame",
        "MIGRATE 127.0.0.1 PORT key 0 5000 AUTH sesame BOGUS",
        "MIGRATE 127.0.0.1 PORT key 0 5000 AUTH",
        "MIGRATE 127.0.0.1 PORT key 0 5000 AUTH2 default",
        "MIGRATE 127.0.0.1 PORT nosuch 0 5000 AUTH sesame",
        "MIGRATE 127.0.0.1 PORT key 0 5000 KEYS AUTH sesame",
        "MIGRATE 127.0.0.1 PORT key 0 x AUTH sesame",
        "MIGRATE 127.0.0.1 PORT key",
        "MIGRATE 127.0.0.1 1 key 0 5000 AUTH sesame",
        "MIGRATE 127.0.0.1 PORT '' 0 5000 REPLACE AUTH sesame KEYS key long AUTH nosuch",
    ];
    for line in lines {
        let words = line.split(' ').map(|word| match word {
            "PORT" => port,
            "''" => "",
            word => word,
        });
        let words: Vec<_> = words.map(str::as_bytes).collect();
        add(&words);
    }
    commands
}

/// Of an entry, what does not differ from run to run; the rest is checked here.
#[track_caller]
fn arguments_and_name(client: &mut Client, entry: Reply) -> (Reply, Reply) {
    let entry = entry.into_array();
    let [id, seconds, microseconds, arguments, address, name] = &entry[..] else {
        panic!("six fields: {entry:?}")
    };
    assert!(id.clone().into_integer() >= 0);
    let now = client.cmd(&["TIME"]).into_array()[0].clone().into_bulk();
    let now: i64 = String::from_utf8(now).unwrap().parse().unwrap();
    assert!((now - 60..=now).contains(&seconds.clone().into_integer()), "{entry:?}");
    assert!((0..60_000_000).contains(&microseconds.clone().into_integer()), "{entry:?}");
    assert!(address.clone().into_bulk().starts_with(b"127.0.0.1:"), "{entry:?}");
    (arguments.clone(), name.clone())
}

#[test]
fn the_log_is_bounded_and_its_numbers_go_on() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &["--slowlog-log-slower-than", "-1"]) else {
            return;
        };
        let mut client = server.client();
        let ids = |client: &mut Client, count: &str| {
            let entries = client.cmd(&["SLOWLOG", "GET", count]).into_array().into_iter();
            entries.map(|entry| entry.into_array()[0].clone().into_integer()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&mut client, "-1"), [0; 0], "{kind:?}");
        client.cmd(&["CONFIG", "SET", "slowlog-max-len", "3"]);
        client.cmd(&["CONFIG", "SET", "slowlog-log-slower-than", "0"]);
        (0..5).for_each(|_| drop(client.cmd(&["PING"])));
        assert_eq!(ids(&mut client, "2"), [5, 4], "{kind:?}");
        assert_eq!(ids(&mut client, "10"), [6, 5, 4], "{kind:?}");
        assert_eq!(client.cmd(&["SLOWLOG", "RESET"]), Reply::ok(), "{kind:?}");
        assert_eq!(ids(&mut client, "0"), [0; 0], "{kind:?}");
        assert_eq!(ids(&mut client, "10"), [9, 8], "{kind:?}");
        client.cmd(&["CONFIG", "SET", "slowlog-log-slower-than", "1000000"]);
        client.cmd(&["SLOWLOG", "RESET"]);
        client.cmd(&["PING"]);
        assert_eq!(client.cmd(&["SLOWLOG", "LEN"]), Reply::Integer(0), "{kind:?}");
    }
}

/// E7: it has taken the time that its caller has waited, as if it had blocked the server.
#[test]
fn e7_a_migration_takes_until_its_reply() {
    let target = FakeTarget::slow_to_restore(Duration::from_millis(100));
    let server = Server::keyferry(&["--slowlog-log-slower-than", "50000"]);
    let mut client = server.client();
    client.cmd(&["CLIENT", "SETNAME", "mover"]);
    client.cmd(&["SET", "key", "value"]);
    assert_eq!(migrate(&mut client, target.port(), "key", &[]), Reply::ok());
    let entries = client.cmd(&["SLOWLOG", "GET"]).into_array();
    let [entry] = &entries[..] else { panic!("one command was slow: {entries:?}") };
    let entry = entry.clone().into_array();
    assert_eq!(entry[3].clone().into_array()[0], Reply::bulk("MIGRATE"));
    assert!(entry[2].clone().into_integer() >= 100_000, "{entry:?}");
    assert_eq!(entry[5], Reply::bulk("mover"));
}

#[test]
fn a_long_payload_is_shown_by_its_size() {
    let server = Server::keyferry(&["--slowlog-log-slower-than", "0"]);
    let (mut client, mut monitor) = (server.client(), server.client());
    assert_eq!(monitor.cmd(&["MONITOR"]), Reply::ok());
    client.cmd(&[b"RESTORE".as_slice(), b"key", b"0", &[b'x'; 100_000]]);
    let entry = client.cmd(&["SLOWLOG", "GET", "1"]).into_array()[0].clone().into_array();
    assert_eq!(entry[3].clone().into_array()[3], Reply::bulk("(100000 bytes)"));
    let Reply::Status(line) = monitor.reply() else { panic!("a status") };
    assert!(line.ends_with(br#" "RESTORE" "key" "0" "(100000 bytes)""#), "{}", line.escape_ascii());
}
