//! The other client, who asks for next to nothing and notes how long it waits for that.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::background::{Background, Stop};
use super::client::Client;
use super::fleet::{Contender, Schedstat};

/// How long a client waited for its replies.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waits {
    pub(crate) longest: Duration,
    /// One reply in a thousand took longer.
    pub(crate) p999: Duration,
    /// The longest of the waits without the time in which the server or the client itself was ready
    /// to run and the machine had no CPU for it: what is the server's doing, or a pause of the machine.
    pub(crate) longest_served: Duration,
    /// The longest that the client slept too long without being ready to run: the machine itself stood
    /// still, as a virtual one does whose host has no CPU for it.
    pub(crate) longest_pause: Duration,
}

/// Asks a server `args` once in every `period`.
///
/// A wait begins when the request is written, however late the client itself was woken for it.
pub(crate) fn start(
    contender: &Contender,
    args: &'static [&'static str],
    period: Duration,
) -> anyhow::Result<Background<Waits>> {
    let client = contender.client()?;
    let server = contender.loop_schedstat();
    Ok(Background::start(move |stop| run(client, &server, args, period, stop)))
}

fn run(
    mut client: Client,
    server: &Path,
    args: &[&str],
    period: Duration,
    stop: &Stop,
) -> anyhow::Result<Waits> {
    let mut waits = Vec::new();
    let (mut longest_served, mut longest_pause) = (Duration::ZERO, Duration::ZERO);
    let mut next = Instant::now();
    let own_in_line = || Schedstat::read(Path::new(OWN_SCHEDSTAT)).in_line;
    let in_line = || Schedstat::read(server).in_line + own_in_line();
    while !stop.is_asked() {
        let before = in_line();
        let start = Instant::now();
        client.ask(args)?;
        let end = Instant::now();
        let wait = end - start;
        waits.push(wait);
        longest_served = longest_served.max(wait.saturating_sub(in_line() - before));
        // What was missed while the server was silent is not made up for.
        next = end.max(next + period);
        let before = own_in_line();
        thread::sleep(next.saturating_duration_since(Instant::now()));
        let late = next.elapsed().saturating_sub(own_in_line() - before);
        longest_pause = longest_pause.max(late);
    }
    waits.sort_unstable();
    Ok(Waits {
        longest: waits.last().copied().unwrap_or_default(),
        p999: waits.get(waits.len() - waits.len() / 1000 - 1).copied().unwrap_or_default(),
        longest_served,
        longest_pause,
    })
}

const OWN_SCHEDSTAT: &str = "/proc/thread-self/schedstat";
