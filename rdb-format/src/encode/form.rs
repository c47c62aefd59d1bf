//! The form in which a value is written.

use crate::{
    EncodeError, Event, Family, Kind, ModuleId, RdbVersion, Target, codes, stream::StreamVersion,
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

    /// The form of a hash some of whose fields may expire, the first of them at `lowest_ms`.
    /// `packed` says whether it is one listpack.
    pub(super) fn with_ttls(lowest_ms: Option<u64>, packed: bool, target: &Target) -> Self {
        let Some(lowest_ms) = lowest_ms else { return Self::Hash };
        let newest = match (target.family(), packed) {
            (Family::Valkey, _) => Self::ValkeyTtls,
            (Family::Redis, true) => Self::RedisTtlsListpack,
            (Family::Redis, false) => Self::RedisTtls { lowest_ms },
        };
        if target.accepts(newest.version()) { newest } else { Self::Hash }
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

/// An element that servers give a node of its own is at least as long as the smallest node that
/// they can be told to make: `list-max-listpack-size -1`. A list with a shorter one outside its
/// listpacks is none of theirs, and has a better form.
pub(super) const PLAIN_NODE_BYTES_MIN: usize = 4 << 10;
