//! Writing values that are one string.

use super::{EncodeOptions, form::Form};
use crate::{Kind, RdbVersion, Target, WHOLE_BYTES_MAX, Whole, length, string};

/// Appends type code and value, as an encoder would that is told the events of `whole`; the lowest version whose readers understand it. `None`, and nothing, if
/// it takes more than one string to tell the target.
pub(crate) fn encode_whole(
    whole: Whole<'_>,
    target: &Target,
    options: EncodeOptions,
    out: &mut Vec<u8>,
) -> Option<RdbVersion> {
    let (form, blob) = match whole {
        Whole::Int(number) => {
            out.push(Form::String.code());
            string::encode_int(number, out);
            return Some(Form::String.version());
        }
        Whole::Text(text) => (Form::String, text),
        Whole::Intset(blob) => (Form::SetIntset, blob),
        Whole::Listpack(Kind::List, blob) => (Form::Quicklist, blob),
        Whole::Listpack(Kind::Set, blob) => (Form::SetListpack, blob),
        Whole::Listpack(Kind::SortedSet, blob) => (Form::SortedSetListpack, blob),
        Whole::Listpack(Kind::Hash, blob) => (Form::HashListpack, blob),
        Whole::Listpack(..) => return None,
    };
    if blob.len() > WHOLE_BYTES_MAX || !target.accepts(form.version()) {
        return None;
    }
    out.push(form.code());
    if form == Form::Quicklist {
        // One node.
        length::encode(1, out);
        length::encode(crate::decode::PACKED_NODE, out);
    }
    string::encode_slice(blob, options.compress, out);
    Some(form.version())
}
