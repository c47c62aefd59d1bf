//! The other client, who asks for next to nothing and notes how long it waits for that.

use std::thread;
use std::time::{Duration, Instant};

use super::background::{Background, Stop};
use super::client::Client;
use super::fleet::Contender;

/// How long a client waited for its replies.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waits {
    pub(crate) longest: Duration,
    /// One reply in a thousand took longer.
    pub(crate) p999: Duration,
    /// How much later than it should have the client itself was woken at the worst, which is in none
    /// of the waits: what the machine does to a thread that wants to run.
    pub(crate) woken_late: Duration,
}

/// Asks a server `args` once in every `period`.
///
/// A wait begins when the request is written: that a busy machine lets the client sleep too long is
/// not the server's doing.
pub(crate) fn start(
    contender: &Contender,
    args: &'static [&'static str],
    period: Duration,
) -> anyhow::Result<Background<Waits>> {
    let client = contender.client()?;
    Ok(Background::start(move |stop| run(client, args, period, stop)))
}

fn run(mut client: Client, args: &[&str], period: Duration, stop: &Stop) -> anyhow::Result<Waits> {
    let mut waits = Vec::new();
    let mut woken_late = Duration::ZERO;
    let mut next = Instant::now();
    while !stop.is_asked() {
        let start = Instant::now();
        client.ask(args)?;
        let end = Instant::now();
        waits.push(end - start);
        // What was missed while the server was silent is not made up for.
        next = end.max(next + period);
        thread::sleep(next.saturating_duration_since(end));
        woken_late = woken_late.max(next.elapsed());
    }
    waits.sort_unstable();
    Ok(Waits {
        longest: waits.last().copied().unwrap_or_default(),
        p999: waits.get(waits.len() - waits.len() / 1000 - 1).copied().unwrap_or_default(),
        woken_late,
    })
}
