//! HyperLogLogs: their bytes are those of Redis 7.0 whatever is added, in both encodings.

use crate::script::assert_alike;
use crate::support::{Client, Dice, Peer, Reply, Server, chosen_or_random};

/// Compares the bytes after each command; the sequence of elements comes from a seed.
fn compare(sparse_bytes_max: &str, elements: usize, batch: usize) {
    let args = ["--hll-sparse-max-bytes", sparse_bytes_max];
    let Some(peer) = Server::peer(Peer::Redis70, &args) else { return };
    let keyferry = Server::keyferry(&args);
    let (mut ours, mut theirs) = (keyferry.client(), peer.client());
    let (seed, _) = chosen_or_random(1);
    let dice = &mut Dice::new(seed);
    let mut same = |args: &[&[u8]]| {
        let (ours, theirs) = (ours.cmd(args), theirs.cmd(args));
        assert_eq!(ours, theirs, "KEYFERRY_SEED={seed}");
    };
    for added in (0..elements).step_by(batch) {
        let key = if dice.once_in(4) { b"a" } else { b"b" };
        let elements: Vec<Vec<u8>> = (0..batch)
            .map(|_| {
                let bytes = dice.roll().to_le_bytes().repeat(3);
                bytes[..dice.below(20)].to_vec()
            })
            .collect();
        let add: Vec<&[u8]> = elements.iter().map(|it| &it[..]).collect();
        same(&[&[b"PFADD", &key[..]], &add[..]].concat());
        same(&[b"GET", key]);
        if dice.once_in(3) {
            same(&[b"PFCOUNT", key]);
            same(&[b"GET", key]);
        }
        if dice.once_in(10) {
            same(&[b"PFCOUNT", b"a", b"none", b"b"]);
            same(&[b"PFMERGE", b"both", b"a", b"b"]);
            same(&[b"PFCOUNT", b"both"]);
            same(&[b"GET", b"both"]);
            same(&[b"PFDEBUG", b"ENCODING", b"both"]);
        }
        if added % 10 == 0 {
            same(&[b"PFDEBUG", b"ENCODING", key]);
        }
    }
    same(&[b"PFDEBUG", b"GETREG", b"both"]);
}

#[test]
fn sparse_ones_are_those_of_redis() {
    compare("3000", 3_000, 3);
}

#[test]
fn those_that_become_dense_are_those_of_redis() {
    compare("3000", 60_000, 100);
    compare("100", 1_000, 7);
    compare("0", 100, 1);
    // As many runs as there are, sooner or later, until a value is too large for one.
    compare("20000", 30_000, 50);
}

fn merged(client: &mut Client, payload: &[u8]) {
    assert_eq!(client.cmd(&[b"RESTORE", &b"h"[..], b"0", payload, b"REPLACE"]), Reply::ok());
    assert_eq!(client.cmd(&["PFMERGE", "more", "h"]), Reply::ok());
}

/// What was counted here is counted alike by every server that it is moved to, and the other way.
#[test]
fn counts_travel_with_the_payload() {
    let keyferry = Server::keyferry(&[]);
    let mut ours = keyferry.client();
    for peer in [Peer::Redis62, Peer::Redis70, Peer::Redis82, Peer::Valkey91] {
        let Some(peer) = Server::peer(peer, &[]) else { continue };
        let mut theirs = peer.client();
        for count in [0, 1, 500, 20_000] {
            for client in [&mut ours, &mut theirs] {
                client.cmd(&["FLUSHALL"]);
                client.cmd(&["PFADD", "key"]);
                for first in (0..count).step_by(500) {
                    let elements =
                        (first..count.min(first + 500)).map(|it| format!("element {it}"));
                    let add = ["PFADD", "key"].map(String::from).into_iter().chain(elements);
                    client.cmd(&add.collect::<Vec<_>>());
                }
            }
            let counted = ours.cmd(&["PFCOUNT", "key"]);
            assert_eq!(theirs.cmd(&["PFCOUNT", "key"]), counted, "{count}");
            let payload = ours.cmd(&["DUMP", "key"]).into_bulk();
            merged(&mut theirs, &payload);
            let payload = theirs.cmd(&["DUMP", "h"]).into_bulk();
            merged(&mut ours, &payload);
            assert_eq!(ours.cmd(&["PFCOUNT", "h"]), counted, "{count}");
            assert_eq!(theirs.cmd(&["PFCOUNT", "more"]), counted, "{count}");
            assert_eq!(ours.cmd(&["PFCOUNT", "more"]), counted, "{count}");
        }
    }
}

#[test]
fn strings_that_are_none_are_refused() {
    let keyferry = Server::keyferry(&[]);
    let mut client = keyferry.client();
    let header = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80";
    client.cmd(&["SET", "string", "text"]);
    client.cmd(&["SADD", "set", "member"]);
    client.cmd(&[b"SET", &b"corrupted"[..], &[&header[..], b"\x7f\xfe"].concat()]);
    let error = |key| {
        Reply::error(match key {
            "string" => "WRONGTYPE Key is not a valid HyperLogLog string value.",
            "set" => "WRONGTYPE Operation against a key holding the wrong kind of value",
            _ => "INVALIDOBJ Corrupted HLL object detected",
        })
    };
    for key in ["string", "set", "corrupted"] {
        assert_eq!(client.cmd(&["PFCOUNT", key]), error(key));
        assert_eq!(client.cmd(&["PFCOUNT", "none", key]), error(key));
        assert_eq!(client.cmd(&["PFMERGE", "to", key]), error(key));
        assert_eq!(client.cmd(&["PFMERGE", key]), error(key));
        assert_eq!(client.cmd(&["PFDEBUG", "GETREG", key]), error(key));
    }
    assert_eq!(client.cmd(&["PFADD", "string", "a"]), error("string"));
    assert_eq!(client.cmd(&["PFADD", "set", "a"]), error("set"));
    assert_eq!(client.cmd(&["EXISTS", "to"]), Reply::Integer(0));
    assert_eq!(client.cmd(&["PFSELFTEST"]), Reply::status("OK"));
}

/// Any bytes behind a header: runs of too few or too many registers, and dense registers that no
/// element sets.
#[test]
fn hostile_strings_get_the_replies_of_redis() {
    let Some(peer) = Server::peer(Peer::Redis70, &[]) else { return };
    let keyferry = Server::keyferry(&[]);
    let (mut ours, mut theirs) = (keyferry.client(), peer.client());
    let (first, count) = chosen_or_random(150);
    for seed in (0..count).map(|nth| first.wrapping_add(nth)) {
        let dice = &mut Dice::new(seed);
        let mut same = |args: &[&[u8]]| {
            let (ours, theirs) = (ours.cmd(args), theirs.cmd(args));
            assert_eq!(ours, theirs, "KEYFERRY_SEED={seed}, {}", args[0].escape_ascii());
        };
        same(&[b"FLUSHALL"]);
        same(&[b"SET", b"h", &hostile(dice)]);
        same(&[b"SET", b"other", &hostile(dice)]);
        for _ in 0..20 {
            let element = dice.roll().to_le_bytes();
            match dice.below(8) {
                0 => same(&[b"PFCOUNT", b"h"]),
                1 => same(&[b"PFCOUNT", b"h", b"other"]),
                2 => same(&[b"PFMERGE", b"h", b"other"]),
                3 => same(&[b"PFMERGE", b"merged", b"h"]),
                4 => {
                    let subcommand = dice.pick(&["GETREG", "DECODE", "TODENSE", "ENCODING"]);
                    same(&[b"PFDEBUG", subcommand.as_bytes(), b"h"]);
                }
                _ => same(&[b"PFADD", b"h", &element, &element[..4], &element[..2]]),
            }
            same(&[b"GET", b"h"]);
        }
        same(&[b"GET", b"merged"]);
    }
}

/// Without a last run that is cut off and has registers: Redis loses a byte when it changes that.
fn hostile(dice: &mut Dice) -> Vec<u8> {
    let mut text = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80".to_vec();
    match dice.below(8) {
        0 => text[dice.below(5)] ^= 1 << dice.below(8),
        1 => text[8] = dice.roll() as u8,
        2 => text[15] = dice.roll() as u8,
        _ => {}
    }
    if dice.once_in(3) {
        text[4] = 0;
        let (all, any) = (dice.roll() as u8, dice.below(3));
        text.resize(16 + 12_288, all);
        for at in (16..text.len()).filter(|_| any > 0) {
            text[at] = if any == 1 { dice.roll() as u8 } else { text[at - 1].rotate_left(2) };
        }
        if dice.once_in(5) {
            text.pop();
        }
        return text;
    }
    let (mut left, longest, mut last_at) = (16_384, 1 << dice.below(15), text.len());
    while left > 0 {
        last_at = text.len();
        let len = 1 + dice.below(longest.min(left));
        if dice.once_in(2) {
            let len = len.min(4);
            text.push(0x80 | (dice.roll() as u8 & 0x7c) | (len as u8 - 1));
            left -= len;
        } else if dice.once_in(2) {
            let len = len.min(64);
            text.push(len as u8 - 1);
            left -= len;
        } else {
            text.extend_from_slice(&(0x4000 | (len as u16 - 1)).to_be_bytes());
            left -= len;
        }
    }
    match dice.below(4) {
        0 => {
            let rests = [&b"\0"[..], b"\x7f\xff", b"\x40", b"\x83\x3f", b"\xff\x7f"];
            text.extend_from_slice(rests[dice.below(5)]);
        }
        1 => text.truncate(last_at),
        _ => {}
    }
    text
}

#[test]
fn who_watches_one_is_told_what_the_reference_tells() {
    // A count is kept in the value, which changes it.
    let changes =
        ["PFADD k b", "PFADD k a", "PFADD k", "PFCOUNT k", "PFMERGE k", "PFMERGE k other"];
    let others = ["PFCOUNT k other", "PFDEBUG TODENSE k", "PFDEBUG ENCODING k", "PFMERGE other k"];
    for command in changes.iter().chain(&others) {
        assert_alike(&format!(
            "b PFADD k a
            a WATCH k
            b {command}
            a MULTI
            a PING
            a EXEC
            a WATCH k new
            b {command}
            b PFADD new
            a MULTI
            a PING
            a EXEC"
        ));
    }
}
