//! What keyferry tells of its commands is what Redis tells of the same ones (rules C1 to C4).

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{Client, Peer, Reply, Server};

/// Rules C1 to C3 speak of these, alike in all versions from 7.0 on.
const CONTRACT: [&str; 6] = ["migrate", "dump", "restore", "restore-asking", "del", "unlink"];

#[test]
fn command_info_equals_that_of_redis_8_2() {
    let Some(peer) = Server::peer(Peer::Redis82, &[]) else { return };
    let keyferry = Server::keyferry(&[]);
    let ours = entries(keyferry.client().cmd(&["COMMAND"]));
    let theirs = entries(peer.client().cmd(&["COMMAND"]));
    assert!(ours.len() > CONTRACT.len());
    for (name, entry) in &ours {
        if name.starts_with("keyferry") {
            continue;
        }
        assert_eq!(Some(entry), theirs.get(name), "{name}");
    }
}

#[test]
fn command_info_of_the_moving_commands_equals_that_of_redis_7_0() {
    let Some(peer) = Server::peer(Peer::Redis70, &[]) else { return };
    let keyferry = Server::keyferry(&[]);
    let ours = entries(keyferry.client().cmd(&["COMMAND"]));
    let theirs = entries(peer.client().cmd(&["COMMAND"]));
    for name in CONTRACT {
        assert!(ours.contains_key(name), "{name}");
        assert_eq!(ours.get(name), theirs.get(name), "{name}");
    }
}

#[test]
fn docs_of_migrate() {
    let keyferry = Server::keyferry(&[]);
    let mut client = keyferry.client();
    let docs = client.cmd(&["COMMAND", "DOCS", "migrate", "nosuch"]).into_array();
    let [name, docs] = &docs[..] else { panic!("one command: {docs:?}") };
    assert_eq!(*name, Reply::bulk("migrate"));
    let docs = map(docs);
    assert_eq!(docs["since"], Reply::bulk("2.6.0"));
    assert_eq!(docs["group"], Reply::bulk("generic"));
    let history: Vec<_> = docs["history"].clone().into_array();
    let line = |since: &str, words: &str| {
        Reply::Array(vec![Reply::bulk(since), Reply::bulk(format!("Added the {words}."))])
    };
    assert_eq!(
        history,
        [
            line("3.0.0", "`COPY` and `REPLACE` options"),
            line("3.0.6", "`KEYS` option"),
            line("4.0.7", "`AUTH` option"),
            line("6.0.0", "`AUTH2` option"),
        ]
    );
}

/// The trees agree in all but the names of arguments and the texts.
#[test]
fn arguments_of_the_moving_commands_equal_those_of_redis_8_2() {
    let Some(peer) = Server::peer(Peer::Redis82, &[]) else { return };
    let keyferry = Server::keyferry(&[]);
    for name in ["migrate", "dump", "restore", "restore-asking"] {
        let arguments = |mut client: Client| {
            let docs = client.cmd(&["COMMAND", "DOCS", name]).into_array();
            let docs = map(&docs[1]);
            let mut arguments = docs["arguments"].clone();
            clear_names(&mut arguments);
            (
                docs["since"].clone(),
                docs["group"].clone(),
                docs.get("doc_flags").cloned(),
                arguments,
            )
        };
        assert_eq!(arguments(keyferry.client()), arguments(peer.client()), "{name}");
    }
}

/// But for KEYS as the last word, which names no key: there, Redis tells argument 3.
#[test]
fn keys_are_extracted_as_by_redis_7_0() {
    let cases = [
        "migrate h 1 k 0 0",
        "migrate h 1 k 0 0 copy auth keys",
        "migrate h 1 k 0 0 auth2 keys keys replace",
        "migrate h 1 k 0 0 keys a",
        "migrate h 1 k 0 0 auth2 a keys keys b",
        "migrate h 1 '' 0 0 keys a b keys",
        "migrate h 1 '' 0 0 auth keys keys a b",
        "migrate h 1 '' 0 0",
        "migrate h 1",
        "dump k",
        "restore k 0 x replace",
        "object freq k",
        "get a b",
        "ping",
        "nosuch a",
    ];
    let Some(peer) = Server::peer(Peer::Redis70, &[]) else { return };
    let keyferry = Server::keyferry(&[]);
    let (mut ours, mut theirs) = (keyferry.client(), peer.client());
    for case in cases {
        let words = case.split(' ').map(|word| if word == "''" { "" } else { word });
        let request: Vec<_> = ["COMMAND", "GETKEYS"].into_iter().chain(words).collect();
        // 7.0 itself asks for another argument, later versions do not.
        if request.len() > 3 {
            assert_eq!(ours.cmd(&request), theirs.cmd(&request), "{case}");
        }
    }
    let none = ours.cmd(&["COMMAND", "GETKEYS", "MIGRATE", "h", "1", "", "0", "0", "KEYS"]);
    assert_eq!(none, Reply::error("ERR Invalid arguments specified for command"));
    let refused = ours.cmd(&["COMMAND", "GETKEYS", "PING"]);
    assert_eq!(refused, Reply::error("ERR The command has no key arguments"));
}

#[test]
fn lists_are_filtered() {
    let keyferry = Server::keyferry(&[]);
    let mut client = keyferry.client();
    let mut list = |filter: &[&str]| {
        let request = [&["COMMAND", "LIST", "FILTERBY"], filter].concat();
        let names = client.cmd(&request).into_array().into_iter();
        names.map(|name| String::from_utf8(name.into_bulk()).unwrap()).collect::<BTreeSet<_>>()
    };
    assert_eq!(
        list(&["PATTERN", "restore*"]),
        ["restore", "restore-asking"].map(Into::into).into()
    );
    assert!(list(&["ACLCAT", "admin"]).contains("config|set"));
    assert!(!list(&["ACLCAT", "read"]).contains("migrate"));
    assert!(list(&["MODULE", "any"]).is_empty());
}

/// Entries of COMMAND INFO by name, subcommands by their full names. Sets are sorted; what 8.2
/// has more of subcommands is left to it, and so are its notes on keys.
fn entries(reply: Reply) -> BTreeMap<String, Vec<Reply>> {
    let mut all = BTreeMap::new();
    for entry in reply.into_array() {
        let mut entry = entry.into_array();
        let subcommands = entry.pop().expect("the tenth field");
        all.extend(entries(subcommands));
        for set in [2, 6, 7] {
            sort(&mut entry[set]);
        }
        let Reply::Array(specs) = &mut entry[8] else { panic!("key specifications: {entry:?}") };
        for spec in specs {
            let mut fields = map(spec);
            fields.remove("notes");
            sort(fields.get_mut("flags").expect("flags"));
            let fields = fields.into_iter().map(|(name, value)| [Reply::bulk(name), value]);
            *spec = Reply::Array(fields.flatten().collect());
        }
        let name = String::from_utf8(entry[0].clone().into_bulk()).expect("a name");
        all.insert(name, entry);
    }
    all
}

fn sort(set: &mut Reply) {
    let Reply::Array(items) = set else { panic!("a set: {set:?}") };
    items.sort_by_key(|item| format!("{item:?}"));
}

fn map(reply: &Reply) -> BTreeMap<String, Reply> {
    let fields = reply.clone().into_array();
    let (pairs, []) = fields.as_chunks::<2>() else { panic!("a name without a value") };
    let name = |name: &Reply| String::from_utf8(name.clone().into_bulk()).expect("a name");
    pairs.iter().map(|[field, value]| (name(field), value.clone())).collect()
}

/// Takes names and what is shown for them out of a tree of arguments.
fn clear_names(arguments: &mut Reply) {
    let Reply::Array(arguments) = arguments else { panic!("arguments: {arguments:?}") };
    for argument in arguments {
        let mut fields = map(argument);
        fields.remove("name");
        fields.remove("display_text");
        if let Some(inner) = fields.get_mut("arguments") {
            clear_names(inner);
        }
        let fields = fields.into_iter().map(|(name, value)| [Reply::bulk(name), value]);
        *argument = Reply::Array(fields.flatten().collect());
    }
}
