//! `CLIENT TRACKING ON|OFF [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]`,
//! `CLIENT CACHING YES|NO`, `CLIENT GETREDIR` and `CLIENT TRACKINGINFO`

use std::collections::BTreeSet;

use bytes::Bytes;
use resp::Request;

use super::number::integer;
use super::{CommandError, Context, Reply, is_name};
use crate::park::Parked;
use crate::tracking::{Mode, Tracking};

pub(super) fn tracking(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let options = Options::parse(ctx, request)?;
    match request.arg(2) {
        word if is_name("ON", word) => {
            let tracking = options.check(ctx.client().tracking.as_deref())?;
            ctx.state.track(ctx.slot, tracking);
        }
        word if is_name("OFF", word) => ctx.state.untrack(ctx.slot),
        _ => return Err(CommandError::Syntax),
    }
    Ok(Reply::OK)
}

pub(super) fn caching(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let Some(tracking) = &mut ctx.client().tracking else {
        return Err(CommandError::err(
            "CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or \
             OPTOUT mode enabled",
        ));
    };
    let (mode, refusal) = match request.arg(2) {
        word if is_name("YES", word) => (
            Mode::OptIn,
            "CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.",
        ),
        word if is_name("NO", word) => (
            Mode::OptOut,
            "CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.",
        ),
        _ => return Err(CommandError::Syntax),
    };
    if tracking.mode != mode {
        return Err(CommandError::err(refusal));
    }
    tracking.is_caching_given = true;
    Ok(Reply::OK)
}

pub(super) fn getredir(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::Integer(redirection(ctx.client().tracking.as_deref())))
}

pub(super) fn trackinginfo(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    let tracking = ctx.client().tracking.as_deref();
    let mut flags = vec![if tracking.is_some() { "on" } else { "off" }];
    if let Some(tracking) = tracking {
        flags.extend(match tracking.mode {
            Mode::Read => None,
            Mode::OptIn => Some("optin"),
            Mode::OptOut => Some("optout"),
            Mode::Broadcast => Some("bcast"),
        });
        flags.extend(match tracking.mode {
            Mode::OptIn if tracking.is_caching_given => Some("caching-yes"),
            Mode::OptOut if tracking.is_caching_given => Some("caching-no"),
            _ => None,
        });
        flags.extend(tracking.no_loop.then_some("noloop"));
        flags.extend(tracking.is_redirect_broken.then_some("broken_redirect"));
    }
    let prefixes = tracking.into_iter().flat_map(|tracking| &tracking.prefixes);
    Ok(Reply::Map(vec![
        (Reply::text("flags"), Reply::Set(flags.into_iter().map(Reply::text).collect())),
        (Reply::text("redirect"), Reply::Integer(redirection(tracking))),
        (Reply::text("prefixes"), prefixes.cloned().map(Reply::Bulk).collect()),
    ]))
}

/// The number of the client that is told in the place of one that caches: 0 if none is, -1 if it does
/// not cache.
pub(super) fn redirection(tracking: Option<&Tracking>) -> i64 {
    tracking.map_or(-1, |tracking| tracking.redirect.map_or(0, |(_, id)| id as i64))
}

#[derive(Debug, Default)]
struct Options {
    redirect: Option<Parked>,
    broadcast: bool,
    opt_in: bool,
    opt_out: bool,
    no_loop: bool,
    /// As they were given.
    prefixes: Vec<Bytes>,
}

impl Options {
    fn parse(ctx: &Context<'_>, request: &Request) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut index = 3;
        while let Some(word) = request.get(index) {
            let value = request.get(index + 1);
            match (word, value) {
                (word, Some(id)) if is_name("REDIRECT", word) => {
                    if options.redirect.is_some() {
                        return Err(CommandError::err(
                            "A client can only redirect to a single other client",
                        ));
                    }
                    options.redirect = Some(connected(ctx, integer(id)?)?);
                    index += 1;
                }
                (word, Some(_)) if is_name("PREFIX", word) => {
                    options.prefixes.push(request.owned_bytes(index + 1));
                    index += 1;
                }
                (word, _) if is_name("BCAST", word) => options.broadcast = true,
                (word, _) if is_name("OPTIN", word) => options.opt_in = true,
                (word, _) if is_name("OPTOUT", word) => options.opt_out = true,
                (word, _) if is_name("NOLOOP", word) => options.no_loop = true,
                _ => return Err(CommandError::Syntax),
            }
            index += 1;
        }
        Ok(options)
    }

    /// What a client that has tracked its keys as `before`, if it has, asks for.
    ///
    /// # Errors
    /// The options exclude each other, or what it has asked for before.
    fn check(self, before: Option<&Tracking>) -> Result<Tracking, CommandError> {
        let refuse = |text: &'static str| Err(CommandError::err(text));
        let before_mode = before.map(|before| before.mode);
        if !self.broadcast && !self.prefixes.is_empty() {
            return refuse("PREFIX option requires BCAST mode to be enabled");
        }
        if before_mode.is_some_and(|mode| (mode == Mode::Broadcast) != self.broadcast) {
            return refuse(
                "You can't switch BCAST mode on/off before disabling tracking for this client, and \
                 then re-enabling it with a different mode.",
            );
        }
        if self.broadcast && (self.opt_in || self.opt_out) {
            return refuse("OPTIN and OPTOUT are not compatible with BCAST");
        }
        if self.opt_in && self.opt_out {
            return refuse("You can't specify both OPTIN mode and OPTOUT mode");
        }
        if self.opt_in && before_mode == Some(Mode::OptOut)
            || self.opt_out && before_mode == Some(Mode::OptIn)
        {
            return refuse(
                "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and \
                 then re-enabling it with a different mode.",
            );
        }
        let existing = before.map(|before| &before.prefixes);
        let prefixes = check_prefixes(self.prefixes, existing)?;
        let mode = match () {
            () if self.broadcast => Mode::Broadcast,
            () if self.opt_in => Mode::OptIn,
            () if self.opt_out => Mode::OptOut,
            () => Mode::Read,
        };
        // Who asks for no prefix asks for the empty one, which all keys begin with.
        let all = (self.broadcast && prefixes.is_empty()).then(Bytes::new);
        Ok(Tracking {
            mode,
            no_loop: self.no_loop,
            redirect: self.redirect,
            prefixes: prefixes.into_iter().chain(all).collect(),
            ..Tracking::default()
        })
    }
}

/// # Errors
/// Keys that begin with one of the prefixes begin with another one too, of them or of those that
/// exist.
fn check_prefixes(
    prefixes: Vec<Bytes>,
    existing: Option<&BTreeSet<Bytes>>,
) -> Result<Vec<Bytes>, CommandError> {
    let overlap = |left: &Bytes, right: &Bytes| left.starts_with(right) || right.starts_with(left);
    let refuse = |left: &Bytes, what: &str, right: &Bytes| {
        let mut line = b"ERR Prefix '".to_vec();
        line.extend_from_slice(left);
        line.extend(format!("' overlaps with {what} prefix '").into_bytes());
        line.extend_from_slice(right);
        line.extend(b"'. Prefixes for a single client must not overlap.");
        Err(CommandError::Line(line))
    };
    for (nth, prefix) in prefixes.iter().enumerate() {
        if let Some(other) = existing.into_iter().flatten().find(|other| overlap(prefix, other)) {
            return refuse(prefix, "an existing", other);
        }
        if let Some(other) = prefixes[nth + 1..].iter().find(|other| overlap(prefix, other)) {
            return refuse(prefix, "another provided", other);
        }
    }
    Ok(prefixes)
}

/// The client with this number.
fn connected(ctx: &Context<'_>, id: i64) -> Result<Parked, CommandError> {
    let found = ctx.state.clients.iter().find(|(_, client)| client.id as i64 == id);
    let found = found.map(|(slot, client)| (slot, client.id));
    found.ok_or(CommandError::err("The client ID you want redirect to does not exist"))
}
