//! The real Redis: it writes the file, and is measured itself.

use std::{
    fs,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Where the binaries are.
#[derive(Clone)]
pub(crate) struct Binaries {
    server: PathBuf,
    pub(crate) check_rdb: PathBuf,
}

impl Binaries {
    /// Those that `scripts/peers` installs in the target folder.
    pub(crate) fn find() -> Option<Self> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
        let folder = target.join("peers/redis-7.0");
        let server = folder.join("redis-server");
        if !server.exists() {
            return None;
        }
        // One binary is both: it goes by the name it is started under.
        let check_rdb = folder.join("bin/redis-check-rdb");
        if !check_rdb.exists() {
            fs::copy(folder.join("bin/redis-server"), &check_rdb).expect("the folder is writable");
        }
        let wrapper = folder.join("redis-check-rdb");
        if !wrapper.exists() {
            let script = fs::read_to_string(&server).expect("a script that sets a path");
            let script = script.replace("bin/redis-server", "bin/redis-check-rdb");
            fs::copy(&server, &wrapper).expect("the folder is writable");
            fs::write(&wrapper, script).expect("the folder is writable");
        }
        Some(Self { server, check_rdb: wrapper })
    }
}

/// A server that saves nothing unless it is told to.
pub(crate) struct Server {
    process: Child,
    connection: TcpStream,
}

impl Server {
    /// A server of the file `name` in `folder`, once it has loaded it.
    pub(crate) fn start(binaries: &Binaries, folder: &Path, name: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a free port");
        let process = Command::new(&binaries.server)
            .args(["--bind", "127.0.0.1", "--port", &address.port().to_string()])
            .args(["--save", "", "--dbfilename", name, "--dir"])
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("the server can be started");
        let start = Instant::now();
        let connection = loop {
            match TcpStream::connect(address) {
                Ok(connection) => break connection,
                Err(_) if start.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(5)),
                Err(error) => panic!("the server does not listen: {error}"),
            }
        };
        let mut server = Self { process, connection };
        while server.ask(&[b"PING"]) != "+PONG\r\n" {
            assert!(start.elapsed() < PATIENCE, "the server loads for too long");
            thread::sleep(Duration::from_millis(5));
        }
        server
    }

    /// The answer to a command, of one line.
    pub(crate) fn ask(&mut self, arguments: &[&[u8]]) -> String {
        let mut request = Vec::new();
        command(&mut request, arguments);
        self.connection.write_all(&request).expect("the server listens");
        let mut answer = vec![0; 1024];
        let len = self.connection.read(&mut answer).expect("the server answers");
        String::from_utf8_lossy(&answer[..len]).into_owned()
    }

    /// Sends commands that are answered with a line each, and reads the answers.
    pub(crate) fn send(&mut self, requests: &[u8], answers: usize) {
        self.connection.write_all(requests).expect("the server listens");
        let (mut lines, mut buffer) = (0, [0; 16 << 10]);
        while lines < answers {
            let len = self.connection.read(&mut buffer).expect("the server answers");
            assert!(len > 0 && !buffer[..len].contains(&b'-'), "the server refuses");
            lines += buffer[..len].iter().filter(|&&byte| byte == b'\n').count();
        }
    }

    pub(crate) fn stop(mut self) -> io::Result<()> {
        let mut request = Vec::new();
        command(&mut request, &[b"SHUTDOWN", b"NOSAVE"]);
        self.connection.write_all(&request)?;
        self.process.wait().map(drop)
    }
}

/// Appends a command.
pub(crate) fn command(out: &mut Vec<u8>, arguments: &[&[u8]]) {
    out.extend_from_slice(format!("*{}\r\n", arguments.len()).as_bytes());
    for argument in arguments {
        out.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        out.extend_from_slice(argument);
        out.extend_from_slice(b"\r\n");
    }
}

/// Starts a server with `file`; tells the time until it answers.
pub(crate) fn load(binaries: &Binaries, file: &Path) -> Duration {
    let (folder, name) = (file.parent().expect("a folder"), file.file_name().expect("a name"));
    let start = Instant::now();
    let server = Server::start(binaries, folder, &name.to_string_lossy());
    let elapsed = start.elapsed();
    server.stop().expect("the server ends");
    elapsed
}

const PATIENCE: Duration = Duration::from_secs(60);
