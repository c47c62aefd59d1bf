//! redis-cli and redis-benchmark of Redis 7.0.15 against keyferry.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::{Reply, Server, tool};

/// What a tool that ends well prints to standard output; it must print nothing to standard error.
#[track_caller]
fn run(mut command: Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("the tool starts");
    let mut stdin = process.stdin.take().expect("piped");
    stdin.write_all(input.as_bytes()).expect("the tool reads");
    drop(stdin);
    let output = process.wait_with_output().expect("a child");
    let stdout = String::from_utf8(output.stdout).expect("text");
    let stderr = String::from_utf8(output.stderr).expect("text");
    assert!(output.status.success() && stderr.is_empty(), "{command:?}: {stdout}{stderr}");
    stdout
}

/// redis-cli with `args`, or None where it is not installed.
#[track_caller]
fn cli(server: &Server, args: &[&str], input: &str) -> Option<String> {
    let mut command = tool("redis-cli")?;
    command.args(["-p", &server.port().to_string()]).args(args);
    Some(run(command, input))
}

#[test]
fn redis_cli_runs_commands_from_its_input() {
    let server = Server::keyferry(&[]);
    let input = "set key \"a value\"\nget key\nincr counter\nget missing\nnonsense\nexists key\n";
    // It asks for COMMAND first, for its hints.
    let Some(output) = cli(&server, &[], input) else { return };
    let expected = "OK\na value\n1\n\nERR unknown command 'nonsense', with args beginning with: \n";
    assert_eq!(output, format!("{expected}\n1\n"));
}

/// COMMAND DOCS: every command once, with its arguments.
#[test]
fn redis_cli_helps() {
    let server = Server::keyferry(&[]);
    let input = "help migrate\nhelp get\nhelp @string\nping\n";
    let Some(output) = cli(&server, &[], input) else { return };
    assert!(output.contains("host port key|\"\" destination-db timeout"), "{output}");
    // Once asked for by name, once in its group.
    assert_eq!(output.matches("mGET\u{1b}[0m \u{1b}[90mkey\u{1b}[0m").count(), 2, "{output}");
    assert!(output.ends_with("PONG\n"), "{output}");
}

#[test]
fn redis_cli_scans_every_key() {
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    let mut keys: Vec<String> = (0..1000).map(|number| format!("key:{number}")).collect();
    for key in &keys {
        client.send(&["SET", key, "value"]);
    }
    assert!(keys.iter().all(|_| client.reply() == Reply::ok()));
    keys.sort();
    let Some(output) = cli(&server, &["--scan"], "") else { return };
    let mut scanned: Vec<&str> = output.lines().collect();
    scanned.sort_unstable();
    assert_eq!(scanned, keys);
    let output = cli(&server, &["--scan", "--pattern", "key:99?"], "").expect("installed");
    assert_eq!(output.lines().count(), 10, "{output}");
}

#[test]
fn no_command_is_listed_twice() {
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    let names = client.cmd(&["COMMAND", "LIST"]).into_array();
    for (index, name) in names.iter().enumerate() {
        assert!(!names[..index].contains(name), "{name:?} is listed twice");
    }
}

#[test]
fn redis_cli_shows_info() {
    let server = Server::keyferry(&[]);
    let Some(output) = cli(&server, &["info"], "") else { return };
    for line in [
        "# Server",
        "redis_version:7.2.4",
        &format!("keyferry_version:{}", env!("CARGO_PKG_VERSION")),
        &format!("tcp_port:{}", server.port()),
    ] {
        assert!(output.lines().any(|shown| shown == line), "no {line} in:\n{output}");
    }
}

#[test]
fn redis_cli_selects_a_database() {
    let server = Server::keyferry(&[]);
    let Some(output) = cli(&server, &["-n", "3", "set", "key", "value"], "") else { return };
    assert_eq!(output, "OK\n");
    let mut client = server.client();
    assert_eq!(client.cmd(&["EXISTS", "key"]), Reply::Integer(0));
    assert_eq!(client.cmd(&["SELECT", "3"]), Reply::ok());
    assert_eq!(client.cmd(&["GET", "key"]), Reply::bulk("value"));
}

#[test]
fn redis_cli_logs_in() {
    let server = Server::keyferry(&["--requirepass", "sesame"]);
    let log_in = ["--no-auth-warning", "-a", "sesame", "ping"];
    let Some(output) = cli(&server, &log_in, "") else { return };
    assert_eq!(output, "PONG\n");
    let log_in = ["--no-auth-warning", "--user", "default", "--pass", "sesame", "ping"];
    assert_eq!(cli(&server, &log_in, "").expect("installed"), "PONG\n");
    let output = cli(&server, &["ping"], "").expect("installed");
    assert_eq!(output, "NOAUTH Authentication required.\n\n");
}

#[test]
fn redis_benchmark_runs_to_its_end() {
    let server = Server::keyferry(&[]);
    let Some(mut command) = tool("redis-benchmark") else { return };
    command.args(["-p", &server.port().to_string()]);
    command.args(["-t", "ping,set,get,incr,mset", "-n", "10000", "-P", "16", "-q"]);
    let output = run(command, "");
    let names = ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"];
    for name in names {
        let result = format!("{name}: ");
        assert!(output.contains(&result), "no result of {name}: {output}");
    }
    assert_eq!(output.matches("requests per second").count(), names.len(), "{output}");
    let mut client = server.client();
    assert_eq!(client.cmd(&["GET", "counter:__rand_int__"]), Reply::bulk("10000"));
}
