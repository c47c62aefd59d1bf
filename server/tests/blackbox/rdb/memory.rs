//! Large files and values in 32 MiB.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{file_of, text};

/// Bytes that a tool may allocate, in KiB as `ulimit -d` takes them: all that is not a mapped file
/// or the stack.
const DATA_KIB_MAX: usize = 32 << 10;

/// Runs a tool that may not allocate more.
#[track_caller]
fn run_bounded(args: &[&str], out: &Path) {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -d {DATA_KIB_MAX} && exec \"$0\" rdb \"$@\"")]);
    command.arg(env!("CARGO_BIN_EXE_keyferry")).args(args).stdin(Stdio::null());
    command.stdout(File::create(out).expect("the folder takes files"));
    let output = command.output().expect("sh is there");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {}: {errors}", output.status);
}

/// Appends a length of 32 bits.
fn push_len(file: &mut Vec<u8>, len: u32) {
    file.push(0x80);
    file.extend_from_slice(&len.to_be_bytes());
}

#[test]
fn large_values_take_little_memory() {
    let mut body = b"\xFE\x00".to_vec();
    // A string larger than what may be allocated,
    body.extend_from_slice(b"\x00\x06string");
    push_len(&mut body, 40 << 20);
    body.resize(body.len() + (40 << 20), b'\n');
    // a list of more elements than could be held, and a hash of many.
    const ELEMENTS: u32 = 1_000_000;
    body.extend_from_slice(b"\x01\x04list");
    push_len(&mut body, ELEMENTS);
    for n in 0..ELEMENTS {
        write!(body, "\x0eelement{n:07}").expect("memory takes everything");
    }
    const FIELDS: u32 = 200_000;
    body.extend_from_slice(b"\x04\x04hash");
    push_len(&mut body, FIELDS);
    for n in 0..FIELDS {
        write!(body, "\x06{n:06}\x05value").expect("memory takes everything");
    }

    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str| folder.path().join(name);
    fs::write(file("in.rdb"), file_of(&body)).expect("the folder takes files");
    let input = file("in.rdb");
    run_bounded(&["check", text(&input)], &file("report"));
    run_bounded(&["json", text(&input)], &file("json"));
    let json_len = fs::metadata(file("json")).expect("it is there").len();
    // Each newline of the string is two bytes, each element has quotes and a comma.
    assert!(json_len > (80 << 20) + 17 * u64::from(ELEMENTS), "{json_len}");
    for target in ["redis-6.2", "valkey-9.1"] {
        let out = file("out.rdb");
        let args = ["convert", "--force", "--to", target, text(&input), text(&out)];
        run_bounded(&args, &file("report"));
        run_bounded(&["check", text(&out)], &file("report"));
        let report = fs::read_to_string(file("report")).expect("it is there");
        assert!(report.contains("\nkeys        3\n"), "{report}");
    }
}
