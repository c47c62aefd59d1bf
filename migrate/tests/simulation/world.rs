//! The source, the target, the network, the clock, and what is checked.

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::time::{Duration, Instant};

use bytes::Bytes;
use keyspace::{AccessKind, Freeze};
use migrate::{Event, Failure, MigrateRequest, Now, Outcome, Settlement, SourceSession};

use crate::broken::Broken;
use crate::changes::Cause;
use crate::client::{self, held, readable};
use crate::dice::Dice;
use crate::history::History;
use crate::host::{Host, Side, Turn};
use crate::network::Link;
use crate::plan::{Fault, KEYS, Plan, key};
use crate::tally::Tally;
use crate::target::TargetServer;
use crate::value::{Tag, tagged, tagged_short};

pub(crate) struct World {
    source: Host,
    target: TargetServer,
    migrations: Vec<Migration>,
    links: Vec<Link>,
    history: History,
    dice: Dice,
    plan: Plan,
    now: Now,
    /// The target executes nothing until then.
    paused_until: Instant,
    /// No connection can be made until then.
    refused_until: Instant,
    /// Bytes that arrived at the target and at the source.
    arrived: (usize, usize),
    settled: bool,
}

struct Migration {
    session: SourceSession,
    link: Option<usize>,
    /// What its keys held when they were frozen, as long as they are, and what was given up early.
    frozen: BTreeMap<usize, Tag>,
    /// What became of the others.
    kept: BTreeMap<usize, Tag>,
    moved: usize,
    outcome: Option<Outcome>,
}

impl World {
    pub(crate) fn new(seed: u64, plan: Plan) -> Self {
        let now = Now { instant: Instant::now(), unix_ms: 1_700_000_000_000 };
        let mut world = Self {
            source: Host::new(Side::Source, plan.broken),
            target: TargetServer::new(plan.broken),
            migrations: Vec::new(),
            links: Vec::new(),
            history: History::default(),
            dice: Dice::new(seed),
            now,
            paused_until: now.instant,
            refused_until: now.instant,
            arrived: (0, 0),
            settled: false,
            plan,
        };
        world.target.kills_nobody = world.plan.broken == Some(Broken::LeavesOldConnectionsAlive);
        world.target.keeps_quiet = world.plan.keeps_quiet;
        for keys in std::mem::take(&mut world.plan.migrations) {
            let names: Vec<Bytes> = keys.into_iter().map(key).collect();
            let maybe_there = names.iter().filter(|_| world.plan.doubts).cloned().collect();
            let mut request = MigrateRequest::new(0, 0, IDLE_TIMEOUT, names);
            request.settle = world.plan.settle;
            request.maybe_there = maybe_there;
            request.copy = world.plan.copy;
            request.replace = world.plan.replace;
            world.migrations.push(Migration {
                session: SourceSession::new(request, "source".into(), None, now),
                link: None,
                frozen: BTreeMap::new(),
                kept: BTreeMap::new(),
                moved: 0,
                outcome: None,
            });
        }
        world
    }

    /// Runs until every migration has ended and everything on its way has come to rest.
    pub(crate) fn run(&mut self) -> Result<(), String> {
        self.fill()?;
        for _ in 0..STEPS_MAX {
            let moved = self.step()?;
            self.each_host(Host::go_on)?;
            self.check()?;
            if moved {
                continue;
            }
            if !self.wait()? {
                return self.each_host(Host::finish);
            }
        }
        Err("the migrations do not come to an end".into())
    }

    /// Writes the first keys, which are watched on both sides until the end. One is waited for at the
    /// target.
    fn fill(&mut self) -> Result<(), String> {
        let Self { source, target, history, dice, plan, now, .. } = self;
        let target = &mut target.host;
        for number in 0..KEYS {
            let key = key(number);
            let expire_at_ms = (number % 2 == 1).then_some(now.unix_ms + 1_000_000);
            let tag = history.write(&key, None, expire_at_ms);
            let value = match plan.small_values {
                true => tagged_short(tag, number == AWAITED),
                false => tagged(tag, dice),
            };
            if plan.doubts && dice.one_in(2) {
                target.put(&key, value.clone(), expire_at_ms, Cause::Written)?;
                history.excused.insert(tag);
                history.stored.insert(tag);
            }
            source.put(&key, value, expire_at_ms, Cause::Written)?;
            if plan.busy && dice.one_in(2) {
                history.overwrite(held(&target.keyspace, &key, 0));
                let tag = history.write(&key, None, None);
                target.put(&key, tagged(tag, dice), None, Cause::Written)?;
            }
        }
        self.each_host(Host::go_on)?;
        for host in [&mut self.source, &mut self.target.host] {
            (0..KEYS).for_each(|number| host.open([key(number)], Vec::new(), self.now.unix_ms));
        }
        self.target.host.block(vec![key(AWAITED)]);
        Ok(())
    }

    fn each_host(
        &mut self,
        act: impl Fn(&mut Host, &mut Turn<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        let Self { source, target, history, dice, now, .. } = self;
        let turn = &mut Turn { history, dice, now_ms: now.unix_ms };
        act(source, turn)?;
        act(&mut target.host, turn)
    }

    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        self.migrations.iter().filter_map(|migration| migration.outcome.clone()).collect()
    }

    /// Bytes that arrived at the target and at the source.
    pub(crate) fn traffic(&self) -> (usize, usize) {
        self.arrived
    }

    /// What was seen on both sides.
    pub(crate) fn tally(&self) -> Tally {
        let mut tally = self.source.tally.clone();
        tally += &self.target.host.tally;
        tally
    }

    /// Whether an ambiguous end was settled one way or the other.
    pub(crate) fn settled_any(&self) -> bool {
        self.settled
    }

    /// Moves something, in an order that chance decides. False if nothing can move.
    fn step(&mut self) -> Result<bool, String> {
        if self.plan.faults > 0 && self.dice.one_in(40) {
            self.plan.faults -= 1;
            self.fail_somehow();
        }
        if self.plan.faults > 0 && self.dice.one_in(30) {
            let ms = self.dice.below(30) as u64;
            self.pass(Duration::from_millis(ms));
        }
        let all = self.migrations.len() + 3 * self.links.len() + CLIENTS;
        let first = self.dice.below(all);
        for turn in 0..all {
            let number = (first + turn) % all;
            if self.act(number)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn act(&mut self, mut number: usize) -> Result<bool, String> {
        if number < self.migrations.len() {
            return self.pump(number);
        }
        number -= self.migrations.len();
        if number < 3 * self.links.len() {
            let link = number / 3;
            return match number % 3 {
                0 => self.reach_target(link),
                1 => self.execute(link),
                _ => self.reach_source(link),
            };
        }
        // Clients do not keep a world alive in which nothing else happens.
        if self.plan.clients {
            let Self { source, target, history, dice, now, .. } = self;
            let host = if dice.one_in(2) { source } else { &mut target.host };
            let turn = &mut Turn { history, dice, now_ms: now.unix_ms };
            client::act(host, turn)?;
            host.go_on(turn)?;
        }
        Ok(false)
    }

    /// Lets one migration do what it can without news.
    fn pump(&mut self, index: usize) -> Result<bool, String> {
        let mut moved = false;
        while let Some(event) = self.migrations[index].session.poll_event() {
            self.handle_event(index, event)?;
            moved = true;
        }
        let now = self.now;
        let Migration { session, frozen, kept, outcome, link, .. } = &mut self.migrations[index];
        if outcome.is_some() || moved {
            return Ok(moved);
        }
        if session.has_work() {
            session.work(now);
            return Ok(true);
        }
        if let Some(wanted) = session.wanted_key() {
            let key = session.key(wanted).clone();
            match self.source.keyspace.database_mut(0).freeze(&key, now.unix_ms) {
                Freeze::Frozen(found) => {
                    let tag = crate::value::tag_of(found.value.view());
                    self.history.send(tag, session.request().copy);
                    frozen.insert(wanted, tag);
                    kept.remove(&wanted);
                    session.handle_frozen(now, found);
                    return Ok(true);
                }
                Freeze::Missing => {
                    session.handle_missing();
                    return Ok(true);
                }
                Freeze::Busy => {}
            }
        }
        let Some(link) = link.and_then(|link| self.links.get_mut(link)) else { return Ok(false) };
        let mut slices = [IoSlice::new(&[]); 8];
        let count = session.transmit_slices(&mut slices);
        let mut bytes: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
        let piece = piece(&self.plan, &mut self.dice, bytes.len());
        bytes.truncate(piece.min(link.room()));
        if bytes.is_empty() || link.source_gone || link.ended {
            return Ok(false);
        }
        session.handle_transmitted(now, bytes.len());
        link.to_target.extend(bytes);
        Ok(true)
    }

    fn handle_event(&mut self, index: usize, event: Event) -> Result<(), String> {
        let migration = &mut self.migrations[index];
        let copy = migration.session.request().copy;
        match event {
            Event::Connect => self.connect(index),
            Event::InDoubt(key) => {
                if let Some(tag) = migration.frozen.get(&key) {
                    self.history.suspect(*tag);
                }
                if self.plan.broken == Some(Broken::DeletesBeforeTheReply) {
                    migration.frozen.remove(&key);
                }
                self.source.park_reads(migration.session.key(key))?;
            }
            Event::Moved(key) => {
                migration.moved += 1;
                let Some(tag) = migration.frozen.remove(&key) else {
                    return self.released_again(index, key);
                };
                self.history.land(tag);
                let is_past = self.history.is_past(tag, self.now.unix_ms);
                if !(is_past || self.history.stored.contains(&tag)) {
                    return Err(format!("value {tag} is given up, and was never stored"));
                }
                self.source.give_up(migration.session.key(key))?;
            }
            Event::Settled(key, settlement) => {
                self.settled |= settlement != Settlement::Unknown;
                if let (Settlement::Unknown, Some(tag)) = (settlement, migration.frozen.get(&key)) {
                    self.history.doubt(*tag);
                }
            }
            Event::Thaw(key) => {
                let Some(tag) = migration.frozen.remove(&key) else {
                    return self.released_again(index, key);
                };
                self.source.thaw(migration.session.key(key), self.now.unix_ms)?;
                self.history.land(tag);
                let is_past = self.history.is_past(tag, self.now.unix_ms);
                let is_there = is_past || self.history.stored.contains(&tag);
                match copy {
                    true => migration.moved += usize::from(is_there),
                    false => drop(migration.kept.insert(key, tag)),
                }
            }
            Event::Finished(outcome) => {
                if let Some(link) = migration.link.take() {
                    self.links[link].source_gone = true;
                }
                if !migration.frozen.is_empty() {
                    return Err("a key is frozen after the end".into());
                }
                for (index, tag) in std::mem::take(&mut migration.kept) {
                    let (key, now_ms) = (migration.session.key(index), self.now.unix_ms);
                    let database = self.source.keyspace.database(0);
                    let is_free = database.waits_for([&key[..]], AccessKind::Write).is_none();
                    // Another migration may have taken it meanwhile.
                    if is_free && held(&self.source.keyspace, key, now_ms) == Some(tag) {
                        let there = held(&self.target.host.keyspace, key, now_ms);
                        self.history.keep(tag, there == Some(tag))?;
                        if outcome == Outcome::NoKey {
                            return Err(format!("NOKEY is told, and value {tag} is still here"));
                        }
                    }
                }
                if outcome == Outcome::Moved && migration.moved == 0 {
                    return Err("OK is told, and nothing has moved".into());
                }
                migration.outcome = Some(outcome);
            }
        }
        Ok(())
    }

    /// A key is released that is not frozen: only one that was deleted before the reply.
    fn released_again(&self, index: usize, key: usize) -> Result<(), String> {
        match self.plan.broken {
            Some(Broken::DeletesBeforeTheReply) => Ok(()),
            _ => {
                let key = self.migrations[index].session.key(key);
                Err(format!("{key:?} is released, and was not frozen"))
            }
        }
    }

    fn connect(&mut self, index: usize) {
        let migration = &mut self.migrations[index];
        if let Some(old) = migration.link.take() {
            self.links[old].source_gone = true;
            migration.frozen.values().for_each(|tag| self.history.lose_reply(*tag));
        }
        if self.now.instant < self.refused_until {
            migration.session.handle_connect_failed(self.now, Failure::Writing);
            return;
        }
        let link = self.target.accept();
        self.links.push(Link::default());
        migration.link = Some(link);
        migration.session.handle_connected(self.now);
    }

    fn reach_target(&mut self, link: usize) -> Result<bool, String> {
        if self.links[link].late_until.is_some_and(|until| self.now.instant < until) {
            return Ok(false);
        }
        let mut bytes_max = piece(&self.plan, &mut self.dice, self.links[link].to_target.len());
        if let Some((fault, at)) = self.plan.fault
            && !fault.counts_replies()
        {
            if at <= self.arrived.0 {
                self.plan.fault = None;
                self.happen(fault, link);
                return Ok(true);
            }
            bytes_max = bytes_max.min(at - self.arrived.0);
        }
        let bytes = self.links[link].arrive_at_target(bytes_max);
        self.arrived.0 += bytes.len();
        self.target.receive(link, &bytes);
        Ok(!bytes.is_empty())
    }

    fn execute(&mut self, link: usize) -> Result<bool, String> {
        if self.now.instant < self.paused_until {
            return Ok(false);
        }
        let Self { history, dice, now, .. } = self;
        let turn = &mut Turn { history, dice, now_ms: now.unix_ms };
        let executed = self.target.execute(link, turn)?;
        let replies = self.target.replies(link);
        let connection = &mut self.links[link];
        if !(connection.source_gone || connection.ended) {
            connection.to_source.extend(replies);
        }
        if self.target.is_dead(link) && !connection.ended {
            connection.end();
        }
        Ok(executed)
    }

    fn reach_source(&mut self, link: usize) -> Result<bool, String> {
        let ours = |migration: &&mut Migration| migration.link == Some(link);
        let Some(migration) = self.migrations.iter_mut().find(ours) else { return Ok(false) };
        let connection = &mut self.links[link];
        let mut bytes_max = piece(&self.plan, &mut self.dice, connection.to_source.len());
        let fault = self.plan.fault.filter(|(fault, _)| fault.counts_replies());
        if let Some((fault, at)) = fault {
            if at == self.arrived.1 && !connection.to_source.is_empty() {
                self.plan.fault = None;
                self.happen(fault, link);
                return Ok(true);
            }
            bytes_max = bytes_max.min(at.saturating_sub(self.arrived.1));
        }
        let bytes = connection.arrive_at_source(bytes_max);
        if bytes.is_empty() {
            if !connection.ended || connection.source_gone || !connection.to_source.is_empty() {
                return Ok(false);
            }
            connection.source_gone = true;
            migration.session.handle_closed(self.now);
            return Ok(true);
        }
        self.arrived.1 += bytes.len();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let space = migration.session.read_space();
            let n = space.len().min(rest.len());
            space[..n].copy_from_slice(&rest[..n]);
            migration.session.handle_received(self.now, n);
            rest = &rest[n..];
        }
        Ok(true)
    }

    /// A fault comes to pass on a connection.
    fn happen(&mut self, fault: Fault, link: usize) {
        let connection = &mut self.links[link];
        match fault {
            Fault::RequestsCut | Fault::RepliesCut => connection.end(),
            Fault::RequestsLate => {
                let ms = *self.dice.pick(&[1, 100, 400, 2000]);
                connection.end_late(Some(self.now.instant + Duration::from_millis(ms)));
            }
            Fault::RequestsSilent | Fault::RepliesSilent => connection.silent = true,
            Fault::ReplyDamaged => {
                if let Some(byte) = connection.to_source.front_mut() {
                    *byte ^= 0x80;
                }
            }
            Fault::TargetKilled => {
                self.target.restart();
                let timeout = *self.dice.pick(&[IDLE_TIMEOUT / 5, 2 * IDLE_TIMEOUT]);
                self.refused_until = self.now.instant + timeout;
                self.links.iter_mut().for_each(|link| link.end());
            }
        }
    }

    fn fail_somehow(&mut self) {
        if self.dice.one_in(6) {
            let ms = self.dice.below(1000) as u64;
            self.paused_until = self.now.instant + Duration::from_millis(ms);
        } else if !self.links.is_empty() {
            let link = self.dice.below(self.links.len());
            let fault = *self.dice.pick(&Fault::ALL);
            self.happen(fault, link);
        }
    }

    /// Nothing moves: time passes until something is due. False if everything has come to rest.
    fn wait(&mut self) -> Result<bool, String> {
        let Self { migrations, links, now, .. } = self;
        let sessions = migrations.iter().filter_map(|migration| migration.session.poll_timeout());
        let late = links.iter().filter_map(Link::late_arrival);
        let due = sessions.chain(late.chain([self.paused_until]).filter(|at| *at > now.instant));
        match due.min() {
            Some(next) => {
                let time = next.saturating_duration_since(now.instant);
                self.pass(time);
                Ok(true)
            }
            None if migrations.iter().all(|migration| migration.outcome.is_some()) => Ok(false),
            None => Err("nothing moves, and nothing is waited for".into()),
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now.instant += time;
        self.now.unix_ms += time.as_millis() as i64;
        for migration in &mut self.migrations {
            if migration.outcome.is_none() {
                migration.session.handle_timeout(self.now);
            }
        }
    }

    fn check(&self) -> Result<(), String> {
        let now_ms = self.now.unix_ms;
        for (tag, key) in &self.history.live {
            let here = held(&self.source.keyspace, key, now_ms) == Some(*tag);
            let there = held(&self.target.host.keyspace, key, now_ms) == Some(*tag);
            if !(here || there || self.history.is_past(*tag, now_ms)) {
                return Err(format!("value {tag} of {key:?} is lost"));
            }
            if here
                && there
                && !self.history.excused.contains(tag)
                && readable(&self.source.keyspace, key, now_ms).is_some()
            {
                return Err(format!("value {tag} of {key:?} can be read on both sides"));
            }
        }
        Ok(())
    }
}

/// How many bytes of so many move at a time.
fn piece(plan: &Plan, dice: &mut Dice, len: usize) -> usize {
    match plan.piece_bytes {
        0 if len == 0 => 0,
        0 if dice.one_in(3) => 1 + dice.below(len),
        0 => len,
        bytes => bytes.min(len),
    }
}

/// The key that is waited for from the beginning.
const AWAITED: usize = 1;

/// Clients that act at a time.
const CLIENTS: usize = 2;

const IDLE_TIMEOUT: Duration = Duration::from_millis(500);

const STEPS_MAX: usize = 500_000;
