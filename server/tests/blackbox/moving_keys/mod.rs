//! Keys on their way from one keyferry to another: what those see of it who watch them, cache them,
//! count them, are told of them or wait for them, at either end (rules E2, E4, E5 and E6).
//!
//! The value is on its way for as long as a test wants: a limit of the rate holds it, with its first
//! bytes gone and its last ones here, until it is to arrive or is called off.

mod awaited;
mod counted;
mod tracked;
mod watched;

use std::time::Duration;

use crate::support::{Client, Kind, Pair, Reply, Where, wait_until};

/// Long enough for what need not wait.
const BLINK: Duration = Duration::from_millis(30);

/// So long that it does not arrive within a test at [`SLOWLY`].
const FILLER_BYTES: usize = 512 << 10;

/// Bytes per second.
const SLOWLY: &str = "1kb";

/// How a move ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    Moved,
    Copied,
    CalledOff,
}

impl End {
    const ALL: [Self; 3] = [Self::Moved, Self::Copied, Self::CalledOff];
}

/// Two keyferries, of which one moves "key" to the other.
struct Move {
    pair: Pair,
    caller: Client,
}

impl Move {
    fn new() -> Self {
        let mut pair = Pair::start(Kind::Keyferry, Kind::Keyferry).expect("it is built");
        // A value that shrinks to nothing on its way would arrive.
        pair.from.cmd(&["CONFIG", "SET", "rdbcompression", "no"]);
        let caller = pair.source.client();
        Self { pair, caller }
    }

    /// Makes "key" by a command that ends in one large argument more.
    #[track_caller]
    fn make(&mut self, command: &str) {
        let mut args: Vec<&[u8]> = words(command).into_iter().map(str::as_bytes).collect();
        let filler = [b'z'; FILLER_BYTES];
        args.push(&filler);
        let reply = self.pair.from.cmd(&args);
        assert!(!reply.is_error(""), "{reply:?}");
    }

    /// Begins to move the key, and returns when it is on its way.
    #[track_caller]
    fn begin(&mut self, end: End, options: &[&str]) {
        self.pace(SLOWLY);
        let port = self.pair.target.port().to_string();
        let mut args = vec!["MIGRATE", "127.0.0.1", &port, "key", "0", "5000"];
        args.extend((end == End::Copied).then_some("COPY"));
        args.extend(options);
        self.caller.send(&args);
        wait_until("the key is on its way", || {
            let migrations = self.pair.from.cmd(&["KEYFERRY", "MIGRATIONS"]).into_array();
            migrations.first().is_some_and(|it| field(it, "key-bytes-done") > 0)
        });
    }

    /// Lets the move end.
    #[track_caller]
    fn end(&mut self, end: End) {
        let reply = self.end_unanswered(end);
        let got = self.caller.reply();
        assert_eq!(got, reply);
    }

    /// The same, with the reply, which it returns, left to be read.
    #[track_caller]
    fn end_unanswered(&mut self, end: End) -> Reply {
        if end == End::CalledOff {
            let migrations = self.pair.from.cmd(&["KEYFERRY", "MIGRATIONS"]).into_array();
            let id = field(&migrations[0], "id").to_string();
            let cancelled = self.pair.from.cmd(&["KEYFERRY", "CANCEL", &id]);
            assert_eq!(cancelled, Reply::Integer(1));
            return Reply::error("ERR Migration cancelled, keys not acknowledged stay");
        }
        self.pace("0");
        Reply::ok()
    }

    fn pace(&mut self, bytes_per_second: &str) {
        let set = ["CONFIG", "SET", "migrate-max-bytes-per-second", bytes_per_second];
        assert_eq!(self.pair.from.cmd(&set), Reply::ok());
    }

    #[track_caller]
    fn assert_at_end(&mut self, end: End) {
        let place = match end {
            End::Moved => Where::Target,
            End::Copied => Where::Both,
            End::CalledOff => Where::Source,
        };
        self.pair.assert_at("key", place);
    }
}

/// A number that KEYFERRY MIGRATIONS tells of a migration.
fn field(migration: &Reply, name: &str) -> i64 {
    let fields = migration.clone().into_array();
    let at = fields.iter().position(|field| *field == Reply::bulk(name)).expect("it is told");
    fields[at + 1].clone().into_integer()
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}
