//! A source in memory, a target that answers as it is told to, and a clock that only tests move.
//!
//! What is promised whatever it answers: see [`World::check`].

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::time::{Duration, Instant};

use bytes::Bytes;
use keyspace::{AccessKind, Freeze, Keyspace, StringValue, Thresholds, ValueBuilder};
use migrate::{Event, MigrateRequest, Now, Outcome, Settlement, SourceSession};
use rdb_format::{DecodeLimits, EventSource, Value, payload};
use resp::{Request, RequestDecoder, RequestLimits};

pub(crate) const NOW_MS: i64 = 1_700_000_000_000;
pub(crate) const OWN_RUN_ID: &str = "0000000000000000000000000000000000000001";
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_millis(500);

/// A target that answers as a server of the family does, or as `odd` says.
pub(crate) struct Target {
    pub(crate) keys: BTreeMap<Bytes, (Value, Option<i64>)>,
    pub(crate) run_id: String,
    pub(crate) version: &'static str,
    pub(crate) bulk_bytes_max: u64,
    /// Replies to give instead, by the name of the command.
    pub(crate) odd: BTreeMap<&'static str, Vec<u8>>,
    /// What follows each reply to RESTORE.
    pub(crate) surplus: &'static [u8],
    /// Lengths of the payloads that came.
    pub(crate) payloads: Vec<usize>,
    /// Names of the commands that came, RESTORE with its key.
    pub(crate) log: Vec<String>,
    pub(crate) decoder: RequestDecoder,
}

impl Default for Target {
    fn default() -> Self {
        Self {
            keys: BTreeMap::new(),
            run_id: "f".repeat(40),
            version: "redis_version:7.2.4\r\n",
            bulk_bytes_max: 512 << 20,
            odd: BTreeMap::new(),
            surplus: b"",
            payloads: Vec::new(),
            log: Vec::new(),
            decoder: RequestDecoder::new(RequestLimits::default()),
        }
    }
}

impl Target {
    /// Takes bytes and answers what is complete.
    fn receive(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut rest = bytes;
        let mut replies = Vec::new();
        while !rest.is_empty() {
            let space = self.decoder.read_space();
            let n = space.len().min(rest.len());
            space[..n].copy_from_slice(&rest[..n]);
            self.decoder.commit(n);
            rest = &rest[n..];
            let mut request = Request::default();
            while self.decoder.decode(&mut request).expect("the session speaks RESP") {
                replies.extend(self.answer(&request));
            }
        }
        replies
    }

    fn answer(&mut self, request: &Request) -> Vec<u8> {
        let name = String::from_utf8_lossy(request.arg(0)).into_owned();
        self.log.push(match request.get(1) {
            Some(key) if name == "RESTORE" => format!("{name} {}", String::from_utf8_lossy(key)),
            _ => name.clone(),
        });
        let odd = self.odd.get(name.as_str()).cloned();
        match name.as_str() {
            "SELECT" | "AUTH" => odd.unwrap_or_else(|| b"+OK\r\n".to_vec()),
            "INFO" => odd.unwrap_or_else(|| {
                let info = format!("# Server\r\n{}run_id:{}\r\n", self.version, self.run_id);
                format!("${}\r\n{info}\r\n", info.len()).into_bytes()
            }),
            "CONFIG" => odd.unwrap_or_else(|| {
                let limit = self.bulk_bytes_max.to_string();
                format!("*2\r\n$18\r\nproto-max-bulk-len\r\n${}\r\n{limit}\r\n", limit.len())
                    .into_bytes()
            }),
            "CLIENT" => odd.unwrap_or_else(|| b":7\r\n".to_vec()),
            "TIME" => odd.unwrap_or_else(|| b"-NOPERM not allowed\r\n".to_vec()),
            "RESTORE" => {
                [odd.unwrap_or_else(|| self.restore(request)), self.surplus.to_vec()].concat()
            }
            other => panic!("unexpected command {other}"),
        }
    }

    fn restore(&mut self, request: &Request) -> Vec<u8> {
        let options: Vec<&[u8]> = request.iter().skip(4).collect();
        let key = request.owned_bytes(1);
        self.payloads.push(request.arg(3).len());
        if self.keys.contains_key(&key) && !options.contains(&b"REPLACE".as_slice()) {
            return b"-BUSYKEY Target key name already exists.\r\n".to_vec();
        }
        let ttl = rdb_format::parse_integer(request.arg(2)).expect("a number");
        let absolute = options.contains(&b"ABSTTL".as_slice());
        let expire = match ttl {
            0 => None,
            ttl if absolute => Some(ttl),
            ttl => Some(NOW_MS + ttl),
        };
        let value = payload::decode(request.owned_bytes(3), DecodeLimits::default());
        let value = value.expect("a sound payload");
        // An expiry in the past leaves no key (rule R9).
        if expire.is_none_or(|at_ms| at_ms > NOW_MS) {
            self.keys.insert(key, (value, expire));
        }
        b"+OK\r\n".to_vec()
    }
}

/// One migration under way.
pub(crate) struct World {
    pub(crate) keyspace: Keyspace,
    pub(crate) target: Target,
    pub(crate) session: SourceSession,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) now: Now,
    pub(crate) connections: usize,
    before: BTreeMap<Bytes, (Value, Option<i64>)>,
    /// Bytes on the way to the source.
    replies: Vec<u8>,
}

impl World {
    /// A migration of all of `keys` (name, value, expiry) as `configure` changes it.
    pub(crate) fn new(
        keys: &[(&'static str, Value, Option<i64>)],
        target: Target,
        configure: impl FnOnce(&mut MigrateRequest),
    ) -> Self {
        let mut keyspace = Keyspace::new(1);
        for (name, value, expire_at_ms) in keys {
            keyspace.database_mut(0).insert(name.as_bytes(), held(value), *expire_at_ms);
        }
        let names = keys.iter().map(|(name, ..)| Bytes::from_static(name.as_bytes())).collect();
        let mut request = MigrateRequest::new(0, 0, IDLE_TIMEOUT, names);
        request.settle = false;
        configure(&mut request);
        let now = Now { instant: Instant::now(), unix_ms: NOW_MS };
        Self {
            keyspace,
            target,
            session: SourceSession::new(request, OWN_RUN_ID.into(), None, now),
            outcome: None,
            now,
            connections: 0,
            before: keys
                .iter()
                .map(|(name, value, expire)| (Bytes::from(*name), (value.clone(), *expire)))
                .collect(),
            replies: Vec::new(),
        }
    }

    /// Runs to the end; a run that does not end is a failing test. Returns the outcome.
    pub(crate) fn run(&mut self) -> Outcome {
        for _ in 0..STEPS_MAX {
            let moved = self.step();
            self.check();
            if let Some(outcome) = &self.outcome {
                return outcome.clone();
            }
            if !moved {
                let deadline = self.session.poll_timeout().expect("something is waited for");
                self.now.instant = deadline;
                self.session.handle_timeout(self.now);
            }
        }
        panic!("the migration does not come to an end");
    }

    /// Moves each part once. False if nothing moved.
    pub(crate) fn step(&mut self) -> bool {
        let mut moved = false;
        while let Some(event) = self.session.poll_event() {
            moved = true;
            self.handle_event(event);
        }
        if self.outcome.is_some() {
            return true;
        }
        if self.session.has_work() {
            self.session.work(self.now);
            return true;
        }
        if let Some(index) = self.session.wanted_key() {
            moved = true;
            match self.keyspace.database_mut(0).freeze(self.session.key(index), NOW_MS) {
                Freeze::Frozen(frozen) => self.session.handle_frozen(self.now, frozen),
                Freeze::Missing => self.session.handle_missing(),
                Freeze::Busy => panic!("nobody else freezes keys"),
            }
            return moved;
        }
        moved | self.transmit() | self.receive()
    }

    fn handle_event(&mut self, event: Event) {
        let database = self.keyspace.database_mut(0);
        match event {
            Event::Connect => self.connect(),
            Event::InDoubt(index) => database.park_reads(self.session.key(index)),
            Event::Moved(index) => database.release_moved(self.session.key(index)),
            Event::Thaw(index) => database.thaw(self.session.key(index), NOW_MS),
            Event::Settled(_, settlement) => assert_eq!(settlement, Settlement::Unknown),
            Event::Finished(outcome) => self.outcome = Some(outcome),
        }
    }

    fn connect(&mut self) {
        if self.connections > 0 {
            self.target.decoder = RequestDecoder::new(RequestLimits::default());
        }
        self.connections += 1;
        self.replies.clear();
        self.session.handle_connected(self.now);
    }

    fn transmit(&mut self) -> bool {
        let mut slices = [IoSlice::new(&[]); 8];
        let count = self.session.transmit_slices(&mut slices);
        let bytes = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect::<Vec<_>>();
        if bytes.is_empty() {
            return false;
        }
        self.session.handle_transmitted(self.now, bytes.len());
        let replies = self.target.receive(&bytes);
        self.replies.extend(replies);
        true
    }

    fn receive(&mut self) -> bool {
        let bytes = std::mem::take(&mut self.replies);
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let space = self.session.read_space();
            let n = space.len().min(rest.len());
            space[..n].copy_from_slice(&rest[..n]);
            self.session.handle_received(self.now, n);
            rest = &rest[n..];
        }
        !bytes.is_empty()
    }

    /// What holds at every moment, whatever has failed.
    pub(crate) fn check(&self) {
        let database = self.keyspace.database(0);
        let copy = self.session.request().copy;
        for (key, (value, expire_at_ms)) in &self.before {
            let here = database.peek(key, NOW_MS);
            let there = self.target.keys.get(key);
            assert!(here.is_some() || there.is_some(), "{key:?} is on neither side");
            if let Some(entry) = here {
                assert_eq!(entry.value(), held(value));
                assert_eq!(entry.expire_at_ms(), *expire_at_ms);
            }
            let ours =
                there.is_some_and(|(found, expire)| found == value && expire == expire_at_ms);
            assert!(here.is_some() || ours, "{key:?} is gone and its copy is not equal");
            let parked = database.waits_for([&key[..]], AccessKind::Read).is_some();
            if ours && here.is_some() && !copy && self.outcome.is_none() {
                assert!(parked, "{key:?} can be read on both sides");
            }
        }
        if let Some(outcome) = &self.outcome {
            assert_eq!(database.frozen_len(), 0, "a key stays frozen after the end");
            self.check_outcome(outcome);
        }
    }

    /// That a definite answer is true.
    fn check_outcome(&self, outcome: &Outcome) {
        let copy = self.session.request().copy;
        for key in self.before.keys() {
            let here = self.keyspace.database(0).peek(key, NOW_MS).is_some();
            let there = self.target.keys.contains_key(key);
            match outcome {
                Outcome::Moved => assert!(there && here == copy, "{key:?}: OK is a lie"),
                Outcome::NoKey => assert!(!here && !there, "{key:?}: NOKEY is a lie"),
                Outcome::Refused(_) => assert!(copy || here || there, "{key:?} is lost"),
                Outcome::Failed(_) => {}
            }
        }
    }
}

/// A string value.
pub(crate) fn string(text: impl Into<Bytes>) -> Value {
    StringValue::parse(text.into()).into()
}

/// Far more than any of the conversations needs, byte by byte.
const STEPS_MAX: usize = 1_000_000;

/// `value` as a keyspace holds it.
pub(crate) fn held(value: &Value) -> keyspace::Value {
    let mut events = value.events(Thresholds::default());
    let mut builder = ValueBuilder::new(Thresholds::default());
    while let Ok(Some(event)) = events.next_event() {
        builder.push(event);
    }
    builder.finish().expect("the events of a value tell one")
}
