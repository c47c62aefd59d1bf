//! `keyferry rdb` on files that real servers have saved, and on files that these load.

mod arguments;
mod convert;
mod damage;
mod fill;
mod memory;
mod observe;
mod read;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::{Client, Peer, Reply, Server};

/// `keyferry rdb` with these arguments.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry"));
    command.arg("rdb").args(args).stdin(Stdio::null());
    command
}

/// Runs a tool that is to end with this status, and returns what it has printed to stdout and
/// stderr.
#[track_caller]
fn run(args: &[&str], status: i32) -> (String, String) {
    let output = command(args).output().expect("the binary is built with its tests");
    let stdout = String::from_utf8(output.stdout).expect("all output is UTF-8");
    let stderr = String::from_utf8(output.stderr).expect("all output is UTF-8");
    assert_eq!(output.status.code(), Some(status), "{args:?}: {stdout}{stderr}");
    (stdout, stderr)
}

/// A folder with a file that a peer of this kind has saved, and the peer, which has every type of
/// value and goes on running. None, said aloud, where there is no such peer.
struct Saved {
    peer: Peer,
    folder: TempDir,
    server: Server,
}

impl Saved {
    #[track_caller]
    fn by(peer: Peer) -> Option<Self> {
        let folder = TempDir::new().expect("a temporary folder");
        let args = ["--dir", text(folder.path()), "--dbfilename", NAME];
        let server = Server::peer(peer, &args)?;
        let mut client = server.client();
        fill::fill(&mut client, peer);
        assert_eq!(client.cmd(&["SAVE"]), Reply::ok());
        Some(Self { peer, folder, server })
    }

    fn client(&self) -> Client {
        self.server.client()
    }

    fn path(&self) -> PathBuf {
        self.beside(NAME)
    }

    /// Another file in the folder.
    fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).expect("the server has saved")
    }
}

/// A file of version 9 without a checksum.
fn file_of(body: &[u8]) -> Vec<u8> {
    [b"REDIS0009".as_slice(), body, b"\xFF\0\0\0\0\0\0\0\0"].concat()
}

/// Paths of these tests are text.
fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are text")
}

const NAME: &str = "saved.rdb";
