//! Tests of the configuration: what a file and options come to, and what is said about faults.

mod differential;
mod peer;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::Config;
use super::table::PARAMS;
use peer::Scratch;

fn options(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

fn shown(config: &Config, name: &str) -> String {
    match config.matching(&[name]).as_slice() {
        [(_, value)] => String::from_utf8(value.clone()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn fault(file: &Path, line: &str) -> String {
    let line = if line.is_empty() { Vec::new() } else { options(line) };
    let message = Config::load(Some(file), &line).unwrap_err().to_string();
    message.replace(&format!("{}/", file.parent().unwrap().display()), "")
}

#[test]
fn rows_are_sound() {
    let mut names = BTreeSet::new();
    for param in PARAMS {
        for name in param.spellings() {
            assert_eq!(name, name.to_lowercase());
            assert!(names.insert(name), "{name} is there twice");
        }
        let default = param.default_value();
        let shown = default.to_text();
        // A value is shown in a form that is read as the same value.
        if param.name != "replicaof" {
            assert_eq!(param.parse(&param.split(&shown), &default), Ok(default), "{}", param.name);
        }
    }
}

#[test]
fn defaults_of_what_has_an_effect() {
    let config = Config::load(None, &[]).unwrap();
    assert_eq!(config.port(), 6379);
    assert_eq!(config.bind(), ["*", "-::*"]);
    assert_eq!(config.requirepass(), None);
    assert_eq!(config.databases(), 16);
    assert_eq!(config.timeout(), None);
    assert_eq!(config.tcp_backlog(), 511);
    assert_eq!(config.tcp_keepalive(), Some(Duration::from_secs(300)));
    assert_eq!(config.maxclients(), 10_000);
    assert_eq!(config.proto_max_bulk_len(), 512 << 20);
    assert_eq!(config.hz(), 10);
    assert_eq!(config.maxmemory_policy(), "noeviction");
    assert_eq!(config.loglevel(), "notice");
    assert_eq!((config.logfile(), config.pidfile(), config.config_file()), (None, None, None));
    assert_eq!(config.dir(), std::env::current_dir().unwrap().canonicalize().unwrap());
}

#[test]
fn a_bulk_is_never_too_long_for_a_key() {
    let config = Config::load(None, &options("--proto-max-bulk-len 8gb")).unwrap();
    assert_eq!(shown(&config, "proto-max-bulk-len"), (8_u64 << 30).to_string());
    assert_eq!(config.proto_max_bulk_len(), (2 << 30) - (1 << 20));
}

#[test]
fn options_override_the_file_and_later_lines_earlier_ones() {
    let scratch = Scratch::new();
    let file =
        scratch.write("redis.conf", "port 1\ntimeout 2\n# port 3\nslave-priority 4\nport 5\n");
    let config = Config::load(Some(&file), &options("--timeout 6 --bind 127.0.0.1 -::1")).unwrap();
    assert_eq!((config.port(), config.timeout()), (5, Some(Duration::from_secs(6))));
    assert_eq!(shown(&config, "replica-priority"), "4");
    assert_eq!(config.bind(), ["127.0.0.1", "-::1"]);
    assert_eq!(config.config_file(), Some(file.as_path()));
}

/// Redis 7.0.15 shows the same for the same files and options.
#[test]
fn save_points_add_up_until_an_empty_one() {
    let scratch = Scratch::new();
    let file = scratch.write("redis.conf", "save 900 1\nsave 300 10 60 100\n");
    let save = |line: &str| {
        let line: Vec<_> = line.split('/').skip(1).map(str::to_owned).collect();
        shown(&Config::load(Some(&file), &line).unwrap(), "save")
    };
    assert_eq!(save(""), "900 1 300 10 60 100");
    assert_eq!(save("/--save/30/2"), "900 1 300 10 60 100 30 2");
    assert_eq!(save("/--save//--save/30/2"), "30 2");
    assert_eq!(save("/--save/"), "");
    assert_eq!(shown(&Config::load(None, &options("--save 30 2")).unwrap(), "save"), "30 2");
}

#[test]
fn included_files_are_read_in_place_and_in_order() {
    let scratch = Scratch::new();
    scratch.write("b.part", "timeout 2\nport 2\n");
    scratch.write("a.part", "timeout 1\nhz 1\n");
    scratch.write(".c.part", "timeout 3\n");
    let text =
        format!("dir {}\ninclude [a-c].part\ninclude *.none\nport 7\n", scratch.path().display());
    let config = Config::load(Some(&scratch.write("redis.conf", text)), &[]).unwrap();
    assert_eq!((config.port(), config.hz()), (7, 1));
    assert_eq!(config.timeout(), Some(Duration::from_secs(2)));
}

#[test]
fn directives_without_effect_are_accepted_and_told() {
    let scratch = Scratch::new();
    let text = "user a on '>x y'\nrename-command FLUSHALL \"\"\nloadmodule /m.so 1 2\n";
    let config = Config::load(Some(&scratch.write("redis.conf", text)), &[]).unwrap();
    assert_eq!(config.idle_directives(), ["user", "rename-command", "loadmodule"]);
}

#[test]
fn faults_name_file_line_directive_and_cause() {
    let scratch = Scratch::new();
    let said = |text: &str| fault(&scratch.write("redis.conf", text), "");
    assert_eq!(
        said("\n\nport 65536\n"),
        "redis.conf:3: port: argument must be between 0 and 65535 inclusive"
    );
    assert_eq!(said("frobnicate 1"), "redis.conf:1: unknown directive 'frobnicate'");
    assert_eq!(said("sentinel monitor a"), "redis.conf:1: unknown directive 'sentinel'");
    assert_eq!(said("a.b 1"), "redis.conf:1: unknown directive 'a.b'");
    assert_eq!(said("\x1b[1m 1"), "redis.conf:1: unknown directive '\\x1b[1m'");
    assert_eq!(said("user"), "redis.conf:1: user: wrong number of arguments");
    assert_eq!(said("#\nport \"1"), "redis.conf:2: unbalanced quotes");
    assert_eq!(said("Port x"), "redis.conf:1: Port: argument couldn't be parsed into an integer");
    assert_eq!(
        said("include /nowhere/x"),
        "redis.conf:1: include: cannot read /nowhere/x: No such file or directory"
    );
    assert_eq!(
        said("cluster-enabled yes\nreplicaof a 1"),
        "replicaof is not allowed with cluster-enabled"
    );
    scratch.write("other.conf", "\nhz x\n");
    let include = format!("include {}/o*.conf\n", scratch.path().display());
    assert_eq!(said(&include), "other.conf:2: hz: argument couldn't be parsed into an integer");
    let include = format!("include {}/redis.conf\n", scratch.path().display());
    assert_eq!(
        said(&include),
        "redis.conf:1: include: files are included more than 16 levels deep"
    );
    assert_eq!(
        fault(&scratch.path().join("none.conf"), ""),
        "none.conf: cannot read: No such file or directory"
    );
}

#[test]
fn faults_of_options_name_the_option() {
    let scratch = Scratch::new();
    let said = |line: &str| fault(&scratch.write("redis.conf", "hz 20\n"), line);
    assert_eq!(
        said("--port 65536"),
        "option --port: argument must be between 0 and 65535 inclusive"
    );
    assert_eq!(said("--hz 10 --frobnicate 1"), "unknown option --frobnicate");
    assert_eq!(said("--hz"), "option --hz: wrong number of arguments");
    assert_eq!(said("7000"), "the first argument is not an option (--NAME VALUE ...)");
}

#[test]
fn no_message_holds_a_password() {
    let scratch = Scratch::new();
    let said = |text: &str| fault(&scratch.write("redis.conf", text), "");
    for line in ["requirepass secret x", "masterauth \"secret", "user a >secret \"", "port secret"]
    {
        assert!(!said(line).contains("secret"), "{line}");
    }
    assert!(!fault(&scratch.write("redis.conf", ""), "--masterauth secret x").contains("secret"));
}

#[test]
fn set_is_all_or_nothing_and_tells_what_changed() {
    let mut config = Config::load(None, &options("--maxmemory 1gb")).unwrap();
    let changed = config.set(&[(b"Timeout", b"5"), (b"maxmemory", b"1024mb"), (b"hz", b"900")]);
    assert_eq!(changed, Ok(vec!["timeout", "hz"]));
    assert_eq!(config.hz(), 500);
    // What the name of a file stands for may be another by now.
    let changed = config.set(&[(b"tls-key-file", b""), (b"tls-key-file-pass", b"")]);
    assert_eq!(changed, Ok(vec!["tls-key-file"]));
    let error = config.set(&[(b"timeout", b"6"), (b"hz", b"x")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "CONFIG SET failed (possibly related to argument 'hz') - \
         argument couldn't be parsed into an integer"
    );
    assert_eq!(config.timeout(), Some(Duration::from_secs(5)));
    let error = config.set(&[(b"a\r\nb", b"6")]).unwrap_err();
    assert_eq!(error.to_string(), "Unknown option or number of arguments for CONFIG SET - 'a  b'");
    assert_eq!(config.set(&[(b"requirepass", b"\xff\0")]), Ok(vec!["requirepass"]));
    assert_eq!(config.requirepass(), Some(&b"\xff\0"[..]));
}

#[test]
fn protected_parameters_need_permission() {
    let pair: (&[u8], &[u8]) = (b"dbfilename", b"x.rdb");
    for (allowed, anybody, loopback) in
        [("no", false, false), ("local", false, true), ("yes", true, true)]
    {
        let line = options(&format!("--enable-protected-configs {allowed}"));
        let mut config = Config::load(None, &line).unwrap();
        assert_eq!(config.set(&[pair]).is_ok(), anybody);
        assert_eq!(config.set_from_loopback(&[pair]).is_ok(), loopback);
    }
}

#[test]
fn get_takes_globs_aliases_and_hidden_names() {
    let config = Config::default();
    let names = |patterns: &[&str]| {
        sorted(config.matching(patterns).into_iter().map(|(name, _)| name).collect())
    };
    assert_eq!(
        names(&["*-Priority", "PORT", "po?t"]),
        ["port", "replica-priority", "slave-priority"]
    );
    assert_eq!(names(&["watchdog-period", "no-such"]), ["watchdog-period"]);
    assert!(names(&["watchdog*"]).is_empty() && names(&[]).is_empty());
}

fn sorted(mut names: Vec<&'static str>) -> Vec<&'static str> {
    names.sort_unstable();
    names
}
