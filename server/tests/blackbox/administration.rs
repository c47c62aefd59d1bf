//! Passwords, clients, configuration and statistics: what takes effect, and what is said when it
//! cannot.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Answer, Client, FakeTarget, Reply, Server, wait_until};

#[test]
fn a_password_is_asked_for_and_connected_clients_stay() {
    let server = Server::keyferry(&[]);
    let mut early = server.client();
    assert!(early.cmd(&["AUTH", "x"]).is_error("ERR AUTH <password> called without any password"));
    assert_eq!(early.cmd(&["AUTH", "default", "x"]), Reply::ok());
    assert_eq!(early.cmd(&["CONFIG", "SET", "requirepass", "secret"]), Reply::ok());
    assert_eq!(early.cmd(&["PING"]), Reply::status("PONG"));

    let mut late = server.client();
    assert_eq!(late.cmd(&["PING"]), Reply::error("NOAUTH Authentication required."));
    assert!(late.cmd(&["HELLO", "2"]).is_error("NOAUTH HELLO must be called"));
    for wrong in [&["AUTH", "secre"][..], &["AUTH", "nobody", "secret"], &["AUTH", "default", ""]] {
        assert!(late.cmd(wrong).is_error("WRONGPASS "), "{wrong:?}");
    }
    assert_eq!(late.cmd(&["AUTH", "secret"]), Reply::ok());
    assert_eq!(late.cmd(&["PING"]), Reply::status("PONG"));
    assert_eq!(late.cmd(&["RESET"]), Reply::status("RESET"));
    assert!(late.cmd(&["PING"]).is_error("NOAUTH "));
    late.cmd(&["HELLO", "2", "AUTH", "default", "secret", "SETNAME", "late"]).into_array();
    assert_eq!(late.cmd(&["CLIENT", "GETNAME"]), Reply::bulk("late"));
}

#[test]
fn quit_answers_and_closes() {
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    client.send(&["QUIT"]);
    client.send(&["PING"]);
    assert_eq!(client.reply(), Reply::ok());
    assert!(client.is_closed_by_peer());
}

#[test]
fn the_port_changes_or_stays() {
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let taken_port = taken.local_addr().unwrap().port().to_string();
    let set = ["CONFIG", "SET", "timeout", "100", "port", &taken_port];
    assert_eq!(
        client.cmd(&set),
        Reply::error(
            "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on \
             this port. Check server logs."
        )
    );
    // All or nothing, and the old port is listened on as before.
    let timeout = client.cmd(&["CONFIG", "GET", "timeout"]).into_array();
    assert_eq!(timeout[1], Reply::bulk("0"));
    assert_eq!(server.client().cmd(&["PING"]), Reply::status("PONG"));

    drop(taken);
    assert_eq!(client.cmd(&["CONFIG", "SET", "port", &taken_port]), Reply::ok());
    let mut moved = Client::connect(taken_port.parse().unwrap());
    assert_eq!(moved.cmd(&["PING"]), Reply::status("PONG"));
    assert!(info(&mut moved, "server").contains(&format!("tcp_port:{taken_port}\r\n")));
}

#[test]
fn limits_change_for_connected_clients() {
    let server = Server::keyferry(&[]);
    let (mut client, mut other) = (server.client(), server.client());
    let large = vec![b'x'; 2 << 20];
    let set: [&[u8]; 3] = [b"SET", b"key", &large];
    assert_eq!(other.cmd(&set), Reply::ok());
    assert_eq!(client.cmd(&["CONFIG", "SET", "proto-max-bulk-len", "1mb"]), Reply::ok());
    other.send_raw(format!("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n${}\r\n", large.len()).as_bytes());
    assert_eq!(other.reply(), Reply::error("ERR Protocol error: invalid bulk length"));
}

#[test]
fn clients_are_listed_and_killed() {
    let server = Server::keyferry(&[]);
    let (mut client, mut victim) = (server.client(), server.client());
    assert_eq!(victim.cmd(&["CLIENT", "SETNAME", "victim"]), Reply::ok());
    assert_eq!(victim.cmd(&["CLIENT", "SETINFO", "lib-name", "test"]), Reply::ok());
    let id = victim.cmd(&["CLIENT", "ID"]).into_integer().to_string();
    let list = client.cmd(&["CLIENT", "LIST", "ID", &id]).into_bulk();
    let line = String::from_utf8(list).unwrap();
    assert!(line.starts_with(&format!("id={id} addr=127.0.0.1:")), "{line}");
    for field in [" name=victim ", " flags=N ", " db=0 ", " cmd=client|id ", " lib-name=test "] {
        assert!(line.contains(field), "{field} in {line}");
    }
    let own = client.cmd(&["CLIENT", "ID"]).into_integer().to_string();
    let both = client.cmd(&["CLIENT", "LIST", "ID", &id, &own]).into_bulk();
    assert_eq!(both.iter().filter(|&&byte| byte == b'\n').count(), 2);

    assert_eq!(client.cmd(&["CLIENT", "KILL", "ID", &id]), Reply::Integer(1));
    assert!(victim.is_closed_by_peer());
    assert_eq!(client.cmd(&["CLIENT", "KILL", "ID", &id]), Reply::Integer(0));

    let address = line.split(' ').find_map(|field| field.strip_prefix("addr=")).unwrap();
    let gone = client.cmd(&["CLIENT", "KILL", address]);
    assert_eq!(gone, Reply::error("ERR No such client"));
    // The caller is spared unless it asks not to be; then it still gets its answer.
    assert_eq!(client.cmd(&["CLIENT", "KILL", "TYPE", "normal"]), Reply::Integer(0));
    let all = ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"];
    assert_eq!(client.cmd(&all), Reply::Integer(1));
    assert!(client.is_closed_by_peer());
}

#[test]
fn killing_the_caller_of_a_migration_cancels_nothing() {
    let target = FakeTarget::scripted(|request| request.is_restore().then_some(Answer::Silence));
    let server = Server::keyferry(&[]);
    let (mut client, mut caller) = (server.client(), server.client());
    assert_eq!(client.cmd(&["SET", "key", "value"]), Reply::ok());
    let id = caller.cmd(&["CLIENT", "ID"]).into_integer().to_string();
    caller.send(&["MIGRATE", "127.0.0.1", &target.port().to_string(), "key", "0", "600"]);
    while !info(&mut client, "clients").contains("blocked_clients:1\r\n") {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(client.cmd(&["CLIENT", "KILL", "ID", &id]), Reply::Integer(1));
    assert!(caller.is_closed_by_peer());
    assert!(info(&mut client, "clients").contains("blocked_clients:0\r\n"));
    // The key is in doubt until the migration has ended by its timeout, and readable then.
    assert_eq!(client.cmd(&["GET", "key"]), Reply::bulk("value"));
}

#[test]
fn statistics_count_and_are_reset() {
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    client.cmd(&["CONFIG", "RESETSTAT"]);
    client.cmd(&["SET", "key", "value"]);
    client.cmd(&["GET", "key"]);
    client.cmd(&["GET", "nosuch"]);
    client.cmd(&["GET"]);
    client.cmd(&["RESTORE", "key", "0", "x"]);
    let all = info(&mut client, "all");
    for field in [
        "redis_version:7.2.4",
        "role:master",
        "keyspace_hits:1",
        "keyspace_misses:1",
        "total_error_replies:2",
        "errorstat_BUSYKEY:count=1",
        "errorstat_ERR:count=1",
        "db0:keys=1,expires=0,avg_ttl=0",
    ] {
        assert!(all.contains(&format!("{field}\r\n")), "{field} in {all}");
    }
    assert!(all.contains("cmdstat_get:calls=2,usec="), "{all}");
    assert!(all.contains(",rejected_calls=1,failed_calls=0\r\n"), "{all}");
    assert!(all.contains(",rejected_calls=0,failed_calls=1\r\n"), "{all}");
    client.cmd(&["CONFIG", "RESETSTAT"]);
    let all = info(&mut client, "everything");
    assert!(!all.contains("cmdstat_get") && !all.contains("errorstat_"), "{all}");
    assert_eq!(info(&mut client, "nosuch"), "");
}

#[test]
fn shutdown_ends_the_server_without_an_answer() {
    let mut server = Server::keyferry(&[]);
    let mut client = server.client();
    assert!(client.cmd(&["SHUTDOWN", "SAVE"]).is_error("ERR "));
    assert_eq!(client.cmd(&["SHUTDOWN", "SAVE", "NOSAVE"]), Reply::error("ERR syntax error"));
    assert_eq!(client.cmd(&["SHUTDOWN", "ABORT"]), Reply::error("ERR No shutdown in progress."));
    // What came before it is answered.
    client.send_raw(b"ECHO before\r\nSHUTDOWN NOSAVE NOW\r\nECHO after\r\n");
    assert_eq!(client.reply(), Reply::bulk("before"));
    assert!(client.is_closed_by_peer());
    let status = server.end_within(Duration::from_secs(5)).expect("the server ends");
    assert!(status.success());
}

#[test]
fn the_log_and_the_pidfile_are_where_the_configuration_says() {
    let folder = tempfile::TempDir::new().unwrap();
    let dir = folder.path().to_str().unwrap();
    let options = ["--dir", dir, "--logfile", "kf.log", "--pidfile", "kf.pid"];
    let mut server = Server::keyferry(&[&options[..], &["--loglevel", "warning"]].concat());
    let mut client = server.client();
    let pid = std::fs::read_to_string(folder.path().join("kf.pid")).unwrap();
    assert!(info(&mut client, "server").contains(&format!("process_id:{}\r\n", pid.trim())));
    client.cmd(&["CONFIG", "SET", "loglevel", "notice"]);
    client.send(&["SHUTDOWN"]);
    server.end_within(Duration::from_secs(5)).expect("the server ends");
    let log = std::fs::read_to_string(folder.path().join("kf.log")).unwrap();
    assert!(!log.contains("ready to accept") && log.contains("shutting down"), "{log}");
    assert!(!folder.path().join("kf.pid").exists());
}

fn info(client: &mut Client, section: &str) -> String {
    String::from_utf8(client.cmd(&["INFO", section]).into_bulk()).expect("text")
}

/// Whatever interval is accepted, clients are.
#[test]
fn any_keepalive_lets_clients_in() {
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    for seconds in ["1", "2", "3", "32768", "2147483647", "0", "300"] {
        assert_eq!(client.cmd(&["CONFIG", "SET", "tcp-keepalive", seconds]), Reply::ok());
        assert_eq!(server.client().cmd(&["PING"]), Reply::status("PONG"), "{seconds}");
    }
}

#[test]
fn a_password_that_is_taken_away_locks_nobody_out() {
    let server = Server::keyferry(&["--requirepass", "secret"]);
    let (mut admin, mut stranger) = (server.client(), server.client());
    assert!(stranger.cmd(&["GET", "key"]).is_error("NOAUTH"));
    admin.cmd(&["AUTH", "secret"]);
    assert_eq!(admin.cmd(&["CONFIG", "SET", "requirepass", ""]), Reply::ok());
    assert_eq!(stranger.cmd(&["GET", "key"]), Reply::Nil);
}

/// QUIT ends a connection when its replies are out; CLIENT KILL need not wait for that.
#[test]
fn a_client_that_is_leaving_can_be_killed() {
    let server = Server::keyferry(&[]);
    let (mut admin, mut leaving) = (server.client(), server.client());
    admin.cmd(&[b"SET".as_slice(), b"key", &vec![b'x'; 32 << 20]]);
    let id = leaving.cmd(&["CLIENT", "ID"]).into_integer().to_string();
    leaving.send(&["GET", "key"]);
    leaving.send(&["QUIT"]);
    assert!(admin.is_silent_for(Duration::from_millis(100)));
    assert_eq!(admin.cmd(&["CLIENT", "KILL", "ID", &id]), Reply::Integer(1));
    assert_eq!(admin.cmd(&["CLIENT", "LIST", "ID", &id]), Reply::bulk(""));
}

/// Keys that expire together go together, not ten thousand a second.
#[test]
fn masses_of_keys_expire_at_once() {
    const KEYS: usize = 100_000;

    // However many databases there are to be gone through.
    let server = Server::keyferry(&["--databases", "300"]);
    let mut client = server.client();
    for first in (0..KEYS).step_by(1000) {
        for number in first..first + 1000 {
            client.send(&["SET", &number.to_string(), "value", "PX", "1000"]);
        }
        (0..1000).for_each(|_| assert_eq!(client.reply(), Reply::ok()));
    }
    let start = Instant::now();
    while client.cmd(&["DBSIZE"]) != Reply::Integer(0) {
        assert!(start.elapsed() < Duration::from_secs(5), "expired keys are still there");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_request_over_the_query_buffer_limit_ends_the_connection() {
    let server = Server::keyferry(&["--client-query-buffer-limit", "1mb"]);
    let mut client = server.client();
    let argument = [b"$100000\r\n".as_slice(), &vec![b'x'; 100_000], b"\r\n"].concat();
    client.send_raw(b"*1000\r\n$3\r\nDEL\r\n");
    (0..40).for_each(|_| client.send_raw(&argument));
    assert!(client.is_closed_by_peer());
    assert_eq!(server.client().cmd(&["PING"]), Reply::status("PONG"));
}

#[test]
fn what_many_small_keys_took_is_given_back() {
    let server = Server::keyferry(&["--enable-debug-command", "local"]);
    let mut client = server.client();
    let mut resident = || -> u64 {
        let memory = info(&mut client, "memory");
        let field = memory.lines().find_map(|line| line.strip_prefix("used_memory_rss:"));
        field.expect("INFO tells it").parse().expect("a number")
    };
    let before = resident();
    let mut worker = server.client();
    worker.cmd(&["DEBUG", "POPULATE", "200000", "key", "100"]);
    let full = resident();
    for first in (0..200_000).step_by(1000) {
        let keys = (first..first + 1000).map(|number| format!("key:{number}"));
        let request: Vec<String> = ["DEL".to_owned()].into_iter().chain(keys).collect();
        assert_eq!(worker.cmd(&request), Reply::Integer(1000));
    }
    wait_until("most of the memory is given back", || resident() < before + (full - before) / 4);
}
