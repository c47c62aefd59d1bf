//! A server starts as a whole or says in one line why not; it ends when it is told to.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::{Answer, FakeTarget, Reply, Server, end_within, keyferry_command};

const PATIENCE: Duration = Duration::from_secs(5);

/// Asserts that keyferry, started in `home`, ends with one line on stderr that has all of `parts`.
#[track_caller]
fn assert_refuses(home: &Path, args: &[&str], parts: &[&str]) {
    let (stdout, stderr) = (home.join("stdout"), home.join("stderr"));
    let mut command = keyferry_command();
    command.current_dir(home).args(args);
    command.stdout(fs::File::create(&stdout).expect("a file"));
    command.stderr(fs::File::create(&stderr).expect("a file"));
    let mut process = command.spawn().expect("keyferry starts");
    let status = end_within(&mut process, PATIENCE);
    if status.is_none() {
        process.kill().and_then(|()| process.wait().map(drop)).expect("a child can be killed");
    }
    let status = status.unwrap_or_else(|| panic!("{args:?}: it serves"));
    let said = fs::read_to_string(&stderr).expect("text");
    assert!(!status.success(), "{args:?}: {status}, and it said {said:?}");
    assert_eq!(said.trim_end().lines().count(), 1, "{args:?}: it said {said:?}");
    for part in parts {
        assert!(said.contains(part), "{args:?}: it said {said:?}, without {part:?}");
    }
    assert_eq!(fs::read_to_string(&stdout).expect("text"), "", "{args:?}");
}

#[test]
fn a_broken_file_is_refused_with_its_line() {
    let home = TempDir::new().expect("a folder");
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    drop(listener);
    for (directive, name) in [
        ("requirepas sesame", "requirepas"),
        ("PORT", "PORT"),
        ("port 1 2", "port"),
        ("port sixty", "port"),
        ("port 65536", "port"),
        ("timeout -1", "timeout"),
        ("appendonly maybe", "appendonly"),
        ("maxmemory 1xb", "maxmemory"),
        ("maxmemory-policy always-lru", "maxmemory-policy"),
        ("databases 0", "databases"),
        ("bind \"127.0.0.1", ""),
        ("no-such-directive", "no-such-directive"),
    ] {
        let text = format!("# a comment\nbind 127.0.0.1\n\nport {port}\n{directive}\n");
        fs::write(home.path().join("server.conf"), text).expect("a file");
        assert_refuses(home.path(), &["server.conf"], &["server.conf:5: ", name]);
        TcpListener::bind(("127.0.0.1", port)).expect("nothing listens on the port");
    }
}

#[test]
fn a_broken_option_is_refused_by_name() {
    let home = TempDir::new().expect("a folder");
    for (args, name) in [
        (["--port", "sixty"].as_slice(), "port"),
        (&["--port"], "port"),
        (&["--port", "0", "--no-such-option", "1"], "no-such-option"),
        (&["--port", "0", "--databases", "0"], "databases"),
        (&["--port", "1", "--bind", "300.0.0.1"], "300.0.0.1"),
    ] {
        assert_refuses(home.path(), args, &[name]);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let home = TempDir::new().expect("a folder");
    fs::create_dir(home.path().join("folder")).expect("a folder");
    for name in ["missing.conf", "folder", "missing/server.conf"] {
        assert_refuses(home.path(), &[name], &[name]);
    }
}

#[test]
fn a_port_in_use_is_named() {
    let home = TempDir::new().expect("a folder");
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port().to_string();
    assert_refuses(home.path(), &["--bind", "127.0.0.1", "--port", &port], &[&port]);
}

#[test]
fn a_file_and_options_add_up() {
    let home = TempDir::new().expect("a folder");
    let path = home.path().join("server.conf");
    fs::write(&path, "requirepass sesame\nmaxclients 100\ndatabases 3\n").expect("a file");
    let server = Server::keyferry_with_file(&path, &["--maxclients", "200"]);
    let mut client = server.client();
    assert!(client.cmd(&["PING"]).is_error("NOAUTH "));
    assert_eq!(client.cmd(&["AUTH", "sesame"]), Reply::ok());
    for (name, value) in [("maxclients", "200"), ("databases", "3")] {
        let pair = client.cmd(&["CONFIG", "GET", name]).into_array();
        assert_eq!(pair, [Reply::bulk(name), Reply::bulk(value)]);
    }
    assert_eq!(client.cmd(&["SELECT", "2"]), Reply::ok());
    assert!(client.cmd(&["SELECT", "3"]).is_error("ERR DB index is out of range"));
}

#[test]
fn signals_end_the_server_in_order() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::keyferry(&[]);
        let mut client = server.client();
        assert_eq!(client.cmd(&["PING"]), Reply::status("PONG"));
        server.signal(signal);
        let status = server.end_within(PATIENCE).expect("the server ends");
        assert_eq!(status.code(), Some(0), "{signal}: {status}");
        assert!(client.is_closed_by_peer(), "{signal}");
    }
}

#[test]
fn shutdown_ends_the_server_without_a_reply() {
    for args in [["SHUTDOWN"].as_slice(), &["SHUTDOWN", "NOSAVE"], &["shutdown", "nosave", "now"]] {
        let mut server = Server::keyferry(&[]);
        let mut client = server.client();
        client.send(args);
        let status = server.end_within(PATIENCE).expect("the server ends");
        assert_eq!(status.code(), Some(0), "{args:?}: {status}");
        assert!(client.is_closed_by_peer(), "{args:?}");
    }
}

/// A target that says nothing does not keep the server from ending.
#[test]
fn a_server_ends_while_it_waits_for_a_target() {
    let target = FakeTarget::scripted(|_| Some(Answer::Silence));
    let mut server = Server::keyferry(&[]);
    let mut client = server.client();
    client.cmd(&["SET", "key", "value"]);
    let port = target.port().to_string();
    client.send(&["MIGRATE", "127.0.0.1", &port, "key", "0", "60000"]);
    assert!(client.is_silent_for(Duration::from_millis(100)));
    server.signal("TERM");
    let status = server.end_within(PATIENCE).expect("the server ends");
    assert_eq!(status.code(), Some(0), "{status}");
}
