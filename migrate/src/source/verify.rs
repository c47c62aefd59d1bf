//! Asks the target what it has under the names of keys, and compares.
//!
//! A key that is not ours may be there, of any size: its length is asked first, and its value only if
//! that is the length of ours.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use keyspace::{Value, ValueComparison, ValueRef};
use rdb_format::DecodeLimits;
use rdb_format::payload::PayloadDecoder;
use resp::{Reply, encode};

use super::Parcel;
use crate::request::MigrateRequest;
use crate::time::Now;

/// Keys that are looked up at the target, several at a time.
#[derive(Debug)]
pub(super) struct Verify {
    /// Keys that are not asked for yet.
    queue: VecDeque<Parcel>,
    /// Keys that are asked for, in the order of the answers. The length and the expiry of each are
    /// asked first; it is asked for its value behind all others then.
    asked: VecDeque<Asked>,
}

#[derive(Debug)]
struct Asked {
    parcel: Parcel,
    question: Question,
}

#[derive(Debug)]
enum Question {
    Length,
    Expiry { has_our_length: bool },
    Value(Option<Box<Dump>>),
}

/// A DUMP that is coming.
#[derive(Debug)]
struct Dump {
    decoder: PayloadDecoder,
    comparison: ValueComparison,
}

/// What there is under the name of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Found {
    /// No key.
    Nothing,
    /// A key that is equal to ours, its expiry too.
    Equal,
    /// Another one, or one that could not be looked at.
    Other,
}

/// The answer is not one to what was asked, or none yet.
#[derive(Debug)]
pub(super) struct Nonsense;

impl Verify {
    /// Looks up these keys.
    pub(super) fn new(parcels: Vec<Parcel>) -> Self {
        Self { queue: parcels.into(), asked: VecDeque::new() }
    }

    /// Whether all is answered.
    pub(super) fn is_done(&self) -> bool {
        self.queue.is_empty() && self.asked.is_empty()
    }

    /// The keys of which nothing is known yet.
    pub(super) fn abandon(self) -> Vec<Parcel> {
        self.asked.into_iter().map(|asked| asked.parcel).chain(self.queue).collect()
    }

    /// Writes questions about keys that are not asked for yet.
    pub(super) fn ask(&mut self, request: &MigrateRequest, out: &mut BytesMut) {
        while self.asked.len() < ASKED_MAX
            && let Some(parcel) = self.queue.pop_front()
        {
            let key = &request.keys()[parcel.index];
            let question = match length_command(&parcel.frozen.value) {
                Some(command) => {
                    encode::request(out, &[command, key]);
                    Question::Length
                }
                None => Question::Expiry { has_our_length: true },
            };
            encode::request(out, &[b"PTTL".as_slice(), key]);
            self.asked.push_back(Asked { parcel, question });
        }
    }

    /// Takes an answer; some if it is the last one about a key.
    pub(super) fn handle_reply(
        &mut self,
        reply: Reply,
        request: &MigrateRequest,
        now: Now,
        out: &mut BytesMut,
    ) -> Result<Option<(Parcel, Found)>, Nonsense> {
        // It has started anew, and does not know yet what it has.
        if matches!(&reply, Reply::Error(text) if text.starts_with(b"LOADING ")) {
            return Err(Nonsense);
        }
        let Asked { parcel, question } = self.asked.pop_front().ok_or(Nonsense)?;
        match (question, reply) {
            // Whoever may not ask learns nothing, and so it is where there is another type.
            (Question::Length, reply) => {
                let has_our_length = match reply {
                    Reply::Integer(len) => u64::try_from(len).ok() == Some(parcel.len()),
                    Reply::Error(_) => false,
                    _ => return Err(Nonsense),
                };
                self.asked
                    .push_front(Asked { parcel, question: Question::Expiry { has_our_length } });
                Ok(None)
            }
            (Question::Expiry { .. }, Reply::Integer(ABSENT)) => Ok(Some((parcel, Found::Nothing))),
            (Question::Expiry { has_our_length }, Reply::Integer(ttl_ms)) => {
                let is_small = parcel.payload_bytes <= COMPARED_BYTES_MAX;
                if !(has_our_length && is_small && parcel.expires_in(ttl_ms, now)) {
                    return Ok(Some((parcel, Found::Other)));
                }
                encode::request(out, &[b"DUMP".as_slice(), &request.keys()[parcel.index]]);
                self.asked.push_back(Asked { parcel, question: Question::Value(None) });
                Ok(None)
            }
            (Question::Expiry { .. }, Reply::Error(_)) => Ok(Some((parcel, Found::Other))),
            // It has expired meanwhile, or somebody has removed it.
            (Question::Value(_), Reply::Null) => Ok(Some((parcel, Found::Nothing))),
            (Question::Value(_), Reply::Error(_)) => Ok(Some((parcel, Found::Other))),
            _ => Err(Nonsense),
        }
    }

    /// A bulk string of so many bytes begins.
    pub(super) fn handle_stream(&mut self, bulk_bytes: u64) -> Result<(), Nonsense> {
        let Some(Asked { parcel, question: Question::Value(dump @ None) }) = self.asked.front_mut()
        else {
            return Err(Nonsense);
        };
        let decoder =
            PayloadDecoder::new(bulk_bytes, DecodeLimits::default()).map_err(|_| Nonsense)?;
        let value = parcel.frozen.value.clone();
        let comparison = ValueComparison::new(value, parcel.begun_at_ms);
        *dump = Some(Box::new(Dump { decoder, comparison }));
        Ok(())
    }

    /// The next bytes of it.
    pub(super) fn handle_chunk(&mut self, chunk: &[u8]) -> Result<(), Nonsense> {
        let Some(Asked { question: Question::Value(Some(dump)), .. }) = self.asked.front_mut()
        else {
            return Err(Nonsense);
        };
        let Dump { decoder, comparison } = &mut **dump;
        if !comparison.may_be_equal() {
            // What differs already is passed over, and not decoded.
            return Ok(());
        }
        decoder.push(Bytes::copy_from_slice(chunk)).map_err(|_| Nonsense)?;
        while let Some(event) = decoder.poll_event() {
            comparison.push(event);
        }
        Ok(())
    }

    /// Its end.
    pub(super) fn handle_stream_end(&mut self) -> Result<(Parcel, Found), Nonsense> {
        match self.asked.pop_front() {
            Some(Asked { parcel, question: Question::Value(Some(dump)) }) => {
                let Dump { mut decoder, comparison } = *dump;
                let is_equal = decoder.finish().is_ok() && comparison.is_equal();
                Ok((parcel, if is_equal { Found::Equal } else { Found::Other }))
            }
            _ => Err(Nonsense),
        }
    }
}

impl Parcel {
    /// What [`length_command`] answers for this value.
    fn len(&self) -> u64 {
        let len = match self.frozen.value.view() {
            ValueRef::String(string) => string.len(),
            ValueRef::List(list) => list.len(),
            ValueRef::Set(set) => set.len(),
            ValueRef::SortedSet(sorted_set) => sorted_set.len(),
            ValueRef::Hash(hash) => match hash.live_len(self.begun_at_ms) {
                0 => hash.len(),
                live => live,
            },
            ValueRef::Stream(stream) => return stream.len() as u64,
            _ => 0,
        };
        len as u64
    }

    /// Whether a key that expires so soon, as PTTL tells it, may be this one. Where a relative time
    /// was sent the time in transit was added.
    fn expires_in(&self, ttl_ms: i64, now: Now) -> bool {
        match self.frozen.expire_at_ms {
            None => ttl_ms == UNLIMITED,
            Some(_) if ttl_ms == UNLIMITED => false,
            Some(at_ms) => {
                let slack_ms = (now.unix_ms - self.begun_at_ms).max(0) + EXPIRY_SLACK_MS;
                let found_at_ms = now.unix_ms.saturating_add(ttl_ms);
                found_at_ms.abs_diff(at_ms) <= slack_ms.unsigned_abs()
            }
        }
    }
}

/// The command that tells how long a value of this type is.
fn length_command(value: &Value) -> Option<&'static [u8]> {
    Some(match value {
        Value::String(_) => b"STRLEN",
        Value::List(_) => b"LLEN",
        Value::Set(_) => b"SCARD",
        Value::SortedSet(_) => b"ZCARD",
        Value::Hash(_) => b"HLEN",
        Value::Stream(_) => b"XLEN",
        _ => return None,
    })
}

/// Replies of PTTL.
const UNLIMITED: i64 = -1;
const ABSENT: i64 = -2;

/// Differences of clocks, and the way of the answer.
const EXPIRY_SLACK_MS: i64 = 1000;

/// A longer payload is not asked for: building one at once would keep the target's clients waiting.
const COMPARED_BYTES_MAX: u64 = 64 << 20;

/// Keys that are asked for at a time.
const ASKED_MAX: usize = 64;
