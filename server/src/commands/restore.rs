//! `RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]`, and
//! `RESTORE-ASKING`, which cluster nodes send

use keyspace::{Access, AccessKind, Value, ValueBuilder};
use migrate::RestoreSession;
use rdb_format::{DecodeError, DecodeErrorKind, DecodeLimits, payload};
use resp::{Offer, Request};

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::integer;
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;
use crate::incoming::{Incoming, Refusal};

pub(super) static RESTORE: Command = Command {
    name: "restore",
    arity: -4,
    flags: flags::WRITE | flags::DENYOOM | flags::STREAMS,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::OW | usage::UPDATE)]),
    categories: &["keyspace", "dangerous"],
    tips: &[],
    run: Some(restore),
    docs: Docs {
        summary: "Creates a key from the serialized form that DUMP returns",
        since: "2.6.0",
        group: "generic",
        complexity: "O(1) to create the key, O(N) to build its N elements",
        syntax: "key ttl:integer serialized-value [REPLACE@3.0.0] [ABSTTL@5.0.0] \
                 [IDLETIME@5.0.0 seconds:integer] [FREQ@5.0.0 frequency:integer]",
    },
    subcommands: &[],
};

pub(super) static RESTORE_ASKING: Command = Command {
    name: "restore-asking",
    flags: RESTORE.flags | flags::ASKING,
    docs: Docs {
        summary: "RESTORE as cluster nodes send it to one that is importing the slot",
        since: "3.0.0",
        group: "server",
        complexity: RESTORE.docs.complexity,
        syntax: RESTORE.docs.syntax,
    },
    ..RESTORE
};

/// Checks in the order of rules R1 to R9.
fn restore(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let options = Options::parse(request)?;
    let now_ms = ctx.now_ms();
    let (db, key) = (ctx.client().db, request.arg(1));
    if !options.replace && ctx.db().look_to_change(key, now_ms).is_some() {
        return Err(CommandError::BusyKey);
    }
    let expire_at_ms = expire_at_ms(integer(request.arg(2))?, options.absttl, now_ms)?;
    let is_past = expire_at_ms.is_some_and(|expire_at_ms| expire_at_ms <= now_ms);
    let expire_at_ms = expire_at_ms.filter(|_| !is_past);
    let value = match ctx.client().incoming.take() {
        Some(incoming) => Some(finish(ctx, incoming)?),
        None if is_past => Some(decode(ctx, request)?),
        None => None,
    };
    if is_past {
        // That leaves no key (rule R9).
        value.into_iter().for_each(|value| ctx.keyspace.release(value));
        ctx.remove(key);
        return Ok(Reply::OK);
    }
    let is_replaced = options.replace && ctx.is_replaced(db, key);
    match value {
        Some(value) => ctx.db().insert(key, value, expire_at_ms),
        None => put(ctx, key, request, expire_at_ms)?,
    }
    if is_replaced {
        ctx.notify(Class::NEW, "new", key);
    }
    ctx.notify(Class::GENERIC, "restore", key);
    // Only the record that the policy in force keeps takes effect (rule R10).
    if let Some(seconds) = options.idle_seconds {
        ctx.db().set_access(key, Access::idle(seconds, now_ms));
    }
    if let Some(frequency) = options.frequency {
        ctx.db().set_access(key, Access::frequent(frequency, now_ms));
    }
    Ok(Reply::OK)
}

/// Decodes the payload, and puts its value in place.
fn put(
    ctx: &mut Context<'_>,
    key: &[u8],
    request: &Request,
    expire_at_ms: Option<i64>,
) -> Result<(), CommandError> {
    let thresholds = ctx.thresholds();
    let mut plain = Vec::new();
    if let Some(whole) = payload::decode_whole(request.arg(3), &limits(ctx), &mut plain)
        && ctx.db().insert_whole(key, whole, expire_at_ms, &thresholds)
    {
        return Ok(());
    }
    let value = decode(ctx, request)?;
    ctx.db().insert(key, value, expire_at_ms);
    Ok(())
}

/// The value of the payload.
fn decode(ctx: &mut Context<'_>, request: &Request) -> Result<Value, CommandError> {
    // A small value is copied out of the connection's buffer, a large one shares its own.
    let mut builder = ValueBuilder::new(ctx.thresholds());
    payload::decode_events(request.owned_bytes(3), limits(ctx), &mut builder).map_err(refusal)?;
    Ok(builder.finish().expect("a payload that is decoded has told a value"))
}

/// Begins to take a payload as it arrives, unless it is known by now that none will be looked at.
///
/// Options may follow it, and what is wrong with those is told first (rule R1).
pub(super) fn begin(
    ctx: &mut Context<'_>,
    key: &[u8],
    ttl: &[u8],
    offer: &Offer<'_>,
) -> Result<RestoreSession, CommandError> {
    let now_ms = ctx.now_ms();
    // A transaction may remove the key before.
    let is_queued = ctx.client().transaction.is_some();
    let has_options = offer.args_announced() > offer.args().len() + 1;
    // A key that is being moved may be gone when the payload is here.
    let waits = ctx.db().waits_for([key], AccessKind::Write).is_some();
    if !has_options && !waits && !is_queued && ctx.db().peek(key, now_ms).is_some() {
        return Err(CommandError::BusyKey);
    }
    // Whether it overflows, an option may change.
    expire_at_ms(integer(ttl)?, true, now_ms)?;
    Ok(RestoreSession::new(offer.bulk_bytes(), limits(ctx), ctx.thresholds()))
}

/// The value of a payload that has been taken as it arrived.
fn finish(ctx: &Context<'_>, mut incoming: Box<Incoming>) -> Result<Value, CommandError> {
    let value = incoming.finish();
    ctx.keyspace.release_other(incoming);
    value.map_err(|refused| match refused {
        Refusal::Payload(error) => refusal(error),
        Refusal::Command(error) => error,
    })
}

fn limits(ctx: &Context<'_>) -> DecodeLimits {
    DecodeLimits::default().with_string_bytes_max(ctx.state.config.proto_max_bulk_len())
}

#[derive(Debug, Default)]
struct Options {
    replace: bool,
    absttl: bool,
    idle_seconds: Option<u64>,
    frequency: Option<u8>,
}

impl Options {
    /// Rule R1.
    fn parse(request: &Request) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut rest = request.iter().skip(4);
        while let Some(word) = rest.next() {
            if is_name("REPLACE", word) {
                options.replace = true;
            } else if is_name("ABSTTL", word) {
                options.absttl = true;
            } else if is_name("IDLETIME", word) && options.frequency.is_none() {
                let seconds = integer(rest.next().ok_or(CommandError::Syntax)?)?;
                let seconds = u64::try_from(seconds)
                    .map_err(|_| CommandError::err("Invalid IDLETIME value, must be >= 0"))?;
                options.idle_seconds = Some(seconds);
            } else if is_name("FREQ", word) && options.idle_seconds.is_none() {
                let frequency = integer(rest.next().ok_or(CommandError::Syntax)?)?;
                let frequency = u8::try_from(frequency).map_err(|_| {
                    CommandError::err("Invalid FREQ value, must be >= 0 and <= 255")
                })?;
                options.frequency = Some(frequency);
            } else {
                return Err(CommandError::Syntax);
            }
        }
        Ok(options)
    }
}

/// Rules R3 and R8; an expiry that overflows is refused, where the reference takes it for the past
/// (rule X9).
fn expire_at_ms(ttl_ms: i64, absolute: bool, now_ms: i64) -> Result<Option<i64>, CommandError> {
    let invalid = || CommandError::err("Invalid TTL value, must be >= 0");
    match ttl_ms {
        ..0 => Err(invalid()),
        0 => Ok(None),
        _ if absolute => Ok(Some(ttl_ms)),
        _ => match ttl_ms.checked_add(now_ms) {
            Some(expire_at_ms) => Ok(Some(expire_at_ms)),
            None => Err(CommandError::InvalidExpireTime("restore")),
        },
    }
}

/// Rules R4 and R6. What exactly is wrong goes to the log.
fn refusal(error: DecodeError) -> CommandError {
    tracing::debug!(%error, "payload refused");
    CommandError::err(match error.kind() {
        DecodeErrorKind::VersionOrChecksum => "DUMP payload version or checksum are wrong",
        DecodeErrorKind::BadData => "Bad data format",
    })
}
