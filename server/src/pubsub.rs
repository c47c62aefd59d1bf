//! Who is subscribed to what, and what becomes of a message that is published.

use std::collections::BTreeSet;

use bytes::Bytes;
use foldhash::HashMap;

use crate::commands::Reply;
use crate::glob;
use crate::park::Parked;
use crate::state::State;

/// What a client can be subscribed to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A channel, by its name.
    Channel,
    /// All channels whose names match a pattern.
    Pattern,
    /// A channel of a shard, which has nothing to do with the others.
    Shard,
}

/// All subscriptions.
///
/// A name is in `receivers` if and only if a client is subscribed to it, a client in `clients` if
/// and only if it is subscribed to anything, and both tell of the same subscriptions.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    /// Of each [`Kind`] the names, with the ids and slots of who is subscribed to each.
    receivers: [HashMap<Bytes, HashMap<u64, usize>>; KINDS],
    /// What each client is subscribed to, by its id.
    clients: HashMap<u64, [BTreeSet<Bytes>; KINDS]>,
}

impl Subscriptions {
    /// Subscribes a client; nothing happens if it is subscribed already.
    pub(crate) fn add(&mut self, (slot, id): Parked, kind: Kind, name: Bytes) {
        if self.clients.entry(id).or_default()[kind as usize].insert(name.clone()) {
            self.receivers[kind as usize].entry(name).or_default().insert(id, slot);
        }
    }

    /// Ends a subscription; nothing happens if there is none.
    pub(crate) fn remove(&mut self, id: u64, kind: Kind, name: &[u8]) {
        let Some(names) = self.clients.get_mut(&id) else { return };
        if !names[kind as usize].remove(name) {
            return;
        }
        if names.iter().all(BTreeSet::is_empty) {
            self.clients.remove(&id);
        }
        self.forget(id, kind, name);
    }

    /// Ends all subscriptions of a client.
    pub(crate) fn remove_client(&mut self, id: u64) {
        for (kind, names) in KIND_LIST.into_iter().zip(self.clients.remove(&id).unwrap_or_default())
        {
            names.iter().for_each(|name| self.forget(id, kind, name));
        }
    }

    fn forget(&mut self, id: u64, kind: Kind, name: &[u8]) {
        let receivers = &mut self.receivers[kind as usize];
        let left = receivers.get_mut(name).expect("somebody is subscribed to it");
        left.remove(&id);
        if left.is_empty() {
            receivers.remove(name);
        }
    }

    /// What a client is subscribed to.
    pub(crate) fn names(&self, id: u64, kind: Kind) -> impl Iterator<Item = &Bytes> {
        self.clients.get(&id).into_iter().flat_map(move |names| &names[kind as usize])
    }

    /// How many names of this kind a client is subscribed to.
    pub(crate) fn count(&self, id: u64, kind: Kind) -> usize {
        self.clients.get(&id).map_or(0, |names| names[kind as usize].len())
    }

    /// Whether nobody is subscribed to anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// Whether a client is subscribed to anything.
    pub(crate) fn has(&self, id: u64) -> bool {
        self.clients.contains_key(&id)
    }

    /// The names of this kind that anybody is subscribed to.
    pub(crate) fn all_names(&self, kind: Kind) -> impl ExactSizeIterator<Item = &Bytes> {
        self.receivers[kind as usize].keys()
    }

    /// How many clients are subscribed to a name.
    pub(crate) fn receiver_count(&self, kind: Kind, name: &[u8]) -> usize {
        self.receivers[kind as usize].get(name).map_or(0, HashMap::len)
    }

    fn receivers(&self, kind: Kind, name: &[u8]) -> impl Iterator<Item = Parked> {
        let receivers = self.receivers[kind as usize].get(name).into_iter().flatten();
        receivers.map(|(id, slot)| (*slot, *id))
    }
}

impl State {
    /// Sends a message to all that are subscribed to a channel, or to a pattern that the channel
    /// matches. Returns how often it is sent: to a client once for each such subscription.
    pub(crate) fn publish(&mut self, channel: &[u8], message: &[u8]) -> usize {
        let Self { subscriptions, pushes, clients, .. } = self;
        let mut count = subscriptions.receiver_count(Kind::Channel, channel);
        if count > 0 {
            let message = [Reply::text("message"), Reply::copied(channel), Reply::copied(message)];
            let receivers = subscriptions.receivers(Kind::Channel, channel);
            pushes.send(clients, receivers, &Reply::Push(message.into()));
        }
        for pattern in subscriptions.all_names(Kind::Pattern) {
            if !glob::matches(pattern, channel) {
                continue;
            }
            count += subscriptions.receiver_count(Kind::Pattern, pattern);
            let message = [
                Reply::text("pmessage"),
                Reply::Bulk(pattern.clone()),
                Reply::copied(channel),
                Reply::copied(message),
            ];
            let receivers = subscriptions.receivers(Kind::Pattern, pattern);
            pushes.send(clients, receivers, &Reply::Push(message.into()));
        }
        count
    }

    /// Sends a message to all that are subscribed to a channel of a shard. Returns how many that are.
    pub(crate) fn publish_to_shard(&mut self, channel: &[u8], message: &[u8]) -> usize {
        let Self { subscriptions, pushes, clients, .. } = self;
        let count = subscriptions.receiver_count(Kind::Shard, channel);
        if count > 0 {
            let message = [Reply::text("smessage"), Reply::copied(channel), Reply::copied(message)];
            let receivers = subscriptions.receivers(Kind::Shard, channel);
            pushes.send(clients, receivers, &Reply::Push(message.into()));
        }
        count
    }
}

const KIND_LIST: [Kind; KINDS] = [Kind::Channel, Kind::Pattern, Kind::Shard];
const KINDS: usize = 3;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet as Set;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Add(u64, Kind, u8),
        Remove(u64, Kind, u8),
        RemoveClient(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let kind = prop::sample::select(KIND_LIST.to_vec());
        prop_oneof![
            4 => (0..4u64, kind.clone(), 0..4u8).prop_map(|(id, kind, name)| Step::Add(id, kind, name)),
            3 => (0..4u64, kind, 0..4u8).prop_map(|(id, kind, name)| Step::Remove(id, kind, name)),
            1 => (0..4u64).prop_map(Step::RemoveClient),
        ]
    }

    proptest! {
        /// The tables tell what a plain set of who is subscribed to what tells, from either side.
        #[test]
        fn the_tables_agree_with_a_set(steps in prop::collection::vec(step(), 0..100)) {
            let mut tables = Subscriptions::default();
            let mut model: Set<(usize, u8, u64)> = Set::new();
            for step in steps {
                match step {
                    Step::Add(id, kind, name) => {
                        tables.add((id as usize + 100, id), kind, Bytes::copy_from_slice(&[name]));
                        model.insert((kind as usize, name, id));
                    }
                    Step::Remove(id, kind, name) => {
                        tables.remove(id, kind, &[name]);
                        model.remove(&(kind as usize, name, id));
                    }
                    Step::RemoveClient(gone) => {
                        tables.remove_client(gone);
                        model.retain(|(_, _, id)| *id != gone);
                    }
                }
                for kind in KIND_LIST {
                    let of_kind = || model.iter().filter(|it| it.0 == kind as usize);
                    let names: Set<u8> = of_kind().map(|it| it.1).collect();
                    prop_assert_eq!(tables.all_names(kind).map(|name| name[0]).collect::<Set<_>>(), names);
                    for name in 0..4 {
                        let ids: Set<u64> = of_kind().filter(|it| it.1 == name).map(|it| it.2).collect();
                        prop_assert_eq!(tables.receiver_count(kind, &[name]), ids.len());
                        let receivers: Set<_> = tables.receivers(kind, &[name]).collect();
                        prop_assert_eq!(receivers, ids.iter().map(|id| (*id as usize + 100, *id)).collect());
                    }
                    for id in 0..4 {
                        let names: Set<u8> = of_kind().filter(|it| it.2 == id).map(|it| it.1).collect();
                        prop_assert_eq!(tables.count(id, kind), names.len());
                        prop_assert_eq!(tables.names(id, kind).map(|name| name[0]).collect::<Set<_>>(), names);
                    }
                }
                for id in 0..4 {
                    prop_assert_eq!(tables.has(id), model.iter().any(|it| it.2 == id));
                }
            }
        }
    }
}
