//! `keyferry rdb check`: is the file sound, and what is in it?

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use rdb_format::file::{Checksum, KeyRecord, Record};
use rdb_format::{Event, Family, Kind, ModuleId, RdbVersion};

use super::encoding::{encoding_name, type_name};
use super::walk::Walk;
use crate::quote::Quoted;

/// Read an RDB file with every check there is, and tell what is in it
///
/// Checked are checksum, lengths, encodings, order, duplicates and cross references. Told are the
/// version, what the file says of itself, the keys of each database, those of each type and type
/// code, modules and functions.
///
/// The first defect ends it with exit status 1, and is told with its offset, its database and key,
/// and the offset of the record it is in. Collections without elements are no defect: servers pass
/// them over.
#[derive(Args)]
pub(crate) struct Options {
    /// The RDB file
    file: PathBuf,
}

pub(super) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut walk = Walk::open(&options.file, true)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let result = check(&mut walk, &mut out);
    // What was found before a defect is told too.
    out.flush()?;
    result?;
    writeln!(out, "{:12}sound", "the file is")?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn check(walk: &mut Walk, out: &mut impl Write) -> anyhow::Result<()> {
    let version = walk.version();
    line(out, "version", format_args!("{version} of {}", family_name(version)))?;
    let mut counts = Counts::new(version);
    let mut database: Option<DatabaseCount> = None;
    while let Some(record) = walk.next_record()? {
        match record {
            Record::Aux { name, value } => {
                line(out, "aux", format_args!("{} = {}", Quoted(&name), Quoted(&value)))?;
            }
            Record::Database(number) => {
                tell_database(out, database.replace(DatabaseCount::new(number)))?;
            }
            Record::Function(_) => counts.functions += 1,
            Record::ModuleAux(module) => {
                counts.modules_aux += 1;
                counts.modules.count(module);
            }
            Record::Key(record) => {
                database.get_or_insert(DatabaseCount::new(0)).count(&record);
                let code = walk.value_code().expect("a key has a value");
                let found = check_value(walk)?;
                if found.is_empty {
                    let place =
                        format_args!("database {}, key {}", walk.database(), Quoted(&record.key));
                    line(out, "empty", format_args!("{place}: servers pass it over"))?;
                }
                counts.count(code, found.kind);
            }
            Record::End(checksum) => {
                tell_database(out, database.take())?;
                write!(out, "{counts}")?;
                line(out, "checksum", checksum_name(checksum))?;
            }
            // Hints, which may be wrong.
            _ => {}
        }
    }
    Ok(())
}

/// What was found of a value.
struct Found {
    kind: Kind,
    /// Whether it is a collection without elements.
    is_empty: bool,
}

fn check_value(walk: &mut Walk) -> anyhow::Result<Found> {
    let Event::Start(kind) = walk.event()? else {
        unreachable!("a value starts with its start");
    };
    let is_empty = !matches!(kind, Kind::Module(_)) && walk.event()? == Event::End;
    while walk.next_event()?.is_some() {}
    Ok(Found { kind, is_empty })
}

/// The keys of a database.
struct DatabaseCount {
    number: u64,
    keys: u64,
    expiring: u64,
}

impl DatabaseCount {
    fn new(number: u64) -> Self {
        Self { number, keys: 0, expiring: 0 }
    }

    fn count(&mut self, record: &KeyRecord) {
        self.keys += 1;
        self.expiring += u64::from(record.expire_at_ms.is_some());
    }
}

fn tell_database(out: &mut impl Write, database: Option<DatabaseCount>) -> io::Result<()> {
    let Some(DatabaseCount { number, keys, expiring }) = database else { return Ok(()) };
    line(out, "database", format_args!("{number}: {keys} keys, {expiring} with an expiry"))
}

/// What is counted over the whole file.
struct Counts {
    version: RdbVersion,
    /// By type code, its type and how many keys have it.
    codes: [Option<(&'static str, u64)>; 256],
    functions: u64,
    modules: Modules,
    modules_aux: u64,
}

impl Counts {
    fn new(version: RdbVersion) -> Self {
        let modules = Modules { known: Vec::new(), others: 0 };
        Self { version, codes: [None; 256], functions: 0, modules, modules_aux: 0 }
    }

    fn count(&mut self, code: u8, kind: Kind) {
        let of_code = self.codes[usize::from(code)].get_or_insert((type_name(kind), 0));
        of_code.1 += 1;
        if let Kind::Module(module) = kind {
            self.modules.count(module);
        }
    }

    /// Type codes that occur, each with its type and its keys.
    fn codes(&self) -> impl Iterator<Item = (u8, &'static str, u64)> + Clone {
        let codes = (0..=u8::MAX).zip(&self.codes);
        codes.filter_map(|(code, counted)| counted.map(|(name, keys)| (code, name, keys)))
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: u64 = self.codes().map(|(_, _, keys)| keys).sum();
        writeln!(f, "{:12}{total}", "keys")?;
        for name in ["string", "list", "set", "zset", "hash", "stream", "module"] {
            let codes = self.codes().filter(|(_, of, _)| *of == name);
            let total: u64 = codes.clone().map(|(_, _, keys)| keys).sum();
            if total > 0 {
                writeln!(f, "  {name:10}{total}")?;
            }
            for (code, _, keys) in codes {
                let encoding = encoding_name(code, self.version.family());
                writeln!(f, "    type {code:<3}{keys}, {encoding}")?;
            }
        }
        for (module, values) in &self.modules.known {
            let (name, version) = (module.name(), module.version());
            writeln!(f, "{:12}{name} version {version}: {values} values", "module")?;
        }
        if self.modules.others > 0 {
            writeln!(f, "{:12}of others: {} values", "module", self.modules.others)?;
        }
        if self.modules_aux > 0 {
            writeln!(f, "{:12}{} of these belong to no key", "", self.modules_aux)?;
        }
        writeln!(f, "{:12}{} of functions", "libraries", self.functions)
    }
}

/// The values of each module, of so many of them as any server has loaded.
struct Modules {
    known: Vec<(ModuleId, u64)>,
    others: u64,
}

impl Modules {
    fn count(&mut self, module: ModuleId) {
        if let Some((_, values)) = self.known.iter_mut().find(|(known, _)| *known == module) {
            *values += 1;
        } else if self.known.len() < MODULES_MAX {
            self.known.push((module, 1));
        } else {
            self.others += 1;
        }
    }
}

fn line(out: &mut impl Write, head: &str, text: impl fmt::Display) -> io::Result<()> {
    writeln!(out, "{head:12}{text}")
}

fn family_name(version: RdbVersion) -> &'static str {
    match version.family() {
        Family::Redis => "Redis",
        Family::Valkey => "Valkey",
    }
}

fn checksum_name(checksum: Checksum) -> &'static str {
    match checksum {
        Checksum::Verified => "verified",
        Checksum::Off => "none: switched off where the file was written",
        Checksum::Absent => "none: files of this version have none",
    }
}

/// Modules that are counted apart.
const MODULES_MAX: usize = 64;
