//! Values as ordinary commands tell them, in the notation of the golden vectors.

use redis::Value as Reply;
use serde_json::{Value, json};

use super::{
    json::text,
    peer::{Client, Peer},
};

/// What a peer says of the value of `key`; null if there is none.
pub(crate) fn read(client: &mut Client, peer: Peer, key: &str) -> Value {
    let Reply::SimpleString(kind) = client.ask("TYPE", &[&key]) else { panic!("a type is a word") };
    match kind.as_str() {
        "none" => Value::Null,
        "string" => string(&client.ask("GET", &[&key])),
        "list" => array(&client.ask("LRANGE", &[&key, &"0", &"-1"])).iter().map(string).collect(),
        "set" => {
            let mut members: Vec<Vec<u8>> =
                array(&client.ask("SMEMBERS", &[&key])).iter().map(bytes).collect();
            members.sort();
            members.iter().map(|member| text(member)).collect()
        }
        "zset" => {
            let reply = client.ask("ZRANGE", &[&key, &"0", &"-1", &"WITHSCORES"]);
            array(&reply).chunks(2).map(|pair| json!([string(&pair[0]), score(&pair[1])])).collect()
        }
        "hash" => hash(client, peer, key),
        "stream" => stream(&client.ask("XINFO", &[&"STREAM", &key, &"FULL", &"COUNT", &"0"])),
        other => json!({ "type": other }),
    }
}

fn hash(client: &mut Client, peer: Peer, key: &str) -> Value {
    let reply = client.ask("HGETALL", &[&key]);
    let mut fields: Vec<(Vec<u8>, Vec<u8>, Option<i64>)> =
        array(&reply).chunks(2).map(|pair| (bytes(&pair[0]), bytes(&pair[1]), None)).collect();
    for some in fields.chunks_mut(1000).filter(|_| peer.has_field_ttls()) {
        let names: Vec<Vec<u8>> = some.iter().map(|(field, ..)| field.clone()).collect();
        let reply = client.ask("HPEXPIRETIME", &[&key, &"FIELDS", &names.len(), &names]);
        for ((.., expire_at_ms), time) in some.iter_mut().zip(array(&reply)) {
            *expire_at_ms = Some(int(time)).filter(|&time| time != -1);
        }
    }
    fields.sort();
    fields
        .iter()
        .map(|(field, value, expire_at_ms)| json!([text(field), text(value), expire_at_ms]))
        .collect()
}

fn stream(reply: &Reply) -> Value {
    let info = Map::of(reply);
    let entries = array(info.at("entries")).iter().map(|entry| {
        let entry = array(entry);
        let fields: Vec<Value> = array(&entry[1])
            .chunks(2)
            .map(|pair| json!([string(&pair[0]), string(&pair[1])]))
            .collect();
        json!([string(&entry[0]), fields])
    });
    let mut value = json!({
        "entries": entries.collect::<Vec<Value>>(),
        "length": int(info.at("length")),
        "last_id": string(info.at("last-generated-id")),
        "groups": array(info.at("groups")).iter().map(group).collect::<Vec<Value>>(),
    });
    if let Some(max_deleted_id) = info.find("max-deleted-entry-id") {
        value["max_deleted_id"] = string(max_deleted_id);
        value["first_id"] = string(info.at("recorded-first-entry-id"));
        value["entries_added"] = int(info.at("entries-added")).into();
    }
    value
}

fn group(reply: &Reply) -> Value {
    let group = Map::of(reply);
    let pending = group.pending().iter().map(|entry| {
        let entry = array(entry);
        json!([string(&entry[0]), int(&entry[2]), int(&entry[3]), string(&entry[1])])
    });
    let consumers = array(group.at("consumers")).iter().map(|reply| {
        let consumer = Map::of(reply);
        let mut value = json!({
            "name": string(consumer.at("name")),
            "seen_time": int(consumer.at("seen-time")),
            "pel": consumer.pending().iter().map(|entry| string(&array(entry)[0])).collect::<Vec<Value>>(),
        });
        if let Some(active_at_ms) = consumer.find("active-time") {
            value["active_time"] = int(active_at_ms).into();
        }
        value
    });
    let mut value = json!({
        "name": string(group.at("name")),
        "last_id": string(group.at("last-delivered-id")),
        "pel": pending.collect::<Vec<Value>>(),
        "consumers": consumers.collect::<Vec<Value>>(),
    });
    if let Some(entries_read) = group.find("entries-read") {
        let unknown = *entries_read == Reply::Nil;
        value["entries_read"] = if unknown { -1 } else { int(entries_read) }.into();
    }
    value
}

/// A reply of names and values in turns.
struct Map<'a>(&'a [Reply]);

impl<'a> Map<'a> {
    fn of(reply: &'a Reply) -> Self {
        Self(array(reply))
    }

    fn find(&self, name: &str) -> Option<&'a Reply> {
        let found = self.0.chunks(2).find(|pair| bytes(&pair[0]) == name.as_bytes());
        found.map(|pair| &pair[1])
    }

    /// Pending entries, which 6.2 names otherwise than all others.
    fn pending(&self) -> &'a [Reply] {
        array(self.find("pel").unwrap_or_else(|| self.at("pending")))
    }

    fn at(&self, name: &str) -> &'a Reply {
        self.find(name).unwrap_or_else(|| panic!("there is no {name}"))
    }
}

fn array(reply: &Reply) -> &[Reply] {
    match reply {
        Reply::Array(items) => items,
        other => panic!("{other:?} is no array"),
    }
}

fn bytes(reply: &Reply) -> Vec<u8> {
    match reply {
        Reply::BulkString(bytes) => bytes.clone(),
        Reply::SimpleString(text) => text.clone().into_bytes(),
        Reply::Okay => b"OK".to_vec(),
        other => panic!("{other:?} is no string"),
    }
}

fn string(reply: &Reply) -> Value {
    text(&bytes(reply))
}

fn int(reply: &Reply) -> i64 {
    match reply {
        Reply::Int(number) => *number,
        other => panic!("{other:?} is no integer"),
    }
}

/// The bits of a score, of which servers lose the sign of zero.
fn score(reply: &Reply) -> Value {
    let text = bytes(reply);
    let score: f64 =
        str::from_utf8(&text).ok().and_then(|text| text.parse().ok()).expect("a number");
    format!("{:016x}", (score + 0.0).to_bits()).into()
}
