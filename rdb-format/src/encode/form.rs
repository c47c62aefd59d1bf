//! The form in which a value is written.

use crate::{
    EncodeError, Event, Family, Kind, ModuleId, RdbVersion, Target, codes,
    decode::{REDIS_EXPIRE_AT_MS_MAX, REDIS_EXPIRE_AT_MS_MIN},
    stream::StreamVersion,
};

/// A type code in the meaning of a family, and with it the layout of a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    String,
    List,
    Quicklist,
    Set,
    SetIntset,
    SetListpack,
    SortedSetText,
    SortedSet,
    SortedSetListpack,
    Hash,
    HashListpack,
    RedisTtls { lowest_ms: u64 },
    RedisTtlsListpack,
    ValkeyTtls,
    Stream(StreamVersion),
    Module(ModuleId),
}

impl Form {
    /// The newest form that `target` reads of a value of `kind` whose first event is `first`.
    pub(super) fn choose(kind: Kind, first: &Event, target: &Target) -> Result<Self, EncodeError> {
        let packed = match (kind, first) {
            (Kind::List, Event::Listpack(_) | Event::StringStart { .. }) => Some(Self::Quicklist),
            (Kind::List, Event::String(element)) if element.len() >= PLAIN_NODE_BYTES_MIN => {
                Some(Self::Quicklist)
            }
            (Kind::Set, Event::Intset(_)) => Some(Self::SetIntset),
            (Kind::Set, Event::Listpack(_)) => Some(Self::SetListpack),
            (Kind::SortedSet, Event::Listpack(_)) => Some(Self::SortedSetListpack),
            (Kind::Hash, Event::Listpack(_)) => Some(Self::HashListpack),
            _ => None,
        };
        match packed.filter(|form| target.accepts(form.version())) {
            Some(form) => Ok(form),
            None => Self::plain(kind, target),
        }
    }

    /// The form of a value of `kind` that holds whatever its events are.
    pub(super) fn plain(kind: Kind, target: &Target) -> Result<Self, EncodeError> {
        let forms: &[Self] = match kind {
            Kind::String => &[Self::String],
            Kind::List => &[Self::List],
            Kind::Set => &[Self::Set],
            Kind::SortedSet => &[Self::SortedSet, Self::SortedSetText],
            Kind::Hash | Kind::HashWithTtls => &[Self::Hash],
            Kind::Module(id) => &[Self::Module(id)],
            Kind::Stream(StreamVersion::V1) => &[Self::Stream(StreamVersion::V1)],
            Kind::Stream(StreamVersion::V2) => {
                &[Self::Stream(StreamVersion::V2), Self::Stream(StreamVersion::V1)]
            }
            Kind::Stream(StreamVersion::V3) => &[
                Self::Stream(StreamVersion::V3),
                Self::Stream(StreamVersion::V2),
                Self::Stream(StreamVersion::V1),
            ],
        };
        let found = forms.iter().find(|form| target.accepts(form.version()));
        found.copied().ok_or_else(|| EncodeError::Version {
            needed: forms.iter().map(|form| form.version()).min().unwrap_or(RdbVersion(0)),
            accepted: target.version_max(),
        })
    }

    /// The form of a hash whose fields expire at these times, if any does. `packed` says whether it
    /// is one listpack.
    pub(super) fn with_ttls(
        expiries: Option<Expiries>,
        packed: bool,
        target: &Target,
    ) -> Result<Self, EncodeError> {
        let Some(Expiries { lowest_ms, highest_ms }) = expiries else { return Ok(Self::Hash) };
        let (newest, limit) = match (target.family(), packed) {
            (Family::Valkey, _) => (Self::ValkeyTtls, i64::MAX as u64),
            (Family::Redis, true) => (Self::RedisTtlsListpack, REDIS_EXPIRE_AT_MS_MAX),
            (Family::Redis, false) => {
                let lowest_ms = lowest_ms.max(REDIS_EXPIRE_AT_MS_MIN);
                (Self::RedisTtls { lowest_ms }, REDIS_EXPIRE_AT_MS_MAX)
            }
        };
        if !target.accepts(newest.version()) {
            return Ok(Self::Hash);
        }
        if highest_ms > limit {
            return Err(EncodeError::FieldTtlTooLate { expire_at_ms: highest_ms, limit });
        }
        Ok(newest)
    }

    /// The type code.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::String => codes::STRING,
            Self::List => codes::LIST,
            Self::Quicklist => codes::LIST_QUICKLIST_2,
            Self::Set => codes::SET,
            Self::SetIntset => codes::SET_INTSET,
            Self::SetListpack => codes::SET_LISTPACK,
            Self::SortedSetText => codes::SORTED_SET_TEXT,
            Self::SortedSet => codes::SORTED_SET,
            Self::SortedSetListpack => codes::SORTED_SET_LISTPACK,
            Self::Hash => codes::HASH,
            Self::HashListpack => codes::HASH_LISTPACK,
            Self::RedisTtls { .. } => codes::REDIS_HASH_TTLS,
            Self::RedisTtlsListpack => codes::REDIS_HASH_TTLS_LISTPACK,
            Self::ValkeyTtls => codes::VALKEY_HASH_TTLS,
            Self::Stream(StreamVersion::V1) => codes::STREAM_1,
            Self::Stream(StreamVersion::V2) => codes::STREAM_2,
            Self::Stream(StreamVersion::V3) => codes::STREAM_3,
            Self::Module(_) => codes::MODULE,
        }
    }

    /// The lowest version whose readers know the form. Below 6 there is no RESTORE.
    pub(super) const fn version(self) -> RdbVersion {
        RdbVersion(match self {
            Self::String
            | Self::List
            | Self::Set
            | Self::SetIntset
            | Self::SortedSetText
            | Self::Hash => 6,
            Self::SortedSet | Self::Module(_) => 8,
            Self::Stream(StreamVersion::V1) => 9,
            Self::Quicklist
            | Self::SortedSetListpack
            | Self::HashListpack
            | Self::Stream(StreamVersion::V2) => 10,
            Self::SetListpack | Self::Stream(StreamVersion::V3) => 11,
            Self::RedisTtls { .. } | Self::RedisTtlsListpack => 12,
            Self::ValkeyTtls => 80,
        })
    }

    /// Whether the number of elements or nodes stands in front of them.
    pub(super) const fn is_counted(self) -> bool {
        !matches!(
            self,
            Self::String
                | Self::SetIntset
                | Self::SetListpack
                | Self::SortedSetListpack
                | Self::HashListpack
                | Self::RedisTtlsListpack
                | Self::Module(_)
        )
    }
}

/// When the first and the last of the fields that expire do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expiries {
    lowest_ms: u64,
    highest_ms: u64,
}

impl Expiries {
    /// These times, either of which may be none, and one more.
    pub(super) fn with(expiries: Option<Self>, expire_at_ms: Option<u64>) -> Option<Self> {
        let Some(time) = expire_at_ms else { return expiries };
        let Self { lowest_ms, highest_ms } =
            expiries.unwrap_or(Self { lowest_ms: time, highest_ms: time });
        Some(Self { lowest_ms: lowest_ms.min(time), highest_ms: highest_ms.max(time) })
    }
}

/// An element that servers give a node of its own is at least as long as the smallest node that
/// they can be told to make: `list-max-listpack-size -1`. A list with a shorter one outside its
/// listpacks is none of theirs, and has a better form.
pub(super) const PLAIN_NODE_BYTES_MIN: usize = 4 << 10;
