//! Sessions of several clients written down as text, played to keyferry and to Redis 7.0.15, in RESP2
//! and in RESP3.
//!
//! | line | what happens |
//! |---|---|
//! | `a SET key 1` | client `a` sends this, and its reply is noted |
//! | `a! HELLO 3` | client `a` sends this, and its reply is not noted |
//! | `a> BLPOP key 0` | client `a` sends this, and is waited for to wait |
//! | `a< ` | the next reply to client `a` is noted |
//! | `a\| PING` | client `a` sends this, and its reply is left to `a<` |
//! | `sleep 50` | nothing for so many milliseconds |
//!
//! An argument `''` is empty, and `ID:a` is the number of client `a`.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Client, Kind, Peer, Reply, Server};

/// Plays a session to both and compares all replies. Each is given as it is shown in a failure.
#[track_caller]
pub(crate) fn assert_alike(session: &str) {
    assert_alike_with(&[], session);
}

/// The same with these options for the servers.
#[track_caller]
pub(crate) fn assert_alike_with(options: &[&str], session: &str) {
    assert_alike_to(Peer::Redis70, options, session);
}

/// The same with another reference than Redis 7.0.15.
#[track_caller]
pub(crate) fn assert_alike_to(reference: Peer, options: &[&str], session: &str) {
    for protocol in ["2", "3"] {
        let played = [Kind::Peer(reference), Kind::Keyferry].map(|kind| {
            let server = Server::start(kind, options)?;
            Some(play_in(protocol, &server, session))
        });
        let [Some(theirs), Some(ours)] = played else { return };
        let differs = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs);
        if let Some(at) = differs {
            let before = theirs[..at].join("\n");
            let (ours, theirs) = (&ours[at], &theirs[at]);
            panic!("RESP{protocol}:\n{before}\nkeyferry:  {ours}\nreference: {theirs}");
        }
    }
}

/// Plays a session from an empty server on, in RESP2: each line with its reply.
#[track_caller]
pub(crate) fn play(server: &Server, session: &str) -> Vec<String> {
    play_in("2", server, session)
}

#[track_caller]
fn play_in(protocol: &str, server: &Server, session: &str) -> Vec<String> {
    let mut control = server.client();
    let mut clients: BTreeMap<char, (Client, String)> = BTreeMap::new();
    let mut noted = Vec::new();
    control.cmd(&["FLUSHALL"]);
    for line in session.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(milliseconds) = line.strip_prefix("sleep ") {
            thread::sleep(Duration::from_millis(milliseconds.parse().expect("milliseconds")));
            continue;
        }
        let (name, rest) = line.split_at(1);
        let name = name.chars().next().expect("the name of a client");
        let (how, command) = rest.split_once(' ').unwrap_or((rest, ""));
        clients.entry(name).or_insert_with(|| {
            let mut client = server.client();
            client.cmd(&["HELLO", protocol]);
            // Before it waits for anything. Where it has to log in first, nobody asks for it.
            let id = format!("{:?}", client.cmd(&["CLIENT", "ID"]));
            (client, id.trim_start_matches(':').into())
        });
        let words: Vec<String> = command
            .split(' ')
            .map(|word| match word.strip_prefix("ID:") {
                Some(name) => clients[&name.chars().next().expect("a name")].1.clone(),
                None if word == "''" => String::new(),
                None => word.into(),
            })
            .collect();
        let client = &mut clients.get_mut(&name).expect("it is there").0;
        let reply = match how {
            "" => client.cmd(&words),
            "!" => {
                client.cmd(&words);
                continue;
            }
            "|" => {
                client.send(&words);
                continue;
            }
            ">" => {
                let before = blocked(&mut control);
                client.send(&words);
                let start = Instant::now();
                while blocked(&mut control) <= before {
                    assert!(start.elapsed() < Duration::from_secs(5), "{line}: does not wait");
                    thread::sleep(Duration::from_millis(1));
                }
                continue;
            }
            "<" => client.reply(),
            _ => panic!("not a line of a session: {line}"),
        };
        noted.push(format!("{line} -> {reply:?}"));
    }
    noted
}

/// How many clients the server says wait.
#[track_caller]
pub(crate) fn blocked(client: &mut Client) -> u64 {
    info_field(client, "clients", "blocked_clients")
}

/// A number of INFO.
#[track_caller]
pub(crate) fn info_field(client: &mut Client, section: &str, name: &str) -> u64 {
    let info = String::from_utf8(client.cmd(&["INFO", section]).into_bulk()).expect("text");
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.expect("the field is there").parse().expect("a number")
}

/// What CLIENT LIST shows of a client under this name.
#[track_caller]
pub(crate) fn listed(client: &mut Client, id: i64, name: &str) -> String {
    let list = client.cmd(&["CLIENT", "LIST", "ID", &id.to_string()]).into_bulk();
    let list = String::from_utf8(list).expect("text");
    let mut fields = list.split_whitespace();
    let value = fields.find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    value.expect("the field is there").into()
}

/// The messages that a client with patterns has been told since this was called last: the channel of
/// each, and what it says.
#[track_caller]
pub(crate) fn messages(listener: &mut Client) -> Vec<(String, String)> {
    let text = |reply: &Reply| String::from_utf8(reply.clone().into_bulk()).expect("text");
    listener.send(&["PING"]);
    let replies = std::iter::repeat_with(|| listener.reply().into_array());
    replies
        .map_while(|reply| match &reply[..] {
            [_, _, channel, what] => Some((text(channel), text(what))),
            _ => None,
        })
        .collect()
}

/// A reply that is an array of bulk strings.
pub(crate) fn bulks(items: &[&str]) -> Reply {
    Reply::Array(items.iter().map(Reply::bulk).collect())
}
