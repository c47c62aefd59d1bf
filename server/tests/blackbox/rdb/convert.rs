//! `convert`: files for older servers and those of the other family, loaded there.

use super::fill::{has_field_ttls, has_functions};
use super::observe::{self, Keys, Value};
use super::{Saved, run, text};
use crate::support::{Peer, Reply, Server};

fn name(target: Peer) -> &'static str {
    match target {
        Peer::Redis62 => "redis-6.2",
        Peer::Redis70 => "redis-7.0.15",
        Peer::Redis82 => "redis-8.2",
        Peer::Valkey91 => "valkey-9.1",
    }
}

/// Converts the file of a server for a target, which loads it, and checks what it has then.
#[track_caller]
fn convert(saved: &Saved, target: Peer, policy: &str, status: i32) -> Option<(Keys, String)> {
    let out = saved.beside("converted.rdb");
    let args = ["convert", "--force", "--to", name(target), "--field-ttls", policy];
    let (output, errors) = run(&[&args[..], &[text(&saved.path()), text(&out)]].concat(), status);
    assert_eq!(output, "");
    run(&["check", text(&out)], 0);
    let folder = text(saved.folder.path());
    let server = Server::peer(target, &["--dir", folder, "--dbfilename", "converted.rdb"])?;
    let mut client = server.client();
    let keys = observe::server(&mut client);
    if has_functions(saved.peer) && has_functions(target) {
        assert_eq!(client.cmd(&["FCALL", "answer", "0"]), Reply::Integer(42));
    }
    Some((keys, errors))
}

/// Whether a value has something that only servers with field TTLs can be told.
fn needs_field_ttls(value: &Value) -> bool {
    matches!(value, Value::Hash(fields) if fields.values().any(|(_, at)| at.is_some()))
}

#[track_caller]
fn converts_for_every_peer(peer: Peer) {
    let Some(saved) = Saved::by(peer) else { return };
    let all = observe::server(&mut saved.client());
    for target in Peer::ALL {
        let sayable = |value: &Value| has_field_ttls(target) || !needs_field_ttls(value);
        let loses_functions = has_functions(peer) && !has_functions(target);
        let (kept, lost): (Keys, Keys) =
            all.clone().into_iter().partition(|(_, key)| sayable(&key.value));
        let status = if loses_functions || !lost.is_empty() { 2 } else { 0 };
        let Some((keys, errors)) = convert(&saved, target, "refuse", status) else { continue };
        assert_same(&keys, &kept, target);

        let mut expected: Vec<String> = lost
            .keys()
            .map(|(database, key)| {
                let reason =
                    "fields of the value expire, which no version that the target accepts can say";
                format!(
                    "database {database}, key \"{}\", record at offset N: {reason}",
                    key.escape_ascii()
                )
            })
            .collect();
        if !lost.is_empty() {
            expected.push(format!("{} keys left out", lost.len()));
        }
        if loses_functions {
            expected.push(
                "record at offset N: library \"#!lua name=library\": the value needs version 10"
                    .to_owned(),
            );
            expected.push("1 libraries of functions left out".to_owned());
        }
        for line in &expected {
            let matches = |told: &str| line.split("offset N").all(|part| told.contains(part));
            assert!(errors.lines().any(matches), "{line} is not in:\n{errors}");
        }
        assert_eq!(errors.lines().count(), expected.len(), "{errors}");
    }
}

#[track_caller]
fn assert_same(keys: &Keys, expected: &Keys, target: Peer) {
    assert!(
        keys.keys().eq(expected.keys()),
        "{target:?}: {:?}, not {:?}",
        keys.keys(),
        expected.keys()
    );
    for (name, key) in expected {
        assert!(keys[name] == *key, "{target:?}, {name:?}: {:?}, not {key:?}", keys[name]);
    }
}

#[test]
fn files_of_redis_6_2_are_converted_for_every_peer() {
    converts_for_every_peer(Peer::Redis62);
}

#[test]
fn files_of_redis_7_0_are_converted_for_every_peer() {
    converts_for_every_peer(Peer::Redis70);
}

#[test]
fn files_of_redis_8_2_are_converted_for_every_peer() {
    converts_for_every_peer(Peer::Redis82);
}

#[test]
fn files_of_valkey_9_1_are_converted_for_every_peer() {
    converts_for_every_peer(Peer::Valkey91);
}

/// On request fields lose their expiry, or are left out.
#[test]
fn field_ttls_go_as_asked() {
    for peer in [Peer::Redis82, Peer::Valkey91] {
        let Some(saved) = Saved::by(peer) else { continue };
        let all = observe::server(&mut saved.client());

        let mut dropped = all.clone();
        let mut count = 0;
        for key in dropped.values_mut() {
            if let Value::Hash(fields) = &mut key.value {
                let expiries = fields.values_mut().map(|(_, at)| at.take());
                count += expiries.flatten().count();
            }
        }
        let told = format!("{count} fields lost their expiry, or were left out with it\n");
        let Some((keys, errors)) = convert(&saved, Peer::Redis70, "drop", 2) else { continue };
        assert_same(&keys, &dropped, Peer::Redis70);
        assert_eq!(errors, told);

        let mut left = all;
        for key in left.values_mut() {
            if let Value::Hash(fields) = &mut key.value {
                fields.retain(|_, (_, at)| at.is_none());
            }
        }
        left.retain(|_, key| !matches!(&key.value, Value::Hash(fields) if fields.is_empty()));
        let Some((keys, errors)) = convert(&saved, Peer::Redis70, "leave-out", 2) else { continue };
        assert_same(&keys, &left, Peer::Redis70);
        assert!(errors.contains("key \"hash:all-expiring\""), "{errors}");
        assert!(errors.contains("\n1 keys left out\n"), "{errors}");
    }
}
