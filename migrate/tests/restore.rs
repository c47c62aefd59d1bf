//! The receiving side: whatever the split and however little is done at a time, a payload becomes
//! the value that it becomes as a whole, and one that is broken is refused for the same reason.

mod payloads;

use bytes::Bytes;
use keyspace::{Thresholds, Value, ValueBuilder};
use migrate::RestoreSession;
use payloads::*;
use proptest::prelude::*;
use rdb_format::{DecodeError, DecodeErrorKind, DecodeLimits, payload};

/// What a payload becomes when it is decoded as a whole.
fn whole(payload: &Bytes) -> Result<Value, DecodeError> {
    let mut builder = ValueBuilder::new(Thresholds::default());
    payload::decode_events(payload.clone(), DecodeLimits::default(), &mut builder)?;
    Ok(builder.finish().expect("a sound payload has told a value"))
}

fn session(payload_bytes: usize) -> RestoreSession {
    RestoreSession::new(payload_bytes as u64, DecodeLimits::default(), Thresholds::default())
}

/// What it becomes when these pieces arrive one after the other, each worked on in calls of
/// `work_max`.
fn in_pieces<'p>(
    pieces: impl IntoIterator<Item = &'p [u8], IntoIter: Clone>,
    work_max: usize,
) -> Result<Value, DecodeError> {
    let pieces = pieces.into_iter();
    let mut session = session(pieces.clone().map(<[u8]>::len).sum());
    for piece in pieces {
        session.handle_received(Bytes::copy_from_slice(piece));
        while session.has_work() {
            session.advance(work_max);
        }
    }
    assert!(session.is_complete());
    session.finish()
}

#[track_caller]
fn assert_same(
    result: Result<Value, DecodeError>,
    wanted: &Result<Value, DecodeError>,
    what: impl Fn() -> String,
) {
    if let (Err(error), Err(wanted @ DecodeError::Duplicate { .. })) = (&result, wanted)
        && error != wanted
    {
        // Valkey's field TTLs come behind the values, so that a field is told when its value is here:
        // what is wrong with that is found before that the field occurs twice.
        assert_eq!(error.kind(), wanted.kind(), "{}", what());
        return;
    }
    assert_eq!(result, *wanted, "{}", what());
    if let (Ok(value), Ok(wanted)) = (result, wanted) {
        assert_eq!(value.view().encoding(), wanted.view().encoding(), "{}", what());
    }
}

#[test]
fn every_golden_payload_in_pieces_is_what_it_is_as_a_whole() {
    for (name, payload) in golden() {
        let wanted = whole(&payload);
        assert!(wanted.is_ok(), "{name}");
        for piece_bytes in [1, 2, 3, 7, 64, 1000, usize::MAX] {
            for work_max in [1, 10_000, usize::MAX] {
                let result = in_pieces(payload.chunks(piece_bytes), work_max);
                assert_same(result, &wanted, || format!("{name}, by {piece_bytes}, {work_max}"));
            }
        }
    }
}

#[test]
fn every_split_in_two_is_the_same() {
    for (name, payload) in golden() {
        let wanted = whole(&payload);
        for at in positions(payload.len()) {
            let (before, after) = payload.split_at(at);
            let result = in_pieces([before, after], usize::MAX);
            assert_same(result, &wanted, || format!("{name}, split at {at}"));
        }
    }
}

#[test]
fn truncated_payloads_are_refused_as_they_are_as_a_whole() {
    for (name, payload) in golden() {
        let (body, version) = unseal(&payload);
        for len in positions(payload.len()) {
            let cut = payload.slice(..len);
            let wanted = whole(&cut);
            assert!(wanted.is_err(), "{name}, {len}");
            assert_same(in_pieces(cut.chunks(5), 1), &wanted, || format!("{name}, {len} bytes"));
        }
        for len in positions(body.len()) {
            let cut = seal_as(version, &body[..len]);
            let wanted = whole(&cut);
            assert!(wanted.is_err(), "{name}, {len}");
            assert_same(in_pieces(cut.chunks(5), 1), &wanted, || format!("{name}, body of {len}"));
        }
    }
}

#[test]
fn changed_payloads_are_refused_or_taken_as_they_are_as_a_whole() {
    for (name, payload) in golden() {
        let (body, version) = unseal(&payload);
        for at in positions(body.len()) {
            for change in [1, 0xFF] {
                let mut changed = body.to_vec();
                changed[at] ^= change;
                let broken = [&changed[..], &payload[body.len()..]].concat();
                let wanted = whole(&broken.clone().into());
                // A checksum that is wrong goes before everything that is (R4 before R6).
                let is_footer =
                    |error: &DecodeError| error.kind() == DecodeErrorKind::VersionOrChecksum;
                assert!(wanted.as_ref().is_err_and(is_footer), "{name}, {at}");
                assert_same(in_pieces(broken.chunks(7), 1), &wanted, || format!("{name}, {at}"));

                let sealed = seal_as(version, &changed);
                let wanted = whole(&sealed);
                let what = || format!("{name}, byte {at} ^ {change}");
                assert_same(in_pieces(sealed.chunks(7), 1), &wanted, what);
            }
        }
    }
}

/// The session keeps no names to compare with: it is the value that finds them.
#[test]
fn members_that_occur_twice_are_refused_as_they_are_as_a_whole() {
    let long = vec![b'x'; 70_000];
    for others in [0, 3, 200, 2000] {
        let names: Vec<String> = (0..others).map(|number| format!("member:{number}")).collect();
        for twice in [&b""[..], b"7", b"twice", &long] {
            let mut members: Vec<&[u8]> = vec![twice];
            members.extend(names.iter().map(String::as_bytes));
            members.push(twice);
            let fields: Vec<_> = members.iter().map(|member| [*member, b"value"]).collect();
            let sets: Vec<_> = members.iter().map(|member| [*member]).collect();
            for payload in [
                collection(SET, &sets),
                collection(HASH, &fields),
                sorted_set(&members),
                with_ttls(&members),
            ] {
                let wanted = whole(&payload);
                assert!(matches!(wanted, Err(DecodeError::Duplicate { .. })));
                for piece_bytes in [1000, usize::MAX] {
                    let result = in_pieces(payload.chunks(piece_bytes), 1);
                    assert_same(result, &wanted, || {
                        format!("{others} others, type {}", payload[0])
                    });
                }
            }
            // In a list they are nothing special.
            let payload = collection(LIST, &sets);
            assert_same(in_pieces(payload.chunks(999), 1), &whole(&payload), || "a list".into());
        }
    }
}

/// A hash of type 24, every other field of which expires.
fn with_ttls(names: &[&[u8]]) -> Bytes {
    let mut body = vec![24];
    body.extend_from_slice(&2_000_000_000_000_i64.to_le_bytes());
    rdb_format::length::encode(names.len() as u64, &mut body);
    for (number, name) in names.iter().enumerate() {
        rdb_format::length::encode((number % 2 * number) as u64, &mut body);
        plain(&mut body, name);
        plain(&mut body, b"value");
    }
    seal_as(12, &body)
}

#[test]
fn a_payload_that_ends_early_is_incomplete() {
    let payload = hash(1000, 10);
    for len in [0, 1, 100, payload.len() - 1] {
        let mut session = session(payload.len());
        session.handle_received(payload.slice(..len));
        session.advance(usize::MAX);
        assert!(!session.is_complete() && !session.has_work());
        let (received, announced) = (len as u64, payload.len() as u64);
        assert_eq!(session.finish(), Err(DecodeError::Incomplete { received, announced }));
    }
}

#[test]
fn a_payload_without_room_for_a_footer_is_too_short() {
    for len in 0..10 {
        let mut session = session(len);
        session.handle_received(vec![0; len].into());
        session.advance(1);
        assert!(session.is_complete() && !session.has_work());
        assert_eq!(session.finish(), Err(DecodeError::TooShort { len: len as u64 }));
    }
}

/// What was built is given away at once, and what follows is only counted: the footer is judged
/// first all the same.
#[test]
fn a_broken_payload_is_drained() {
    let (body, _) = unseal(&hash(5000, 10));
    let mut body = body.to_vec();
    let middle = body.len() / 2;
    // No length begins with these.
    body[middle..middle + 200].fill(0x82);
    let sound = seal(&body);
    let mut unsound = sound.to_vec();
    *unsound.last_mut().expect("a footer") ^= 1;
    for (payload, kind) in
        [(sound, DecodeErrorKind::BadData), (unsound.into(), DecodeErrorKind::VersionOrChecksum)]
    {
        let mut session = session(payload.len());
        session.handle_received(payload.slice(..middle - 100));
        session.advance(usize::MAX);
        assert!(session.poll_garbage().is_none());
        session.handle_received(payload.slice(middle - 100..middle + 1000));
        session.advance(usize::MAX);
        assert!(session.poll_garbage().is_some() && session.poll_garbage().is_none());
        session.handle_received(payload.slice(middle + 1000..));
        session.advance(usize::MAX);
        assert!(session.poll_garbage().is_none());
        assert_eq!(session.finish().map_err(|error| error.kind()), Err(kind));
    }
}

#[test]
#[should_panic = "no longer than announced"]
fn more_than_was_announced_is_not_taken() {
    session(20).handle_received(vec![0; 21].into());
}

/// Places to cut at: all of a short payload, and about so many of a long one.
fn positions(len: usize) -> impl Iterator<Item = usize> {
    const MANY: usize = 100;
    let dense = len.min(64);
    (0..dense).chain((dense..len).step_by(len.div_ceil(MANY).max(1))).chain(len.checked_sub(1))
}

/// Sessions, and what is left of them, are freed on other threads.
const _: () = {
    const fn assert_send<T: Send>() {}
    assert_send::<RestoreSession>();
    assert_send::<migrate::restore::Garbage>();
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn large_values_in_any_split_are_what_they_are_as_a_whole(
        kind in 0..6_usize,
        size in 1..3000_usize,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        work_max in 1..100_000_usize,
    ) {
        let names: Vec<String> = (0..size).map(|number| format!("member:{number}")).collect();
        let payload = match kind {
            0 => hash(size, 100),
            1 => set(size),
            2 => sorted_set(&names),
            3 => {
                let mut body = vec![0];
                plain(&mut body, &vec![b'x'; size * 100]);
                seal(&body)
            }
            4 => {
                let mut body = vec![0];
                zeros(&mut body, size * 1000);
                seal(&body)
            }
            _ => {
                let elements: Vec<_> = names.iter().map(|name| [name.as_bytes()]).collect();
                collection(LIST, &elements)
            }
        };
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(payload.len())).collect();
        cuts.extend([0, payload.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|ends| &payload[ends[0]..ends[1]]);
        let result = in_pieces(pieces.collect::<Vec<_>>(), work_max);
        assert_same(result, &whole(&payload), || format!("kind {kind} of {size}"));
    }
}
