//! Values of modules, which can be carried without knowing the module.

use super::Step;
use crate::{
    DecodeError, DecodeLimits, Event, Kind, ModuleId, ModuleItem, input::Input,
    string::StringDecoder,
};

/// The ID of the module, items that each tell what they are, and an end.
#[derive(Debug)]
pub(super) struct Module {
    string: StringDecoder,
    part: Part,
}

/// What comes next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    Id,
    Opcode,
    Item { opcode: u64 },
}

impl Module {
    pub(super) fn new(limits: &DecodeLimits) -> Self {
        Self { string: StringDecoder::new(limits), part: Part::Id }
    }

    pub(super) fn poll(&mut self, input: &mut Input) -> Result<Step, DecodeError> {
        loop {
            match self.part {
                Part::Id => {
                    let Some(id) = input.length()? else { return Ok(Step::Input) };
                    self.part = Part::Opcode;
                    return Ok(Step::Event(Event::Start(Kind::Module(ModuleId(id)))));
                }
                Part::Opcode => {
                    let offset = input.offset();
                    let Some(opcode) = input.length()? else { return Ok(Step::Input) };
                    self.part = match opcode {
                        opcode::END => return Ok(Step::End),
                        opcode::SIGNED..=opcode::STRING => Part::Item { opcode },
                        _ => return Err(DecodeError::UnknownModuleItem { offset, opcode }),
                    };
                }
                Part::Item { opcode: opcode::STRING } => {
                    let Some(event) = self.string.poll(input)? else { return Ok(Step::Input) };
                    if event.ends_string() {
                        self.part = Part::Opcode;
                    }
                    return Ok(Step::Event(event));
                }
                Part::Item { opcode } => {
                    let item = match opcode {
                        opcode::SIGNED => input.length()?.map(|len| ModuleItem::Signed(len as i64)),
                        opcode::UNSIGNED => input.length()?.map(ModuleItem::Unsigned),
                        opcode::FLOAT => {
                            input.array()?.map(f32::from_le_bytes).map(ModuleItem::Float)
                        }
                        _ => input.array()?.map(f64::from_le_bytes).map(ModuleItem::Double),
                    };
                    let Some(item) = item else { return Ok(Step::Input) };
                    self.part = Part::Opcode;
                    return Ok(Step::Event(Event::Module(item)));
                }
            }
        }
    }
}

/// What an item is.
pub(crate) mod opcode {
    pub(crate) const END: u64 = 0;
    pub(crate) const SIGNED: u64 = 1;
    pub(crate) const UNSIGNED: u64 = 2;
    pub(crate) const FLOAT: u64 = 3;
    pub(crate) const DOUBLE: u64 = 4;
    pub(crate) const STRING: u64 = 5;
}
