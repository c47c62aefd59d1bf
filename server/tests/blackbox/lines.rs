//! The same request lines to keyferry and to a real server: every reply is the same.

use crate::support::{Client, Peer, Reply, Server};

/// Runs `lines` one after the other. Words are separated by blanks; `''` is the empty word, and
/// `x*70` means so many of a character. A line that begins with `?` has a reply in any order.
#[track_caller]
pub(crate) fn agree(peer: Peer, lines: &str) {
    agree_with(peer, &[], lines);
}

/// As [`agree`], both servers with these options.
#[track_caller]
pub(crate) fn agree_with(peer: Peer, args: &[&str], lines: &str) {
    let Some(peer) = Server::peer(peer, args) else { return };
    let keyferry = Server::keyferry(args);
    let (mut ours, mut theirs) = (keyferry.client(), peer.client());
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    for (number, line) in lines.enumerate() {
        let (expected, got) = (reply(&mut theirs, line), reply(&mut ours, line));
        assert_eq!(got, expected, "request {number}: {line:.100}");
    }
}

fn reply(client: &mut Client, line: &str) -> Reply {
    let (line, in_any_order) = match line.strip_prefix('?') {
        Some(line) => (line.trim(), true),
        None => (line, false),
    };
    let request: Vec<String> = line.split(' ').map(word).collect();
    let reply = client.cmd(&request);
    if in_any_order { sorted(reply) } else { reply }
}

fn word(word: &str) -> String {
    if word == "''" {
        return String::new();
    }
    match word.split_once('*') {
        Some((letter, count)) if letter.len() == 1 && !count.is_empty() => {
            letter.repeat(count.parse().expect("a number of characters"))
        }
        _ => word.into(),
    }
}

fn sorted(reply: Reply) -> Reply {
    match reply {
        Reply::Array(items) => {
            let mut items: Vec<Reply> = items.into_iter().map(sorted).collect();
            items.sort_by_key(|item| format!("{item:?}"));
            Reply::Array(items)
        }
        other => other,
    }
}
