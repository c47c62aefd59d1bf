//! The part of a migration in which keys leave: RESTORE after RESTORE, pipelined, the replies read
//! while more is written.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use keyspace::{FrozenKey, ValueSource};
use rdb_format::EncodeOptions;
use rdb_format::payload::{PayloadEncoder, PayloadMeasure};
use resp::{Reply, WriteQueue, encode};

use super::Parcel;
use crate::error::Refusal;
use crate::request::{Compression, MigrateRequest};
use crate::target::Identity;
use crate::time::Now;

/// Keys on their way over one connection.
#[derive(Debug, Default)]
pub(super) struct Transfer {
    /// Bytes that the socket took since the transfer began. `transmitted + outbox.len()` is all
    /// that was put into the outbox until now.
    pub(super) transmitted: u64,
    leaving: Option<Leaving>,
    /// Keys that are encoded to their last byte and not answered, oldest first.
    sent: VecDeque<Sent>,
    /// Keys that the target refused because it has one of the name, in these words: it may be equal.
    pub(super) disputed: Vec<(Parcel, Bytes)>,
}

/// The key whose turn it is.
#[derive(Debug)]
struct Leaving {
    parcel: Parcel,
    stage: Stage,
}

/// A value is gone over twice, for its length comes first.
#[derive(Debug)]
enum Stage {
    Measuring { measure: PayloadMeasure<ValueSource>, compress: bool },
    Encoding(PayloadEncoder<ValueSource>, Terms),
}

#[derive(Debug)]
struct Sent {
    parcel: Parcel,
    /// The key's RESTORE has left completely once `transmitted` reaches this.
    end: u64,
}

/// What a bounded piece of work came to.
#[derive(Debug)]
pub(super) enum Step {
    /// There is more of it, or nothing to do.
    Going,
    /// The key with this number is now encoded to its end.
    Encoded(usize),
    /// The value cannot be told to this target; nothing of it was written.
    Refused(usize, Refusal),
}

/// What a reply means.
#[derive(Debug)]
pub(super) enum Answer {
    /// The key is at the target.
    Stored(usize),
    /// The target refused the key, in these words.
    Refused(Parcel, Bytes),
    /// The target refused a RESTORE that it had not read to its end: nothing that is sent on this
    /// connection will be understood any more (rule X7).
    CutShort(Bytes),
    /// No server of the family says this here (rule X1).
    Nonsense,
}

impl Transfer {
    pub(super) fn awaits_replies(&self) -> bool {
        !self.sent.is_empty()
    }

    /// Whether a RESTORE has left completely and is not answered.
    pub(super) fn is_owed_reply(&self) -> bool {
        self.sent.front().is_some_and(|sent| sent.end <= self.transmitted)
    }

    /// Keys that are encoded to their last byte and not answered.
    pub(super) fn sent_len(&self) -> usize {
        self.sent.len()
    }

    /// Whether everything that was begun is encoded and answered.
    pub(super) fn is_idle(&self) -> bool {
        self.leaving.is_none() && self.sent.is_empty()
    }

    /// Whether it is time to freeze and encode one more key.
    pub(super) fn takes_another(&self, outbox: &WriteQueue) -> bool {
        self.leaving.is_none() && self.disputed.is_empty() && outbox.len() < OUTBOX_BYTES_MAX
    }

    /// Whether [`work`](Self::work) has something to do.
    pub(super) fn has_work(&self, outbox: &WriteQueue) -> bool {
        match self.leaving {
            Some(Leaving { stage: Stage::Measuring { .. }, .. }) => true,
            Some(Leaving { stage: Stage::Encoding(..), .. }) => outbox.len() < OUTBOX_BYTES_MAX,
            None => false,
        }
    }

    /// The length of the payload that is leaving, once it is known, and how much of it was encoded.
    pub(super) fn current(&self) -> Option<(u64, u64)> {
        match &self.leaving.as_ref()?.stage {
            Stage::Measuring { .. } => None,
            Stage::Encoding(payload, _) => {
                Some((payload.len() - payload.remaining(), payload.len()))
            }
        }
    }

    /// Begins with a key.
    pub(super) fn begin(
        &mut self,
        index: usize,
        frozen: FrozenKey,
        request: &MigrateRequest,
        identity: &Identity,
        now: Now,
    ) {
        let compress = match request.compression {
            Compression::Auto => !identity.decodes_while_receiving(),
            Compression::Always => true,
            Compression::Never => false,
        };
        let parcel = Parcel { index, frozen, begun_at_ms: now.unix_ms, payload_bytes: 0 };
        let stage = Stage::measuring(&parcel, identity, compress);
        self.leaving = Some(Leaving { parcel, stage });
    }

    /// Does a bounded piece of what is to be done for the key that is leaving.
    pub(super) fn work(
        &mut self,
        request: &MigrateRequest,
        identity: &Identity,
        now: Now,
        outbox: &mut WriteQueue,
    ) -> Step {
        let Some(mut leaving) = self.leaving.take() else { return Step::Going };
        let index = leaving.parcel.index;
        if let Stage::Measuring { mut measure, compress } = leaving.stage {
            let key = &request.keys()[index];
            let refused = |reason| {
                let (key, target) = (key.clone(), identity.version);
                Step::Refused(index, Refusal::Unsayable { key, target, reason })
            };
            match advance(&mut measure) {
                Ok(true) => {}
                Ok(false) => {
                    let stage = Stage::Measuring { measure, compress };
                    self.leaving = Some(Leaving { stage, ..leaving });
                    return Step::Going;
                }
                Err(error) => return refused(error),
            }
            let payload = match measure.finish() {
                Ok(payload) => payload,
                Err(error) => return refused(error),
            };
            let may_compress = !compress && request.compression == Compression::Auto;
            if may_compress && payload.len() > identity.bulk_bytes_max.unwrap_or(BULK_BYTES_MAX) {
                leaving.stage = Stage::measuring(&leaving.parcel, identity, true);
                self.leaving = Some(leaving);
                return Step::Going;
            }
            leaving.parcel.payload_bytes = payload.len();
            let terms = Terms::of(&leaving.parcel.frozen, request.replace, identity, now);
            if let Err(refusal) = head(outbox.tail(), key, payload.len(), &terms, identity) {
                return Step::Refused(index, refusal);
            }
            leaving.stage = Stage::Encoding(payload, terms);
        }
        let Stage::Encoding(payload, terms) = &mut leaving.stage else { return Step::Going };
        if outbox.len() < OUTBOX_BYTES_MAX {
            let Ok(slice) = payload.next_slice(SLICE_BYTES_MAX);
            match slice {
                Some(slice) if slice.len() < SHARED_BYTES_MIN => {
                    outbox.tail().extend_from_slice(&slice);
                }
                Some(slice) => outbox.push(slice),
                None => {}
            }
            if payload.remaining() == 0 {
                terms.tail(outbox.tail());
                let end = self.transmitted + outbox.len() as u64;
                self.sent.push_back(Sent { parcel: leaving.parcel, end });
                return Step::Encoded(index);
            }
        }
        self.leaving = Some(leaving);
        Step::Going
    }

    pub(super) fn handle_reply(&mut self, reply: Reply) -> Answer {
        let oldest_left = self.is_owed_reply();
        match reply {
            // Only `+OK` is success (rule X1).
            Reply::Simple(text) if oldest_left && text == "OK" => {
                self.settle(|parcel| Answer::Stored(parcel.index))
            }
            Reply::Error(text) if oldest_left => {
                self.settle(|parcel| Answer::Refused(parcel, text))
            }
            Reply::Error(text) if !self.is_idle() => Answer::CutShort(text),
            _ => Answer::Nonsense,
        }
    }

    /// Gives up on all keys under way: those whose RESTORE may have left completely, and the numbers
    /// of the others.
    pub(super) fn abandon(&mut self) -> (Vec<Parcel>, Vec<usize>) {
        let (mut left, mut kept) = (Vec::new(), Vec::new());
        for Sent { parcel, end } in self.sent.drain(..) {
            match end <= self.transmitted {
                true => left.push(parcel),
                false => kept.push(parcel.index),
            }
        }
        kept.extend(self.leaving.take().map(|leaving| leaving.parcel.index));
        (left, kept)
    }

    fn settle(&mut self, answer: impl FnOnce(Parcel) -> Answer) -> Answer {
        self.sent.pop_front().map_or(Answer::Nonsense, |sent| answer(sent.parcel))
    }
}

impl Stage {
    fn measuring(parcel: &Parcel, identity: &Identity, compress: bool) -> Self {
        let events = parcel.frozen.value.view().events(parcel.begun_at_ms);
        let options = EncodeOptions { compress, ..EncodeOptions::default() };
        let measure = PayloadMeasure::new(events, &identity.rdb_target(), options);
        Self::Measuring { measure, compress }
    }
}

/// Measures a bounded piece. True at the end of the value.
fn advance(measure: &mut PayloadMeasure<ValueSource>) -> Result<bool, rdb_format::EncodeError> {
    let before = measure.measured_bytes();
    for _ in 0..EVENTS_MAX / EVENTS_AT_ONCE {
        if measure.advance(EVENTS_AT_ONCE)? {
            return Ok(true);
        }
        if measure.measured_bytes().saturating_sub(before) >= MEASURED_BYTES_MAX {
            break;
        }
    }
    Ok(false)
}

/// Writes what stands before the payload of a RESTORE.
///
/// # Errors
/// The payload is longer than the target takes; nothing was written.
fn head(
    out: &mut BytesMut,
    key: &Bytes,
    payload_bytes: u64,
    terms: &Terms,
    identity: &Identity,
) -> Result<(), Refusal> {
    let bulk_bytes_max = identity.bulk_bytes_max.unwrap_or(u64::MAX);
    let payload_len = usize::try_from(payload_bytes)
        .ok()
        .filter(|_| payload_bytes <= bulk_bytes_max)
        .ok_or_else(|| Refusal::TooLong { key: key.clone(), payload_bytes, bulk_bytes_max })?;
    let options = usize::from(terms.absttl) + usize::from(terms.replace);
    let access = if terms.access.is_some() { 2 } else { 0 };
    encode::array_header(out, 4 + options + access);
    encode::bulk(out, b"RESTORE");
    encode::bulk(out, key);
    bulk_number(out, terms.ttl_ms);
    encode::bulk_header(out, payload_len);
    Ok(())
}

/// What is said of a key beside its value.
#[derive(Debug)]
struct Terms {
    ttl_ms: i64,
    absttl: bool,
    replace: bool,
    /// The option that tells how it was accessed, if it does not come as one that has just been.
    access: Option<(&'static [u8], u64)>,
}

impl Terms {
    fn of(frozen: &FrozenKey, replace: bool, identity: &Identity, now: Now) -> Self {
        let takes_options = identity.takes_restore_options();
        let (ttl_ms, absttl) = match frozen.expire_at_ms {
            None => (0, false),
            // The time in transit is not added to the key's life (rule X8).
            Some(at_ms) if takes_options => {
                (at_ms.saturating_add(identity.clock_ahead_ms).max(1), true)
            }
            Some(at_ms) => (at_ms.saturating_sub(now.unix_ms).max(1), false),
        };
        let idle = frozen.access.idle_seconds(now.unix_ms).filter(|&seconds| seconds > 0);
        let idle = idle.map(|seconds| (&b"IDLETIME"[..], seconds));
        let frequency = frozen.access.frequency(now.unix_ms);
        let access = idle.or(frequency.map(|frequency| (&b"FREQ"[..], frequency.into())));
        Self { ttl_ms, absttl, replace, access: access.filter(|_| takes_options) }
    }

    /// Writes what stands behind the payload.
    fn tail(&self, out: &mut BytesMut) {
        out.extend_from_slice(b"\r\n");
        if self.absttl {
            encode::bulk(out, b"ABSTTL");
        }
        if let Some((option, number)) = self.access {
            encode::bulk(out, option);
            bulk_number(out, number);
        }
        if self.replace {
            encode::bulk(out, b"REPLACE");
        }
    }
}

fn bulk_number(out: &mut BytesMut, number: impl itoa::Integer) {
    encode::bulk(out, itoa::Buffer::new().format(number).as_bytes());
}

/// What a target that does not tell takes: `proto-max-bulk-len` where nobody has set it.
const BULK_BYTES_MAX: u64 = 512 << 20;

/// How far a session encodes ahead of its socket. With a full socket buffer this also bounds how
/// much of other keys lies between a key's in-doubt event and its last byte.
const OUTBOX_BYTES_MAX: usize = 256 * 1024;

/// The largest part of a value that is encoded at a time: tens of microseconds of checksum.
const SLICE_BYTES_MAX: usize = 64 * 1024;

/// Smaller slices are copied next to their neighbours, larger ones are shared with the value.
const SHARED_BYTES_MIN: usize = 4 * 1024;

/// Events of a value that are measured at a time: one of them may be 64 KiB that are compressed ...
const EVENTS_AT_ONCE: usize = 4;

/// ... and so that many short ones cost as much, as many as this, unless they are so many bytes. Elements
/// of a table cost less and are told together, so they may be more.
const EVENTS_MAX: usize = 256;
const MEASURED_BYTES_MAX: u64 = 16 * 1024;

const _: () = assert!(SLICE_BYTES_MAX <= OUTBOX_BYTES_MAX / 4, "several slices go into one write");
