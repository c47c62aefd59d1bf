//! A target that answers as a server of the family does.

use std::collections::VecDeque;

use bytes::Bytes;
use keyspace::{ValueBuilder, ValueRef};
use rdb_format::{DecodeLimits, EncodeOptions, Target, Thresholds, payload};
use resp::{Request, RequestDecoder, RequestLimits};

use crate::broken::Broken;
use crate::client::held;
use crate::host::{Host, Side, Turn};
use crate::value::tag_of;

pub(crate) struct TargetServer {
    pub(crate) host: Host,
    /// How often it was started.
    pub(crate) runs: usize,
    /// Whether CLIENT KILL is answered and not done.
    pub(crate) kills_nobody: bool,
    /// Whether clients may not ask who it is.
    pub(crate) keeps_quiet: bool,
    connections: Vec<Connection>,
}

struct Connection {
    /// What has arrived and was not executed.
    decoder: RequestDecoder,
    replies: VecDeque<u8>,
    /// Killed, or of a process that is gone.
    dead: bool,
}

impl TargetServer {
    pub(crate) fn new(broken: Option<Broken>) -> Self {
        Self {
            host: Host::new(Side::Target, broken),
            runs: 1,
            kills_nobody: false,
            keeps_quiet: false,
            connections: Vec::new(),
        }
    }

    /// Takes a connection; its number is what CLIENT ID tells.
    pub(crate) fn accept(&mut self) -> usize {
        let decoder = RequestDecoder::new(RequestLimits::default());
        self.connections.push(Connection { decoder, replies: VecDeque::new(), dead: false });
        self.connections.len() - 1
    }

    /// Is killed, and comes back.
    pub(crate) fn restart(&mut self) {
        self.runs += 1;
        self.connections.iter_mut().for_each(|connection| connection.dead = true);
    }

    pub(crate) fn is_dead(&self, connection: usize) -> bool {
        self.connections[connection].dead
    }

    pub(crate) fn receive(&mut self, connection: usize, mut bytes: &[u8]) {
        let Connection { decoder, dead, .. } = &mut self.connections[connection];
        while !bytes.is_empty() && !*dead {
            let space = decoder.read_space();
            let n = space.len().min(bytes.len());
            space[..n].copy_from_slice(&bytes[..n]);
            decoder.commit(n);
            bytes = &bytes[n..];
        }
    }

    /// What it says on a connection.
    pub(crate) fn replies(&mut self, connection: usize) -> Vec<u8> {
        self.connections[connection].replies.drain(..).collect()
    }

    /// Executes the next request of a connection, if one has arrived. True if it did.
    pub(crate) fn execute(
        &mut self,
        connection: usize,
        turn: &mut Turn<'_>,
    ) -> Result<bool, String> {
        let Connection { decoder, dead, .. } = &mut self.connections[connection];
        let mut request = Request::default();
        if *dead || !decoder.decode(&mut request).map_err(|error| error.to_string())? {
            return Ok(false);
        }
        let reply = self.answer(connection, &request, turn)?;
        self.connections[connection].replies.extend(reply);
        Ok(true)
    }

    fn answer(
        &mut self,
        connection: usize,
        request: &Request,
        turn: &mut Turn<'_>,
    ) -> Result<Vec<u8>, String> {
        let key = request.get(1).unwrap_or_default();
        let now_ms = turn.now_ms;
        let entry = self.host.keyspace.database(0).peek(key, now_ms);
        Ok(match request.arg(0) {
            b"SELECT" => b"+OK\r\n".to_vec(),
            b"INFO" | b"CONFIG" | b"TIME" | b"CLIENT" if self.keeps_quiet => {
                b"-NOPERM not allowed\r\n".to_vec()
            }
            b"INFO" => bulk(format!("redis_version:7.2.4\r\nrun_id:{}\r\n", self.runs).as_bytes()),
            b"CONFIG" => b"*0\r\n".to_vec(),
            b"TIME" => {
                let (seconds, micros) = (now_ms / 1000, now_ms % 1000 * 1000);
                let parts = [seconds, micros].map(|part| bulk(part.to_string().as_bytes()));
                [&b"*2\r\n"[..], &parts.concat()].concat()
            }
            b"CLIENT" if key == b"ID" => format!(":{connection}\r\n").into_bytes(),
            b"CLIENT" => {
                let id: usize = str::from_utf8(request.arg(3)).unwrap().parse().unwrap();
                let lives = !self.connections[id].dead;
                self.connections[id].dead |= !self.kills_nobody;
                format!(":{}\r\n", u8::from(lives)).into_bytes()
            }
            b"PTTL" => match entry {
                None => b":-2\r\n".to_vec(),
                Some(entry) => {
                    let ttl_ms = entry.expire_at_ms().map_or(-1, |at_ms| at_ms - now_ms);
                    format!(":{ttl_ms}\r\n").into_bytes()
                }
            },
            b"STRLEN" | b"LLEN" | b"SCARD" | b"HLEN" | b"ZCARD" => {
                let len = entry.map_or(Some(0), |entry| length(request.arg(0), entry.value()));
                match len {
                    Some(len) => format!(":{len}\r\n").into_bytes(),
                    None => b"-WRONGTYPE\r\n".to_vec(),
                }
            }
            b"DUMP" => match entry {
                None => b"$-1\r\n".to_vec(),
                Some(entry) => {
                    // In the forms of another server.
                    let target = Target::of_valkey_release(9, 1);
                    let payload = payload::encode_events(
                        entry.value().events(now_ms),
                        &target,
                        EncodeOptions::default(),
                    );
                    bulk(&payload.expect("it can be told"))
                }
            },
            b"RESTORE" => self.restore(request, turn)?.to_vec(),
            name => return Err(format!("unexpected command {}", name.escape_ascii())),
        })
    }

    fn restore(&mut self, request: &Request, turn: &mut Turn<'_>) -> Result<&'static [u8], String> {
        let key = &Bytes::copy_from_slice(request.arg(1));
        let has = |option: &[u8]| request.iter().skip(4).any(|word| word == option);
        let now_ms = turn.now_ms;
        let old = held(&self.host.keyspace, key, now_ms);
        if old.is_some() && !has(b"REPLACE") {
            return Ok(b"-BUSYKEY Target key name already exists.\r\n");
        }
        let ttl = rdb_format::parse_integer(request.arg(2)).ok_or("no TTL")?;
        let expire_at_ms = match ttl {
            0 => None,
            ttl if has(b"ABSTTL") => Some(ttl),
            ttl => Some(now_ms + ttl),
        };
        let mut builder = ValueBuilder::new(Thresholds::default());
        let payload = request.owned_bytes(3);
        payload::decode_events(payload, DecodeLimits::default(), &mut builder)
            .map_err(|error| error.to_string())?;
        if expire_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            // That leaves no key, as a probe does.
            self.host.remove_written(key, turn)?;
        } else {
            let value = builder.finish().expect("a sound payload tells a value");
            let tag = tag_of(value.view());
            turn.history.store(tag, old)?;
            self.host.restore(key, value, expire_at_ms, turn)?;
        }
        Ok(b"+OK\r\n")
    }
}

fn length(command: &[u8], value: ValueRef<'_>) -> Option<usize> {
    Some(match (command, value) {
        (b"STRLEN", ValueRef::String(string)) => string.len(),
        (b"LLEN", ValueRef::List(list)) => list.len(),
        (b"SCARD", ValueRef::Set(set)) => set.len(),
        (b"HLEN", ValueRef::Hash(hash)) => hash.len(),
        (b"ZCARD", ValueRef::SortedSet(sorted_set)) => sorted_set.len(),
        _ => return None,
    })
}

fn bulk(bytes: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}
