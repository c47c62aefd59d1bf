//! Edits in place, against a model of plain vectors and sets.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, sample::Index};
use rdb_format::packed::{
    BackLengths, Entry, Intset, IntsetMut, IntsetRef, Listpack, ListpackIter, ListpackMut,
};

proptest! {
    #[test]
    fn a_listpack_is_a_vector_of_texts(
        minimal in any::<bool>(),
        steps in vec(step(), 0..60),
    ) {
        let back_lengths = if minimal { BackLengths::Minimal } else { BackLengths::Wide };
        let mut listpack = ListpackMut::with_back_lengths(back_lengths);
        let mut model: Vec<Vec<u8>> = Vec::new();
        for (place, step) in steps {
            let at = place.index(model.len() + 1);
            apply(step, at, &mut listpack, &mut model);
            check(&listpack, &model)?;
        }
        let frozen = listpack.clone().freeze();
        let parsed = Listpack::parse(frozen.bytes());
        prop_assert_eq!(parsed.as_ref(), Ok(&frozen));
        prop_assert!(frozen.boundary().suit(back_lengths));

        let mut rebuilt = ListpackMut::with_back_lengths(back_lengths);
        for text in &model {
            rebuilt.push(text).unwrap();
        }
        prop_assert_eq!(rebuilt.as_bytes(), frozen.as_bytes());
        let thawed = ListpackMut::from(frozen);
        prop_assert_eq!(thawed.as_bytes(), listpack.as_bytes());
    }

    #[test]
    fn what_is_taken_apart_is_put_together(
        minimal in any::<(bool, bool)>(),
        model in vec(text(), 0..40),
        at in any::<Index>(),
    ) {
        let kind = |minimal| if minimal { BackLengths::Minimal } else { BackLengths::Wide };
        let of = |texts: &[Vec<u8>], minimal| {
            let mut listpack = ListpackMut::with_back_lengths(kind(minimal));
            texts.iter().for_each(|text| listpack.push(text).unwrap());
            listpack
        };
        let at = at.index(model.len() + 1);
        let mut left = of(&model, minimal.0);
        let right = left.split_off(at);
        prop_assert_eq!(&left, &of(&model[..at], minimal.0));
        prop_assert_eq!(&right, &of(&model[at..], minimal.0));
        left.join(of(&model[at..], minimal.1)).unwrap();
        prop_assert_eq!(&left, &of(&model, minimal.0));
        left.shrink_to_fit();
        prop_assert_eq!(left.split_off(model.len() + 1).len(), 0);
        prop_assert_eq!(left, of(&model, minimal.0));
    }

    #[test]
    fn texts_are_found_and_ranges_removed_as_in_a_vector(
        mut model in vec(text(), 0..40),
        wanted in any::<Index>(),
        from in any::<Index>(),
        step in 1_usize..4,
        count in 0_usize..5,
    ) {
        let mut listpack = ListpackMut::new();
        for text in &model {
            listpack.push(text).unwrap();
        }
        let from = from.index(model.len() + 1);
        let text = model.get(wanted.index(model.len() + 1)).cloned().unwrap_or_default();
        let found = (from..model.len()).step_by(step).find(|&at| model[at] == text);

        let mut entries = listpack.iter();
        entries.by_ref().take(from).for_each(drop);
        prop_assert_eq!(entries.find_text(&text, step), found.map(|at| at - from));
        prop_assert_eq!(entries.len(), found.map_or(0, |at| model.len() - at));
        prop_assert!(entries.eq(model[found.unwrap_or(model.len())..].iter().map(|it| Entry::Text(it))));

        let mut cursor = listpack.cursor_front();
        cursor.move_by(from);
        prop_assert_eq!(cursor.find_text(&text, step), found.is_some());
        let removed = found.map_or(0, |at| count.min(model.len() - at));
        prop_assert_eq!(cursor.remove_many(count), removed);
        if let Some(at) = found {
            model.drain(at..at + removed);
        }
        check(&listpack, &model)?;
    }

    #[test]
    fn what_was_made_here_is_taken_as_it_is(
        minimal in any::<bool>(),
        texts in vec(text(), 0..40),
        numbers in vec(integer(), 0..40),
    ) {
        let back_lengths = if minimal { BackLengths::Minimal } else { BackLengths::Wide };
        let mut listpack = ListpackMut::with_back_lengths(back_lengths);
        for text in &texts {
            listpack.push(text).unwrap();
        }
        let blob = listpack.as_bytes();
        prop_assert!(ListpackIter::of_trusted(blob).eq(listpack.iter()));
        let copy = ListpackMut::from_trusted(blob);
        prop_assert_eq!(copy.as_bytes(), blob);
        prop_assert_eq!(copy.len(), texts.len());
        let frozen = Listpack::from_trusted(blob.to_vec().into());
        prop_assert_eq!(Ok(frozen), Listpack::parse(blob.to_vec().into()));
        // Its header need not say how many there are.
        let mut unsaid = blob.to_vec();
        unsaid[4..6].copy_from_slice(&[0xFF; 2]);
        prop_assert_eq!(ListpackMut::from_trusted(&unsaid).len(), texts.len());
        prop_assert_eq!(Listpack::from_trusted(unsaid.into()).len(), texts.len());

        let mut intset = IntsetMut::new();
        for &number in &numbers {
            intset.insert(number).unwrap();
        }
        let view = IntsetRef::from_trusted(intset.as_bytes());
        prop_assert!(view.iter().eq(intset.iter()));
        prop_assert_eq!(view.len(), intset.len());
        prop_assert!(numbers.iter().all(|&number| view.contains(number)));
        prop_assert_eq!(&IntsetMut::from_trusted(intset.as_bytes()), &intset);
    }

    #[test]
    fn bytes_that_are_no_packed_form_are_read_to_some_end(blob in vec(any::<u8>(), 0..60)) {
        let listpack = ListpackMut::from_trusted(&blob);
        prop_assert!(listpack.iter().count() <= blob.len());
        prop_assert!(ListpackIter::of_trusted(&blob).count() <= blob.len());
        prop_assert!(ListpackIter::of_trusted(&blob).rev().count() <= blob.len());
        let mut entries = ListpackIter::of_trusted(&blob);
        entries.find_text(b"1", 2);
        prop_assert!(IntsetRef::from_trusted(&blob).iter().count() <= blob.len());
    }

    #[test]
    fn an_intset_is_a_set_of_integers(steps in vec((any::<bool>(), integer()), 0..60)) {
        let mut intset = IntsetMut::new();
        let mut model = BTreeSet::new();
        for (insert, number) in steps {
            if insert {
                prop_assert_eq!(intset.insert(number), Ok(model.insert(number)));
            } else {
                prop_assert_eq!(intset.remove(number), model.remove(&number));
            }
            prop_assert!(intset.iter().eq(model.iter().copied()));
            prop_assert_eq!(intset.contains(number), insert);
            let parsed = Intset::parse(intset.as_bytes().to_vec().into());
            prop_assert_eq!(parsed.as_ref(), Ok(&intset.clone().freeze()));
            prop_assert_eq!(Intset::from_sorted(model.iter().copied()), parsed);
        }
        let frozen = intset.freeze();
        prop_assert_eq!(frozen.len(), model.len());
        prop_assert!(frozen.iter().rev().eq(model.iter().rev().copied()));
        for (index, number) in model.into_iter().enumerate() {
            prop_assert_eq!(frozen.get(index), Some(number));
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Push(Vec<u8>),
    PushAll(Vec<Vec<u8>>),
    InsertBefore(Vec<u8>),
    InsertAfter(Vec<u8>),
    Replace(Vec<u8>),
    Remove,
}

fn step() -> impl Strategy<Value = (Index, Step)> {
    let step = prop_oneof![
        text().prop_map(Step::Push),
        vec(text(), 0..4).prop_map(Step::PushAll),
        text().prop_map(Step::InsertBefore),
        text().prop_map(Step::InsertAfter),
        text().prop_map(Step::Replace),
        Just(Step::Remove),
    ];
    (any::<Index>(), step)
}

/// Of the lengths and numbers at which the encodings change.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let len = prop_oneof![
        4 => 0_usize..20,
        1 => 62_usize..67,
        1 => 122_usize..130,
        1 => 4094_usize..4098,
        1 => 16_376_usize..16_381,
    ];
    prop_oneof![
        (len, any::<u8>()).prop_map(|(len, byte)| vec![byte; len]),
        integer().prop_map(|number| number.to_string().into_bytes()),
    ]
}

fn integer() -> impl Strategy<Value = i64> {
    (0_u32..64, -3_i64..=3, any::<bool>()).prop_map(|(shift, near, negative)| {
        let power = (1_i64 << shift).wrapping_add(near);
        if negative { power.wrapping_neg() } else { power }
    })
}

/// `at` is an index of `model`, or its length.
fn apply(step: Step, at: usize, listpack: &mut ListpackMut, model: &mut Vec<Vec<u8>>) {
    let is_entry = at < model.len();
    let mut cursor = if at > model.len() / 2 {
        let mut cursor = listpack.cursor_end();
        (at..model.len()).for_each(|_| assert!(cursor.move_prev()));
        cursor
    } else {
        let mut cursor = listpack.cursor_front();
        (0..at).for_each(|_| assert!(cursor.move_next()));
        cursor
    };
    assert_eq!(cursor.entry(), model.get(at).map(|text| Entry::Text(text)));
    let here = match step {
        Step::Push(text) => {
            listpack.push(&text).unwrap();
            return model.push(text);
        }
        Step::PushAll(texts) => {
            listpack.push_entries(texts.iter().map(|text| Entry::Text(text))).unwrap();
            return model.extend(texts);
        }
        Step::InsertBefore(text) => {
            cursor.insert_before(Entry::Text(&text)).unwrap();
            model.insert(at, text);
            at + 1
        }
        Step::InsertAfter(text) => {
            cursor.insert_after(Entry::Text(&text)).unwrap();
            model.insert(if is_entry { at + 1 } else { at }, text);
            at
        }
        Step::Replace(text) => {
            assert_eq!(cursor.replace(Entry::Text(&text)), Ok(is_entry));
            if is_entry {
                model[at] = text;
            }
            at
        }
        Step::Remove => {
            assert_eq!(cursor.remove(), is_entry);
            if is_entry {
                model.remove(at);
            }
            at
        }
    };
    assert_eq!(cursor.entry(), model.get(here).map(|text| Entry::Text(text)));
    assert_eq!(cursor.move_prev(), here > 0);
    assert_eq!(cursor.move_next(), !model.is_empty());
}

fn check(listpack: &ListpackMut, model: &[Vec<u8>]) -> Result<(), TestCaseError> {
    prop_assert_eq!(listpack.len(), model.len());
    prop_assert_eq!(listpack.bytes_len(), listpack.as_bytes().len());
    prop_assert!(listpack.iter().eq(model.iter().map(|text| Entry::Text(text))));
    prop_assert!(listpack.iter().rev().eq(model.iter().rev().map(|text| Entry::Text(text))));
    let parsed = Listpack::parse(listpack.as_bytes().to_vec().into());
    prop_assert_eq!(parsed, Ok(listpack.clone().freeze()));
    Ok(())
}
