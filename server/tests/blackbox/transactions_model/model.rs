//! What the servers are expected to do, in plain collections.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::steps::{CLIENTS, Step};
use crate::support::Reply;

/// The text in the payload that RESTORE brings.
pub(super) const RESTORED: &str = "restored";

/// Two databases and the clients.
#[derive(Default)]
pub(super) struct Model {
    databases: [BTreeMap<String, Entry>; 2],
    clients: [Client; CLIENTS + 1],
    /// RESTORE with REPLACE has come upon a key that was past already when somebody began to watch it.
    /// Redis 7.0 takes it away without a look at its time, and leaves the watches of it as they are.
    pub(super) redis_overlooks_a_watch: bool,
}

#[derive(Clone)]
struct Entry {
    value: Value,
    expiry: Expiry,
}

#[derive(Clone)]
enum Value {
    Text(String),
    List(VecDeque<String>),
    Set(BTreeSet<String>),
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Expiry {
    Never,
    FarAway,
    /// The key is there until somebody comes upon it.
    Past,
}

#[derive(Default)]
struct Client {
    db: usize,
    transaction: Option<Transaction>,
    /// By database and name, whether the key was past when the client began to watch it, and is still.
    watched: BTreeMap<(usize, String), bool>,
    /// A watched key has changed. The client watches nothing any more.
    is_watch_broken: bool,
}

#[derive(Default)]
struct Transaction {
    queued: Vec<String>,
    aborted: bool,
}

impl Model {
    /// What a step is answered with.
    pub(super) fn replies(&mut self, step: &Step) -> Vec<Reply> {
        match step {
            Step::Send(client, line) => vec![self.reply(*client, line)],
            Step::WatchUntilPast(client, key) => {
                let lives = self.find(0, key).is_some();
                if lives {
                    self.touch(0, key);
                }
                let watched = self.reply(*client, &format!("WATCH {key}"));
                if let Some(entry) = self.databases[0].get_mut(*key) {
                    entry.expiry = Expiry::Past;
                }
                vec![Reply::Integer(lives.into()), watched]
            }
        }
    }

    fn reply(&mut self, client: usize, line: &str) -> Reply {
        let words: Vec<&str> = line.split(' ').collect();
        let session = &mut self.clients[client];
        match (&words[..], &mut session.transaction) {
            (["QUIT"], _) => {
                *session = Client::default();
                Reply::ok()
            }
            (["RESET"], _) => {
                *session = Client::default();
                Reply::status("RESET")
            }
            (["EXEC", "x"], _) => {
                session.end_transaction();
                let refused = refusal(&words).expect("it has an argument too many");
                Reply::error(&format!("EXECABORT Transaction discarded because of: {refused}"))
            }
            (["MULTI"], Some(_)) => Reply::error("ERR MULTI calls can not be nested"),
            (["WATCH", ..], Some(_)) => Reply::error("ERR WATCH inside MULTI is not allowed"),
            (["EXEC"], Some(_)) => self.exec(client),
            (["DISCARD"], Some(_)) => {
                session.end_transaction();
                Reply::ok()
            }
            (["MULTI"], none @ None) => {
                *none = Some(Transaction::default());
                Reply::ok()
            }
            ([name @ ("EXEC" | "DISCARD")], None) => {
                Reply::error(&format!("ERR {name} without MULTI"))
            }
            (["WATCH", keys @ ..], None) => {
                // Who is not going to run a transaction need not watch.
                for key in keys.iter().filter(|_| !session.is_watch_broken) {
                    let entry = self.databases[session.db].get(*key);
                    let is_past = entry.is_some_and(|entry| entry.expiry == Expiry::Past);
                    session.watched.entry((session.db, (*key).into())).or_insert(is_past);
                }
                Reply::ok()
            }
            (words, Some(transaction)) => match refusal(words) {
                Some(refused) => {
                    transaction.aborted = true;
                    Reply::error(&format!("ERR {refused}"))
                }
                None => {
                    transaction.queued.push(line.into());
                    Reply::status("QUEUED")
                }
            },
            (words, None) => match refusal(words) {
                Some(refused) => Reply::error(&format!("ERR {refused}")),
                None => self.run(client, words),
            },
        }
    }

    /// Runs all that is queued, or nothing.
    fn exec(&mut self, client: usize) -> Reply {
        let is_past = |(db, key): &(usize, String)| {
            self.databases[*db].get(key).is_some_and(|entry| entry.expiry == Expiry::Past)
        };
        let session = &mut self.clients[client];
        let has_expired = session.watched.iter().any(|(key, was_past)| !was_past && is_past(key));
        let is_watch_broken = session.is_watch_broken || has_expired;
        let transaction = session.end_transaction();
        if transaction.aborted {
            return Reply::error("EXECABORT Transaction discarded because of previous errors.");
        }
        if is_watch_broken {
            return Reply::Nil;
        }
        let run = |line: String| self.run(client, &line.split(' ').collect::<Vec<_>>());
        Reply::Array(transaction.queued.into_iter().map(run).collect())
    }

    fn run(&mut self, client: usize, words: &[&str]) -> Reply {
        let db = self.clients[client].db;
        let integer = |number: usize| Reply::Integer(number as i64);
        let wrong_type =
            || Reply::error("WRONGTYPE Operation against a key holding the wrong kind of value");
        match *words {
            ["PING"] => Reply::status("PONG"),
            ["UNWATCH"] => {
                self.clients[client].unwatch();
                Reply::ok()
            }
            ["SELECT", "99"] => Reply::error("ERR DB index is out of range"),
            ["SELECT", db] => {
                self.clients[client].db = usize::from(db == "1");
                Reply::ok()
            }
            ["FLUSHDB"] => {
                self.replace_database(db, BTreeMap::new());
                Reply::ok()
            }
            ["SWAPDB", "0", "1"] => {
                let other = self.databases[1].clone();
                let swapped = self.replace_database(0, other);
                self.replace_database(1, swapped);
                Reply::ok()
            }
            ["GET", key] => match self.find(db, key).map(|entry| &entry.value) {
                None => Reply::Nil,
                Some(Value::Text(text)) => Reply::bulk(text),
                Some(_) => wrong_type(),
            },
            ["EXISTS", key] => integer(self.find(db, key).is_some().into()),
            ["PEXPIRETIME", key] => Reply::Integer(match self.find(db, key) {
                None => -2,
                Some(Entry { expiry: Expiry::FarAway, .. }) => 4_102_444_800_000,
                Some(_) => -1,
            }),
            ["SET", key, value, ref time @ ..] => {
                self.find(db, key);
                let expiry = match time {
                    [] => Expiry::Never,
                    ["PXAT", "1"] => Expiry::Past,
                    _ => Expiry::FarAway,
                };
                self.put(db, key, Entry { value: Value::Text(value.into()), expiry });
                Reply::ok()
            }
            ["APPEND", key, value] => {
                let new = || Value::Text(String::new());
                let Value::Text(text) = self.find_or(db, key, new) else { return wrong_type() };
                text.push_str(value);
                let len = text.len();
                self.touch(db, key);
                integer(len)
            }
            ["INCR", key] => {
                let new = || Value::Text("0".into());
                let Value::Text(text) = self.find_or(db, key, new) else { return wrong_type() };
                let Ok(number) = text.parse::<i64>() else {
                    return Reply::error("ERR value is not an integer or out of range");
                };
                *text = (number + 1).to_string();
                self.touch(db, key);
                Reply::Integer(number + 1)
            }
            ["RPUSH", key, value] => {
                let new = || Value::List(VecDeque::new());
                let Value::List(list) = self.find_or(db, key, new) else { return wrong_type() };
                list.push_back(value.into());
                let len = list.len();
                self.touch(db, key);
                integer(len)
            }
            ["LPOP", key] => {
                let Some(entry) = self.find(db, key) else { return Reply::Nil };
                let Value::List(list) = &mut entry.value else { return wrong_type() };
                let popped = list.pop_front().expect("no list is empty");
                if list.is_empty() {
                    self.databases[db].remove(key);
                }
                self.touch(db, key);
                Reply::bulk(popped)
            }
            ["LLEN", key] => match self.find(db, key).map(|entry| &entry.value) {
                None => integer(0),
                Some(Value::List(list)) => integer(list.len()),
                Some(_) => wrong_type(),
            },
            ["LRANGE", key, "0", "-1"] => match self.find(db, key).map(|entry| &entry.value) {
                None => Reply::Array(Vec::new()),
                Some(Value::List(list)) => Reply::Array(list.iter().map(Reply::bulk).collect()),
                Some(_) => wrong_type(),
            },
            ["SADD", key, member] => {
                let new = || Value::Set(BTreeSet::new());
                let Value::Set(set) = self.find_or(db, key, new) else { return wrong_type() };
                let is_new = set.insert(member.into());
                if is_new {
                    self.touch(db, key);
                }
                integer(is_new.into())
            }
            ["SREM", key, member] => {
                let Some(entry) = self.find(db, key) else { return integer(0) };
                let Value::Set(set) = &mut entry.value else { return wrong_type() };
                let was_there = set.remove(member);
                if set.is_empty() {
                    self.databases[db].remove(key);
                }
                if was_there {
                    self.touch(db, key);
                }
                integer(was_there.into())
            }
            ["SMISMEMBER", key, ref members @ ..] => {
                let set = match self.find(db, key).map(|entry| &entry.value) {
                    None => &BTreeSet::new(),
                    Some(Value::Set(set)) => set,
                    Some(_) => return wrong_type(),
                };
                let is_there = |member: &&str| integer(set.contains(*member).into());
                Reply::Array(members.iter().map(is_there).collect())
            }
            ["DEL", key] => {
                let was_there = self.find(db, key).is_some();
                self.remove(db, key);
                integer(was_there.into())
            }
            ["PERSIST", key] => match self.find(db, key) {
                Some(entry) if entry.expiry == Expiry::FarAway => {
                    entry.expiry = Expiry::Never;
                    self.touch(db, key);
                    integer(1)
                }
                _ => integer(0),
            },
            ["PEXPIREAT", key, time] => {
                let Some(entry) = self.find(db, key) else { return integer(0) };
                if time == "1" {
                    self.remove(db, key);
                } else {
                    entry.expiry = Expiry::FarAway;
                    self.touch(db, key);
                }
                integer(1)
            }
            ["RENAME", key, name] => {
                let Some(entry) = self.find(db, key).cloned() else {
                    return Reply::error("ERR no such key");
                };
                if key != name {
                    self.remove(db, key);
                    self.find(db, name);
                    self.put(db, name, entry);
                }
                Reply::ok()
            }
            ["COPY", key, copy, ..] if key == copy => {
                Reply::error("ERR source and destination objects are the same")
            }
            ["COPY", key, copy, ref replace @ ..] => {
                let Some(entry) = self.find(db, key).cloned() else { return integer(0) };
                if self.find(db, copy).is_some() && replace.is_empty() {
                    return integer(0);
                }
                self.put(db, copy, entry);
                integer(1)
            }
            ["RESTORE", key, time, payload, ref options @ ..] => {
                // Only without REPLACE is it looked whether there is a key before the payload is.
                if options.is_empty() && self.find(db, key).is_some() {
                    return Reply::error("BUSYKEY Target key name already exists.");
                }
                if payload == "broken" {
                    return Reply::error("ERR DUMP payload version or checksum are wrong");
                }
                let is_watched =
                    |client: &Client| client.watched.get(&(db, key.into())) == Some(&true);
                self.redis_overlooks_a_watch |= self.clients.iter().any(is_watched);
                self.find(db, key);
                let value = Value::Text(RESTORED.into());
                match time {
                    "0" => self.put(db, key, Entry { value, expiry: Expiry::Never }),
                    "1" => self.remove(db, key),
                    _ => self.put(db, key, Entry { value, expiry: Expiry::FarAway }),
                }
                Reply::ok()
            }
            _ => panic!("not a command of the model: {words:?}"),
        }
    }

    /// A key that somebody comes upon: if its time is up it goes.
    fn find(&mut self, db: usize, key: &str) -> Option<&mut Entry> {
        let is_past = self.databases[db].get(key)?.expiry == Expiry::Past;
        if is_past {
            self.databases[db].remove(key);
            for client in &mut self.clients {
                match client.watched.get_mut(&(db, key.to_owned())) {
                    Some(was_past @ true) => *was_past = false,
                    Some(false) => client.break_watch(),
                    None => {}
                }
            }
        }
        self.databases[db].get_mut(key)
    }

    /// The value of a key, which is made if there is none.
    fn find_or(&mut self, db: usize, key: &str, new: impl Fn() -> Value) -> &mut Value {
        self.find(db, key);
        let entry = || Entry { value: new(), expiry: Expiry::Never };
        &mut self.databases[db].entry(key.into()).or_insert_with(entry).value
    }

    fn put(&mut self, db: usize, key: &str, entry: Entry) {
        self.databases[db].insert(key.into(), entry);
        self.touch(db, key);
    }

    /// Removes a key, if there is one.
    fn remove(&mut self, db: usize, key: &str) {
        if self.databases[db].remove(key).is_some() {
            self.touch(db, key);
        }
    }

    /// A key has changed: nobody who watches it runs a transaction.
    fn touch(&mut self, db: usize, key: &str) {
        for client in &mut self.clients {
            if client.watched.contains_key(&(db, key.to_owned())) {
                client.break_watch();
            }
        }
    }

    /// Gives a database other keys. It breaks no watch if a key was not there or past and is so
    /// after it.
    fn replace_database(
        &mut self,
        db: usize,
        keys: BTreeMap<String, Entry>,
    ) -> BTreeMap<String, Entry> {
        let before = std::mem::replace(&mut self.databases[db], keys);
        for client in &mut self.clients {
            let mut is_broken = false;
            for ((_, key), was_past) in client.watched.iter_mut().filter(|((of, _), _)| *of == db) {
                let was_absent = *was_past || !before.contains_key(key);
                match self.databases[db].get(key).map(|entry| entry.expiry) {
                    None if was_absent => *was_past = false,
                    Some(Expiry::Past) if was_absent => *was_past = true,
                    _ => is_broken = true,
                }
            }
            if is_broken {
                client.break_watch();
            }
        }
        before
    }
}

impl Client {
    fn unwatch(&mut self) {
        self.watched.clear();
        self.is_watch_broken = false;
    }

    fn break_watch(&mut self) {
        self.watched.clear();
        self.is_watch_broken = true;
    }

    /// What was queued is taken out, and nothing watched any more.
    fn end_transaction(&mut self) -> Transaction {
        self.unwatch();
        self.transaction.take().unwrap_or_default()
    }
}

/// Why a command is refused before it is run or queued.
fn refusal(words: &[&str]) -> Option<String> {
    match *words {
        ["NOSUCH"] => Some("unknown command 'NOSUCH', with args beginning with: ".into()),
        ["GET"] | ["SET", _] | ["EXEC" | "DISCARD" | "UNWATCH", _] => {
            let name = words[0].to_lowercase();
            Some(format!("wrong number of arguments for '{name}' command"))
        }
        _ => None,
    }
}
