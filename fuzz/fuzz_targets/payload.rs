//! Any bytes as the body of a DUMP payload.
//!
//! The input is one byte that chooses the split, one that chooses the footer, and the body. A right
//! footer is put on nearly all, for no fuzzer finds a CRC-64.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use rdb_format::{
    DecodeError, DecodeLimits, Event, RdbVersion, Target,
    crc64::Crc64,
    payload::{Footer, PayloadDecoder, PayloadEncoder, decode},
};

fuzz_target!(|input: &[u8]| {
    let [split, footer, body @ ..] = input else { return };
    let payload = with_footer(body, *footer);
    let limits = DecodeLimits::default().with_string_bytes_max(1 << 20);

    let whole = tell(payload.clone(), payload.len(), limits);
    assert_eq!(tell(payload.clone(), usize::from(*split) + 1, limits), whole);

    let decoded = decode(payload, limits);
    assert_eq!(decoded.as_ref().err(), whole.as_ref().err());
    let Ok(value) = decoded else { return };
    let mut encoder = PayloadEncoder::new(value.clone(), &Target::KEYFERRY).expect("it is strings");
    let announced = encoder.len();
    let mut again = Vec::new();
    while let Ok(Some(slice)) = encoder.next_slice(usize::from(*split) + 1) {
        again.extend_from_slice(&slice);
    }
    assert_eq!(again.len() as u64, announced);
    assert_eq!(decode(again.into(), limits), Ok(value));
});

fn with_footer(body: &[u8], footer: u8) -> Bytes {
    if footer == u8::MAX {
        return Bytes::copy_from_slice(body);
    }
    let mut crc = Crc64::new();
    crc.update(body);
    [body, &Footer::seal(RdbVersion(footer.into()), crc).to_bytes()].concat().into()
}

type Told = (Vec<u8>, RdbVersion);

/// The text and the version, from pieces of `piece_bytes`.
fn tell(payload: Bytes, piece_bytes: usize, limits: DecodeLimits) -> Result<Told, DecodeError> {
    let mut decoder = PayloadDecoder::new(payload.len() as u64, limits)?;
    let mut text = Vec::new();
    let mut declared = None;
    let mut ends = 0;
    for piece in payload.chunks(piece_bytes.max(1)) {
        decoder.push(payload.slice_ref(piece)).expect("no more than announced");
        while let Some(event) = decoder.poll_event() {
            match event {
                Event::StringStart { len } => assert_eq!(declared.replace(len), None),
                Event::StringChunk(chunk) => text.extend_from_slice(&chunk),
                Event::StringEnd => ends += 1,
                other => panic!("{other:?} from a string"),
            }
            assert!(text.len() as u64 <= declared.expect("the start comes first"));
        }
    }
    let version = decoder.finish()?;
    assert_eq!((declared, ends), (Some(text.len() as u64), 1));
    Ok((text, version))
}
