//! Keyspace notifications: events of keys, told on channels.

use std::fmt::{self, Write as _};

use crate::changes::{Class, Classes, KeyChange};
use crate::state::State;

/// Which events are told, and on which channels: the letters of `notify-keyspace-events`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct EventFlags {
    classes: Classes,
    /// `K`: the event on the channel of the key.
    keyspace: bool,
    /// `E`: the key on the channel of the event.
    keyevent: bool,
}

impl EventFlags {
    /// `None` if there is another letter.
    pub(crate) fn parse(letters: &[u8]) -> Option<Self> {
        let mut flags = Self::default();
        for letter in letters {
            match letter {
                b'A' => ALL.iter().for_each(|(class, _)| flags.classes.add(*class)),
                b'K' => flags.keyspace = true,
                b'E' => flags.keyevent = true,
                letter => {
                    let (class, _) = ALL.iter().chain(OTHERS).find(|(_, it)| it == letter)?;
                    flags.classes.add(*class);
                }
            }
        }
        Some(flags)
    }

    /// Whether events of a class are told: none are without a channel.
    pub(crate) fn tell(self, class: Class) -> bool {
        self.tell_any() && self.classes.contain(class)
    }

    /// Whether any events are told.
    pub(crate) fn tell_any(self) -> bool {
        (self.keyspace || self.keyevent) && self.classes != Classes::default()
    }
}

impl State {
    /// Publishes an event of a key, first on the channel of the key, then on that of the event.
    pub(crate) fn publish_event(&mut self, change: &KeyChange) {
        let flags = self.changes.notified();
        if !flags.tell(change.class) {
            return;
        }
        let KeyChange { db, key, event, .. } = change;
        if flags.keyspace {
            let channel = [format!("__keyspace@{db}__:").as_bytes(), key].concat();
            self.publish(&channel, event.as_bytes());
        }
        if flags.keyevent {
            self.publish(format!("__keyevent@{db}__:{event}").as_bytes(), key);
        }
    }
}

/// As Redis shows it, which hides `n` behind `A`.
impl fmt::Display for EventFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = ALL.iter().all(|(class, _)| self.classes.contain(*class));
        let chosen = |(class, letter): &(Class, u8)| {
            self.classes.contain(*class).then_some(char::from(*letter))
        };
        if all {
            f.write_char('A')?;
        } else {
            f.write_str(&ALL.iter().filter_map(chosen).collect::<String>())?;
        }
        let [new, missed] = OTHERS;
        let letters = [
            chosen(new).filter(|_| !all),
            self.keyspace.then_some('K'),
            self.keyevent.then_some('E'),
            chosen(missed),
        ];
        letters.into_iter().flatten().try_for_each(|letter| f.write_char(letter))
    }
}

/// What `A` stands for, in the order in which it is shown.
const ALL: &[(Class, u8)] = &[
    (Class::GENERIC, b'g'),
    (Class::STRING, b'$'),
    (Class::LIST, b'l'),
    (Class::SET, b's'),
    (Class::HASH, b'h'),
    (Class::SORTED_SET, b'z'),
    (Class::EXPIRED, b'x'),
    (Class::EVICTED, b'e'),
    (Class::STREAM, b't'),
    (Class::MODULE, b'd'),
];

/// What has to be asked for by name.
const OTHERS: &[(Class, u8); 2] = &[(Class::NEW, b'n'), (Class::MISSED, b'm')];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_shown_as_redis_does() {
        for (letters, shown) in [
            ("", ""),
            ("KEA", "AKE"),
            ("EAn", "AE"),
            ("g$lshzxetdKE", "AKE"),
            ("g$lshzxetdnm", "Am"),
            ("nK", "nK"),
            ("KEg$", "g$KE"),
            ("mE", "Em"),
            ("mKhlnEzz", "lhznKEm"),
        ] {
            let flags = EventFlags::parse(letters.as_bytes()).unwrap();
            assert_eq!(flags.to_string(), shown, "{letters}");
        }
        assert_eq!(EventFlags::parse(b"KEx "), None);
    }

    #[test]
    fn what_is_hidden_is_told_all_the_same() {
        let flags = |letters: &[u8]| EventFlags::parse(letters).unwrap();
        assert!(flags(b"AnK").tell(Class::NEW));
        assert!(!flags(b"AK").tell(Class::NEW));
        assert!(!flags(b"AE").tell(Class::MISSED));
        assert!(!flags(b"Anm").tell_any(), "there is no channel");
    }
}
