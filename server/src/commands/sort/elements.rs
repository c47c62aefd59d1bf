//! What is sorted.

use bytes::Bytes;
use keyspace::{ListRef, SortedSetRef, ValueRef};
use rdb_format::packed::Entry;

use super::super::{CommandError, Context};
use super::options::Options;

/// Elements that are not sorted yet.
pub(super) struct Unsorted {
    pub(super) elements: Vec<Bytes>,
    /// Whether they are members of a set, which has no order by itself.
    pub(super) of_set: bool,
}

/// The elements of a list, of a set or of a sorted set. Where they keep the order that they have by
/// themselves, only those that LIMIT leaves, from the end that is asked for.
pub(super) fn unsorted(
    ctx: &mut Context<'_>,
    key: &[u8],
    options: &Options<'_>,
) -> Result<Unsorted, CommandError> {
    let now_ms = ctx.now_ms();
    let Some(entry) = ctx.db().read(key, now_ms) else {
        return Ok(Unsorted { elements: Vec::new(), of_set: false });
    };
    match entry.value() {
        ValueRef::Set(set) => Ok(Unsorted { elements: texts(set.iter()), of_set: true }),
        ValueRef::List(list) => Ok(Unsorted { elements: of_list(list, options), of_set: false }),
        ValueRef::SortedSet(sorted_set) => {
            Ok(Unsorted { elements: of_sorted_set(sorted_set, options), of_set: false })
        }
        _ => Err(CommandError::WrongType),
    }
}

fn of_list(list: ListRef<'_>, options: &Options<'_>) -> Vec<Bytes> {
    let range = options.range(list.len());
    if !options.keeps_order() {
        texts(list.iter())
    } else if options.descending {
        texts(list.iter_back_from(list.len() - range.start).take(range.len()))
    } else {
        texts(list.iter_from(range.start).take(range.len()))
    }
}

fn of_sorted_set(sorted_set: SortedSetRef<'_>, options: &Options<'_>) -> Vec<Bytes> {
    let range = options.range(sorted_set.len());
    if !options.keeps_order() {
        texts(sorted_set.iter().map(|member| member.name))
    } else if options.descending {
        let members = sorted_set.iter_back_from(sorted_set.len() - range.start);
        texts(members.take(range.len()).map(|member| member.name))
    } else {
        let members = sorted_set.iter_from(range.start);
        texts(members.take(range.len()).map(|member| member.name))
    }
}

/// The texts, in one allocation.
fn texts<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Vec<Bytes> {
    let mut all = Vec::new();
    let mut ends = Vec::new();
    for entry in entries {
        entry.append_text_to(&mut all);
        ends.push(all.len());
    }
    let all = Bytes::from(all);
    let mut start = 0;
    let text = |end| all.slice(std::mem::replace(&mut start, end)..end);
    ends.into_iter().map(text).collect()
}
