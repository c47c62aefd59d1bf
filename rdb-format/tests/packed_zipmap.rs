//! Zipmaps as Redis 2.4 wrote them, and as nobody should.

use bytes::Bytes;
use rdb_format::packed::{BackLengths, Entry, PackedError, Zipmap};

const PAIRS: &[u8] = b"\x02\x02f1\x03\0v10\0\x05\x02empty..\xFF";

#[test]
fn pairs_are_read_in_both_directions() {
    let zipmap = Zipmap::parse(Bytes::from_static(PAIRS)).expect("a zipmap");
    let pairs: [(&[u8], &[u8]); 2] = [(b"f1", b"v10"), (b"", b"empty")];
    assert_eq!(zipmap.len(), 2);
    assert!(zipmap.iter().eq(pairs));
    assert!(zipmap.iter().rev().eq(pairs.into_iter().rev()));
    assert_eq!(zipmap.as_bytes(), PAIRS);
}

#[test]
fn a_listpack_of_it_is_as_servers_write_it() {
    let zipmap = Bytes::from_static(b"\xFE\x01a\x02\x0010\x0210\x01\x05b.....\xFF");
    let listpack = Zipmap::parse(zipmap).unwrap().to_listpack(BackLengths::Wide).unwrap();
    assert_eq!(listpack.as_bytes(), b"\x11\0\0\0\x04\0\x81a\x02\x0A\x01\x0A\x01\x81b\x02\xFF");
    assert!(listpack.iter().eq([
        Entry::Text(b"a"),
        Entry::Int(10),
        Entry::Int(10),
        Entry::Text(b"b")
    ]));
}

#[test]
fn both_forms_of_a_length() {
    for len in [0_u32, 1, 253, 254, 70_000] {
        let text = vec![b'x'; len as usize];
        let long = [b"\xFE", &len.to_le_bytes()[..]].concat();
        let short = (len < 254).then(|| vec![len as u8]);
        for form in [Some(long), short].into_iter().flatten() {
            let blob = [&b"\x01"[..], &form, &text, &form, b"\0", &text, b"\xFF"].concat();
            let zipmap = Zipmap::parse(blob.into()).unwrap();
            assert!(zipmap.iter().eq([(&text[..], &text[..])]), "{len}");
        }
    }
}

#[test]
fn the_header_counts_up_to_253() {
    for len in [0, 1, 253, 254, 255, 1000] {
        let pairs = b"\x01f\x01\0v".repeat(len);
        for count in 0..=255 {
            let zipmap = Zipmap::parse([&[count], &pairs[..], b"\xFF"].concat().into());
            if count >= 254 || usize::from(count) == len {
                assert_eq!(zipmap.unwrap().len(), len);
            } else {
                let (declared, actual) = (count.into(), len as u64);
                assert_eq!(zipmap.unwrap_err(), PackedError::Count { declared, actual });
            }
        }
    }
}

#[test]
fn broken_rules_are_named() {
    use PackedError::*;
    let cases: [(&[u8], PackedError); 10] = [
        (b"", TooShort { len: 0 }),
        (b"\0", TooShort { len: 1 }),
        (b"\0\xFF\xFF", TrailingBytes { offset: 1, unread: 1 }),
        (b"\x01\x01f\x01\0v", EndByte { offset: 6 }),
        (b"\x01\x01f\xFF", InvalidEncoding { offset: 3 }),
        (b"\x01\x01f\x01", EntryPastEnd { offset: 1 }),
        (b"\x01\x01f\x01\0", EntryPastEnd { offset: 1 }),
        (b"\x01\x01f\x01\x09v\xFF", EntryPastEnd { offset: 1 }),
        (b"\x01\xFE\xFF\xFF\xFF\xFF\xFF", EntryPastEnd { offset: 1 }),
        (b"\x01\xFE\xFF\xFF", EntryPastEnd { offset: 1 }),
    ];
    for (bytes, error) in cases {
        assert_eq!(Zipmap::parse(Bytes::from_static(bytes)), Err(error), "{bytes:x?}");
    }
}
