//! Collections in one packed blob.

use bytes::Bytes;

use super::{score, unique::are_unique};
use crate::{
    DecodeError, DecodeLimits, Event,
    decode::collection::REDIS_EXPIRE_AT_MS_MAX,
    input::Input,
    packed::{BackLengths, Entry, Intset, Listpack, ListpackMut, PackedError, Ziplist, Zipmap},
    string::BlobDecoder,
};

/// How a collection is packed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
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

/// A string that holds a whole collection. It is told as a listpack or an intset, whatever it is.
#[derive(Debug)]
pub(super) struct Blob {
    form: Form,
    blob: BlobDecoder,
    /// An i64 is to be passed over.
    base_ahead: bool,
    /// Where the blob begins.
    offset: Option<u64>,
}

impl Blob {
    pub(super) fn new(form: Form, limits: &DecodeLimits) -> Self {
        let base_ahead = form == Form::RedisTtls;
        Self { form, blob: BlobDecoder::new(limits), base_ahead, offset: None }
    }

    /// The collection, once it is all here.
    pub(super) fn poll(&mut self, input: &mut Input) -> Result<Option<Event>, DecodeError> {
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
        unpack(self.form, blob, offset).map(Some)
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
        Form::SetListpack
        | Form::SortedSetListpack
        | Form::HashListpack
        | Form::RedisTtls
        | Form::RedisTtlsRc => Listpack::parse(blob).map_err(packed)?,
    };
    if listpack.is_empty() {
        return Err(DecodeError::Empty { offset });
    }
    let listpack = match form {
        Form::ListZiplist | Form::SetIntset => listpack,
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
    let mut last: Option<(f64, Entry<'_>)> = None;
    let mut sorted = true;
    for (member, score) in pairs(&listpack) {
        let score = score::of_entry(score).ok_or(DecodeError::InvalidScore { offset })?;
        let after = |last: (f64, Entry<'_>)| {
            last.0.total_cmp(&(score + 0.0)).then_with(|| last.1.as_text().cmp(&member.as_text()))
        };
        sorted &= last.is_none_or(|last| after(last).is_lt());
        // -0 and 0 are the same score.
        last = Some((score + 0.0, member));
    }
    if sorted {
        return Ok(listpack);
    }
    let mut ranked: Vec<(f64, Entry<'_>, Entry<'_>)> = pairs(&listpack)
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

fn pairs(listpack: &Listpack) -> impl Iterator<Item = (Entry<'_>, Entry<'_>)> {
    let mut entries = listpack.iter();
    std::iter::from_fn(move || Some((entries.next()?, entries.next()?)))
}

/// Checks that the third of each triple is a time and none is below the one before it, those that
/// are none last.
fn check_expiries(listpack: &Listpack, offset: u64) -> Result<(), DecodeError> {
    let mut last_ms = 0;
    for expiry in listpack.iter().skip(2).step_by(3) {
        let expire_at_ms = match expiry {
            Entry::Int(0) => u64::MAX,
            Entry::Int(time) => u64::try_from(time)
                .ok()
                .filter(|&time| time <= REDIS_EXPIRE_AT_MS_MAX)
                .ok_or(DecodeError::ExpiryOutOfRange { offset })?,
            Entry::Text(_) => return Err(DecodeError::ExpiryOutOfRange { offset }),
        };
        if expire_at_ms < last_ms {
            return Err(DecodeError::ExpiryOrder { offset });
        }
        last_ms = expire_at_ms;
    }
    Ok(())
}
