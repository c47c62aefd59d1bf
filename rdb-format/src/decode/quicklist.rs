//! Lists of packed nodes.

use super::{
    Step,
    blob::{self, Form},
    unpack::{self, Unpack},
};
use crate::{
    DecodeError, DecodeLimits, Event,
    input::Input,
    packed::Listpack,
    string::{BlobDecoder, StringDecoder},
};

/// `len` nodes: each a string that holds a ziplist, or a container, which tells what follows, and a
/// string.
#[derive(Debug)]
pub(super) struct Quicklist {
    containers: bool,
    blob: BlobDecoder,
    /// A node that is too long to be told as one.
    long: Option<Unpack>,
    string: StringDecoder,
    part: Part,
    /// Nodes.
    left: u64,
    /// Some node had an element.
    any: bool,
    /// Where the node at hand begins.
    offset: u64,
}

/// What comes next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    Len,
    Next,
    Container,
    Packed,
    /// The rest of a long node.
    Long,
    /// An element that has a node to itself.
    Plain,
}

impl Quicklist {
    pub(super) fn of_ziplists(limits: &DecodeLimits) -> Self {
        Self::new(false, limits)
    }

    pub(super) fn of_containers(limits: &DecodeLimits) -> Self {
        Self::new(true, limits)
    }

    fn new(containers: bool, limits: &DecodeLimits) -> Self {
        Self {
            containers,
            blob: BlobDecoder::new(limits),
            long: None,
            string: StringDecoder::new(limits),
            part: Part::Len,
            left: 0,
            any: false,
            offset: 0,
        }
    }

    pub(super) fn poll(&mut self, input: &mut Input) -> Result<Step, DecodeError> {
        loop {
            match self.part {
                Part::Len => {
                    self.offset = input.offset();
                    let Some(len) = input.length()? else { return Ok(Step::Input) };
                    input.require(len.saturating_mul(if self.containers { 2 } else { 1 }))?;
                    self.left = len;
                    self.part = Part::Next;
                }
                Part::Next if self.left == 0 => {
                    return match self.any {
                        true => Ok(Step::End),
                        false => Err(DecodeError::Empty { offset: self.offset }),
                    };
                }
                Part::Next => {
                    self.left -= 1;
                    self.offset = input.offset();
                    self.part = if self.containers { Part::Container } else { Part::Packed };
                }
                Part::Container => {
                    let Some(container) = input.length()? else { return Ok(Step::Input) };
                    self.part = match container {
                        PLAIN => Part::Plain,
                        PACKED => Part::Packed,
                        _ => {
                            let offset = self.offset;
                            return Err(DecodeError::UnknownContainer { offset, container });
                        }
                    };
                    self.offset = input.offset();
                }
                Part::Packed => {
                    let Some(blob) = self.blob.poll(input)? else { return Ok(Step::Input) };
                    self.part = Part::Next;
                    let form = if self.containers { Form::List } else { Form::ListZiplist };
                    if unpack::is_long(form.layout(), &blob) {
                        self.long = Some(Unpack::new(form, blob, self.offset)?);
                        self.part = Part::Long;
                        continue;
                    }
                    let parse = if self.containers { Listpack::parse } else { blob::ziplist };
                    let offset = self.offset;
                    let listpack =
                        parse(blob).map_err(|cause| DecodeError::Packed { offset, cause })?;
                    // The servers too pass over nodes without elements.
                    if !listpack.is_empty() {
                        self.any = true;
                        return Ok(Step::Event(Event::Listpack(listpack)));
                    }
                }
                Part::Long => match self.long.as_mut().map(Unpack::poll).transpose()?.flatten() {
                    Some(event) => {
                        self.any = true;
                        return Ok(Step::Event(event));
                    }
                    None => {
                        self.long = None;
                        self.part = Part::Next;
                    }
                },
                Part::Plain => {
                    let Some(event) = self.string.poll(input)? else { return Ok(Step::Input) };
                    if matches!(&event, Event::String(element) if element.is_empty()) {
                        return Err(DecodeError::EmptyNode { offset: self.offset });
                    }
                    self.any = true;
                    if event.ends_string() {
                        self.part = Part::Next;
                    }
                    return Ok(Step::Event(event));
                }
            }
        }
    }
}

/// The container of a node that is one element.
pub(crate) const PLAIN: u64 = 1;

/// The container of a node that is a listpack.
pub(crate) const PACKED: u64 = 2;
