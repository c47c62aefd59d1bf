//! Values that BY and GET name by a pattern.

use bytes::Bytes;
use keyspace::ValueRef;

use super::super::Context;

/// What `pattern` says for an element: `#` is the element itself; else the first `*` stands for it
/// in the name of a key that holds a string, or of a hash, a field of which is named after `->`.
pub(super) fn look_up(ctx: &mut Context<'_>, pattern: &[u8], element: &[u8]) -> Option<Bytes> {
    if pattern == b"#" {
        return Some(Bytes::copy_from_slice(element));
    }
    let star = pattern.iter().position(|&byte| byte == b'*')?;
    let (before, after) = (&pattern[..star], &pattern[star + 1..]);
    let (after, field) = split_field(after);
    let key = [before, element, after].concat();
    let now_ms = ctx.now_ms();
    match (ctx.db().read(&key, now_ms)?.value(), field) {
        (ValueRef::String(text), None) => Some(text.to_bytes()),
        (ValueRef::Hash(hash), Some(field)) => {
            let field = hash.get(field, now_ms)?;
            Some(Bytes::copy_from_slice(&field.value.as_text()))
        }
        _ => None,
    }
}

/// Takes the name of a field from the end of a pattern, unless it is empty.
fn split_field(pattern: &[u8]) -> (&[u8], Option<&[u8]>) {
    match pattern.windows(2).position(|two| two == b"->") {
        Some(arrow) if arrow + 2 < pattern.len() => {
            (&pattern[..arrow], Some(&pattern[arrow + 2..]))
        }
        _ => (pattern, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_after_the_first_arrow() {
        for (pattern, key, field) in [
            ("", "", None),
            ("_x", "_x", None),
            ("->f", "", Some("f")),
            ("_x->f->g", "_x", Some("f->g")),
            ("_x->", "_x->", None),
        ] {
            let field = field.map(str::as_bytes);
            assert_eq!(split_field(pattern.as_bytes()), (key.as_bytes(), field), "{pattern}");
        }
    }
}
