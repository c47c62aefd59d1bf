//! What a call of a session does and what the session holds, counted by the allocator.
//!
//! One test, so that nothing else allocates meanwhile.

mod payloads;

use std::alloc::System;

use bytes::Bytes;
use cap::Cap;
use keyspace::{Thresholds, Value};
use migrate::RestoreSession;
use migrate::restore::{EVENT_WORK, STEP_BYTES};
use payloads::*;
use rdb_format::packed::ListpackMut;
use rdb_format::{DecodeError, DecodeLimits};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// What came of a payload that arrived a piece at a time.
struct Taken {
    result: Result<Value, DecodeError>,
    calls: usize,
    /// The most that one call took from the allocator, less what it gave back.
    call_bytes_max: usize,
    /// The most that was held after any call, pieces of the payload included.
    held_bytes_max: usize,
}

const WORK_MAX: usize = 16 << 10;
const PIECE_BYTES: usize = 64 << 10;

fn take(payload: &Bytes) -> Taken {
    let before = ALLOCATOR.allocated();
    let mut session =
        RestoreSession::new(payload.len() as u64, DecodeLimits::default(), Thresholds::default());
    let (mut calls, mut call_bytes_max, mut held_bytes_max) = (0, 0, 0);
    for piece in payload.chunks(PIECE_BYTES) {
        session.handle_received(Bytes::copy_from_slice(piece));
        while session.has_work() {
            let held = ALLOCATOR.allocated();
            session.advance(WORK_MAX);
            drop(session.poll_garbage());
            calls += 1;
            call_bytes_max = call_bytes_max.max(ALLOCATOR.allocated().saturating_sub(held));
            held_bytes_max = held_bytes_max.max(ALLOCATOR.allocated() - before);
        }
    }
    let held = ALLOCATOR.allocated();
    let result = session.finish();
    // To finish is to hand over what is there.
    assert!(ALLOCATOR.allocated() < held + 1024);
    drop(session);
    Taken { result, calls, call_bytes_max, held_bytes_max }
}

/// Takes a sound payload of so many events, and checks that no call did much and that nothing was
/// held beside the value.
#[track_caller]
fn assert_bounded(what: &str, payload: &Bytes, events: usize, plain_bytes: usize) {
    let before = ALLOCATOR.allocated();
    let Taken { result, calls, call_bytes_max, held_bytes_max } = take(payload);
    let value = result.expect(what);
    let value_bytes = ALLOCATOR.allocated() - before;
    // A call ends with the step that uses up its work, and the largest step takes 64 KiB.
    let work = events * EVENT_WORK + plain_bytes;
    let call_work_max = WORK_MAX + EVENT_WORK + (64 << 10);
    assert!(calls >= work / call_work_max, "{what}: {calls} calls");
    // A string's room is reserved at once; it is touched as bytes come.
    let reserved = if events < 1000 { plain_bytes } else { 0 };
    assert!(call_bytes_max < (256 << 10) + reserved, "{what}: {call_bytes_max} in a call");
    let beside = held_bytes_max.saturating_sub(value_bytes);
    assert!(beside < 512 << 10, "{what}: {beside} beside the value of {value_bytes}");
    drop(value);
    assert!(ALLOCATOR.allocated() < before + 1024, "{what}: something is still held");
}

#[test]
fn calls_are_short_and_nothing_is_held_twice() {
    const ELEMENTS: usize = 200_000;
    let names: Vec<String> = (0..ELEMENTS).map(|number| format!("member:{number:08}")).collect();
    let texts: Vec<_> = names.iter().map(|name| [name.as_bytes()]).collect();

    // Whatever the thread that runs tests and the tables of the libraries keep, they have it now.
    take(&hash(1000, 10)).result.expect("it is sound");

    assert_bounded("hash", &hash(ELEMENTS, 80), ELEMENTS, ELEMENTS * 94);
    assert_bounded("set", &set(ELEMENTS), ELEMENTS, ELEMENTS * 15);
    assert_bounded("sorted set", &sorted_set(&names), ELEMENTS, ELEMENTS * 15);
    assert_bounded("list", &collection(LIST, &texts), ELEMENTS, ELEMENTS * 15);

    let string = |content: &dyn Fn(&mut Vec<u8>)| {
        let mut body = vec![0];
        content(&mut body);
        seal(&body)
    };
    const LONG: usize = 40 << 20;
    let plain_string = string(&|body| plain(body, &vec![b'x'; LONG]));
    assert_bounded("string", &plain_string, 1, LONG);
    // 88 bytes of a string for each of the payload.
    let bomb = string(&|body| zeros(body, LONG));
    assert!(bomb.len() < LONG / 80);
    assert_bounded("compressed string", &bomb, 1, LONG);

    // One packed blob, which is held until its end, is then gone over element by element.
    let mut packed = ListpackMut::new();
    for name in names.iter().take(ELEMENTS / 4) {
        packed.push(name.as_bytes()).expect("it fits");
        packed.push(b"value").expect("it fits");
    }
    let blob = packed.freeze().into_bytes();
    let mut body = vec![16];
    plain(&mut body, &blob);
    let Taken { result, calls, .. } = take(&seal(&body));
    assert!(result.is_ok() && calls > ELEMENTS / 4 * 2 * EVENT_WORK / (2 * WORK_MAX), "{calls}");
    drop((body, blob));

    // While a compressed one becomes 88 times as long, no more is done than for two steps.
    let mut body = vec![20];
    zeros(&mut body, LONG);
    let Taken { result, calls, .. } = take(&seal(&body));
    assert!(result.is_err() && calls >= body.len() / (2 * STEP_BYTES), "{calls}");
    drop(body);

    // A claim that the payload could back and a little more than 1 MiB of it that came: as long as
    // that has not, no room is made for it.
    let claim = string(&|body| zeros(body, LONG)).slice(..8 << 10);
    let before = ALLOCATOR.allocated();
    let mut session =
        RestoreSession::new(LONG as u64, DecodeLimits::default(), Thresholds::default());
    session.handle_received(claim);
    session.advance(usize::MAX);
    assert!(ALLOCATOR.allocated() - before < 2 << 20, "a claim was believed");
    drop(session);

    // Broken in its first half: the rest is not held.
    let (body, _) = unseal(&hash(ELEMENTS, 80));
    let mut body = body.to_vec();
    let middle = body.len() / 2;
    body[middle..middle + 200].fill(0x82);
    let before = ALLOCATOR.allocated();
    let payload = seal(&body);
    let Taken { result, calls, held_bytes_max, .. } = take(&payload);
    assert!(result.is_err() && calls > 1000);
    assert!(held_bytes_max < payload.len() * 2 / 3, "{held_bytes_max}");
    drop((payload, body));
    assert!(ALLOCATOR.allocated() <= before);
}
