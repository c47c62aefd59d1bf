//! Any bytes as an LZF stream, and as something to compress.
//!
//! The input is two bytes of plain length, one that chooses the split, and the bytes.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use rdb_format::lzf::{CHUNK_BYTES, Decompressor, LzfError, compress, decompress, decompress_into};

fuzz_target!(|input: &[u8]| {
    let [len_high, len_low, split, bytes @ ..] = input else { return };

    let plain_len = u64::from(u16::from_be_bytes([*len_high, *len_low]));
    let whole = decompress(bytes, plain_len);
    assert_eq!(behind_a_prefix(bytes, plain_len), whole);
    // The check for a plausible length is of the whole stream; pieces do not know it.
    if !matches!(whole, Err(LzfError::Implausible { .. })) {
        assert_eq!(in_pieces(bytes, usize::from(*split) + 1, plain_len), whole);
    }
    if let Ok(plain) = whole {
        assert_eq!(plain.len() as u64, plain_len);
        round_trip(&plain);
    }
    round_trip(bytes);
});

fn behind_a_prefix(stream: &[u8], plain_len: u64) -> Result<Bytes, LzfError> {
    const PREFIX: &[u8] = b"out of reach";
    let mut out = PREFIX.to_vec();
    let result = decompress_into(stream, plain_len, &mut out);
    let plain = out.strip_prefix(PREFIX).expect("it is kept");
    assert!(result.is_ok() || plain.is_empty());
    result.map(|()| Bytes::copy_from_slice(plain))
}

fn in_pieces(stream: &[u8], piece_bytes: usize, plain_len: u64) -> Result<Bytes, LzfError> {
    let mut decompressor = Decompressor::new(plain_len);
    let mut plain = Vec::new();
    for mut piece in stream.chunks(piece_bytes) {
        while let Some(chunk) = decompressor.next_chunk(&mut piece)? {
            assert!(!chunk.is_empty() && chunk.len() <= CHUNK_BYTES);
            plain.extend_from_slice(&chunk);
        }
        assert!(piece.is_empty(), "None is for more input");
    }
    decompressor.finish()?;
    Ok(plain.into())
}

fn round_trip(plain: &[u8]) {
    let mut stream = Vec::new();
    if compress(plain, &mut stream) {
        assert!(stream.len() + 4 <= plain.len());
        assert_eq!(decompress(&stream, plain.len() as u64).expect("it is ours"), plain);
    } else {
        assert!(stream.is_empty());
    }
}
