//! What a server can be expected to say of a value that it was told.

use std::time::{Duration, SystemTime};

use rdb_format::{HashField, ScoredMember, StreamValue, Value as Decoded};
use serde_json::Value;

use super::json;

/// `value`, which was told to a server, in the notation of the golden vectors: without fields that
/// have expired, with 0 for -0, and what a stream knows in the order in which servers keep it.
pub(crate) fn of(value: &Decoded) -> Value {
    json::of(&match value {
        Decoded::SortedSet(members) => Decoded::SortedSet(
            members
                .iter()
                .map(|scored| ScoredMember { score: scored.score + 0.0, ..scored.clone() })
                .collect(),
        ),
        Decoded::Hash(fields) => {
            let lasts = |field: &&HashField| field.expire_at_ms.is_none_or(|time| time > now_ms());
            let lasting: Vec<HashField> = fields.iter().filter(lasts).cloned().collect();
            Decoded::Hash(lasting.into())
        }
        Decoded::Stream(stream) => {
            let mut stream = StreamValue::clone(stream);
            stream.groups.sort_by(|a, b| a.group.name.cmp(&b.group.name));
            for group in &mut stream.groups {
                group.pending.sort_by_key(|entry| entry.id);
                group.consumers.sort_by(|a, b| a.consumer.name.cmp(&b.consumer.name));
                group.consumers.iter_mut().for_each(|consumer| consumer.owned.sort());
            }
            Decoded::Stream(stream.into())
        }
        other => other.clone(),
    })
}

/// `said` without what nobody told: the parts of a stream that older versions do not have, which a
/// server makes up.
pub(crate) fn told_of(said: &Value, told: &Value) -> Value {
    match (said, told) {
        (Value::Object(said), Value::Object(told)) => {
            let known = |(name, value): (&String, &Value)| {
                told.get(name).map(|told| (name.clone(), told_of(value, told)))
            };
            Value::Object(said.iter().filter_map(known).collect())
        }
        (Value::Array(said), Value::Array(told)) if said.len() == told.len() => {
            said.iter().zip(told).map(|(said, told)| told_of(said, told)).collect()
        }
        _ => said.clone(),
    }
}

pub(crate) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or(Duration::ZERO).as_millis() as u64
}
