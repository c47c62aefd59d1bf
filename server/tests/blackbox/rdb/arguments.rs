//! What the tools are told, and to whom they tell it.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{command, file_of, run, text};
use crate::support::end_within;

#[test]
fn a_file_is_not_overwritten_unasked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, out) = (folder.path().join("in.rdb"), folder.path().join("out.rdb"));
    let (link, missing) = (folder.path().join("link.rdb"), folder.path().join("missing.rdb"));
    let sound = file_of(b"\xFE\x00\x00\x01a\x01b");
    fs::write(&path, &sound).expect("the folder takes files");
    fs::write(&out, "other").expect("the folder takes files");
    std::os::unix::fs::symlink(&path, &link).expect("the folder takes links");

    let to = ["convert", "--to", "redis-7.0"];
    let (_, errors) = run(&[&to[..], &[text(&path), text(&out)]].concat(), 1);
    assert_eq!(errors, format!("keyferry: {} exists; --force replaces it\n", out.display()));
    assert_eq!(fs::read(&out).expect("it is there"), b"other");
    for same in [&path, &link] {
        let (_, errors) = run(&[&to[..], &["--force", text(&path), text(same)]].concat(), 1);
        assert_eq!(errors, format!("keyferry: {} is the file to be read\n", same.display()));
    }
    assert_eq!(fs::read(&path).expect("it is there"), sound);
    let (_, errors) = run(&[&to[..], &[text(&missing), text(&out)]].concat(), 1);
    assert!(
        errors.starts_with(&format!("keyferry: cannot open {}: ", missing.display())),
        "{errors}"
    );

    run(&[&to[..], &["--force", text(&path), text(&out)]].concat(), 0);
    assert!(fs::read(&out).expect("it is there").starts_with(b"REDIS0010\xFE\0\0\x01a\x01b"));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 3, "nothing else is left");
}

#[test]
fn targets_are_checked() {
    let (_, errors) = run(&["convert", "--to", "redis-2.4", "in", "out"], 2);
    assert!(errors.contains("releases before 2.6 are not written for"), "{errors}");
    let (help, _) = run(&["convert", "--help"], 0);
    for target in ["redis-7.0.15", "redict-7.3", "valkey-9.1", "keyferry", "rdb-80"] {
        assert!(help.contains(target), "{target} is not in:\n{help}");
    }
}

/// As in `keyferry rdb json FILE | head -1`.
#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("in.rdb");
    // More than a pipe holds.
    let body = [b"\xFE\x00".to_vec(), b"\x00\x01a\x01b".repeat(100_000)].concat();
    fs::write(&path, file_of(&body)).expect("the folder takes files");
    let mut command = command(&["json", text(&path)]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("the binary is built with its tests");
    drop(process.stdout.take());
    let status = end_within(&mut process, Duration::from_secs(10)).expect("it ends");
    assert_eq!(status.code(), Some(0));
    let errors = process.wait_with_output().expect("a child").stderr;
    assert!(errors.is_empty(), "{}", errors.escape_ascii());
}

/// The end of the file comes after the signal, so that it cannot be missed.
#[test]
fn a_signal_leaves_no_temporary_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, out) = (folder.path().join("in.rdb"), folder.path().join("out.rdb"));
    let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
    assert!(made.success());
    let mut command = command(&["convert", "--to", "redis-7.0", text(&path), text(&out)]);
    command.stderr(Stdio::piped());
    let mut process = command.spawn().expect("the binary is built with its tests");
    let mut fifo = fs::File::create(&path).expect("a reader comes");
    let file = file_of(&b"\x00\x01a\x01b".repeat(10));
    let (first, rest) = file.split_at(30);
    fifo.write_all(first).expect("it is read");
    wait_for(|| fs::read_dir(folder.path()).expect("a folder").count() == 2);
    let pid = process.id().to_string();
    let signalled = Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
    assert!(signalled.success());
    fifo.write_all(rest).expect("it is read");
    drop(fifo);
    let status = end_within(&mut process, Duration::from_secs(10)).expect("it ends");
    assert_eq!(status.code(), Some(1));
    let errors = process.wait_with_output().expect("a child").stderr;
    assert_eq!(String::from_utf8_lossy(&errors), "keyferry: interrupted\n");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing else is left");
}

#[track_caller]
fn wait_for(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(10), "it does not come");
        thread::sleep(Duration::from_millis(2));
    }
}
