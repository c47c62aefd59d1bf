//! `keyferry demo` as its users meet it: what it prints and how it ends.

use std::process::{Command, Output};

fn demo(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry"));
    command.arg("demo").args(args).output().expect("the binary is built with its tests")
}

/// The line of the table that begins with `head`, without it.
#[track_caller]
fn line<'a>(table: &'a str, head: &str) -> &'a str {
    let found = table.lines().find_map(|line| line.strip_prefix(head));
    found.unwrap_or_else(|| panic!("no line begins with {head:?}:\n{table}")).trim()
}

#[test]
fn moves_all_keys_and_says_so() {
    let output = demo(&["--keys", "2000", "--batch", "100"]);
    let table = String::from_utf8(output.stdout).expect("the table is text");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{table}\n{errors}", output.status);
    assert_eq!(errors, "", "no progress is drawn where there is no terminal");

    assert!(line(&table, "moved").starts_with("2,000 keys, "), "{table}");
    assert_eq!(line(&table, "keys only on the target"), "2,000");
    for none in [
        "only on the source",
        "on both",
        "on neither",
        "with another value",
        "with another expiry",
        "not accounted for",
    ] {
        assert_eq!(line(&table, &format!("keys {none}")), "0", "{none}");
    }
    for side in ["on the source", "on the target"] {
        let figures: Vec<&str> = line(&table, side).split_whitespace().collect();
        let [requests, median, "ms", longest, "ms"] = figures[..] else {
            panic!("requests, median and longest wait: {figures:?}");
        };
        let requests: u64 = requests.replace(',', "").parse().expect("a number");
        let [median, longest] =
            [median, longest].map(|wait| wait.parse::<f64>().expect("a number"));
        assert!(requests > 0 && median > 0.0 && longest >= median, "{figures:?}");
    }
}

#[test]
fn portions_need_not_divide_the_keys_and_may_exceed_them() {
    for args in [["--keys", "101", "--batch", "10"], ["--keys", "1", "--batch", "10"]] {
        let output = demo(&args);
        let table = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{args:?}: {table}{output:?}");
        assert_eq!(line(&table, "keys only on the target"), args[1]);
    }
}

#[test]
fn senseless_numbers_are_refused() {
    for args in [["--keys", "0"], ["--batch", "0"], ["--keys", "many"]] {
        let output = demo(&args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
    }
}
