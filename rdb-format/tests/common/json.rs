//! Values in the notation of the golden vectors: one character of a text is one byte.

use bytes::Bytes;
use rdb_format::{Value as Decoded, stream::StreamId};
use serde_json::{Value, json};

/// The logical value, as the corpus tells it; null for a module's.
pub(crate) fn of(value: &Decoded) -> Value {
    match value {
        Decoded::String(string) => text(&string.as_bytes()),
        Decoded::List(elements) => elements.iter().map(|element| text(element)).collect(),
        Decoded::Set(members) => {
            let mut members = members.to_vec();
            members.sort();
            members.iter().map(|member| text(member)).collect()
        }
        Decoded::SortedSet(members) => {
            let mut ranked: Vec<(f64, &Bytes)> =
                members.iter().map(|scored| (scored.score, &scored.member)).collect();
            ranked.sort_by(|(a, a_member), (b, b_member)| {
                (a + 0.0).total_cmp(&(b + 0.0)).then_with(|| a_member.cmp(b_member))
            });
            let member = |(score, member): (f64, &Bytes)| {
                json!([text(member), format!("{:016x}", score.to_bits())])
            };
            ranked.into_iter().map(member).collect()
        }
        Decoded::Hash(fields) => {
            let mut fields = fields.to_vec();
            fields.sort();
            fields
                .iter()
                .map(|field| json!([text(&field.field), text(&field.value), field.expire_at_ms]))
                .collect()
        }
        Decoded::Stream(stream) => self::stream(stream),
        Decoded::Module(_) => Value::Null,
        other => panic!("{other:?} is of no known type"),
    }
}

fn stream(stream: &rdb_format::StreamValue) -> Value {
    let entries = stream.entries().map(|entry| {
        let fields = entry
            .fields()
            .map(|(field, value)| json!([text(&field.as_text()), text(&value.as_text())]));
        json!([id(entry.id), fields.collect::<Vec<Value>>()])
    });
    let mut value = json!({
        "entries": entries.collect::<Vec<Value>>(),
        "length": stream.info.length,
        "last_id": id(stream.info.last_id),
    });
    if let Some(history) = stream.info.history {
        value["first_id"] = id(history.first_id);
        value["max_deleted_id"] = id(history.max_deleted_id);
        value["entries_added"] = history.entries_added.into();
    }
    value["groups"] = stream.groups.iter().map(group).collect();
    value
}

fn group(group: &rdb_format::StreamGroupValue) -> Value {
    let owner = |entry: StreamId| {
        let mut consumers = group.consumers.iter();
        let owner = consumers.find(|consumer| consumer.owned.contains(&entry));
        text(&owner.expect("every pending entry has one").consumer.name)
    };
    let pending = group.pending.iter().map(|entry| {
        json!([id(entry.id), entry.delivered_at_ms, entry.deliveries, owner(entry.id)])
    });
    let consumers = group.consumers.iter().map(|consumer| {
        let mut value = json!({
            "name": text(&consumer.consumer.name),
            "seen_time": consumer.consumer.seen_at_ms,
        });
        if let Some(active_at_ms) = consumer.consumer.active_at_ms {
            value["active_time"] = active_at_ms.into();
        }
        value["pel"] = consumer.owned.iter().copied().map(id).collect();
        value
    });
    let mut value = json!({
        "name": text(&group.group.name),
        "last_id": id(group.group.last_id),
        "pel": pending.collect::<Vec<Value>>(),
        "consumers": consumers.collect::<Vec<Value>>(),
    });
    if let Some(entries_read) = group.group.entries_read {
        value["entries_read"] = entries_read.into();
    }
    value
}

fn id(id: StreamId) -> Value {
    id.to_string().into()
}

pub(crate) fn text(bytes: &[u8]) -> Value {
    bytes.iter().copied().map(char::from).collect::<String>().into()
}
