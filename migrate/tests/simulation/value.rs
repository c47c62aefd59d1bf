//! Values that tell which write they are of.

use keyspace::{Value, ValueBuilder, ValueRef};
use rdb_format::{Event, Kind, StringValue, Thresholds};

use crate::dice::Dice;

/// The number of a write.
pub(crate) type Tag = u32;

/// A value of any type and length that tells `tag`.
pub(crate) fn tagged(tag: Tag, dice: &mut Dice) -> Value {
    let text = format!("{tag}");
    let filler = |dice: &mut Dice| "x".repeat(dice.below(60));
    let fields = *dice.pick(&[0, 1, 3, 40, 400]);
    let mut events = Vec::new();
    match dice.below(6) {
        0 => {
            let len = *dice.pick(&[0, 10, 500, 70_000, 300_000]);
            return StringValue::Raw(format!("{text}:{}", "y".repeat(len)).into()).into();
        }
        1 | 2 => {
            events.push(Event::Start(Kind::List));
            events.push(Event::String(text.into()));
            events.extend((0..fields).map(|_| Event::String(filler(dice).into())));
        }
        3 => {
            events.push(Event::Start(Kind::Set));
            events.push(Event::String(format!("{tag}:").into()));
            events.extend((0..fields).map(|number| Event::String(format!("m{number}").into())));
        }
        4 => {
            events.push(Event::Start(Kind::Hash));
            events.extend([Event::String("tag".into()), Event::String(text.into())]);
            for number in 0..fields {
                let name = Event::String(format!("f{number}").into());
                events.extend([name, Event::String(filler(dice).into())]);
            }
        }
        _ => {
            events.push(Event::Start(Kind::SortedSet));
            events.extend([Event::String("tag".into()), Event::Score(f64::from(tag))]);
            for number in 0..fields {
                let member = Event::String(format!("m{number}").into());
                events.extend([member, Event::Score(-(number as f64))]);
            }
        }
    }
    events.push(Event::End);
    let mut builder = ValueBuilder::new(Thresholds::default());
    events.into_iter().for_each(|event| builder.push(event));
    builder.finish().expect("the events tell a value")
}

/// The shortest value that tells `tag`, a list if somebody is to wait for it.
pub(crate) fn tagged_short(tag: Tag, is_list: bool) -> Value {
    let text = format!("{tag}:");
    if !is_list {
        return StringValue::Raw(text.into()).into();
    }
    let mut builder = ValueBuilder::new(Thresholds::default());
    let events = [Event::Start(Kind::List), Event::String(text.into()), Event::End];
    events.into_iter().for_each(|event| builder.push(event));
    builder.finish().expect("the events tell a value")
}

/// When a key that is written now expires, if it does: perhaps while it is on its way.
pub(crate) fn expiry(dice: &mut Dice, now_ms: i64) -> Option<i64> {
    dice.one_in(3).then(|| now_ms + *dice.pick(&[1, 10, 100, 1000, 1_000_000_000]))
}

/// Which write a value is of.
pub(crate) fn tag_of(value: ValueRef<'_>) -> Tag {
    let number = |text: &[u8]| {
        let digits = text.split(|byte| *byte == b':').next().unwrap_or_default();
        str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok())
    };
    match value {
        ValueRef::String(string) => number(&string.text()),
        ValueRef::List(list) => list.get(0).and_then(|first| number(&first.as_text())),
        ValueRef::Set(set) => {
            set.iter().find(|it| it.as_text().ends_with(b":")).and_then(|it| number(&it.as_text()))
        }
        ValueRef::Hash(hash) => {
            hash.get(b"tag", 0).and_then(|field| number(&field.value.as_text()))
        }
        ValueRef::SortedSet(sorted_set) => sorted_set.score(b"tag").map(|score| score as Tag),
        _ => None,
    }
    .expect("all values of the simulation are tagged")
}
