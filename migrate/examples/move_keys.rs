//! Moves keys out of a keyspace of this program to a server:
//!
//! ```text
//! cargo run -p keyferry-migrate --example move_keys -- 127.0.0.1 6379
//! ```

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use keyspace::{Keyspace, StringValue};
use migrate::driver::Endpoint;
use migrate::driver::mio::{Driver, DriverEvent};
use migrate::{MigrateRequest, Now, Outcome};
use mio::{Events, Poll, Token, Waker};

#[allow(dead_code)] // who takes the function from here has a main of his own
fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(host), Some(port)) = (args.next(), args.next()) else {
        eprintln!("usage: move_keys HOST PORT");
        std::process::exit(2);
    };
    let port = port.parse().map_err(io::Error::other)?;
    let mut keyspace = Keyspace::new(1);
    for number in 0..1000 {
        let value = StringValue::parse(Bytes::from(format!("value {number}")));
        keyspace.database_mut(0).insert(format!("key:{number}").as_bytes(), value.into(), None);
    }
    let outcome = move_all(&mut keyspace, Endpoint { host, port, tls: None })?;
    match outcome.reply() {
        Ok(status) => println!("{status}, {} keys are left", keyspace.database(0).len()),
        Err(line) => println!("{}", line.escape_ascii()),
    }
    Ok(())
}

/// Moves every key of database 0 to database 0 of `target`, over what is there.
///
/// # Errors
/// The event queue fails. What the target or the way to it does is an outcome.
pub(crate) fn move_all(keyspace: &mut Keyspace, target: Endpoint) -> io::Result<Outcome> {
    let mut names = Vec::new();
    let mut cursor = 0;
    loop {
        let now_ms = now().unix_ms;
        cursor = keyspace.database(0).scan(cursor, 1000, now_ms, |entry| {
            names.push(Bytes::copy_from_slice(entry.key()));
        });
        if cursor == 0 {
            break;
        }
    }
    let mut request = MigrateRequest::new(0, 0, Duration::from_secs(5), names);
    request.replace = true;

    let mut poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
    // A run id that no server has: we are not one.
    let own_run_id = Bytes::from_static(b"move_keys");
    let mut driver = Driver::new(poll.registry().try_clone()?, FIRST_SOCKET, waker, own_run_id);
    driver.start(target, request, now());
    let mut events = Events::with_capacity(64);
    loop {
        // A program with other sockets handles their events here, and its clients use the keyspace.
        for event in &events {
            if driver.owns(event.token()) {
                driver.handle_event(event);
            }
        }
        driver.turn(keyspace, now());
        while let Some(event) = driver.poll_event() {
            if let DriverEvent::Finished { outcome, .. } = event {
                return Ok(outcome);
            }
        }
        let patience = match driver.has_work() {
            true => Some(Duration::ZERO),
            false => driver.poll_timeout().map(|at| at.saturating_duration_since(Instant::now())),
        };
        poll.poll(&mut events, patience)?;
    }
}

fn now() -> Now {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Now { instant: Instant::now(), unix_ms: unix.as_millis() as i64 }
}

const WAKER: Token = Token(0);
const FIRST_SOCKET: Token = Token(1);
