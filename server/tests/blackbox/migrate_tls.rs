//! MIGRATE over TLS: chosen by the host or by a directive (N3), to and from real servers, with
//! certificates that fit and that do not, and with the wire cut.

use std::io::Read as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::{
    Authority, Certified, Client, Cut, Kind, Peer, Proxy, Reply, Server, Where, assert_at,
    assert_reply_is_true, free_port,
};

const UNREACHED: &str = "IOERR error or timeout connecting to the client";

/// A server with a TLS port.
struct Secured {
    server: Server,
    tls_port: u16,
}

impl Secured {
    /// Certified by `authority`, which also certifies those that it believes.
    #[track_caller]
    fn start(kind: Kind, authority: &Authority, args: &[&str]) -> Option<Self> {
        let tls_port = free_port();
        let mut directives = authority.directives("server");
        directives.extend(["--tls-port".to_owned(), tls_port.to_string()]);
        let all = directives.iter().map(String::as_str).chain(args.iter().copied());
        let server = Server::start(kind, &all.collect::<Vec<_>>())?;
        Some(Self { server, tls_port })
    }

    #[track_caller]
    fn keyferry(authority: &Authority, args: &[&str]) -> Self {
        Self::start(Kind::Keyferry, authority, args).expect("keyferry is built with its tests")
    }

    fn client(&self) -> Client {
        self.server.client()
    }
}

/// `MIGRATE host port key 0 5000`, with `options` added.
#[track_caller]
fn migrate_to(from: &mut Client, host: &str, port: u16, key: &str, options: &[&str]) -> Reply {
    let port = port.to_string();
    from.cmd(&[&["MIGRATE", host, &port, key, "0", "5000"], options].concat())
}

#[track_caller]
fn cached_sockets(client: &mut Client) -> String {
    let info = String::from_utf8(client.cmd(&["INFO", "stats"]).into_bulk()).expect("text");
    let line = info.lines().find_map(|line| line.strip_prefix("migrate_cached_sockets:"));
    line.expect("INFO tells it").to_owned()
}

/// Big and small ones, alone and together, over one connection.
#[test]
fn keys_move_over_tls_to_any_server() {
    let authority = Authority::new("ours");
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(target) = Secured::start(kind, &authority, &[]) else { continue };
        let source = Secured::keyferry(&authority, &[]);
        let (mut from, mut to) = (source.client(), target.client());
        let big: Vec<u8> = (0..5_000_000_u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
        from.cmd(&[b"SET", b"big".as_slice(), &big]);
        from.cmd(&["RPUSH", "list", "a", "b", "c"]);
        let names: Vec<String> = (0..500).map(|number| format!("key:{number}")).collect();
        for name in &names {
            from.cmd(&["SET", name, "value"]);
        }
        let url = "rediss://127.0.0.1";
        assert_eq!(
            migrate_to(&mut from, url, target.tls_port, "big", &[]),
            Reply::ok(),
            "{kind:?}"
        );
        assert!(to.cmd(&["GET", "big"]).into_bulk() == big, "{kind:?}");
        assert_eq!(migrate_to(&mut from, url, target.tls_port, "list", &[]), Reply::ok());
        let mut all = vec!["KEYS"];
        all.extend(names.iter().map(String::as_str));
        assert_eq!(migrate_to(&mut from, url, target.tls_port, "", &all), Reply::ok(), "{kind:?}");
        assert_eq!(to.cmd(&["DBSIZE"]), Reply::Integer(502), "{kind:?}");
        assert_eq!(from.cmd(&["DBSIZE"]), Reply::Integer(0), "{kind:?}");
        assert_eq!(cached_sockets(&mut from), "1");
    }
}

/// N3: Redis as the source, which speaks TLS with targets if `tls-cluster` is on.
#[test]
fn keys_come_over_tls_from_redis() {
    let authority = Authority::new("ours");
    let args = ["--tls-cluster", "yes"];
    let redis = Kind::Peer(Peer::Redis70);
    let Some(source) = Secured::start(redis, &authority, &args) else { return };
    let target = Secured::keyferry(&authority, &[]);
    let (mut from, mut to) = (source.client(), target.client());
    let big: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
    from.cmd(&[b"SET", b"big".as_slice(), &big]);
    from.cmd(&["HSET", "hash", "field", "value"]);
    let options = ["KEYS", "big", "hash"];
    assert_eq!(migrate_to(&mut from, "127.0.0.1", target.tls_port, "", &options), Reply::ok());
    assert!(to.cmd(&["GET", "big"]).into_bulk() == big);
    assert_at(&mut from, &mut to, "hash", Where::Target);
}

/// N3, and what the host says goes before it.
#[test]
fn host_and_directive_choose_tls() {
    let authority = Authority::new("ours");
    let target = Secured::keyferry(&authority, &[]);
    let (plain, tls) = (target.server.port(), target.tls_port);
    for (tls_cluster, host, port) in [
        ("no", "127.0.0.1", plain),
        ("no", "redis://127.0.0.1", plain),
        ("no", "REDISS://127.0.0.1", tls),
        ("no", "rediss://localhost", tls),
        ("yes", "127.0.0.1", tls),
        ("yes", "localhost", tls),
        ("yes", "redis://127.0.0.1", plain),
        ("yes", "rediss://127.0.0.1", tls),
    ] {
        let source = Secured::keyferry(&authority, &["--tls-cluster", tls_cluster]);
        let mut from = source.client();
        from.cmd(&["SET", "key", "value"]);
        let reply = migrate_to(&mut from, host, port, "key", &["REPLACE"]);
        assert_eq!(reply, Reply::ok(), "{tls_cluster} {host}");
    }
}

#[test]
fn an_address_of_ipv6_may_stand_in_brackets() {
    if TcpListener::bind(("::1", 0)).is_err() {
        return;
    }
    let authority = Authority::new("ours");
    let target = Secured::keyferry(&authority, &["--bind", "127.0.0.1", "::1"]);
    let source = Secured::keyferry(&authority, &[]);
    let mut from = source.client();
    for (host, port) in [
        ("::1", target.server.port()),
        ("[::1]", target.server.port()),
        ("rediss://[::1]", target.tls_port),
    ] {
        from.cmd(&["SET", "key", "value"]);
        assert_eq!(migrate_to(&mut from, host, port, "key", &["REPLACE"]), Reply::ok(), "{host}");
    }
}

/// What is asked for cannot be done: nothing is tried.
#[test]
fn without_an_authority_there_is_no_tls() {
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    from.cmd(&["SET", "key", "value"]);
    let reply = migrate_to(&mut from, "rediss://127.0.0.1", 1, "key", &[]);
    let expected = "ERR TLS with targets is not configured: tls-ca-cert-file or tls-ca-cert-dir \
                    must say by whom targets are certified";
    assert_eq!(reply, Reply::error(expected));
    assert_eq!(from.cmd(&["CONFIG", "SET", "tls-ca-cert-file", "/nowhere"]), Reply::ok());
    let reply = migrate_to(&mut from, "rediss://127.0.0.1", 1, "key", &[]);
    assert!(
        reply.is_error("ERR TLS with targets is not configured: tls-ca-cert-file: cannot read")
    );
    assert_eq!(from.cmd(&["EXISTS", "key"]), Reply::Integer(1));

    // An authority alone will do, where the target asks for no certificate.
    let authority = Authority::new("ours");
    let target = Secured::keyferry(&authority, &["--tls-auth-clients", "no"]);
    from.cmd(&["CONFIG", "SET", "tls-ca-cert-file", &authority.file()]);
    let moved = migrate_to(&mut from, "rediss://127.0.0.1", target.tls_port, "key", &[]);
    assert_eq!(moved, Reply::ok());
}

/// Whom the source does not believe, and who does not believe the source, gets nothing; nor does
/// who speaks another language.
#[test]
fn keys_stay_where_two_do_not_agree() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let source = Secured::keyferry(&ours, &[]);
    let mut from = source.client();
    from.cmd(&["SET", "key", "value"]);
    let url = "rediss://127.0.0.1";
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(stranger) = Secured::start(kind, &theirs, &[]) else { continue };
        let reply = migrate_to(&mut from, url, stranger.tls_port, "key", &[]);
        assert_eq!(reply, Reply::error(UNREACHED), "{kind:?}");
        assert!(source.server.log().contains("invalid peer certificate: UnknownIssuer"));

        let args = ["--tls-ca-cert-file", &theirs.file()];
        let Some(suspicious) = Secured::start(kind, &ours, &args) else { continue };
        let reply = migrate_to(&mut from, url, suspicious.tls_port, "key", &[]);
        // Over TLS 1.3 the target says so after the handshake.
        assert!(reply.is_error("IOERR error or timeout "), "{kind:?}: {reply:?}");
        assert_at(&mut from, &mut suspicious.client(), "key", Where::Source);

        let Some(target) = Secured::start(kind, &ours, &[]) else { continue };
        let reply = migrate_to(&mut from, url, target.server.port(), "key", &[]);
        assert_eq!(reply, Reply::error(UNREACHED), "{kind:?}");
        let reply = migrate_to(&mut from, "127.0.0.1", target.tls_port, "key", &[]);
        assert!(matches!(reply, Reply::Error(_)), "{kind:?}: {reply:?}");
        assert_at(&mut from, &mut target.client(), "key", Where::Source);
    }
}

/// What targets see is the client's certificate, if there is one, and else the server's.
#[test]
fn a_certificate_of_its_own_is_shown_to_targets() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let Certified { certificate, key } = theirs.certify("client");
    let target = Secured::keyferry(&ours, &["--tls-ca-cert-file", &theirs.file()]);
    let source = Secured::keyferry(&ours, &[]);
    let (mut from, mut to) = (source.client(), target.client());
    from.cmd(&["SET", "key", "value"]);
    let url = "rediss://127.0.0.1";
    let reply = migrate_to(&mut from, url, target.tls_port, "key", &[]);
    assert!(reply.is_error("IOERR "), "{reply:?}");
    let set = ["CONFIG", "SET", "tls-client-cert-file", &certificate, "tls-client-key-file", &key];
    assert_eq!(from.cmd(&set), Reply::ok());
    assert_eq!(migrate_to(&mut from, url, target.tls_port, "key", &[]), Reply::ok());
    assert_at(&mut from, &mut to, "key", Where::Target);
}

/// Whoever is not believed any more is not met over a connection from before.
#[test]
fn x3_a_connection_from_before_a_change_is_not_used() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let target = Secured::keyferry(&ours, &[]);
    let source = Secured::keyferry(&ours, &[]);
    let mut from = source.client();
    from.cmd(&["MSET", "a", "1", "b", "2"]);
    let url = "rediss://127.0.0.1";
    assert_eq!(migrate_to(&mut from, url, target.tls_port, "a", &[]), Reply::ok());
    assert_eq!(cached_sockets(&mut from), "1");
    assert_eq!(from.cmd(&["CONFIG", "SET", "tls-ca-cert-file", &theirs.file()]), Reply::ok());
    let reply = migrate_to(&mut from, url, target.tls_port, "b", &[]);
    assert_eq!(reply, Reply::error(UNREACHED));
    assert_at(&mut from, &mut target.client(), "b", Where::Source);
}

/// F3: the caller does not notice that the target has hung up since the last call.
#[test]
fn a_connection_closed_meanwhile_is_made_anew() {
    let authority = Authority::new("ours");
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(target) = Secured::start(kind, &authority, &[]) else { continue };
        let source = Secured::keyferry(&authority, &[]);
        let (mut from, mut to) = (source.client(), target.client());
        for key in ["a", "b", "c"] {
            from.cmd(&["SET", key, "value"]);
            let url = "rediss://127.0.0.1";
            assert_eq!(migrate_to(&mut from, url, target.tls_port, key, &[]), Reply::ok());
            assert_at(&mut from, &mut to, key, Where::Target);
            let killed = to.cmd(&["CLIENT", "KILL", "TYPE", "normal"]);
            assert_eq!(killed, Reply::Integer(1), "{kind:?}");
            // A RESTORE that crosses with the end of the connection would be in doubt.
            let start = Instant::now();
            while cached_sockets(&mut from) != "0" {
                assert!(start.elapsed() < Duration::from_secs(5), "{kind:?}: it is still kept");
            }
        }
    }
}

/// N4: the timeout of the call covers the handshake, and others are served meanwhile.
#[test]
fn a_target_that_stalls_in_the_handshake_is_given_up() {
    let authority = Authority::new("ours");
    let source = Secured::keyferry(&authority, &[]);
    let (mut from, mut other) = (source.client(), source.client());
    from.cmd(&["SET", "key", "value"]);
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = silent.local_addr().expect("a bound socket").port().to_string();
    let start = Instant::now();
    from.send(&["MIGRATE", "rediss://127.0.0.1", &port, "key", "0", "700"]);
    let (mut hello, _) = silent.accept().expect("a connection");
    hello.read_exact(&mut [0; 100]).expect("the first words of TLS");
    // The key is not frozen yet: nothing of it has left.
    assert_eq!(other.cmd(&["APPEND", "key", "s"]), Reply::Integer(6));
    assert_eq!(from.reply(), Reply::error(UNREACHED));
    let took = start.elapsed();
    assert!((700..2000).contains(&took.as_millis()), "it took {took:?}");
    assert_eq!(other.cmd(&["GET", "key"]), Reply::bulk("values"));
}

/// As the cuts of `migrate_cuts`, at every few bytes: what is cut is ciphertext, and TLS has a word
/// of its own for the end, which a cut does not say.
#[track_caller]
fn cut_everywhere(kind: Kind, cut: impl Fn(usize) -> Cut) {
    let authority = Authority::new("ours");
    let Some(target) = Secured::start(kind, &authority, &[]) else { return };
    let source = Secured::keyferry(&authority, &[]);
    let (mut from, mut to) = (source.client(), target.client());
    // INFO of a real server is long and tells this test nothing.
    to.cmd(&["ACL", "SETUSER", "default", "-info"]);
    let mut at = 0;
    let mut seen = [0; 3];
    loop {
        from.cmd(&["MSET", "a", "1", "b", "22", "c", "333"]);
        let cut = cut(at);
        let proxy = Proxy::new(target.tls_port, cut);
        let options = ["KEYS", "a", "b", "c"];
        let reply = migrate_to(&mut from, "rediss://127.0.0.1", proxy.port(), "", &options);
        let places = ["a", "b", "c"].map(|key| Where::is(&mut from, &mut to, key));
        assert_reply_is_true(&reply, &places, &format!("{cut:?}"));
        seen[match &reply {
            Reply::Status(_) => 0,
            reply if *reply == Reply::error(UNREACHED) => 1,
            _ => 2,
        }] += 1;
        to.cmd(&["FLUSHALL"]);
        if !proxy.has_cut() {
            assert_eq!(reply, Reply::ok(), "{cut:?} cuts nothing");
            break;
        }
        at += STRIDE;
    }
    assert!((800..10_000).contains(&at), "the conversation took {at} bytes");
    // Cut in the handshake, and not at all or where one retry does or a look at the target. What is
    // cut elsewhere is in doubt only where the target does not tell who it is.
    assert!(seen[0] > 0 && seen[1] > 0 && (seen[2] > 0 || kind == Kind::Keyferry), "{seen:?}");
}

const STRIDE: usize = 5;

#[test]
fn no_key_is_lost_when_ciphertext_to_redis_is_cut() {
    cut_everywhere(Kind::Peer(Peer::Redis70), Cut::ToTarget);
}

#[test]
fn no_key_is_lost_when_ciphertext_from_redis_is_cut() {
    cut_everywhere(Kind::Peer(Peer::Redis70), Cut::ToSource);
}

#[test]
fn no_key_is_lost_when_ciphertext_is_cut() {
    cut_everywhere(Kind::Keyferry, Cut::ToTarget);
    cut_everywhere(Kind::Keyferry, Cut::ToSource);
}
