//! Listpacks as servers write them, and as nobody should.

use bytes::Bytes;
use rdb_format::packed::{
    BYTES_MAX, BackLengths, BoundaryEntries, Entry, Listpack, ListpackMut, PackedError,
};

/// `RPUSH k a 200 -5000 "hello world"` on Redis 7.2.4.
#[test]
fn a_list_node_of_redis_7_2() {
    let entries =
        [Entry::Text(b"a"), Entry::Int(200), Entry::Int(-5000), Entry::Text(b"hello world")];
    let listpack = reads_and_writes(
        b"\x1E\0\0\0\x04\0\x81a\x02\xC0\xC8\x02\xF1\x78\xEC\x03\x8Bhello world\x0C\xFF",
        &entries,
    );
    assert!(listpack.iter().rev().eq(entries.into_iter().rev()));
    assert_eq!(listpack.iter_bytes().next_back(), Some(Bytes::from("hello world")));
}

/// `ZADD k 1.5 a -0 b inf c` on Redis 7.2.4.
#[test]
fn a_sorted_set_of_redis_7_2() {
    reads_and_writes(
        b"\x1C\0\0\0\x06\0\x81b\x02\0\x01\x81a\x02\x831.5\x04\x81c\x02\x83inf\x04\xFF",
        &[
            Entry::Text(b"b"),
            Entry::Int(0),
            Entry::Text(b"a"),
            Entry::Text(b"1.5"),
            Entry::Text(b"c"),
            Entry::Text(b"inf"),
        ],
    );
}

/// A hash of Redis 8.2.3 with a time for two of its three fields.
#[test]
fn a_hash_with_field_times_of_redis_8_2() {
    reads_and_writes(
        b"\x2C\0\0\0\x09\0\x81b\x02\x02\x01\xF4\x00\xD8\xC3\x2C\xBB\x03\0\0\x09\
          \x81c\x02\x03\x01\xF4\xE8\xDB\xC3\x2C\xBB\x03\0\0\x09\x81a\x02\x01\x01\x00\x01\xFF",
        &[
            Entry::Text(b"b"),
            Entry::Int(2),
            Entry::Int(4_102_444_800_000),
            Entry::Text(b"c"),
            Entry::Int(3),
            Entry::Int(4_102_444_801_000),
            Entry::Text(b"a"),
            Entry::Int(1),
            Entry::Int(0),
        ],
    );
}

#[test]
fn both_ends_of_every_integer_encoding() {
    let ends = [
        (0, &b"\x00"[..]),
        (1, b"\x01"),
        (127, b"\x7F"),
        (128, b"\xC0\x80"),
        (4095, b"\xCF\xFF"),
        (-1, b"\xDF\xFF"),
        (-4096, b"\xD0\x00"),
        (4096, b"\xF1\x00\x10"),
        (-4097, b"\xF1\xFF\xEF"),
        (i16::MAX.into(), b"\xF1\xFF\x7F"),
        (i16::MIN.into(), b"\xF1\x00\x80"),
        (0x8000, b"\xF2\x00\x80\x00"),
        (-0x8001, b"\xF2\xFF\x7F\xFF"),
        (0x7F_FFFF, b"\xF2\xFF\xFF\x7F"),
        (-0x80_0000, b"\xF2\x00\x00\x80"),
        (0x80_0000, b"\xF3\x00\x00\x80\x00"),
        (-0x80_0001, b"\xF3\xFF\xFF\x7F\xFF"),
        (i32::MAX.into(), b"\xF3\xFF\xFF\xFF\x7F"),
        (i32::MIN.into(), b"\xF3\x00\x00\x00\x80"),
        (0x8000_0000, b"\xF4\x00\x00\x00\x80\x00\x00\x00\x00"),
        (-0x8000_0001, b"\xF4\xFF\xFF\xFF\x7F\xFF\xFF\xFF\xFF"),
        (i64::MAX, b"\xF4\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"),
        (i64::MIN, b"\xF4\x00\x00\x00\x00\x00\x00\x00\x80"),
    ];
    for (number, encoding) in ends {
        let blob = blob(1, &[encoding, &[encoding.len() as u8]].concat());
        assert!(
            matches!(Listpack::parse(blob.clone()).unwrap().iter().next(),
            Some(Entry::Int(read)) if read == number),
            "{number}"
        );
        let built = built(&[Entry::Text(number.to_string().as_bytes())], BackLengths::Wide);
        assert_eq!(built.as_bytes(), blob, "{number}");
    }
}

#[test]
fn both_ends_of_every_text_encoding() {
    let ends = [
        (0, &b"\x80"[..], &b"\x01"[..]),
        (63, b"\xBF", b"\x40"),
        (64, b"\xE0\x40", b"\x42"),
        (125, b"\xE0\x7D", b"\x7F"),
        (126, b"\xE0\x7E", b"\x01\x80"),
        (4095, b"\xEF\xFF", b"\x20\x81"),
        (4096, b"\xF0\x00\x10\x00\x00", b"\x20\x85"),
        (16_377, b"\xF0\xF9\x3F\x00\x00", b"\x7F\xFE"),
        (16_379, b"\xF0\xFB\x3F\x00\x00", b"\x01\x80\x80"),
        (2_097_145, b"\xF0\xF9\xFF\x1F\x00", b"\x7F\xFF\xFE"),
        (2_097_147, b"\xF0\xFB\xFF\x1F\x00", b"\x01\x80\x80\x80"),
    ];
    for (len, encoding, back_length) in ends {
        let text = vec![b'x'; len];
        let blob = blob(1, &[encoding, &text, back_length].concat());
        let listpack = Listpack::parse(blob.clone()).unwrap();
        assert!(listpack.iter().eq([Entry::Text(&text)]), "{len}");
        assert!(listpack.iter().rev().eq([Entry::Text(&text)]), "{len}");
        assert!(listpack.boundary().is_empty());
        for back_lengths in [BackLengths::Wide, BackLengths::Minimal] {
            assert_eq!(built(&[Entry::Text(&text)], back_lengths).as_bytes(), blob, "{len}");
        }
    }
}

/// The sizes for which Redis up to 8.2 writes a byte more than Valkey 9.1.
#[test]
fn back_lengths_of_boundary_sizes_in_both_widths() {
    let sizes = [
        (16_383, &b"\x00\xFF\xFF"[..], &b"\x7F\xFF"[..]),
        (2_097_151, b"\x00\xFF\xFF\xFF", b"\x7F\xFF\xFF"),
    ];
    for (size, wide_back_length, minimal_back_length) in sizes {
        let text = vec![b'x'; size - 5];
        let entries = [Entry::Text(b"a"), Entry::Text(&text), Entry::Int(0)];
        let wide = built(&entries, BackLengths::Wide);
        let minimal = built(&entries, BackLengths::Minimal);
        let back_length = 6 + 3 + size;
        assert!(wide.as_bytes()[back_length..].starts_with(wide_back_length));
        assert!(minimal.as_bytes()[back_length..].starts_with(minimal_back_length));
        assert_eq!(wide.boundary(), BoundaryEntries { wide: 1, minimal: 0 });
        assert_eq!(minimal.boundary(), BoundaryEntries { wide: 0, minimal: 1 });
        for listpack in [&wide, &minimal] {
            assert_eq!(Listpack::parse(listpack.bytes()).as_ref(), Ok(listpack));
            assert!(listpack.iter().eq(entries), "{size}");
            assert!(listpack.iter().rev().eq(entries.into_iter().rev()), "{size}");
            assert_eq!(listpack.with_back_lengths(BackLengths::Wide), wide);
            assert_eq!(listpack.with_back_lengths(BackLengths::Minimal), minimal);
        }
    }
}

#[test]
fn a_listpack_of_both_widths_is_made_one_of_either() {
    let text = [b'x'; 16_378];
    let encoded = [b"\xF0\xFA\x3F\x00\x00", &text[..]].concat();
    let entries = [&encoded, &b"\x00\xFF\xFF"[..], b"\x05\x01", &encoded, b"\x7F\xFF"].concat();
    let mixed = Listpack::parse(blob(3, &entries)).unwrap();
    assert_eq!(mixed.boundary(), BoundaryEntries { wide: 1, minimal: 1 });
    for back_lengths in [BackLengths::Wide, BackLengths::Minimal] {
        assert!(!mixed.boundary().suit(back_lengths));
        let uniform = mixed.with_back_lengths(back_lengths);
        assert!(uniform.boundary().suit(back_lengths));
        assert_eq!(Listpack::parse(uniform.bytes()).as_ref(), Ok(&uniform));
        assert!(uniform.iter().eq(&mixed));
        assert_eq!(uniform, built(&mixed.iter().collect::<Vec<_>>(), back_lengths));
    }
    let edited = ListpackMut::from(mixed.clone()).freeze();
    assert_eq!(edited, mixed.with_back_lengths(BackLengths::Wide));
}

/// Only at these sizes: a wide back length of any other is wrong.
#[test]
fn other_back_lengths_are_refused() {
    for entries in [
        &b"\x81a\x01"[..],
        b"\x81a\x03",
        b"\x81a\x82",
        b"\x81a\x00\x82",
        b"\x05\x00",
        b"\x05\x02",
        b"\xC0\x80\x03",
    ] {
        let error = Listpack::parse(blob(1, entries)).unwrap_err();
        assert!(matches!(error, PackedError::BackLength { .. }), "{entries:x?}: {error}");
    }
    let long = [&b"\xE0\x7E"[..], &[b'x'; 126], b"\x00\x81\x80"].concat();
    let error = Listpack::parse(blob(1, &long)).unwrap_err();
    assert_eq!(error, PackedError::BackLength { offset: 6 + 128 });
}

/// As Redis 7.0 to 8.2 and Valkey 9.1 do.
#[test]
fn longer_encodings_than_needed_are_read() {
    for (encoded, entry) in [
        (&b"\x811"[..], Entry::Text(b"1")),
        (b"\xE0\x01a", Entry::Text(b"a")),
        (b"\xE0\x00", Entry::Text(b"")),
        (b"\xF0\x01\0\0\0a", Entry::Text(b"a")),
        (b"\xC0\x05", Entry::Int(5)),
        (b"\xF1\xFF\xFF", Entry::Int(-1)),
        (b"\xF2\x05\0\0", Entry::Int(5)),
        (b"\xF3\x05\0\0\0", Entry::Int(5)),
        (b"\xF4\xFB\xFF\xFF\xFF\xFF\xFF\xFF\xFF", Entry::Int(-5)),
    ] {
        let entries = [encoded, &[encoded.len() as u8]].concat().repeat(2);
        let listpack = Listpack::parse(blob(2, &entries)).unwrap();
        assert!(listpack.iter().eq([entry; 2]), "{encoded:x?}");
        assert!(listpack.iter().rev().eq([entry; 2]), "{encoded:x?}");
    }
}

#[test]
fn broken_rules_are_named() {
    let parse = |bytes: &'static [u8]| Listpack::parse(Bytes::from_static(bytes));
    let cases: [(&[u8], PackedError); 14] = [
        (b"", PackedError::TooShort { len: 0 }),
        (b"\x06\0\0\0\0\0", PackedError::TooShort { len: 6 }),
        (b"\x08\0\0\0\0\0\xFF", PackedError::TotalBytes { declared: 8, actual: 7 }),
        (b"\x07\0\0\0\0\0\xFF\xFF", PackedError::TotalBytes { declared: 7, actual: 8 }),
        (b"\x07\0\0\0\0\0\xFE", PackedError::EndByte { offset: 6 }),
        (b"\x07\0\0\0\x01\0\xFF", PackedError::Count { declared: 1, actual: 0 }),
        (b"\x09\0\0\0\0\0\x05\x01\xFF", PackedError::Count { declared: 0, actual: 1 }),
        (b"\x09\0\0\0\x01\0\xF5\x01\xFF", PackedError::InvalidEncoding { offset: 6 }),
        (b"\x09\0\0\0\x01\0\xFE\x01\xFF", PackedError::InvalidEncoding { offset: 6 }),
        (b"\x08\0\0\0\0\0\xFF\xFF", PackedError::TrailingBytes { offset: 6, unread: 1 }),
        (b"\x08\0\0\0\x01\0\x05\xFF", PackedError::EntryPastEnd { offset: 6 }),
        (b"\x09\0\0\0\x01\0\x81a\xFF", PackedError::EntryPastEnd { offset: 6 }),
        (b"\x08\0\0\0\x01\0\xE0\xFF", PackedError::EntryPastEnd { offset: 6 }),
        (b"\x0C\0\0\0\x01\0\xF0\xFF\xFF\xFF\xFF\xFF", PackedError::EntryPastEnd { offset: 6 }),
    ];
    for (bytes, error) in cases {
        assert_eq!(parse(bytes), Err(error), "{bytes:x?}");
    }
}

#[test]
fn the_header_counts_up_to_65534() {
    for len in [65_534, 65_535, 65_536, 200_000] {
        let mut built = ListpackMut::new();
        for number in 0..len {
            built.push_int(number).unwrap();
        }
        let listpack = built.freeze();
        let count = u16::from_le_bytes(listpack.as_bytes()[4..6].try_into().unwrap());
        assert_eq!(i64::from(count), len.min(65_535));
        assert_eq!(listpack.len() as i64, len);
        let parsed = Listpack::parse(listpack.bytes()).unwrap();
        assert_eq!(parsed, listpack);
        assert!(parsed.iter().eq((0..len).map(Entry::Int)));
        assert!(parsed.iter().rev().eq((0..len).rev().map(Entry::Int)));

        let mut shorter = ListpackMut::from(parsed);
        assert!(shorter.cursor_front().remove());
        let count = u16::from_le_bytes(shorter.as_bytes()[4..6].try_into().unwrap());
        assert_eq!(i64::from(count), (len - 1).min(65_535));
    }
}

#[test]
fn a_header_that_does_not_count_is_right_for_any_number() {
    let parse = |count| Listpack::parse(blob(count, b"\x05\x01\x06\x01"));
    assert_eq!(parse(65_535).unwrap().len(), 2);
    assert_eq!(parse(65_534).unwrap_err(), PackedError::Count { declared: 65_534, actual: 2 });
}

#[test]
fn nothing_grows_over_the_limit() {
    let mut listpack = ListpackMut::new();
    listpack.push(b"a").unwrap();
    let before = listpack.clone();
    // Never written, so of no cost.
    let zeros = vec![0; BYTES_MAX + 1];
    let limit = BYTES_MAX as u64;
    for (len, needed) in [(BYTES_MAX - 19, limit + 1), (BYTES_MAX + 1, limit + 1)] {
        let text = &zeros[..len];
        let error = PackedError::TooLarge { needed, limit };
        assert_eq!(listpack.push(text), Err(error));
        assert_eq!(listpack.cursor_front().insert_before(Entry::Text(text)), Err(error));
        assert_eq!(listpack.cursor_front().insert_after(Entry::Text(text)), Err(error));
    }
    let both = [Entry::Text(b"b"), Entry::Text(&zeros[..BYTES_MAX - 22])];
    assert_eq!(
        listpack.push_entries(both),
        Err(PackedError::TooLarge { needed: limit + 1, limit }),
        "none of them is left"
    );
    assert!(listpack.cursor_front().replace(Entry::Text(&zeros)).is_err());
    assert_eq!(listpack, before);
}

#[test]
fn texts_are_shared_and_integers_copied() {
    let listpack = built(&[Entry::Text(b"ferry"), Entry::Int(-12)], BackLengths::Wide);
    let texts: Vec<Bytes> = listpack.iter_bytes().collect();
    assert_eq!(texts, ["ferry", "-12"]);
    assert!(listpack.as_bytes().as_ptr_range().contains(&texts[0].as_ptr()));
    let other = Vec::from("elsewhere");
    assert_eq!(listpack.text_of(Entry::Text(&other)), "elsewhere");
    assert_eq!(listpack.text_of(Entry::Text(b"")), "");

    // A text that begins in the listpack and ends behind it.
    let mut longer = listpack.as_bytes().to_vec();
    longer.extend_from_slice(b"more");
    let longer = Bytes::from(longer);
    let listpack = Listpack::parse(longer.slice(..longer.len() - 4)).unwrap();
    let (at, end) = (listpack.as_bytes().len() - 1, longer.len());
    assert_eq!(listpack.text_of(Entry::Text(&longer[at..end])), b"\xFFmore"[..]);
}

#[test]
fn entries_are_compared_by_text() {
    assert_eq!(Entry::Int(5), Entry::Text(b"5"));
    assert_eq!(Entry::Text(b"-5"), Entry::Int(-5));
    assert_ne!(Entry::Int(5), Entry::Text(b"05"));
    assert_ne!(Entry::Text(b"5"), Entry::Text(b"05"));
    assert!(Entry::Int(10) < Entry::Text(b"9"));
    assert!(Entry::Text(b"a") < Entry::Text(b"b"));
    for number in [0, 9, 10, -1, -10, i64::MAX, i64::MIN] {
        let mut text = Vec::new();
        Entry::Int(number).append_text_to(&mut text);
        assert_eq!(text, number.to_string().as_bytes());
        assert_eq!(Entry::Int(number).text_len(), text.len());
        assert_eq!(Entry::Text(&text).to_int(), Some(number));
        assert!(Entry::Int(number).eq_text(&text));
    }
}

/// `bytes` have these entries, and are what is built of them.
fn reads_and_writes(bytes: &'static [u8], entries: &[Entry]) -> Listpack {
    let listpack = Listpack::parse(Bytes::from_static(bytes)).expect("a listpack");
    assert_eq!(listpack.len(), entries.len());
    assert!(listpack.iter().eq(entries.iter().copied()));
    assert_eq!(built(entries, BackLengths::Wide), listpack);
    listpack
}

fn built(entries: &[Entry], back_lengths: BackLengths) -> Listpack {
    let mut listpack = ListpackMut::with_back_lengths(back_lengths);
    for entry in entries {
        listpack.push_entry(*entry).expect("there is room");
    }
    listpack.freeze()
}

/// `entries` between header and end byte.
fn blob(count: u16, entries: &[u8]) -> Bytes {
    let total = entries.len() as u32 + 7;
    [&total.to_le_bytes()[..], &count.to_le_bytes(), entries, b"\xFF"].concat().into()
}
