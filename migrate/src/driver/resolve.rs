//! Name resolution off the loop, by a few threads: the system's resolver blocks.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// Looks up names on at most [`THREADS_MAX`] threads, and tells when an answer is there.
///
/// A thread is started when a name has to wait for one, and ends when it has had nothing to do for
/// [`IDLE_TIME_MAX`]. A name that is being looked up already is not looked up again: its askers
/// share the answer. Where the system's resolver hangs on a name, that name keeps a thread, and the
/// others go on with the rest.
#[derive(Debug)]
pub(super) struct Resolver {
    shared: Arc<Shared>,
}

/// The answer to one lookup.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Resolved {
    /// The number that the lookup was asked with.
    pub(super) ticket: u64,
    /// The addresses in the system's order; none if there is no such name.
    pub(super) addresses: Vec<SocketAddr>,
}

/// Tells the addresses of a name; none if there is no such name.
type Lookup = dyn Fn(&str) -> Vec<SocketAddr> + Send + Sync;

struct Shared {
    /// The system's resolver; the ports of its addresses mean nothing.
    lookup: Box<Lookup>,
    /// Told after an answer is there.
    notify: Box<dyn Fn() + Send + Sync>,
    idle_time_max: Duration,
    work: Mutex<Work>,
    /// Told when a name is queued, and at the end.
    queued: Condvar,
}

#[derive(Debug, Default)]
struct Work {
    /// Names that no thread has begun with, oldest first. All of them have an asker.
    queue: VecDeque<String>,
    /// Who waits for which name, queued or begun: ticket and port. A name that is begun stays
    /// here, without askers if they are gone, until its answer is there.
    askers: HashMap<String, Vec<(u64, u16)>>,
    answers: VecDeque<Resolved>,
    threads: usize,
    /// Threads that have nothing to do.
    idle: usize,
    /// The driver is gone.
    ended: bool,
}

impl Resolver {
    /// A resolver that calls `notify`, from another thread, when [`poll`](Self::poll) has an answer.
    pub(super) fn new(notify: impl Fn() + Send + Sync + 'static) -> Self {
        Self::looking_up(ask_system, notify, IDLE_TIME_MAX)
    }

    fn looking_up(
        lookup: impl Fn(&str) -> Vec<SocketAddr> + Send + Sync + 'static,
        notify: impl Fn() + Send + Sync + 'static,
        idle_time_max: Duration,
    ) -> Self {
        let shared = Shared {
            lookup: Box::new(lookup),
            notify: Box::new(notify),
            idle_time_max,
            work: Mutex::default(),
            queued: Condvar::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Asks for the addresses of `host`, a name or an address, the latter also in brackets as in
    /// URLs. Some at once if nobody has to be asked; otherwise [`poll`](Self::poll) will tell.
    pub(super) fn lookup(&self, ticket: u64, host: &str, port: u16) -> Option<Resolved> {
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = bracketed.unwrap_or(host);
        if let Ok(address) = host.parse::<IpAddr>() {
            return Some(Resolved { ticket, addresses: vec![SocketAddr::new(address, port)] });
        }
        let mut work = self.shared.lock();
        if let Some(askers) = work.askers.get_mut(host) {
            askers.push((ticket, port));
            return None;
        }
        if work.queue.len() >= work.idle && work.threads < THREADS_MAX {
            let shared = Arc::clone(&self.shared);
            match thread::Builder::new().name("resolve".into()).spawn(move || shared.run()) {
                Ok(_) => work.threads += 1,
                Err(error) => {
                    tracing::warn!(%error, "cannot start a thread to resolve a name");
                    if work.threads == 0 {
                        return Some(Resolved { ticket, addresses: Vec::new() });
                    }
                }
            }
        }
        work.askers.insert(host.to_owned(), vec![(ticket, port)]);
        work.queue.push_back(host.to_owned());
        self.shared.queued.notify_one();
        None
    }

    /// Nobody waits for the lookup with this number any more.
    pub(super) fn cancel(&self, ticket: u64) {
        let mut work = self.shared.lock();
        let Work { queue, askers, answers, .. } = &mut *work;
        answers.retain(|answer| answer.ticket != ticket);
        let asked = askers.iter_mut().find(|(_, of)| of.iter().any(|(asker, _)| *asker == ticket));
        let Some((name, of)) = asked else { return };
        of.retain(|(asker, _)| *asker != ticket);
        if of.is_empty()
            && let Some(place) = queue.iter().position(|queued| queued == name)
            && let Some(name) = queue.remove(place)
        {
            askers.remove(&name);
        }
    }

    /// Takes the next answer.
    pub(super) fn poll(&self) -> Option<Resolved> {
        self.shared.lock().answers.pop_front()
    }
}

impl Drop for Resolver {
    /// Ends the threads, each as soon as the system's resolver lets it.
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.queued.notify_all();
    }
}

impl Shared {
    /// The life of a thread.
    fn run(&self) {
        let mut work = self.lock();
        loop {
            work.idle += 1;
            let bored = |work: &mut Work| work.queue.is_empty() && !work.ended;
            let waited = self.queued.wait_timeout_while(work, self.idle_time_max, bored);
            work = waited.expect(UNPOISONED).0;
            work.idle -= 1;
            let Some(name) = work.queue.pop_front().filter(|_| !work.ended) else { break };
            drop(work);
            let addresses = (self.lookup)(&name);
            work = self.lock();
            let askers = work.askers.remove(&name).unwrap_or_default();
            if askers.is_empty() {
                continue;
            }
            work.answers.extend(askers.into_iter().map(|(ticket, port)| {
                let mut addresses = addresses.clone();
                addresses.iter_mut().for_each(|address| address.set_port(port));
                Resolved { ticket, addresses }
            }));
            drop(work);
            (self.notify)();
            work = self.lock();
        }
        work.threads -= 1;
    }

    fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().expect(UNPOISONED)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("work", &self.work).finish_non_exhaustive()
    }
}

/// What the system's resolver says.
fn ask_system(host: &str) -> Vec<SocketAddr> {
    (host, 0).to_socket_addrs().map(Iterator::collect).unwrap_or_default()
}

/// How many names are looked up at a time. Of those that hang, each keeps one thread for as long
/// as the system's resolver takes, half a minute by default where no server answers.
const THREADS_MAX: usize = 4;

/// How long a thread stays that has nothing to do.
const IDLE_TIME_MAX: Duration = Duration::from_secs(10);

const UNPOISONED: &str = "nothing panics while it holds the work";

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Instant;

    use super::*;

    /// A resolver of the test's own, at which names hang until they are let go.
    struct Rig {
        resolver: Resolver,
        /// The names that a thread has begun with.
        begun: Receiver<String>,
        notified: Receiver<()>,
        let_go: HashMap<&'static str, Sender<()>>,
    }

    impl Rig {
        fn new(hanging: &[&'static str], idle_time_max: Duration) -> Self {
            let (begin, begun) = channel();
            let (notify, notified) = channel();
            let mut held = HashMap::new();
            let mut let_go = HashMap::new();
            for name in hanging {
                let (sender, receiver) = channel::<()>();
                held.insert(*name, Mutex::new(receiver));
                let_go.insert(*name, sender);
            }
            let lookup = move |name: &str| {
                begin.send(name.to_owned()).unwrap();
                if let Some(held) = held.get(name) {
                    // Whether it is told or the rig is gone: either lets it go.
                    let _ = held.lock().unwrap().recv();
                }
                vec![([127, 0, 0, name.len() as u8], 0).into()]
            };
            let notify = move || notify.send(()).unwrap_or_default();
            let resolver = Resolver::looking_up(lookup, notify, idle_time_max);
            Self { resolver, begun, notified, let_go }
        }

        fn ask(&self, ticket: u64, name: &str) {
            assert_eq!(self.resolver.lookup(ticket, name, 7), None);
        }

        #[track_caller]
        fn begun(&self) -> String {
            self.begun.recv_timeout(PATIENCE).expect("a thread begins with a name")
        }

        #[track_caller]
        fn answered(&self) -> u64 {
            self.notified.recv_timeout(PATIENCE).expect("an answer is announced");
            self.resolver.poll().expect("it is there").ticket
        }
    }

    const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn addresses_need_no_lookup() {
        let rig = Rig::new(&[], IDLE_TIME_MAX);
        for (host, address) in [
            ("127.0.0.1", "127.0.0.1:7"),
            ("::1", "[::1]:7"),
            ("[::1]", "[::1]:7"),
            ("[127.0.0.1]", "127.0.0.1:7"),
        ] {
            let addresses = vec![address.parse().unwrap()];
            let known = Resolved { ticket: 3, addresses };
            assert_eq!(rig.resolver.lookup(3, host, 7), Some(known), "{host}");
        }
        assert_eq!(rig.resolver.shared.lock().threads, 0);
    }

    #[test]
    fn a_name_that_hangs_does_not_hold_the_others() {
        let rig = Rig::new(&["slow"], IDLE_TIME_MAX);
        rig.ask(0, "slow");
        assert_eq!(rig.begun(), "slow");
        for ticket in 1..20 {
            rig.ask(ticket, "quick");
            assert_eq!(rig.answered(), ticket);
        }
        rig.let_go["slow"].send(()).unwrap();
        assert_eq!(rig.answered(), 0);
        assert_eq!(rig.resolver.poll(), None);
    }

    #[test]
    fn askers_for_the_same_name_share_its_lookup() {
        let rig = Rig::new(&["same"], IDLE_TIME_MAX);
        assert_eq!(rig.resolver.lookup(1, "same", 1), None);
        assert_eq!(rig.begun(), "same");
        assert_eq!(rig.resolver.lookup(2, "same", 2), None);
        rig.let_go["same"].send(()).unwrap();
        rig.notified.recv_timeout(PATIENCE).unwrap();
        for number in [1, 2] {
            let addresses = vec![([127, 0, 0, 4], number).into()];
            let answer = Resolved { ticket: u64::from(number), addresses };
            assert_eq!(rig.resolver.poll(), Some(answer));
        }
        assert!(rig.begun.try_recv().is_err(), "it was looked up once");
    }

    #[test]
    fn names_queue_for_a_few_threads() {
        let hanging = ["a", "b", "c", "d"];
        let rig = Rig::new(&hanging, IDLE_TIME_MAX);
        assert_eq!(hanging.len(), THREADS_MAX);
        let mut begun = Vec::new();
        for (ticket, name) in hanging.iter().enumerate() {
            rig.ask(ticket as u64, name);
            begun.push(rig.begun());
        }
        begun.sort();
        assert_eq!(begun, hanging);
        for (ticket, name) in [(4, "gone"), (5, "waits"), (6, "gone"), (7, "waits")] {
            rig.ask(ticket, name);
        }
        assert_eq!(rig.resolver.shared.lock().threads, THREADS_MAX);
        // Whoever has given up is not looked up for; the others are.
        for ticket in [4, 6, 7] {
            rig.resolver.cancel(ticket);
        }
        rig.let_go["c"].send(()).unwrap();
        assert_eq!([rig.answered(), rig.answered()], [2, 5]);
        assert_eq!(rig.begun(), "waits");
        assert!(rig.begun.try_recv().is_err());
        // The answer for somebody who has given up while it was looked up is dropped.
        rig.resolver.cancel(0);
        rig.let_go["a"].send(()).unwrap();
        rig.let_go["b"].send(()).unwrap();
        assert_eq!(rig.answered(), 1);
    }

    #[test]
    fn threads_end_that_are_not_needed() {
        let rig = Rig::new(&[], Duration::ZERO);
        rig.ask(1, "name");
        assert_eq!(rig.answered(), 1);
        let start = Instant::now();
        while rig.resolver.shared.lock().threads > 0 {
            assert!(start.elapsed() < PATIENCE, "the thread stays");
            thread::yield_now();
        }
        rig.ask(2, "name");
        assert_eq!(rig.answered(), 2);

        let Rig { resolver, notified, begun: _begun, .. } =
            Rig::new(&[], Duration::from_secs(3600));
        assert_eq!(resolver.lookup(1, "name", 7), None);
        notified.recv_timeout(PATIENCE).unwrap();
        let shared = Arc::clone(&resolver.shared);
        drop(resolver);
        while shared.lock().threads > 0 {
            assert!(start.elapsed() < PATIENCE, "the thread outlives the resolver");
            thread::yield_now();
        }
    }
}
