//! keyferry as its users meet it: a process on a port, with real servers at the other end.
//!
//! Rules are cited by their numbers in `docs/semantics.md` (M3, R6, X10 ...).

#[path = "../support/mod.rs"]
mod support;

mod administration;
mod bitmaps;
mod blocking;
mod client_reply;
mod differential;
mod dump_restore;
mod embedded_engine;
mod geo;
mod hashes;
mod hyperloglogs;
mod introspection;
mod keys;
mod lines;
mod lists;
mod migrate_arguments;
mod migrate_connections;
mod migrate_crashes;
mod migrate_cuts;
mod migrate_failures;
mod migrate_observed;
mod migrate_pairs;
mod migrate_replies;
mod migrate_settling;
mod migrate_strings;
mod migrate_tls;
mod migrate_transactions;
mod migrate_types;
mod migrate_under_load;
mod migrate_waiting;
mod monitor;
mod moving_keys;
mod notifications;
mod parked_keys;
mod protocol;
mod pubsub;
mod rdb;
mod restore_large;
mod script;
mod sets;
mod slow_log;
mod sorted_sets;
mod start_and_stop;
mod streams;
mod streams_blocking;
mod strings;
mod tls_port;
mod tools;
mod tracking;
mod transactions;
mod transactions_model;
