//! A slow or silent target: its caller waits, at most for the idle timeout, and nobody else does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{
    Answer, Early, FakeTarget, Reply, Request, Server, Where, assert_reply_is_true,
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
    for silent_at in ["SELECT", "INFO", "CONFIG"] {
        let target = FakeTarget::scripted(move |request| {
            (request.name() == silent_at).then_some(Answer::Silence)
        });
        client.cmd(&["MSET", "a", "1", "b", "2"]);
        let crowd = Crowd::ask(&source);
        let (reply, time) = migrate_for(&source, target.port(), TIMEOUT, &["a", "b"]);
        crowd.assert_was_served(time);
        assert_eq!(reply, Reply::error(TIMED_OUT), "silent at {silent_at}");
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
    let mut is_silent = false;
    let target = FakeTarget::scripted(move |request| {
        is_silent |= request.is_restore();
        is_silent.then_some(Answer::Silence)
    });
    client.cmd(&["SET", "key", "value"]);
    let crowd = Crowd::ask(&source);
    let (reply, time) = migrate_for(&source, target.port(), TIMEOUT, &["key"]);
    crowd.assert_was_served(time);
    assert_eq!(reply, Reply::error(TIMED_OUT));
    assert_eq!(client.cmd(&["GET", "key"]), Reply::bulk("value"));
    assert!(time >= TIMEOUT && time < 3 * TIMEOUT + 3 * HICCUP, "it took {time:?}");
}

/// Rule 1 of the contract: while the target may have the key already, nobody reads it here.
#[test]
fn a_key_in_doubt_is_neither_read_nor_written() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::scripted(|request| {
        if request.is_restore() {
            thread::sleep(TIMEOUT);
        }
        None
    });
    source.client().cmd(&["MSET", "key", "value", "other", "value"]);
    let (mut reader, mut writer, mut bystander) =
        (source.client(), source.client(), source.client());
    thread::scope(|scope| {
        let moving =
            scope.spawn(|| migrate_for(&source, target.port(), Duration::from_secs(5), &["key"]).0);
        let start = Instant::now();
        while !target.commands().contains(&"RESTORE".to_owned()) {
            assert!(start.elapsed() < Duration::from_secs(5), "no RESTORE arrives");
            thread::sleep(Duration::from_millis(1));
        }
        reader.send(&["GET", "key"]);
        writer.send(&["APPEND", "key", "!"]);
        assert_eq!(bystander.cmd(&["GET", "other"]), Reply::bulk("value"));
        assert!(reader.is_silent_for(TIMEOUT / 5), "a key in doubt was read");
        assert!(writer.is_silent_for(TIMEOUT / 5), "a key in doubt was written");
        assert_eq!(bystander.cmd(&["GET", "other"]), Reply::bulk("value"));
        assert_eq!(moving.join().expect("a reply"), Reply::ok());
    });
    // Both run once the key is gone, in the order of their arrival.
    assert_eq!(reader.reply(), Reply::Nil);
    assert_eq!(writer.reply(), Reply::Integer(1));
    assert_eq!(bystander.cmd(&["GET", "key"]), Reply::bulk("!"));
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
