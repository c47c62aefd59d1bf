//! The servers of the demonstration: processes of this binary on ports of the loopback address.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use resp::Reply;

use super::client::Client;

/// A running server; it ends when this is dropped.
pub(super) struct Server {
    name: &'static str,
    process: Child,
    port: u16,
}

impl Server {
    /// Starts a server and waits until it answers. `name` is what errors call it.
    pub(super) fn start(name: &'static str) -> anyhow::Result<Self> {
        let mut attempts_left = START_ATTEMPTS;
        loop {
            let mut server =
                Self::spawn(name).with_context(|| format!("cannot start the {name}"))?;
            if server.wait_until_it_answers()? {
                return Ok(server);
            }
            // Between our look and its bind another process may have taken the port.
            attempts_left -= 1;
            if attempts_left == 0 {
                bail!("the {name} has ended at once");
            }
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Its last words go to our standard error.
    fn spawn(name: &'static str) -> anyhow::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let process = Command::new(std::env::current_exe()?)
            .args(["serve", "--bind", "127.0.0.1", "--loglevel", "warning", "--port"])
            .arg(port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self { name, process, port })
    }

    /// False if it has ended instead, or if another process answers at its port.
    fn wait_until_it_answers(&mut self) -> anyhow::Result<bool> {
        let start = Instant::now();
        while start.elapsed() < START_PATIENCE {
            if self.process.try_wait()?.is_some() {
                return Ok(false);
            }
            if let Ok(mut client) = Client::connect(self) {
                let own_line = format!("process_id:{}\r\n", self.process.id());
                return Ok(match client.call(&["INFO", "server"])? {
                    Reply::Bulk(text) => String::from_utf8_lossy(&text).contains(&own_line),
                    _ => false,
                });
            }
            thread::sleep(START_PAUSE);
        }
        bail!("the {} does not listen on port {}", self.name, self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if it has ended and been waited for, which is all that is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const START_ATTEMPTS: usize = 5;
const START_PATIENCE: Duration = Duration::from_secs(10);
const START_PAUSE: Duration = Duration::from_millis(3);
