//! `MEMORY USAGE key [SAMPLES count]`, `MEMORY PURGE` and `MEMORY HELP`

use keyspace::{EntryRef, StringRef, ValueRef};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::integer;
use super::{CommandError, Context, Reply, is_name};

pub(super) static MEMORY: Command = Command {
    name: "memory",
    arity: -2,
    flags: 0,
    keys: Keys::None,
    categories: &[],
    tips: &[],
    run: None,
    docs: DOCS,
    subcommands: &[
        Command {
            name: "help",
            arity: 2,
            flags: flags::LOADING | flags::STALE,
            keys: Keys::None,
            run: Some(help),
            docs: Docs { summary: "Tells the subcommands", syntax: "", ..DOCS },
            ..USAGE
        },
        Command {
            name: "purge",
            arity: 2,
            flags: 0,
            keys: Keys::None,
            tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
            run: Some(purge),
            docs: Docs {
                summary: "Has freed memory given back to the system by another thread",
                syntax: "",
                ..DOCS
            },
            ..USAGE
        },
        USAGE,
    ],
};

const USAGE: Command = Command {
    name: "usage",
    arity: -3,
    flags: flags::READONLY,
    keys: Keys::Specs(&[KeySpec::at(2).used(usage::RO)]),
    categories: &[],
    tips: &[],
    run: Some(usage),
    docs: Docs {
        summary: "Estimates the memory that a key takes",
        complexity: "O(N) in the number of samples",
        syntax: "key [SAMPLES count:integer]",
        ..DOCS
    },
    subcommands: &[],
};

const DOCS: Docs = Docs {
    summary: "Tells of memory",
    since: "4.0.0",
    group: "server",
    complexity: "O(1)",
    syntax: "",
};

fn usage(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let mut samples = SAMPLES_DEFAULT;
    let mut rest = request.iter().skip(3);
    while let Some(word) = rest.next() {
        let count = rest.next().filter(|_| is_name("SAMPLES", word)).ok_or(CommandError::Syntax)?;
        samples = match usize::try_from(integer(count)?) {
            Ok(0) => usize::MAX,
            Ok(count) => count,
            Err(_) => return Err(CommandError::Syntax),
        };
    }
    let entry = ctx.db().peek(request.arg(2), now_ms);
    Ok(entry.map_or(Reply::Nil, |entry| bytes(entry, samples).into()))
}

/// About how many bytes a key with its value takes, told from so many of its elements.
fn bytes(entry: EntryRef<'_>, samples: usize) -> usize {
    let value = match entry.value() {
        ValueRef::String(StringRef::Int(_)) => 0,
        ValueRef::String(text) => text.len(),
        ValueRef::List(list) => {
            let texts = list.iter().map(|element| element.text_len());
            extrapolate(texts, samples, list.len()) + list.len() * PACKED_BYTES
        }
        ValueRef::Set(set) => {
            let each = if set.encoding() == "hashtable" { TABLE_BYTES } else { PACKED_BYTES };
            let texts = set.iter().map(|member| member.text_len());
            extrapolate(texts, samples, set.len()) + set.len() * each
        }
        ValueRef::SortedSet(sorted_set) => {
            let each =
                if sorted_set.encoding() == "skiplist" { RANKED_BYTES } else { PACKED_BYTES };
            let texts = sorted_set.iter().map(|member| member.name.text_len());
            extrapolate(texts, samples, sorted_set.len()) + sorted_set.len() * each
        }
        ValueRef::Hash(hash) => {
            let each = if hash.encoding() == "hashtable" { TABLE_BYTES } else { 2 * PACKED_BYTES };
            let fields = hash.iter(i64::MIN);
            let texts = fields.map(|field| field.name.text_len() + field.value.text_len());
            extrapolate(texts, samples, hash.len()) + hash.len() * each
        }
        ValueRef::Stream(stream) => {
            let groups = stream.groups().map(|(name, group)| {
                let consumers = group.consumers_len() * CONSUMER_BYTES;
                name.len() + GROUP_BYTES + consumers + group.pending_len() * PENDING_BYTES
            });
            let nodes = stream.node_bytes().map(|bytes| bytes + NODE_BYTES);
            extrapolate(nodes, samples, stream.nodes_len())
                + extrapolate(groups, samples, stream.groups_len())
        }
        _ => 0,
    };
    ENTRY_BYTES + entry.key().len() + value
}

/// What `len` of them add up to, if the others are as the first ones.
fn extrapolate(bytes: impl Iterator<Item = usize>, samples: usize, len: usize) -> usize {
    let (count, sum) = bytes.take(samples).fold((0, 0), |(count, sum), it| (count + 1, sum + it));
    (sum as u128 * len as u128).checked_div(count).map_or(0, |bytes| bytes as usize)
}

fn purge(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    ctx.keyspace.call_after_release();
    Ok(Reply::OK)
}

fn help(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::lines(&[
        "MEMORY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "PURGE",
        "    Have freed memory given back to the system now. It is each second anyway.",
        "USAGE <key> [SAMPLES <count>]",
        "    Estimate the bytes that the key takes from so many elements, 5 unless told, all",
        "    if that is 0.",
        "HELP",
        "    Print this help.",
    ]))
}

/// Elements that are looked at, as many as in Redis.
const SAMPLES_DEFAULT: usize = 5;

/// What a key takes beside its name and its value: its entry and its place in the table.
const ENTRY_BYTES: usize = 32;

/// What a node of a stream takes beside its listpack, unless it shares memory with others: then less.
const NODE_BYTES: usize = 96;

/// What a consumer group takes beside its name, its consumers and what is pending.
const GROUP_BYTES: usize = 256;

/// What a consumer takes, with a short name.
const CONSUMER_BYTES: usize = 160;

/// What a pending entry takes: 40 bytes in the group and 16 at the consumer.
const PENDING_BYTES: usize = 57;

/// What an element takes in a listpack beside its text.
const PACKED_BYTES: usize = 2;

/// The same in a hash table.
const TABLE_BYTES: usize = 24;

/// The same in the two orders of a sorted set.
const RANKED_BYTES: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_counts_as_the_samples() {
        assert_eq!(extrapolate([10, 20, 1000].into_iter(), 2, 3), 45);
        assert_eq!(extrapolate([10, 20, 1000].into_iter(), usize::MAX, 3), 1030);
        assert_eq!(extrapolate([].into_iter(), 5, 0), 0);
    }
}
