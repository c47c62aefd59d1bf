//! The commands: one file each, or one for a tight group, and one row each in [`TABLE`].

mod append;
mod auth;
mod bitcount;
mod bitfield;
mod bitop;
mod blocking;
mod blpop;
mod bzpop;
mod client;
mod client_kill;
mod client_tracking;
mod client_unblock;
mod cluster;
mod command;
mod config;
mod context;
mod copy;
mod debug;
mod del;
mod describe;
mod double;
mod dump;
mod echo;
mod error;
mod exists;
mod expire;
mod expiry;
mod flush;
mod geoadd;
mod geopos;
mod georadius;
mod geosearch;
mod get;
mod getex;
mod getrange;
mod hdel;
mod hello;
mod hexpire;
mod hget;
mod hgetall;
mod hgetex;
mod hincrby;
mod hlen;
mod hrandfield;
mod hscan;
mod hset;
mod hsetex;
mod httl;
mod incr;
mod incr_by_float;
mod info;
mod introspection;
mod keyferry;
mod keys;
mod lcs;
mod linsert;
mod lmove;
mod lpop;
mod lpos;
mod lpush;
mod lrange;
mod lrem;
mod memory;
mod migrate;
mod monitor;
mod mset;
mod multi;
mod number;
mod object;
mod pfadd;
mod pfdebug;
mod ping;
mod publish;
mod pubsub;
mod quit;
mod rename;
mod reply;
mod restore;
mod sadd;
mod scan;
mod score;
mod secrets;
mod select;
mod set;
mod setbit;
mod shutdown;
mod sinter;
mod slowlog;
mod smembers;
mod smove;
mod sort;
mod spop;
mod stream_id;
mod subscribe;
mod syntax;
mod time;
mod ttl;
mod wait;
mod watch;
mod xadd;
mod xclaim;
mod xdel;
mod xgroup;
mod xinfo;
mod xpending;
mod xrange;
mod xread;
mod xsetid;
mod xtrim;
mod zadd;
mod zpop;
mod zrandmember;
mod zrange;
mod zrank;
mod zrem;
mod zscan;
mod zscore;
mod zunion;

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use foldhash::HashMap;
use keyspace::{Database, Keyspace};
use resp::{Offer, Protocol, Request};

use command::Others;

use crate::shown::Shown;

pub(crate) use command::{Command, Keys, flags};
pub(crate) use context::Context;
pub(crate) use error::CommandError;
pub(crate) use reply::Reply;
pub(crate) use secrets::{payload, secrets};

use crate::incoming::Incoming;

/// Every command. Adding one is adding its file and its row.
static TABLE: &[&Command] = &[
    &append::APPEND,
    &append::SETRANGE,
    &auth::AUTH,
    &bitcount::BITCOUNT,
    &bitcount::BITPOS,
    &bitfield::BITFIELD,
    &bitfield::BITFIELD_RO,
    &bitop::BITOP,
    &blpop::BLMPOP,
    &blpop::BLPOP,
    &blpop::BRPOP,
    &bzpop::BZMPOP,
    &bzpop::BZPOPMAX,
    &bzpop::BZPOPMIN,
    &client::CLIENT,
    &cluster::CLUSTER,
    &config::CONFIG,
    &copy::COPY,
    &copy::MOVE,
    &debug::DEBUG,
    &del::DEL,
    &del::UNLINK,
    &dump::DUMP,
    &echo::ECHO,
    &exists::EXISTS,
    &exists::TOUCH,
    &exists::TYPE,
    &expire::EXPIRE,
    &expire::EXPIREAT,
    &expire::PERSIST,
    &expire::PEXPIRE,
    &expire::PEXPIREAT,
    &flush::FLUSHALL,
    &flush::FLUSHDB,
    &geoadd::GEOADD,
    &geopos::GEODIST,
    &geopos::GEOHASH,
    &geopos::GEOPOS,
    &georadius::GEORADIUS,
    &georadius::GEORADIUSBYMEMBER,
    &georadius::GEORADIUSBYMEMBER_RO,
    &georadius::GEORADIUS_RO,
    &geosearch::GEOSEARCH,
    &geosearch::GEOSEARCHSTORE,
    &get::GET,
    &get::GETDEL,
    &getex::GETEX,
    &getrange::GETRANGE,
    &getrange::STRLEN,
    &getrange::SUBSTR,
    &hdel::HDEL,
    &hello::HELLO,
    &hexpire::HEXPIRE,
    &hexpire::HEXPIREAT,
    &hexpire::HPERSIST,
    &hexpire::HPEXPIRE,
    &hexpire::HPEXPIREAT,
    &hget::HGET,
    &hget::HMGET,
    &hgetall::HGETALL,
    &hgetall::HKEYS,
    &hgetall::HVALS,
    &hgetex::HGETDEL,
    &hgetex::HGETEX,
    &hincrby::HINCRBY,
    &hincrby::HINCRBYFLOAT,
    &hlen::HEXISTS,
    &hlen::HLEN,
    &hlen::HSTRLEN,
    &hrandfield::HRANDFIELD,
    &hscan::HSCAN,
    &hscan::SSCAN,
    &hset::HMSET,
    &hset::HSET,
    &hset::HSETNX,
    &hsetex::HSETEX,
    &httl::HEXPIRETIME,
    &httl::HPEXPIRETIME,
    &httl::HPTTL,
    &httl::HTTL,
    &incr::DECR,
    &incr::DECRBY,
    &incr::INCR,
    &incr::INCRBY,
    &incr_by_float::INCRBYFLOAT,
    &info::INFO,
    &introspection::COMMAND,
    &keyferry::KEYFERRY,
    &keys::DBSIZE,
    &keys::KEYS,
    &keys::RANDOMKEY,
    &lcs::LCS,
    &linsert::LINSERT,
    &linsert::LSET,
    &lmove::BLMOVE,
    &lmove::BRPOPLPUSH,
    &lmove::LMOVE,
    &lmove::RPOPLPUSH,
    &lpop::LMPOP,
    &lpop::LPOP,
    &lpop::RPOP,
    &lpos::LPOS,
    &lpush::LPUSH,
    &lpush::LPUSHX,
    &lpush::RPUSH,
    &lpush::RPUSHX,
    &lrange::LINDEX,
    &lrange::LLEN,
    &lrange::LRANGE,
    &lrem::LREM,
    &lrem::LTRIM,
    &memory::MEMORY,
    &migrate::MIGRATE,
    &monitor::MONITOR,
    &mset::MGET,
    &mset::MSET,
    &mset::MSETNX,
    &multi::DISCARD,
    &multi::EXEC,
    &multi::MULTI,
    &object::OBJECT,
    &pfadd::PFADD,
    &pfadd::PFCOUNT,
    &pfadd::PFMERGE,
    &pfdebug::PFDEBUG,
    &pfdebug::PFSELFTEST,
    &ping::PING,
    &publish::PUBLISH,
    &publish::SPUBLISH,
    &pubsub::PUBSUB,
    &quit::QUIT,
    &quit::RESET,
    &rename::RENAME,
    &rename::RENAMENX,
    &restore::RESTORE,
    &restore::RESTORE_ASKING,
    &sadd::SADD,
    &sadd::SREM,
    &scan::SCAN,
    &select::SELECT,
    &select::SWAPDB,
    &set::GETSET,
    &set::PSETEX,
    &set::SET,
    &set::SETEX,
    &set::SETNX,
    &setbit::GETBIT,
    &setbit::SETBIT,
    &shutdown::SHUTDOWN,
    &sinter::SDIFF,
    &sinter::SDIFFSTORE,
    &sinter::SINTER,
    &sinter::SINTERCARD,
    &sinter::SINTERSTORE,
    &sinter::SUNION,
    &sinter::SUNIONSTORE,
    &slowlog::SLOWLOG,
    &smembers::SCARD,
    &smembers::SISMEMBER,
    &smembers::SMEMBERS,
    &smembers::SMISMEMBER,
    &smove::SMOVE,
    &sort::SORT,
    &sort::SORT_RO,
    &spop::SPOP,
    &spop::SRANDMEMBER,
    &subscribe::PSUBSCRIBE,
    &subscribe::PUNSUBSCRIBE,
    &subscribe::SSUBSCRIBE,
    &subscribe::SUBSCRIBE,
    &subscribe::SUNSUBSCRIBE,
    &subscribe::UNSUBSCRIBE,
    &time::TIME,
    &ttl::EXPIRETIME,
    &ttl::PEXPIRETIME,
    &ttl::PTTL,
    &ttl::TTL,
    &wait::WAIT,
    &wait::WAITAOF,
    &watch::UNWATCH,
    &watch::WATCH,
    &xadd::XADD,
    &xclaim::XAUTOCLAIM,
    &xclaim::XCLAIM,
    &xdel::XACK,
    &xdel::XDEL,
    &xgroup::XGROUP,
    &xinfo::XINFO,
    &xpending::XPENDING,
    &xrange::XLEN,
    &xrange::XRANGE,
    &xrange::XREVRANGE,
    &xread::XREAD,
    &xread::XREADGROUP,
    &xsetid::XSETID,
    &xtrim::XTRIM,
    &zadd::ZADD,
    &zadd::ZINCRBY,
    &zpop::ZMPOP,
    &zpop::ZPOPMAX,
    &zpop::ZPOPMIN,
    &zrandmember::ZRANDMEMBER,
    &zrange::ZRANGE,
    &zrange::ZRANGEBYLEX,
    &zrange::ZRANGEBYSCORE,
    &zrange::ZRANGESTORE,
    &zrange::ZREVRANGE,
    &zrange::ZREVRANGEBYLEX,
    &zrange::ZREVRANGEBYSCORE,
    &zrank::ZRANK,
    &zrank::ZREVRANK,
    &zrem::ZREM,
    &zrem::ZREMRANGEBYLEX,
    &zrem::ZREMRANGEBYRANK,
    &zrem::ZREMRANGEBYSCORE,
    &zscan::ZSCAN,
    &zscore::ZCARD,
    &zscore::ZCOUNT,
    &zscore::ZLEXCOUNT,
    &zscore::ZMSCORE,
    &zscore::ZSCORE,
    &zunion::ZDIFF,
    &zunion::ZDIFFSTORE,
    &zunion::ZINTER,
    &zunion::ZINTERCARD,
    &zunion::ZINTERSTORE,
    &zunion::ZUNION,
    &zunion::ZUNIONSTORE,
];

/// What came of a request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// This.
    Reply(Reply),
    /// It failed; nothing was changed.
    Error(CommandError),
    /// Nothing yet: it waits, and has to be run again when it need not any more.
    Park(Wait),
    /// None: a web page has made a browser talk to the server, and the connection ends.
    HangUp,
}

/// What keeps a request from being run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Wait {
    pub(crate) target: WaitFor,
    /// The argument that names it, or of an EXEC the queued command that does: those before need
    /// not be looked through again at once.
    pub(crate) argument: usize,
}

/// What a request waits for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum WaitFor {
    /// This key's release.
    Key {
        /// Its database.
        db: usize,
        /// Its name.
        key: Bytes,
    },
    /// That no key of this database is frozen.
    Database(usize),
    /// That no key is frozen at all.
    AllDatabases,
}

/// Runs one request of the client in `ctx`, or queues it. If it waited before, `waited` is the
/// argument that it waited for.
pub(crate) fn execute(ctx: &mut Context<'_>, request: &Request, waited: Option<usize>) -> Answer {
    let command = match resolve(request) {
        Ok(command) => command,
        Err(_) if ["POST", "Host:"].iter().any(|word| is_name(word, request.arg(0))) => {
            return Answer::HangUp;
        }
        Err(error) => return Answer::Error(reject(ctx, error)),
    };
    if let Err(error) = check(ctx, command, request) {
        ctx.state.counters.count_rejection(command.id);
        if !command.is_exec() {
            return Answer::Error(reject(ctx, error));
        }
        ctx.end_transaction();
        tell_monitors(ctx, command, request, None);
        let line = [b"EXECABORT Transaction discarded because of: ", &error.into_text()[..]];
        return Answer::Error(CommandError::Line(line.concat()));
    }
    if !command.row.is(flags::UNQUEUED) && ctx.client().transaction.is_some() {
        queue(ctx, command, request);
        return Answer::Reply(Reply::Status("QUEUED"));
    }
    if let Some(wait) = waits_for(ctx, command, request, waited) {
        blocking::begin_timeout(ctx, command.row, request);
        return Answer::Park(wait);
    }
    match call(ctx, command.id, request) {
        Ok(reply) => Answer::Reply(reply),
        Err(error) => Answer::Error(error),
    }
}

/// Runs a command that nothing stands in the way of, or runs it again when a key has come that it
/// has waited for.
pub(crate) fn call(
    ctx: &mut Context<'_>,
    command: CommandId,
    request: &Request,
) -> Result<Reply, CommandError> {
    let Resolved { row, .. } = command.resolved();
    let client = ctx.client();
    client.last_command = Some(command);
    let (id, streamed) = (client.id, client.incoming.as_ref().map(|incoming| incoming.bytes));
    // A command that has waited for keys was counted when it began to.
    let may_block = row.is(flags::BLOCKING) && !ctx.in_transaction;
    let ran_for = may_block.then(|| ctx.state.blocked.ran_for(id)).flatten();
    let started_at = ctx.state.clock;
    let result = match row.run {
        Some(run) => run(ctx, request),
        None => Err(CommandError::Arity(command.full_name())),
    };
    ctx.state.hand_out_changes(ctx.keyspace, Some(id));
    if ctx.client().tracking.is_some() && row.is(flags::READONLY) {
        let uses = row.key_uses(request, ctx.client().db, 0).map(|it| request.arg(it.argument));
        ctx.state.remember_read(ctx.slot, &uses.collect::<Vec<_>>());
    }
    let time = ctx.state.read_clock() - started_at;
    match (&result, ran_for) {
        // It has come to its end when its commands have.
        (Ok(Reply::Transaction), _) => return result,
        (Ok(Reply::Blocked), _) => {
            ctx.state.blocked.add_run(id, time);
            match ran_for {
                None => ctx.state.counters.count_call(command, time, false),
                Some(_) => ctx.state.counters.count_time(command, time),
            }
        }
        (_, Some(ran_for)) => {
            ctx.state.counters.count_time(command, time);
            ctx.state.counters.count_failures(command, result.is_err());
            log_if_slow(ctx, command, request, streamed, ran_for + time);
        }
        // A command that is answered later is counted then.
        (Ok(Reply::Later), None) => {}
        (_, None) => {
            ctx.state.counters.count_call(command, time, result.is_err());
            log_if_slow(ctx, command, request, streamed, time);
        }
    }
    if ran_for.is_none() {
        tell_monitors(ctx, command.resolved(), request, streamed);
    }
    result
}

/// The transaction of an EXEC has come to its end after this time.
pub(crate) fn end_exec(ctx: &mut Context<'_>, request: &Request, time: Duration) {
    let command = find(multi::EXEC.name.as_bytes()).expect("it is in the table");
    ctx.state.counters.count_call(command.id, time, false);
    tell_monitors(ctx, command, request, None);
}

/// What may keep a request from being run or queued at all.
fn check(ctx: &mut Context<'_>, command: Resolved, request: &Request) -> Result<(), CommandError> {
    if !command.row.accepts(request.len()) {
        return Err(CommandError::Arity(command.full_name()));
    }
    if ctx.needs_login() && !command.row.is(flags::NO_AUTH) {
        return Err(CommandError::NotAuthenticated);
    }
    let in_transaction = ctx.client().transaction.is_some();
    if in_transaction && command.row.is(flags::NO_MULTI) {
        return Err(CommandError::err("Command not allowed inside a transaction"));
    }
    let subscribed = ctx.client().subscribed && ctx.protocol() == Protocol::Resp2;
    if subscribed && !command.row.is(flags::WHILE_SUBSCRIBED) {
        return Err(CommandError::Subscribed(command.full_name()));
    }
    if ctx.client().monitoring && command.row.is_any(flags::READONLY | flags::WRITE) {
        return Err(CommandError::err("Replica can't interact with the keyspace"));
    }
    Ok(())
}

/// A request was refused before it was run: no EXEC runs what is queued beside it.
fn reject(ctx: &mut Context<'_>, error: CommandError) -> CommandError {
    if let Some(transaction) = &mut ctx.client().transaction {
        transaction.aborted = true;
    }
    error
}

/// Queues a request, unless it is known by now that it is not going to be run.
fn queue(ctx: &mut Context<'_>, command: Resolved, request: &Request) {
    let client = ctx.client();
    client.last_command = Some(command.id);
    let transaction = client.transaction.as_mut().expect("who queues has a transaction");
    if !transaction.aborted && !client.is_watch_broken {
        transaction.push(command.id, request, client.incoming.take());
    }
}

fn tell_monitors(
    ctx: &mut Context<'_>,
    command: Resolved,
    request: &Request,
    streamed: Option<u64>,
) {
    if ctx.state.monitors.is_watched() && !command.row.is_any(flags::SKIP_MONITOR | flags::ADMIN) {
        let client = &ctx.state.clients[ctx.slot];
        let shown = Shown::new(command.id, request, streamed);
        ctx.state.monitors.tell(client.db, client.address, &shown);
    }
}

/// Begins to take a long argument of a request that is on its way, if its command wants to have it as
/// it arrives.
///
/// What is wrong with the request is told when it is run, in the order of that command's checks. What
/// is known by now spares taking the argument.
pub(crate) fn take_offer(ctx: &mut Context<'_>, offer: &Offer<'_>) -> Option<Incoming> {
    let mut args = offer.args();
    let (3, Some(name)) = (args.len(), args.next()) else { return None };
    let command = find(name).filter(|command| command.row.is(flags::STREAMS))?;
    let (key, ttl) = (args.next()?, args.next()?);
    let client = ctx.client();
    let is_aborted = client.is_watch_broken
        || client.transaction.as_ref().is_some_and(|transaction| transaction.aborted);
    let content = match (ctx.needs_login(), is_aborted) {
        (true, _) => Err(CommandError::NotAuthenticated),
        (false, true) => Err(CommandError::ExecAbort),
        (false, false) => restore::begin(ctx, key, ttl, offer),
    };
    Some(Incoming::new(command.id, offer.bulk_bytes(), content))
}

/// Logs a command that has come to its end after this time, of whose request an argument of
/// `streamed` bytes was taken as it arrived.
fn log_if_slow(
    ctx: &mut Context<'_>,
    command: CommandId,
    request: &Request,
    streamed: Option<u64>,
    time: Duration,
) {
    if !ctx.state.slow_log.takes(time) || command.resolved().row.is(flags::SKIP_SLOWLOG) {
        return;
    }
    let client = &ctx.state.clients[ctx.slot];
    let name = client.name.clone();
    let shown = Shown::new(command, request, streamed);
    ctx.state.slow_log.push(&shown, time, ctx.now.unix_ms, client.address, name);
}

/// A command or subcommand, by its place in [`Index::rows`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct CommandId(usize);

impl CommandId {
    /// Those of all commands and subcommands, in order.
    pub(crate) fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..INDEX.rows.len()).map(Self)
    }

    /// Its number, counted from 0.
    pub(crate) fn index(self) -> usize {
        self.0
    }

    /// `name`, or `container|name`.
    pub(crate) fn full_name(self) -> String {
        self.resolved().full_name()
    }

    fn resolved(self) -> Resolved {
        INDEX.rows[self.0]
    }
}

/// A row of the table, with the one that it is a subcommand of.
#[derive(Clone, Copy)]
struct Resolved {
    id: CommandId,
    container: Option<&'static Command>,
    row: &'static Command,
}

impl Resolved {
    fn is_exec(self) -> bool {
        std::ptr::eq(self.row, &multi::EXEC)
    }

    fn full_name(self) -> String {
        match self.container {
            Some(container) => format!("{}|{}", container.name, self.row.name),
            None => self.row.name.into(),
        }
    }

    fn subcommands(self) -> impl Iterator<Item = Self> {
        // They follow their container.
        let first = self.id.0 + 1;
        INDEX.rows[first..first + self.row.subcommands.len()].iter().copied()
    }
}

/// Every row of the table, subcommands included.
struct Index {
    rows: Vec<Resolved>,
    by_name: HashMap<Name, CommandId>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index { rows: Vec::new(), by_name: HashMap::default() };
    for &row in TABLE {
        let id = CommandId(index.rows.len());
        let name = Name::folded(row.name.as_bytes()).expect("the name is not too long");
        index.by_name.insert(name, id);
        index.rows.push(Resolved { id, container: None, row });
        for subcommand in row.subcommands {
            let id = CommandId(index.rows.len());
            index.rows.push(Resolved { id, container: Some(row), row: subcommand });
        }
    }
    index
});

/// Finds the command, and the subcommand.
fn resolve(request: &Request) -> Result<Resolved, CommandError> {
    let command = find(request.arg(0)).ok_or_else(|| unknown_command(request))?;
    match request.get(1) {
        Some(name) if !command.row.subcommands.is_empty() => {
            let subcommand = command.subcommands().find(|it| is_name(it.row.name, name));
            subcommand.ok_or_else(|| unknown_subcommand(command.row.name, name))
        }
        _ => Ok(command),
    }
}

/// The command called `name`, in any case.
fn find(name: &[u8]) -> Option<Resolved> {
    INDEX.by_name.get(&Name::folded(name)?).map(|id| id.resolved())
}

/// The name of a command in lower case, of a fixed length: such are hashed and compared without a
/// loop. What follows the text is 0, the last byte its length.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
struct Name([u8; NAME_BYTES_MAX + 1]);

impl Name {
    /// `None` if that is too long to be the name of a command.
    #[inline]
    fn folded(name: &[u8]) -> Option<Self> {
        let mut folded = [0; NAME_BYTES_MAX + 1];
        folded[..NAME_BYTES_MAX].get_mut(..name.len())?.copy_from_slice(name);
        folded.make_ascii_lowercase();
        folded[NAME_BYTES_MAX] = name.len() as u8;
        Some(Self(folded))
    }
}

/// Longer than the name of any command.
const NAME_BYTES_MAX: usize = 31;

/// Whether an argument is the word `word`, in any case.
pub(crate) fn is_name(word: &str, argument: &[u8]) -> bool {
    argument.eq_ignore_ascii_case(word.as_bytes())
}

/// What stands in the way of a request: of an EXEC, what does of any queued command.
fn waits_for(
    ctx: &mut Context<'_>,
    command: Resolved,
    request: &Request,
    waited: Option<usize>,
) -> Option<Wait> {
    let db = ctx.client().db;
    if !command.is_exec() {
        return waits_in(ctx.keyspace, db, command.row, request, waited);
    }
    if !ctx.keyspace.any_frozen() || ctx.is_watch_broken() {
        return None;
    }
    let transaction = ctx.state.clients[ctx.slot].transaction.as_ref()?;
    if transaction.aborted {
        return None;
    }
    multi::waits_for(ctx.keyspace, db, transaction, waited)
}

/// What stands in the way of a request that is run in this database.
fn waits_in(
    keyspace: &Keyspace,
    db: usize,
    command: &Command,
    request: &Request,
    waited: Option<usize>,
) -> Option<Wait> {
    let database = keyspace.database(db);
    let (target, argument) = match command.keys {
        Keys::None => return None,
        Keys::Database if database.frozen_len() > 0 => (WaitFor::Database(db), 0),
        Keys::AllDatabases if keyspace.any_frozen() => (WaitFor::AllDatabases, 0),
        Keys::Database | Keys::AllDatabases => return None,
        // Nearly always: which keys are named need not be found out.
        Keys::Specs(_) | Keys::Procedure { .. } if database.frozen_len() == 0 => return None,
        Keys::Uses { .. } if !keyspace.any_frozen() => return None,
        Keys::Uses { others, .. } if others_are_in_the_way(others(request), database) => {
            (WaitFor::Database(db), 0)
        }
        Keys::Uses { others, .. } if others(request) == Others::FrozenAnywhere => {
            (WaitFor::AllDatabases, 0)
        }
        _ => {
            let in_the_way = |first| {
                command.key_uses(request, db, first).find(|it| {
                    it.db < keyspace.database_count() && {
                        let database = keyspace.database(it.db);
                        database.waits_for([request.arg(it.argument)], it.access).is_some()
                    }
                })
            };
            // Keys before the one that was waited for may have been frozen since: they are looked
            // at again when no other is in the way.
            let found = waited.and_then(in_the_way).or_else(|| in_the_way(0))?;
            let key = Bytes::copy_from_slice(request.arg(found.argument));
            (WaitFor::Key { db: found.db, key }, found.argument)
        }
    };
    Some(Wait { target, argument })
}

fn others_are_in_the_way(others: Others, database: &Database) -> bool {
    match others {
        Others::InDoubt => database.any_in_doubt(),
        Others::Frozen => database.frozen_len() > 0,
        Others::None | Others::FrozenAnywhere => false,
    }
}

fn unknown_command(request: &Request) -> CommandError {
    let mut line = b"ERR unknown command '".to_vec();
    line.extend(&request.arg(0)[..request.arg(0).len().min(SHOWN_BYTES_MAX)]);
    line.extend(b"', with args beginning with: ");
    let start = line.len();
    for argument in request.iter().skip(1) {
        let left = SHOWN_BYTES_MAX.saturating_sub(line.len() - start);
        if left == 0 {
            break;
        }
        line.push(b'\'');
        line.extend(&argument[..argument.len().min(left)]);
        line.extend(b"' ");
    }
    CommandError::Line(line)
}

fn unknown_subcommand(container: &str, name: &[u8]) -> CommandError {
    let mut line = b"ERR unknown subcommand '".to_vec();
    line.extend(&name[..name.len().min(SHOWN_BYTES_MAX)]);
    line.extend(format!("'. Try {} HELP.", container.to_ascii_uppercase()).into_bytes());
    CommandError::Line(line)
}

/// The error of a subcommand that takes from and to so many arguments, and got another number.
fn wrong_subcommand(container: &str, name: &[u8]) -> CommandError {
    let mut line = b"ERR unknown subcommand or wrong number of arguments for '".to_vec();
    line.extend(&name[..name.len().min(SHOWN_BYTES_MAX)]);
    line.extend(format!("'. Try {} HELP.", container.to_ascii_uppercase()).into_bytes());
    CommandError::Line(line)
}

/// How much of what a client sent an error line shows, as in Redis.
const SHOWN_BYTES_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sound() {
        for command in &INDEX.rows {
            let (name, row) = (command.full_name(), command.row);
            assert_eq!(row.name, row.name.to_ascii_lowercase());
            assert_eq!(
                row.run.is_none(),
                name != "command" && !row.subcommands.is_empty(),
                "{name}"
            );
            assert!(command.container.is_none() || row.subcommands.is_empty(), "{name}");
            let is_shown = |category: &&str| row.acl_categories().any(|it| it[1..] == **category);
            assert!(row.categories.iter().all(is_shown), "{name} has a category that is not known");
            assert!(!row.docs.summary.is_empty(), "{name}");
            if let Err(error) = syntax::parse(row.docs.syntax) {
                panic!("{name}: {error}");
            }
        }
        assert_eq!(INDEX.by_name.len(), TABLE.len(), "a name is there twice");
    }
}
