//! Random transactions of three clients at one server, beside a [model]: it says every reply, whether
//! an EXEC runs, and what is in the databases in the end. Redis 7.0.15 is held against it as keyferry
//! is.
//!
//! The clients take turns at random: they watch and queue, write in between to what others watch,
//! and leave. Among the commands are those that are refused when they are queued, and those that
//! fail when they are run. A key has no expiry, one that is far away, or one that is over already,
//! which nobody but who comes upon the key removes; and it can expire [under a watch](steps::Step).
//!
//! A failure shows its seed and the shortest sequence found that fails. `KEYFERRY_SEED=N` runs that
//! one again, `KEYFERRY_SEQUENCES=N` more of them.

mod model;
mod steps;

use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Client, Kind, Reply, Server, chosen_or_random, shorten};
use model::Model;
use steps::{CLIENTS, KEYS, Step, sequence};

/// Sequences that a test runs.
const SEQUENCES: u64 = 60;

/// The life of a key that expires under a watch.
const LIFE: Duration = Duration::from_millis(30);

#[test]
fn random_transactions_do_what_the_model_says() {
    let (first, count) = chosen_or_random(SEQUENCES);
    check(first, count);
}

/// The same transactions in every run, with every way in which a transaction can end among them.
#[test]
fn transactions_of_a_fixed_seed_do_what_the_model_says() {
    check(1, SEQUENCES);
    let mut ends = [0; 4];
    for seed in 1..=SEQUENCES {
        let mut model = Model::default();
        for step in sequence(seed) {
            match (&step, &model.replies(&step)[..]) {
                (Step::Send(_, line), [Reply::Array(replies)]) if line == "EXEC" => {
                    ends[0] += 1;
                    ends[1] += usize::from(replies.iter().any(|reply| reply.is_error("")));
                }
                (Step::Send(_, line), [Reply::Nil]) if line == "EXEC" => ends[2] += 1,
                (_, [reply]) if reply.is_error("EXECABORT") => ends[3] += 1,
                _ => {}
            }
        }
    }
    assert!(ends.iter().all(|times| *times > 50), "{ends:?}");
}

/// Runs `count` sequences at either server, the first one from the seed `first`.
fn check(first: u64, count: u64) {
    let payload = payload();
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &["--enable-debug-command", "yes"]) else {
            continue;
        };
        for seed in (0..count).map(|nth| first.wrapping_add(nth)) {
            let run = |steps: &[Step]| run(&server, &payload, steps);
            let steps = sequence(seed);
            if let Err(failure) = run(&steps) {
                let (steps, failure) = shorten(steps, failure, |failure| failure.steps, run);
                let steps: Vec<_> = steps.iter().map(Step::to_string).collect();
                let Failure { wanted, got, .. } = failure;
                panic!(
                    "KEYFERRY_SEED={seed}, shortened to\n{}\n    model:   {wanted:?}\n    \
                     {kind:?}: {got:?}",
                    steps.join("\n")
                );
            }
        }
    }
}

/// A payload of the text that the model knows, which both servers take.
fn payload() -> Vec<u8> {
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    client.cmd(&["SET", "key", model::RESTORED]);
    client.cmd(&["DUMP", "key"]).into_bulk()
}

/// What a server does otherwise than the model.
struct Failure {
    /// The sequence can end after this many steps.
    steps: usize,
    wanted: Vec<Reply>,
    got: Vec<Reply>,
}

/// Runs a sequence from empty databases on. One in which a key has expired too early, on a busy
/// machine, is begun again.
fn run(server: &Server, payload: &[u8], steps: &[Step]) -> Result<(), Failure> {
    loop {
        let mut session = Session::begin(server, payload);
        let mut model = Model::default();
        for (nth, step) in steps.iter().enumerate() {
            let (wanted, got) = (model.replies(step), session.replies(step));
            if session.is_late {
                break;
            }
            if model.redis_overlooks_a_watch && server.kind() != Kind::Keyferry {
                return Ok(());
            }
            if wanted != got {
                return Err(Failure { steps: nth + 1, wanted, got });
            }
        }
        if session.is_late {
            continue;
        }
        for step in contents() {
            let (wanted, got) = (model.replies(&step), session.replies(&step));
            if wanted != got {
                let wanted = vec![Reply::status(&step.to_string()), Reply::Array(wanted)];
                return Err(Failure { steps: steps.len(), wanted, got });
            }
        }
        return Ok(());
    }
}

/// What tells everything about all keys, asked for by a client that has no part in the sequence.
fn contents() -> impl Iterator<Item = Step> {
    let of_key = |key: &str| {
        let probes = ["PEXPIRETIME KEY", "GET KEY", "LRANGE KEY 0 -1", "SMISMEMBER KEY 1 2 x"];
        probes.map(|probe| probe.replace("KEY", key))
    };
    let of_database = move |db: &str| {
        let select = std::iter::once(format!("SELECT {db}"));
        select.chain(KEYS.iter().flat_map(move |key| of_key(key))).collect::<Vec<_>>()
    };
    ["0", "1"].into_iter().flat_map(of_database).map(|line| Step::Send(CLIENTS, line))
}

/// The clients of a sequence at a server.
struct Session<'a> {
    server: &'a Server,
    payload: &'a [u8],
    clients: Vec<Client>,
    /// A key had expired before it was watched.
    is_late: bool,
}

impl<'a> Session<'a> {
    fn begin(server: &'a Server, payload: &'a [u8]) -> Self {
        let mut clients: Vec<_> = (0..=CLIENTS).map(|_| connect(server)).collect();
        clients[0].cmd(&["FLUSHALL"]);
        clients[0].cmd(&["DEBUG", "SET-ACTIVE-EXPIRE", "0"]);
        Self { server, payload, clients, is_late: false }
    }

    fn replies(&mut self, step: &Step) -> Vec<Reply> {
        match step {
            Step::Send(client, line) => {
                let reply = self.send(*client, line);
                if line == "QUIT" {
                    self.clients[*client] = connect(self.server);
                }
                vec![reply]
            }
            Step::WatchUntilPast(client, key) => {
                let start = Instant::now();
                let life = LIFE.as_millis();
                let lives = self.send(CLIENTS, &format!("PEXPIRE {key} {life}"));
                let watched = self.send(*client, &format!("WATCH {key}"));
                if lives == Reply::Integer(1) {
                    self.is_late |= start.elapsed() > LIFE / 2;
                    thread::sleep(LIFE + Duration::from_millis(1));
                }
                vec![lives, watched]
            }
        }
    }

    fn send(&mut self, client: usize, line: &str) -> Reply {
        let words: Vec<&[u8]> = line
            .split(' ')
            .map(|word| if word == "PAYLOAD" { self.payload } else { word.as_bytes() })
            .collect();
        self.clients[client].cmd(&words)
    }
}

/// A client that speaks RESP2, in which the model replies.
fn connect(server: &Server) -> Client {
    server.client()
}
