//! Any bytes as a zipmap, and the listpack made of it.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use rdb_format::packed::{BackLengths, Entry, Listpack, Zipmap};

fuzz_target!(|blob: &[u8]| {
    let Ok(zipmap) = Zipmap::parse(Bytes::copy_from_slice(blob)) else { return };
    assert_eq!(zipmap.as_bytes(), blob);
    let pairs: Vec<(&[u8], &[u8])> = zipmap.iter().collect();
    assert_eq!(pairs.len(), zipmap.len());
    assert!(zipmap.iter().rev().eq(pairs.iter().rev().copied()));
    let listpack = zipmap.to_listpack(BackLengths::Wide).expect("it is short");
    let texts = pairs.iter().flat_map(|(field, value)| [field, value]);
    assert!(listpack.iter().eq(texts.map(|text| Entry::Text(text))));
    assert_eq!(Listpack::parse(listpack.bytes()).as_ref(), Ok(&listpack));
});
