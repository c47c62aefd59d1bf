//! Values of every type, moved by the MIGRATE of one peer to keyferry and by keyferry's to another,
//! whatever the versions and families of the two are.

use crate::strings::noise;
use crate::support::{Client, Kind, Peer, Reply, Server, Where, assert_at, migrate};

/// How the value of a key is made and how it is read: a command that makes a part of it, and those
/// whose replies tell all of it.
struct Case {
    key: &'static str,
    fill: Vec<Vec<Vec<u8>>>,
    read: &'static [&'static str],
    /// The replies are of elements in no order.
    unordered: bool,
}

#[test]
fn every_type_goes_from_every_peer_to_every_peer() {
    let relay = Server::keyferry(&[]);
    let peers: Vec<Server> =
        Peer::ALL.into_iter().filter_map(|peer| Server::start(Kind::Peer(peer), &[])).collect();
    let cases = cases();
    for source in &peers {
        for target in &peers {
            let (mut from, mut over, mut to) = (source.client(), relay.client(), target.client());
            for case in &cases {
                let what = format!("{} from {:?} to {:?}", case.key, source.kind(), target.kind());
                case.fill(&mut from);
                let before = case.read(&mut from);
                assert_eq!(migrate(&mut from, relay.port(), case.key, &[]), Reply::ok(), "{what}");
                assert_at(&mut from, &mut over, case.key, Where::Target);
                assert_eq!(migrate(&mut over, target.port(), case.key, &[]), Reply::ok(), "{what}");
                assert_at(&mut over, &mut to, case.key, Where::Target);
                assert_eq!(case.read(&mut to), before, "{what}");
                to.cmd(&["FLUSHALL"]);
            }
        }
    }
}

/// Field TTLs cross the families, and stay where there is no word for them.
#[test]
fn field_ttls_go_where_they_can_be_said() {
    const EXPIRE_AT_MS: &str = "4102444800123";
    let relay = Server::keyferry(&[]);
    for source in [Peer::Redis82, Peer::Valkey91] {
        let Some(source) = Server::start(Kind::Peer(source), &[]) else { continue };
        for target in Peer::ALL {
            let Some(target) = Server::start(Kind::Peer(target), &[]) else { continue };
            for fields in [3, 600] {
                let (mut from, mut over, mut to) =
                    (source.client(), relay.client(), target.client());
                for field in 0..fields {
                    from.cmd(&["HSET", "hash", &format!("field:{field}"), "value"]);
                }
                let set = ["HPEXPIREAT", "hash", EXPIRE_AT_MS, "FIELDS", "1", "field:1"];
                assert_eq!(from.cmd(&set), Reply::Array(vec![Reply::Integer(1)]));
                assert_eq!(migrate(&mut from, relay.port(), "hash", &[]), Reply::ok());

                let reply = migrate(&mut over, target.port(), "hash", &[]);
                let what = format!("{fields} fields to {:?}: {reply:?}", target.kind());
                if matches!(target.kind(), Kind::Peer(Peer::Redis82 | Peer::Valkey91)) {
                    assert_eq!(reply, Reply::ok(), "{what}");
                    assert_at(&mut over, &mut to, "hash", Where::Target);
                    let told = ["HPEXPIRETIME", "hash", "FIELDS", "2", "field:0", "field:1"];
                    let expire_at_ms = EXPIRE_AT_MS.parse().expect("a number");
                    let expected =
                        Reply::Array(vec![Reply::Integer(-1), Reply::Integer(expire_at_ms)]);
                    assert_eq!(to.cmd(&told), expected, "{what}");
                    assert_eq!(to.cmd(&["HLEN", "hash"]), Reply::Integer(fields), "{what}");
                } else {
                    assert!(reply.is_error("ERR "), "{what}");
                    assert_at(&mut over, &mut to, "hash", Where::Source);
                    over.cmd(&["DEL", "hash"]);
                }
                to.cmd(&["FLUSHALL"]);
            }
        }
    }
}

impl Case {
    fn fill(&self, client: &mut Client) {
        for command in &self.fill {
            let reply = client.cmd(command);
            assert!(!reply.is_error(""), "{}: {reply:?}", self.key);
        }
    }

    fn read(&self, client: &mut Client) -> Vec<Reply> {
        let read = |command: &&str| {
            let args: Vec<&str> = command.split(' ').collect();
            let reply = client.cmd(&args);
            match reply {
                Reply::Array(items) if self.unordered => {
                    let mut texts: Vec<Vec<u8>> = items.into_iter().map(Reply::into_bulk).collect();
                    let pairs = if args[0] == "HGETALL" { 2 } else { 1 };
                    let mut tuples: Vec<Vec<Vec<u8>>> =
                        texts.chunks_mut(pairs).map(|tuple| tuple.to_vec()).collect();
                    tuples.sort();
                    Reply::Array(tuples.into_iter().flatten().map(Reply::Bulk).collect())
                }
                reply => {
                    assert!(!reply.is_error(""), "{command}: {reply:?}");
                    reply
                }
            }
        };
        self.read.iter().map(read).collect()
    }
}

fn cases() -> Vec<Case> {
    let words = |text: &str| text.split(' ').map(|word| word.as_bytes().to_vec()).collect();
    let numbered = |head: &str, count: usize, tuple: fn(usize) -> Vec<Vec<u8>>| {
        let head: Vec<Vec<u8>> = words(head);
        let indexes: Vec<usize> = (0..count).collect();
        let commands = indexes.chunks(500).map(|indexes| {
            head.iter().cloned().chain(indexes.iter().copied().flat_map(tuple)).collect()
        });
        commands.collect::<Vec<Vec<Vec<u8>>>>()
    };
    let text = |prefix: &str, index: usize| format!("{prefix}{index}").into_bytes();
    let case = |key, fill, read, unordered| Case { key, fill, read, unordered };
    vec![
        case(
            "short-list",
            vec![words("RPUSH short-list a 1 -5000 1234567890123 end")],
            &["LRANGE short-list 0 -1"],
            false,
        ),
        case(
            "long-list",
            numbered("RPUSH long-list", 5000, |index| vec![format!("e{index}").into_bytes()]),
            &["LRANGE long-list 0 -1"],
            false,
        ),
        case(
            // 16378 bytes are where listpacks of Redis and of Valkey differ.
            "list-of-large",
            [1, 8_000, 16_377, 16_378, 16_379, 70_000, 300_000]
                .map(|len| vec![b"RPUSH".to_vec(), b"list-of-large".to_vec(), noise(len)])
                .into(),
            &["LRANGE list-of-large 0 -1"],
            false,
        ),
        case(
            "intset",
            vec![words("SADD intset 5 -3 70000 12345678901")],
            &["SMEMBERS intset"],
            true,
        ),
        case("short-set", vec![words("SADD short-set a b 17")], &["SMEMBERS short-set"], true),
        case(
            "long-set",
            numbered("SADD long-set", 3000, |index| vec![format!("m{index}").into_bytes()]),
            &["SMEMBERS long-set"],
            true,
        ),
        case(
            "short-zset",
            vec![words("ZADD short-zset 1.5 a -inf b inf c 3 d -2.75 e 0.25 f")],
            &["ZRANGE short-zset 0 -1 WITHSCORES"],
            false,
        ),
        case(
            "long-zset",
            numbered("ZADD long-zset", 2000, |index| {
                vec![format!("{}.25", index % 700).into_bytes(), format!("m{index}").into_bytes()]
            }),
            &["ZRANGE long-zset 0 -1 WITHSCORES"],
            false,
        ),
        case(
            "short-hash",
            vec![words("HSET short-hash a 1 b two c -3")],
            &["HGETALL short-hash"],
            true,
        ),
        case(
            "long-hash",
            numbered("HSET long-hash", 3000, |index| {
                vec![format!("f{index}").into_bytes(), vec![b'v'; index % 200]]
            }),
            &["HGETALL long-hash"],
            true,
        ),
        case(
            "hash-of-large",
            vec![vec![
                b"HSET".to_vec(),
                b"hash-of-large".to_vec(),
                text("field", 0),
                noise(100_000),
                noise(70_000),
                text("value", 0),
            ]],
            &["HGETALL hash-of-large"],
            true,
        ),
        case(
            "stream",
            (1..=300)
                .map(|index| {
                    words(&format!("XADD stream {index}-1 field {index} same v{}", index % 7))
                })
                .chain(
                    [
                        "XADD stream 301-0 other field",
                        "XDEL stream 5-1",
                        "XGROUP CREATE stream group 0",
                        "XREADGROUP GROUP group alice COUNT 3 STREAMS stream >",
                        "XREADGROUP GROUP group bob COUNT 2 STREAMS stream >",
                        "XACK stream group 2-1",
                        "XGROUP CREATE stream idle 7-0",
                    ]
                    .map(words),
                )
                .collect(),
            &["XRANGE stream - +", "XLEN stream", "XPENDING stream group", "XPENDING stream idle"],
            false,
        ),
        case(
            "hyperloglog",
            vec![words("PFADD hyperloglog a b c d e")],
            &["PFCOUNT hyperloglog"],
            false,
        ),
    ]
}
