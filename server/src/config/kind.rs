//! Types of parameters: how their values are read, kept and shown.

use super::error::Invalid;
use super::number;
use crate::notifications::EventFlags;

/// The type of a parameter. Bounds are inclusive.
pub(super) enum Kind {
    /// `yes` or `no`.
    Bool,
    Integer {
        min: i128,
        max: i128,
    },
    /// A file mode.
    Octal {
        min: i128,
        max: i128,
    },
    /// A size, in bytes or with a unit.
    Memory {
        min: i128,
        max: i128,
    },
    /// A size, or a share of `maxmemory`.
    MemoryOrPercent {
        min: i128,
        max: i128,
    },
    /// One name of a list, in either case.
    Enum(&'static [&'static str]),
    /// Letters of classes of events.
    Events,
    /// One argument, checked and normalised by a function.
    Text(fn(&[u8]) -> Normalized),
    /// Several arguments, checked and normalised by a function that also gets the current value.
    Words(fn(&[&[u8]], &[u8]) -> Normalized),
}

/// A checked value in the form that CONFIG GET shows.
pub(super) type Normalized = Result<Vec<u8>, Invalid>;

/// The value of a parameter, normalised: equal values mean the same.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    Integer(i128),
    Octal(i128),
    Percent(u8),
    Name(&'static str),
    Events(EventFlags),
    Text(Vec<u8>),
}

impl Kind {
    /// Reads a value; `current` is the one it replaces, which some kinds add to.
    pub(super) fn parse(&self, words: &[&[u8]], current: &Value) -> Result<Value, Invalid> {
        let text = || match words {
            [text] => Ok(*text),
            _ => Err(Invalid::ArgumentCount),
        };
        match *self {
            Self::Bool => match text()?.to_ascii_lowercase().as_slice() {
                b"yes" => Ok(Value::Bool(true)),
                b"no" => Ok(Value::Bool(false)),
                _ => Err(Invalid::Bool),
            },
            Self::Integer { min, max } => {
                let number = number::parse_integer(text()?).ok_or(Invalid::Integer)?;
                within(number, min, max).map(Value::Integer)
            }
            Self::Octal { min, max } => {
                let number = number::parse_octal(text()?).ok_or(Invalid::Octal)?;
                let number = within(number, min, max);
                number.map(Value::Octal).map_err(|_| Invalid::OctalRange { min, max })
            }
            Self::Memory { min, max } => {
                let number = number::parse_memory(text()?).ok_or(Invalid::Memory)?;
                within(number, min, max).map(Value::Integer)
            }
            Self::MemoryOrPercent { min, max } => {
                let text = text()?;
                if let Some(percent) = number::parse_percent(text) {
                    return percent.map(Value::Percent);
                }
                let number = number::parse_memory(text).ok_or(Invalid::MemoryOrPercent)?;
                within(number, min, max).map(Value::Integer)
            }
            Self::Enum(names) => choose(names, text()?).map(Value::Name),
            Self::Events => {
                EventFlags::parse(text()?).map(Value::Events).ok_or(Invalid::EventClass)
            }
            Self::Text(normalize) => normalize(text()?).map(Value::Text),
            Self::Words(normalize) => normalize(words, &current.to_text()).map(Value::Text),
        }
    }
}

impl Value {
    /// The value as CONFIG GET shows it.
    pub(super) fn to_text(&self) -> Vec<u8> {
        match self {
            Self::Bool(true) => b"yes".to_vec(),
            Self::Bool(false) => b"no".to_vec(),
            Self::Integer(number) => number.to_string().into_bytes(),
            Self::Octal(number) => format!("{number:o}").into_bytes(),
            Self::Percent(percent) => format!("{percent}%").into_bytes(),
            Self::Name(name) => name.as_bytes().to_vec(),
            Self::Events(flags) => flags.to_string().into_bytes(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// The one of `names` that `text` is, in either case.
pub(super) fn choose(names: &'static [&'static str], text: &[u8]) -> Result<&'static str, Invalid> {
    let chosen = names.iter().find(|name| text.eq_ignore_ascii_case(name.as_bytes()));
    chosen.copied().ok_or(Invalid::Choice { names })
}

fn within(number: impl Into<i128>, min: i128, max: i128) -> Result<i128, Invalid> {
    let number = number.into();
    if (min..=max).contains(&number) { Ok(number) } else { Err(Invalid::Range { min, max }) }
}
