//! The parameters that have an effect, with their types.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::time::Duration;

use keyspace::{AccessPolicy, Database, Thresholds};
use migrate::Compression;

use super::Config;
use super::kind::Value;
use super::number::parse_memory;
use super::table::index_of;
use crate::notifications::EventFlags;
use crate::output_limit::{OutputLimit, OutputLimits};

impl Config {
    /// Addresses to listen on, as written: `*` and `::*` are all of a family, and `-` before an
    /// address means that it may be missing.
    pub(crate) fn bind(&self) -> Vec<String> {
        let addresses = String::from_utf8_lossy(self.text(const { index_of("bind") }));
        addresses.split_whitespace().map(str::to_owned).collect()
    }

    pub(crate) fn port(&self) -> u16 {
        self.number(const { index_of("port") })
    }

    /// Whether clients from elsewhere are refused as long as no password is set.
    pub(crate) fn protected_mode(&self) -> bool {
        self.switch(const { index_of("protected-mode") })
    }

    pub(crate) fn tcp_backlog(&self) -> i32 {
        self.number(const { index_of("tcp-backlog") })
    }

    /// Idle time after which the kernel probes a connection.
    pub(crate) fn tcp_keepalive(&self) -> Option<Duration> {
        self.seconds(const { index_of("tcp-keepalive") })
    }

    /// Idle time after which a client is disconnected.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.seconds(const { index_of("timeout") })
    }

    pub(crate) fn maxclients(&self) -> usize {
        self.number(const { index_of("maxclients") })
    }

    /// The password of the default user.
    pub(crate) fn requirepass(&self) -> Option<&[u8]> {
        self.text_unless_empty(const { index_of("requirepass") })
    }

    /// Whether it is found out at the target what became of keys after an ambiguous end.
    pub(crate) fn migrate_settle(&self) -> bool {
        self.switch(const { index_of("migrate-settle") })
    }

    /// What is compressed on its way to a target.
    pub(crate) fn migrate_compression(&self) -> Compression {
        match self.name(const { index_of("migrate-compression") }) {
            "yes" => Compression::Always,
            "auto" if self.rdbcompression() => Compression::Auto,
            _ => Compression::Never,
        }
    }

    /// Whether DUMP compresses strings and packed nodes; `is_small` tells that the value is one of them
    /// and short.
    pub(crate) fn compresses_dump(&self, is_small: bool) -> bool {
        match self.name(const { index_of("dump-compression") }) {
            "yes" => true,
            "auto" => self.rdbcompression() && !is_small,
            _ => false,
        }
    }

    /// Whether strings in files would be compressed.
    pub(crate) fn rdbcompression(&self) -> bool {
        self.switch(const { index_of("rdbcompression") })
    }

    /// Bytes of keys that all migrations together may send in a second; 0 if there is no limit.
    pub(crate) fn migrate_max_bytes_per_second(&self) -> u64 {
        self.number(const { index_of("migrate-max-bytes-per-second") })
    }

    /// How long a command takes that is logged as a slow one; `None` if none is.
    pub(crate) fn slowlog_log_slower_than(&self) -> Option<Duration> {
        let microseconds: i64 = self.number(const { index_of("slowlog-log-slower-than") });
        u64::try_from(microseconds).ok().map(Duration::from_micros)
    }

    /// Slow commands that are remembered.
    pub(crate) fn slowlog_max_len(&self) -> usize {
        self.number(const { index_of("slowlog-max-len") })
    }

    /// Which events of keys are told, and on which channels.
    pub(crate) fn notify_keyspace_events(&self) -> EventFlags {
        let index = const { index_of("notify-keyspace-events") };
        let Value::Events(flags) = self.values[index] else { unreachable!("not events") };
        flags
    }

    /// The number of keys that are remembered for clients that cache, 0 for as many as there are.
    pub(crate) fn tracking_table_max_keys(&self) -> usize {
        self.number(const { index_of("tracking-table-max-keys") })
    }

    pub(crate) fn databases(&self) -> usize {
        self.number(const { index_of("databases") })
    }

    /// Largest bulk of a request, in bytes: the directive's, or [`BULK_BYTES_MAX`] if that is less.
    pub(crate) fn proto_max_bulk_len(&self) -> u64 {
        self.number::<u64>(const { index_of("proto-max-bulk-len") }).min(BULK_BYTES_MAX)
    }

    /// Bytes of requests that may wait before they are complete.
    pub(crate) fn client_query_buffer_limit(&self) -> usize {
        self.number(const { index_of("client-query-buffer-limit") })
    }

    /// How much clients may leave unread of what they are sent.
    pub(crate) fn output_limits(&self) -> OutputLimits {
        let text = self.text(const { index_of("client-output-buffer-limit") });
        let mut words = text.split(|byte| *byte == b' ');
        // Class, hard limit, soft limit and seconds of normal clients, replicas and subscribers.
        let mut next = || {
            let mut numbers = words
                .by_ref()
                .skip(1)
                .take(3)
                .map(|word| parse_memory(word).expect("a value is checked before it is set"));
            let mut number = || numbers.next().expect("three numbers follow each class");
            let bytes = |number| usize::try_from(number).unwrap_or(usize::MAX);
            OutputLimit {
                hard_bytes: bytes(number()),
                soft_bytes: bytes(number()),
                soft_time: Duration::from_secs(number()),
            }
        };
        let (normal, _replica, pubsub) = (next(), next(), next());
        OutputLimits { normal, pubsub }
    }

    /// Rounds of background work per second.
    pub(crate) fn hz(&self) -> u32 {
        self.number(const { index_of("hz") })
    }

    pub(crate) fn maxmemory_policy(&self) -> &'static str {
        self.name(const { index_of("maxmemory-policy") })
    }

    /// What the eviction policy needs to know of keys.
    pub(crate) fn access_policy(&self) -> AccessPolicy {
        if self.maxmemory_policy().ends_with("-lfu") {
            AccessPolicy::Lfu
        } else {
            AccessPolicy::Lru
        }
    }

    /// The longest sparse HyperLogLog, in bytes.
    pub(crate) fn hll_sparse_max_bytes(&self) -> usize {
        self.number(const { index_of("hll-sparse-max-bytes") })
    }

    /// Up to what size collections are packed.
    pub(crate) fn thresholds(&self) -> Thresholds {
        Thresholds {
            list_max_listpack_size: self.number(const { index_of("list-max-listpack-size") }),
            set_max_intset_entries: self.number(const { index_of("set-max-intset-entries") }),
            set_max_listpack_entries: self.number(const { index_of("set-max-listpack-entries") }),
            set_max_listpack_value: self.number(const { index_of("set-max-listpack-value") }),
            hash_max_listpack_entries: self.number(const { index_of("hash-max-listpack-entries") }),
            hash_max_listpack_value: self.number(const { index_of("hash-max-listpack-value") }),
            zset_max_listpack_entries: self.number(const { index_of("zset-max-listpack-entries") }),
            zset_max_listpack_value: self.number(const { index_of("zset-max-listpack-value") }),
            stream_node_max_bytes: self.number(const { index_of("stream-node-max-bytes") }),
            stream_node_max_entries: self.number(const { index_of("stream-node-max-entries") }),
        }
    }

    /// Bytes; 0 if there is no limit.
    pub(crate) fn maxmemory(&self) -> u64 {
        self.number(const { index_of("maxmemory") })
    }

    /// One of `debug`, `verbose`, `notice`, `warning` and `nothing`.
    pub(crate) fn loglevel(&self) -> &'static str {
        self.name(const { index_of("loglevel") })
    }

    /// Where to log to; standard output if `None`.
    pub(crate) fn logfile(&self) -> Option<PathBuf> {
        self.text_unless_empty(const { index_of("logfile") }).map(path)
    }

    pub(crate) fn pidfile(&self) -> Option<PathBuf> {
        self.text_unless_empty(const { index_of("pidfile") }).map(path)
    }

    /// The working directory, which relative paths of the configuration start from.
    pub(crate) fn dir(&self) -> PathBuf {
        path(self.text(const { index_of("dir") }))
    }

    /// From where DEBUG may be used: `no`, `yes` or `local`.
    pub(crate) fn enable_debug_command(&self) -> &'static str {
        self.name(const { index_of("enable-debug-command") })
    }

    pub(super) fn protected_settable_by(&self) -> &'static str {
        self.name(const { index_of("enable-protected-configs") })
    }

    pub(super) fn cluster_enabled(&self) -> bool {
        self.switch(const { index_of("cluster-enabled") })
    }

    pub(super) fn replicaof(&self) -> Option<&[u8]> {
        self.text_unless_empty(const { index_of("replicaof") })
    }

    pub(super) fn number<T: TryFrom<i128>>(&self, index: usize) -> T {
        let Value::Integer(number) = self.values[index] else { unreachable!("not an integer") };
        T::try_from(number).ok().expect("the range in the table fits the type of its accessor")
    }

    fn seconds(&self, index: usize) -> Option<Duration> {
        Some(self.number(index)).filter(|seconds| *seconds > 0).map(Duration::from_secs)
    }

    pub(super) fn switch(&self, index: usize) -> bool {
        matches!(self.values[index], Value::Bool(true))
    }

    pub(super) fn name(&self, index: usize) -> &'static str {
        let Value::Name(name) = self.values[index] else { unreachable!("not an enum") };
        name
    }

    pub(super) fn text(&self, index: usize) -> &[u8] {
        let Value::Text(text) = &self.values[index] else { unreachable!("not a text") };
        text
    }

    pub(super) fn text_unless_empty(&self, index: usize) -> Option<&[u8]> {
        Some(self.text(index)).filter(|text| !text.is_empty())
    }
}

/// The keyspace keeps a field of a hash and its value, two bulks, in less than 4 GiB.
const BULK_BYTES_MAX: u64 = (2 << 30) - (1 << 20);

const _: () = assert!(BULK_BYTES_MAX < Database::KEY_BYTES_MAX as u64, "a bulk can be a key");

pub(super) fn path(text: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(text))
}
