//! Every parameter of Redis 7.2, and the few things that are told about each: one row, one parameter.

use super::error::Invalid;
use super::kind::{Kind, Value};
use super::special;

/// A parameter of the configuration.
pub(super) struct Param {
    pub(super) name: &'static str,
    /// A second name, which takes and shows the same value.
    alias: Option<&'static str>,
    kind: Kind,
    /// Least and largest number that is kept, where others are accepted and brought to these.
    kept: Option<(i128, i128)>,
    default: &'static str,
    pub(super) access: Access,
    /// Whether the value names something that may have changed by itself: setting it again, to the
    /// same value, takes effect.
    pub(super) volatile: bool,
    /// Whether only its full name finds it in CONFIG GET.
    pub(super) hidden: bool,
}

/// Whether CONFIG SET may change a parameter.
pub(super) enum Access {
    Modifiable,
    /// Only with `enable-protected-configs`.
    Protected,
    Immutable,
}

/// A parameter as found by one of its names.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) struct Spelling {
    pub(super) index: usize,
    /// The name or the alias, whichever was asked for.
    pub(super) name: &'static str,
}

#[rustfmt::skip] // a row stays a row
pub(super) static PARAMS: &[Param] = &[
    // Network and clients.
    Param::new("bind", Kind::Words(special::bind), "* -::*"),
    Param::new("bind-source-addr", ANY, ""),
    Param::new("port", int(0, 65535), "6379"),
    Param::new("tcp-backlog", int(0, I32_MAX), "511").immutable(),
    Param::new("tcp-keepalive", int(0, I32_MAX), "300"),
    Param::new("timeout", int(0, I32_MAX), "0"),
    Param::new("socket-mark-id", int(0, U32_MAX), "0").immutable(),
    Param::new("unixsocket", ANY, "").immutable(),
    Param::new("unixsocketperm", Kind::Octal { min: 0, max: 0o777 }, "0").immutable(),
    Param::new("protected-mode", BOOL, "yes"),
    Param::new("maxclients", int(1, U32_MAX), "10000"),
    Param::new("maxmemory-clients", Kind::MemoryOrPercent { min: 0, max: I64_MAX }, "0"),
    Param::new("client-query-buffer-limit", memory(1 << 20, I64_MAX), "1gb"),
    Param::new("client-output-buffer-limit", Kind::Words(special::client_output_buffer_limit), "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"),
    Param::new("proto-max-bulk-len", memory(1 << 20, I64_MAX), "512mb"),
    Param::new("tracking-table-max-keys", int(0, I64_MAX), "1000000"),
    // TLS.
    Param::new("tls-port", int(0, 65535), "0"),
    Param::new("tls-cluster", BOOL, "no"),
    Param::new("tls-replication", BOOL, "no"),
    Param::new("tls-auth-clients", Kind::Enum(&["no", "yes", "optional"]), "yes"),
    Param::new("tls-prefer-server-ciphers", BOOL, "no"),
    Param::new("tls-session-caching", BOOL, "yes"),
    Param::new("tls-session-cache-size", int(0, I32_MAX), "20480"),
    Param::new("tls-session-cache-timeout", int(0, I32_MAX), "300"),
    Param::new("tls-cert-file", ANY, "").volatile(),
    Param::new("tls-key-file", ANY, "").volatile(),
    Param::new("tls-key-file-pass", ANY, ""),
    Param::new("tls-client-cert-file", ANY, "").volatile(),
    Param::new("tls-client-key-file", ANY, "").volatile(),
    Param::new("tls-client-key-file-pass", ANY, ""),
    Param::new("tls-dh-params-file", ANY, "").volatile(),
    Param::new("tls-ca-cert-file", ANY, "").volatile(),
    Param::new("tls-ca-cert-dir", ANY, "").volatile(),
    Param::new("tls-protocols", ANY, ""),
    Param::new("tls-ciphers", ANY, ""),
    Param::new("tls-ciphersuites", ANY, ""),
    // Not of Redis.
    Param::new("dump-compression", Kind::Enum(&["auto", "yes", "no"]), "auto"),
    Param::new("migrate-settle", BOOL, "yes"),
    Param::new("migrate-compression", Kind::Enum(&["auto", "yes", "no"]), "auto"),
    Param::new("migrate-max-bytes-per-second", memory(0, I64_MAX), "0"),
    // Access.
    Param::new("requirepass", ANY, ""),
    Param::new("aclfile", ANY, "").immutable(),
    Param::new("acllog-max-len", int(0, I64_MAX), "128"),
    Param::new("acl-pubsub-default", Kind::Enum(&["allchannels", "resetchannels"]), "resetchannels"),
    Param::new("enable-debug-command", LOCAL, "no").immutable(),
    Param::new("enable-module-command", LOCAL, "no").immutable(),
    Param::new("enable-protected-configs", LOCAL, "no").immutable(),
    // Process.
    Param::new("daemonize", BOOL, "no").immutable(),
    Param::new("supervised", Kind::Enum(&["upstart", "systemd", "auto", "no"]), "no").immutable(),
    Param::new("pidfile", ANY, "").immutable(),
    Param::new("dir", Kind::Text(special::directory), ".").protected(),
    Param::new("databases", int(1, I32_MAX), "16").immutable(),
    Param::new("loglevel", Kind::Enum(LOGLEVEL), "notice"),
    Param::new("logfile", ANY, "").immutable(),
    Param::new("syslog-enabled", BOOL, "no").immutable(),
    Param::new("syslog-ident", ANY, "redis").immutable(),
    Param::new("syslog-facility", Kind::Enum(SYSLOG_FACILITY), "local0").immutable(),
    Param::new("crash-log-enabled", BOOL, "yes"),
    Param::new("crash-memcheck-enabled", BOOL, "yes"),
    Param::new("always-show-logo", BOOL, "no").immutable(),
    Param::new("set-proc-title", BOOL, "yes").immutable(),
    Param::new("proc-title-template", Kind::Text(special::proc_title_template), "{title} {listen-addr} {server-mode}"),
    Param::new("locale-collate", ANY, ""),
    Param::new("ignore-warnings", ANY, ""),
    Param::new("shutdown-timeout", int(0, I32_MAX), "10"),
    Param::new("shutdown-on-sigint", Kind::Words(special::shutdown_on_signal), "default"),
    Param::new("shutdown-on-sigterm", Kind::Words(special::shutdown_on_signal), "default"),
    Param::new("io-threads", int(1, 128), "1").immutable(),
    Param::new("io-threads-do-reads", BOOL, "no").immutable(),
    Param::new("server_cpulist", ANY, "").alias("server-cpulist").immutable(),
    Param::new("bio_cpulist", ANY, "").alias("bio-cpulist").immutable(),
    Param::new("aof_rewrite_cpulist", ANY, "").alias("aof-rewrite-cpulist").immutable(),
    Param::new("bgsave_cpulist", ANY, "").alias("bgsave-cpulist").immutable(),
    Param::new("disable-thp", BOOL, "yes").immutable(),
    Param::new("oom-score-adj", Kind::Text(special::oom_score_adj), "no"),
    Param::new("oom-score-adj-values", Kind::Words(special::oom_score_adj_values), "0 200 800"),
    Param::new("hz", int(0, I32_MAX), "10").kept_within(1, 500),
    Param::new("dynamic-hz", BOOL, "yes"),
    Param::new("busy-reply-threshold", int(0, I64_MAX), "5000").alias("lua-time-limit"),
    Param::new("use-exit-on-panic", BOOL, "no").hidden(),
    Param::new("watchdog-period", int(0, I32_MAX), "0").hidden(),
    // Monitoring.
    Param::new("slowlog-log-slower-than", int(-1, I64_MAX), "10000"),
    Param::new("slowlog-max-len", int(0, I64_MAX), "128"),
    Param::new("latency-monitor-threshold", int(0, I64_MAX), "0"),
    Param::new("latency-tracking", BOOL, "yes"),
    Param::new("latency-tracking-info-percentiles", Kind::Words(special::latency_tracking_info_percentiles), "50 99 99.9"),
    Param::new("notify-keyspace-events", Kind::Events, ""),
    // Memory.
    Param::new("maxmemory", memory(0, U64_MAX), "0"),
    Param::new("maxmemory-policy", Kind::Enum(MAXMEMORY_POLICY), "noeviction"),
    Param::new("maxmemory-samples", int(1, I32_MAX), "5"),
    Param::new("maxmemory-eviction-tenacity", int(0, 100), "10"),
    Param::new("lfu-log-factor", int(0, I32_MAX), "10"),
    Param::new("lfu-decay-time", int(0, I32_MAX), "1"),
    Param::new("active-expire-effort", int(1, 10), "1"),
    Param::new("activerehashing", BOOL, "yes"),
    Param::new("activedefrag", BOOL, "no"),
    Param::new("active-defrag-cycle-min", int(1, 99), "1"),
    Param::new("active-defrag-cycle-max", int(1, 99), "25"),
    Param::new("active-defrag-threshold-lower", int(0, 1000), "10"),
    Param::new("active-defrag-threshold-upper", int(0, 1000), "100"),
    Param::new("active-defrag-ignore-bytes", memory(1, I64_MAX), "100mb"),
    Param::new("active-defrag-max-scan-fields", int(1, I64_MAX), "1000"),
    Param::new("jemalloc-bg-thread", BOOL, "yes"),
    Param::new("lazyfree-lazy-eviction", BOOL, "no"),
    Param::new("lazyfree-lazy-expire", BOOL, "no"),
    Param::new("lazyfree-lazy-server-del", BOOL, "no"),
    Param::new("lazyfree-lazy-user-del", BOOL, "no"),
    Param::new("lazyfree-lazy-user-flush", BOOL, "no"),
    // Encodings of values.
    Param::new("hash-max-listpack-entries", int(0, I64_MAX), "512").alias("hash-max-ziplist-entries"),
    Param::new("hash-max-listpack-value", memory(0, I64_MAX), "64").alias("hash-max-ziplist-value"),
    Param::new("list-max-listpack-size", int(I32_MIN, I32_MAX), "-2").alias("list-max-ziplist-size"),
    Param::new("list-compress-depth", int(0, I32_MAX), "0"),
    Param::new("set-max-intset-entries", int(0, I64_MAX), "512"),
    Param::new("set-max-listpack-entries", int(0, I64_MAX), "128"),
    Param::new("set-max-listpack-value", int(0, I64_MAX), "64"),
    Param::new("zset-max-listpack-entries", int(0, I64_MAX), "128").alias("zset-max-ziplist-entries"),
    Param::new("zset-max-listpack-value", memory(0, I64_MAX), "64").alias("zset-max-ziplist-value"),
    Param::new("hll-sparse-max-bytes", memory(0, I64_MAX), "3000"),
    Param::new("stream-node-max-bytes", memory(0, I64_MAX), "4096"),
    Param::new("stream-node-max-entries", int(0, I64_MAX), "100"),
    // Snapshots.
    Param::new("save", Kind::Words(special::save), "3600 1 300 100 60 10000"),
    Param::new("dbfilename", Kind::Text(special::db_filename), "dump.rdb").protected(),
    Param::new("rdbcompression", BOOL, "yes"),
    Param::new("rdbchecksum", BOOL, "yes").immutable(),
    Param::new("sanitize-dump-payload", Kind::Enum(&["no", "yes", "clients"]), "no"),
    Param::new("rdb-del-sync-files", BOOL, "no"),
    Param::new("rdb-save-incremental-fsync", BOOL, "yes"),
    Param::new("stop-writes-on-bgsave-error", BOOL, "yes"),
    Param::new("rdb-key-save-delay", int(I32_MIN, I32_MAX), "0").hidden(),
    Param::new("key-load-delay", int(I32_MIN, I32_MAX), "0").hidden(),
    Param::new("loading-process-events-interval-bytes", int(1024, I32_MAX), "2097152").hidden(),
    // Append-only file.
    Param::new("appendonly", BOOL, "no"),
    Param::new("appendfilename", Kind::Text(special::append_filename), "appendonly.aof").immutable(),
    Param::new("appenddirname", Kind::Text(special::append_dirname), "appendonlydir").immutable(),
    Param::new("appendfsync", Kind::Enum(&["everysec", "always", "no"]), "everysec"),
    Param::new("no-appendfsync-on-rewrite", BOOL, "no"),
    Param::new("auto-aof-rewrite-percentage", int(0, I32_MAX), "100"),
    Param::new("auto-aof-rewrite-min-size", memory(0, I64_MAX), "64mb"),
    Param::new("aof-load-truncated", BOOL, "yes"),
    Param::new("aof-use-rdb-preamble", BOOL, "yes"),
    Param::new("aof-timestamp-enabled", BOOL, "no"),
    Param::new("aof-rewrite-incremental-fsync", BOOL, "yes"),
    Param::new("aof-disable-auto-gc", BOOL, "no").hidden(),
    // Replication.
    Param::new("replicaof", Kind::Words(special::replicaof), "no one").alias("slaveof").immutable(),
    Param::new("masteruser", ANY, ""),
    Param::new("masterauth", ANY, ""),
    Param::new("repl-backlog-size", memory(1, I64_MAX), "1mb").kept_within(16 << 10, I64_MAX),
    Param::new("repl-backlog-ttl", int(0, I64_MAX), "3600"),
    Param::new("repl-timeout", int(1, I32_MAX), "60"),
    Param::new("repl-ping-replica-period", int(1, I32_MAX), "10").alias("repl-ping-slave-period"),
    Param::new("repl-disable-tcp-nodelay", BOOL, "no"),
    Param::new("repl-diskless-load", Kind::Enum(&["disabled", "on-empty-db", "swapdb"]), "disabled"),
    Param::new("repl-diskless-sync", BOOL, "yes"),
    Param::new("repl-diskless-sync-delay", int(0, I32_MAX), "5"),
    Param::new("repl-diskless-sync-max-replicas", int(0, I32_MAX), "0"),
    Param::new("replica-announced", BOOL, "yes"),
    Param::new("replica-announce-ip", ANY, "").alias("slave-announce-ip"),
    Param::new("replica-announce-port", int(0, 65535), "0").alias("slave-announce-port"),
    Param::new("replica-ignore-disk-write-errors", BOOL, "no"),
    Param::new("replica-ignore-maxmemory", BOOL, "yes").alias("slave-ignore-maxmemory"),
    Param::new("replica-lazy-flush", BOOL, "no").alias("slave-lazy-flush"),
    Param::new("replica-priority", int(0, I32_MAX), "100").alias("slave-priority"),
    Param::new("replica-read-only", BOOL, "yes").alias("slave-read-only"),
    Param::new("replica-serve-stale-data", BOOL, "yes").alias("slave-serve-stale-data"),
    Param::new("min-replicas-to-write", int(0, I32_MAX), "0").alias("min-slaves-to-write"),
    Param::new("min-replicas-max-lag", int(0, I32_MAX), "10").alias("min-slaves-max-lag"),
    Param::new("propagation-error-behavior", Kind::Enum(&["ignore", "panic", "panic-on-replicas"]), "ignore"),
    // Cluster.
    Param::new("cluster-enabled", BOOL, "no").immutable(),
    Param::new("cluster-config-file", ANY, "nodes.conf").immutable(),
    Param::new("cluster-port", int(0, 65535), "0").immutable(),
    Param::new("cluster-node-timeout", int(0, I64_MAX), "15000"),
    Param::new("cluster-migration-barrier", int(0, I32_MAX), "1"),
    Param::new("cluster-link-sendbuf-limit", memory(0, U64_MAX), "0"),
    Param::new("cluster-require-full-coverage", BOOL, "yes"),
    Param::new("cluster-allow-reads-when-down", BOOL, "no"),
    Param::new("cluster-allow-pubsubshard-when-down", BOOL, "yes"),
    Param::new("cluster-allow-replica-migration", BOOL, "yes"),
    Param::new("cluster-replica-no-failover", BOOL, "no").alias("cluster-slave-no-failover"),
    Param::new("cluster-replica-validity-factor", int(0, I32_MAX), "10").alias("cluster-slave-validity-factor"),
    Param::new("cluster-preferred-endpoint-type", Kind::Enum(&["ip", "hostname", "unknown-endpoint"]), "ip"),
    Param::new("cluster-announce-ip", ANY, ""),
    Param::new("cluster-announce-port", int(0, 65535), "0"),
    Param::new("cluster-announce-tls-port", int(0, 65535), "0"),
    Param::new("cluster-announce-bus-port", int(0, 65535), "0"),
    Param::new("cluster-announce-hostname", Kind::Text(special::cluster_announce_hostname), ""),
    Param::new("cluster-announce-human-nodename", Kind::Text(special::cluster_announce_human_nodename), ""),
];

const LOGLEVEL: &[&str] = &["debug", "verbose", "notice", "warning", "nothing"];
const SYSLOG_FACILITY: &[&str] =
    &["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"];
const MAXMEMORY_POLICY: &[&str] = &[
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "noeviction",
];
const LOCAL: Kind = Kind::Enum(&["no", "yes", "local"]);
const BOOL: Kind = Kind::Bool;
const ANY: Kind = Kind::Text(special::any);

const I32_MIN: i128 = i32::MIN as i128;
const I32_MAX: i128 = i32::MAX as i128;
const U32_MAX: i128 = u32::MAX as i128;
const I64_MAX: i128 = i64::MAX as i128;
const U64_MAX: i128 = u64::MAX as i128;

const fn int(min: i128, max: i128) -> Kind {
    Kind::Integer { min, max }
}

const fn memory(min: i128, max: i128) -> Kind {
    Kind::Memory { min, max }
}

impl Param {
    const fn new(name: &'static str, kind: Kind, default: &'static str) -> Self {
        let access = Access::Modifiable;
        let (alias, kept) = (None, None);
        Self { name, alias, kind, kept, default, access, volatile: false, hidden: false }
    }

    const fn alias(self, alias: &'static str) -> Self {
        Self { alias: Some(alias), ..self }
    }

    const fn kept_within(self, least: i128, largest: i128) -> Self {
        Self { kept: Some((least, largest)), ..self }
    }

    const fn immutable(self) -> Self {
        Self { access: Access::Immutable, ..self }
    }

    const fn protected(self) -> Self {
        Self { access: Access::Protected, ..self }
    }

    const fn volatile(self) -> Self {
        Self { volatile: true, ..self }
    }

    const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    /// The name and the alias.
    pub(super) fn spellings(&self) -> impl Iterator<Item = &'static str> {
        [self.name].into_iter().chain(self.alias)
    }

    /// The value that `words` stand for; `current` is the one that it replaces.
    pub(super) fn parse(&self, words: &[&[u8]], current: &Value) -> Result<Value, Invalid> {
        Ok(match (self.kind.parse(words, current)?, self.kept) {
            (Value::Integer(number), Some((least, largest))) => {
                Value::Integer(number.clamp(least, largest))
            }
            (value, _) => value,
        })
    }

    /// Whether a value may consist of several words.
    pub(super) fn takes_words(&self) -> bool {
        matches!(self.kind, Kind::Words(_))
    }

    /// The words that a text from CONFIG SET stands for.
    pub(super) fn split<'a>(&self, text: &'a [u8]) -> Vec<&'a [u8]> {
        match self.kind {
            Kind::Words(_) if text.is_empty() => Vec::new(),
            Kind::Words(_) => text.split(|byte| *byte == b' ').collect(),
            _ => vec![text],
        }
    }

    pub(super) fn default_value(&self) -> Value {
        let default = self.default.as_bytes();
        let value = self.parse(&self.split(default), &Value::Text(Vec::new()));
        // Only `.` can be refused, if the working directory is gone.
        value.unwrap_or_else(|_| Value::Text(default.to_vec()))
    }
}

/// The parameter with this name or alias, in either case.
pub(super) fn find(name: &[u8]) -> Option<Spelling> {
    PARAMS.iter().enumerate().find_map(|(index, param)| {
        let found = param.spellings().find(|known| name.eq_ignore_ascii_case(known.as_bytes()))?;
        Some(Spelling { index, name: found })
    })
}

/// Position of the parameter with exactly this name; meant for `const` blocks, where a name that
/// is not in the table does not compile.
pub(super) const fn index_of(name: &str) -> usize {
    let mut index = 0;
    while index < PARAMS.len() {
        if same(PARAMS[index].name.as_bytes(), name.as_bytes()) {
            return index;
        }
        index += 1;
    }
    panic!("no parameter has this name");
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}
