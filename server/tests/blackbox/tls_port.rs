//! Clients over TLS: whom the server lets in, what it says, and that nobody waits for those who
//! dawdle.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::support::{
    Authority, Certified, Client, Kind, Reply, Server, end_within, free_port, keyferry_command,
    tool,
};

/// A server with a TLS port beside its own, and whom it believes.
struct Secured {
    server: Server,
    tls_port: u16,
    authority: Authority,
    own: Certified,
}

impl Secured {
    #[track_caller]
    fn start(kind: Kind, args: &[&str]) -> Option<Self> {
        let authority = Authority::new("ours");
        let own = authority.certify("client");
        let tls_port = free_port();
        let mut directives = authority.directives("server");
        directives.extend(["--tls-port".to_owned(), tls_port.to_string()]);
        let all = directives.iter().map(String::as_str).chain(args.iter().copied());
        let server = Server::start(kind, &all.collect::<Vec<_>>())?;
        Some(Self { server, tls_port, authority, own })
    }

    #[track_caller]
    fn keyferry(args: &[&str]) -> Self {
        Self::start(Kind::Keyferry, args).expect("keyferry is built with its tests")
    }

    /// A client with a certificate of the authority.
    #[track_caller]
    fn client(&self) -> Client {
        self.connect(Some(&self.own)).expect("the server accepts")
    }

    fn connect(&self, own: Option<&Certified>) -> std::io::Result<Client> {
        Client::connect_tls(self.tls_port, &self.authority.client(own), "server")
    }

    /// Whether a client gets an answer.
    fn serves(&self, own: Option<&Certified>) -> bool {
        self.connect(own).is_ok_and(|mut client| {
            client.send(&["PING"]);
            client.is_answered()
        })
    }
}

#[test]
fn clients_over_tls_are_clients() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(secured) = Secured::start(kind, &[]) else { continue };
        let (mut plain, mut client) = (secured.server.client(), secured.client());
        let value: Vec<u8> = (0..10_000_000_u32).map(|n| (n >> 3) as u8).collect();
        assert_eq!(client.cmd(&[b"SET", b"key".as_slice(), &value]), Reply::ok(), "{kind:?}");
        assert!(client.cmd(&["GET", "key"]).into_bulk() == value, "{kind:?}");
        assert!(plain.cmd(&["GET", "key"]).into_bulk() == value, "{kind:?}");
        // Requests that come together, and replies of which one waits for the others.
        for _ in 0..1000 {
            client.send(&["INCR", "counter"]);
        }
        for number in 1..=1000 {
            assert_eq!(client.reply(), Reply::Integer(number));
        }
        let list = client.cmd(&["CLIENT", "LIST"]).into_bulk();
        let list = String::from_utf8(list).expect("text");
        let address = format!("laddr=127.0.0.1:{} ", secured.tls_port);
        assert_eq!(list.lines().filter(|line| line.contains(&address)).count(), 1, "{list}");
        client.cmd(&["CLIENT", "SETNAME", "secret"]);
        client.send(&["QUIT"]);
        assert_eq!(client.reply(), Reply::ok());
        assert!(client.is_closed_by_peer(), "{kind:?}");
    }
}

/// Yes, by default, or optional, or no, which asks for none.
#[test]
fn clients_show_certificates_where_they_are_asked_for() {
    let strangers = Authority::new("theirs");
    let stranger = strangers.certify("client");
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        for (directive, anybody, with_a_strange_one) in
            [("yes", false, false), ("optional", true, false), ("no", true, true)]
        {
            let Some(secured) = Secured::start(kind, &["--tls-auth-clients", directive]) else {
                continue;
            };
            assert!(secured.serves(Some(&secured.own)), "{kind:?} {directive}");
            assert_eq!(secured.serves(None), anybody, "{kind:?} {directive}");
            assert_eq!(secured.serves(Some(&stranger)), with_a_strange_one, "{kind:?} {directive}");
            assert!(secured.serves(Some(&secured.own)), "{kind:?} {directive}");
        }
    }
}

#[test]
fn a_port_of_zero_leaves_tls_alone() {
    let authority = Authority::new("ours");
    let own = authority.certify("client");
    let config = authority.client(Some(&own));
    let port = free_port();
    let mut process = keyferry_command()
        .args(["--port", "0", "--bind", "127.0.0.1", "--tls-port", &port.to_string()])
        .args(authority.directives("server"))
        .stdout(Stdio::null())
        .spawn()
        .expect("keyferry starts");
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(start.elapsed() < Duration::from_secs(10), "it does not listen");
        std::thread::sleep(Duration::from_millis(3));
    }
    let mut client = Client::connect_tls(port, &config, "server").expect("the server accepts");
    let info = String::from_utf8(client.cmd(&["INFO", "server"]).into_bulk()).expect("text");
    assert!(info.contains(&format!("\r\ntcp_port:{port}\r\n")), "{info}");
    client.send(&["SHUTDOWN"]);
    let status = end_within(&mut process, Duration::from_secs(10)).expect("the server ends");
    assert!(status.success());
}

/// Either is answered with something that the other cannot take for a reply, or with nothing.
#[test]
fn who_mistakes_the_port_is_turned_away() {
    let secured = Secured::keyferry(&[]);
    let mut lost = Client::connect(secured.tls_port);
    lost.send(&["SET", "key", "value"]);
    assert!(!lost.is_answered());
    // A hello of TLS is no request either: the server waits for the rest of the line, or refuses.
    let mut lost = TcpStream::connect(("127.0.0.1", secured.server.port())).expect("a listener");
    lost.write_all(b"\x16\x03\x01\x00\x05hello\r\n").expect("the server reads");
    lost.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout that is not zero");
    let mut reply = [0; 4];
    lost.read_exact(&mut reply).expect("an error");
    assert_eq!(&reply, b"-ERR");
    assert_eq!(secured.client().cmd(&["EXISTS", "key"]), Reply::Integer(0));
}

/// The others are served meanwhile, and the place of who dawdles is free again after a time.
#[test]
fn a_client_that_stalls_in_the_handshake_is_closed() {
    let secured = Secured::keyferry(&["--maxclients", "5"]);
    let stalling: Vec<TcpStream> = (0..3_usize)
        .map(|sent| {
            let mut stream = TcpStream::connect(("127.0.0.1", secured.tls_port)).expect("accepted");
            // The head of a record of 200 bytes, and some of it.
            stream.write_all(&b"\x16\x03\x01\x00\xc8\x01\x00"[..sent * 3]).expect("taken");
            stream
        })
        .collect();
    let start = Instant::now();
    let mut served = secured.client();
    let mut longest = Duration::ZERO;
    while start.elapsed() < Duration::from_secs(8) {
        let asked = Instant::now();
        assert_eq!(served.cmd(&["PING"]), Reply::status("PONG"));
        longest = longest.max(asked.elapsed());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(longest < Duration::from_millis(500), "others waited for {longest:?}");
    for mut stream in stalling {
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        let mut told = Vec::new();
        stream.read_to_end(&mut told).expect("the connection ends");
    }
    let took = start.elapsed();
    assert!((9..15).contains(&took.as_secs()), "closed after {took:?}");
    assert_eq!(served.cmd(&["PING"]), Reply::status("PONG"));
    assert!(secured.server.log().contains("too long for the handshake"));
}

#[test]
fn limits_and_timeouts_hold_over_tls() {
    let secured = Secured::keyferry(&["--maxclients", "2", "--timeout", "1"]);
    let mut first = secured.client();
    let second = secured.client();
    assert!(!secured.serves(Some(&secured.own)), "a third client is let in");
    let mut plain = secured.server.client();
    assert_eq!(plain.reply(), Reply::error("ERR max number of clients reached"));
    let info = String::from_utf8(first.cmd(&["INFO", "stats"]).into_bulk()).expect("text");
    assert!(info.contains("\r\nrejected_connections:2\r\n"), "{info}");
    for mut idle in [first, second] {
        // With the server's word for it, or this would not be the end of the stream.
        assert!(idle.is_closed_by_peer());
    }
    let mut killer = secured.client();
    let mut killed = secured.client();
    let id = killed.cmd(&["CLIENT", "ID"]).into_integer().to_string();
    assert_eq!(killer.cmd(&["CLIENT", "KILL", "ID", &id]), Reply::Integer(1));
    assert!(killed.is_closed_by_peer());
}

#[test]
fn certificates_are_replaced_for_new_connections() {
    let secured = Secured::keyferry(&[]);
    let mut early = secured.client();
    let newer = secured.authority.certify("newer");
    let set = ["CONFIG", "SET", "tls-cert-file", &newer.certificate, "tls-key-file", &newer.key];
    assert_eq!(early.cmd(&set), Reply::ok());
    assert_eq!(early.cmd(&["PING"]), Reply::status("PONG"));
    let config = secured.authority.client(Some(&secured.own));
    let mut late = Client::connect_tls(secured.tls_port, &config, "newer").expect("accepted");
    assert_eq!(late.cmd(&["PING"]), Reply::status("PONG"));
    let shown = CertificateDer::from_pem_file(&newer.certificate).expect("PEM");
    assert_eq!(late.server_certificate(), shown);
    assert_ne!(early.server_certificate(), shown);

    // A file that is replaced is read when its directive is set again.
    let newest = secured.authority.certify("newest");
    fs::rename(&newest.certificate, &newer.certificate).expect("a file");
    fs::rename(&newest.key, &newer.key).expect("a file");
    assert_eq!(early.cmd(&["CONFIG", "SET", "tls-cert-file", &newer.certificate]), Reply::ok());
    let late = Client::connect_tls(secured.tls_port, &config, "newest").expect("accepted");
    assert_ne!(late.server_certificate(), shown);

    // Clients of another authority, from now on.
    let others = Authority::new("theirs");
    assert_eq!(early.cmd(&["CONFIG", "SET", "tls-ca-cert-file", &others.file()]), Reply::ok());
    assert!(!secured.serves(Some(&secured.own)));
    assert_eq!(early.cmd(&["PING"]), Reply::status("PONG"));
}

#[test]
fn a_value_that_cannot_take_effect_names_file_and_cause() {
    let secured = Secured::keyferry(&[]);
    let mut client = secured.client();
    let others = Authority::new("theirs");
    let other = others.certify("other");
    let empty = secured.authority.path("empty");
    fs::write(&empty, "").expect("a file");
    let encrypted = secured.authority.path("encrypted");
    fs::write(&encrypted, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n").expect("a file");
    let (empty, encrypted) = (empty.display().to_string(), encrypted.display().to_string());
    for (name, value, parts) in [
        ("tls-cert-file", "/nowhere/x.crt", ["tls-cert-file", "/nowhere/x.crt: No such file"]),
        ("tls-cert-file", "", ["No tls-cert-file configured!", ""]),
        ("tls-cert-file", &empty, ["tls-cert-file: no certificate (PEM) in ", &empty]),
        ("tls-key-file", &empty, ["tls-key-file: no private key (PEM) in ", &empty]),
        ("tls-key-file", &encrypted, ["is encrypted, which is not supported", &encrypted]),
        ("tls-key-file", &other.key, ["KeyMismatch", &other.key]),
        ("tls-ca-cert-file", "/", ["tls-ca-cert-file: cannot read /: Is a directory", ""]),
        ("tls-ca-cert-dir", "/nowhere", ["tls-ca-cert-dir: cannot read /nowhere", ""]),
        ("tls-protocols", "SSLv3", ["Invalid tls-protocols specified. Use a combination of", ""]),
        ("tls-protocols", "TLSv1.1", ["tls-protocols: only TLSv1.2 and TLSv1.3", ""]),
        ("tls-ciphersuites", "none", ["tls-ciphersuites", ""]),
    ] {
        let before = client.cmd(&["CONFIG", "GET", name]);
        let reply = client.cmd(&["CONFIG", "SET", name, value]);
        let start = format!(
            "ERR CONFIG SET failed (possibly related to argument '{name}') - Unable to update TLS \
             configuration. "
        );
        assert!(reply.is_error(&start), "{name} {value}: {reply:?}");
        for part in parts {
            assert!(format!("{reply:?}").contains(part), "{name} {value}: {reply:?}");
        }
        assert_eq!(client.cmd(&["CONFIG", "GET", name]), before, "{name} {value}");
    }
    assert!(secured.serves(Some(&secured.own)));
}

#[test]
fn authorities_may_lie_in_a_folder() {
    let secured = Secured::keyferry(&[]);
    let mut client = secured.client();
    let folder = secured.authority.path("authorities");
    fs::create_dir(&folder).expect("a folder");
    fs::copy(secured.authority.file(), folder.join("0123abcd.0")).expect("a file");
    // OpenSSL would not look at it.
    let strangers = Authority::new("theirs");
    fs::copy(strangers.file(), folder.join("theirs.pem")).expect("a file");
    let folder = folder.display().to_string();
    let set = ["CONFIG", "SET", "tls-ca-cert-file", "", "tls-ca-cert-dir", &folder];
    assert_eq!(client.cmd(&set), Reply::ok());
    assert!(secured.serves(Some(&secured.own)));
    assert!(!secured.serves(Some(&strangers.certify("client"))));
}

#[test]
fn versions_and_suites_are_those_that_are_named() {
    let secured = Secured::keyferry(&[]);
    let mut client = secured.client();
    let negotiated = || {
        let client = secured.client();
        let (version, suite) = client.negotiated();
        format!("{version:?} {suite:?}")
    };
    for (name, value, expected) in [
        (
            "tls-ciphersuites",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLSv1_3 TLS13_CHACHA20_POLY1305_SHA256",
        ),
        ("tls-protocols", "TLSv1.2", "TLSv1_2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        (
            "tls-ciphers",
            "ECDHE-ECDSA-CHACHA20-POLY1305",
            "TLSv1_2 TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        ),
        ("tls-ciphers", "HIGH:!aNULL", "TLSv1_2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        ("tls-session-caching", "no", "TLSv1_2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        ("tls-protocols", "tlsv1.1 TLSv1.3", "TLSv1_3 TLS13_CHACHA20_POLY1305_SHA256"),
    ] {
        assert_eq!(client.cmd(&["CONFIG", "SET", name, value]), Reply::ok(), "{name} {value}");
        assert_eq!(negotiated(), expected, "{name} {value}");
    }
    let log = secured.server.log();
    for directive in ["tls-ciphers", "tls-protocols"] {
        let told = format!("this directive has no effect directive=\"{directive}\"");
        assert_eq!(log.matches(&told).count(), 1, "{log}");
    }
}

#[test]
fn redis_cli_speaks_tls() {
    let secured = Secured::keyferry(&[]);
    let Some(mut command) = tool("redis-cli") else { return };
    command.args(["-p", &secured.tls_port.to_string(), "--tls"]);
    command.args(["--cacert", &secured.authority.file()]);
    command.args(["--cert", &secured.own.certificate, "--key", &secured.own.key]);
    let output = command.args(["-r", "3", "incr", "counter"]).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n2\n3\n", "{output:?}");
}
