//! RDB and DUMP payloads of the Redis family.
