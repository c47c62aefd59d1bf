//! Every truncation and every change of a byte of packed blobs: an error, or a sound structure.

use std::fmt::Debug;

use bytes::Bytes;
use proptest::{collection::vec, prelude::*};
use rdb_format::packed::{
    BackLengths, Entry, Intset, Listpack, ListpackMut, PackedError, Ziplist, Zipmap,
};

#[test]
fn changed_listpacks() {
    let mut listpack = ListpackMut::new();
    for number in [0, 127, -1, 4095, -5000, 1 << 20, -1 << 30, i64::MAX] {
        listpack.push_int(number).unwrap();
    }
    for len in [0, 1, 63, 64, 126] {
        listpack.push(&vec![b'x'; len]).unwrap();
    }
    every_change(listpack.as_bytes(), check_listpack);

    let mut long = ListpackMut::new();
    long.push(&[b'x'; 4096]).unwrap();
    every_change(long.as_bytes(), check_listpack);
}

/// All but most of the text.
#[test]
fn changed_listpacks_of_a_boundary_size() {
    for back_lengths in [BackLengths::Wide, BackLengths::Minimal] {
        let mut listpack = ListpackMut::with_back_lengths(back_lengths);
        listpack.push(&[b'x'; 16_378]).unwrap();
        listpack.push_int(0).unwrap();
        let bytes = listpack.as_bytes();
        let text_end = 6 + 5 + 16_378;
        for at in (0..20).chain(text_end - 3..bytes.len()) {
            every_change_at(bytes, at, check_listpack);
        }
    }
}

#[test]
fn changed_intsets() {
    for numbers in [&[-2, 1, 300][..], &[-70_000, 0, 70_000], &[i64::MIN, -1, i64::MAX]] {
        let intset = Intset::from_sorted(numbers.iter().copied()).unwrap();
        every_change(intset.as_bytes(), check_intset);
    }
}

#[test]
fn changed_ziplists() {
    let blobs: [&[u8]; 3] = [
        b"\x25\0\0\0\x17\0\0\0\x05\0\0\x01a\x03\xC0\xC8\0\x04\xC0\x78\xEC\x04\xF6\
          \x02\x0Bhello world\xFF",
        b"\x27\0\0\0\x23\0\0\0\x04\0\0\xF0\x01\x02\x03\
          \xFE\x05\0\0\0\xD0\x01\x02\x03\x04\x0A\xE0\x01\x02\x03\x04\x05\x06\x07\x08\x0A\xFE\xFF\xFF",
        b"\x17\0\0\0\x0E\0\0\0\x02\0\0\x40\x01a\x04\x80\0\0\0\x02bc\xFF",
    ];
    for blob in blobs {
        every_change(blob, check_ziplist);
    }
}

#[test]
fn changed_zipmaps() {
    every_change(b"\x02\x02f1\x03\0v10\xFE\0\0\0\0\x05\x02empty..\xFF", check_zipmap);
    every_change(b"\xFE\x01a\x01\0b\xFF", check_zipmap);
}

proptest! {
    /// Most are refused by their header, so it is made right.
    #[test]
    fn any_bytes(body in vec(prop_oneof![any::<u8>(), 0_u8..4, 0x80_u8..0x84], 0..40)) {
        let total = body.len() as u32;
        let listpack = [&(total + 7).to_le_bytes()[..], b"\xFF\xFF", &body, b"\xFF"].concat();
        let header = [(total + 11).to_le_bytes(), 10_u32.to_le_bytes()].concat();
        let ziplist = [&header[..], b"\xFF\xFF", &body, b"\xFF"].concat();
        let zipmap = [b"\xFE", &body[..], b"\xFF"].concat();
        for blob in [&body, &listpack, &ziplist, &zipmap] {
            check_listpack(Bytes::copy_from_slice(blob)).ok();
            check_intset(Bytes::copy_from_slice(blob)).ok();
            check_ziplist(Bytes::copy_from_slice(blob)).ok();
            check_zipmap(Bytes::copy_from_slice(blob)).ok();
        }
    }
}

/// `blob` is sound, no part of it is, and what a change of one byte makes of it is an error or
/// sound.
fn every_change(blob: &[u8], check: fn(Bytes) -> Result<(), PackedError>) {
    assert_eq!(check(Bytes::copy_from_slice(blob)), Ok(()));
    for len in 0..blob.len() {
        assert!(check(Bytes::copy_from_slice(&blob[..len])).is_err(), "{len} bytes");
    }
    assert!(check([blob, b"\xFF"].concat().into()).is_err());
    for at in 0..blob.len() {
        every_change_at(blob, at, check);
    }
}

fn every_change_at(blob: &[u8], at: usize, check: fn(Bytes) -> Result<(), PackedError>) {
    let mut changed = blob.to_vec();
    for byte in 0..=u8::MAX {
        changed[at] = byte;
        check(Bytes::copy_from_slice(&changed)).ok();
    }
}

fn check_listpack(bytes: Bytes) -> Result<(), PackedError> {
    let listpack = Listpack::parse(bytes.clone())?;
    assert_eq!(listpack.as_bytes(), bytes);
    let entries = both_directions(listpack.iter());
    assert_eq!(entries.len(), listpack.len());
    for back_lengths in [BackLengths::Wide, BackLengths::Minimal] {
        let rewritten = listpack.with_back_lengths(back_lengths);
        assert_eq!(Listpack::parse(rewritten.bytes()).as_ref(), Ok(&rewritten));
        assert!(rewritten.iter().eq(entries.iter().copied()));
    }
    Ok(())
}

fn check_intset(bytes: Bytes) -> Result<(), PackedError> {
    let intset = Intset::parse(bytes.clone())?;
    assert_eq!(intset.as_bytes(), bytes);
    let numbers = both_directions(intset.iter());
    assert!(numbers.is_sorted_by(|number, next| number < next));
    assert!(numbers.iter().all(|number| intset.contains(*number)));
    Ok(())
}

fn check_ziplist(bytes: Bytes) -> Result<(), PackedError> {
    let ziplist = Ziplist::parse(bytes.clone())?;
    assert_eq!(ziplist.as_bytes(), bytes);
    let entries = both_directions(ziplist.iter());
    assert_eq!(entries.len(), ziplist.len());
    let listpack = ziplist.to_listpack(BackLengths::Wide)?;
    assert!(listpack.iter().eq(entries));
    Ok(())
}

fn check_zipmap(bytes: Bytes) -> Result<(), PackedError> {
    let zipmap = Zipmap::parse(bytes.clone())?;
    assert_eq!(zipmap.as_bytes(), bytes);
    let pairs = both_directions(zipmap.iter());
    assert_eq!(pairs.len(), zipmap.len());
    let listpack = zipmap.to_listpack(BackLengths::Wide)?;
    let texts = pairs.into_iter().flat_map(|(field, value)| [field, value]);
    assert!(listpack.iter().eq(texts.map(Entry::Text)));
    Ok(())
}

fn both_directions<T: Debug + PartialEq>(
    iter: impl DoubleEndedIterator<Item = T> + ExactSizeIterator + Clone,
) -> Vec<T> {
    let forwards: Vec<T> = iter.clone().collect();
    let mut backwards: Vec<T> = iter.clone().rev().collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
    assert_eq!(forwards.len(), iter.len());

    // From both ends in turns.
    let (mut iter, mut front, mut back) = (iter, Vec::new(), Vec::new());
    while let Some(first) = iter.next() {
        front.push(first);
        back.extend(iter.next_back());
    }
    front.extend(back.into_iter().rev());
    assert_eq!(front, forwards);
    forwards
}
