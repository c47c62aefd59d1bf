//! LZF against itself, against liblzf and another implementation, and against streams that no
//! compressor writes.

#[path = "common/liblzf.rs"]
mod liblzf;

use bytes::Bytes;
use proptest::{collection::vec, prelude::*, sample::Index};
use rdb_format::lzf::{CHUNK_BYTES, Decompressor, LzfError, compress, decompress, decompress_into};

proptest! {
    #[test]
    fn decompressing_inverts_compressing(plain in plain()) {
        let mut stream = Vec::new();
        if compress(&plain, &mut stream) {
            prop_assert!(stream.len() + 4 <= plain.len());
            prop_assert_eq!(&decompress(&stream, plain.len() as u64).unwrap(), &plain);
        } else {
            prop_assert!(stream.is_empty());
        }
    }

    #[test]
    fn the_others_read_ours(plain in plain()) {
        let mut stream = Vec::new();
        if compress(&plain, &mut stream) {
            let mut of_liblzf = Vec::new();
            prop_assert!(liblzf::decompress(&stream, plain.len(), &mut of_liblzf));
            prop_assert_eq!(&of_liblzf, &plain);
            let of_lzf_rust = lzf_rust::decompress_into_vec(&stream, plain.len());
            prop_assert_eq!(of_lzf_rust.unwrap(), plain);
        }
    }

    #[test]
    fn ours_reads_the_others(plain in plain()) {
        let mut stream = Vec::new();
        if liblzf::compress(&plain, &mut stream) {
            prop_assert_eq!(&decompress(&stream, plain.len() as u64).unwrap(), &plain);
        }
        stream.resize(plain.len() * 2 + 16, 0);
        let len = lzf_rust::compress(&plain, &mut stream).unwrap();
        prop_assert_eq!(decompress(&stream[..len], plain.len() as u64).unwrap(), plain);
    }

    #[test]
    fn any_split_gives_the_same(stream in stream(), cuts in vec(any::<Index>(), 0..10)) {
        let plain_len = plain_len(&stream);
        let whole = decompress(&stream, plain_len);
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        ends.extend([0, stream.len()]);
        ends.sort_unstable();
        let pieces = ends.windows(2).map(|ends| &stream[ends[0]..ends[1]]);
        prop_assert_eq!(in_pieces(pieces, plain_len), whole);
    }

    /// Of the errors, the other implementations and ours need not agree on which comes first.
    #[test]
    fn any_stream_means_the_same_to_all(stream in stream()) {
        let plain_len = plain_len(&stream);
        let ours = decompress(&stream, plain_len).ok().map(Vec::from);
        let mut out = Vec::new();
        let of_liblzf = liblzf::decompress(&stream, plain_len as usize, &mut out).then_some(out);
        prop_assert_eq!(&ours, &of_liblzf);
        let of_lzf_rust = lzf_rust::decompress_into_vec(&stream, plain_len as usize);
        prop_assert_eq!(ours, of_lzf_rust.ok());
    }

    #[test]
    fn decompressing_appends_all_or_nothing(stream in stream(), kept in vec(any::<u8>(), 0..300)) {
        let plain_len = plain_len(&stream);
        let mut out = kept.clone();
        let result = decompress_into(&stream, plain_len, &mut out);
        let appended = out.strip_prefix(&kept[..]).expect("what was there is kept");
        match decompress(&stream, plain_len) {
            Ok(plain) => prop_assert_eq!(appended, plain),
            Err(error) => {
                prop_assert_eq!(result, Err(error));
                prop_assert!(appended.is_empty());
            }
        }
    }
}

/// Each cut-off, each byte changed to each other one, and each wrong plain length.
#[test]
fn damaged_streams_are_refused_or_become_as_long_as_stated() {
    for plain in samples() {
        let mut stream = Vec::new();
        assert!(compress(&plain, &mut stream));
        for end in 0..stream.len() {
            let error = means_the_same_to_all(&stream[..end], plain.len()).unwrap_err();
            assert!(
                matches!(
                    error,
                    LzfError::Truncated { .. }
                        | LzfError::TooShort { .. }
                        | LzfError::Implausible { .. }
                ),
                "{error} of the first {end} bytes"
            );
        }
        for at in 0..stream.len() {
            for change in 1..=255 {
                stream[at] ^= change;
                let _ = means_the_same_to_all(&stream, plain.len());
                stream[at] ^= change;
            }
        }
        for wrong in (0..plain.len() + 40).filter(|&len| len != plain.len()) {
            means_the_same_to_all(&stream, wrong).unwrap_err();
        }
    }
}

/// Short, with every kind of run.
fn samples() -> Vec<Vec<u8>> {
    let text = b"the key goes to the ferry, the ferry goes to the slot, the slot has the key";
    let zeros = [&[7; 90][..], &[0; 300], &[7; 20]].concat();
    let near = b"ababababab-abcabcabcabc-0123456789012345678901234567890123456789".to_vec();
    vec![text.to_vec(), zeros, near]
}

/// Checks that all ways to decompress agree, the length of what they give included.
fn means_the_same_to_all(stream: &[u8], plain_len: usize) -> Result<Bytes, LzfError> {
    let whole = decompress(stream, plain_len as u64);
    let mut of_liblzf = Vec::new();
    let accepted = liblzf::decompress(stream, plain_len, &mut of_liblzf);
    assert_eq!(accepted.then_some(&of_liblzf[..]), whole.as_deref().ok());
    // The check for a plausible length is of the whole stream; pieces do not know it.
    if !matches!(whole, Err(LzfError::Implausible { .. })) {
        for split in [1, stream.len() / 2 + 1] {
            assert_eq!(in_pieces(stream.chunks(split), plain_len as u64), whole);
        }
    }
    whole.inspect(|plain| assert_eq!(plain.len(), plain_len))
}

/// At every byte, one split is as good as the whole.
#[test]
fn every_split_gives_the_same() {
    for plain in samples() {
        let mut stream = Vec::new();
        assert!(compress(&plain, &mut stream));
        for at in 0..=stream.len() {
            let (head, tail) = stream.split_at(at);
            let pieces = in_pieces([head, tail].into_iter(), plain.len() as u64);
            assert_eq!(pieces.unwrap(), plain, "split at {at}");
        }
    }
}

/// Noise, small alphabets, and repetition near and far.
fn plain() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..400),
        vec(b'a'..b'd', 0..2000),
        (vec(any::<u8>(), 1..50), 1_usize..2500).prop_map(|(unit, times)| unit.repeat(times)),
        (vec(any::<u8>(), 40..80), 8000_usize..8300, any::<u8>())
            .prop_map(|(ends, gap, fill)| { [&ends[..], &vec![fill; gap], &ends].concat() }),
    ]
}

/// Runs of every kind, mostly legal, and sometimes cut off.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let literals = vec(any::<u8>(), 1..=32)
        .prop_map(|literals| [&[literals.len() as u8 - 1], &literals[..]].concat());
    let copy = (1_u8..=7, any::<u8>(), prop_oneof![Just(0_u8), 0_u8..32], any::<u8>()).prop_map(
        |(n, more, high, low)| match n {
            7 => vec![7 << 5 | high, more, low],
            n => vec![n << 5 | high, low],
        },
    );
    let near = (1_u8..=6, 0_u8..20).prop_map(|(n, low)| vec![n << 5, low]);
    let runs = vec(prop_oneof![literals.clone(), literals, near, copy], 0..400);
    (runs, any::<Index>(), 0..4).prop_map(|(runs, cut, kind)| {
        let mut stream = runs.concat();
        if kind == 0 && !stream.is_empty() {
            stream.truncate(cut.index(stream.len()));
        }
        stream
    })
}

/// What the runs of `stream` add up to, whether or not they are legal.
fn plain_len(stream: &[u8]) -> u64 {
    let (mut at, mut len) = (0, 0);
    while let Some(&control) = stream.get(at) {
        let (run, produced) = match control >> 5 {
            0 => (usize::from(control) + 2, u64::from(control) + 1),
            7 => (3, u64::from(*stream.get(at + 1).unwrap_or(&0)) + 9),
            n => (2, u64::from(n) + 2),
        };
        at += run;
        len += produced;
    }
    len
}

fn in_pieces<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    plain_len: u64,
) -> Result<Bytes, LzfError> {
    let mut decompressor = Decompressor::new(plain_len);
    let mut plain = Vec::new();
    for mut piece in pieces {
        while let Some(chunk) = decompressor.next_chunk(&mut piece)? {
            assert!(!chunk.is_empty() && chunk.len() <= CHUNK_BYTES);
            plain.extend_from_slice(&chunk);
        }
        assert!(piece.is_empty(), "None is for more input");
    }
    decompressor.finish()?;
    Ok(plain.into())
}

/// Every copy length, from every kind of distance: less than, equal to and more than the length.
#[test]
fn copies_of_every_length_and_overlap() {
    let seed: Vec<u8> = (0..=255).collect();
    for len in 3..=264_usize {
        for distance in [1, 2, 3, 7, 31, len.min(256), 255, 256] {
            let mut stream: Vec<u8> =
                seed.chunks(32).flat_map(|run| [&[31], run].concat()).collect();
            let [high, low] = (distance as u16 - 1).to_be_bytes();
            match len - 2 {
                short @ ..7 => stream.extend([(short as u8) << 5 | high, low]),
                long => stream.extend([7 << 5 | high, (long - 7) as u8, low]),
            }
            let mut expected = seed.clone();
            for _ in 0..len {
                expected.push(expected[expected.len() - distance]);
            }
            let plain_len = expected.len() as u64;
            assert_eq!(decompress(&stream, plain_len).unwrap(), expected, "{len} from {distance}");
            assert_eq!(in_pieces(stream.chunks(1), plain_len).unwrap(), expected);
        }
    }
}

/// From the whole window, across the border of two chunks.
#[test]
fn copies_reach_into_the_chunk_before() {
    let plain: Vec<u8> = (0..CHUNK_BYTES as u32 - 100).map(|i| (i ^ i >> 8) as u8).collect();
    let mut stream: Vec<u8> =
        plain.chunks(32).flat_map(|run| [&[run.len() as u8 - 1], run].concat()).collect();
    let mut expected = plain;
    for distance in [8192_u16, 8192, 4000, 1, 300] {
        let [high, low] = (distance - 1).to_be_bytes();
        stream.extend([7 << 5 | high, 255, low]);
        for _ in 0..264 {
            expected.push(expected[expected.len() - usize::from(distance)]);
        }
    }
    let plain_len = expected.len() as u64;
    assert_eq!(decompress(&stream, plain_len).unwrap(), expected);
    assert_eq!(in_pieces([&stream[..]].into_iter(), plain_len).unwrap(), expected);
}

#[test]
fn an_implausible_length_is_refused_before_room_is_made() {
    for plain in [89, u64::MAX] {
        let error = LzfError::Implausible { compressed: 1, plain };
        assert_eq!(decompress(&[0], plain), Err(error));
    }
}
