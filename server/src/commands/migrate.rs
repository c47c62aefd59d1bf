//! `MIGRATE host port key|"" destination-db timeout [COPY] [REPLACE] [AUTH password | AUTH2 username
//! password] [KEYS key [key ...]]`

use std::ops::Range;
use std::time::{Duration, Instant};

use migrate::driver::Endpoint;
use migrate::driver::tls::TlsClient;
use migrate::{Credentials, Failure, IDLE_TIMEOUT_MAX, MigrateRequest, Now, Outcome};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::integer;
use super::{CommandError, Context, Reply, is_name};
use crate::state::Caller;

pub(super) static MIGRATE: Command = Command {
    name: "migrate",
    arity: -6,
    flags: flags::WRITE | flags::MOVABLEKEYS,
    // Rule C1.
    keys: Keys::Procedure {
        find: key_arguments,
        specs: &[KeySpec::at(3).used(MOVED), KeySpec::after("KEYS", -2).used(MOVED_INCOMPLETE)],
    },
    categories: &["keyspace", "dangerous"],
    tips: &["nondeterministic_output"],
    run: Some(migrate),
    docs: Docs {
        summary: "Moves keys to another server, each atomically; only the caller waits",
        since: "2.6.0",
        group: "generic",
        complexity: "O(N) in the size of the values, in slices between which others are served",
        syntax: "host port:integer key-selector=<key | \"\"> destination-db:integer \
                 timeout:integer [COPY@3.0.0] [REPLACE@3.0.0] \
                 authentication=[AUTH@4.0.7 password | AUTH2@6.0.0 <username password>] \
                 keys=[KEYS@3.0.6 key ...]",
    },
    subcommands: &[],
};

fn migrate(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let options = Options::parse(request)?;
    let timeout_ms = integer(request.arg(5))?;
    let target_db = integer(request.arg(4))?;
    // Rule M8.
    let idle_timeout = match u64::try_from(timeout_ms) {
        Ok(timeout_ms) if timeout_ms > 0 => Duration::from_millis(timeout_ms),
        _ => IDLE_TIMEOUT_DEFAULT,
    };

    // One key suffices to begin. All are looked up as reads: when their turn comes, or now if there
    // is none (rules K1 and K2).
    let now_ms = ctx.now_ms();
    let arguments = key_arguments(request);
    let db = ctx.db();
    if !arguments.clone().any(|index| db.peek(request.arg(index), now_ms).is_some()) {
        for index in arguments {
            db.read(request.arg(index), now_ms);
        }
        return Ok(Reply::Status("NOKEY"));
    }
    let names = arguments.map(|index| request.bytes(index)).collect();

    let (secure, host) = match scheme(request.arg(1)) {
        (Some(secure), host) => (secure, host),
        (None, host) => (ctx.state.config.tls_cluster(), host),
    };
    let tls = match secure {
        true => Some(ctx.state.tls.client(&ctx.state.config).map_err(|error| {
            CommandError::err(format!("TLS with targets is not configured: {error:#}"))
        })?),
        false => None,
    };
    let Some(endpoint) = endpoint(host, request.arg(2), tls) else {
        let failed = Outcome::Failed(Failure::Connecting);
        return failed.reply().map(Reply::Status).map_err(CommandError::Line);
    };
    let source_db = ctx.client().db;
    let mut moved =
        MigrateRequest::new(source_db, target_db, idle_timeout.min(IDLE_TIMEOUT_MAX), names);
    moved.copy = options.copy;
    moved.replace = options.replace;
    moved.credentials = options.credentials;
    moved.settle = ctx.state.config.migrate_settle();
    moved.compression = ctx.state.config.migrate_compression();
    // Not the command's time: a timeout counts from now on.
    let now = Now { instant: Instant::now(), unix_ms: now_ms };
    let id = ctx.state.migrations.start(endpoint, moved, now);
    let (slot, started_at) = (ctx.slot, ctx.state.clock);
    let client = ctx.client();
    let caller = Caller {
        client: (slot, client.id),
        command: client.last_command.expect("it is noted before a command is run"),
        request: request.clone(),
        started_at,
        address: client.address,
        name: client.name.clone(),
    };
    ctx.state.callers.insert(id, caller);
    Ok(Reply::Later)
}

#[derive(Debug, Default)]
struct Options {
    copy: bool,
    replace: bool,
    credentials: Option<Credentials>,
}

impl Options {
    /// Rules M3 to M6.
    fn parse(request: &Request) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut username = None;
        let mut password = None;
        let mut index = FIRST_OPTION;
        while let Some(word) = request.get(index) {
            let following = request.len() - index - 1;
            if is_name("COPY", word) {
                options.copy = true;
            } else if is_name("REPLACE", word) {
                options.replace = true;
            } else if is_name("AUTH", word) && following >= 1 {
                password = Some(request.owned_bytes(index + 1));
                index += 1;
            } else if is_name("AUTH2", word) && following >= 2 {
                username = Some(request.owned_bytes(index + 1));
                password = Some(request.owned_bytes(index + 2));
                index += 2;
            } else if is_name("KEYS", word) {
                if !request.arg(3).is_empty() {
                    return Err(CommandError::err(
                        "When using MIGRATE KEYS option, the key argument must be set to the \
                         empty string",
                    ));
                }
                break;
            } else {
                return Err(CommandError::Syntax);
            }
            index += 1;
        }
        // The last password wins, and a user name stays (rule M4).
        options.credentials = password.map(|password| Credentials { username, password });
        Ok(options)
    }
}

/// Arguments that are not shown, as far as [`Options::parse`] would get.
pub(super) fn secrets(request: &Request) -> Vec<usize> {
    let mut secrets = Vec::new();
    let mut index = FIRST_OPTION;
    while let Some(word) = request.get(index) {
        let following = request.len() - index - 1;
        let arguments = match word {
            word if is_name("COPY", word) || is_name("REPLACE", word) => 0,
            word if is_name("AUTH", word) && following >= 1 => 1,
            word if is_name("AUTH2", word) && following >= 2 => 2,
            _ => break,
        };
        secrets.extend(index + 1..=index + arguments);
        index += 1 + arguments;
    }
    secrets
}

/// Which arguments are keys, found as rules C2 and C3 say.
fn key_arguments(request: &Request) -> Range<usize> {
    let mut index = FIRST_OPTION;
    while let Some(word) = request.get(index) {
        if is_name("KEYS", word) {
            let listed = index + 1..request.len();
            return if request.arg(3).is_empty() { listed } else { 0..0 };
        }
        index += match word {
            word if is_name("AUTH", word) => 2,
            word if is_name("AUTH2", word) => 3,
            _ => 1,
        };
    }
    3..4
}

/// Rule N3: the host without `redis://` or `rediss://`, and whether it asked for TLS by one of them.
fn scheme(host: &[u8]) -> (Option<bool>, &[u8]) {
    for (scheme, secure) in [(&b"rediss://"[..], true), (b"redis://", false)] {
        if let Some((start, rest)) = host.split_at_checked(scheme.len())
            && start.eq_ignore_ascii_case(scheme)
        {
            return (Some(secure), rest);
        }
    }
    (None, host)
}

/// Rule M9: the port is what its leading digits say. `None` if no host can be meant.
fn endpoint(host: &[u8], port: &[u8], tls: Option<TlsClient>) -> Option<Endpoint> {
    let host = str::from_utf8(host).ok()?.to_owned();
    if port.starts_with(b"-") {
        return None;
    }
    let mut digits = port.iter().take_while(|byte| byte.is_ascii_digit());
    let port = digits.try_fold(0_u16, |port, digit| {
        port.checked_mul(10)?.checked_add(u16::from(digit - b'0'))
    })?;
    Some(Endpoint { host, port, tls })
}

const FIRST_OPTION: usize = 6;

const MOVED: u32 = usage::RW | usage::ACCESS | usage::DELETE;
const MOVED_INCOMPLETE: u32 = MOVED | usage::INCOMPLETE;

/// What a timeout of zero or less stands for.
const IDLE_TIMEOUT_DEFAULT: Duration = Duration::from_secs(1);
