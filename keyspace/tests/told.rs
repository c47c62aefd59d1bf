//! Values that a decoder tells by reference: the same as by events, and nothing comes twice.

mod common;

use bytes::Bytes;
use keyspace::{Value, ValueBuilder};
use rdb_format::payload::{Footer, PayloadDecoder};
use rdb_format::{DecodeError, DecodeLimits, RdbVersion, Thresholds, crc64::Crc64, length};

/// Members of every form that a string has: plain, a number, compressed, of a length of two bytes, and
/// too long for one event.
fn member(number: usize) -> Vec<u8> {
    match number % 100 {
        7 => format!("{}", number as i64 * 1_000_003 - 5_000).into_bytes(),
        13 => format!("{number:a>200}").into_bytes(),
        17 => (0..300).map(|at| (at * at + number * 7919) as u8).collect(),
        19 if number < 200 => [vec![b'x'; 70_000], number.to_string().into_bytes()].concat(),
        _ => format!("member-{number}").into_bytes(),
    }
}

/// The type code of a collection that is not packed, and what follows each member.
type Shape = (u8, fn(usize) -> Vec<u8>);

const SET: Shape = (2, |_| Vec::new());
const HASH: Shape = (4, |number| string(&member(number * 31)));
const SORTED_SET: Shape = (5, |number| (number as f64 / 8.0 - 100.0).to_le_bytes().to_vec());

fn string(text: &[u8]) -> Vec<u8> {
    let number = str::from_utf8(text).ok().and_then(|text| text.parse::<i32>().ok());
    if let Some(number) = number {
        return [&[0xC2][..], &number.to_le_bytes()].concat();
    }
    let mut stream = Vec::new();
    let mut out = Vec::new();
    if text.len() < 1000 && rdb_format::lzf::compress(text, &mut stream) {
        out.push(0xC3);
        length::encode(stream.len() as u64, &mut out);
        length::encode(text.len() as u64, &mut out);
        return [out, stream].concat();
    }
    length::encode(text.len() as u64, &mut out);
    [&out, text].concat()
}

fn payload((code, tail): Shape, numbers: impl ExactSizeIterator<Item = usize>) -> Bytes {
    let mut body = vec![code];
    length::encode(numbers.len() as u64, &mut body);
    for number in numbers {
        body.extend(string(&member(number)));
        body.extend(tail(number));
    }
    let mut crc64 = Crc64::new();
    crc64.update(&body);
    body.extend(Footer::seal(RdbVersion(9), crc64).to_bytes());
    body.into()
}

/// What becomes of a payload in pieces of so many bytes, told by events or by reference.
fn decode(payload: &Bytes, piece: usize, by_events: bool) -> Result<Value, DecodeError> {
    let mut builder = ValueBuilder::new(Thresholds::default());
    let mut decoder = PayloadDecoder::new(payload.len() as u64, DecodeLimits::default())?;
    for piece in payload.chunks(piece) {
        decoder.push(payload.slice_ref(piece))?;
        if by_events {
            while let Some(event) = decoder.poll_event() {
                builder.push(event);
            }
        } else {
            decoder.tell(&mut builder);
        }
    }
    decoder.finish()?;
    Ok(builder.finish().expect("it is complete"))
}

#[test]
fn a_value_is_the_same_however_it_is_told() {
    for shape in [SET, HASH, SORTED_SET] {
        for len in [1, 2, 100, 129, 512, 513, 1000, 5000] {
            let payload = payload(shape, 0..len);
            let value = decode(&payload, usize::MAX, true).unwrap();
            for piece in [usize::MAX, 50_000, 1000, 11] {
                assert_eq!(decode(&payload, piece, false).as_ref(), Ok(&value), "{len} by {piece}");
            }
        }
    }
}

#[test]
fn a_member_that_comes_twice_is_found_where_it_comes_again() {
    for shape in [SET, HASH, SORTED_SET] {
        for len in [2, 100, 600, 2000] {
            for twice in [0, 1, 7, 13, 17, 19, len - 2].into_iter().filter(|&twice| twice < len - 1)
            {
                for again in [twice + 1, len - 1] {
                    let number = |at| if at == again { twice } else { at };
                    let payload = payload(shape, (0..len).map(number));
                    let error = decode(&payload, usize::MAX, true);
                    assert!(matches!(error, Err(DecodeError::Duplicate { .. })), "{error:?}");
                    for piece in [usize::MAX, 1000] {
                        let what = format!("{twice} of {len} at {again} by {piece}");
                        assert_eq!(decode(&payload, piece, false), error, "{what}");
                    }
                }
            }
        }
    }
}
