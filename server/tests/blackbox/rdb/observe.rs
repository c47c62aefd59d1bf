//! What keys hold, as the commands of a server tell it and as JSON does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use serde_json::Value as Json;

use super::fill::EXPIRE_AT_MS;
use crate::support::{Client, Reply};

type Bytes = Vec<u8>;

/// All keys, by database and name.
pub(super) type Keys = BTreeMap<(u64, Bytes), Key>;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub(super) value: Value,
    pub(super) expire_at_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    String(Bytes),
    List(Vec<Bytes>),
    Set(BTreeSet<Bytes>),
    SortedSet(Vec<(Bytes, f64)>),
    /// By field, its value and when it expires.
    Hash(BTreeMap<Bytes, (Bytes, Option<u64>)>),
    Stream(Stream),
}

impl Value {
    /// As the TYPE command has it.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::SortedSet(_) => "zset",
            Self::Hash(_) => "hash",
            Self::Stream(_) => "stream",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stream {
    /// Each with its ID, and its fields and values in turns.
    entries: Vec<(Bytes, Vec<Bytes>)>,
    last_id: Bytes,
    groups: BTreeMap<Bytes, Group>,
}

#[derive(Clone, Debug, PartialEq)]
struct Group {
    last_id: Bytes,
    consumers: BTreeSet<Bytes>,
    /// By ID, the consumer and how often it was delivered to it.
    pending: BTreeMap<Bytes, (Bytes, u64)>,
}

/// What a server says of all its keys.
#[track_caller]
pub(super) fn server(client: &mut Client) -> Keys {
    let mut keys = Keys::new();
    for database in 0..16_u64 {
        assert_eq!(client.cmd(&["SELECT", &database.to_string()]), Reply::ok());
        for name in client.cmd(&["KEYS", "*"]).into_array() {
            let name = name.into_bulk();
            let key = Key { value: value(client, &name), expire_at_ms: expiry(client, &name) };
            keys.insert((database, name), key);
        }
    }
    assert_eq!(client.cmd(&["SELECT", "0"]), Reply::ok());
    keys
}

/// PEXPIRETIME, which Redis 6.2 does not have.
fn expiry(client: &mut Client, name: &[u8]) -> Option<u64> {
    let left = client.cmd(&[b"PTTL", name]).into_integer();
    let left = Duration::from_millis(u64::try_from(left).ok()?);
    let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970") + left;
    let expected = Duration::from_millis(EXPIRE_AT_MS);
    assert!(at.abs_diff(expected) < Duration::from_secs(10), "{name:?} expires at {at:?}");
    Some(EXPIRE_AT_MS)
}

fn value(client: &mut Client, name: &[u8]) -> Value {
    let Reply::Status(kind) = client.cmd(&[b"TYPE", name]) else { panic!("TYPE has a status") };
    let mut strings = |args: &[&[u8]]| -> Vec<Bytes> {
        client.cmd(args).into_array().into_iter().map(Reply::into_bulk).collect()
    };
    match kind.as_slice() {
        b"string" => Value::String(client.cmd(&[b"GET", name]).into_bulk()),
        b"list" => Value::List(strings(&[b"LRANGE", name, b"0", b"-1"])),
        b"set" => Value::Set(strings(&[b"SMEMBERS", name]).into_iter().collect()),
        b"zset" => {
            let ranked = strings(&[b"ZRANGE", name, b"0", b"-1", b"WITHSCORES"]);
            let member = |pair: &[Bytes]| {
                let score = str::from_utf8(&pair[1]).expect("a number is text");
                (pair[0].clone(), score.parse().expect("a number"))
            };
            Value::SortedSet(ranked.chunks(2).map(member).collect())
        }
        b"hash" => {
            let pairs = strings(&[b"HGETALL", name]);
            let fields = pairs.chunks(2).map(|pair| {
                let expiry = client.cmd(&[b"HPEXPIRETIME", name, b"FIELDS", b"1", &pair[0]]);
                (pair[0].clone(), (pair[1].clone(), field_expiry(expiry)))
            });
            Value::Hash(fields.collect())
        }
        b"stream" => Value::Stream(stream(client, name)),
        kind => panic!("unexpected type {}", kind.escape_ascii()),
    }
}

/// An error is that of a server which has no such command.
fn field_expiry(reply: Reply) -> Option<u64> {
    match reply {
        Reply::Error(_) => None,
        reply => match reply.into_array().as_slice() {
            [Reply::Integer(at)] => u64::try_from(*at).ok(),
            other => panic!("one field, not {other:?}"),
        },
    }
}

fn stream(client: &mut Client, name: &[u8]) -> Stream {
    let entries = client.cmd(&[b"XRANGE", name, b"-", b"+"]).into_array();
    let entries = entries.into_iter().map(|entry| {
        let [id, fields] = entry.into_array().try_into().expect("an ID and fields");
        (id.into_bulk(), fields.into_array().into_iter().map(Reply::into_bulk).collect())
    });
    let groups = client.cmd(&[&b"XINFO"[..], b"GROUPS", name]).into_array();
    let groups = groups.into_iter().map(|group| {
        let group_name = property(&group, "name");
        (group_name.clone(), self::group(client, name, &group_name, &group))
    });
    Stream {
        entries: entries.collect(),
        groups: groups.collect(),
        last_id: property(&client.cmd(&[&b"XINFO"[..], b"STREAM", name]), "last-generated-id"),
    }
}

fn group(client: &mut Client, name: &[u8], group: &[u8], info: &Reply) -> Group {
    let consumers = client.cmd(&[&b"XINFO"[..], b"CONSUMERS", name, group]).into_array();
    let pending = client.cmd(&[b"XPENDING", name, group, b"-", b"+", b"10000"]).into_array();
    let pending = pending.into_iter().map(|entry| {
        let [id, consumer, _idle, deliveries] =
            entry.into_array().try_into().expect("four properties");
        (id.into_bulk(), (consumer.into_bulk(), deliveries.into_integer() as u64))
    });
    Group {
        last_id: property(info, "last-delivered-id"),
        consumers: consumers.iter().map(|consumer| property(consumer, "name")).collect(),
        pending: pending.collect(),
    }
}

/// One of the properties that XINFO tells in turns with their names.
fn property(info: &Reply, name: &str) -> Bytes {
    let both = info.clone().into_array();
    let found = both.chunks(2).find(|pair| pair[0] == Reply::bulk(name));
    found.unwrap_or_else(|| panic!("no {name} in {info:?}"))[1].clone().into_bulk()
}

/// What lines of JSON say of all keys.
#[track_caller]
pub(super) fn json(lines: &str) -> Keys {
    let keys = lines.lines().map(|line| serde_json::from_str(line).expect("each line is JSON"));
    keys.filter(|object: &Json| object.get("key").is_some())
        .map(|object| json_key(&object))
        .collect()
}

fn json_key(object: &Json) -> ((u64, Bytes), Key) {
    let value = &object["value"];
    let value = match object["type"].as_str().expect("a type") {
        "string" => Value::String(bytes(value)),
        "list" => Value::List(array(value).iter().map(bytes).collect()),
        "set" => Value::Set(array(value).iter().map(bytes).collect()),
        "zset" => {
            let mut members: Vec<(Bytes, f64)> =
                array(value).iter().map(|pair| (bytes(&pair[0]), score(&pair[1]))).collect();
            members.sort_by(|(a, a_score), (b, b_score)| a_score.total_cmp(b_score).then(a.cmp(b)));
            Value::SortedSet(members)
        }
        "hash" => {
            let fields = array(value).iter();
            let fields = fields.map(|field| {
                (bytes(&field[0]), (bytes(&field[1]), field.get(2).and_then(Json::as_u64)))
            });
            Value::Hash(fields.collect())
        }
        "stream" => Value::Stream(json_stream(value)),
        other => panic!("unexpected type {other}"),
    };
    let database = object["db"].as_u64().expect("a number");
    let expire_at_ms = object.get("expire_at_ms").map(|at| at.as_u64().expect("a time"));
    ((database, bytes(&object["key"])), Key { value, expire_at_ms })
}

fn json_stream(stream: &Json) -> Stream {
    let entries = array(&stream["entries"]).iter().map(|entry| {
        let fields = array(&entry[1]).iter().flat_map(array).map(bytes).collect();
        (bytes(&entry[0]), fields)
    });
    let entries: Vec<_> = entries.collect();
    assert_eq!(stream["length"].as_u64(), Some(entries.len() as u64));
    let groups = array(&stream["groups"]).iter().map(|group| {
        let consumers = array(&group["consumers"]);
        let owner = |id: &Json| {
            let owner = consumers.iter().find(|consumer| array(&consumer["pel"]).contains(id));
            bytes(&owner.expect("each pending entry has a consumer")["name"])
        };
        let pending = array(&group["pel"]).iter().map(|entry| {
            (bytes(&entry[0]), (owner(&entry[0]), entry[2].as_u64().expect("a number")))
        });
        let value = Group {
            last_id: bytes(&group["last_id"]),
            consumers: consumers.iter().map(|consumer| bytes(&consumer["name"])).collect(),
            pending: pending.collect(),
        };
        (bytes(&group["name"]), value)
    });
    Stream { groups: groups.collect(), entries, last_id: bytes(&stream["last_id"]) }
}

fn score(score: &Json) -> f64 {
    match score.as_str() {
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        _ => score.as_f64().expect("a number"),
    }
}

fn array(value: &Json) -> &[Json] {
    value.as_array().expect("an array")
}

/// The bytes that a text stands for: one character is one byte.
fn bytes(text: &Json) -> Bytes {
    let text = text.as_str().expect("a text");
    text.chars().map(|char| u8::try_from(char).expect("no character over U+00FF")).collect()
}
