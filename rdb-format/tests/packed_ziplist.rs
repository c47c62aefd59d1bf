//! Ziplists as servers up to 6.2 write them, and as nobody should.

use bytes::Bytes;
use rdb_format::packed::{BackLengths, Entry, PackedError, Ziplist};

/// `HSET k f v n 1000` on Redis 6.2.14.
#[test]
fn a_hash_of_redis_6_2() {
    let blob = b"\x18\0\0\0\x13\0\0\0\x04\0\0\x01f\x03\x01v\x03\x01n\x03\xC0\xE8\x03\xFF";
    let entries = [Entry::Text(b"f"), Entry::Text(b"v"), Entry::Text(b"n"), Entry::Int(1000)];
    let ziplist = Ziplist::parse(Bytes::from_static(blob)).expect("a ziplist");
    assert_eq!(ziplist.len(), 4);
    assert!(ziplist.iter().eq(entries));
    assert!(ziplist.iter().rev().eq(entries.into_iter().rev()));
}

/// `RPUSH k a 200 -5000 "hello world" 5` on Redis 6.2.14.
#[test]
fn a_list_node_of_redis_6_2() {
    let blob = b"\x25\0\0\0\x17\0\0\0\x05\0\0\x01a\x03\xC0\xC8\0\x04\xC0\x78\xEC\x04\xF6\
                 \x02\x0Bhello world\xFF";
    let ziplist = Ziplist::parse(Bytes::from_static(blob)).expect("a ziplist");
    let entries = [
        Entry::Text(b"a"),
        Entry::Int(200),
        Entry::Int(-5000),
        Entry::Int(5),
        Entry::Text(b"hello world"),
    ];
    assert!(ziplist.iter().eq(entries));
    let listpack = ziplist.to_listpack(BackLengths::Wide).expect("it is short");
    assert!(listpack.iter().eq(entries));
}

#[test]
fn both_ends_of_every_integer_encoding() {
    let ends: [(i64, &[u8]); 22] = [
        (0, b"\xF1"),
        (12, b"\xFD"),
        (13, b"\xFE\x0D"),
        (-1, b"\xFE\xFF"),
        (127, b"\xFE\x7F"),
        (-128, b"\xFE\x80"),
        (128, b"\xC0\x80\x00"),
        (-129, b"\xC0\x7F\xFF"),
        (i16::MAX.into(), b"\xC0\xFF\x7F"),
        (i16::MIN.into(), b"\xC0\x00\x80"),
        (0x8000, b"\xF0\x00\x80\x00"),
        (-0x8001, b"\xF0\xFF\x7F\xFF"),
        (0x7F_FFFF, b"\xF0\xFF\xFF\x7F"),
        (-0x80_0000, b"\xF0\x00\x00\x80"),
        (0x80_0000, b"\xD0\x00\x00\x80\x00"),
        (-0x80_0001, b"\xD0\xFF\xFF\x7F\xFF"),
        (i32::MAX.into(), b"\xD0\xFF\xFF\xFF\x7F"),
        (i32::MIN.into(), b"\xD0\x00\x00\x00\x80"),
        (0x8000_0000, b"\xE0\x00\x00\x00\x80\x00\x00\x00\x00"),
        (-0x8000_0001, b"\xE0\xFF\xFF\xFF\x7F\xFF\xFF\xFF\xFF"),
        (i64::MAX, b"\xE0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"),
        (i64::MIN, b"\xE0\x00\x00\x00\x00\x00\x00\x00\x80"),
    ];
    for (number, encoding) in ends {
        let ziplist = Ziplist::parse(blob(&[encoding, encoding], false)).unwrap();
        let read = |entry| matches!(entry, Entry::Int(read) if read == number);
        assert!(ziplist.iter().all(read) && ziplist.iter().rev().all(read), "{number}");
        assert_eq!(ziplist.len(), 2);
    }
}

/// With short and with long previous lengths, which servers leave when entries shrink.
#[test]
fn both_ends_of_every_text_encoding() {
    let ends: [(usize, &[u8]); 12] = [
        (0, b"\x00"),
        (63, b"\x3F"),
        (64, b"\x40\x40"),
        (250, b"\x40\xFA"),
        (251, b"\x40\xFB"),
        (252, b"\x40\xFC"),
        (16_383, b"\x7F\xFF"),
        (16_384, b"\x80\x00\x00\x40\x00"),
        (70_000, b"\x80\x00\x01\x11\x70"),
        // Longer than needed.
        (0, b"\x40\x00"),
        (1, b"\x40\x01"),
        (1, b"\x80\x00\x00\x00\x01"),
    ];
    for (len, encoding) in ends {
        let text = vec![b'x'; len];
        let encoded = [encoding, &text].concat();
        for long_previous in [false, true] {
            let ziplist = blob(&[&encoded, b"\xF2", &encoded, b"\xF3"], long_previous);
            let ziplist = Ziplist::parse(ziplist).unwrap();
            let text = Entry::Text(&text);
            let entries = [text, Entry::Int(1), text, Entry::Int(2)];
            assert!(ziplist.iter().eq(entries), "{len}");
            assert!(ziplist.iter().rev().eq(entries.into_iter().rev()), "{len}");
        }
    }
}

#[test]
fn a_listpack_of_it_is_as_servers_write_it() {
    let ziplist = Ziplist::parse(blob(&[b"\x02-7", b"\x0207", b"\xC0\x05\x00"], false)).unwrap();
    let listpack = ziplist.to_listpack(BackLengths::Wide).unwrap();
    assert_eq!(listpack.as_bytes(), b"\x10\0\0\0\x03\0\xDF\xF9\x02\x8207\x03\x05\x01\xFF");

    let text = [&b"\x7F\xFA"[..], &[b'x'; 16_378]].concat();
    let ziplist = Ziplist::parse(blob(&[&text], false)).unwrap();
    for back_lengths in [BackLengths::Wide, BackLengths::Minimal] {
        let listpack = ziplist.to_listpack(back_lengths).unwrap();
        assert!(!listpack.boundary().is_empty() && listpack.boundary().suit(back_lengths));
    }
}

#[test]
fn the_header_counts_up_to_65534() {
    for len in [65_534, 65_535, 65_536] {
        let ziplist = blob(&vec![b"\xF1".as_slice(); len], false);
        assert_eq!(Ziplist::parse(ziplist).unwrap().len(), len);
    }
    let mut uncounted = blob(&[b"\xF1"], false).to_vec();
    uncounted[8..10].copy_from_slice(b"\xFF\xFF");
    assert_eq!(Ziplist::parse(uncounted.into()).unwrap().len(), 1);
}

#[test]
fn an_empty_one_has_nothing() {
    let ziplist = Ziplist::parse(blob(&[], false)).unwrap();
    assert_eq!(ziplist.as_bytes(), b"\x0B\0\0\0\x0A\0\0\0\0\0\xFF");
    assert!(ziplist.is_empty());
    assert_eq!((ziplist.iter().next(), ziplist.iter().next_back()), (None, None));
}

#[test]
fn broken_rules_are_named() {
    use PackedError::*;
    let cases: [(&[u8], PackedError); 17] = [
        (b"", TooShort { len: 0 }),
        (b"\x0A\0\0\0\x0A\0\0\0\0\0", TooShort { len: 10 }),
        (b"\x0C\0\0\0\x0A\0\0\0\0\0\xFF", TotalBytes { declared: 12, actual: 11 }),
        (b"\x0B\0\0\0\x0A\0\0\0\0\0\xFE", EndByte { offset: 10 }),
        (b"\x0B\0\0\0\x0B\0\0\0\0\0\xFF", TailOffset { declared: 11, actual: 10 }),
        (b"\x0B\0\0\0\x0A\0\0\0\x01\0\xFF", Count { declared: 1, actual: 0 }),
        (b"\x0C\0\0\0\x0A\0\0\0\0\0\xFF\xFF", TrailingBytes { offset: 10, unread: 1 }),
        (b"\x0D\0\0\0\x0A\0\0\0\x02\0\0\xF1\xFF", Count { declared: 2, actual: 1 }),
        (b"\x0D\0\0\0\x0A\0\0\0\x01\0\x01\xF1\xFF", PreviousLength { offset: 10 }),
        (b"\x0F\0\0\0\x0C\0\0\0\x02\0\0\xF1\x01\xF1\xFF", PreviousLength { offset: 12 }),
        (b"\x0F\0\0\0\x0A\0\0\0\x02\0\0\xF1\x02\xF1\xFF", TailOffset { declared: 10, actual: 12 }),
        (b"\x0D\0\0\0\x0A\0\0\0\x01\0\0\x90\xFF", InvalidEncoding { offset: 11 }),
        (b"\x0D\0\0\0\x0A\0\0\0\x01\0\0\x81\xFF", InvalidEncoding { offset: 11 }),
        (b"\x0D\0\0\0\x0A\0\0\0\x01\0\0\xC1\xFF", InvalidEncoding { offset: 11 }),
        (b"\x0D\0\0\0\x0A\0\0\0\x01\0\0\xFF\xFF", InvalidEncoding { offset: 11 }),
        (b"\x0D\0\0\0\x0A\0\0\0\x01\0\0\xFE\xFF", EntryPastEnd { offset: 10 }),
        (b"\x0D\0\0\0\x0A\0\0\0\x01\0\0\x01\xFF", EntryPastEnd { offset: 10 }),
    ];
    for (bytes, error) in cases {
        assert_eq!(Ziplist::parse(Bytes::from_static(bytes)), Err(error), "{bytes:x?}");
    }
}

/// The ziplist of these encoded entries.
fn blob(entries: &[&[u8]], long_previous: bool) -> Bytes {
    let mut bytes = vec![0; 10];
    let (mut tail, mut previous) = (10, 0);
    for entry in entries {
        tail = bytes.len();
        if previous >= 254 || (long_previous && previous > 0) {
            bytes.push(0xFE);
            bytes.extend_from_slice(&(previous as u32).to_le_bytes());
        } else {
            bytes.push(previous as u8);
        }
        bytes.extend_from_slice(entry);
        previous = bytes.len() - tail;
    }
    bytes.push(0xFF);
    let total = bytes.len() as u32;
    bytes[..4].copy_from_slice(&total.to_le_bytes());
    bytes[4..8].copy_from_slice(&(tail as u32).to_le_bytes());
    bytes[8..10].copy_from_slice(&u16::try_from(entries.len()).unwrap_or(u16::MAX).to_le_bytes());
    bytes.into()
}
