//! The packed blobs in the payloads of real servers.

mod common;

use std::collections::BTreeMap;

use bytes::{Buf, Bytes};
use common::{Golden, body, golden};
use rdb_format::{
    lzf,
    packed::{BackLengths, Entry, Intset, Listpack, ListpackMut, Ziplist, Zipmap},
};

#[test]
fn every_blob_of_the_corpus_is_sound() {
    let mut blobs = BTreeMap::new();
    let mut written_otherwise = Vec::new();
    for (id, form, blob) in golden().iter().flat_map(blobs_of) {
        match form {
            Form::Listpack => {
                let listpack = Listpack::parse(blob).expect(&id);
                both_directions(listpack.iter(), &id);
                let rebuilt = rebuilt(&listpack);
                assert!(rebuilt.iter().eq(&listpack), "{id}");
                if rebuilt != listpack {
                    written_otherwise.push(id);
                }
            }
            Form::Intset => {
                let intset = Intset::parse(blob).expect(&id);
                both_directions(intset.iter(), &id);
                assert!(intset.iter().all(|number| intset.contains(number)), "{id}");
            }
            Form::Ziplist => {
                let ziplist = Ziplist::parse(blob).expect(&id);
                both_directions(ziplist.iter(), &id);
                let listpack = ziplist.to_listpack(BackLengths::Wide).expect(&id);
                assert!(listpack.iter().eq(&ziplist), "{id}");
            }
            Form::Zipmap => {
                let zipmap = Zipmap::parse(blob).expect(&id);
                both_directions(zipmap.iter(), &id);
                let listpack = zipmap.to_listpack(BackLengths::Wide).expect(&id);
                let pairs = zipmap.iter().flat_map(|(field, value)| [field, value]);
                assert!(listpack.iter().eq(pairs.map(Entry::Text)), "{id}");
            }
        }
        *blobs.entry(form).or_insert(0) += 1;
    }
    let expected =
        [(Form::Listpack, 192), (Form::Intset, 9), (Form::Ziplist, 57), (Form::Zipmap, 3)];
    assert_eq!(blobs, BTreeMap::from(expected));
    // Made by hand: a header that does not count, and texts "1" that are not integers.
    assert_eq!(written_otherwise, ["g246", "g261", "g262", "g263"]);
}

/// The same entries as a server writes them.
fn rebuilt(listpack: &Listpack) -> Listpack {
    let minimal = listpack.boundary().minimal > 0;
    let back_lengths = if minimal { BackLengths::Minimal } else { BackLengths::Wide };
    let mut built = ListpackMut::with_back_lengths(back_lengths);
    for text in listpack.iter_bytes() {
        built.push(&text).expect("it is short");
    }
    built.freeze()
}

fn both_directions<T: PartialEq + std::fmt::Debug>(
    iter: impl DoubleEndedIterator<Item = T> + ExactSizeIterator + Clone,
    id: &str,
) {
    let mut reversed: Vec<T> = iter.clone().rev().collect();
    reversed.reverse();
    assert_eq!(iter.len(), reversed.len(), "{id}");
    assert_eq!(iter.collect::<Vec<T>>(), reversed, "{id}");
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Form {
    Listpack,
    Intset,
    Ziplist,
    Zipmap,
}

fn blobs_of(case: &Golden) -> Vec<(String, Form, Bytes)> {
    let mut value = body(&case.payload).slice(1..);
    let mut blobs = Vec::new();
    match case.code {
        9 => blobs.push((Form::Zipmap, read_string(&mut value))),
        10 | 12 | 13 => blobs.push((Form::Ziplist, read_string(&mut value))),
        11 => blobs.push((Form::Intset, read_string(&mut value))),
        16 | 17 | 20 | 23 => blobs.push((Form::Listpack, read_string(&mut value))),
        25 => {
            value.advance(8);
            blobs.push((Form::Listpack, read_string(&mut value)));
        }
        14 => {
            for _ in 0..read_length(&mut value) {
                blobs.push((Form::Ziplist, read_string(&mut value)));
            }
        }
        18 => {
            for _ in 0..read_length(&mut value) {
                let is_packed = read_length(&mut value) == 2;
                let node = read_string(&mut value);
                if is_packed {
                    blobs.push((Form::Listpack, node));
                }
            }
        }
        15 | 19 | 21 => {
            for _ in 0..read_length(&mut value) {
                read_string(&mut value);
                blobs.push((Form::Listpack, read_string(&mut value)));
            }
        }
        _ => {}
    }
    blobs.into_iter().map(|(form, blob)| (case.id.clone(), form, blob)).collect()
}

/// A length of the corpus: none is over 32 bits.
fn read_length(value: &mut Bytes) -> usize {
    match value.get_u8() {
        0x80 => value.get_u32() as usize,
        0x81 => value.get_u64() as usize,
        high @ 0x40..0x80 => usize::from(high & 0x3F) << 8 | usize::from(value.get_u8()),
        len => len.into(),
    }
}

/// A string that is no integer.
fn read_string(value: &mut Bytes) -> Bytes {
    if value[0] != 0xC3 {
        let len = read_length(value);
        return value.split_to(len);
    }
    value.advance(1);
    let compressed_len = read_length(value);
    let plain_len = read_length(value);
    lzf::decompress(&value.split_to(compressed_len), plain_len as u64).expect("an LZF stream")
}
