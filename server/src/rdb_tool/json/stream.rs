//! Values of type stream.

use std::io::Write;

use rdb_format::Event;
use rdb_format::stream::{StreamConsumer, StreamGroup, StreamInfo, StreamNode};

use super::Printer;

impl<W: Write> Printer<W> {
    /// Prints the stream that has started.
    pub(super) fn stream(&mut self) -> anyhow::Result<()> {
        self.lines.raw("{\"entries\":[");
        let mut separator = "";
        let info = loop {
            match self.walk.event()? {
                Event::StreamNode(node) => self.entries(&node, &mut separator)?,
                Event::StreamInfo(info) => break info,
                event => unreachable!("{event:?} among the nodes of a stream"),
            }
        };
        self.info(&info);
        self.lines.raw(",\"groups\":[");
        for nth in 0..info.groups {
            self.separate(nth)?;
            self.group()?;
        }
        self.lines.raw("]}");
        self.end()
    }

    /// Entries that are not deleted.
    fn entries(&mut self, node: &StreamNode, separator: &mut &str) -> anyhow::Result<()> {
        for entry in node.entries().filter(|entry| !entry.deleted) {
            self.lines.raw(separator);
            self.lines.raw("[");
            self.lines.id(entry.id);
            self.lines.raw(",[");
            for (nth, (field, value)) in entry.fields().enumerate() {
                self.separate(nth as u64)?;
                self.lines.raw("[");
                self.lines.entry(field);
                self.lines.raw(",");
                self.lines.entry(value);
                self.lines.raw("]");
            }
            self.lines.raw("]]");
            self.lines.flush_if_large()?;
            *separator = ",";
        }
        Ok(())
    }

    fn info(&mut self, info: &StreamInfo) {
        let lines = &mut self.lines;
        lines.raw("],\"length\":");
        lines.integer(info.length);
        lines.raw(",\"last_id\":");
        lines.id(info.last_id);
        if let Some(history) = info.history {
            lines.raw(",\"first_id\":");
            lines.id(history.first_id);
            lines.raw(",\"max_deleted_id\":");
            lines.id(history.max_deleted_id);
            lines.raw(",\"entries_added\":");
            lines.integer(history.entries_added);
        }
    }

    fn group(&mut self) -> anyhow::Result<()> {
        let event = self.walk.event()?;
        let Event::StreamGroup(StreamGroup { name, last_id, entries_read, pending }) = event else {
            unreachable!("{event:?} in the place of a group");
        };
        self.lines.raw("{\"name\":");
        self.lines.text(&name);
        self.lines.raw(",\"last_id\":");
        self.lines.id(last_id);
        if let Some(entries_read) = entries_read {
            self.lines.raw(",\"entries_read\":");
            self.lines.integer(entries_read);
        }
        self.lines.raw(",\"pel\":[");
        for nth in 0..pending {
            self.separate(nth)?;
            self.pending()?;
        }
        self.lines.raw("],\"consumers\":[");
        let event = self.walk.event()?;
        let Event::StreamConsumers(consumers) = event else {
            unreachable!("{event:?} in the place of the number of consumers");
        };
        for nth in 0..consumers {
            self.separate(nth)?;
            self.consumer()?;
        }
        self.lines.raw("]}");
        Ok(())
    }

    fn pending(&mut self) -> anyhow::Result<()> {
        let event = self.walk.event()?;
        let Event::StreamPending { id, delivered_at_ms, deliveries } = event else {
            unreachable!("{event:?} in the place of a pending entry");
        };
        self.lines.raw("[");
        self.lines.id(id);
        self.lines.raw(",");
        self.lines.integer(delivered_at_ms);
        self.lines.raw(",");
        self.lines.integer(deliveries);
        self.lines.raw("]");
        Ok(())
    }

    fn consumer(&mut self) -> anyhow::Result<()> {
        let event = self.walk.event()?;
        let Event::StreamConsumer(StreamConsumer { name, seen_at_ms, active_at_ms, pending }) =
            event
        else {
            unreachable!("{event:?} in the place of a consumer");
        };
        self.lines.raw("{\"name\":");
        self.lines.text(&name);
        self.lines.raw(",\"seen_time\":");
        self.lines.integer(seen_at_ms);
        if let Some(active_at_ms) = active_at_ms {
            self.lines.raw(",\"active_time\":");
            self.lines.integer(active_at_ms);
        }
        self.lines.raw(",\"pel\":[");
        for nth in 0..pending {
            self.separate(nth)?;
            match self.walk.event()? {
                Event::StreamOwned(id) => self.lines.id(id),
                event => unreachable!("{event:?} in the place of an owned entry"),
            }
        }
        self.lines.raw("]}");
        Ok(())
    }

    /// What stands before the item of that number.
    fn separate(&mut self, nth: u64) -> anyhow::Result<()> {
        if nth > 0 {
            self.lines.raw(",");
        }
        Ok(self.lines.flush_if_large()?)
    }
}
