//! Commands that wait for keys: who is served, with what and in which order is as in Redis 7.0.15.

use std::time::{Duration, Instant};

use crate::script::{assert_alike, blocked, bulks, info_field, listed, play};
use crate::support::{Client, FakeTarget, Kind, Pair, Reply, Request, Server, wait_until};

const COMMANDS: [(&str, &str); 8] = [
    ("BLPOP", "key TIMEOUT"),
    ("BRPOP", "key TIMEOUT"),
    ("BLMOVE", "key other LEFT LEFT TIMEOUT"),
    ("BRPOPLPUSH", "key other TIMEOUT"),
    ("BLMPOP", "TIMEOUT 1 key LEFT"),
    ("BZPOPMIN", "key TIMEOUT"),
    ("BZPOPMAX", "key TIMEOUT"),
    ("BZMPOP", "TIMEOUT 1 key MIN"),
];

fn each_command(session: impl Fn(&str, &str) -> String) {
    let sessions = COMMANDS.map(|(name, rest)| session(name, rest));
    assert_alike(&sessions.join("\n"));
}

#[test]
fn timeouts_are_read_as_by_the_reference() {
    each_command(|name, rest| {
        let timeouts = ["x", "-1", "nan", "''", "0.001", "+0.001", "0x0.01p0", "1e-10", "-1e9"];
        let lines = timeouts.map(|it| format!("a {name} {}", rest.replace("TIMEOUT", it)));
        lines.join("\n")
    });
    assert_alike(
        "a BLMPOP x 0 key LEFT
        a BLMPOP x 1 key NOWHERE
        a BLMPOP 0.01 1 key LEFT COUNT 0
        a BLMPOP 0.01 2 key LEFT
        a BLMPOP -1 1 key LEFT COUNT 1 COUNT 1
        a BZMPOP x 0 key MIN
        a BZMPOP 0.01 1 key MIN COUNT 0
        a BLMOVE key other NOWHERE LEFT x
        a WAIT x 0
        a WAIT 0 x
        a WAIT 0 -1
        a WAIT 0 0
        a WAIT -1 0
        a WAIT 1 20",
    );
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    for timeout in ["inf", "1e400", "9223372036854776"] {
        let reply = client.cmd(&["BLPOP", "key", timeout]);
        assert_eq!(reply, Reply::error("ERR timeout is out of range"), "{timeout}");
    }
}

#[test]
fn what_is_there_is_had_at_once() {
    assert_alike(
        "a RPUSH list a b c d e f g
        a BLPOP none list 0
        a BRPOP list 0
        a BLMOVE list other LEFT RIGHT 0
        a BRPOPLPUSH list other 0
        a BLMPOP 0 2 none list LEFT COUNT 2
        a LRANGE other 0 -1
        a ZADD sorted 1 a 2 b 3.5 c 4 d 5 e
        a BZPOPMIN sorted 0
        a BZPOPMAX none sorted 0
        a BZMPOP 0 1 sorted MIN COUNT 2
        a SET string x
        a BLPOP none string 0
        a BLMOVE string other LEFT LEFT 0
        a BLMOVE list string LEFT LEFT 0
        a BZPOPMIN string 0
        a BLMPOP 0 1 string LEFT",
    );
}

#[test]
fn a_timeout_answers_in_its_time() {
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    for (name, rest) in COMMANDS {
        let rest = rest.replace("TIMEOUT", "0.05");
        let command: Vec<&str> = [name].into_iter().chain(rest.split(' ')).collect();
        let start = Instant::now();
        assert_eq!(client.cmd(&command), Reply::Nil, "{name}");
        let time = start.elapsed();
        assert!((50..500).contains(&time.as_millis()), "{name} took {time:?}");
    }
    let zero = Reply::Integer(0);
    let start = Instant::now();
    assert_eq!(client.cmd(&["WAIT", "1", "50"]), zero);
    assert_eq!(
        client.cmd(&["WAITAOF", "0", "1", "50"]),
        Reply::Array(vec![zero.clone(), zero.clone()])
    );
    assert!(start.elapsed() >= Duration::from_millis(100));
    assert_eq!(client.cmd(&["WAITAOF", "0", "0", "0"]), Reply::Array(vec![zero.clone(), zero]));
    for (args, error) in [
        (
            ["1", "0", "0"],
            "WAITAOF cannot be used when numlocal is set but appendonly is disabled.",
        ),
        (["2", "0", "0"], "value is out of range, value must between 0 and 1"),
        (["0", "-1", "0"], "value is out of range, must be positive"),
        (["0", "0", "-1"], "timeout is negative"),
    ] {
        let reply = client.cmd(&["WAITAOF", args[0], args[1], args[2]]);
        assert_eq!(reply, Reply::error(&format!("ERR {error}")));
    }
}

/// Every way in which a list or a sorted set can come.
#[test]
fn a_key_that_comes_wakes_who_waits_for_it() {
    for come in [
        "b LPUSH key x",
        "b RPUSH key x y",
        "b RPUSH spare x\nb RENAME spare key",
        "b RPUSH spare x\nb RENAMENX spare key",
        "b RPUSH spare x\nb COPY spare key",
        "b RPUSH spare x\nb LMOVE spare key LEFT LEFT",
        "b RPUSH spare x\nb RPOPLPUSH spare key",
        "b RPUSH spare 3 1 2\nb SORT spare STORE key",
        "b SELECT 1\nb RPUSH key x\nb SWAPDB 0 1",
        "b SELECT 1\nb RPUSH key x\nb MOVE key 0",
        "b SELECT 1\nb RPUSH key x\nb COPY key key DB 0",
        "b MULTI\nb LPUSH key x\nb DEL key\nb RPUSH key y\nb EXEC",
    ] {
        assert_alike(&format!("a> BLPOP none key 0\n{come}\na<\nb EXISTS key"));
    }
    for come in [
        "b ZADD key 1 x",
        "b ZINCRBY key 1 x",
        "b ZADD spare 2 x 1 y\nb ZUNIONSTORE key 1 spare",
        "b ZADD spare 2 x 1 y\nb ZINTERSTORE key 1 spare",
        "b ZADD spare 2 x 1 y\nb ZRANGESTORE key spare 0 -1",
        "b ZADD spare 2 x 1 y\nb RENAME spare key",
    ] {
        assert_alike(&format!("a> BZPOPMIN none key 0\n{come}\na<\nb EXISTS key"));
    }
    let server = Server::keyferry(&[]);
    let (mut waiting, mut other) = (server.client(), server.client());
    other.cmd(&["RPUSH", "spare", "x"]);
    let payload = other.cmd(&["DUMP", "spare"]).into_bulk();
    waiting.send(&["BLPOP", "key", "0"]);
    wait_for_blocked(&mut other, 1);
    assert_eq!(other.cmd(&[b"RESTORE", &b"key"[..], b"0", &payload]), Reply::ok());
    assert_eq!(waiting.reply(), bulks(&["key", "x"]));
}

/// Rule E6, at either end.
#[test]
fn a_key_that_is_moved_here_wakes_who_waits_for_it() {
    Pair::each(|pair| {
        if pair.target.kind() != Kind::Keyferry {
            return;
        }
        let mut waiting = pair.target.client();
        waiting.send(&["BLPOP", "key", "0"]);
        wait_for_blocked(&mut pair.to, 1);
        pair.from.cmd(&["RPUSH", "key", "x", "y"]);
        assert_eq!(pair.migrate("key", &[]), Reply::ok());
        assert_eq!(waiting.reply(), bulks(&["key", "x"]));
        assert_eq!(pair.to.cmd(&["LRANGE", "key", "0", "-1"]), bulks(&["y"]));
    });
}

#[test]
fn who_came_first_is_served_first() {
    assert_alike(
        "a> BLPOP key 0
        b> BRPOP other key 0
        c> BLMPOP 0 1 key LEFT COUNT 5
        d> BLPOP key 0
        e RPUSH key 1 2 3 4 5
        a<
        b<
        c<
        e EXISTS key
        e RPUSH key 6
        d<
        e EXISTS key",
    );
}

/// The key that became ready first, not the one that is named first.
#[test]
fn keys_are_served_in_the_order_in_which_they_came() {
    assert_alike(
        "a> BLPOP one two 0
        e MULTI
        e RPUSH two 2
        e RPUSH one 1
        e EXEC
        a<
        e LRANGE one 0 -1
        e EXISTS two",
    );
}

/// A value of another type that is gone by the end of the transaction was never there.
#[test]
fn a_transaction_is_seen_as_a_whole() {
    assert_alike(
        "a> BLPOP key 0
        e MULTI
        e SADD key x
        e DEL key
        e RPUSH key 1
        e LPUSH key 2
        e EXEC
        a<
        e LRANGE key 0 -1
        a> BLPOP key2 0
        e MULTI
        e RPUSH key2 1
        e DEL key2
        e EXEC
        e RPUSH key2 2
        a<",
    );
}

#[test]
fn a_value_of_another_type_wakes_nobody() {
    assert_alike(
        "a> BLPOP key 0
        b> BZPOPMIN key 0
        e SET key x
        e DEL key
        e ZADD key 1 m
        b<
        e SADD key m
        e DEL key
        e RPUSH key 1
        a<",
    );
}

#[test]
fn what_is_moved_serves_others() {
    assert_alike(
        "a> BLMOVE one two LEFT RIGHT 0
        b> BRPOPLPUSH two three 0
        c> BLPOP three 0
        e RPUSH one x
        a<
        b<
        c<
        e EXISTS one two three
        a> BLMOVE one one LEFT RIGHT 0
        b> BLPOP one 0
        e RPUSH one 1 2
        a<
        b<
        e LRANGE one 0 -1
        a> BLMOVE four target LEFT LEFT 0
        e MULTI
        e SET target string
        e RPUSH four 1
        e EXEC
        a<
        e LRANGE four 0 -1",
    );
}

#[test]
fn requests_that_follow_wait_too() {
    assert_alike(
        "a> BLPOP key 0
        a| SET after 1
        a| BLPOP key 0
        sleep 20
        e EXISTS after
        e RPUSH key 1
        a<
        a<
        e RPUSH key 2
        a<",
    );
}

#[test]
fn waits_can_be_ended_by_others() {
    assert_alike(
        "e CLIENT UNBLOCK x
        e CLIENT UNBLOCK 99999
        e CLIENT UNBLOCK 1 NEITHER
        e CLIENT UNBLOCK 1 TIMEOUT more
        e CLIENT UNBLOCK ID:e
        a> BLPOP key 0
        e CLIENT UNBLOCK ID:a
        a<
        a> BLMOVE key other LEFT LEFT 0
        e CLIENT UNBLOCK ID:a TIMEOUT
        a<
        a> BZMPOP 0 1 key MIN
        e CLIENT UNBLOCK ID:a error
        a<
        a> WAIT 1 0
        e CLIENT UNBLOCK ID:a
        a<
        a> BLPOP key 0
        e MULTI
        e CLIENT UNBLOCK ID:a
        e RPUSH key x
        e EXEC
        a<
        e LRANGE key 0 -1",
    );
}

#[test]
fn who_is_gone_gets_nothing() {
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    let mut gone = server.client();
    gone.send(&["BLPOP", "key", "0"]);
    wait_for_blocked(&mut client, 1);
    drop(gone);
    wait_for_blocked(&mut client, 0);
    assert_eq!(client.cmd(&["RPUSH", "key", "x"]), Reply::Integer(1));
    assert_eq!(client.cmd(&["DEL", "key"]), Reply::Integer(1));
    let mut killed = server.client();
    let id = killed.cmd(&["CLIENT", "ID"]).into_integer().to_string();
    killed.send(&["BLPOP", "key", "0"]);
    wait_for_blocked(&mut client, 1);
    // In one turn of the server's loop: the element is not for who was killed before it came.
    client.send(&["CLIENT", "KILL", "ID", &id]);
    client.send(&["RPUSH", "key", "x"]);
    client.send(&["LLEN", "key"]);
    for _ in 0..3 {
        assert_eq!(client.reply(), Reply::Integer(1));
    }
    assert!(killed.is_closed_by_peer());
}

#[test]
fn who_waits_is_not_idle_and_is_shown() {
    let server = Server::keyferry(&["--timeout", "1"]);
    let mut waiting = server.client();
    let id = waiting.cmd(&["CLIENT", "ID"]).into_integer();
    waiting.send(&["BLPOP", "key", "other", "60"]);
    std::thread::sleep(Duration::from_millis(1500));
    let mut client = server.client();
    assert_eq!(blocked(&mut client), 1);
    assert_eq!(info_field(&mut client, "clients", "clients_in_timeout_table"), 1);
    assert_eq!(info_field(&mut client, "clients", "total_blocking_keys"), 2);
    assert_eq!(listed(&mut client, id, "flags"), "b");
    assert_eq!(listed(&mut client, id, "cmd"), "blpop");
    client.cmd(&["RPUSH", "key", "x"]);
    assert_eq!(waiting.reply(), bulks(&["key", "x"]));
    assert_eq!(listed(&mut client, id, "flags"), "N");
    assert_eq!(info_field(&mut client, "clients", "total_blocking_keys"), 0);
}

/// Counted once, and told when it begins; SLOWLOG has it when it is served.
#[test]
fn waits_are_told_and_counted_as_by_redis() {
    let told = Kind::REFERENCE_AND_KEYFERRY.map(|kind| {
        let server = Server::start(kind, &["--slowlog-log-slower-than", "0"])?;
        play(
            &server,
            "a SLOWLOG RESET
            a> BLPOP key 0
            b RPUSH key x
            a<
            a BLPOP key 0.01
            a> BLMOVE key other LEFT LEFT 0
            b MULTI
            b SET other x
            b RPUSH key x
            b EXEC
            a<",
        );
        let mut client = server.client();
        let log = client.cmd(&["SLOWLOG", "GET", "-1"]).into_array().into_iter();
        let log = log.map(|entry| format!("{:?}", entry.into_array()[3]));
        let log: Vec<_> = log.filter(|it| !it.contains("INFO") && !it.contains("CLIENT")).collect();
        let stats = String::from_utf8(client.cmd(&["INFO", "commandstats"]).into_bulk());
        let stats = stats.expect("text");
        let mut counts: Vec<String> = stats
            .lines()
            .filter(|line| line.contains("_bl"))
            .map(|line| line.split(',').filter(|it| !it.contains("usec")).collect())
            .collect();
        counts.sort();
        Some((log, counts))
    });
    if let [Some(theirs), Some(ours)] = told {
        assert_eq!(ours, theirs);
    }
}

/// A push costs the same whether one client waits or a thousand do, for keys of their own.
#[test]
fn a_thousand_wait_for_keys_of_their_own() {
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    let mut waiting: Vec<Client> = (0..1000)
        .map(|nth| {
            let mut waiting = server.client();
            waiting.send(&["BLPOP", &format!("key:{nth}"), "other", "60"]);
            waiting
        })
        .collect();
    wait_for_blocked(&mut client, 1000);
    for (nth, waiting) in waiting.iter_mut().enumerate().rev().take(500) {
        client.cmd(&["RPUSH", &format!("key:{nth}"), "x"]);
        assert_eq!(waiting.reply(), bulks(&[&format!("key:{nth}"), "x"]));
    }
    wait_for_blocked(&mut client, 500);
    let elements: Vec<String> = (0..600).map(|nth| nth.to_string()).collect();
    let push = ["RPUSH", "other"].into_iter().chain(elements.iter().map(|it| &**it));
    client.cmd(&push.collect::<Vec<_>>());
    let mut had: Vec<u64> = waiting
        .iter_mut()
        .take(500)
        .map(|waiting| {
            let element = waiting.reply().into_array().pop().expect("a key and an element");
            let element = String::from_utf8(element.into_bulk()).expect("text");
            element.parse().expect("a number")
        })
        .collect();
    had.sort_unstable();
    assert!(had.into_iter().eq(0..500), "one for each, from the head");
    assert_eq!(client.cmd(&["LLEN", "other"]), Reply::Integer(100));
}

/// The list is being moved away: who wants its elements waits for its release, and no longer than
/// its timeout says.
#[test]
fn a_timeout_runs_while_the_key_is_being_moved() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::slow_to_restore(Duration::from_millis(600));
    let (mut client, mut caller) = (source.client(), source.client());
    client.cmd(&["RPUSH", "key", "x"]);
    caller.send(&["MIGRATE", "127.0.0.1", &target.port().to_string(), "key", "0", "5000"]);
    wait_until("a RESTORE arrives", || target.requests().iter().any(Request::is_restore));
    let (mut brief, mut patient) = (source.client(), source.client());
    let start = Instant::now();
    patient.send(&["BLPOP", "key", "30"]);
    assert_eq!(brief.cmd(&["BLMPOP", "0.1", "1", "key", "LEFT"]), Reply::Nil);
    let time = start.elapsed();
    assert!((100..400).contains(&time.as_millis()), "it took {time:?}");
    assert_eq!(caller.reply(), Reply::ok());
    // The list is gone, and who has waited for its release waits for another.
    assert_eq!(client.cmd(&["RPUSH", "key", "y"]), Reply::Integer(1));
    assert_eq!(patient.reply(), bulks(&["key", "y"]));
}

/// Who is served finds that the key it moves to is frozen: it goes on when that is released.
#[test]
fn who_is_served_may_have_to_wait_for_a_key_that_is_being_moved() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::slow_to_restore(Duration::from_millis(400));
    let (mut client, mut caller) = (source.client(), source.client());
    let (mut first, mut second) = (source.client(), source.client());
    client.cmd(&["RPUSH", "moving", "x"]);
    first.send(&["BLMOVE", "key", "moving", "LEFT", "LEFT", "30"]);
    wait_for_blocked(&mut client, 1);
    second.send(&["BLMOVE", "key", "moving", "LEFT", "LEFT", "0.2"]);
    wait_for_blocked(&mut client, 2);
    caller.send(&["MIGRATE", "127.0.0.1", &target.port().to_string(), "moving", "0", "5000"]);
    wait_until("a RESTORE arrives", || target.requests().iter().any(Request::is_restore));
    assert_eq!(client.cmd(&["RPUSH", "key", "y"]), Reply::Integer(1));
    assert_eq!(second.reply(), Reply::Nil, "its time is up while it waits for the key");
    assert_eq!(client.cmd(&["LLEN", "key"]), Reply::Integer(1));
    assert_eq!(caller.reply(), Reply::ok());
    assert_eq!(first.reply(), Reply::bulk("y"));
    assert_eq!(client.cmd(&["LRANGE", "moving", "0", "-1"]), bulks(&["y"]));
}

#[track_caller]
fn wait_for_blocked(client: &mut Client, count: u64) {
    wait_until("clients wait", || blocked(client) == count);
}
