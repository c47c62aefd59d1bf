//! Any bytes as a listpack, and edits of it against a vector of texts.
//!
//! The input is the number of edits, three bytes for each, and the listpack. An edit is what to do,
//! where, and the length of a text or a number.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use rdb_format::packed::{BackLengths, Entry, Listpack, ListpackMut};

fuzz_target!(|input: &[u8]| {
    let [edits, rest @ ..] = input else { return };
    let (edits, blob) = rest.split_at(rest.len().min(usize::from(*edits) * 3));

    let mut listpack = ListpackMut::new();
    if let Ok(parsed) = Listpack::parse(Bytes::copy_from_slice(blob)) {
        check(&parsed);
        listpack = parsed.into();
    }
    let mut model: Vec<Vec<u8>> = listpack.iter().map(|entry| entry.as_text().to_vec()).collect();
    for edit in edits.as_chunks().0 {
        apply(edit, &mut listpack, &mut model);
        let entries = model.iter().map(|text| Entry::Text(text));
        assert!(listpack.iter().eq(entries.clone()));
        assert!(listpack.iter().rev().eq(entries.rev()));
    }
    let frozen = listpack.freeze();
    assert_eq!(Listpack::parse(frozen.bytes()).as_ref(), Ok(&frozen));
    check(&frozen);
});

fn check(listpack: &Listpack) {
    let entries: Vec<Entry> = listpack.iter().collect();
    assert_eq!(entries.len(), listpack.len());
    assert!(listpack.iter().rev().eq(entries.iter().rev().copied()));
    for back_lengths in [BackLengths::Wide, BackLengths::Minimal] {
        let rewritten = listpack.with_back_lengths(back_lengths);
        assert!(rewritten.boundary().suit(back_lengths));
        assert!(rewritten.iter().eq(entries.iter().copied()));
        assert_eq!(Listpack::parse(rewritten.bytes()).as_ref(), Ok(&rewritten));

        let mut built = ListpackMut::with_back_lengths(back_lengths);
        for text in listpack.iter_bytes() {
            built.push(&text).expect("it is short");
        }
        let built = built.freeze();
        assert!(built.as_bytes().len() <= rewritten.as_bytes().len());
        assert!(built.iter().eq(entries.iter().copied()));
        assert_eq!(Listpack::parse(built.bytes()).as_ref(), Ok(&built));
    }
}

fn apply(edit: &[u8; 3], listpack: &mut ListpackMut, model: &mut Vec<Vec<u8>>) {
    let [what, place, value] = *edit;
    let at = usize::from(place) % (model.len() + 1);
    let mut cursor = listpack.cursor_front();
    for _ in 0..at {
        assert!(cursor.move_next());
    }
    assert_eq!(cursor.entry(), model.get(at).map(|text| Entry::Text(text)));
    let text = match what & 0x0C {
        0 => vec![value; value.into()],
        4 => (1_i64 << (value % 64)).wrapping_sub(1).to_string().into_bytes(),
        8 => i64::MIN.wrapping_shr(u32::from(value)).to_string().into_bytes(),
        _ => vec![value; 16_250 + usize::from(value)],
    };
    let entry = Entry::Text(&text);
    match what & 3 {
        0 => {
            cursor.insert_before(entry).expect("it is short");
            model.insert(at, text);
        }
        1 => {
            cursor.insert_after(entry).expect("it is short");
            model.insert((at + 1).min(model.len()), text);
        }
        2 => {
            assert_eq!(cursor.replace(entry), Ok(at < model.len()));
            if let Some(old) = model.get_mut(at) {
                *old = text;
            }
        }
        _ => {
            assert_eq!(cursor.remove(), at < model.len());
            if at < model.len() {
                model.remove(at);
            }
        }
    }
}
