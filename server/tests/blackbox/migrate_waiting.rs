//! A slow or silent target: its caller waits, at most for the idle timeout, and nobody else does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{
    Answer, Client, Early, FakeTarget, Reply, Request, Server, Where, assert_reply_is_true,
    wait_until,
};

const TIMEOUT: Duration = Duration::from_millis(500);

const TIMED_OUT: &str = "IOERR error or timeout reading to target instance";

/// Longest wait of another client that is put down to a busy machine.
const HICCUP: Duration = Duration::from_millis(250);

/// Clients of a server that do nothing but ask, and note how long they had to wait.
struct Crowd {
    end: Arc<AtomicBool>,
    clients: Vec<thread::JoinHandle<(usize, Duration)>>,
}

impl Crowd {
    fn ask(server: &Server) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let clients =
            [["SET", "mine", "1"].as_slice(), &["GET", "mine"], &["PING"]].map(|command| {
                let (mut client, end) = (server.client(), Arc::clone(&end));
                thread::spawn(move || {
                    let (mut replies, mut longest) = (0, Duration::ZERO);
                    while !end.load(Ordering::Relaxed) {
                        let start = Instant::now();
                        let reply = client.cmd(command);
                        assert!(!reply.is_error(""), "{reply:?}");
                        longest = longest.max(start.elapsed());
                        replies += 1;
                        // So that a crowd does not take a whole core from the other tests.
                        thread::sleep(Duration::from_millis(1));
                    }
                    (replies, longest)
                })
            });
        Self { end, clients: clients.into() }
    }

    /// Asserts that everybody was served throughout.
    #[track_caller]
    fn assert_was_served(self, time: Duration) {
        self.end.store(true, Ordering::Relaxed);
        for client in self.clients {
            let (replies, longest) = client.join().expect("every reply came");
            assert!(longest < HICCUP, "a client waited {longest:?} for a reply");
            let expected = time.as_millis() / 20;
            assert!(replies as u128 > expected, "{replies} replies in {time:?}");
        }
    }
}

/// A target that says nothing more, to anybody, once it has got this command.
fn silent_from(step: &'static str) -> FakeTarget {
    let mut is_silent = false;
    FakeTarget::scripted(move |request| {
        is_silent |= request.name() == step;
        is_silent.then_some(Answer::Silence)
    })
}

#[track_caller]
fn migrate_for(server: &Server, port: u16, timeout: Duration, keys: &[&str]) -> (Reply, Duration) {
    let (port, timeout_ms) = (port.to_string(), timeout.as_millis().to_string());
    let mut args = vec!["MIGRATE", "127.0.0.1", &port, "", "0", &timeout_ms, "KEYS"];
    args.extend(keys);
    let mut client = server.client();
    let start = Instant::now();
    let reply = client.cmd(&args);
    (reply, start.elapsed())
}

#[track_caller]
fn assert_is_about(time: Duration, expected: Duration) {
    let range = expected - Duration::from_millis(20)..expected + 3 * HICCUP;
    assert!(range.contains(&time), "it took {time:?}");
}

#[test]
fn a_silent_target_is_given_up_after_the_timeout() {
    let source = Server::keyferry(&[]);
    let mut client = source.client();
    for step in ["SELECT", "INFO", "CONFIG"] {
        let target = silent_from(step);
        client.cmd(&["MSET", "a", "1", "b", "2"]);
        let crowd = Crowd::ask(&source);
        let (reply, time) = migrate_for(&source, target.port(), TIMEOUT, &["a", "b"]);
        crowd.assert_was_served(time);
        assert_eq!(reply, Reply::error(TIMED_OUT), "silent from {step} on");
        assert_is_about(time, TIMEOUT);
        assert_eq!(client.cmd(&["MGET", "a", "b"]).into_array().len(), 2);
        assert_eq!(client.cmd(&["EXISTS", "a", "b"]), Reply::Integer(2));
        assert!(!target.requests().iter().any(Request::is_restore));
    }
}

/// The RESTORE is out and the target, which has it or has not, says nothing more, ever.
#[test]
fn a_key_stays_when_the_target_is_silent_from_restore_on() {
    let source = Server::keyferry(&[]);
    let mut client = source.client();
    let target = silent_from("RESTORE");
    client.cmd(&["SET", "key", "value"]);
    let crowd = Crowd::ask(&source);
    let (reply, time) = migrate_for(&source, target.port(), TIMEOUT, &["key"]);
    crowd.assert_was_served(time);
    assert_eq!(reply, Reply::error(TIMED_OUT));
    assert_eq!(client.cmd(&["GET", "key"]), Reply::bulk("value"));
    assert!(time >= TIMEOUT && time < 3 * TIMEOUT + 3 * HICCUP, "it took {time:?}");
}

#[track_caller]
fn wait_for_restore(target: &FakeTarget) {
    wait_until("a RESTORE arrives", || target.requests().iter().any(Request::is_restore));
}

/// Sends a MIGRATE of "key" and leaves its reply for later.
#[track_caller]
fn start_to_migrate(server: &Server, port: u16, timeout: Duration) -> Client {
    let (port, timeout_ms) = (port.to_string(), timeout.as_millis().to_string());
    let mut caller = server.client();
    caller.send(&["MIGRATE", "127.0.0.1", &port, "key", "0", &timeout_ms]);
    caller
}

/// Rule 1 of the contract: while the target may have the key already, nobody reads it here.
#[test]
fn a_key_in_doubt_is_neither_read_nor_written() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::slow_to_restore(TIMEOUT);
    let [mut bystander, mut reader, mut first, mut second] = [(); 4].map(|()| source.client());
    bystander.cmd(&["MSET", "key", "value", "other", "value"]);
    let mut caller = start_to_migrate(&source, target.port(), 10 * TIMEOUT);
    wait_for_restore(&target);

    reader.send(&["GET", "key"]);
    first.send(&["APPEND", "key", "a"]);
    assert!(reader.is_silent_for(TIMEOUT / 10), "a key in doubt was read");
    assert!(first.is_silent_for(TIMEOUT / 10), "a key in doubt was written");
    second.send(&["APPEND", "key", "b"]);
    assert!(second.is_silent_for(TIMEOUT / 10), "a key in doubt was written");
    assert_eq!(bystander.cmd(&["GET", "other"]), Reply::bulk("value"));

    // All run once the key is gone, in the order of their arrival.
    assert_eq!(caller.reply(), Reply::ok());
    assert_eq!(reader.reply(), Reply::Nil);
    assert_eq!(first.reply(), Reply::Integer(1));
    assert_eq!(second.reply(), Reply::Integer(2));
    assert_eq!(bystander.cmd(&["GET", "key"]), Reply::bulk("ab"));
}

/// What a pipeline has had answered before its MIGRATE is not told with the MIGRATE, however long that
/// takes.
#[test]
fn answers_do_not_wait_for_a_migration_behind_them() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::slow_to_restore(TIMEOUT);
    let mut client = source.client();
    client.cmd(&["SET", "key", "value"]);
    let migrate = format!("MIGRATE 127.0.0.1 {} key 0 5000", target.port());
    let start = Instant::now();
    client.send_raw(format!("APPEND other value\r\n{migrate}\r\nAPPEND other !\r\n").as_bytes());
    assert_eq!(client.reply(), Reply::Integer(5));
    assert!(start.elapsed() < HICCUP, "an answer was kept for {:?}", start.elapsed());
    assert_eq!(client.reply(), Reply::ok());
    assert!(start.elapsed() >= TIMEOUT, "the target was not slow");
    assert_eq!(client.reply(), Reply::Integer(6));
}

/// Whoever waited for a key that stays finds it as it was.
#[test]
fn a_key_that_could_not_be_moved_is_free_again() {
    let source = Server::keyferry(&[]);
    let target = silent_from("RESTORE");
    let (mut reader, mut writer) = (source.client(), source.client());
    reader.cmd(&["SET", "key", "value", "PX", "100000"]);
    let mut caller = start_to_migrate(&source, target.port(), TIMEOUT);
    wait_for_restore(&target);
    reader.send(&["GET", "key"]);
    assert!(reader.is_silent_for(TIMEOUT / 10), "a key in doubt was read");
    writer.send(&["APPEND", "key", "!"]);

    assert_eq!(caller.reply(), Reply::error(TIMED_OUT));
    assert_eq!(reader.reply(), Reply::bulk("value"));
    assert_eq!(writer.reply(), Reply::Integer(6));
    assert_eq!(reader.cmd(&["GET", "key"]), Reply::bulk("value!"));
    assert!((90_000..=100_000).contains(&reader.cmd(&["PTTL", "key"]).into_integer()));
}

/// FLUSHALL would take a key away under the hands of its mover.
#[test]
fn a_database_is_not_flushed_while_a_key_moves() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::slow_to_restore(TIMEOUT);
    let (mut flusher, mut bystander) = (source.client(), source.client());
    bystander.cmd(&["MSET", "key", "value", "other", "value"]);
    let mut caller = start_to_migrate(&source, target.port(), 10 * TIMEOUT);
    wait_for_restore(&target);
    flusher.send(&["FLUSHALL"]);
    assert!(flusher.is_silent_for(TIMEOUT / 10), "a key in doubt was flushed");
    assert_eq!(bystander.cmd(&["GET", "other"]), Reply::bulk("value"));

    assert_eq!(caller.reply(), Reply::ok());
    assert_eq!(flusher.reply(), Reply::ok());
    assert_eq!(bystander.cmd(&["DBSIZE"]), Reply::Integer(0));
    assert!(target.has("key"));
}

#[test]
fn two_callers_for_one_key_get_their_turns() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::slow_to_restore(TIMEOUT);
    source.client().cmd(&["SET", "key", "value"]);
    let mut callers = [(); 2].map(|()| start_to_migrate(&source, target.port(), 10 * TIMEOUT));
    let replies = callers.each_mut().map(Client::reply);
    let moved = replies.iter().filter(|reply| **reply == Reply::ok()).count();
    let late = replies.iter().filter(|reply| **reply == Reply::status("NOKEY")).count();
    assert_eq!((moved, late), (1, 1), "{replies:?}");
    assert_eq!(target.requests().iter().filter(|request| request.is_restore()).count(), 1);
}

/// A caller that hangs up cancels nothing.
#[test]
fn a_key_moves_on_without_its_caller() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::slow_to_restore(TIMEOUT);
    let mut client = source.client();
    client.cmd(&["SET", "key", "value"]);
    let caller = start_to_migrate(&source, target.port(), 10 * TIMEOUT);
    wait_for_restore(&target);
    drop(caller);
    wait_until("the target has the key", || target.has("key"));
    wait_until("the key is gone", || client.cmd(&["EXISTS", "key"]) == Reply::Integer(0));
}

/// The timeout counts from the last progress: a target may be slow for as long as it goes on.
#[test]
fn a_slow_target_is_not_given_up() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::scripted(|_| {
        thread::sleep(TIMEOUT / 4);
        None
    });
    let keys = ["a", "b", "c", "d"];
    let mut client = source.client();
    client.cmd(&["MSET", "a", "1", "b", "2", "c", "3", "d", "4"]);
    let crowd = Crowd::ask(&source);
    let (reply, time) = migrate_for(&source, target.port(), TIMEOUT, &keys);
    crowd.assert_was_served(time);
    assert_eq!(reply, Reply::ok());
    assert!(time > TIMEOUT, "the target was slow: {time:?}");
    assert_eq!(client.cmd(&["EXISTS", "a", "b", "c", "d"]), Reply::Integer(0));
    assert!(keys.iter().all(|key| target.has(key)));
}

/// The target takes the first bytes of a value larger than any socket buffer, and then no more.
#[test]
fn a_target_that_stops_reading_is_given_up() {
    const VALUE_BYTES: usize = 32 << 20;

    let source = Server::keyferry(&[]);
    let early = Early { trigger: b"RESTORE", say: b"", pause: 4 * TIMEOUT };
    let target = FakeTarget::hasty(early, |_| None);
    let mut client = source.client();
    client.cmd(&[b"SET".as_slice(), b"key", &vec![b'x'; VALUE_BYTES]]);
    // A value that shrinks to nothing on its way would fit into the buffers.
    client.cmd(&["CONFIG", "SET", "rdbcompression", "no"]);
    let crowd = Crowd::ask(&source);
    let (reply, time) = migrate_for(&source, target.port(), TIMEOUT, &["key"]);
    crowd.assert_was_served(time);
    let on_source = client.cmd(&["EXISTS", "key"]).into_integer() == 1;
    assert!(reply.is_error("IOERR ") || reply.is_error("ERR "), "{reply:?}");
    assert_reply_is_true(&reply, &[Where::of(on_source, target.has("key"))], "a full buffer");
    assert!(time < 4 * TIMEOUT, "it took {time:?}");
}

/// What waited goes on in the order in which it came, even if a flush stands between.
#[test]
fn a_flush_does_not_overtake_who_came_before() {
    let source = Server::keyferry(&[]);
    // Both keys are released by one write.
    let target = FakeTarget::scripted(|request| match (request.is_restore(), request.key()) {
        (true, b"a") => Some(Answer::Silence),
        (true, _) => {
            thread::sleep(TIMEOUT);
            Some(Answer::say("+OK\r\n+OK\r\n"))
        }
        _ => None,
    });
    let [mut caller, mut setter, mut flusher] = [(); 3].map(|()| source.client());
    caller.cmd(&["MSET", "a", "1", "b", "2", "other", "3"]);
    let port = target.port().to_string();
    caller.send(&["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS", "a", "b"]);
    wait_until("both keys leave", || {
        target.requests().iter().filter(|request| request.is_restore()).count() == 2
    });
    setter.send(&["SET", "b", "new"]);
    assert!(setter.is_silent_for(TIMEOUT / 10), "a key in doubt was written");
    flusher.send(&["FLUSHDB"]);
    assert_eq!(caller.reply(), Reply::ok());
    assert_eq!(setter.reply(), Reply::ok());
    assert_eq!(flusher.reply(), Reply::ok());
    assert_eq!(caller.cmd(&["DBSIZE"]), Reply::Integer(0));
}

/// Who hangs up while waiting will try again: the command is not run twice.
#[test]
fn a_command_that_nobody_waits_for_is_not_run() {
    let source = Server::keyferry(&[]);
    let target = silent_from("RESTORE");
    let (mut impatient, mut bystander) = (source.client(), source.client());
    bystander.cmd(&["SET", "key", "value"]);
    let mut caller = start_to_migrate(&source, target.port(), TIMEOUT);
    wait_for_restore(&target);
    impatient.send(&["APPEND", "key", "!"]);
    assert!(impatient.is_silent_for(TIMEOUT / 10), "a key in doubt was written");
    drop(impatient);
    assert_eq!(caller.reply(), Reply::error(TIMED_OUT));
    assert_eq!(bystander.cmd(&["GET", "key"]), Reply::bulk("value"));
}

/// A flush that waits keeps keys from being moved; one that nobody waits for must not.
#[test]
fn a_flush_that_was_given_up_holds_nobody() {
    let source = Server::keyferry(&[]);
    let (silent, polite) = (silent_from("RESTORE"), FakeTarget::polite());
    let mut flusher = source.client();
    flusher.cmd(&["MSET", "key", "value", "other", "value"]);
    let mut caller = start_to_migrate(&source, silent.port(), 10 * TIMEOUT);
    wait_for_restore(&silent);
    flusher.send(&["FLUSHALL"]);
    assert!(flusher.is_silent_for(TIMEOUT / 10), "a key in doubt was flushed");
    drop(flusher);
    assert_eq!(migrate_for(&source, polite.port(), TIMEOUT, &["other"]).0, Reply::ok());
    assert!(caller.is_silent_for(TIMEOUT / 10), "the first call is still under way");
}

/// Calls in a pipeline follow each other at once: the loop does not sleep over one that has begun.
#[test]
fn pipelined_calls_follow_each_other_at_once() {
    const CALLS: usize = 30;

    let source = Server::keyferry(&[]);
    let target = FakeTarget::polite();
    let mut caller = source.client();
    let keys: Vec<String> = (0..CALLS).map(|number| format!("key:{number}")).collect();
    for key in &keys {
        caller.cmd(&["SET", key, "value"]);
    }
    let port = target.port().to_string();
    let start = Instant::now();
    for key in &keys {
        caller.send(&["MIGRATE", "127.0.0.1", &port, key, "0", "5000"]);
    }
    for _ in &keys {
        assert_eq!(caller.reply(), Reply::ok());
    }
    // A nap of 100 ms between them would make three seconds.
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
}
