//! The name of a key, without an allocation if it is short.

use std::fmt;

/// The name of a key.
pub(crate) enum Key {
    Inline { len: u8, bytes: [u8; INLINE_LEN_MAX] },
    Boxed(Box<[u8]>),
}

impl Key {
    pub(crate) fn new(name: &[u8]) -> Self {
        if name.len() > INLINE_LEN_MAX {
            return Self::Boxed(name.into());
        }
        let mut bytes = [0; INLINE_LEN_MAX];
        bytes[..name.len()].copy_from_slice(name);
        Self::Inline { len: name.len() as u8, bytes }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Self::Boxed(bytes) => bytes,
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

/// The longest name that fits beside its length into the size of a boxed one.
const INLINE_LEN_MAX: usize = 22;

const _: () = assert!(size_of::<Key>() == 24, "a short name costs no more than a boxed one");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_length_come_back() {
        for len in 0..2 * INLINE_LEN_MAX {
            let name: Vec<u8> = (0..len as u8).collect();
            assert_eq!(Key::new(&name).as_bytes(), name);
        }
    }
}
