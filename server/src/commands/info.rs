//! `INFO [section ...]`

use std::fmt::{Display, Write as _};
use std::time::SystemTime;

use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, CommandId, Context, Reply};
use crate::client::Stage;
use crate::process::{self, CpuTime, Memory};
use crate::pubsub::Kind;
use crate::{KEYFERRY_VERSION, REDIS_VERSION};

pub(super) static INFO: Command = Command {
    name: "info",
    arity: -1,
    flags: flags::LOADING | flags::STALE,
    keys: Keys::None,
    categories: &["dangerous"],
    tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
    run: Some(info),
    docs: Docs {
        summary: "Tells about the server and what it has done",
        since: "1.0.0",
        group: "server",
        complexity: "O(1)",
        syntax: "[section ...]",
    },
    subcommands: &[],
};

fn info(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let asked: Vec<_> = request.iter().skip(1).map(<[u8]>::to_ascii_lowercase).collect();
    let is_asked = |name: &str| asked.iter().any(|section| section == name.as_bytes());
    let everything = is_asked("all") || is_asked("everything");
    let default = asked.is_empty() || is_asked("default");
    let mut text = Text::default();
    for (title, by_default, section) in SECTIONS {
        if everything || (default && *by_default) || is_asked(&title.to_ascii_lowercase()) {
            text.section(title);
            section(ctx, &mut text);
        }
    }
    Ok(Reply::Verbatim(text.0.into()))
}

type Section = fn(&mut Context<'_>, &mut Text);

/// Title, whether it belongs to the default ones, and what it tells.
const SECTIONS: &[(&str, bool, Section)] = &[
    ("Server", true, server),
    ("Clients", true, clients),
    ("Memory", true, memory),
    ("Persistence", true, persistence),
    ("Stats", true, stats),
    // Clients that know Redis do not expect it unless they ask.
    ("Migrate", false, migrate),
    ("Replication", true, replication),
    ("CPU", true, cpu),
    ("Commandstats", false, commandstats),
    ("Errorstats", true, errorstats),
    ("Cluster", true, cluster),
    ("Keyspace", true, keyspace),
];

fn server(ctx: &mut Context<'_>, text: &mut Text) {
    let state = &ctx.state;
    let uptime = ctx.now.instant.duration_since(state.started_at).as_secs();
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    text.field("redis_version", REDIS_VERSION);
    text.field("keyferry_version", KEYFERRY_VERSION);
    text.field("redis_mode", "standalone");
    text.known("os", process::operating_system());
    text.field("arch_bits", usize::BITS);
    text.field("multiplexing_api", MULTIPLEXING_API);
    text.field("process_id", std::process::id());
    text.field("run_id", state.run_id.escape_ascii());
    let ports = [state.config.port(), state.config.tls_port()];
    text.field("tcp_port", ports.into_iter().find(|&port| port != 0).unwrap_or(0));
    text.field("server_time_usec", unix.as_micros());
    text.field("uptime_in_seconds", uptime);
    text.field("uptime_in_days", uptime / SECONDS_PER_DAY);
    text.field("configured_hz", state.config.hz());
    let executable = std::env::current_exe().ok();
    text.known("executable", executable.as_ref().map(|path| path.display()));
    let file = state.config.config_file();
    text.field("config_file", file.map(|file| file.display().to_string()).unwrap_or_default());
}

fn clients(ctx: &mut Context<'_>, text: &mut Text) {
    let clients = &ctx.state.clients;
    text.field("connected_clients", clients.len());
    text.field("maxclients", ctx.state.config.maxclients());
    let blocked = clients.iter().filter(|(_, client)| client.stage != Stage::Open).count();
    text.field("blocked_clients", blocked);
    text.field("tracking_clients", ctx.state.trackers.clients_len());
    text.field("watching_clients", ctx.state.watches.clients_len());
    text.field("clients_in_timeout_table", ctx.state.blocked.deadlines_len());
    text.field("total_watched_keys", ctx.state.watches.keys_len());
    text.field("total_blocking_keys", ctx.state.blocked.keys_len());
}

fn memory(ctx: &mut Context<'_>, text: &mut Text) {
    if let Some(memory) = Memory::read() {
        text.bytes("used_memory", memory.resident_bytes);
        text.bytes("used_memory_rss", memory.resident_bytes);
        text.bytes("used_memory_peak", memory.resident_bytes_peak);
    }
    if let Some(bytes) = process::system_memory_bytes() {
        text.bytes("total_system_memory", bytes);
    }
    text.bytes("maxmemory", ctx.state.config.maxmemory());
    text.field("maxmemory_policy", ctx.state.config.maxmemory_policy());
    let stats = ctx.keyspace.stats();
    text.field("lazyfree_pending_objects", stats.lazyfree_pending_objects);
    text.field("lazyfreed_objects", stats.lazyfreed_objects);
}

fn persistence(_: &mut Context<'_>, text: &mut Text) {
    text.field("loading", 0);
    text.field("async_loading", 0);
    text.field("rdb_bgsave_in_progress", 0);
    text.field("aof_enabled", 0);
    text.field("aof_rewrite_in_progress", 0);
}

fn stats(ctx: &mut Context<'_>, text: &mut Text) {
    let counters = &ctx.state.counters;
    let keyspace = ctx.keyspace.stats();
    let kilobytes = |bytes: f64| format!("{:.2}", bytes / 1024.0);
    text.field("total_connections_received", counters.connections_received);
    text.field("total_commands_processed", counters.commands_processed);
    text.field("instantaneous_ops_per_sec", counters.command_rate.per_second() as u64);
    text.field("total_net_input_bytes", counters.net_input_bytes);
    text.field("total_net_output_bytes", counters.net_output_bytes);
    text.field("instantaneous_input_kbps", kilobytes(counters.input_rate.per_second()));
    text.field("instantaneous_output_kbps", kilobytes(counters.output_rate.per_second()));
    text.field("rejected_connections", counters.connections_rejected);
    text.field("expired_keys", keyspace.expired_keys);
    text.field("evicted_keys", 0);
    text.field("keyspace_hits", keyspace.keyspace_hits);
    text.field("keyspace_misses", keyspace.keyspace_misses);
    let names = |kind| ctx.state.subscriptions.all_names(kind).len();
    text.field("pubsub_channels", names(Kind::Channel));
    text.field("pubsub_patterns", names(Kind::Pattern));
    text.field("pubsubshard_channels", names(Kind::Shard));
    text.field("migrate_cached_sockets", ctx.state.migrations.cached_sockets());
    let trackers = &ctx.state.trackers;
    text.field("tracking_total_keys", trackers.keys_len());
    text.field("tracking_total_items", trackers.items_len());
    text.field("tracking_total_prefixes", trackers.prefixes_len());
    text.field("total_error_replies", counters.error_replies);
}

fn migrate(ctx: &mut Context<'_>, text: &mut Text) {
    let (state, now) = (&ctx.state, ctx.now);
    let totals = state.migrations.totals();
    let in_doubt =
        state.migrations.migrations(now).map(|it| it.progress.keys_in_doubt).sum::<usize>();
    let parked = state.clients.iter().filter_map(|(_, client)| client.parked_at);
    let parks = parked.map(|at| state.clock.saturating_duration_since(at));
    text.field("migrate_sessions", state.migrations.len());
    text.field("migrate_cached_sockets", state.migrations.cached_sockets());
    text.field("migrate_keys_moved", totals.keys_moved);
    text.field("migrate_bytes_sent", totals.sent_bytes);
    text.field("migrate_keys_in_doubt", in_doubt);
    text.field("migrate_settled_stored", totals.settled.stored);
    text.field("migrate_settled_not_stored", totals.settled.not_stored);
    text.field("migrate_settled_unknown", totals.settled.unknown);
    text.field("migrate_parked_clients", parks.clone().count());
    let longest = parks.max().unwrap_or_default().max(state.counters.longest_park);
    text.field("migrate_longest_park_ms", longest.as_millis());
}

fn replication(_: &mut Context<'_>, text: &mut Text) {
    text.field("role", "master");
    text.field("connected_slaves", 0);
}

fn cpu(_: &mut Context<'_>, text: &mut Text) {
    if let Some(time) = CpuTime::read() {
        text.field("used_cpu_sys", format!("{:.6}", time.system.as_secs_f64()));
        text.field("used_cpu_user", format!("{:.6}", time.user.as_secs_f64()));
    }
}

fn commandstats(ctx: &mut Context<'_>, text: &mut Text) {
    for command in CommandId::all() {
        let counters = ctx.state.counters.command(command);
        if counters.calls + counters.rejected + counters.failed == 0 {
            continue;
        }
        let microseconds = counters.time.as_micros();
        let each = microseconds as f64 / counters.calls.max(1) as f64;
        text.field(
            &format!("cmdstat_{}", command.full_name()),
            format!(
                "calls={},usec={microseconds},usec_per_call={each:.2},rejected_calls={},\
                 failed_calls={}",
                counters.calls, counters.rejected, counters.failed
            ),
        );
    }
}

fn errorstats(ctx: &mut Context<'_>, text: &mut Text) {
    let mut errors: Vec<_> = ctx.state.counters.errors.iter().collect();
    errors.sort_unstable();
    for (word, count) in errors {
        text.field(&format!("errorstat_{word}"), format!("count={count}"));
    }
}

fn cluster(_: &mut Context<'_>, text: &mut Text) {
    text.field("cluster_enabled", 0);
}

fn keyspace(ctx: &mut Context<'_>, text: &mut Text) {
    let now_ms = ctx.now_ms();
    for (index, db) in ctx.keyspace.iter().enumerate().filter(|(_, db)| !db.is_empty()) {
        let (keys, expires, ttl) = (db.len(), db.expires_len(), db.average_ttl_ms(now_ms));
        text.field(&format!("db{index}"), format!("keys={keys},expires={expires},avg_ttl={ttl}"));
    }
}

/// The text of the answer.
#[derive(Default)]
struct Text(String);

impl Text {
    fn section(&mut self, title: &str) {
        if !self.0.is_empty() {
            self.0.push_str("\r\n");
        }
        self.line(format_args!("# {title}"));
    }

    fn field(&mut self, name: &str, value: impl Display) {
        self.line(format_args!("{name}:{value}"));
    }

    /// A field that is left out if it is not known.
    fn known(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.field(name, value);
        }
    }

    /// A number of bytes, and once more for people.
    fn bytes(&mut self, name: &str, bytes: u64) {
        self.field(name, bytes);
        self.field(&format!("{name}_human"), Human(bytes));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        write!(self.0, "{line}\r\n").expect("a string takes everything");
    }
}

/// Bytes as `12.34M`.
struct Human(u64);

impl Display for Human {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let power = self.0.checked_ilog2().unwrap_or(0) / 10;
        match b"BKMGTPE"[power as usize] {
            b'B' => write!(f, "{}B", self.0),
            unit => write!(f, "{:.2}{}", self.0 as f64 / 1024_f64.powi(power as i32), unit as char),
        }
    }
}

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// What mio waits with.
const MULTIPLEXING_API: &str =
    if cfg!(any(target_os = "linux", target_os = "android")) { "epoll" } else { "kqueue" };

#[cfg(test)]
mod tests {
    use super::Human;

    #[test]
    fn bytes_for_people() {
        let shown = [0, 1023, 1024, 1536, 10 << 20, u64::MAX].map(|bytes| Human(bytes).to_string());
        assert_eq!(shown, ["0B", "1023B", "1.00K", "1.50K", "10.00M", "16.00E"]);
    }
}
