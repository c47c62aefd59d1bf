//! `check` and `json` on files that real servers have saved.

use super::fill::has_functions;
use super::{Saved, observe, run, text};
use crate::support::{Peer, Reply};

#[track_caller]
fn reads(peer: Peer, version: &str) {
    let Some(saved) = Saved::by(peer) else { return };
    let path = saved.path();
    let expected = observe::server(&mut saved.client());

    let (json, errors) = run(&["json", text(&path)], 0);
    assert_eq!(errors, "", "no progress is drawn where there is no terminal");
    let told = observe::json(&json);
    assert!(told.keys().eq(expected.keys()), "{:?}, not {:?}", told.keys(), expected.keys());
    for (name, key) in &expected {
        assert!(told[name] == *key, "{name:?}: {:?}, not {key:?}", told[name]);
    }
    let functions = json.lines().filter(|line| line.starts_with("{\"function\":\"#!lua")).count();
    assert_eq!(functions, usize::from(has_functions(peer)));

    let (report, errors) = run(&["check", text(&path)], 0);
    assert_eq!(errors, "");
    let line = |head: &str| {
        let mut lines = report.lines().filter_map(|line| line.trim().strip_prefix(head));
        lines.next().unwrap_or_else(|| panic!("no {head}:\n{report}")).trim().to_owned()
    };
    assert_eq!(line("version"), version);
    assert_eq!(line("keys"), expected.len().to_string());
    for kind in ["string", "list", "set", "zset", "hash", "stream"] {
        let keys = expected.values().filter(|key| key.value.type_name() == kind);
        assert_eq!(line(kind), keys.count().to_string(), "{kind}:\n{report}");
    }
    let of_database = |database| expected.iter().filter(move |((of, _), _)| *of == database);
    for database in [0, 7] {
        let keys = of_database(database).count();
        let expiring = of_database(database).filter(|(_, key)| key.expire_at_ms.is_some()).count();
        let counted = format!("{keys} keys, {expiring} with an expiry");
        assert_eq!(line(&format!("database    {database}:")), counted);
    }
    assert_eq!(line("libraries"), format!("{} of functions", functions));
    assert_eq!(line("checksum"), "verified");
    assert_eq!(line("the file is"), "sound");
}

#[test]
fn files_of_redis_6_2() {
    reads(Peer::Redis62, "9 of Redis");
}

#[test]
fn files_of_redis_7_0() {
    reads(Peer::Redis70, "10 of Redis");
}

#[test]
fn files_of_redis_8_2() {
    reads(Peer::Redis82, "12 of Redis");
}

#[test]
fn files_of_valkey_9_1() {
    reads(Peer::Valkey91, "80 of Valkey");
}

/// The access times and counters that eviction needs.
#[test]
fn idle_time_and_frequency() {
    let Some(saved) = Saved::by(Peer::Redis70) else { return };
    let mut client = saved.client();
    for (policy, property) in [("allkeys-lru", "idle_seconds"), ("allkeys-lfu", "frequency")] {
        assert_eq!(client.cmd(&["CONFIG", "SET", "maxmemory-policy", policy]), Reply::ok());
        assert_eq!(client.cmd(&["SAVE"]), Reply::ok());
        let (json, _) = run(&["json", text(&saved.path())], 0);
        let has = |line: &&str| line.contains(&format!(",\"{property}\":"));
        let keys = json.lines().filter(|line| line.starts_with("{\"db\":"));
        assert!(keys.clone().all(|line| has(&line)), "{policy}");
        assert!(keys.count() > 0);
    }
}

/// A vector set is the value of a module, which no other server has.
#[test]
fn values_of_modules() {
    let Some(saved) = Saved::by(Peer::Redis82) else { return };
    let mut client = saved.client();
    let added = client.cmd(&["VADD", "vectors", "VALUES", "3", "0.5", "1", "-2", "element"]);
    assert_eq!(added, Reply::Integer(1));
    assert_eq!(client.cmd(&["SAVE"]), Reply::ok());
    let (report, _) = run(&["check", text(&saved.path())], 0);
    assert!(report.contains("\nmodule      vectorset version 0: 1 values\n"), "{report}");
    let (json, _) = run(&["json", text(&saved.path())], 0);
    let head = "{\"db\":0,\"key\":\"vectors\",\"type\":\"module\",\
        \"value\":{\"module\":\"vectorset\",\"version\":0,\"items\":[3,";
    let line = json.lines().find(|line| line.starts_with(head)).expect("a line of the vectors");
    assert!(line.contains("\"element\""), "{line}");
}
