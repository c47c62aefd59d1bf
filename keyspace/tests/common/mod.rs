#![allow(dead_code, reason = "no topic needs all of it")]

use bytes::Bytes;
use keyspace::{StringValue, Value};

pub(crate) fn string(text: &str) -> Value {
    Value::String(StringValue::parse(Bytes::copy_from_slice(text.as_bytes())))
}

/// Numbers that are uniform over `u64`, the same in every run (splitmix64).
pub(crate) fn random_numbers() -> impl FnMut() -> u64 {
    let mut state: u64 = 7;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
}
