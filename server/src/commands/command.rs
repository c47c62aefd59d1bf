//! What the table says of a command.

use std::ops::Range;

use keyspace::AccessKind;
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
#[derive(Clone, Copy)]
pub(crate) struct Docs {
    /// One sentence.
    pub(crate) summary: &'static str,
    /// First version of Redis that has it.
    pub(crate) since: &'static str,
    /// `string`, `bitmap`, `hyperloglog`, `list`, `sorted-set`, `geo`, `generic`, `connection` or
    /// `server`.
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

    /// May wait for keys that are not there.
    pub(crate) const BLOCKING: u32 = 1 << 17;

    /// Is run at once in a transaction, not queued. Nobody is told.
    pub(crate) const UNQUEUED: u32 = 1 << 18;

    /// Of pub/sub.
    pub(crate) const PUBSUB: u32 = 1 << 19;

    /// Takes argument 3 as it arrives, if it is long. Nobody is told.
    pub(crate) const STREAMS: u32 = 1 << 16;

    /// A client that speaks RESP2 may use it while it is subscribed. Nobody is told.
    pub(crate) const WHILE_SUBSCRIBED: u32 = 1 << 20;

    /// Every one with its name, in the order of COMMAND INFO.
    pub(crate) static NAMES: &[(u32, &str)] = &[
        (WRITE, "write"),
        (READONLY, "readonly"),
        (DENYOOM, "denyoom"),
        (ADMIN, "admin"),
        (PUBSUB, "pubsub"),
        (NOSCRIPT, "noscript"),
        (LOADING, "loading"),
        (STALE, "stale"),
        (SKIP_MONITOR, "skip_monitor"),
        (SKIP_SLOWLOG, "skip_slowlog"),
        (ASKING, "asking"),
        (FAST, "fast"),
        (NO_AUTH, "no_auth"),
        (NO_ASYNC_LOADING, "no_async_loading"),
        (NO_MULTI, "no_multi"),
        (MOVABLEKEYS, "movablekeys"),
        (ALLOW_BUSY, "allow_busy"),
        (BLOCKING, "blocking"),
    ];
}

/// Where the keys of a command are, and so what a frozen key makes it wait for.
#[derive(Clone, Copy)]
pub(crate) enum Keys {
    /// It names no keys, and never waits.
    None,
    /// Where these say.
    Specs(&'static [KeySpec]),
    /// Found by a procedure, of which the specifications tell what they can.
    Procedure { find: fn(&Request) -> Range<usize>, specs: &'static [KeySpec] },
    /// Found by a procedure, which is given the selected database and tells the database of each.
    Uses {
        find: fn(&Request, usize) -> Vec<KeyUse>,
        /// What it does with keys that are not among its arguments.
        others: fn(&Request) -> Others,
        specs: &'static [KeySpec],
    },
    /// Every key of the selected database.
    Database,
    /// Every key of all databases.
    AllDatabases,
}

impl Keys {
    /// One key, the first argument.
    pub(crate) const FIRST: Self = Self::Specs(&[KeySpec::at(1)]);
    /// All arguments are keys.
    pub(crate) const ALL: Self = Self::Specs(&[KeySpec::at(1).to(-1)]);

    /// What clients are told of the places of keys.
    pub(crate) fn specs(&self) -> &'static [KeySpec] {
        match self {
            Self::Specs(specs) | Self::Procedure { specs, .. } | Self::Uses { specs, .. } => specs,
            Self::None | Self::Database | Self::AllDatabases => &[],
        }
    }
}

/// What a request waits for beside the keys that its arguments name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Others {
    /// Nothing.
    None,
    /// Keys in doubt of the selected database: it may read any.
    InDoubt,
    /// Frozen keys of the selected database: it may change any.
    Frozen,
    /// Frozen keys of all databases.
    FrozenAnywhere,
}

/// A key of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct KeyUse {
    /// Its database.
    pub(crate) db: usize,
    /// The argument that names it.
    pub(crate) argument: usize,
    pub(crate) access: AccessKind,
}

/// A place of keys among the arguments, and what becomes of them.
#[derive(Clone, Copy)]
pub(crate) struct KeySpec {
    pub(crate) begin: Begin,
    /// The last key: counted from the first, or from the end of the arguments if negative.
    pub(crate) last: i32,
    /// Distance from key to key.
    pub(crate) step: usize,
    /// Only the first of so many equal parts of the arguments up to the last are keys; 0 for all.
    pub(crate) limit: usize,
    /// A set of [`usage`] flags. Empty: what the command's flags tell, see [`Command::usage`].
    pub(crate) usage: u32,
}

/// Where the first key of a [`KeySpec`] is.
#[derive(Clone, Copy)]
pub(crate) enum Begin {
    /// At this argument.
    Index(usize),
    /// After this word, which is looked for from this argument on, or backwards from the end if
    /// negative.
    Keyword { word: &'static str, from: i32 },
    /// After this argument, which tells how many they are.
    Count(usize),
    /// Nothing tells.
    Unknown,
}

impl KeySpec {
    /// One key, at this argument.
    pub(crate) const fn at(index: usize) -> Self {
        Self { begin: Begin::Index(index), last: 0, step: 1, limit: 0, usage: 0 }
    }

    /// Keys after this argument, which tells how many they are.
    pub(crate) const fn counted_at(index: usize) -> Self {
        Self { begin: Begin::Count(index), last: 0, step: 1, limit: 0, usage: 0 }
    }

    /// Keys that only a procedure can find.
    pub(crate) const UNKNOWN: Self = Self { begin: Begin::Unknown, ..Self::at(0) };

    /// Keys after a word up to the end. Only a procedure can find them.
    pub(crate) const fn after(word: &'static str, from: i32) -> Self {
        Self { begin: Begin::Keyword { word, from }, last: -1, step: 1, limit: 0, usage: 0 }
    }

    /// The same up to `last`: counted from the first, or from the end if negative.
    pub(crate) const fn to(self, last: i32) -> Self {
        Self { last, ..self }
    }

    /// The same with only every `step`-th argument.
    pub(crate) const fn every(self, step: usize) -> Self {
        Self { step, ..self }
    }

    /// The same with only the first of `parts` equal parts of the arguments.
    pub(crate) const fn limited(self, parts: usize) -> Self {
        Self { limit: parts, ..self }
    }

    /// The same, telling what becomes of the keys: a set of [`usage`] flags.
    pub(crate) const fn used(self, usage: u32) -> Self {
        Self { usage, ..self }
    }

    fn is_key(&self) -> bool {
        self.usage & usage::NOT_KEY == 0
    }

    fn range(&self, request: &Request) -> Range<usize> {
        match self.begin {
            Begin::Index(first) if self.last < 0 => {
                first..(request.len() + 1).saturating_sub(self.last.unsigned_abs() as usize)
            }
            Begin::Index(first) => first..(first + 1 + self.last as usize).min(request.len()),
            Begin::Count(index) => {
                let count = request.get(index).and_then(rdb_format::parse_integer);
                let count = count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
                let first = index + 1;
                first..first.saturating_add(count).min(request.len()).max(first)
            }
            Begin::Keyword { .. } | Begin::Unknown => 0..0,
        }
    }
}

/// What becomes of keys; the names are those of COMMAND INFO.
pub(crate) mod usage {
    /// Nothing: they are read.
    pub(crate) const RO: u32 = 1;
    /// The value is read and changed.
    pub(crate) const RW: u32 = 1 << 1;
    /// The value is overwritten, whatever it was.
    pub(crate) const OW: u32 = 1 << 2;
    /// The key is removed.
    pub(crate) const RM: u32 = 1 << 3;
    /// What the value holds is returned, copied or told apart.
    pub(crate) const ACCESS: u32 = 1 << 4;
    /// The value may change.
    pub(crate) const UPDATE: u32 = 1 << 5;
    /// Data is added, and none is changed.
    pub(crate) const INSERT: u32 = 1 << 6;
    /// Data is removed.
    pub(crate) const DELETE: u32 = 1 << 7;
    /// It is no key, though a cluster finds its slot as if it were one.
    pub(crate) const NOT_KEY: u32 = 1 << 10;
    /// Not all of the keys may be found this way.
    pub(crate) const INCOMPLETE: u32 = 1 << 8;
    /// Options of the command change what becomes of the keys.
    pub(crate) const VARIABLE_FLAGS: u32 = 1 << 9;

    /// Every one with its name, in the order of COMMAND INFO.
    pub(crate) static NAMES: &[(u32, &str)] = &[
        (RO, "RO"),
        (RW, "RW"),
        (OW, "OW"),
        (RM, "RM"),
        (ACCESS, "access"),
        (UPDATE, "update"),
        (INSERT, "insert"),
        (DELETE, "delete"),
        (NOT_KEY, "not_key"),
        (INCOMPLETE, "incomplete"),
        (VARIABLE_FLAGS, "variable_flags"),
    ];
}

impl Command {
    /// Whether all of `flags` are set.
    pub(crate) fn is(&self, flags: u32) -> bool {
        self.flags & flags == flags
    }

    /// Whether it has one of these [`flags`].
    pub(crate) fn is_any(&self, flags: u32) -> bool {
        self.flags & flags != 0
    }

    /// Whether a request of `arguments` arguments, the name included, has the right number.
    pub(crate) fn accepts(&self, arguments: usize) -> bool {
        let wanted = self.arity.unsigned_abs() as usize;
        if self.arity < 0 { arguments >= wanted } else { arguments == wanted }
    }

    /// Every ACL category that it is in, as ACL rules write them.
    pub(crate) fn acl_categories(&self) -> impl Iterator<Item = &'static str> {
        let is_in = |category: &&&str| match **category {
            "@write" => self.is(flags::WRITE),
            "@read" => self.is(flags::READONLY),
            "@pubsub" => self.is(flags::PUBSUB),
            "@admin" => self.is(flags::ADMIN),
            "@dangerous" if self.is(flags::ADMIN) => true,
            "@fast" => self.is(flags::FAST),
            "@slow" => !self.is(flags::FAST),
            "@blocking" => self.is(flags::BLOCKING),
            category => self.categories.contains(&&category[1..]),
        };
        CATEGORIES.iter().filter(is_in).copied()
    }

    /// What becomes of the keys of `spec`: unless it tells, a command that writes reads them too,
    /// and one that does not only reads them.
    pub(crate) fn usage(&self, spec: &KeySpec) -> u32 {
        match spec.usage {
            0 if self.is(flags::WRITE) => usage::RW | usage::ACCESS | usage::UPDATE,
            0 => usage::RO | usage::ACCESS,
            told => told,
        }
    }

    /// Whether any of its arguments can be a key.
    pub(crate) fn has_keys(&self) -> bool {
        self.keys.specs().iter().any(KeySpec::is_key)
    }

    /// The keys of `request` in or after argument `first`, of a client that has selected `db`. Those
    /// that are only read are told from the others by the usage of their specification.
    pub(crate) fn key_uses(
        &self,
        request: &Request,
        db: usize,
        first: usize,
    ) -> impl Iterator<Item = KeyUse> + use<> {
        let access = |reads| if reads { AccessKind::Read } else { AccessKind::Write };
        let mut ranges = Vec::new();
        let mut uses = Vec::new();
        match self.keys {
            Keys::Specs(specs) => ranges.extend(specs.iter().filter_map(|spec| {
                let usage = self.usage(spec);
                let reads = usage & usage::RO != 0;
                spec.is_key().then(|| (spec.range(request), spec.step, access(reads)))
            })),
            Keys::Procedure { find, .. } => {
                ranges.push((find(request), 1, access(!self.is(flags::WRITE))));
            }
            Keys::Uses { find, .. } => {
                uses = find(request, db);
                uses.retain(|it| it.argument >= first);
            }
            Keys::None | Keys::Database | Keys::AllDatabases => {}
        }
        let ranged = ranges.into_iter().flat_map(move |(range, step, access)| {
            let passed = first.saturating_sub(range.start).next_multiple_of(step);
            let arguments = (range.start + passed..range.end).step_by(step);
            arguments.map(move |argument| KeyUse { db, argument, access })
        });
        ranged.chain(uses)
    }

    /// First key, last key and step as COMMAND INFO has them beside the specifications; zeros if
    /// no key has a fixed place.
    pub(crate) fn key_range(&self) -> (i32, i32, i32) {
        let ranges = self.keys.specs().iter().filter_map(|spec| match spec.begin {
            Begin::Index(first) => {
                let first = first as i32;
                let last = if spec.last < 0 { spec.last } else { first + spec.last };
                Some((first, last, spec.step as i32))
            }
            Begin::Keyword { .. } | Begin::Count(_) | Begin::Unknown => None,
        });
        // Neighbours, as of RENAME, are one range.
        ranges.reduce(|all, next| (all.0, next.1, all.2)).unwrap_or_default()
    }
}

/// The ACL categories that the commands here are in, in the order of COMMAND INFO.
const CATEGORIES: &[&str] = &[
    "@keyspace",
    "@read",
    "@write",
    "@set",
    "@sortedset",
    "@list",
    "@hash",
    "@string",
    "@bitmap",
    "@hyperloglog",
    "@geo",
    "@stream",
    "@pubsub",
    "@admin",
    "@fast",
    "@slow",
    "@blocking",
    "@dangerous",
    "@connection",
    "@transaction",
];
