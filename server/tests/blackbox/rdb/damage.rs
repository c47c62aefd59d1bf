//! Damaged files: an error that names the place, and nothing else happens.

use std::fs;
use std::io::Write as _;
use std::process::{Output, Stdio};
use std::thread;

use super::{Saved, command, file_of, run, text};
use crate::support::Peer;

/// Length of a magic, whose defects need no offset.
const MAGIC_LEN: usize = 9;

/// Checks what the tools say of a file that they have to refuse.
#[track_caller]
fn assert_refused(damaged: &[u8], context: &str, in_magic: bool) {
    for tool in ["check", "json"] {
        let output = read_piped(tool, damaged);
        let errors = String::from_utf8(output.stderr).expect("errors are text");
        let is_said = in_magic || errors.contains("offset ");
        assert!(
            output.status.code() == Some(1) && is_said && errors.lines().count() == 1,
            "{tool}, {context}: {}: {errors}",
            output.status
        );
        if tool == "json" {
            let lines = String::from_utf8(output.stdout).expect("JSON is UTF-8");
            let mut lines = lines.lines().map(serde_json::from_str::<serde_json::Value>);
            assert!(lines.all(|line| line.is_ok()), "{context}: a line is no JSON");
        }
    }
}

/// Runs a tool on a file that it gets through a pipe: hundreds of them would keep the disk busy.
fn read_piped(tool: &str, file: &[u8]) -> Output {
    let mut command = command(&[tool, "/dev/stdin"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("the binary is built with its tests");
    let mut stdin = process.stdin.take().expect("piped");
    thread::scope(|scope| {
        // A tool that has found a defect takes no more.
        scope.spawn(move || stdin.write_all(file));
        process.wait_with_output().expect("a child")
    })
}

fn refuses_damage(peer: Peer) {
    let Some(saved) = Saved::by(peer) else { return };
    let sound = saved.bytes();
    // The beginning and the end, and places all over the file.
    let places = (0..40).chain((40..sound.len() - 20).step_by(sound.len() / 60));
    for at in places.chain(sound.len() - 20..sound.len()) {
        assert_refused(&sound[..at], &format!("cut at {at}"), false);
        let mut damaged = sound.clone();
        damaged[at] ^= 1 << (at % 8);
        assert_refused(&damaged, &format!("changed at {at}"), at < MAGIC_LEN);
    }
    let longer = [&sound[..], b"\r\n"].concat();
    assert_refused(&longer, "with bytes behind its end", false);
}

#[test]
fn damaged_files_of_redis_6_2() {
    refuses_damage(Peer::Redis62);
}

#[test]
fn damaged_files_of_redis_7_0() {
    refuses_damage(Peer::Redis70);
}

#[test]
fn damaged_files_of_redis_8_2() {
    refuses_damage(Peer::Redis82);
}

#[test]
fn damaged_files_of_valkey_9_1() {
    refuses_damage(Peer::Valkey91);
}

/// A hash with a field twice, as the second key of database 3.
#[test]
fn a_defect_is_told_with_its_place() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("damaged.rdb");
    let body = b"\xFE\x03\x00\x01a\x01b\x04\x05h\n\x00\xFFx\x02\x01f\x01v\x01f\x01w";
    fs::write(&path, file_of(body)).expect("the folder takes files");
    for tool in ["check", "json"] {
        let (output, errors) = run(&[tool, text(&path)], 1);
        let place = "database 3, key \"h\\n\\x00\\xffx\", record at offset 16";
        let told = format!("{}: duplicate member at offset 28; {place}\n", path.display());
        assert_eq!(errors, format!("keyferry: {told}"));
        // What comes before it is told.
        let before = match tool {
            "json" => "{\"db\":3,\"key\":\"a\",\"type\":\"string\",\"value\":\"b\"}\n",
            _ => "version     9 of Redis\n",
        };
        assert_eq!(output, before);
    }
    let out = folder.path().join("converted.rdb");
    let (_, errors) = run(&["convert", "--to", "redis-6.2", text(&path), text(&out)], 1);
    assert!(errors.contains("duplicate member at offset 28"), "{errors}");
    let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").flatten().collect();
    assert_eq!(left.len(), 1, "there is neither a file nor a temporary one: {left:?}");
}

/// Servers pass collections without elements over.
#[test]
fn collections_without_elements_are_no_defect() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, out) = (folder.path().join("in.rdb"), folder.path().join("out.rdb"));
    let body = b"\xFE\x00\x02\x04none\x00\x00\x01a\x01b\x04\x04more\x00";
    fs::write(&path, file_of(body)).expect("the folder takes files");
    let (report, _) = run(&["check", text(&path)], 0);
    for key in ["none", "more"] {
        let told = format!("empty       database 0, key \"{key}\": servers pass it over\n");
        assert!(report.contains(&told), "{report}");
    }
    let (json, _) = run(&["json", text(&path)], 0);
    assert!(
        json.starts_with("{\"db\":0,\"key\":\"none\",\"type\":\"set\",\"value\":[]}\n"),
        "{json}"
    );
    let (_, errors) = run(&["convert", "--to", "redis-7.0", text(&path), text(&out)], 0);
    assert_eq!(errors.matches("no elements, which servers pass over").count(), 2, "{errors}");
    let (json, _) = run(&["json", text(&out)], 0);
    assert_eq!(json, "{\"db\":0,\"key\":\"a\",\"type\":\"string\",\"value\":\"b\"}\n");
}
