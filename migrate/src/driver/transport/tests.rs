//! Two transports with a wire in memory between them, which takes and gives as little as a test
//! wants, breaks, and lies.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection};

use super::super::tls::{ChainVerifier, TlsClient};
use super::*;

/// One direction of a wire.
#[derive(Debug, Default)]
struct Direction {
    bytes: VecDeque<u8>,
    /// Whether what is still to come is the end.
    ended: bool,
}

/// One end of a wire.
#[derive(Clone, Debug)]
struct End {
    incoming: Rc<RefCell<Direction>>,
    outgoing: Rc<RefCell<Direction>>,
    /// Bytes that one call moves at most.
    call_bytes_max: usize,
    /// Bytes that the wire holds at most.
    room: usize,
    /// What a write fails with.
    broken: Option<ErrorKind>,
}

impl Read for End {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut incoming = self.incoming.borrow_mut();
        let len = buf.len().min(self.call_bytes_max).min(incoming.bytes.len());
        if len == 0 && !incoming.ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        incoming.bytes.drain(..len).zip(buf).for_each(|(byte, place)| *place = byte);
        Ok(len)
    }
}

impl Write for End {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if let Some(kind) = self.broken {
            return Err(kind.into());
        }
        let mut outgoing = self.outgoing.borrow_mut();
        let room = self.room.saturating_sub(outgoing.bytes.len());
        let len = buf.len().min(self.call_bytes_max).min(room);
        if len == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        outgoing.bytes.extend(&buf[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An authority and a server whose certificate it has signed, for a name that nobody asks for.
struct Certified {
    server: Arc<ServerConfig>,
    client: TlsClient,
}

impl Certified {
    fn new() -> Self {
        let (authority, root) = authority("known");
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["another.example".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let mut server = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        // The handshake is over without them.
        server.send_tls13_tickets = 0;
        Self { server: Arc::new(server), client: client_believing(root) }
    }

    fn pair(&self) -> (Transport<End>, Transport<End>) {
        let (near, far) = wire();
        let client = self.client.connection("127.0.0.1").unwrap();
        let server = ServerConnection::new(Arc::clone(&self.server)).unwrap();
        (Transport::tls(near, client), Transport::tls(far, server))
    }

    /// A pair whose handshake is over.
    fn secured(&self) -> (Transport<End>, Transport<End>) {
        let (mut client, mut server) = self.pair();
        shake_hands(&mut client, &mut server).unwrap();
        (client, server)
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn authority(name: &str) -> (Issuer<'static, KeyPair>, CertificateDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&key).unwrap().der().clone();
    (Issuer::new(params, key), root)
}

fn client_believing(root: CertificateDer<'static>) -> TlsClient {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let provider = provider();
    let verifier = ChainVerifier::new(roots, &provider);
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    TlsClient::new(config)
}

fn wire() -> (End, End) {
    let (to, from) = (Rc::default(), Rc::default());
    let end = |incoming: &Rc<_>, outgoing: &Rc<_>| End {
        incoming: Rc::clone(incoming),
        outgoing: Rc::clone(outgoing),
        call_bytes_max: usize::MAX,
        room: usize::MAX,
        broken: None,
    };
    (end(&from, &to), end(&to, &from))
}

/// Lets both go on until both are done, or one has failed and the other has heard of it.
fn shake_hands(client: &mut Transport<End>, server: &mut Transport<End>) -> io::Result<()> {
    for _ in 0..100_000 {
        if client.handshake()? & server.handshake()? {
            return Ok(());
        }
    }
    panic!("the handshake does not come to an end");
}

/// Reads until nothing is left: what came, and why it ended.
fn read_all(transport: &mut Transport<End>) -> (Vec<u8>, io::Result<()>) {
    let mut all = Vec::new();
    let mut buf = [0; 1000];
    loop {
        match transport.read(&mut buf) {
            Ok(0) => return (all, Ok(())),
            Ok(n) => all.extend_from_slice(&buf[..n]),
            Err(error) => return (all, Err(error)),
        }
    }
}

#[track_caller]
fn assert_ends(ended: io::Result<()>, kind: ErrorKind) {
    assert_eq!(ended.map_err(|error| error.kind()), Err(kind));
}

fn write(transport: &mut Transport<End>, bytes: &[u8]) -> io::Result<usize> {
    let (head, tail) = bytes.split_at(bytes.len() / 3);
    transport.write_vectored(&[IoSlice::new(head), IoSlice::new(tail)])
}

#[test]
fn bytes_come_through_wires_of_any_pace() {
    let certified = Certified::new();
    for (call_bytes_max, room, len) in
        [(1, 3, 20_000), (7, 1000, 50_000), (1000, 999, 300_000), (100_000, 70_000, 1_000_000)]
    {
        let message: Vec<u8> = (0..len as u32).map(|n| (n.wrapping_mul(n) >> 5) as u8).collect();
        let (mut client, mut server) = certified.pair();
        for end in [client.stream_mut(), server.stream_mut()] {
            (end.call_bytes_max, end.room) = (call_bytes_max, room);
        }
        shake_hands(&mut client, &mut server).unwrap();
        for _ in 0..2 {
            let (from, to) = (&mut client, &mut server);
            let (mut sent, mut arrived) = (0, Vec::new());
            let mut turns = 0;
            while arrived.len() < message.len() {
                match write(from, &message[sent..]) {
                    Ok(n) => sent += n,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                }
                if sent == message.len() && from.wants_write() {
                    let flushed = from.flush().map_err(|error| error.kind());
                    assert!(flushed.is_ok_and(|n| n > 0) || flushed == Err(ErrorKind::WouldBlock));
                }
                let (bytes, ended) = read_all(to);
                assert_ends(ended, ErrorKind::WouldBlock);
                arrived.extend(bytes);
                turns += 1;
                assert!(turns < 1_000_000, "nothing moves any more");
            }
            assert!(arrived == message, "{call_bytes_max} bytes a call");
            assert!(!from.wants_write());
            std::mem::swap(&mut client, &mut server);
        }
    }
}

#[test]
fn an_end_that_was_told_is_no_error() {
    let (mut client, mut server) = Certified::new().secured();
    write(&mut server, b"last words").unwrap();
    server.close();
    let (words, ended) = read_all(&mut client);
    assert_eq!(words, b"last words");
    ended.unwrap();
}

/// Whoever gives up a connection may count on it that nothing more is said there.
#[test]
fn what_waits_to_be_sent_is_not_sent_at_the_end() {
    let (mut client, mut server) = Certified::new().secured();
    client.stream_mut().room = 0;
    write(&mut client, b"taken, and not sent").unwrap();
    client.stream_mut().room = usize::MAX;
    client.close();
    client.stream().outgoing.borrow_mut().ended = true;
    let (words, ended) = read_all(&mut server);
    assert_eq!(words, b"");
    assert_ends(ended, ErrorKind::UnexpectedEof);
}

/// Somebody between the two cannot make one believe that the other has ended.
#[test]
fn an_end_that_was_not_told_is_an_error_after_the_last_words() {
    let (mut client, mut server) = Certified::new().secured();
    write(&mut server, b"last words").unwrap();
    client.stream().incoming.borrow_mut().ended = true;
    let (words, ended) = read_all(&mut client);
    assert_eq!(words, b"last words");
    assert_ends(ended, ErrorKind::UnexpectedEof);
}

#[test]
fn words_before_damage_are_read_and_none_after_it() {
    let (mut client, mut server) = Certified::new().secured();
    write(&mut server, b"last words").unwrap();
    let damaged = server.stream().outgoing.borrow().bytes.len();
    write(&mut server, b"forged words").unwrap();
    server.stream().outgoing.borrow_mut().bytes[damaged + 8] ^= 1;
    write(&mut server, b"more words").unwrap();
    let (words, ended) = read_all(&mut client);
    assert_eq!(words, b"last words");
    assert_ends(ended, ErrorKind::InvalidData);
    // It stays so, also where nothing more comes, and nothing is written either.
    assert_ends(read_all(&mut client).1, ErrorKind::InvalidData);
    assert_ends(write(&mut client, b"words").map(drop), ErrorKind::InvalidData);
    // The other side has been told.
    assert_ends(read_all(&mut server).1, ErrorKind::InvalidData);
}

#[test]
fn words_are_read_that_came_before_a_write_failed() {
    let (mut client, mut server) = Certified::new().secured();
    write(&mut server, b"-ERR last words").unwrap();
    client.stream_mut().broken = Some(ErrorKind::BrokenPipe);
    // Taken bytes count as sent; the next write tells.
    assert_eq!(write(&mut client, b"request").unwrap(), 7);
    assert_ends(write(&mut client, b"request").map(drop), ErrorKind::BrokenPipe);
    assert_ends(client.flush().map(drop), ErrorKind::BrokenPipe);
    client.stream().incoming.borrow_mut().ended = true;
    let (words, ended) = read_all(&mut client);
    assert_eq!(words, b"-ERR last words");
    assert_ends(ended, ErrorKind::UnexpectedEof);
}

#[test]
fn what_waits_to_be_sent_is_bounded() {
    let (mut client, mut server) = Certified::new().secured();
    client.stream_mut().room = 0;
    let message = vec![7; 1 << 20];
    let mut taken = 0;
    let blocked = loop {
        match write(&mut client, &message) {
            Ok(n) => taken += n,
            Err(error) => break error,
        }
    };
    assert_eq!(blocked.kind(), ErrorKind::WouldBlock);
    assert!((1..=UNSENT_BYTES_MAX).contains(&taken), "{taken} bytes");
    assert!(client.wants_write());
    assert_ends(client.flush().map(drop), ErrorKind::WouldBlock);
    client.stream_mut().room = usize::MAX;
    assert!(client.flush().unwrap() > taken);
    assert!(!client.wants_write());
    assert_eq!(read_all(&mut server).0, message[..taken]);
}

/// An event that is edge-triggered does not come again for what was left behind.
#[test]
fn a_drained_transport_has_nothing_left() {
    let (mut client, mut server) = Certified::new().secured();
    let mut buf = [0; 10];
    for words in ["short", "exactly 10", "rather more than that"] {
        write(&mut server, words.as_bytes()).unwrap();
        let mut arrived = Vec::new();
        while arrived.len() < words.len() {
            assert!(arrived.is_empty() || !client.is_drained(), "{words}");
            let n = client.read(&mut buf).unwrap();
            arrived.extend_from_slice(&buf[..n]);
        }
        assert_eq!(arrived, words.as_bytes());
        if !client.is_drained() {
            assert_ends(client.read(&mut buf).map(drop), ErrorKind::WouldBlock);
        }
    }
    let (near, mut far) = wire();
    let mut plain = Transport::plain(near);
    assert!(plain.handshake().unwrap() && !plain.is_handshaking() && !plain.wants_write());
    far.write_all(b"twelve bytes").unwrap();
    assert_eq!((plain.read(&mut buf).unwrap(), plain.is_drained()), (10, false));
    assert_eq!((plain.read(&mut buf).unwrap(), plain.is_drained()), (2, true));
}

#[test]
fn requests_that_come_with_the_last_words_of_the_handshake_are_there() {
    let (mut client, mut server) = Certified::new().pair();
    while !client.handshake().unwrap() {
        assert!(!server.handshake().unwrap());
    }
    write(&mut client, b"PING\r\n").unwrap();
    assert!(server.handshake().unwrap());
    assert_eq!(read_all(&mut server).0, b"PING\r\n");
}

#[test]
fn a_stranger_is_not_believed_and_hears_why() {
    let certified =
        Certified { client: client_believing(authority("unknown").1), ..Certified::new() };
    let (mut client, mut server) = certified.pair();
    let error = shake_hands(&mut client, &mut server).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert_eq!(error.to_string(), "invalid peer certificate: UnknownIssuer");
    let error = server.handshake().unwrap_err();
    assert_eq!(error.to_string(), "received fatal alert: UnknownCA");
}

#[test]
fn an_end_at_any_byte_of_the_handshake_is_an_error() {
    let certified = Certified::new();
    let mut end = 0;
    loop {
        let (mut client, mut server) = certified.pair();
        assert!(!client.handshake().unwrap());
        assert!(!server.handshake().unwrap());
        let mut flight = client.stream().incoming.borrow_mut();
        // Its length varies with that of the signature.
        if end >= flight.bytes.len() {
            break;
        }
        flight.bytes.truncate(end);
        flight.ended = true;
        drop(flight);
        assert_ends(client.handshake().map(drop), ErrorKind::UnexpectedEof);
        end += 1;
    }
    assert!(end > 500, "{end} bytes make no flight");
}
