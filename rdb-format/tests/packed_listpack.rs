//! Listpacks as servers write them, and as nobody should.

use bytes::Bytes;
use rdb_format::packed::{Entry, Listpack, ListpackMut};

/// `RPUSH k a 200 -5000 "hello world"` on Redis 7.2.4.
#[test]
fn a_list_node_of_redis_7_2() {
    let blob = b"\x1E\0\0\0\x04\0\x81a\x02\xC0\xC8\x02\xF1\x78\xEC\x03\x8Bhello world\x0C\xFF";
    let entries =
        [Entry::Text(b"a"), Entry::Int(200), Entry::Int(-5000), Entry::Text(b"hello world")];
    let listpack = Listpack::parse(Bytes::from_static(blob)).expect("a listpack");
    assert_eq!(listpack.len(), 4);
    assert!(listpack.iter().eq(entries));
    assert!(listpack.iter().rev().eq(entries.into_iter().rev()));

    let mut built = ListpackMut::new();
    for entry in &listpack {
        built.push(&entry.as_text()).expect("it is short");
    }
    assert_eq!(built.freeze(), listpack);
}
