//! Bytes for a line of text.

use std::fmt::{self, Write as _};

/// Shows bytes between quotes and escaped as redis-cli and MONITOR do it.
pub(crate) struct Quoted<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for &byte in self.0 {
            match byte {
                b'"' | b'\\' => write!(f, "\\{}", char::from(byte)),
                b'\n' => f.write_str("\\n"),
                b'\r' => f.write_str("\\r"),
                b'\t' => f.write_str("\\t"),
                0x07 => f.write_str("\\a"),
                0x08 => f.write_str("\\b"),
                b' '..=b'~' => f.write_char(char::from(byte)),
                _ => write!(f, "\\x{byte:02x}"),
            }?;
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_redis_cli() {
        let shown = Quoted(b"a \"\\'\n\r\t\x07\x08\0\x7f\xff~").to_string();
        assert_eq!(shown, r#""a \"\\'\n\r\t\a\b\x00\x7f\xff~""#);
    }
}
