//! keyferry and its reference, side by side.

use std::fmt;

use super::command::{Command, Compare};
use crate::support::{Client, Peer, Reply, Server};

/// The two servers, and a third that judges whether what they hold is the same.
pub(super) struct Pair {
    theirs: Side,
    ours: Side,
    judge: Side,
    reference: Peer,
    /// What HELLO is told at the beginning of each sequence.
    pub(super) protocol: &'static str,
    /// Whether it is compared too what keyspace notifications tell of each command, and which keys
    /// it takes out of a client's cache.
    pub(super) notified: bool,
}

/// What the servers differ in.
#[derive(Debug)]
pub(super) struct Failure {
    /// The sequence can end after this many commands.
    pub(super) commands: usize,
    what: String,
    theirs: Reply,
    ours: Reply,
}

impl Pair {
    /// `None`, said aloud, where a peer is missing.
    pub(super) fn start(reference: Peer) -> Option<Self> {
        let debug = ["--enable-debug-command", "yes"];
        let peer = |peer| Some(Side::new(Server::peer(peer, &debug)?));
        let theirs = peer(reference)?;
        // The newest of the peers, which takes the payloads of both.
        let judge = peer(Peer::Redis82)?;
        let ours = Side::new(Server::keyferry(&debug));
        Some(Self { theirs, ours, judge, reference, protocol: "2", notified: false })
    }

    /// Runs a sequence from empty databases on.
    pub(super) fn run(&mut self, commands: &[Command]) -> Result<(), Failure> {
        for side in [&mut self.theirs, &mut self.ours] {
            side.protocol = self.protocol;
            side.client.cmd(&["HELLO", self.protocol]);
            let events = if self.notified { EVENTS } else { "" };
            let set = ["CONFIG", "SET", "notify-keyspace-events", events];
            assert_eq!(side.client.cmd(&set), Reply::ok());
            side.notified = self.notified;
            side.tracker.cmd(&["CLIENT", "TRACKING", if self.notified { "ON" } else { "OFF" }]);
            assert_eq!(side.client.cmd(&["FLUSHALL"]), Reply::ok());
            assert_eq!(side.client.cmd(&["SELECT", "0"]), Reply::ok());
        }
        for (nth, command) in commands.iter().enumerate() {
            let theirs = self.theirs.run(command);
            let ours = self.ours.run(command);
            let fail = |what: &str, theirs: Reply, ours: Reply| {
                Err(Failure { commands: nth + 1, what: what.into(), theirs, ours })
            };
            if !agree(self.reference, &command.compare, &theirs.shown, &ours.shown) {
                return fail("replies differ", theirs.shown, ours.shown);
            }
            if !tell_alike(self.reference, command, &theirs.events, &ours.events) {
                return fail("notifications differ", theirs.events, ours.events);
            }
            if !tell_alike(self.reference, command, &theirs.invalidated, &ours.invalidated) {
                return fail(
                    "what is not cached any more differs",
                    theirs.invalidated,
                    ours.invalidated,
                );
            }
            if command.compare == Compare::Popped {
                let key = &command.args[1];
                for (name, members) in [("SADD", &ours.bulks), ("SREM", &theirs.bulks)] {
                    if !members.is_empty() && theirs.left > 0 {
                        let args = [&[name.into(), key.clone().into_bytes()][..], members].concat();
                        self.ours.client.cmd(&args);
                    }
                }
            }
        }
        let result = self.compare_databases();
        result.map_err(|(what, theirs, ours)| Failure {
            commands: commands.len(),
            what,
            theirs,
            ours,
        })
    }

    /// Compares what the databases hold, by payloads that travel from each server to the others.
    fn compare_databases(&mut self) -> Result<(), (String, Reply, Reply)> {
        for database in ["0", "1", "15"] {
            for side in [&mut self.theirs, &mut self.ours] {
                assert_eq!(side.client.cmd(&["SELECT", database]), Reply::ok());
            }
            let all = Command::new(&["KEYS", "*"]).compared(Compare::Unordered);
            let (theirs, ours) = (self.theirs.run(&all).shown, self.ours.run(&all).shown);
            if theirs != ours {
                return Err((format!("keys of database {database} differ"), theirs, ours));
            }
            for key in ours.into_array() {
                let key = key.into_bulk();
                let what = |what: &str| {
                    format!("{what} of key \"{}\" in database {database}", key.escape_ascii())
                };
                let theirs = self.theirs.client.cmd(&[b"DUMP", &key[..]]);
                let ours = self.ours.client.cmd(&[b"DUMP", &key[..]]);
                let (theirs, ours) = match (theirs, ours) {
                    // It has expired meanwhile.
                    (Reply::Nil, Reply::Nil) | (Reply::Null, Reply::Null) => continue,
                    (Reply::Bulk(theirs), Reply::Bulk(ours)) => (theirs, ours),
                    (theirs, ours) => return Err((what("payloads"), theirs, ours)),
                };
                let digest = self.digest(&theirs);
                let found = self.digest(&ours);
                if digest != found {
                    return Err((what("what is in the payloads"), digest, found));
                }
                let restored =
                    self.ours.client.cmd(&[b"RESTORE", SPARE, b"0", &theirs, b"REPLACE"]);
                if restored != Reply::ok() {
                    return Err((
                        what("RESTORE of the reference's payload"),
                        Reply::ok(),
                        restored,
                    ));
                }
                let told = digest_of_spare(&mut self.ours.client, self.reference);
                if told != digest {
                    return Err((what("the digest"), digest, told));
                }
                let again = self.ours.client.cmd(&[b"DUMP", SPARE]).into_bulk();
                self.ours.client.cmd(&[b"DEL", SPARE]);
                let found = self.digest(&again);
                if digest != found {
                    return Err((what("what is left of the reference's payload"), digest, found));
                }
            }
        }
        Ok(())
    }

    /// What the judge finds in a payload.
    fn digest(&mut self, payload: &[u8]) -> Reply {
        let judge = &mut self.judge.client;
        match judge.cmd(&[b"RESTORE", SPARE, b"0", payload, b"REPLACE"]) {
            Reply::Status(_) => digest_of_spare(judge, self.reference),
            error => error,
        }
    }
}

/// The digest of a value; of a stream also what it knows beside its entries, which has no part in
/// that.
fn digest_of_spare(client: &mut Client, reference: Peer) -> Reply {
    let digest = client.cmd(&[b"DEBUG", &b"DIGEST-VALUE"[..], SPARE]);
    if client.cmd(&[b"TYPE", SPARE]) != Reply::status("stream") {
        return digest;
    }
    let info = client.cmd(&[b"XINFO", &b"STREAM"[..], SPARE, b"FULL", b"COUNT", b"0"]);
    Reply::Array(vec![digest, as_in_resp2(stream_info(info, reference))])
}

fn as_in_resp2(reply: Reply) -> Reply {
    match reply {
        Reply::Array(items) | Reply::Map(items) => {
            Reply::Array(items.into_iter().map(as_in_resp2).collect())
        }
        Reply::Null => Reply::Nil,
        other => other,
    }
}

/// Which events are compared, on both channels: all but that keys expire, of which the reference
/// tells when somebody comes upon one whose time was up from the beginning.
const EVENTS: &str = "KEg$lshzetdnm";

/// A key that no generator uses.
const SPARE: &[u8] = b"spare";

/// One server, and what its replies are made comparable with.
struct Side {
    server: Server,
    client: Client,
    /// Is subscribed to all events.
    listener: Client,
    /// Has every key in its cache.
    tracker: Client,
    protocol: &'static str,
    notified: bool,
}

/// A reply as it is compared.
struct Run {
    shown: Reply,
    /// The messages that tell of what the command did.
    events: Reply,
    /// Those that take keys out of a cache.
    invalidated: Reply,
    /// For [`Compare::Popped`]: what was removed, and how many members are left.
    bulks: Vec<Vec<u8>>,
    left: i64,
}

impl Side {
    fn new(server: Server) -> Self {
        let client = server.client();
        let mut listener = server.client();
        listener.cmd(&["PSUBSCRIBE", "__key*"]);
        let mut tracker = server.client();
        tracker.cmd(&["HELLO", "3"]);
        Self { server, client, listener, tracker, protocol: "2", notified: false }
    }

    fn run(&mut self, command: &Command) -> Run {
        let name = &command.args[0];
        if name == "DBSIZE" {
            // It counts keys whose time is up for as long as nobody has come upon them.
            self.client.cmd(&[&["EXISTS"][..], &super::dice::KEYS].concat());
        }
        if name == "SORT" || name == "SORT_RO" {
            // The reference looks at `errno`, which an argument long ago may have set. Reading this
            // score resets it.
            self.client.cmd(&["ZINCRBY", "errno", "no number", "member"]);
        }
        let drawn_from = match &command.compare {
            Compare::Drawn(other) => self.client.cmd(other),
            Compare::Popped if command.args.len() > 1 => {
                self.client.cmd(&["SMEMBERS", &command.args[1]])
            }
            _ => Reply::Nil,
        };
        self.cache();
        self.events();
        let reply = self.client.cmd(&command.args);
        let (events, invalidated) = (self.events(), self.invalidated());
        if name == "QUIT" && command.args.len() == 1 {
            assert!(self.client.is_closed_by_peer(), "QUIT closes the connection");
            self.client = self.server.client();
            self.client.cmd(&["HELLO", self.protocol]);
        }
        let (mut bulks, mut left) = (Vec::new(), 0);
        let shown = match command.compare {
            Compare::Unordered => sorted(reply),
            Compare::UnorderedPairs => sorted_pairs(reply),
            Compare::Drawn(_) => drawn(reply, &drawn_from),
            Compare::Popped => {
                collect_bulks(&reply, &mut bulks);
                if !bulks.is_empty() {
                    left = self.client.cmd(&["SCARD", &command.args[1]]).into_integer();
                }
                drawn(reply, &drawn_from)
            }
            Compare::Pending => without_idle_times(reply),
            _ => reply,
        };
        Run { shown, events, invalidated, bulks, left }
    }

    /// Has the tracker read all keys. None is left then whose time was up from the beginning.
    fn cache(&mut self) {
        if self.notified {
            for database in ["0", "1", "15"] {
                self.tracker.send(&["SELECT", database]);
                self.tracker.send(&[&["EXISTS"][..], &super::dice::KEYS].concat());
            }
            self.invalidated();
        }
    }

    /// What the tracker was told, since this was called last, that it has to forget.
    fn invalidated(&mut self) -> Reply {
        let pong = Reply::status("PONG");
        self.tracker.send(&["PING"]);
        let messages = std::iter::repeat_with(|| self.tracker.reply());
        Reply::Array(messages.take_while(|message| *message != pong).collect())
    }

    /// The notifications since this was called last.
    fn events(&mut self) -> Reply {
        self.listener.send(&["PING"]);
        let pong = Reply::Array([&b"pong"[..], b""].map(Reply::bulk).into());
        let messages = std::iter::repeat_with(|| self.listener.reply());
        Reply::Array(messages.take_while(|message| *message != pong).collect())
    }
}

/// Whether the messages of a command are the same.
fn tell_alike(reference: Peer, command: &Command, theirs: &Reply, ours: &Reply) -> bool {
    let may_fail = |arg: &String| arg.eq_ignore_ascii_case("fail");
    match command.args[0].as_str() {
        // Redis tells nothing of a text that was filled up for a field that then does not change.
        "BITFIELD" if command.args.iter().any(may_fail) => true,
        // Who tries to read is a consumer since 7.2, and was one once it got something before.
        "XREADGROUP" | "XCLAIM" | "XAUTOCLAIM" | "XGROUP" if reference == Peer::Redis70 => {
            without_consumers(theirs) == without_consumers(ours)
        }
        _ if command.compare == Compare::Unordered => {
            sorted(theirs.clone()) == sorted(ours.clone())
        }
        _ => theirs == ours,
    }
}

/// The events but those that consumers of a group of a stream come and go.
fn without_consumers(events: &Reply) -> Vec<&Reply> {
    let Reply::Array(events) = events else { return vec![events] };
    let told = |event: &&Reply| {
        let text = format!("{event:?}");
        !["xgroup-createconsumer", "xgroup-delconsumer"].iter().any(|name| text.contains(name))
    };
    events.iter().filter(told).collect()
}

fn sorted(reply: Reply) -> Reply {
    let sorted = |items: Vec<Reply>| {
        let mut items: Vec<Reply> = items.into_iter().map(sorted).collect();
        items.sort_by_key(|item| format!("{item:?}"));
        items
    };
    match reply {
        Reply::Array(items) => Reply::Array(sorted(items)),
        Reply::Set(items) => Reply::Set(sorted(items)),
        other => other,
    }
}

/// Sorts the pairs of the innermost arrays.
fn sorted_pairs(reply: Reply) -> Reply {
    match reply {
        Reply::Array(items) if items.iter().any(|item| matches!(item, Reply::Array(_))) => {
            Reply::Array(items.into_iter().map(sorted_pairs).collect())
        }
        Reply::Array(items) => Reply::Array(sorted_by_twos(&items)),
        Reply::Map(items) => Reply::Map(sorted_by_twos(&items)),
        other => other,
    }
}

/// What [`Compare::StreamInfo`] compares. Redis 7.0 counts what groups have read, and are behind, past
/// entries that were trimmed before they came to them; and where a node ends with a removed entry, XTRIM
/// leaves it there when it removes the others.
fn stream_info(reply: Reply, reference: Peer) -> Reply {
    let kept = |items: Vec<Reply>| {
        let is_empty = items.starts_with(&[Reply::bulk("length"), Reply::Integer(0)]);
        let mut items = items.into_iter();
        let mut kept = Vec::new();
        while let Some(item) = items.next() {
            let in_all = ["radix-tree-nodes", "consumers", "seen-time", "active-time"];
            let in_7_0: &[&str] = &["entries-read", "lag"];
            let in_7_0 = if reference == Peer::Redis70 { in_7_0 } else { &[] };
            let in_empty: &[&str] = if is_empty { &["radix-tree-keys"] } else { &[] };
            let mut left_out = in_all.iter().chain(in_7_0).chain(in_empty);
            if left_out.any(|name| item == Reply::bulk(name)) {
                items.next();
            } else {
                kept.push(stream_info(item, reference));
            }
        }
        kept
    };
    match reply {
        Reply::Array(items) => Reply::Array(kept(items)),
        Reply::Map(items) => Reply::Map(kept(items)),
        Reply::Integer(1_000_000_000_000..) => Reply::status("a time"),
        other => other,
    }
}

/// What [`Compare::Pending`] compares.
fn without_idle_times(reply: Reply) -> Reply {
    match reply {
        Reply::Array(mut items) => {
            if let [Reply::Bulk(_), Reply::Bulk(_), Reply::Integer(_), Reply::Integer(_)] =
                items[..]
            {
                items.remove(2);
            }
            Reply::Array(items.into_iter().map(without_idle_times).collect())
        }
        other => other,
    }
}

fn sorted_by_twos(items: &[Reply]) -> Vec<Reply> {
    let mut pairs: Vec<&[Reply]> = items.chunks(2).collect();
    pairs.sort_by_key(|pair| format!("{pair:?}"));
    pairs.concat()
}

/// Replaces each bulk string and double by whether it is one of those in `from`.
fn drawn(reply: Reply, from: &Reply) -> Reply {
    let all = |items: Vec<Reply>| items.into_iter().map(|item| drawn(item, from)).collect();
    match reply {
        Reply::Bulk(bytes) => {
            let mut all = Vec::new();
            collect_bulks(from, &mut all);
            Reply::status(if all.contains(&bytes) { "one of them" } else { "none of them" })
        }
        Reply::Double(_) if holds(from, &reply) => Reply::status("one of the doubles"),
        Reply::Array(items) => Reply::Array(all(items)),
        Reply::Set(items) => Reply::Set(all(items)),
        other => other,
    }
}

fn holds(reply: &Reply, wanted: &Reply) -> bool {
    match reply {
        Reply::Array(items) => items.iter().any(|item| holds(item, wanted)),
        reply => reply == wanted,
    }
}

fn collect_bulks(reply: &Reply, bulks: &mut Vec<Vec<u8>>) {
    match reply {
        Reply::Bulk(bytes) => bulks.push(bytes.clone()),
        Reply::Array(items) | Reply::Set(items) | Reply::Map(items) => {
            items.iter().for_each(|item| collect_bulks(item, bulks));
        }
        _ => {}
    }
}

fn agree(reference: Peer, compare: &Compare, theirs: &Reply, ours: &Reply) -> bool {
    match (compare, theirs, ours) {
        (Compare::StreamInfo, ..) => {
            let shown = |reply: &Reply| stream_info(reply.clone(), reference);
            shown(theirs) == shown(ours)
        }
        (Compare::Within(tolerance), Reply::Integer(theirs), Reply::Integer(ours)) => {
            // Negative ones are no times.
            let is_time = *theirs >= 0 && *ours >= 0;
            theirs == ours || is_time && theirs.abs_diff(*ours) <= tolerance.unsigned_abs()
        }
        (
            Compare::Numbers | Compare::UnorderedPairs | Compare::Within(_),
            Reply::Array(theirs),
            Reply::Array(ours),
        )
        | (Compare::Numbers | Compare::UnorderedPairs, Reply::Map(theirs), Reply::Map(ours)) => {
            let mut pairs = theirs.iter().zip(ours);
            theirs.len() == ours.len()
                && pairs.all(|(theirs, ours)| agree(reference, compare, theirs, ours))
        }
        (Compare::Numbers | Compare::UnorderedPairs, Reply::Bulk(theirs), Reply::Bulk(ours))
        | (Compare::Numbers, Reply::Double(theirs), Reply::Double(ours)) => {
            theirs == ours || number(theirs).is_some_and(|theirs| Some(theirs) == number(ours))
        }
        (Compare::Encoding, Reply::Bulk(theirs), Reply::Bulk(ours)) => {
            let renamed: &[(&[u8], &[u8])] = match reference {
                Peer::Redis70 => &[(b"quicklist", b"listpack"), (b"hashtable", b"listpack")],
                _ => &[],
            };
            // Redis keeps a string that was once changed in place apart from its header, SORT
            // unpacks the sorted set that it reads for good, and HEXPIRE makes room for expiries
            // that it does not set.
            let by_chance: [(&[u8], &[u8]); 3] =
                [(b"raw", b"embstr"), (b"skiplist", b"listpack"), (b"listpackex", b"listpack")];
            let pair = (&theirs[..], &ours[..]);
            theirs == ours || renamed.contains(&pair) || by_chance.contains(&pair)
        }
        _ => theirs == ours,
    }
}

fn number(text: &[u8]) -> Option<f64> {
    str::from_utf8(text).ok()?.parse().ok()
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, theirs, ours, .. } = self;
        write!(f, "{what}\n    reference: {theirs:?}\n    keyferry:  {ours:?}")
    }
}
