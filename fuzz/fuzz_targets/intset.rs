//! Any bytes as an intset, and edits of it against a set of integers.
//!
//! The input is the number of edits, two bytes for each, and the intset. An edit adds or removes a
//! number near a power of two.
#![no_main]

use std::collections::BTreeSet;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use rdb_format::packed::{Intset, IntsetMut};

fuzz_target!(|input: &[u8]| {
    let [edits, rest @ ..] = input else { return };
    let (edits, blob) = rest.split_at(rest.len().min(usize::from(*edits) * 2));

    let mut intset = IntsetMut::new();
    if let Ok(parsed) = Intset::parse(Bytes::copy_from_slice(blob)) {
        check(&parsed);
        intset = parsed.into();
    }
    let mut model: BTreeSet<i64> = intset.iter().collect();
    for [what, near] in edits.as_chunks().0 {
        let power = 1_i64 << (what & 0x3F);
        let number = power.wrapping_add((*near as i8).into());
        let number = if what & 0x40 == 0 { number } else { number.wrapping_neg() };
        if what & 0x80 == 0 {
            assert_eq!(intset.insert(number), Ok(model.insert(number)));
        } else {
            assert_eq!(intset.remove(number), model.remove(&number));
        }
        assert!(intset.iter().eq(model.iter().copied()));
    }
    let frozen = intset.freeze();
    assert_eq!(Intset::from_sorted(model).as_ref(), Ok(&frozen));
    check(&frozen);
});

fn check(intset: &Intset) {
    assert_eq!(Intset::parse(intset.bytes()).as_ref(), Ok(intset));
    let numbers: Vec<i64> = intset.iter().collect();
    assert_eq!(numbers.len(), intset.len());
    assert!(numbers.is_sorted_by(|number, next| number < next));
    assert!(intset.iter().rev().eq(numbers.iter().rev().copied()));
    for (index, number) in numbers.iter().enumerate() {
        assert_eq!(intset.get(index), Some(*number));
        assert!(intset.contains(*number));
        let next = number.wrapping_add(1);
        assert_eq!(intset.contains(next), numbers.binary_search(&next).is_ok());
    }
}
