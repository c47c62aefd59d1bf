//! What the table says of a command.

use resp::Request;

use super::{CommandError, Context, Reply};

/// One row of the table: a command, or a subcommand of one.
pub(crate) struct Command {
    /// Lower case; of a subcommand without its container's name.
    pub(crate) name: &'static str,
    /// Number of arguments with the name; negative: at least that many.
    pub(crate) arity: i32,
    /// What it may do, a set of [`flags`].
    pub(crate) flags: u32,
    /// Where its keys are.
    pub(crate) keys: Keys,
    /// ACL categories beyond those that follow from the flags.
    pub(crate) categories: &'static [&'static str],
    /// Tips to proxies and clusters.
    pub(crate) tips: &'static [&'static str],
    /// Does it. `None` in containers, whose subcommands do.
    pub(crate) run: Option<Run>,
    /// What COMMAND DOCS shows.
    pub(crate) docs: Docs,
    /// Empty unless this is a container.
    pub(crate) subcommands: &'static [Command],
}

/// Runs a command. The number of arguments has been checked.
pub(crate) type Run = fn(&mut Context<'_>, &Request) -> Result<Reply, CommandError>;

/// What COMMAND DOCS shows of a command.
pub(crate) struct Docs {
    /// One sentence.
    pub(crate) summary: &'static str,
    /// First version of Redis that has it.
    pub(crate) since: &'static str,
    /// `string`, `generic`, `connection` or `server`.
    pub(crate) group: &'static str,
    /// Cost in the usual notation.
    pub(crate) complexity: &'static str,
    /// The arguments after the name, as in [`syntax`](super::syntax).
    pub(crate) syntax: &'static str,
}

/// What a command may do; the names are those of COMMAND INFO.
pub(crate) mod flags {
    /// May change the keyspace.
    pub(crate) const WRITE: u32 = 1;
    /// Reads keys.
    pub(crate) const READONLY: u32 = 1 << 1;
    /// Refused when over the memory limit.
    pub(crate) const DENYOOM: u32 = 1 << 2;
    /// Administrative.
    pub(crate) const ADMIN: u32 = 1 << 3;
    /// Not in scripts.
    pub(crate) const NOSCRIPT: u32 = 1 << 4;
    /// Allowed while loading.
    pub(crate) const LOADING: u32 = 1 << 5;
    /// Allowed on a stale replica.
    pub(crate) const STALE: u32 = 1 << 6;
    /// Constant or logarithmic time.
    pub(crate) const FAST: u32 = 1 << 7;
    /// Allowed before authentication.
    pub(crate) const NO_AUTH: u32 = 1 << 8;
    /// Accepted after ASKING by cluster nodes.
    pub(crate) const ASKING: u32 = 1 << 9;
    /// Not shown in MONITOR and SLOWLOG.
    pub(crate) const SKIP_MONITOR: u32 = 1 << 10;
    /// As [`SKIP_MONITOR`], for the slow log.
    pub(crate) const SKIP_SLOWLOG: u32 = 1 << 11;
    /// Not in transactions.
    pub(crate) const NO_MULTI: u32 = 1 << 12;
    /// Keys are found by a procedure.
    pub(crate) const MOVABLEKEYS: u32 = 1 << 13;
    /// Allowed while a script is busy.
    pub(crate) const ALLOW_BUSY: u32 = 1 << 14;
    /// Not from an asynchronous loader.
    pub(crate) const NO_ASYNC_LOADING: u32 = 1 << 15;
}

/// Where the keys of a command are, and so what a frozen key makes it wait for.
#[derive(Clone, Copy)]
pub(crate) enum Keys {
    /// It names no keys, and never waits.
    None,
    /// Arguments `first` to `last` (from the end if negative), every `step`-th.
    Range {
        first: usize,
        last: i32,
        step: usize,
    },
    /// Found by a procedure; COMMAND INFO shows the first, last and step given here.
    Procedure { find: fn(&Request) -> Vec<&[u8]>, shown: (i32, i32, i32) },
    /// Every key of the selected database.
    Database,
    /// Every key of all databases.
    AllDatabases,
}

impl Keys {
    /// One key, the first argument.
    pub(crate) const FIRST: Self = Self::Range { first: 1, last: 1, step: 1 };
    /// All arguments are keys.
    pub(crate) const ALL: Self = Self::Range { first: 1, last: -1, step: 1 };

    /// The keys that `request` names.
    pub(crate) fn of<'a>(&self, request: &'a Request) -> Vec<&'a [u8]> {
        match *self {
            Self::Range { first, last, step } => {
                let last = if last < 0 {
                    request.len().saturating_sub(last.unsigned_abs() as usize)
                } else {
                    last as usize
                };
                (first..=last).step_by(step).filter_map(|index| request.get(index)).collect()
            }
            Self::Procedure { find, .. } => find(request),
            Self::None | Self::Database | Self::AllDatabases => Vec::new(),
        }
    }
}

impl Command {
    /// Whether all of `flags` are set.
    pub(crate) fn is(&self, flags: u32) -> bool {
        self.flags & flags == flags
    }

    /// Whether a request of `arguments` arguments, the name included, has the right number.
    pub(crate) fn accepts(&self, arguments: usize) -> bool {
        let wanted = self.arity.unsigned_abs() as usize;
        if self.arity < 0 { arguments >= wanted } else { arguments == wanted }
    }
}
