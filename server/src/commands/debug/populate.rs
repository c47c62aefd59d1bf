//! `DEBUG POPULATE count [prefix] [size]`

use bytes::Bytes;
use keyspace::StringValue;
use resp::Request;

use super::super::number::integer;
use super::super::{CommandError, Context, Reply};

/// Adds the keys `prefix:0`, `prefix:1` and so on that are not there, each with the text
/// `value:number`, cut off or filled up with zero bytes to `size` bytes if that is told.
pub(super) fn populate(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let count = positive(request.arg(2))?;
    let prefix = request.get(3).unwrap_or(b"key");
    let size = request.get(4).map(positive).transpose()?.filter(|&size| size > 0);
    if size.is_some_and(|size| size > ctx.state.config.proto_max_bulk_len()) {
        return Err(CommandError::err("size is over proto-max-bulk-len"));
    }
    let db = ctx.db();
    for number in 0..count {
        let key = [prefix, b":", number.to_string().as_bytes()].concat();
        if db.peek(&key, now_ms).is_some() {
            continue;
        }
        let mut text = format!("value:{number}").into_bytes();
        if let Some(size) = size {
            text.resize(size as usize, 0);
        }
        db.insert(&key, StringValue::Raw(Bytes::from(text)).into(), None);
    }
    Ok(Reply::OK)
}

fn positive(argument: &[u8]) -> Result<u64, CommandError> {
    integer(argument)
        .ok()
        .and_then(|number| u64::try_from(number).ok())
        .ok_or_else(|| CommandError::err("value is out of range, must be positive"))
}
