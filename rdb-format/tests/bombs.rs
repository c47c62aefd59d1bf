//! Payloads that claim much or become much: what they may make a decoder hold.
//!
//! A decoder whose events are let go holds what was pushed, the packed node at hand, and a
//! fingerprint of each member. A node that is compressed becomes at most 88 times what arrived of
//! it; that, the work on it and the bytes that arrived are the worst case of all.

mod common;
mod counting;

use bytes::Bytes;
use common::{seal, seal_as};
use counting::peak_of;
use rdb_format::{
    DecodeError, DecodeErrorKind, DecodeLimits, RdbVersion,
    packed::ListpackMut,
    payload::{PayloadDecoder, decode},
};

/// 2^60 of whatever is counted.
const CLAIM: &[u8] = b"\x81\x10\0\0\0\0\0\0\0";

#[test]
fn counts_are_believed_as_far_as_bytes_follow() {
    // A stream up to its groups: no nodes, length 0, last ID 0-0; a group "g" up to its pending
    // entries; that group without any, up to its consumers; and a consumer up to its entries.
    let stream = |tail: &[u8]| [b"\x0F\0\0\0\0", tail].concat();
    let group = b"\x01\x01g\0\0";
    let consumer = b"\0\x01\x01c\0\0\0\0\0\0\0\0";
    let cases: Vec<(&str, u16, Vec<u8>)> = vec![
        ("string", 9, vec![0]),
        ("compressed string", 9, vec![0, 0xC3]),
        ("list", 9, vec![1]),
        ("set", 9, vec![2]),
        ("sorted set of texts", 9, vec![3]),
        ("hash", 9, vec![4]),
        ("sorted set", 9, vec![5]),
        ("blob", 9, vec![11]),
        ("list of ziplists", 9, vec![14]),
        ("list of containers", 10, vec![18]),
        ("packed node", 10, vec![18, 1, 2]),
        ("plain node", 10, vec![18, 1, 1]),
        ("module string", 9, vec![7, 0, 5]),
        ("hash with TTLs, RC", 12, vec![22]),
        ("hash with TTLs, Redis", 12, vec![24, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("hash with TTLs, Valkey", 80, vec![22]),
        ("nodes", 9, vec![15]),
        ("node key", 9, vec![15, 1]),
        ("groups", 9, stream(b"")),
        ("group name", 9, stream(b"\x01")),
        ("pending entries", 9, stream(group)),
        ("consumers", 9, stream(&[&group[..], b"\0"].concat())),
        ("consumer name", 9, stream(&[&group[..], b"\0\x01"].concat())),
        ("owned entries", 9, stream(&[&group[..], consumer].concat())),
    ];
    for (what, version, head) in cases {
        for filler in [0, 1000] {
            let body = [&head[..], CLAIM, &vec![0; filler]].concat();
            let payload = seal_as(version, &body);
            let (result, peak) = peak_of(|| decode(payload, DecodeLimits::default()));
            let error = result.expect_err(what);
            let refused = matches!(
                error,
                DecodeError::UnexpectedEnd { .. } | DecodeError::StringTooLong { .. }
            );
            assert!(refused, "{what}: {error}");
            assert!(peak < 2 << 10, "{what}: {peak} bytes");
        }
    }
}

/// Blobs of 8 MiB in 95 KB.
#[test]
fn compressed_nodes_become_88_times_what_arrived() {
    const PLAIN: usize = 8 << 20;
    let one = {
        let mut listpack = ListpackMut::new();
        listpack.push(&vec![b'x'; PLAIN]).unwrap();
        listpack.freeze().into_bytes()
    };
    let many = {
        let mut listpack = ListpackMut::new();
        for _ in 0..PLAIN / 3 {
            listpack.push(b"x").unwrap();
        }
        listpack.freeze().into_bytes()
    };
    // Its entries are as long as those of the listpack that it is made.
    let ziplist = {
        let (head, entry) = (10, b"\x03\x01x");
        let mut entries = entry.repeat(PLAIN / entry.len());
        entries[0] = 0;
        let tail = head + entries.len() - entry.len();
        let total = head + entries.len() + 1;
        let sizes = [total as u32, tail as u32].map(u32::to_le_bytes).concat();
        [&sizes[..], b"\xFF\xFF", &entries, b"\xFF"].concat().into()
    };
    let cases: [(&str, u8, Bytes, usize); 3] = [
        // The node, and half as much again for the last time that its room grew.
        ("one element", 18, one, 3),
        ("many elements", 18, many, 3),
        // The ziplist, the listpack, and again what it was before its room grew.
        ("a ziplist", 14, ziplist, 6),
    ];
    for (what, code, blob, halves) in cases {
        let container: &[u8] = if code == 18 { &[2] } else { &[] };
        let body = [&[code, 1], container, &compressed(&blob)].concat();
        let told = tell_in_pieces(&seal_as(10, &body));
        assert_eq!(told.result, Ok(RdbVersion(10)), "{what}");
        assert!(told.peak <= 88 * body.len() * halves / 2, "{what}: {} bytes", told.peak);
    }
}

/// The string that holds `plain`, whose bytes repeat from 3 on, in as few bytes as there can be.
fn compressed(plain: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    // The first bytes as they are, in runs of 32.
    let (head, rest) = plain.split_at(64);
    for run in head.chunks(32) {
        stream.push(31);
        stream.extend_from_slice(run);
    }
    let tail_from = rest.len() - 64;
    let (repeated, tail) = rest.split_at(tail_from);
    // All from 3 back.
    let mut left = repeated.len();
    while left > 0 {
        let copied = match left {
            265.. if left < 267 => 200,
            _ => left.min(264),
        };
        if copied < 9 {
            stream.extend_from_slice(&[((copied - 2) as u8) << 5, 2]);
        } else {
            stream.extend_from_slice(&[0xE0, (copied - 9) as u8, 2]);
        }
        left -= copied;
    }
    for run in tail.chunks(32) {
        stream.push(31);
        stream.extend_from_slice(run);
    }
    let mut string = vec![0xC3, 0x80];
    string.extend_from_slice(&(stream.len() as u32).to_be_bytes());
    string.push(0x80);
    string.extend_from_slice(&(plain.len() as u32).to_be_bytes());
    string.extend_from_slice(&stream);
    string
}

#[test]
fn ten_megabytes_of_empty_nodes_are_passed_over_and_refused() {
    let listpack: (u8, &[u8]) = (18, b"\x02\x07\x07\0\0\0\0\0\xFF");
    let ziplist: (u8, &[u8]) = (14, b"\x0B\x0B\0\0\0\x0A\0\0\0\0\0\xFF");
    for (code, node) in [listpack, ziplist] {
        let nodes = (10 << 20) / node.len();
        let body = [&[code, 0x80][..], &(nodes as u32).to_be_bytes(), &node.repeat(nodes)].concat();
        let told = tell_in_pieces(&seal_as(10, &body));
        // Where the last of them is.
        let offset = (body.len() - node.len() + usize::from(code == 18)) as u64;
        assert_eq!(told.result, Err(DecodeError::Empty { offset }));
        assert!(told.peak < 3 * PIECE_BYTES, "{} bytes", told.peak);
    }
}

#[test]
fn duplicates_end_it_at_the_second() {
    let member = b"\x06member";
    let body = [&[2, 0x80, 0, 0x10, 0, 0][..], &member.repeat(1 << 20)].concat();
    let told = tell_in_pieces(&seal(&body));
    assert_eq!(told.result, Err(DecodeError::Duplicate { offset: 6 + member.len() as u64 }));
    assert!(told.peak < 3 * PIECE_BYTES, "{} bytes", told.peak);

    // The same in one blob.
    let mut listpack = ListpackMut::new();
    for _ in 0..1 << 20 {
        listpack.push(b"member").unwrap();
    }
    let blob = listpack.freeze().into_bytes();
    let body = [&[20, 0x80][..], &(blob.len() as u32).to_be_bytes(), &blob].concat();
    let told = tell_in_pieces(&seal_as(11, &body));
    assert_eq!(told.result, Err(DecodeError::Duplicate { offset: 1 }));
    assert!(told.peak <= 3 * body.len(), "{} bytes", told.peak);
}

/// What is remembered of each: a fingerprint, an ID, a name.
#[test]
fn what_is_remembered_is_paid_for() {
    let count = 1_u32 << 17;
    let counted = |head: &[u8], element: &dyn Fn(u32) -> Vec<u8>, tail: &[u8]| {
        let mut body = [head, &[0x80], &count.to_be_bytes()].concat();
        (0..count).for_each(|nth| body.extend(element(nth)));
        body.extend_from_slice(tail);
        body
    };
    let short = |nth: u32| nth.to_be_bytes()[1..].to_vec();
    let stream = b"\x0F\0\0\0\0";
    let id = |nth: u32| [&[0; 12][..], &nth.to_be_bytes()].concat();
    let group = |nth: u32| [&[3][..], &short(nth), &[0; 4]].concat();
    let pending = |nth: u32| [&id(nth)[..], &[0; 9]].concat();
    let consumer = |nth: u32| [&[3][..], &short(nth), &[0; 9]].concat();
    let owned = counted(b"\x01\x01c\0\0\0\0\0\0\0\0", &id, b"");
    let one_group = [&stream[..], b"\x01\x01g\0\0"].concat();
    let cases = [
        ("members", counted(&[2], &|nth| [&[3][..], &short(nth)].concat(), b"")),
        ("fields", counted(&[4], &|nth| [&[3][..], &short(nth), &[0]].concat(), b"")),
        ("groups", counted(stream, &group, b"")),
        ("pending entries", counted(&one_group, &pending, &owned)),
        ("consumers", counted(&[&one_group[..], b"\0"].concat(), &consumer, b"")),
    ];
    for (what, body) in cases {
        let told = tell_in_pieces(&seal(&body));
        assert_eq!(told.result, Ok(RdbVersion(9)), "{what}");
        assert!(told.peak <= REMEMBERED_MAX * body.len(), "{what}: {}", told.peak);
    }
}

/// A value that is wanted whole takes more: its elements may be of a byte each, or of none, and each
/// is a `Bytes`.
#[test]
fn a_whole_value_takes_a_pointer_or_four_for_an_element() {
    let count = 1_u32 << 17;
    let body = [&[1, 0x80][..], &count.to_be_bytes(), &vec![0; count as usize]].concat();
    let payload = seal(&body);
    let (value, peak) = peak_of(|| decode(payload, DecodeLimits::default()));
    value.unwrap();
    let element = size_of::<Bytes>();
    assert!(peak <= 2 * element * body.len(), "{peak} bytes");
}

/// By member, field, ID or name. Room grows by doubling.
const REMEMBERED_MAX: usize = 16;

const PIECE_BYTES: usize = 64 << 10;

struct Told {
    result: Result<RdbVersion, DecodeError>,
    peak: usize,
}

/// Decodes as a server does: in pieces, whose events are taken and let go after each.
fn tell_in_pieces(payload: &Bytes) -> Told {
    let (result, peak) = peak_of(|| {
        let mut decoder = PayloadDecoder::new(payload.len() as u64, DecodeLimits::default())?;
        for piece in payload.chunks(PIECE_BYTES) {
            // A copy, as from a socket: it counts.
            decoder.push(Bytes::copy_from_slice(piece))?;
            while decoder.poll_event().is_some() {}
        }
        decoder.finish()
    });
    if let Err(error) = result {
        assert_eq!(error.kind(), DecodeErrorKind::BadData);
    }
    Told { result, peak }
}
