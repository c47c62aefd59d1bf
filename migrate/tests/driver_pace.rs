//! The limit on what all migrations together send, and what it does not touch: replies are read, and
//! who waits for the limit only has not timed out. Nor has who stands still while another one runs
//! alone.
//!
//! The sockets are real, the clock is the test's: it moves on to the driver's next deadline when
//! nothing else does.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use keyspace::{Keyspace, StringValue};
use migrate::driver::Endpoint;
use migrate::driver::mio::{Driver, DriverEvent, MigrationId};
use migrate::{Failure, MigrateRequest, Now, Outcome, Refusal};
use mio::{Events, Poll, Token, Waker};
use resp::{Request, RequestDecoder, RequestLimits};

const LIMIT: u64 = 100_000;

/// Shorter than the limit ever makes a session wait.
const IDLE_TIMEOUT: Duration = Duration::from_millis(10);

#[test]
fn a_key_takes_the_time_that_the_limit_gives_it() {
    let mut world = World::new(true);
    let id = world.start(&[("key", 200_000)]);
    assert_eq!(world.run(), [(id, Outcome::Moved)]);
    world.assert_elapsed(2.0);
    assert!(world.keyspace.database(0).is_empty());
    assert_eq!(world.driver.totals().keys_moved, 1);
}

#[test]
fn sessions_share_the_limit() {
    let mut world = World::new(true);
    let first = world.start(&[("a", 100_000)]);
    let second = world.start(&[("b", 100_000)]);
    let mut ended = world.run();
    ended.sort_by_key(|(id, _)| id.number());
    assert_eq!(ended, [(first, Outcome::Moved), (second, Outcome::Moved)]);
    world.assert_elapsed(2.0);
}

#[test]
fn the_limit_changes_while_keys_are_on_their_way() {
    let mut world = World::new(true);
    let id = world.start(&[("key", 10_000_000)]);
    world.run_until(Duration::from_secs(1));
    world.driver.set_bytes_per_second_max(0);
    assert_eq!(world.run(), [(id, Outcome::Moved)]);
    world.assert_elapsed(1.0);
}

/// The second key waits for the limit, and the reply to the first does not come.
#[test]
fn who_waits_for_a_reply_too_times_out() {
    let mut world = World::new(false);
    let id = world.start(&[("first", 10), ("second", 1_000_000)]);
    assert_eq!(world.run(), [(id, Outcome::Failed(Failure::Writing))]);
    assert!(world.elapsed() < Duration::from_millis(200), "{:?}", world.elapsed());
    assert_eq!(world.keyspace.database(0).len(), 2);
    assert_eq!(world.keyspace.database(0).frozen_len(), 0);
}

#[test]
fn what_is_called_off_ends_at_once_and_keeps_its_keys() {
    let mut world = World::new(true);
    let id = world.start(&[("key", 1_000_000)]);
    world.run_until(Duration::from_secs(2));
    let seen: Vec<_> = world.driver.migrations(world.now()).collect();
    let [migration] = seen[..] else { panic!("one is under way") };
    assert_eq!(migration.id, id.number());
    assert!((80_000..120_000).contains(&migration.bytes_per_second), "{migration:?}");
    let left = migration.time_left().expect("the size of the key is known").as_secs_f64();
    assert!((7.0..9.0).contains(&left), "{left} s");

    let now = world.now();
    assert!(!world.driver.cancel(id.number() + 1, now));
    assert!(world.driver.cancel(id.number(), now));
    assert_eq!(world.run(), [(id, Outcome::Refused(Refusal::Cancelled))]);
    assert_eq!(world.elapsed(), Duration::from_secs(2));
    assert!(!world.driver.cancel(id.number(), now));
    assert_eq!(world.keyspace.database(0).frozen_len(), 0);
    assert_eq!(world.keyspace.database(0).len(), 1);
}

/// Neither is ever answered. The first has waited for 5 of its 10 ms when it has to stand still.
#[test]
fn who_stands_still_for_another_goes_on_where_it_stood() {
    let mut world = World::new(false);
    world.driver.set_bytes_per_second_max(0);
    let other = world.start(&[("other", 10)]);
    let alone = world.start_with(&[("key", 10)], Duration::from_millis(50));
    assert_eq!(world.run_until(Duration::from_millis(5)), []);
    let now = world.now();
    world.driver.let_run_alone(alone, now);
    assert_eq!(world.driver.poll_timeout(), Some(world.start + Duration::from_millis(50)));
    let unsettled = Outcome::Failed(Failure::Reading);
    assert_eq!(world.run(), [(alone, unsettled.clone()), (other, unsettled.clone())]);
    assert_eq!(world.elapsed(), Duration::from_millis(55));

    // For one that has ended, nobody stands still.
    let now = world.now();
    let last = world.start(&[("last", 10)]);
    world.driver.let_run_alone(alone, now);
    assert_eq!(world.run(), [(last, unsettled)]);
    assert_eq!(world.elapsed(), Duration::from_millis(65));
}

/// A driver, and a target that is another end of its sockets.
struct World {
    poll: Poll,
    driver: Driver,
    keyspace: Keyspace,
    target: Target,
    start: Instant,
    clock: Instant,
}

impl World {
    fn new(answers: bool) -> Self {
        let poll = Poll::new().unwrap();
        let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
        let registry = poll.registry().try_clone().unwrap();
        let mut driver = Driver::new(registry, Token(1), waker, Bytes::from_static(b"us"));
        driver.set_bytes_per_second_max(LIMIT);
        let start = Instant::now();
        let (keyspace, target) = (Keyspace::new(1), Target::new(answers));
        Self { poll, driver, keyspace, target, start, clock: start }
    }

    fn now(&self) -> Now {
        Now { instant: self.clock, unix_ms: 1_700_000_000_000 }
    }

    fn elapsed(&self) -> Duration {
        self.clock - self.start
    }

    /// The first share is free, and the last one is not waited for.
    #[track_caller]
    fn assert_elapsed(&self, seconds: f64) {
        let elapsed = self.elapsed().as_secs_f64();
        assert!((seconds - 0.15..seconds + 0.05).contains(&elapsed), "{elapsed} s");
    }

    /// Begins to move keys, strings of so many bytes.
    fn start(&mut self, keys: &[(&'static str, usize)]) -> MigrationId {
        self.start_with(keys, IDLE_TIMEOUT)
    }

    /// The same with an idle timeout of its own.
    fn start_with(
        &mut self,
        keys: &[(&'static str, usize)],
        idle_timeout: Duration,
    ) -> MigrationId {
        for &(key, len) in keys {
            // Not to be compressed.
            let noise =
                (0..len as u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u8);
            let value = StringValue::parse(noise.collect::<Vec<u8>>().into());
            self.keyspace.database_mut(0).insert(key.as_bytes(), value.into(), None);
        }
        let names = keys.iter().map(|(key, _)| Bytes::from_static(key.as_bytes())).collect();
        let mut request = MigrateRequest::new(0, 0, idle_timeout, names);
        request.settle = false;
        let endpoint = self.target.endpoint();
        self.driver.start(endpoint, request, self.now())
    }

    /// Until all have ended.
    fn run(&mut self) -> Vec<(MigrationId, Outcome)> {
        self.run_until(Duration::MAX)
    }

    /// Until all have ended, or until then, counted from the start.
    fn run_until(&mut self, until: Duration) -> Vec<(MigrationId, Outcome)> {
        let mut events = Events::with_capacity(16);
        let (mut ended, mut quiet) = (Vec::new(), 0);
        while !self.driver.is_empty() {
            // What crosses the loopback device is there at once, or a moment later.
            let patience = if self.driver.has_work() { 0 } else { 2 };
            self.poll.poll(&mut events, Some(Duration::from_millis(patience))).unwrap();
            events.iter().for_each(|event| self.driver.handle_event(event));
            let now = self.now();
            self.driver.turn(&mut self.keyspace, now);
            while let Some(event) = self.driver.poll_event() {
                if let DriverEvent::Finished { id, outcome } = event {
                    ended.push((id, outcome));
                }
            }
            let moved = self.target.turn() || !events.is_empty() || self.driver.has_work();
            quiet = if moved { 0 } else { quiet + 1 };
            if quiet < 3 {
                continue;
            }
            quiet = 0;
            let deadline = self.driver.poll_timeout().expect("a session waits for something");
            if deadline > self.start + until.min(Duration::from_secs(3600)) {
                self.clock = self.start + until;
                break;
            }
            self.clock = self.clock.max(deadline);
        }
        ended
    }
}

/// It says that it is Redis 7.0, and `+OK` to every RESTORE unless it is silent.
struct Target {
    listener: TcpListener,
    connections: Vec<(TcpStream, RequestDecoder)>,
    answers: bool,
}

impl Target {
    fn new(answers: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self { listener, connections: Vec::new(), answers }
    }

    fn endpoint(&self) -> Endpoint {
        let port = self.listener.local_addr().unwrap().port();
        Endpoint { host: "127.0.0.1".into(), port, tls: None }
    }

    /// Whether something has come.
    fn turn(&mut self) -> bool {
        let mut moved = false;
        while let Ok((stream, _)) = self.listener.accept() {
            stream.set_nonblocking(true).unwrap();
            self.connections.push((stream, RequestDecoder::new(RequestLimits::default())));
            moved = true;
        }
        for (stream, decoder) in &mut self.connections {
            loop {
                match stream.read(decoder.read_space()) {
                    Ok(n @ 1..) => decoder.commit(n),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Ok(0) | Err(_) => break,
                }
                moved = true;
            }
            let mut request = Request::default();
            while decoder.decode(&mut request).expect("the driver speaks RESP") {
                let answer: &[u8] = match request.arg(0) {
                    b"INFO" => b"$22\r\nredis_version:7.0.15\r\n\r\n",
                    b"CLIENT" => b":7\r\n",
                    b"SELECT" => b"+OK\r\n",
                    b"RESTORE" if self.answers => b"+OK\r\n",
                    b"RESTORE" => b"",
                    _ => b"-NOPERM not allowed\r\n",
                };
                stream.write_all(answer).expect("room for a few bytes");
            }
        }
        moved
    }
}
