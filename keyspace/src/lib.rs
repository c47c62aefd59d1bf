//! A hashed keyspace with bounded pauses and frozen keys.
