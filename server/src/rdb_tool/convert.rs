//! `keyferry rdb convert`: the same keys, in the words of another server.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use rdb_format::file::{FileError, FileWriter, KeyRecord, Record, WriteError};
use rdb_format::{
    EncodeOptions, Event, EventSource, FieldTtlPolicy, Kind, Measure, MeasureError, Target,
};

use super::output::Output;
use super::target;
use super::walk::Walk;
use crate::interrupt::Interrupt;
use crate::quote::Quoted;

/// Rewrite an RDB file for an older server or one of the other family
///
/// The keys of IN are written to OUT so that TARGET loads them: types and encodings that it does not
/// know are rewritten into older ones that mean the same.
///
/// What cannot be said to TARGET is left out, and told on stderr with its database, its key and the
/// reason. What the file says of itself (redis-ver and the like) is passed on as it is, values of
/// modules too: whether TARGET has the module is not known here.
///
/// OUT is put in its place once it is complete; until then there is a temporary file beside it.
///
/// Exit status: 0 if everything was converted, 2 if OUT lacks something, 1 if IN is damaged or a
/// file cannot be read or written (there is no OUT then).
#[derive(Args)]
pub(crate) struct Options {
    #[arg(long, value_name = "TARGET", value_parser = target::parse, help = target::HELP)]
    to: Target,
    /// What becomes of a hash with fields that expire, if TARGET has no such thing
    #[arg(long, value_enum, default_value_t = FieldTtls::Refuse)]
    field_ttls: FieldTtls,
    /// Replace OUT if it exists
    #[arg(long)]
    force: bool,
    /// The RDB file
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The file to write
    #[arg(value_name = "OUT")]
    output: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum FieldTtls {
    /// It is left out
    Refuse,
    /// Its fields stay for ever
    Drop,
    /// It is converted without the fields that expire
    LeaveOut,
}

pub(super) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let interrupt = Interrupt::watch()?;
    let walk = Walk::open(&options.input, true)?;
    let output = Output::create(&options.output, &options.input, options.force)?;
    let mut converter = Converter::new(walk, output.file(), options).map_err(cannot_write)?;
    converter.records(&interrupt)?;
    let Converter { writer, lost, .. } = converter;
    writer.finish().map_err(cannot_write)?;
    output.commit()?;
    Ok(lost.tell())
}

struct Converter<'a> {
    walk: Walk,
    writer: FileWriter<&'a File>,
    target: Target,
    options: EncodeOptions,
    lost: Lost,
}

/// What the new file lacks.
#[derive(Default)]
struct Lost {
    keys: u64,
    functions: u64,
    modules_aux: u64,
    /// Expiries of fields, or fields, as asked for.
    expiring_fields: u64,
}

/// What became of a value.
enum Converted {
    /// It was written; so many of its fields expire and TARGET has no such thing.
    Written { expiring_fields: u64 },
    /// It is a collection without elements.
    Empty,
}

impl<'a> Converter<'a> {
    fn new(walk: Walk, file: &'a File, options: &Options) -> Result<Self, WriteError> {
        let field_ttls = match options.field_ttls {
            FieldTtls::Refuse => FieldTtlPolicy::Refuse,
            FieldTtls::Drop => FieldTtlPolicy::DropTtls,
            FieldTtls::LeaveOut => FieldTtlPolicy::LeaveOut,
        };
        Ok(Self {
            walk,
            writer: FileWriter::new(file, options.to)?,
            target: options.to,
            options: EncodeOptions { field_ttls, ..EncodeOptions::default() },
            lost: Lost::default(),
        })
    }

    fn records(&mut self, interrupt: &Interrupt) -> anyhow::Result<()> {
        while let Some(record) = self.walk.next_record()? {
            interrupt.check()?;
            let written = match record {
                Record::Aux { name, value } => self.writer.aux(&name, &value),
                Record::Database(number) => self.writer.database(number),
                Record::DatabaseSize { keys, expiring } => {
                    self.writer.database_size(keys, expiring)
                }
                Record::Function(source) => match self.writer.function(&source) {
                    Err(WriteError::Encode(reason)) => {
                        self.lost.functions += 1;
                        let head = source.split(|&byte| byte == b'\n').next().unwrap_or_default();
                        self.walk.warn(format_args!("library {}: {reason}", Quoted(head)));
                        Ok(())
                    }
                    result => result,
                },
                Record::ModuleAux(_) => match self.value(None) {
                    Err(WriteError::Encode(reason)) => {
                        self.lost.modules_aux += 1;
                        self.walk.warn(reason);
                        Ok(())
                    }
                    result => result.map(drop),
                },
                Record::Key(record) => match self.value(Some(&record)) {
                    Ok(Converted::Written { expiring_fields }) => {
                        self.lost.expiring_fields += expiring_fields;
                        Ok(())
                    }
                    Ok(Converted::Empty) => {
                        self.walk.warn("no elements, which servers pass over");
                        Ok(())
                    }
                    Err(WriteError::Encode(reason)) => {
                        self.lost.keys += 1;
                        self.walk.warn(reason);
                        Ok(())
                    }
                    Err(error) => Err(error),
                },
                // A hint that not every target reads; or the end, which is written behind it.
                _ => Ok(()),
            };
            written.map_err(|error| match error {
                WriteError::Source(cause) => self.walk.defect(cause),
                error => cannot_write(error),
            })?;
        }
        Ok(())
    }

    /// Converts the value of a key, or of what a module says of the file.
    fn value(&mut self, key: Option<&KeyRecord>) -> Result<Converted, WriteError> {
        let mut value = self.walk.value();
        if key.is_some() && is_empty(&mut value)? {
            return Ok(Converted::Empty);
        }
        let mut measure = Measure::new(value, self.target, self.options);
        while !measure.advance(usize::MAX).map_err(|error| match error {
            MeasureError::Target(reason) => WriteError::Encode(reason),
            MeasureError::Source(cause) => WriteError::Source(cause),
        })? {}
        let value = measure.finish();
        let expiring_fields = value.ttls_lost();
        match key {
            Some(key) => self.writer.key(key, value)?,
            None => self.writer.module_aux(value)?,
        }
        Ok(Converted::Written { expiring_fields })
    }
}

/// Whether a value is a collection without elements. It is at its start before and after.
fn is_empty<S: EventSource<Error = FileError>>(value: &mut S) -> Result<bool, FileError> {
    let events = (value.next_event()?, value.next_event()?);
    value.rewind()?;
    Ok(match events {
        (Some(Event::Start(Kind::Module(_))), _) => false,
        (_, event) => event == Some(Event::End),
    })
}

impl Lost {
    /// Says on stderr what was lost, and tells the exit status.
    fn tell(&self) -> ExitCode {
        let lost = [
            (self.keys, "keys left out"),
            (self.functions, "libraries of functions left out"),
            (self.modules_aux, "notes of modules left out"),
            (self.expiring_fields, "fields lost their expiry, or were left out with it"),
        ];
        let lost = lost.into_iter().filter(|(count, _)| *count > 0);
        let mut status = ExitCode::SUCCESS;
        for (count, what) in lost {
            // Whoever has closed stderr does not want to know.
            let _ = writeln!(io::stderr(), "{count} {what}");
            status = ExitCode::from(LOST);
        }
        status
    }
}

fn cannot_write(error: WriteError) -> anyhow::Error {
    anyhow::Error::from(error).context("cannot write the new file")
}

/// Exit status if the new file lacks something.
const LOST: u8 = 2;
