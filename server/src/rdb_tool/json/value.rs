//! Values of every type but streams.

use std::io::Write;

use rdb_format::packed::{Entry, ListpackIter};
use rdb_format::{Event, Kind, ModuleId, ModuleItem};

use super::Printer;
use super::lines::Lines;

impl<W: Write> Printer<W> {
    /// Prints the value that has started as one of this kind.
    pub(super) fn value(&mut self, kind: Kind) -> anyhow::Result<()> {
        match kind {
            Kind::String => {
                self.next_string()?;
                self.end()
            }
            Kind::List | Kind::Set => self.array(Self::string, |lines, element, _| {
                lines.entry(element);
                Some(())
            }),
            Kind::SortedSet => self.array(Self::scored_member, |lines, member, entries| {
                lines.raw("[");
                lines.entry(member);
                lines.raw(",");
                lines.float(entries.next()?.to_score()?);
                lines.raw("]");
                Some(())
            }),
            Kind::Hash => self.array(Self::field, |lines, field, entries| {
                lines.raw("[");
                lines.entry(field);
                lines.raw(",");
                lines.entry(entries.next()?);
                lines.raw("]");
                Some(())
            }),
            Kind::HashWithTtls => self.array(Self::expiring_field, |lines, field, entries| {
                lines.raw("[");
                lines.entry(field);
                lines.raw(",");
                lines.entry(entries.next()?);
                lines.raw(",");
                lines.expiry(entries.next()?.to_int().filter(|&expire_at_ms| expire_at_ms > 0));
                lines.raw("]");
                Some(())
            }),
            Kind::Stream(_) => self.stream(),
            Kind::Module(id) => self.module(id),
            kind => anyhow::bail!("{kind:?} has no form in JSON"),
        }
    }

    /// Prints an array. An item is told by an event and those that belong to it, or is an entry of a
    /// packed node and those that belong to it.
    fn array(
        &mut self,
        item: impl Fn(&mut Self, Event) -> anyhow::Result<()>,
        packed_item: impl Fn(&mut Lines<W>, Entry<'_>, &mut ListpackIter<'_>) -> Option<()>,
    ) -> anyhow::Result<()> {
        let mut separator = "[";
        loop {
            match self.walk.event()? {
                Event::End => break,
                Event::Listpack(listpack) => {
                    let mut entries = listpack.iter();
                    while let Some(entry) = entries.next() {
                        self.lines.raw(separator);
                        packed_item(&mut self.lines, entry, &mut entries)
                            .expect("entries are sound and of the right number");
                        self.lines.flush_if_large()?;
                        separator = ",";
                    }
                }
                Event::Intset(intset) => {
                    for number in intset.iter() {
                        self.lines.raw(separator);
                        self.lines.entry(number.into());
                        self.lines.flush_if_large()?;
                        separator = ",";
                    }
                }
                event => {
                    self.lines.raw(separator);
                    item(self, event)?;
                    separator = ",";
                }
            }
        }
        self.lines.raw(if separator == "[" { "[]" } else { "]" });
        Ok(())
    }

    fn scored_member(&mut self, event: Event) -> anyhow::Result<()> {
        self.lines.raw("[");
        self.string(event)?;
        self.lines.raw(",");
        match self.walk.event()? {
            Event::Score(score) => self.lines.float(score),
            event => unreachable!("{event:?} is no score"),
        }
        self.lines.raw("]");
        Ok(())
    }

    fn field(&mut self, event: Event) -> anyhow::Result<()> {
        self.lines.raw("[");
        self.string(event)?;
        self.lines.raw(",");
        self.next_string()?;
        self.lines.raw("]");
        Ok(())
    }

    fn expiring_field(&mut self, event: Event) -> anyhow::Result<()> {
        let Event::ExpireAt(expire_at_ms) = event else {
            unreachable!("{event:?} is no expiry");
        };
        self.lines.raw("[");
        self.next_string()?;
        self.lines.raw(",");
        self.next_string()?;
        self.lines.raw(",");
        self.lines.expiry(expire_at_ms);
        self.lines.raw("]");
        Ok(())
    }

    fn module(&mut self, id: ModuleId) -> anyhow::Result<()> {
        self.lines.raw("{\"module\":");
        self.lines.text(id.name().as_bytes());
        self.lines.raw(",\"version\":");
        self.lines.integer(id.version());
        self.lines.raw(",\"items\":");
        self.array(Self::module_item, |_, _, _| unreachable!("a module's value is not packed"))?;
        self.lines.raw("}");
        Ok(())
    }

    fn module_item(&mut self, event: Event) -> anyhow::Result<()> {
        match event {
            Event::Module(ModuleItem::Signed(number)) => self.lines.integer(number),
            Event::Module(ModuleItem::Unsigned(number)) => self.lines.integer(number),
            Event::Module(ModuleItem::Float(number)) => self.lines.float(number.into()),
            Event::Module(ModuleItem::Double(number)) => self.lines.float(number),
            event => self.string(event)?,
        }
        Ok(self.lines.flush_if_large()?)
    }

    /// Prints the string that comes next.
    fn next_string(&mut self) -> anyhow::Result<()> {
        let event = self.walk.event()?;
        self.string(event)
    }

    /// Prints the string that begins with `event`.
    fn string(&mut self, event: Event) -> anyhow::Result<()> {
        match event {
            Event::String(text) => self.lines.text(&text),
            Event::StringStart { .. } => {
                self.lines.raw("\"");
                while let Event::StringChunk(chunk) = self.walk.event()? {
                    self.lines.text_part(&chunk);
                    self.lines.flush_if_large()?;
                }
                self.lines.raw("\"");
            }
            event => unreachable!("{event:?} begins no string"),
        }
        Ok(self.lines.flush_if_large()?)
    }

    /// Takes the end of the value, which has to come next.
    pub(super) fn end(&mut self) -> anyhow::Result<()> {
        let event = self.walk.event()?;
        assert_eq!(event, Event::End, "a value ends with its last part");
        Ok(())
    }
}
