//! Bytes as JSON strings.

/// Appends `bytes` to `out` as the inside of a JSON string in which one character, U+0000 to
/// U+00FF, is one byte.
pub(super) fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    let mut rest = bytes;
    loop {
        let (plain, special) = rest.split_at(plain_len(rest));
        out.extend_from_slice(plain);
        let Some((&byte, behind)) = special.split_first() else { return };
        let Escape { bytes, len } = &ESCAPES[usize::from(byte)];
        out.extend_from_slice(&bytes[..usize::from(*len)]);
        rest = behind;
    }
}

/// How many bytes at the beginning stand for themselves.
fn plain_len(bytes: &[u8]) -> usize {
    let mut len = 0;
    for word in bytes.chunks_exact(WORD_BYTES) {
        let word = u64::from_le_bytes(word.try_into().expect("a chunk is that long"));
        match special(word) {
            0 => len += WORD_BYTES,
            found => return len + found.trailing_zeros() as usize / 8,
        }
    }
    let tail = bytes[len..].iter().position(|&byte| ESCAPES[usize::from(byte)].len > 0);
    tail.map_or(bytes.len(), |at| len + at)
}

/// Bit 7 of each byte that does not stand for itself, exact up to the first of them: control
/// characters, `"`, `\` and all from 128 up.
const fn special(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xFF;
    const fn zero_bytes(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word
    }
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = zero_bytes(word ^ (ONES * b'"' as u64));
    let backslash = zero_bytes(word ^ (ONES * b'\\' as u64));
    (word | control | quote | backslash) & (ONES << 7)
}

/// What stands for a byte; empty if it does so itself.
#[derive(Clone, Copy)]
struct Escape {
    bytes: [u8; 6],
    len: u8,
}

const ESCAPES: [Escape; 256] = {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut escapes = [Escape { bytes: [0; 6], len: 0 }; 256];
    let mut byte = 0;
    while byte < 256 {
        let value = byte as u8;
        let short = match value {
            b'"' | b'\\' => value,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0C => b'f',
            _ => 0,
        };
        escapes[byte] = match value {
            _ if short != 0 => Escape { bytes: [b'\\', short, 0, 0, 0, 0], len: 2 },
            0..0x20 => {
                let (high, low) = (HEX[byte >> 4], HEX[byte & 15]);
                Escape { bytes: [b'\\', b'u', b'0', b'0', high, low], len: 6 }
            }
            0x20..0x80 => Escape { bytes: [0; 6], len: 0 },
            // The two bytes of the character in UTF-8.
            0x80.. => {
                Escape { bytes: [0xC0 | value >> 6, 0x80 | value & 0x3F, 0, 0, 0, 0], len: 2 }
            }
        };
        byte += 1;
    }
    escapes
};

const WORD_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        escape(bytes, &mut out);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn escapes() {
        assert_eq!(escaped(b"plain \x7f'/"), "plain \x7f'/");
        assert_eq!(escaped(b"\"\\\n\r\t\x08\x0c"), r#"\"\\\n\r\t\b\f"#);
        assert_eq!(escaped(b"\0\x1f\x80\xff"), "\\u0000\\u001f\u{80}\u{ff}");
    }

    /// Every byte at every place of a word, alone and followed by another special one.
    #[test]
    fn any_byte_anywhere_is_one_character() {
        for byte in 0..=u8::MAX {
            for at in 0..20 {
                for behind in [b'a', b'"', 0x01, 0x21, 0x5D, 0xA2] {
                    let mut bytes = [b'x'; 21];
                    (bytes[at], bytes[at + 1]) = (byte, behind);
                    let json = format!("\"{}\"", escaped(&bytes));
                    let read: String = serde_json::from_str(&json).expect("JSON");
                    assert!(read.chars().eq(bytes.iter().copied().map(char::from)), "{json}");
                }
            }
        }
    }
}
