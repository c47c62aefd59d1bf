//! Values under small numbers, which never move.

/// Holds values under ids of 32 bits. An operation touches one chunk of [`CHUNK_LEN`] values;
/// only the list of chunks, of 8 bytes for each, is ever moved as a whole.
///
/// An id is given again once its value was removed. A chunk without values is given back.
#[derive(Clone, Debug)]
pub(crate) struct Slab<T> {
    chunks: Vec<Option<Box<Chunk<T>>>>,
    /// The chunks that are not full, in no order.
    with_room: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Chunk<T> {
    places: Vec<Place<T>>,
    /// The place that was given up last.
    free: Option<u32>,
    len: usize,
}

#[derive(Clone, Debug)]
enum Place<T> {
    Used(T),
    /// The place that was given up before this one.
    Free(Option<u32>),
}

impl<T> Slab<T> {
    /// Adds a value and returns its id.
    ///
    /// # Panics
    /// If there are 2^32 values already.
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        let number = match self.with_room.last() {
            Some(&number) => number,
            None => {
                let number = self.chunks.len() as u32;
                assert!(number <= u32::MAX / CHUNK_LEN as u32, "there are 2^32 values");
                self.chunks.push(None);
                self.with_room.push(number);
                number
            }
        };
        let chunk = self.chunks[number as usize].get_or_insert_with(Chunk::new);
        let place = chunk.insert(value);
        if chunk.len == CHUNK_LEN {
            self.with_room.pop();
        }
        number * CHUNK_LEN as u32 + place
    }

    /// The value with this id.
    ///
    /// # Panics
    /// If there is none; likewise below.
    pub(crate) fn get(&self, id: u32) -> &T {
        let (number, place) = split(id);
        match self.chunks[number].as_ref().and_then(|chunk| chunk.places.get(place)) {
            Some(Place::Used(value)) => value,
            _ => panic!("{NO_VALUE}"),
        }
    }

    pub(crate) fn get_mut(&mut self, id: u32) -> &mut T {
        let (number, place) = split(id);
        match self.chunks[number].as_mut().and_then(|chunk| chunk.places.get_mut(place)) {
            Some(Place::Used(value)) => value,
            _ => panic!("{NO_VALUE}"),
        }
    }

    /// Takes a value out. Its id may be given again.
    pub(crate) fn remove(&mut self, id: u32) -> T {
        let (number, place) = split(id);
        let chunk = self.chunks[number].as_mut().expect(NO_VALUE);
        let value = chunk.remove(place);
        if chunk.len == CHUNK_LEN - 1 {
            self.with_room.push(number as u32);
        }
        if chunk.len == 0 {
            self.chunks[number] = None;
        }
        value
    }
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), with_room: Vec::new() }
    }
}

impl<T> Chunk<T> {
    fn new() -> Box<Self> {
        Box::new(Self { places: Vec::new(), free: None, len: 0 })
    }

    fn insert(&mut self, value: T) -> u32 {
        self.len += 1;
        match self.free {
            Some(place) => {
                let freed = std::mem::replace(&mut self.places[place as usize], Place::Used(value));
                let Place::Free(before) = freed else { unreachable!("it was given up") };
                self.free = before;
                place
            }
            None => {
                self.places.push(Place::Used(value));
                self.places.len() as u32 - 1
            }
        }
    }

    fn remove(&mut self, place: usize) -> T {
        assert!(matches!(self.places.get(place), Some(Place::Used(_))), "{NO_VALUE}");
        let given_up = Place::Free(self.free.replace(place as u32));
        match std::mem::replace(&mut self.places[place], given_up) {
            Place::Used(value) => {
                self.len -= 1;
                value
            }
            Place::Free(_) => unreachable!("it was asked above"),
        }
    }
}

fn split(id: u32) -> (usize, usize) {
    (id as usize / CHUNK_LEN, id as usize % CHUNK_LEN)
}

/// Values in a chunk: the most that is moved when a chunk grows.
const CHUNK_LEN: usize = 256;

const NO_VALUE: &str = "an id is used while its value is there";

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn chunks_held<T>(slab: &Slab<T>) -> usize {
        slab.chunks.iter().flatten().count()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn agrees_with_a_map(steps in prop::collection::vec((any::<bool>(), 0..900_usize), 1..20)) {
            let (mut slab, mut model) = (Slab::default(), BTreeMap::new());
            let mut next = 0_u64;
            for (insert, count) in steps {
                for step in 0..count {
                    if insert {
                        next += 1;
                        prop_assert_eq!(model.insert(slab.insert(next), next), None);
                    } else if !model.is_empty() {
                        let nth = step * 7919 % model.len();
                        let (&id, &value) = model.iter().nth(nth).expect("there are more");
                        prop_assert_eq!(slab.remove(id), value);
                        model.remove(&id);
                    }
                }
                for (&id, value) in &mut model {
                    prop_assert_eq!(slab.get(id), &*value);
                    *slab.get_mut(id) += 1 << 32;
                    *value += 1 << 32;
                }
            }
        }
    }

    #[test]
    fn chunks_are_given_back_and_used_again() {
        let mut slab = Slab::default();
        let ids: Vec<u32> = (0..10 * CHUNK_LEN).map(|number| slab.insert(number)).collect();
        assert_eq!(chunks_held(&slab), 10);
        ids.iter().for_each(|&id| assert_eq!(slab.remove(id), id as usize));
        assert_eq!(chunks_held(&slab), 0);
        (0..10 * CHUNK_LEN)
            .for_each(|number| assert!((slab.insert(number) as usize) < 10 * CHUNK_LEN));
        assert_eq!(slab.chunks.len(), 10);
    }

    #[test]
    #[should_panic(expected = "an id is used while its value is there")]
    fn an_id_without_a_value_panics() {
        let mut slab = Slab::default();
        let id = slab.insert(1);
        slab.insert(2);
        slab.remove(id);
        slab.get(id);
    }
}
