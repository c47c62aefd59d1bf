//! Collections element by element.

use std::collections::VecDeque;

use super::{
    ShortEvent, Step,
    elements::{self, Elements},
    score,
    unique::Unique,
};
use crate::{
    DecodeError, DecodeLimits, Element, Event, EventSink, crc64::Crc64, input::Input,
    string::StringDecoder,
};

/// What an element is made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    List,
    Set,
    SortedSetText,
    SortedSet,
    Hash,
    /// An i64 before the first element that the times are counted from, and before each field its
    /// time + 1, or 0.
    RedisTtls,
    /// Before each field its time, or 0.
    RedisTtlsRc,
    /// Behind each value its time, or -1. Field and value are held until it comes, however long
    /// they are.
    ValkeyTtls,
}

/// `len` elements, each of them made of the parts of its [`Shape`].
#[derive(Debug)]
pub(super) struct Collection {
    shape: Shape,
    string: StringDecoder,
    part: Part,
    left: u64,
    members: Unique,
    /// Whether it is looked for members that come twice: always in sets, sorted sets and hashes, unless
    /// who is told does that.
    checks_members: bool,
    /// The longest string, in bytes.
    limit: u64,
    /// Where the member at hand began, and what came of it if it is long.
    member_offset: u64,
    long: Option<(Crc64, u64)>,
    /// What times are counted from.
    expiry_base_ms: u64,
    /// A field and its value that wait for the time that comes behind them.
    held: VecDeque<Event>,
}

/// What comes next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    ExpiryBase,
    Len,
    /// Of the next element: its first part, if there is one more.
    Next,
    /// The time before a field.
    Expiry,
    /// An element, member or field.
    Member,
    Score,
    Value,
    /// The time behind a value.
    LateExpiry,
    /// The field and the value before it.
    Held,
}

impl Shape {
    /// The fewest bytes that an element takes.
    const fn element_bytes_min(self) -> u64 {
        match self {
            Self::List | Self::Set => 1,
            Self::SortedSetText | Self::Hash => 2,
            Self::RedisTtls | Self::RedisTtlsRc => 3,
            Self::SortedSet => 9,
            Self::ValkeyTtls => 10,
        }
    }

    const fn after_member(self) -> Part {
        match self {
            Self::List | Self::Set => Part::Next,
            Self::SortedSetText | Self::SortedSet => Part::Score,
            Self::Hash | Self::RedisTtls | Self::RedisTtlsRc | Self::ValkeyTtls => Part::Value,
        }
    }

    const fn after_value(self) -> Part {
        match self {
            Self::ValkeyTtls => Part::LateExpiry,
            _ => Part::Next,
        }
    }
}

impl Collection {
    pub(super) fn new(shape: Shape, limits: &DecodeLimits) -> Self {
        Self {
            shape,
            string: StringDecoder::new(limits),
            part: if shape == Shape::RedisTtls { Part::ExpiryBase } else { Part::Len },
            left: 0,
            members: Unique::default(),
            checks_members: shape != Shape::List,
            limit: limits.string_bytes_max,
            member_offset: 0,
            long: None,
            expiry_base_ms: 0,
            held: VecDeque::new(),
        }
    }

    /// The next event, if it is a short one.
    #[inline]
    pub(super) fn poll_short(
        &mut self,
        input: &mut Input,
    ) -> Result<Option<ShortEvent>, DecodeError> {
        if self.part == Part::Next && self.left > 0 {
            self.begin_element(input);
        }
        let next = match (self.shape, self.part) {
            (Shape::ValkeyTtls, _) => return Ok(None),
            (shape, Part::Member) => shape.after_member(),
            (shape, Part::Value) => shape.after_value(),
            (_, Part::Score) => {
                let score = self.poll_score(input)?;
                if score.is_some() {
                    self.part = Part::Next;
                }
                return Ok(score.map(ShortEvent::Score));
            }
            _ => return Ok(None),
        };
        let Some(text) = self.string.short_string(input) else { return Ok(None) };
        if self.part == Part::Member && self.checks_members && !self.members.insert(&text) {
            return Err(self.duplicate());
        }
        self.part = next;
        Ok(Some(ShortEvent::String(text)))
    }

    /// Tells `sink` the elements that come next and are short, sound and here as a whole.
    pub(super) fn tell_elements(
        &mut self,
        input: &mut Input,
        sink: &mut impl EventSink,
    ) -> Result<(), DecodeError> {
        if !elements::is_told(self.shape) {
            return Ok(());
        }
        if self.part == Part::Len && self.poll_len(input)? {
            let arrived_max = input.peek().len() as u64 / self.shape.element_bytes_min();
            self.checks_members =
                !sink.begin_elements(self.left, arrived_max.min(self.left) as usize);
            if self.checks_members {
                self.members.expect(self.left);
            }
        }
        if self.part != Part::Next {
            return Ok(());
        }
        let offset = input.offset();
        let arrived = input.peek();
        let mut elements = Elements::new(arrived, self.shape, self.limit);
        let mut read = 0;
        while self.left > 0
            && let Some(element) = elements.next()
        {
            let (Element::Member(member) | Element::Scored(member, _) | Element::Field(member, _)) =
                element;
            let is_new = !self.checks_members || self.members.insert(member);
            if !(is_new && sink.element(element)) {
                self.member_offset = offset + read as u64;
                return Err(self.duplicate());
            }
            self.left -= 1;
            read = arrived.len() - elements.unread.len();
        }
        input.advance(read);
        Ok(())
    }

    /// The member at hand came before.
    pub(super) fn duplicate(&self) -> DecodeError {
        DecodeError::Duplicate { offset: self.member_offset }
    }

    /// Reads how many elements there are; `false` if that is not here yet.
    fn poll_len(&mut self, input: &mut Input) -> Result<bool, DecodeError> {
        let offset = input.offset();
        let Some(len) = input.length()? else { return Ok(false) };
        if len == 0 {
            return Err(DecodeError::Empty { offset });
        }
        input.require(len.saturating_mul(self.shape.element_bytes_min()))?;
        self.left = len;
        self.part = Part::Next;
        Ok(true)
    }

    pub(super) fn poll(&mut self, input: &mut Input) -> Result<Step, DecodeError> {
        loop {
            match self.part {
                Part::ExpiryBase => {
                    let offset = input.offset();
                    let Some(base) = input.array()?.map(i64::from_le_bytes) else {
                        return Ok(Step::Input);
                    };
                    self.expiry_base_ms = u64::try_from(base)
                        .map_err(|_| DecodeError::ExpiryOutOfRange { offset })?;
                    self.part = Part::Len;
                }
                Part::Len => {
                    if !self.poll_len(input)? {
                        return Ok(Step::Input);
                    }
                    if self.checks_members {
                        self.members.expect(self.left);
                    }
                }
                Part::Next if self.left == 0 => return Ok(Step::End),
                Part::Next => self.begin_element(input),
                Part::Expiry => {
                    let offset = input.offset();
                    let Some(distance) = input.length()? else { return Ok(Step::Input) };
                    let expire_at_ms = self.redis_expiry(distance, offset)?;
                    self.part = Part::Member;
                    self.member_offset = input.offset();
                    return Ok(Step::Event(Event::ExpireAt(expire_at_ms)));
                }
                Part::Member => {
                    let Some(event) = self.string.poll(input)? else { return Ok(Step::Input) };
                    if self.checks_members {
                        self.check_member(&event)?;
                    }
                    if event.ends_string() {
                        self.part = self.shape.after_member();
                    }
                    if self.shape != Shape::ValkeyTtls {
                        return Ok(Step::Event(event));
                    }
                    self.held.push_back(event);
                }
                // Told as a short event once it is here.
                Part::Score => return Ok(Step::Input),
                Part::Value => {
                    let Some(event) = self.string.poll(input)? else { return Ok(Step::Input) };
                    if event.ends_string() {
                        self.part = self.shape.after_value();
                    }
                    if self.shape != Shape::ValkeyTtls {
                        return Ok(Step::Event(event));
                    }
                    self.held.push_back(event);
                }
                Part::LateExpiry => {
                    let offset = input.offset();
                    let Some(time) = input.array()?.map(i64::from_le_bytes) else {
                        return Ok(Step::Input);
                    };
                    let expire_at_ms = match time {
                        NO_VALKEY_EXPIRY => None,
                        time => Some(
                            u64::try_from(time)
                                .map_err(|_| DecodeError::ExpiryOutOfRange { offset })?,
                        ),
                    };
                    self.part = Part::Held;
                    return Ok(Step::Event(Event::ExpireAt(expire_at_ms)));
                }
                Part::Held => match self.held.pop_front() {
                    Some(event) => return Ok(Step::Event(event)),
                    None => self.part = Part::Next,
                },
            }
        }
    }

    fn begin_element(&mut self, input: &Input) {
        self.left -= 1;
        self.part = match self.shape {
            Shape::RedisTtls | Shape::RedisTtlsRc => Part::Expiry,
            _ => Part::Member,
        };
        self.member_offset = input.offset();
    }

    fn redis_expiry(&self, distance: u64, offset: u64) -> Result<Option<u64>, DecodeError> {
        let time = match (self.shape, distance) {
            (_, 0) => Some(0),
            (Shape::RedisTtls, distance) => self.expiry_base_ms.checked_add(distance - 1),
            (_, time) => Some(time),
        };
        let time = time
            .filter(|&time| time <= REDIS_EXPIRE_AT_MS_MAX)
            .ok_or(DecodeError::ExpiryOutOfRange { offset })?;
        Ok(Some(time).filter(|&time| time >= REDIS_EXPIRE_AT_MS_MIN))
    }

    fn poll_score(&mut self, input: &mut Input) -> Result<Option<f64>, DecodeError> {
        let offset = input.offset();
        let score = if self.shape == Shape::SortedSet {
            let Some(bytes) = input.array()? else { return Ok(None) };
            Some(f64::from_le_bytes(bytes)).filter(|score| !score.is_nan())
        } else {
            let Some(score) = score::poll_text(input)? else { return Ok(None) };
            score
        };
        score.map(Some).ok_or(DecodeError::InvalidScore { offset })
    }

    /// Checks that the member of which `event` is a part is new.
    fn check_member(&mut self, event: &Event) -> Result<(), DecodeError> {
        let new = match event {
            Event::String(member) => self.members.insert(member),
            Event::StringStart { len } => {
                self.long = Some((Crc64::new(), *len));
                true
            }
            Event::StringChunk(chunk) => {
                if let Some((crc64, _)) = &mut self.long {
                    crc64.update(chunk);
                }
                true
            }
            _ => self.long.take().is_none_or(|(crc64, len)| self.members.insert_long(crc64, len)),
        };
        if new { Ok(()) } else { Err(self.duplicate()) }
    }
}

/// The earliest time that is one to Redis, which takes 0 for none however it is written. What
/// expired at 0 may as well have expired at 1.
pub(crate) const REDIS_EXPIRE_AT_MS_MIN: u64 = 1;

/// The latest time that Redis reads.
pub(crate) const REDIS_EXPIRE_AT_MS_MAX: u64 = (1 << 48) - 1;

/// How Valkey says that a field does not expire.
pub(crate) const NO_VALKEY_EXPIRY: i64 = -1;
