//! Any bytes as an RDB file.
//!
//! The input is one byte that chooses how much of the file comes at a time and what it is written
//! for, one that chooses the magic, and what stands behind it. With the top bit of the magic's byte
//! clear a right end is put on, for no fuzzer finds a CRC-64.
#![no_main]

use std::io::{self, Cursor, Read};

use keyferry_fuzz::{as_told_to, limits, same};
use libfuzzer_sys::fuzz_target;
use rdb_format::{
    EncodeError, EncodeOptions, Event, EventSource, Kind, Measure, MeasureError, Target,
    Thresholds, Value, ValueBuilder, ValueEncoder,
    crc64::checksum,
    file::{Checksum, FileError, FileReader, FileWriter, Record},
};

fuzz_target!(|input: &[u8]| {
    let [split, magic, records @ ..] = input else { return };
    let file = whole_file(*magic, records);

    let whole = read(file.as_slice());
    let pieces = read(Pieces { left: &file, bytes_max: usize::from(*split) + 1 });
    // By what they show: a module's number may be none, which equals nothing.
    assert_eq!(format!("{pieces:?}"), format!("{whole:?}"));
    assert_skipping_agrees(&file, &whole);

    if whole.error.is_some() {
        return;
    }
    let target = match split & 1 {
        0 => Target::KEYFERRY,
        _ => Target::of_valkey_release(9, 1),
    };
    let Some(written) = write(&file, &whole, target) else { return };
    let again = read(written.as_slice());
    assert!(again.error.is_none(), "{:?}", again.error);
    let expected = whole.told.iter().filter(|told| is_written(told));
    assert_eq!(again.told.len(), expected.clone().count());
    for (again, expected) in again.told.iter().zip(expected) {
        match &expected.record {
            Record::End(_) => assert_eq!(again.record, Record::End(Checksum::Verified)),
            record => assert_eq!(&again.record, record),
        }
        assert!(match (&again.value, &expected.value) {
            (Some(again), Some(expected)) => {
                same(&as_told_to(again, &target), &as_told_to(expected, &target))
            }
            (None, None) => true,
            _ => false,
        });
    }
});

/// `records` behind a magic, with a right end if that is chosen.
fn whole_file(choice: u8, records: &[u8]) -> Vec<u8> {
    const VERSIONS: u8 = 13;
    const CHECKSUM_SINCE: u8 = 5;
    let version = choice & 0x7F;
    let magic = match version % VERSIONS {
        0 => "VALKEY080".to_owned(),
        version => format!("REDIS{version:04}"),
    };
    let mut file = [magic.as_bytes(), records].concat();
    if choice < 0x80 {
        file.push(0xFF);
        if version % VERSIONS == 0 || version % VERSIONS >= CHECKSUM_SINCE {
            file.extend_from_slice(&checksum(&file).to_le_bytes());
        }
    }
    file
}

/// A file that comes a piece at a time.
struct Pieces<'a> {
    left: &'a [u8],
    bytes_max: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.bytes_max.min(out.len());
        self.left.read(&mut out[..len])
    }
}

/// A record.
#[derive(Debug)]
struct Told {
    record: Record,
    /// What follows it; `None` also if it is a collection without elements.
    value: Option<Value>,
    empty: bool,
    /// Where the value ends.
    end: u64,
}

/// All records, up to the error.
#[derive(Debug, Default)]
struct ToldFile {
    told: Vec<Told>,
    error: Option<FileError>,
}

fn read<R: Read>(file: R) -> ToldFile {
    let mut whole = ToldFile::default();
    whole.error = read_records(file, &mut whole.told).err();
    whole
}

fn read_records<R: Read>(file: R, told: &mut Vec<Told>) -> Result<(), FileError> {
    let mut reader = FileReader::new(file, limits())?;
    while let Some(record) = reader.next_record()? {
        let mut events = 0;
        let mut of_module = false;
        let mut builder = ValueBuilder::default();
        while let Some(event) = reader.next_event()? {
            events += 1;
            of_module |= matches!(event, Event::Start(Kind::Module(_)));
            builder.push(event);
        }
        let empty = events == 2 && !of_module;
        let value = if empty { None } else { builder.finish() };
        told.push(Told { record, value, empty, end: reader.offset() });
    }
    Ok(())
}

/// Passes over every value: what can be read can be passed over, and ends at the same place.
fn assert_skipping_agrees(file: &[u8], whole: &ToldFile) {
    let Ok(mut reader) = FileReader::new(file, limits()) else { return };
    for told in &whole.told {
        let record = reader.next_record().expect("it was read before");
        assert_eq!(record.as_ref(), Some(&told.record));
        reader.skip_value().expect("it was read before");
        assert_eq!(reader.offset(), told.end, "behind {record:?}");
    }
    if whole.error.is_none() {
        assert!(matches!(reader.next_record(), Ok(None)));
    }
    // What cannot be read may be passed over or not.
    while let Ok(Some(_)) = reader.next_record() {
        if reader.skip_value().is_err() {
            break;
        }
    }
}

/// Whether a record is in a file that is written from it.
fn is_written(told: &Told) -> bool {
    !told.empty && !matches!(told.record, Record::SlotSize { .. })
}

/// The file written for `target`, or `None` if that cannot be told all of it.
fn write(file: &[u8], whole: &ToldFile, target: Target) -> Option<Vec<u8>> {
    let mut reader = FileReader::new(Cursor::new(file), limits()).expect("it was read before");
    let mut writer = FileWriter::new(Vec::new(), target).expect("memory takes all");
    for told in &whole.told {
        let record = reader.next_record().expect("it was read before").expect("no less of it");
        let written = match record {
            Record::Aux { name, value } => writer.aux(&name, &value),
            Record::Database(number) => writer.database(number),
            Record::DatabaseSize { keys, expiring } => writer.database_size(keys, expiring),
            Record::Function(source) => writer.function(&source),
            Record::ModuleAux(_) => {
                let value = told.value.clone().expect("a module's value is told");
                let value = measured(value.events(Thresholds::default()), target);
                writer.module_aux(value.expect("modules are told to both"))
            }
            Record::Key(key) => {
                let value = reader.value().expect("nothing of it was told");
                match measured(value, target) {
                    Ok(value) => writer.key(&key, value),
                    Err(_) if told.empty => Ok(()),
                    Err(EncodeError::FieldTtlTooLate { .. }) => return None,
                    Err(error) => panic!("{error} of {told:?}"),
                }
            }
            _ => Ok(()),
        };
        written.expect("memory takes all");
    }
    Some(writer.finish().expect("memory takes all"))
}

fn measured<S>(source: S, target: Target) -> Result<ValueEncoder<S>, EncodeError>
where
    S: EventSource,
    S::Error: std::fmt::Debug,
{
    let mut measure = Measure::new(source, target, EncodeOptions::default());
    loop {
        match measure.advance(1) {
            Ok(true) => return Ok(measure.finish()),
            Ok(false) => {}
            Err(MeasureError::Target(error)) => return Err(error),
            Err(MeasureError::Source(error)) => panic!("{error:?} of what was read before"),
        }
    }
}
