//! Collections in one packed blob.

use bytes::Bytes;

use super::{
    score,
    unique::are_unique,
    unpack::{self, Unpack},
};
use crate::{
    DecodeError, DecodeLimits, Event,
    decode::collection::REDIS_EXPIRE_AT_MS_MAX,
    input::Input,
    packed::{
        BackLengths, Entry, Intset, IntsetRef, Layout, Listpack, ListpackIter, ListpackMut,
        PackedError, Ziplist, Zipmap,
    },
    string::BlobDecoder,
};

/// How a collection is packed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// A node of a list.
    List,
    ListZiplist,
    SetIntset,
    SetListpack,
    SortedSetZiplist,
    SortedSetListpack,
    HashZipmap,
    HashZiplist,
    HashListpack,
    /// Behind an i64 that says nothing that the triples do not.
    RedisTtls,
    RedisTtlsRc,
}

impl Form {
    pub(super) fn layout(self) -> Layout {
        match self {
            Self::ListZiplist | Self::SortedSetZiplist | Self::HashZiplist => Layout::Ziplist,
            Self::SetIntset => Layout::Intset,
            Self::HashZipmap => Layout::Zipmap,
            Self::List
            | Self::SetListpack
            | Self::SortedSetListpack
            | Self::HashListpack
            | Self::RedisTtls
            | Self::RedisTtlsRc => Layout::Listpack,
        }
    }

    /// Entries of an element.
    pub(super) fn arity(self) -> usize {
        match self {
            Self::List | Self::ListZiplist | Self::SetIntset | Self::SetListpack => 1,
            Self::SortedSetZiplist
            | Self::SortedSetListpack
            | Self::HashZipmap
            | Self::HashZiplist
            | Self::HashListpack => 2,
            Self::RedisTtls | Self::RedisTtlsRc => 3,
        }
    }

    /// Whether elements have a part that is to be unique, and may not be.
    pub(super) fn has_members(self) -> bool {
        !matches!(self, Self::List | Self::ListZiplist | Self::SetIntset)
    }

    pub(super) fn has_scores(self) -> bool {
        matches!(self, Self::SortedSetZiplist | Self::SortedSetListpack)
    }

    /// Whether `blob` is sound, and told as it stands.
    pub(super) fn is_sound(self, blob: &[u8]) -> bool {
        if self == Self::SetIntset {
            return IntsetRef::checked(blob).is_ok_and(|intset| !intset.is_empty());
        }
        let Ok(entries) = ListpackIter::checked(blob) else { return false };
        let are_members = |arity| {
            entries.len().is_multiple_of(arity) && are_unique(entries.clone().step_by(arity))
        };
        entries.len() > 0
            && match self {
                Self::List => true,
                Self::SetListpack => are_members(1),
                Self::HashListpack => are_members(2),
                Self::SortedSetListpack => are_members(2) && is_by_rank(entries) == Some(true),
                _ => false,
            }
    }
}

/// A string that holds a whole collection. If it is not long, it is told as a listpack or an intset, whatever it is.
#[derive(Debug)]
pub(super) struct Blob {
    form: Form,
    blob: BlobDecoder,
    /// An i64 is to be passed over.
    base_ahead: bool,
    /// Where the blob begins.
    offset: Option<u64>,
}

/// What a blob is told as.
#[derive(Debug)]
pub(super) enum Told {
    Whole(Event),
    ByElement(Box<Unpack>),
}

impl Blob {
    pub(super) fn new(form: Form, limits: &DecodeLimits) -> Self {
        let base_ahead = form == Form::RedisTtls;
        Self { form, blob: BlobDecoder::new(limits), base_ahead, offset: None }
    }

    /// The collection, once it is all here.
    pub(super) fn poll(&mut self, input: &mut Input) -> Result<Option<Told>, DecodeError> {
        if self.base_ahead {
            let offset = input.offset();
            let Some(base) = input.array()?.map(i64::from_le_bytes) else { return Ok(None) };
            if base < 0 {
                return Err(DecodeError::ExpiryOutOfRange { offset });
            }
            self.base_ahead = false;
        }
        let offset = *self.offset.get_or_insert(input.offset());
        let Some(blob) = self.blob.poll(input)? else { return Ok(None) };
        if unpack::is_long(self.form.layout(), &blob) {
            let unpack = Unpack::new(self.form, blob, offset)?;
            return Ok(Some(Told::ByElement(unpack.into())));
        }
        unpack(self.form, blob, offset).map(|event| Some(Told::Whole(event)))
    }
}

fn unpack(form: Form, blob: Bytes, offset: u64) -> Result<Event, DecodeError> {
    let packed = |cause| DecodeError::Packed { offset, cause };
    let listpack = match form {
        Form::SetIntset => {
            let intset = Intset::parse(blob).map_err(packed)?;
            return match intset.is_empty() {
                true => Err(DecodeError::Empty { offset }),
                false => Ok(Event::Intset(intset)),
            };
        }
        Form::ListZiplist | Form::SortedSetZiplist | Form::HashZiplist => {
            ziplist(blob).map_err(packed)?
        }
        Form::HashZipmap => Zipmap::parse(blob)
            .and_then(|zipmap| zipmap.to_listpack(BackLengths::Wide))
            .map_err(packed)?,
        Form::List
        | Form::SetListpack
        | Form::SortedSetListpack
        | Form::HashListpack
        | Form::RedisTtls
        | Form::RedisTtlsRc => Listpack::parse(blob).map_err(packed)?,
    };
    if listpack.is_empty() {
        return Err(DecodeError::Empty { offset });
    }
    let listpack = match form {
        Form::List | Form::ListZiplist | Form::SetIntset => listpack,
        Form::SetListpack => {
            check_members(&listpack, 1, offset)?;
            listpack
        }
        Form::HashZipmap | Form::HashZiplist | Form::HashListpack => {
            check_members(&listpack, 2, offset)?;
            listpack
        }
        Form::SortedSetZiplist | Form::SortedSetListpack => {
            check_members(&listpack, 2, offset)?;
            by_rank(listpack, offset)?
        }
        Form::RedisTtls | Form::RedisTtlsRc => {
            check_members(&listpack, 3, offset)?;
            check_expiries(&listpack, offset)?;
            listpack
        }
    };
    Ok(Event::Listpack(listpack))
}

/// The entries of a ziplist; a quicklist has many.
pub(super) fn ziplist(blob: Bytes) -> Result<Listpack, PackedError> {
    Ziplist::parse(blob)?.to_listpack(BackLengths::Wide)
}

/// Checks that the entries come in tuples of `arity`, whose first ones are all different.
fn check_members(listpack: &Listpack, arity: usize, offset: u64) -> Result<(), DecodeError> {
    if !listpack.len().is_multiple_of(arity) {
        return Err(DecodeError::Arity { offset, entries: listpack.len() as u64, arity });
    }
    match are_unique(listpack.iter().step_by(arity)) {
        true => Ok(()),
        false => Err(DecodeError::Duplicate { offset }),
    }
}

/// The same members and scores in the order of score, then member, in which no server checks that
/// they come.
fn by_rank(listpack: Listpack, offset: u64) -> Result<Listpack, DecodeError> {
    let sorted = is_by_rank(listpack.iter()).ok_or(DecodeError::InvalidScore { offset })?;
    if sorted {
        return Ok(listpack);
    }
    let mut ranked: Vec<(f64, Entry<'_>, Entry<'_>)> = pairs(listpack.iter())
        .map(|(member, score)| (score::of_entry(score).unwrap_or_default() + 0.0, member, score))
        .collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.as_text().cmp(&b.1.as_text())));
    let mut again = ListpackMut::new();
    for (_, member, score) in ranked {
        let pushed = again.push_entry(member).and_then(|()| again.push_entry(score));
        pushed.map_err(|cause| DecodeError::Packed { offset, cause })?;
    }
    Ok(again.freeze())
}

/// Whether members and scores come in the order of score, then member; `None` if a score is none.
fn is_by_rank(entries: ListpackIter<'_>) -> Option<bool> {
    let mut last: Option<(f64, Entry<'_>)> = None;
    let mut sorted = true;
    for (member, score) in pairs(entries) {
        let score = score::of_entry(score)?;
        let after = |last: (f64, Entry<'_>)| {
            last.0.total_cmp(&(score + 0.0)).then_with(|| last.1.as_text().cmp(&member.as_text()))
        };
        sorted &= last.is_none_or(|last| after(last).is_lt());
        // -0 and 0 are the same score.
        last = Some((score + 0.0, member));
    }
    Some(sorted)
}

fn pairs(mut entries: ListpackIter<'_>) -> impl Iterator<Item = (Entry<'_>, Entry<'_>)> {
    std::iter::from_fn(move || Some((entries.next()?, entries.next()?)))
}

/// Checks that the third of each triple is a time and none is below the one before it, those that
/// are none last.
fn check_expiries(listpack: &Listpack, offset: u64) -> Result<(), DecodeError> {
    let mut order = ExpiryOrder::default();
    listpack.iter().skip(2).step_by(3).try_for_each(|expiry| order.next(expiry, offset).map(drop))
}

/// The times of packed fields, each not below the one before it.
#[derive(Debug, Default)]
pub(super) struct ExpiryOrder {
    last_ms: u64,
}

impl ExpiryOrder {
    /// When a field expires, if it does.
    pub(super) fn next(
        &mut self,
        expiry: Entry<'_>,
        offset: u64,
    ) -> Result<Option<u64>, DecodeError> {
        let expire_at_ms = match expiry {
            Entry::Int(0) => None,
            Entry::Int(time) => Some(
                u64::try_from(time)
                    .ok()
                    .filter(|&time| time <= REDIS_EXPIRE_AT_MS_MAX)
                    .ok_or(DecodeError::ExpiryOutOfRange { offset })?,
            ),
            Entry::Text(_) => return Err(DecodeError::ExpiryOutOfRange { offset }),
        };
        // None come last.
        let at_ms = expire_at_ms.unwrap_or(u64::MAX);
        if at_ms < self.last_ms {
            return Err(DecodeError::ExpiryOrder { offset });
        }
        self.last_ms = at_ms;
        Ok(expire_at_ms)
    }
}
