//! `DEBUG RELOAD [MERGE] [NOFLUSH] [NOSAVE]`

use std::fs::File;
use std::io::Seek as _;

use anyhow::Context as _;
use bytes::Bytes;
use keyspace::{Access, Keyspace, Thresholds, Value, ValueBuilder};
use rdb_format::file::{FileReader, FileWriter, KeyRecord, Record};
use rdb_format::{DecodeLimits, EncodeOptions, Measure, Target};
use resp::Request;

use super::super::{CommandError, Context, Reply, is_name};

/// Writes all databases to a file and replaces them by what it says. Keys whose time is up are left
/// out. MERGE and NOFLUSH make no difference: what is read is what was written. NOSAVE asks for a
/// file that was written before, and there is none.
pub(super) fn reload(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let mut saves = true;
    for word in request.iter().skip(2) {
        if is_name("NOSAVE", word) {
            saves = false;
        } else if !is_name("MERGE", word) && !is_name("NOFLUSH", word) {
            return Err(CommandError::err(
                "DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.",
            ));
        }
    }
    let (now_ms, thresholds) = (ctx.now_ms(), ctx.thresholds());
    let read = if saves {
        through_file(ctx.keyspace, now_ms, thresholds)
    } else {
        Err(anyhow::anyhow!("no file was written before"))
    };
    let keys = read.map_err(|error| {
        tracing::error!(error = format!("{error:#}"), "cannot reload the databases");
        CommandError::err("Error trying to load the RDB dump, check server logs.")
    })?;
    ctx.notify_flush();
    for index in 0..ctx.keyspace.database_count() {
        ctx.keyspace.database_mut(index).clear();
    }
    for key in keys {
        let database = ctx.keyspace.database_mut(key.database);
        database.insert(&key.name, key.value, key.expire_at_ms);
        database.set_access(&key.name, key.access);
    }
    // That they have come to be is not told.
    ctx.keyspace.take_events();
    Ok(Reply::OK)
}

/// A key that was read.
struct Key {
    database: usize,
    name: Bytes,
    value: Value,
    expire_at_ms: Option<i64>,
    access: Access,
}

/// The keys of all databases as a file has told them, all before any is replaced.
fn through_file(
    keyspace: &Keyspace,
    now_ms: i64,
    thresholds: Thresholds,
) -> anyhow::Result<Vec<Key>> {
    let mut file = tempfile::tempfile().context("cannot create a temporary file")?;
    write(keyspace, now_ms, &file)?;
    file.rewind()?;
    read(file, now_ms, thresholds)
}

fn write(keyspace: &Keyspace, now_ms: i64, file: &File) -> anyhow::Result<()> {
    let mut writer = FileWriter::new(file, Target::KEYFERRY)?;
    for (index, database) in keyspace.iter().enumerate().filter(|(_, it)| !it.is_empty()) {
        writer.database(index as u64)?;
        writer.database_size(database.len() as u64, database.expires_len() as u64)?;
        for entry in database.iter().filter(|entry| !entry.is_expired(now_ms)) {
            let record = KeyRecord {
                expire_at_ms: entry.expire_at_ms(),
                idle_seconds: entry.access().idle_seconds(now_ms),
                frequency: entry.access().frequency(now_ms),
                ..KeyRecord::new(Bytes::copy_from_slice(entry.key()))
            };
            let events = entry.value().events(now_ms);
            let mut measure = Measure::new(events, Target::KEYFERRY, EncodeOptions::default());
            while !measure.advance(usize::MAX)? {}
            writer.key(&record, measure.finish())?;
        }
    }
    writer.finish()?;
    Ok(())
}

fn read(file: File, now_ms: i64, thresholds: Thresholds) -> anyhow::Result<Vec<Key>> {
    let mut reader = FileReader::new(file, DecodeLimits::default())?;
    let mut database = 0;
    let mut keys = Vec::new();
    while let Some(record) = reader.next_record()? {
        match record {
            Record::Database(number) => database = usize::try_from(number)?,
            Record::Key(record) => {
                let mut value = ValueBuilder::new(thresholds);
                while let Some(event) = reader.next_event()? {
                    value.push(event);
                }
                let access = match (record.idle_seconds, record.frequency) {
                    (_, Some(frequency)) => Access::frequent(frequency, now_ms),
                    (idle_seconds, None) => Access::idle(idle_seconds.unwrap_or_default(), now_ms),
                };
                keys.push(Key {
                    database,
                    name: record.key,
                    value: value.finish().context("a value is not complete")?,
                    expire_at_ms: record.expire_at_ms,
                    access,
                });
            }
            _ => {}
        }
    }
    Ok(keys)
}
