//! Memory stays flat however large a value is or claims to be. Alone in its process, whose
//! high-water mark it reads.
#![cfg(target_os = "linux")]

use bytes::Bytes;
use rdb_format::{
    DecodeLimits, Event, StringAssembler, StringValue, Target,
    lzf::CHUNK_BYTES,
    payload::{PayloadDecoder, PayloadEncoder},
};

#[test]
fn flat() {
    let before = peak_bytes();
    bomb();
    claims();
    grown_by_less_than_8_mib(before);

    let text = Bytes::from(vec![b'x'; 64 << 20]);
    let with_text = peak_bytes();
    encode_large(text);
    grown_by_less_than_8_mib(with_text);
}

fn grown_by_less_than_8_mib(before: usize) {
    let after = peak_bytes();
    assert!(after < before + (8 << 20), "{before} became {after}");
}

/// 264 MB of one byte in 3 MB, pushed in pieces of 64 KiB that are let go again.
fn bomb() {
    const RUNS: usize = 1_000_000;
    let plain_len = 1 + RUNS as u32 * 264;
    let compressed_len = 2 + RUNS as u32 * 3;
    let mut head = vec![0, 0xC3, 0x80];
    head.extend_from_slice(&compressed_len.to_be_bytes());
    head.push(0x80);
    head.extend_from_slice(&plain_len.to_be_bytes());
    head.extend_from_slice(&[0, b'x']);

    let total = head.len() + RUNS * 3 + 10;
    let mut decoder = PayloadDecoder::new(total as u64, DecodeLimits::default()).unwrap();
    let mut plain = 0;
    let mut push = |piece: Bytes| {
        decoder.push(piece).unwrap();
        while let Some(event) = decoder.poll_event() {
            if let Event::StringChunk(chunk) = event {
                assert!(chunk.len() <= CHUNK_BYTES);
                plain += chunk.len();
            }
        }
    };
    push(head.into());
    let piece = [0xE0, 0xFF, 0].repeat(20_000);
    for _ in 0..RUNS / 20_000 {
        push(Bytes::copy_from_slice(&piece));
    }
    assert_eq!(plain, plain_len as usize);
}

/// Twenty strings that claim 512 MiB each and send 100 KB.
fn claims() {
    let assemblers: Vec<StringAssembler> = (0..20)
        .map(|_| {
            let mut assembler = StringAssembler::new(512 << 20);
            assembler.push(&[b'x'; 100_000]);
            assembler
        })
        .collect();
    assert!(assemblers.iter().all(|assembler| assembler.len() == 100_000));
}

fn encode_large(text: Bytes) {
    let mut encoder =
        PayloadEncoder::new(StringValue::Raw(text).into(), &Target::KEYFERRY).unwrap();
    while let Ok(Some(slice)) = encoder.next_slice(64 << 10) {
        drop(slice);
    }
    assert_eq!(encoder.remaining(), 0);
}

/// The most memory that this process ever had resident.
fn peak_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux has it");
    let kib: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib << 10
}
