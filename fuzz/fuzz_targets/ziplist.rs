//! Any bytes as a ziplist, and the listpack made of it.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use rdb_format::packed::{BackLengths, Entry, Listpack, Ziplist};

fuzz_target!(|blob: &[u8]| {
    let Ok(ziplist) = Ziplist::parse(Bytes::copy_from_slice(blob)) else { return };
    assert_eq!(ziplist.as_bytes(), blob);
    let entries: Vec<Entry> = ziplist.iter().collect();
    assert_eq!(entries.len(), ziplist.len());
    assert!(ziplist.iter().rev().eq(entries.iter().rev().copied()));
    for back_lengths in [BackLengths::Wide, BackLengths::Minimal] {
        let listpack = ziplist.to_listpack(back_lengths).expect("it is short");
        assert!(listpack.iter().eq(entries.iter().copied()));
        assert!(listpack.boundary().suit(back_lengths));
        assert_eq!(Listpack::parse(listpack.bytes()).as_ref(), Ok(&listpack));
    }
});
