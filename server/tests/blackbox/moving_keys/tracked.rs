//! Keys that are cached and on their way: who has read one hears of it once, when it has gone or come
//! (rule E5).

use super::{End, Move};
use crate::support::{Client, Reply, Server};

const MODES: [&[&str]; 4] = [&[], &["BCAST"], &["OPTIN"], &["NOLOOP"]];

fn tracker(server: &Server, mode: &[&str]) -> Client {
    let mut client = server.client();
    client.cmd(&["HELLO", "3"]);
    assert_eq!(client.cmd(&[&["CLIENT", "TRACKING", "ON"], mode].concat()), Reply::ok());
    client
}

/// Has a client that is in this mode read the key.
#[track_caller]
fn read(client: &mut Client, mode: &[&str], is_there: bool) {
    if mode == ["OPTIN"] {
        assert_eq!(client.cmd(&["CLIENT", "CACHING", "YES"]), Reply::ok());
    }
    assert_eq!(client.cmd(&["EXISTS", "key"]), Reply::Integer(is_there.into()));
}

/// What a client was told since its last reply.
#[track_caller]
fn told(client: &mut Client) -> Vec<Reply> {
    client.send(&["PING"]);
    let messages = std::iter::repeat_with(|| client.reply());
    messages.take_while(|message| *message != Reply::status("PONG")).collect()
}

fn invalidated() -> Reply {
    Reply::Push(vec![Reply::bulk("invalidate"), Reply::Array(vec![Reply::bulk("key")])])
}

#[test]
fn a_key_is_told_of_once_when_it_has_gone_or_come() {
    for end in End::ALL {
        let mut moving = Move::new();
        moving.make("SET key");
        let mut here = MODES.map(|mode| (tracker(&moving.pair.source, mode), mode));
        let mut late = MODES.map(|mode| (tracker(&moving.pair.source, mode), mode));
        let mut there = MODES.map(|mode| (tracker(&moving.pair.target, mode), mode));
        here.iter_mut().for_each(|(client, mode)| read(client, mode, true));
        there.iter_mut().for_each(|(client, mode)| read(client, mode, false));
        moving.begin(end, &[]);
        // Who reads it on its way has it in the cache too.
        late.iter_mut().for_each(|(client, mode)| read(client, mode, true));
        for (client, mode) in here.iter_mut().chain(&mut late).chain(&mut there) {
            assert_eq!(told(client), [], "{end:?} {mode:?}: nothing has happened yet");
        }
        moving.end(end);
        let once = |is_told: bool| if is_told { vec![invalidated()] } else { Vec::new() };
        for (client, mode) in here.iter_mut().chain(&mut late) {
            assert_eq!(told(client), once(end == End::Moved), "{end:?} {mode:?}, at the source");
        }
        for (client, mode) in &mut there {
            assert_eq!(told(client), once(end != End::CalledOff), "{end:?} {mode:?}, the target");
        }
    }
}

/// With NOLOOP too: the one who has the key moved does not change it itself.
#[test]
fn who_has_a_key_moved_is_told_that_it_is_gone() {
    for (end, mode) in End::ALL.into_iter().flat_map(|end| MODES.map(|mode| (end, mode))) {
        let mut moving = Move::new();
        moving.make("SET key");
        moving.caller = tracker(&moving.pair.source, mode);
        read(&mut moving.caller, mode, true);
        moving.begin(end, &[]);
        let reply = moving.end_unanswered(end);
        let caller = &mut moving.caller;
        let mut wanted = vec![reply];
        wanted.extend((end == End::Moved).then(invalidated));
        let mut got: Vec<Reply> = wanted.iter().map(|_| caller.reply()).collect();
        got.sort_by_key(|reply| matches!(reply, Reply::Push(_)));
        assert_eq!(got, wanted, "{end:?} {mode:?}");
        assert_eq!(told(caller), [], "{end:?} {mode:?}");
    }
}
