//! Any bytes as a HyperLogLog, and changes of it that one in the other encoding has to agree with.
//!
//! The input is the number of elements that are added, the limit of a sparse one in units of 16
//! bytes, and the string.
#![no_main]

use bytes::BytesMut;
use keyspace::hyperloglog::{HyperLogLog, HyperLogLogRef, REGISTERS, Registers};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [elements, limit, text @ ..] = input else { return };
    let Ok(view) = HyperLogLogRef::parse(text) else { return };
    let mut sparse = HyperLogLog::parse(BytesMut::from(text)).expect("the header is sound");
    let limit = usize::from(*limit) * 16;

    let mut registers = Registers::new();
    let is_sound = view.merge_into(&mut registers).is_ok();
    assert_eq!(view.count().is_ok(), is_sound);
    if let Some(runs) = view.runs() {
        let len: usize = runs.map(|run| run.len()).sum();
        assert!(len == REGISTERS || !is_sound);
    }

    let mut dense = sparse.clone();
    assert_eq!(dense.make_dense().is_ok(), is_sound);
    for element in 0..*elements {
        let before = sparse.clone();
        match sparse.add(&[element], limit) {
            Ok(is_changed) => {
                assert_eq!(is_changed, sparse != before);
                if is_sound {
                    assert_eq!(dense.add(&[element], limit), Ok(is_changed));
                }
            }
            Err(_) => {
                assert!(!is_sound);
                assert_eq!(sparse, before);
            }
        }
    }
    if is_sound {
        assert_eq!(sparse.view().count(), dense.view().count());
        let (mut own, mut other) = (Registers::new(), Registers::new());
        sparse.view().merge_into(&mut own).expect("it is sound");
        dense.view().merge_into(&mut other).expect("it is sound");
        assert_eq!(own.values(), other.values());
        let mut merged = HyperLogLog::new();
        merged.merge(&own, limit).expect("it is sound");
        assert_eq!(merged.view().count(), sparse.view().count());
    }
});
