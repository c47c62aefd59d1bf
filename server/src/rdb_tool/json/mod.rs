//! `keyferry rdb json`: the file as JSON, element by element.

mod lines;
mod stream;
mod text;
mod value;

use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use rdb_format::file::Record;
use rdb_format::{Event, Kind};

use self::lines::Lines;
use super::encoding::type_name;
use super::walk::Walk;

/// Print an RDB file as JSON, one object a line
///
/// A value is printed element by element, so that one of any size takes little memory. In strings,
/// one character from U+0000 to U+00FF is one byte (encode them as Latin-1), so that nothing is lost
/// of what is no text:
///
///   {"db":0,"key":"...","type":"hash","expire_at_ms":...,"idle_seconds":...,"frequency":...,"value":...}
///
/// expire_at_ms, idle_seconds and frequency are there if the file tells them. The value is:
///
///   string  "..."
///   list    ["...", ...]
///   set     ["...", ...]
///   zset    [["member", score], ...]; score is a number, "inf" or "-inf"
///   hash    [["field", "value"], ...], or where fields may expire
///           [["field", "value", expire_at_ms or null], ...]
///   stream  {"entries": [["ms-seq", [["field", "value"], ...]], ...], "length", "last_id",
///           "first_id", "max_deleted_id", "entries_added", "groups": [{"name", "last_id",
///           "entries_read", "pel": [["ms-seq", delivered_at_ms, deliveries], ...],
///           "consumers": [{"name", "seen_time", "active_time", "pel": ["ms-seq", ...]}]}]}
///   module  {"module": "name", "version": n, "items": [number or string, ...]}
///
/// in the order of the file. Libraries of functions are {"function": "source"}, what modules say of
/// the file is {"module_aux": {as a module's value}}.
///
/// A damaged file is printed up to its first defect, with exit status 1. The line at which it is
/// left out, unless over 1 MiB of it was printed already.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    /// The RDB file
    file: PathBuf,
}

pub(super) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let stdout = io::stdout();
    // A bar would end up between the lines.
    let walk = Walk::open(&options.file, !stdout.is_terminal())?;
    let mut printer = Printer { walk, lines: Lines::new(stdout.lock()) };
    let result = printer.records();
    printer.lines.finish()?;
    result?;
    Ok(ExitCode::SUCCESS)
}

/// Takes the file apart and prints it.
struct Printer<W> {
    walk: Walk,
    lines: Lines<W>,
}

impl<W: Write> Printer<W> {
    fn records(&mut self) -> anyhow::Result<()> {
        while let Some(record) = self.walk.next_record()? {
            match record {
                Record::Key(record) => {
                    let kind = self.start()?;
                    let lines = &mut self.lines;
                    lines.raw("{\"db\":");
                    lines.integer(self.walk.database());
                    lines.raw(",\"key\":");
                    lines.text(&record.key);
                    lines.raw(",\"type\":\"");
                    lines.raw(type_name(kind));
                    lines.raw("\"");
                    if let Some(expire_at_ms) = record.expire_at_ms {
                        lines.raw(",\"expire_at_ms\":");
                        lines.integer(expire_at_ms);
                    }
                    if let Some(idle_seconds) = record.idle_seconds {
                        lines.raw(",\"idle_seconds\":");
                        lines.integer(idle_seconds);
                    }
                    if let Some(frequency) = record.frequency {
                        lines.raw(",\"frequency\":");
                        lines.integer(frequency);
                    }
                    lines.raw(",\"value\":");
                    self.value(kind)?;
                }
                Record::ModuleAux(_) => {
                    let kind = self.start()?;
                    self.lines.raw("{\"module_aux\":");
                    self.value(kind)?;
                }
                Record::Function(source) => {
                    self.lines.raw("{\"function\":");
                    self.lines.text(&source);
                }
                // Of the file, not of what it keeps.
                _ => continue,
            }
            self.lines.raw("}");
            self.lines.end()?;
        }
        Ok(())
    }

    fn start(&mut self) -> anyhow::Result<Kind> {
        match self.walk.event()? {
            Event::Start(kind) => Ok(kind),
            event => unreachable!("a value starts with its start, not with {event:?}"),
        }
    }
}
