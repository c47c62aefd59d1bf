//! The same answers as Redis 7.0 to the same files, options and commands.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt as _;

use super::peer::{self, Peer, Reply, Scratch, Stop};
use crate::config::error::{ConfigError, Fault, SetError};
use crate::config::table::{Access, PARAMS};
use crate::config::{Config, table};
use crate::glob;

/// Parameters that 7.0 does not have: those of 7.2, and our own.
const NEWER: [&str; 12] = [
    "aof-rewrite-cpulist",
    "bgsave-cpulist",
    "bio-cpulist",
    "cluster-announce-human-nodename",
    "dump-compression",
    "locale-collate",
    "migrate-compression",
    "migrate-max-bytes-per-second",
    "migrate-settle",
    "server-cpulist",
    "set-max-listpack-entries",
    "set-max-listpack-value",
];

/// What 7.0 lists and later versions hide.
const HIDDEN_SINCE: [&str; 1] = ["aof-disable-auto-gc"];

/// Values that fit, or do not, most types of parameters.
#[rustfmt::skip] // a line each would be pages
const VALUES: &[&str] = &[
    "", " ", "yes", "NO", "maybe", "local", "default", "0", "1", "2", "10", "64", "99", "100",
    "101", "511", "1000", "65535", "65536", "2147483647", "2147483648", "-2147483648", "-1", "-2",
    "-0", "+1", "01", " 1", "1 ", "1.5", "0x10", "777", "778", "9223372036854775807",
    "9223372036854775808", "18446744073709551615", "18446744073709551616", "1b", "100k", "64mb",
    "1GB", "1t", "1kB", "mb", "-1mb", "5%", "100%", "101%", "-5%", "%", "a/b", "a b", "a_b",
    "always", "EVERYSEC", "ip", "unknown-endpoint", "relative", "absolute", "optional", "panic",
    "debug", "Warning", "allkeys-lru", "swapdb", "clients", "resetchannels", "{title}", "{title",
    "{{title", "{x}", "{port}{tls-port} x",
];

/// Values for the parameters that have a form of their own.
const OWN_VALUES: &[(&str, &[&str])] = &[
    ("save", &["60 1", "60 1 30 2", "60", "0 1", "1 0", "1 -1", "+1 01", "60  1", "x 1"]),
    ("shutdown-on-sigterm", &["nosave force", "save nosave", "NOW save", "default save", "x now"]),
    ("shutdown-on-sigint", &["nosave force now", "default", "force force"]),
    (
        "client-output-buffer-limit",
        &[
            "normal 0 0 0",
            "replica 1mb 2mb 3",
            "SLAVE 1gb 2kb 30 pubsub 1mb 1mb 1",
            "master 1 1 1",
            "normal 1mb 1mb",
            "normal 1mb x 1",
            "pubsub 1mb 1mb -1",
            "replica 1 1 1 x 1 1 1",
        ],
    ),
    ("oom-score-adj-values", &["1 2 3", "1 2", "-2001 0 0", "0 0 2001", "x 0 0", "-5 +5 05"]),
    (
        "notify-keyspace-events",
        &["KEA", "AKE", "K$lg", "dtn", "mnKxe", "g$lshzxetd", "Kg$lshzxetdnm", "nA", "Kq"],
    ),
    (
        "latency-tracking-info-percentiles",
        &["50", "50 99.999", "0 100", "100.1", "-1", "x", "1.123456789", "0.00000001", "50  60"],
    ),
    ("proc-title-template", &["{title}}", "{TITLE}", "{{x}}", "{}"]),
    ("cluster-announce-hostname", &["a-b.C1", "a:b"]),
    ("dir", &["/", "/nowhere", "/dev/null", "/.."]),
    ("bind", &["1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"]),
];

/// Why a pair of parameter and value is not tried, if so.
fn reason_to_skip(name: &str, value: &str) -> Option<&'static str> {
    let number = value.parse::<u64>().ok();
    match name {
        "port" if number.is_some() => Some("the peer would really listen there"),
        "bind" if value.split(' ').count() <= 16 => Some("the peer would really listen there"),
        "tls-port" | "tls-cluster" | "tls-replication" => Some("the peer looks for certificates"),
        "activedefrag" => Some("depends on the allocator the peer was built with"),
        "loglevel" => Some("7.2 has one level more"),
        "maxclients" if number > Some(1000) => Some("depends on the limits of the system"),
        "maxmemory-clients" if value.starts_with(|c: char| c.is_ascii_digit()) => {
            Some("the peer would evict this client, or take a huge size for a percentage")
        }
        "save" if value == "1 " => Some("the peer takes the empty second word for a zero"),
        "latency-tracking-info-percentiles" if value == "0x10" => {
            Some("the peer reads hexadecimal fractions")
        }
        "oom-score-adj" | "oom-score-adj-values" if !is_root() => Some("needs privileges"),
        _ => None,
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn values_of(name: &str) -> impl Iterator<Item = &'static str> {
    let own = OWN_VALUES.iter().find(|(owner, _)| *owner == name);
    VALUES.iter().chain(own.into_iter().flat_map(|(_, values)| *values)).copied()
}

/// What the server would reply.
fn outcome(result: Result<Vec<&str>, SetError>) -> Reply {
    match result {
        Ok(_) => Reply::Status("OK".to_owned()),
        Err(error) => Reply::Error(format!("ERR {error}")),
    }
}

fn shown(config: &Config, pattern: &[u8]) -> BTreeMap<String, String> {
    let pairs = config.matching(&[pattern]);
    pairs.into_iter().map(|(name, value)| (name.to_owned(), printable(&value))).collect()
}

fn printable(value: &[u8]) -> String {
    value.escape_ascii().to_string()
}

fn shown_by(peer: &mut Peer, pattern: &[u8]) -> BTreeMap<String, String> {
    let pairs = peer.config(pattern).into_iter();
    pairs.map(|(name, value)| (name, printable(&value))).collect()
}

#[test]
fn parameters_and_defaults_are_those_of_the_peer() {
    let Some(mut peer) = Peer::start() else { return };
    let mut ours = shown(&Config::load(None, &peer.options).unwrap(), b"*");
    let mut theirs = shown_by(&mut peer, b"*");
    for name in NEWER {
        assert!(ours.remove(name).is_some() && !theirs.contains_key(name), "{name}");
    }
    for name in HIDDEN_SINCE {
        assert!(theirs.remove(name).is_some() && !ours.contains_key(name), "{name}");
    }
    assert_eq!(ours, theirs);

    for param in PARAMS.iter().filter(|param| param.hidden) {
        let name = param.name.as_bytes();
        assert_eq!(shown(&Config::default(), name), shown_by(&mut peer, name));
    }
}

#[test]
fn config_set_answers_like_the_peer() {
    let Some(mut peer) = Peer::start() else { return };
    let mut config = Config::load(None, &peer.options).unwrap();
    let mut different = String::new();
    let (mut tried, mut accepted) = (0, 0);
    for param in PARAMS.iter().flat_map(|param| param.spellings()) {
        // The watchdog is a signal that dumps the stack of the peer into its log.
        if NEWER.contains(&param) || param == "watchdog-period" {
            continue;
        }
        let name = param.as_bytes();
        let before = peer.config(name).remove(0).1;
        let values = values_of(param).filter(|value| reason_to_skip(param, value).is_none());
        for value in values {
            let pair = (name, value.as_bytes());
            let ours = outcome(config.set(&[pair]));
            let theirs = peer.call(&[b"CONFIG", b"SET", pair.0, pair.1]);
            let ours = (ours, shown(&config, name));
            let theirs = (theirs, shown_by(&mut peer, name));
            if ours != theirs {
                let _ = writeln!(different, "{param} {value:?}\n  {ours:?}\n  {theirs:?}");
            }
            tried += 1;
            if matches!(theirs.0, Reply::Status(_)) {
                accepted += 1;
                peer.call(&[b"CONFIG", b"SET", name, &before]);
                config.set(&[(name, &before)]).unwrap();
            }
        }
    }
    assert!(different.is_empty(), "{different}");
    // Both outcomes were seen, for about every parameter.
    assert!(accepted > PARAMS.len() && tried > 50 * PARAMS.len(), "{accepted} of {tried}");
}

#[test]
fn config_set_of_several_answers_like_the_peer() {
    let Some(mut peer) = Peer::start() else { return };
    let mut config = Config::load(None, &peer.options).unwrap();
    for command in [
        "timeout 5 maxmemory 1gb",
        "slave-priority 1 replica-priority 2",
        "replica-priority 3 SLAVE-PRIORITY x",
        "timeout 6 port x",
        "timeout x nonsense 1",
        "daemonize yes nonsense 1 other 2",
        "timeout 7 Timeout 8",
        "timeout 7 timeout 8 Daemonize yes",
        "Daemonize yes timeout 7 timeout 8",
        "timeout 9 tcp-keepalive 9 timeout 9",
        "timeout x tcp-keepalive y",
    ] {
        let words: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
        let theirs = peer.call(&[&[b"CONFIG" as &[u8], b"SET"], words.as_slice()].concat());
        let pairs: Vec<_> =
            words.as_chunks().0.iter().map(|[name, value]| (*name, *value)).collect();
        assert_eq!(outcome(config.set(&pairs)), theirs, "{command}");
        for name in ["timeout", "maxmemory", "replica-priority", "tcp-keepalive"] {
            let name = name.as_bytes();
            assert_eq!(shown(&config, name), shown_by(&mut peer, name), "{command}");
        }
    }
}

#[test]
fn files_and_options_stop_where_the_peer_stops() {
    let Some(binary) = peer::binary() else { return };
    let scratch = Scratch::new();
    let mut different = String::new();
    let mut compare = |text: &str, options: &[&str]| {
        let file = scratch.write("redis.conf", text);
        let mut theirs = peer::load(&binary, &file, options);
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        let ours = stop(Config::load(Some(&file), &options).unwrap_err());
        // We do not count options, and quote no line whose words are unclear.
        theirs.line = theirs.line.filter(|_| ours.line.is_some());
        theirs.name = theirs.name.filter(|_| ours.name.is_some());
        if ours != theirs {
            let _ = writeln!(different, "{text:?} {options:?}\n  {ours:?}\n  {theirs:?}");
        }
    };

    // A last directive that nobody knows ends the peer before it starts to serve.
    for line in LINES {
        compare(&format!("{line}\nnonsense\n"), &[]);
    }
    for param in PARAMS.iter().filter(|param| matches!(param.access, Access::Immutable)) {
        // One value in six is enough here: the types were tried with CONFIG SET.
        let some = values_of(param.name).step_by(6).filter(|value| !value.contains(' '));
        for value in some {
            compare(&format!("{} \"{value}\"\nnonsense\n", param.name), &[]);
        }
    }
    for options in OPTIONS {
        let options: Vec<&str> = options.split('|').collect();
        compare("", &[options.as_slice(), &["--nonsense"]].concat());
    }
    assert!(different.is_empty(), "{different}");
}

/// Lines of a file, valid and not.
#[rustfmt::skip] // a line each would be pages
const LINES: &[&str] = &[
    "", "# port x", "  port 7", "\tPORT\t7\t", "port", "port 7 8", "port \"\"", "port '7'",
    "port \"7", "port \"7\"8", "port 7\"\"", "requirepass a\"b c\"", "requirepass 'a\\'b'",
    "requirepass \"\\x41\\n\\\"\"", "requirepass a b", "requirepass", "requirepass ''",
    "dbfilename \"a\\x2fb\"", "dbfilename 'a\\x2fb'", "dbfilename a\\x2fb", "\"port\" 7", "save",
    "save \"\"", "save '900 1'", "save 900 1 300", "save 900 1 300 10", "save \"900  1\"", "bind",
    "bind ''", "bind 127.0.0.1 -::1", "bind 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17",
    "client-output-buffer-limit", "client-output-buffer-limit normal 1 2 3",
    "client-output-buffer-limit 'normal 1 2 3'", "client-output-buffer-limit normal 1 2",
    "oom-score-adj-values 1 2", "oom-score-adj-values '1 2 3'", "oom-score-adj-values",
    "notify-keyspace-events K E", "notify-keyspace-events ''", "notify-keyspace-events Kq",
    "latency-tracking-info-percentiles", "latency-tracking-info-percentiles 50 99",
    "latency-tracking-info-percentiles 50 x", "shutdown-on-sigint", "shutdown-on-sigint ''",
    "shutdown-on-sigterm nosave force", "shutdown-on-sigterm save nosave", "replicaof a 1",
    "replicaof a", "replicaof a 65536", "replicaof a -1", "replicaof no one", "slaveof a 1 2",
    "replicaof ''", "replicaof", "rename-command GET ''", "rename-command GET", "user",
    "loadmodule", "loadmodule /nowhere x", "user someone on", "include", "include /nowhere/*.conf",
    "nonsense 1", "list-max-ziplist-entries 1", "list-max-ziplist-value 1",
    "lua-replicate-commands yes", "lua-replicate-commands", "unixsocketperm 0700",
    "unixsocketperm 1000", "unixsocketperm 8", "dir /nowhere", "dir /dev/null", "dir /", "dir ''",
    "tls-port 7", "tls-protocols \"TLSv1.2\"", "cluster-enabled yes\nreplicaof a 1",
    "slave-priority 1\nreplica-priority x",
];

/// Arguments of the command line, valid and not, separated by bars.
#[rustfmt::skip] // a line each would be pages
const OPTIONS: &[&str] = &[
    "--port|7", "--port|x", "--PORT|x", "--port", "--port|7|8", "--port 7", "--port 7|8",
    "--port|--save", "--save|--port|x", "--save", "--save|", "--save||--port|x", "--save|900|1",
    "--save|900 1", "--save|900|--port|x", "--save 900 1|300", "--save|3600|1|300|100|--port|x",
    "--requirepass|--port|--port|x", "--requirepass||--port|x", "--bind|1|2|-::3|--port|x",
    "--bind 1|2|--port|x", "--dbfilename|a\\x2fb", "--dbfilename|a\"b", "--timeout|-1",
    "--maxmemory|1gb|--maxmemory|1x", "--notify-keyspace-events|KEA|--hz|x", "--x|1",
];

/// An error in the terms of the peer, for which options are lines too.
fn stop(error: ConfigError) -> Stop {
    const UNKNOWN: &str = "Bad directive or wrong number of arguments";

    let (line, name, text) = match error {
        ConfigError::Line { line, fault: Fault::Quotes, .. } => {
            (Some(line), None, "Unbalanced quotes in configuration line".to_owned())
        }
        ConfigError::Line { line, fault: Fault::Unknown { name }, .. } => {
            (Some(line), Some(name), UNKNOWN.to_owned())
        }
        ConfigError::Line { line, fault: Fault::Directive { name, cause }, .. } => {
            // Redis does not tell the two apart for what is no parameter.
            let unknown = table::find(&name).is_none();
            let text = if unknown { UNKNOWN.to_owned() } else { cause.to_string() };
            (Some(line), Some(name), text)
        }
        ConfigError::UnknownOption { name } => (None, Some(name), UNKNOWN.to_owned()),
        ConfigError::Option { name, cause } => (None, Some(name), cause.to_string()),
        other => panic!("{other}"),
    };
    let name = name.map(|name| String::from_utf8(name.to_ascii_lowercase()).unwrap());
    Stop { line, name, text }
}

#[test]
fn globs_match_like_the_peer() {
    let Some(mut peer) = Peer::start() else { return };
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let keys: Vec<Vec<u8>> = (0..150).map(|_| random.text(b"aAb^]-\\*", 5)).collect();
    for key in &keys {
        peer.call(&[b"SET", key, b"x"]);
    }
    for _ in 0..3000 {
        let pattern = random.text(b"aAb*?[]^-\\", 9);
        if pattern == b"*" {
            continue; // KEYS does not even look at the names.
        }
        let Reply::Array(theirs) = peer.call(&[b"KEYS", &pattern]) else { panic!() };
        let mut ours: Vec<_> = keys.iter().filter(|key| glob::matches(&pattern, key)).collect();
        ours.sort();
        ours.dedup();
        let mut theirs: Vec<_> = theirs
            .iter()
            .map(|reply| match reply {
                Reply::Bulk(key) => key,
                other => panic!("{other:?}"),
            })
            .collect();
        theirs.sort();
        assert_eq!(ours, theirs, "{}", printable(&pattern));
    }

    let config = Config::load(None, &peer.options).unwrap();
    for _ in 0..1000 {
        let mut pattern = random.text(b"aSE-t*?[]^\\", 6);
        pattern.extend(b"*");
        let mut ours = shown(&config, &pattern);
        ours.retain(|name, _| !NEWER.contains(&name.as_str()));
        let mut theirs = shown_by(&mut peer, &pattern);
        theirs.retain(|name, _| !HIDDEN_SINCE.contains(&name.as_str()));
        assert_eq!(ours, theirs, "{}", printable(&pattern));
    }
}

/// A xorshift generator: the same sequence in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound
    }

    fn text(&mut self, alphabet: &[u8], len_max: usize) -> Vec<u8> {
        (0..self.below(len_max + 1)).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }
}
