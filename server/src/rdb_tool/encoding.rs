//! What type codes mean.

use rdb_format::codes::*;
use rdb_format::{Family, Kind};

/// The name of a type, as the TYPE command has it; `module` for all of theirs.
pub(super) fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::List => "list",
        Kind::Set => "set",
        Kind::SortedSet => "zset",
        Kind::Hash | Kind::HashWithTtls => "hash",
        Kind::Stream(_) => "stream",
        Kind::Module(_) => "module",
        // The kinds of a later version of the format.
        _ => "unknown",
    }
}

/// How a value of type `code` is laid out, in a file of `family`.
pub(super) fn encoding_name(code: u8, family: Family) -> &'static str {
    match (code, family) {
        (STRING, _) => "plain",
        (LIST | SET | HASH, _) => "element by element",
        (SORTED_SET_TEXT, _) => "element by element, scores as text",
        (SORTED_SET, _) => "element by element, scores in binary",
        (MODULE, _) => "by its module",
        (HASH_ZIPMAP, _) => "zipmap",
        (LIST_ZIPLIST | SORTED_SET_ZIPLIST | HASH_ZIPLIST, _) => "ziplist",
        (SET_INTSET, _) => "intset",
        (LIST_QUICKLIST, _) => "quicklist of ziplists",
        (LIST_QUICKLIST_2, _) => "quicklist of listpacks",
        (HASH_LISTPACK | SORTED_SET_LISTPACK | SET_LISTPACK, _) => "listpack",
        (STREAM_1, _) => "as of 5.0",
        (STREAM_2, _) => "as of 7.0",
        (STREAM_3, _) => "as of 7.2",
        (VALKEY_HASH_TTLS, Family::Valkey) => "element by element, with field TTLs",
        (REDIS_HASH_TTLS_RC | REDIS_HASH_TTLS, _) => "element by element, with field TTLs",
        (REDIS_HASH_TTLS_LISTPACK_RC | REDIS_HASH_TTLS_LISTPACK, _) => "listpack, with field TTLs",
        _ => "unknown",
    }
}
