//! Bytes on their way in, bounded by what is known to follow them.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

use crate::{
    DecodeError,
    length::{self, Prefix},
    string::LZF,
};

/// Bytes handed in but not yet read, and the knowledge of how many there will be.
///
/// What is read is read whole or not at all, so that a reader needs no state inside an item:
/// `None` is "not all of it is here yet", and changes nothing. An item that lies in one piece is
/// read in place; one that was split is put together first, each byte once.
///
/// "Will never be here" is [`DecodeError::UnexpectedEnd`].
#[derive(Debug)]
pub(crate) struct Input {
    /// The beginning of the item at hand, if it came in pieces; ahead of `front`.
    gathered: Vec<u8>,
    front: Bytes,
    /// Behind `front`; none of them empty.
    arrived: VecDeque<Bytes>,
    offset: u64,
    left: u64,
}

impl Input {
    /// Input that will be `len` bytes long.
    pub(crate) fn new(len: u64) -> Self {
        Self {
            gathered: Vec::new(),
            front: Bytes::new(),
            arrived: VecDeque::new(),
            offset: 0,
            left: len,
        }
    }

    /// Input of unknown length that begins at `offset`.
    pub(crate) fn at(offset: u64) -> Self {
        Self { offset, ..Self::new(u64::MAX) }
    }

    pub(crate) fn push(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        if self.front.is_empty() {
            self.front = bytes;
        } else {
            self.arrived.push_back(bytes);
        }
    }

    /// Lets go of what has arrived and will not be read.
    pub(crate) fn clear(&mut self) {
        self.gathered = Vec::new();
        self.front = Bytes::new();
        self.arrived = VecDeque::new();
    }

    /// Bytes read so far.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Checks that everything has been read.
    pub(crate) fn require_end(&self) -> Result<(), DecodeError> {
        match self.left {
            0 => Ok(()),
            unread => Err(DecodeError::TrailingBytes { unread }),
        }
    }

    /// Checks a claim on the next `needed` bytes.
    pub(crate) fn require(&self, needed: u64) -> Result<(), DecodeError> {
        if needed <= self.left {
            return Ok(());
        }
        Err(DecodeError::UnexpectedEnd { offset: self.offset, needed, left: self.left })
    }

    /// The next `N` bytes.
    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<Option<[u8; N]>, DecodeError> {
        self.require(N as u64)?;
        let Some(bytes) = self.together(N).and_then(|bytes| bytes.first_chunk::<N>().copied())
        else {
            return Ok(None);
        };
        self.consume(N);
        Ok(Some(bytes))
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<Option<u8>, DecodeError> {
        Ok(self.array::<1>()?.map(|[byte]| byte))
    }

    /// The next byte, which stays where it is.
    pub(crate) fn peek_byte(&mut self) -> Result<Option<u8>, DecodeError> {
        self.require(1)?;
        Ok(self.together(1).map(|bytes| bytes[0]))
    }

    /// The next `len` bytes, sharing what was pushed if they lie in one piece.
    pub(crate) fn bytes(&mut self, len: usize) -> Result<Option<Bytes>, DecodeError> {
        self.require(len as u64)?;
        if self.together(len).is_none() {
            return Ok(None);
        }
        let bytes = if self.gathered.is_empty() {
            self.front.split_to(len)
        } else {
            Bytes::from(std::mem::take(&mut self.gathered))
        };
        self.count(len);
        Ok(Some(bytes))
    }

    /// A string of up to `len_max` plain bytes, if the next bytes are that, its length takes the
    /// short forms, and all of it lies in one piece; else nothing changes.
    #[inline]
    pub(crate) fn short_string(&mut self, len_max: u64) -> Option<Bytes> {
        let (len, rest) = length::split_short(&self.front)?;
        let at = self.front.len() - rest.len();
        let end = at + len;
        let fits = len as u64 <= len_max && end as u64 <= self.left;
        if !fits || self.front.len() < end || !self.gathered.is_empty() {
            return None;
        }
        self.front.advance(at);
        let text = self.front.split_to(len);
        self.count(end);
        Some(text)
    }

    /// An LZF stream and its plain length, if the next bytes are a compressed string of short
    /// lengths that lies in one piece, and how many they are; nothing changes.
    pub(crate) fn peek_short_lzf(&self) -> Option<(&[u8], u64, usize)> {
        if !self.gathered.is_empty() {
            return None;
        }
        let rest = self.front.strip_prefix(&[length::SPECIAL | LZF])?;
        let (compressed, rest) = length::split_short(rest)?;
        let (plain, rest) = length::split_short(rest)?;
        let (stream, rest) = rest.split_at_checked(compressed)?;
        let len = self.front.len() - rest.len();
        (len as u64 <= self.left).then_some((stream, plain as u64, len))
    }

    /// What the next byte leads to.
    pub(crate) fn prefix(&mut self) -> Result<Option<Prefix>, DecodeError> {
        let Some(first) = self.peek_byte()? else { return Ok(None) };
        let len =
            length::prefix_len(first).ok_or(DecodeError::InvalidLength { offset: self.offset })?;
        self.require(len as u64)?;
        let Some(prefix) = self.together(len).map(length::parse_prefix) else { return Ok(None) };
        self.consume(len);
        Ok(Some(prefix))
    }

    /// The next bytes as what must be a length.
    pub(crate) fn length(&mut self) -> Result<Option<u64>, DecodeError> {
        let offset = self.offset;
        match self.prefix()? {
            None => Ok(None),
            Some(Prefix::Length(len)) => Ok(Some(len)),
            Some(Prefix::Special(_)) => Err(DecodeError::NotALength { offset }),
        }
    }

    /// The next 1 to `max` bytes, sharing what was pushed. Between items only.
    pub(crate) fn take(&mut self, max: u64) -> Option<Bytes> {
        debug_assert!(self.gathered.is_empty(), "an item is at hand");
        self.refill();
        if self.front.is_empty() {
            return None;
        }
        let bytes = self.front.split_to(max.min(self.front.len() as u64) as usize);
        self.count(bytes.len());
        Some(bytes)
    }

    /// The next bytes that lie together; empty if none have arrived. Between items only.
    pub(crate) fn peek(&mut self) -> &[u8] {
        debug_assert!(self.gathered.is_empty(), "an item is at hand");
        self.refill();
        &self.front
    }

    /// Takes `bytes` of those [peeked](Self::peek) at as read.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.front.advance(bytes);
        self.count(bytes);
    }

    /// The next `len` bytes, once they are all here.
    #[inline]
    fn together(&mut self, len: usize) -> Option<&[u8]> {
        if self.gathered.is_empty() && self.front.len() >= len {
            return Some(&self.front[..len]);
        }
        self.gather(len)
    }

    #[cold]
    fn gather(&mut self, len: usize) -> Option<&[u8]> {
        while self.gathered.len() < len {
            self.refill();
            if self.front.is_empty() {
                return None;
            }
            if self.gathered.is_empty() && self.front.len() >= len {
                return Some(&self.front[..len]);
            }
            let taken = self.front.len().min(len - self.gathered.len());
            self.gathered.extend_from_slice(&self.front[..taken]);
            self.front.advance(taken);
        }
        Some(&self.gathered[..len])
    }

    fn refill(&mut self) {
        if self.front.is_empty()
            && let Some(front) = self.arrived.pop_front()
        {
            self.front = front;
        }
    }

    /// Takes `len` bytes that lay [together](Self::together) as read.
    fn consume(&mut self, len: usize) {
        if self.gathered.is_empty() {
            self.front.advance(len);
        } else {
            debug_assert_eq!(self.gathered.len(), len, "an item is gathered alone");
            self.gathered.clear();
        }
        self.count(len);
    }

    fn count(&mut self, bytes: usize) {
        self.offset += bytes as u64;
        self.left -= bytes as u64;
    }
}
