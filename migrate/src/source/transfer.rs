//! The part of a migration in which keys leave: RESTORE after RESTORE, pipelined, the replies read
//! while more is written.

use std::collections::VecDeque;

use bytes::Bytes;
use keyspace::{FrozenKey, ValueSource};
use rdb_format::payload::PayloadEncoder;
use resp::{Reply, WriteQueue, encode};

use crate::error::Refusal;
use crate::request::MigrateRequest;
use crate::target::Identity;

/// Keys on their way over one connection.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) identity: Identity,
    /// Bytes that the socket took since the transfer began. `transmitted + outbox.len()` is all
    /// that was put into the outbox until now.
    pub(super) transmitted: u64,
    encoding: Option<Box<Encoding>>,
    /// Keys that are encoded to their last byte and not answered, oldest first.
    sent: VecDeque<Sent>,
}

/// The key that is being encoded.
#[derive(Debug)]
struct Encoding {
    index: usize,
    payload: PayloadEncoder<ValueSource>,
    absttl: bool,
    replace: bool,
}

#[derive(Debug)]
struct Sent {
    index: usize,
    /// The key's RESTORE has left completely once `transmitted` reaches this.
    end: u64,
}

/// What a reply means.
#[derive(Debug)]
pub(super) enum Answer {
    /// The key is at the target.
    Stored(usize),
    /// The target refused the key, in these words.
    Refused(usize, Bytes),
    /// The target refused a RESTORE that it had not read to its end: nothing that is sent on this
    /// connection will be understood any more (rule X7).
    CutShort(Bytes),
    /// No server of the family says this here (rule X1).
    Nonsense,
}

impl Transfer {
    pub(super) fn new(identity: Identity) -> Self {
        Self { identity, transmitted: 0, encoding: None, sent: VecDeque::new() }
    }

    pub(super) fn awaits_replies(&self) -> bool {
        !self.sent.is_empty()
    }

    /// Whether everything that was begun is encoded and answered.
    pub(super) fn is_idle(&self) -> bool {
        self.encoding.is_none() && self.sent.is_empty()
    }

    /// Whether it is time to freeze and encode one more key.
    pub(super) fn takes_another(&self, outbox: &WriteQueue) -> bool {
        self.encoding.is_none() && outbox.len() < OUTBOX_BYTES_MAX
    }

    /// Begins the RESTORE of a key.
    ///
    /// # Errors
    /// The value cannot be told to this target; nothing of it was written.
    pub(super) fn begin(
        &mut self,
        index: usize,
        request: &MigrateRequest,
        frozen: FrozenKey,
        now_ms: i64,
        outbox: &mut WriteQueue,
    ) -> Result<(), Refusal> {
        let key = &request.keys()[index];
        let events = frozen.value.view().events(now_ms);
        let payload = PayloadEncoder::of(events, &self.identity.rdb_target())
            .map_err(|reason| Refusal::Unsayable { key: key.clone(), reason })?;
        let payload_bytes = payload.len();
        let bulk_bytes_max = self.identity.bulk_bytes_max.unwrap_or(u64::MAX);
        let payload_len = usize::try_from(payload_bytes)
            .ok()
            .filter(|_| payload_bytes <= bulk_bytes_max)
            .ok_or_else(|| Refusal::TooLong { key: key.clone(), payload_bytes, bulk_bytes_max })?;
        let absttl = frozen.expire_at_ms.is_some() && self.identity.takes_absttl();
        let ttl_ms = match frozen.expire_at_ms {
            None => 0,
            // The time in transit is not added to the key's life (rule X8).
            Some(expire_at_ms) if absttl => expire_at_ms,
            Some(expire_at_ms) => expire_at_ms.saturating_sub(now_ms).max(1),
        };
        let out = outbox.tail();
        encode::array_header(out, 4 + usize::from(absttl) + usize::from(request.replace));
        encode::bulk(out, b"RESTORE");
        encode::bulk(out, key);
        encode::bulk(out, itoa::Buffer::new().format(ttl_ms).as_bytes());
        encode::bulk_header(out, payload_len);
        self.encoding =
            Some(Box::new(Encoding { index, payload, absttl, replace: request.replace }));
        Ok(())
    }

    /// Encodes ahead into `outbox`. Some: the key with this number is now encoded to its end.
    pub(super) fn fill(&mut self, outbox: &mut WriteQueue) -> Option<usize> {
        let encoding = self.encoding.as_mut()?;
        while outbox.len() < OUTBOX_BYTES_MAX {
            let Ok(slice) = encoding.payload.next_slice(SLICE_BYTES_MAX);
            match slice {
                Some(slice) if slice.len() < SHARED_BYTES_MIN => {
                    outbox.tail().extend_from_slice(&slice);
                }
                Some(slice) => outbox.push(slice),
                None => {
                    let index = encoding.index;
                    let out = outbox.tail();
                    out.extend_from_slice(b"\r\n");
                    if encoding.absttl {
                        encode::bulk(out, b"ABSTTL");
                    }
                    if encoding.replace {
                        encode::bulk(out, b"REPLACE");
                    }
                    self.encoding = None;
                    let end = self.transmitted + outbox.len() as u64;
                    self.sent.push_back(Sent { index, end });
                    return Some(index);
                }
            }
        }
        None
    }

    pub(super) fn handle_reply(&mut self, reply: Reply) -> Answer {
        let oldest_left = self.sent.front().is_some_and(|sent| sent.end <= self.transmitted);
        match reply {
            // Only `+OK` is success (rule X1).
            Reply::Simple(text) if oldest_left && text == "OK" => self.settle(Answer::Stored),
            Reply::Error(text) if oldest_left => self.settle(|index| Answer::Refused(index, text)),
            Reply::Error(text) if !self.is_idle() => Answer::CutShort(text),
            _ => Answer::Nonsense,
        }
    }

    /// Gives up on all keys under way. For each: its number, and whether its RESTORE may have left
    /// completely.
    pub(super) fn abandon(&mut self) -> Vec<(usize, bool)> {
        let sent = self.sent.drain(..).map(|sent| (sent.index, sent.end <= self.transmitted));
        sent.chain(self.encoding.take().map(|encoding| (encoding.index, false))).collect()
    }

    fn settle(&mut self, answer: impl FnOnce(usize) -> Answer) -> Answer {
        self.sent.pop_front().map_or(Answer::Nonsense, |sent| answer(sent.index))
    }
}

/// How far a session encodes ahead of its socket. With a full socket buffer this also bounds how
/// much of other keys lies between a key's in-doubt event and its last byte.
const OUTBOX_BYTES_MAX: usize = 256 * 1024;

/// The largest part of a value that is encoded at a time: tens of microseconds of checksum.
const SLICE_BYTES_MAX: usize = 64 * 1024;

/// Smaller slices are copied next to their neighbours, larger ones are shared with the value.
const SHARED_BYTES_MIN: usize = 4 * 1024;

const _: () = assert!(SLICE_BYTES_MAX <= OUTBOX_BYTES_MAX / 4, "several slices go into one write");
