//! Reading values: bytes in any split to [`Event`]s.

mod blob;
mod collection;
mod elements;
mod module;
mod quicklist;
mod score;
mod stream;
mod unique;
mod unpack;
mod whole;

use bytes::Bytes;

use crate::{
    DecodeError, DecodeLimits, Event, EventSink, Family, Kind, codes, input::Input,
    stream::StreamVersion, string::StringDecoder,
};

use blob::{Blob, Form, Told};
use collection::{Collection, Shape};
use module::Module;
use quicklist::Quicklist;
use stream::Stream;
use unpack::Unpack;

pub(crate) use collection::{NO_VALKEY_EXPIRY, REDIS_EXPIRE_AT_MS_MAX, REDIS_EXPIRE_AT_MS_MIN};
pub(crate) use module::opcode as module_opcode;
pub(crate) use quicklist::{PACKED as PACKED_NODE, PLAIN as PLAIN_NODE};
pub(crate) use score::{
    WITHOUT_TEXT_MIN as SCORE_WITHOUT_TEXT_MIN, encode_text as score_text,
    of_entry as score_of_entry, push as push_score,
};
pub(crate) use whole::decode_whole;

/// One value on its way in, from the byte behind its type code.
#[derive(Debug)]
pub(crate) struct ValueDecoder {
    /// Still to be told; a module tells its own.
    kind: Option<Kind>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    String(StringDecoder),
    Blob(Blob),
    /// One that was too long.
    Unpack(Box<Unpack>),
    // Boxed, so that the many small values are moved around without room for these.
    Collection(Box<Collection>),
    Quicklist(Box<Quicklist>),
    Stream(Box<Stream>),
    Module(Module),
    End,
    Complete,
}

/// What a decoder of a body has to say.
enum Step {
    Event(Event),
    /// Nothing until there is more input.
    Input,
    /// Nothing more.
    End,
}

/// The events that nearly all are. Moving an [`Event`] from hand to hand takes as long as reading
/// one of these does, so they go past it.
pub(crate) enum ShortEvent {
    Start(Kind),
    /// A string that is short and lies in one piece.
    String(Bytes),
    Score(f64),
    End,
}

impl From<ShortEvent> for Event {
    #[inline]
    fn from(short: ShortEvent) -> Self {
        match short {
            ShortEvent::Start(kind) => Self::Start(kind),
            ShortEvent::String(text) => Self::String(text),
            ShortEvent::Score(score) => Self::Score(score),
            ShortEvent::End => Self::End,
        }
    }
}

impl ValueDecoder {
    /// A decoder of a value of type `code` in the meaning of `family`.
    ///
    /// # Errors
    ///
    /// [`DecodeError::UnknownType`].
    #[inline]
    pub(crate) fn new(
        code: u8,
        family: Family,
        limits: &DecodeLimits,
    ) -> Result<Self, DecodeError> {
        use codes::*;
        let collection = |shape| Body::Collection(Box::new(Collection::new(shape, limits)));
        let blob = |form| Body::Blob(Blob::new(form, limits));
        let stream =
            |version| (Kind::Stream(version), Body::Stream(Box::new(Stream::new(version, limits))));
        let (kind, body) = match (code, family) {
            (STRING, _) => (Kind::String, Body::String(StringDecoder::new(limits))),
            (LIST, _) => (Kind::List, collection(Shape::List)),
            (LIST_ZIPLIST, _) => (Kind::List, blob(Form::ListZiplist)),
            (LIST_QUICKLIST, _) => {
                (Kind::List, Body::Quicklist(Box::new(Quicklist::of_ziplists(limits))))
            }
            (LIST_QUICKLIST_2, _) => {
                (Kind::List, Body::Quicklist(Box::new(Quicklist::of_containers(limits))))
            }
            (SET, _) => (Kind::Set, collection(Shape::Set)),
            (SET_INTSET, _) => (Kind::Set, blob(Form::SetIntset)),
            (SET_LISTPACK, _) => (Kind::Set, blob(Form::SetListpack)),
            (SORTED_SET_TEXT, _) => (Kind::SortedSet, collection(Shape::SortedSetText)),
            (SORTED_SET, _) => (Kind::SortedSet, collection(Shape::SortedSet)),
            (SORTED_SET_ZIPLIST, _) => (Kind::SortedSet, blob(Form::SortedSetZiplist)),
            (SORTED_SET_LISTPACK, _) => (Kind::SortedSet, blob(Form::SortedSetListpack)),
            (HASH, _) => (Kind::Hash, collection(Shape::Hash)),
            (HASH_ZIPMAP, _) => (Kind::Hash, blob(Form::HashZipmap)),
            (HASH_ZIPLIST, _) => (Kind::Hash, blob(Form::HashZiplist)),
            (HASH_LISTPACK, _) => (Kind::Hash, blob(Form::HashListpack)),
            (REDIS_HASH_TTLS_RC, Family::Redis) => {
                (Kind::HashWithTtls, collection(Shape::RedisTtlsRc))
            }
            (REDIS_HASH_TTLS, Family::Redis) => (Kind::HashWithTtls, collection(Shape::RedisTtls)),
            (VALKEY_HASH_TTLS, Family::Valkey) => {
                (Kind::HashWithTtls, collection(Shape::ValkeyTtls))
            }
            (REDIS_HASH_TTLS_LISTPACK_RC, Family::Redis) => {
                (Kind::HashWithTtls, blob(Form::RedisTtlsRc))
            }
            (REDIS_HASH_TTLS_LISTPACK, Family::Redis) => {
                (Kind::HashWithTtls, blob(Form::RedisTtls))
            }
            (STREAM_1, _) => stream(StreamVersion::V1),
            (STREAM_2, _) => stream(StreamVersion::V2),
            (STREAM_3, _) => stream(StreamVersion::V3),
            (MODULE, _) => {
                return Ok(Self { kind: None, body: Body::Module(Module::new(limits)) });
            }
            _ => return Err(DecodeError::UnknownType { code }),
        };
        Ok(Self { kind: Some(kind), body })
    }

    /// Whether [`Event::End`] has been told.
    pub(crate) fn is_complete(&self) -> bool {
        matches!(self.body, Body::Complete)
    }

    /// Tells `sink` the elements that come next, as far as they have arrived and can be told by
    /// reference.
    pub(crate) fn tell_elements(
        &mut self,
        input: &mut Input,
        sink: &mut impl EventSink,
    ) -> Result<(), DecodeError> {
        match &mut self.body {
            Body::Collection(collection) if self.kind.is_none() => {
                collection.tell_elements(input, sink)
            }
            Body::Stream(stream) => {
                stream.ask(sink);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The error of a sink that was told a member twice, or a pending entry that does not fit.
    pub(crate) fn duplicate(&self, input: &Input) -> DecodeError {
        match &self.body {
            Body::Collection(collection) => collection.duplicate(),
            Body::Stream(stream) => stream.refused(),
            _ => DecodeError::Duplicate { offset: input.offset() },
        }
    }

    /// The next event, if it is a short one.
    #[inline]
    pub(crate) fn poll_short(
        &mut self,
        input: &mut Input,
    ) -> Result<Option<ShortEvent>, DecodeError> {
        if let Some(kind) = self.kind.take() {
            return Ok(Some(ShortEvent::Start(kind)));
        }
        match &mut self.body {
            Body::String(string) => {
                let text = string.short_string(input);
                if text.is_some() {
                    self.body = Body::End;
                }
                Ok(text.map(ShortEvent::String))
            }
            Body::Collection(collection) => collection.poll_short(input),
            Body::End => {
                self.body = Body::Complete;
                Ok(Some(ShortEvent::End))
            }
            _ => Ok(None),
        }
    }

    /// The next event, if it is [not short](Self::poll_short), or `None` if more input is needed or
    /// the value is complete.
    pub(crate) fn poll_long(&mut self, input: &mut Input) -> Result<Option<Event>, DecodeError> {
        let step = match &mut self.body {
            Body::String(string) => {
                let event = string.poll(input)?;
                if event.as_ref().is_some_and(Event::ends_string) {
                    self.body = Body::End;
                }
                return Ok(event);
            }
            Body::Blob(blob) => match blob.poll(input)? {
                None => return Ok(None),
                Some(Told::Whole(event)) => {
                    self.body = Body::End;
                    return Ok(Some(event));
                }
                Some(Told::ByElement(unpack)) => {
                    self.body = Body::Unpack(unpack);
                    return self.poll_long(input);
                }
            },
            Body::Unpack(unpack) => unpack.poll()?.map_or(Step::End, Step::Event),
            Body::Collection(collection) => collection.poll(input)?,
            Body::Quicklist(quicklist) => quicklist.poll(input)?,
            Body::Stream(stream) => stream.poll(input)?,
            Body::Module(module) => module.poll(input)?,
            Body::End | Body::Complete => Step::Input,
        };
        Ok(match step {
            Step::Event(event) => Some(event),
            Step::Input => None,
            Step::End => {
                self.body = Body::Complete;
                Some(Event::End)
            }
        })
    }
}
