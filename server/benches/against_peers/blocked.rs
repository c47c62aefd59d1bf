//! Clients that wait for keys, each for its own: what a push to one of them costs, from the push to the
//! element that it gets and its next BLPOP, with one client waiting and with a thousand.

use anyhow::bail;
use resp::Reply;

use super::client::Client;
use super::fleet;
use super::report::{self, Better, Row, Wanted};

pub(crate) fn measure(rounds: usize) -> anyhow::Result<()> {
    report::print_head("a push to one of the clients that wait, each for its own key");
    let mut costs = WAITING.map(|waiting| {
        let name = format!("one of {waiting} waiting, CPU us");
        Row::new(name, Better::Low, Wanted::Nothing)
    });
    let mut growth = Row::new("cost of it over that with one", Better::Low, Wanted::Figure(1.0));
    for _ in 0..rounds {
        for index in 0..fleet::names().count() {
            let mut figures = [0.0; WAITING.len()];
            for (figure, count) in figures.iter_mut().zip(WAITING) {
                let contender = fleet::start_one(index)?;
                let clients = (0..count).map(|_| contender.client());
                let mut waiting: Vec<Client> = clients.collect::<Result<_, _>>()?;
                let keys: Vec<String> =
                    (0..count).map(|number| format!("queue:{number}")).collect();
                for (client, key) in waiting.iter_mut().zip(&keys) {
                    client.send(&["BLPOP", key, "0"])?;
                }
                let mut pusher = contender.client()?;
                wait_for_blocked(&mut pusher, count)?;
                let before = contender.loop_cpu_time();
                for number in 0..PUSHES {
                    let at = number * 7919 % count;
                    pusher.ask(&["RPUSH", &keys[at], "element"])?;
                    waiting[at].reply()?;
                    waiting[at].send(&["BLPOP", &keys[at], "0"])?;
                }
                let spent = contender.loop_cpu_time() - before;
                *figure = spent.as_secs_f64() / PUSHES as f64 * 1e6;
            }
            costs.iter_mut().zip(figures).for_each(|(row, figure)| row.push(index, figure));
            growth.push(index, figures[1] / figures[0]);
        }
    }
    costs.iter().chain([&growth]).for_each(Row::print);
    Ok(())
}

/// Waits until the server says that so many clients wait.
fn wait_for_blocked(client: &mut Client, count: usize) -> anyhow::Result<()> {
    let wanted = format!("blocked_clients:{count}");
    loop {
        let Reply::Bulk(info) = client.ask(&["INFO", "clients"])? else { bail!("no INFO") };
        if String::from_utf8_lossy(&info).lines().any(|line| line == wanted) {
            return Ok(());
        }
    }
}

/// How many clients wait.
const WAITING: [usize; 2] = [1, 1000];
const PUSHES: usize = 20_000;
