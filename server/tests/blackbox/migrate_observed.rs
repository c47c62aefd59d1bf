//! Migrations as an operator sees them: counted as Redis counts them (rule E7).

use std::collections::BTreeMap;

use super::slow_log::commands;
use crate::support::{Client, Kind, Peer, Reply, Server};

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
