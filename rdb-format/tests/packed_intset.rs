//! Intsets as servers write them, and as nobody should.

use bytes::Bytes;
use rdb_format::packed::{Intset, IntsetMut, PackedError};

/// `SADD k 1 -2 300` on Redis 7.2.4.
#[test]
fn a_set_of_redis_7_2() {
    let blob = b"\x02\0\0\0\x03\0\0\0\xFE\xFF\x01\0\x2C\x01";
    let intset = Intset::parse(Bytes::from_static(blob)).expect("an intset");
    assert!(intset.iter().eq([-2, 1, 300]));
    assert!(intset.iter().rev().eq([300, 1, -2]));
    assert_eq!((intset.len(), intset.get(2), intset.get(3)), (3, Some(300), None));
    assert_eq!(Intset::from_sorted([-2, 1, 300]), Ok(intset));
}

/// Both signs and both ends of each width.
#[test]
fn the_width_is_that_of_the_widest() {
    let ends: [(i64, usize); 12] = [
        (0, 2),
        (-1, 2),
        (i16::MAX.into(), 2),
        (i16::MIN.into(), 2),
        (0x8000, 4),
        (-0x8001, 4),
        (i32::MAX.into(), 4),
        (i32::MIN.into(), 4),
        (0x8000_0000, 8),
        (-0x8000_0001, 8),
        (i64::MAX, 8),
        (i64::MIN, 8),
    ];
    for (number, width) in ends {
        let mut intset = IntsetMut::new();
        assert_eq!(intset.insert(number), Ok(true));
        assert_eq!(intset.insert(number), Ok(false));
        assert_eq!(usize::from(intset.as_bytes()[0]), width, "{number}");
        assert_eq!(intset.bytes_len(), 8 + width);
        assert_eq!(intset.as_bytes()[8..], number.to_le_bytes()[..width], "{number}");

        assert_eq!(intset.insert(7), Ok(true));
        assert_eq!(intset.bytes_len(), 8 + 2 * width);
        let parsed = Intset::parse(intset.as_bytes().to_vec().into()).unwrap();
        assert!(parsed.contains(number) && parsed.contains(7) && !parsed.contains(8));
        assert!(intset.remove(number) && !intset.remove(number));
        assert_eq!(intset.as_bytes(), b"\x02\0\0\0\x01\0\0\0\x07\0", "{number}");
        assert!(intset.remove(7));
        assert_eq!(intset.as_bytes(), b"\x02\0\0\0\0\0\0\0");
    }
}

/// As servers keep it after the widest integer went.
#[test]
fn wider_integers_than_needed_are_read() {
    let blob = b"\x08\0\0\0\x02\0\0\0\xFB\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\0\0\0\0\0\0\0";
    let intset = Intset::parse(Bytes::from_static(blob)).expect("an intset");
    assert!(intset.iter().eq([-5, 1]));
    assert!(intset.contains(-5) && !intset.contains(i64::MIN));
    assert_eq!(intset.as_bytes(), blob);
    let edited = IntsetMut::from(intset);
    assert_eq!(edited.as_bytes(), b"\x02\0\0\0\x02\0\0\0\xFB\xFF\x01\0");
}

#[test]
fn broken_rules_are_named() {
    let cases: [(&[u8], PackedError); 10] = [
        (b"", PackedError::TooShort { len: 0 }),
        (b"\x02\0\0\0\0\0\0", PackedError::TooShort { len: 7 }),
        (b"\0\0\0\0\0\0\0\0", PackedError::Width { width: 0 }),
        (b"\x03\0\0\0\0\0\0\0", PackedError::Width { width: 3 }),
        (b"\0\0\0\x02\0\0\0\0", PackedError::Width { width: 0x0200_0000 }),
        (b"\x02\0\0\0\x01\0\0\0", PackedError::TotalBytes { declared: 10, actual: 8 }),
        (b"\x02\0\0\0\x01\0\0\0\x05", PackedError::TotalBytes { declared: 10, actual: 9 }),
        (b"\x02\0\0\0\x01\0\0\0\x05\0\0", PackedError::TotalBytes { declared: 10, actual: 11 }),
        (b"\x02\0\0\0\x02\0\0\0\x05\0\x05\0", PackedError::NotAscending { index: 1 }),
        (b"\x02\0\0\0\x03\0\0\0\x05\0\x06\0\xFF\xFF", PackedError::NotAscending { index: 2 }),
    ];
    for (bytes, error) in cases {
        assert_eq!(Intset::parse(Bytes::from_static(bytes)), Err(error), "{bytes:x?}");
    }
    // A claim of 34 GB, which no room is made for.
    let claim = Intset::parse(Bytes::from_static(b"\x08\0\0\0\xFF\xFF\xFF\xFF"));
    assert_eq!(claim, Err(PackedError::TotalBytes { declared: 34_359_738_368, actual: 8 }));
}

#[test]
fn an_empty_one_has_nothing() {
    let intset = Intset::parse(Bytes::from_static(b"\x02\0\0\0\0\0\0\0")).expect("an intset");
    assert!(intset.is_empty() && !intset.contains(0));
    assert_eq!((intset.iter().next(), intset.iter().next_back()), (None, None));
    assert_eq!(Intset::from_sorted([]), Ok(intset));
}

#[test]
fn numbers_wider_than_all_are_not_there() {
    let narrow = Intset::from_sorted([-1, 0, 1]).unwrap();
    let medium = Intset::from_sorted([i64::from(i32::MIN), 0, i64::from(i32::MAX)]).unwrap();
    for number in [0x1_0000_0000, -0x1_0000_0000, 0x1_0000_0001, i64::MIN, i64::MAX] {
        assert!(!narrow.contains(number) && !medium.contains(number), "{number}");
    }
    for number in [0x1_0000, -0x1_0000, 0x1_0001, 0x8000, -0x8001] {
        assert!(!narrow.contains(number), "{number}");
    }
}

#[test]
fn unsorted_numbers_are_refused() {
    let not_ascending = |index| Err(PackedError::NotAscending { index });
    assert_eq!(Intset::from_sorted([1, 1]), not_ascending(1));
    assert_eq!(Intset::from_sorted([1, 2, i64::MIN]), not_ascending(2));
    assert!(Intset::from_sorted([i64::MIN, i64::MAX]).is_ok());
}
