//! What SORT is asked for.

use std::ops::Range;

use resp::Request;

use super::super::number::integer;
use super::super::{CommandError, is_name};

#[derive(Debug, Default)]
pub(super) struct Options<'a> {
    pub(super) by: Option<&'a [u8]>,
    pub(super) get: Vec<&'a [u8]>,
    /// Elements that are passed over, and how many follow; all if that is negative.
    pub(super) limit: Option<(i64, i64)>,
    pub(super) descending: bool,
    pub(super) alpha: bool,
    pub(super) store: Option<&'a [u8]>,
    /// The argument that [`store`](Self::store) is.
    pub(super) store_argument: Option<usize>,
}

impl<'a> Options<'a> {
    /// Options may be repeated, and the last one counts; of GET each does.
    pub(super) fn parse(request: &'a Request, may_store: bool) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut index = 2;
        while let Some(word) = request.get(index) {
            let following = request.len() - index - 1;
            if is_name("ASC", word) {
                options.descending = false;
            } else if is_name("DESC", word) {
                options.descending = true;
            } else if is_name("ALPHA", word) {
                options.alpha = true;
            } else if is_name("LIMIT", word) && following >= 2 {
                let (offset, count) = (request.arg(index + 1), request.arg(index + 2));
                options.limit = Some((integer(offset)?, integer(count)?));
                index += 2;
            } else if is_name("STORE", word) && following >= 1 && may_store {
                index += 1;
                options.store = Some(request.arg(index));
                options.store_argument = Some(index);
            } else if is_name("BY", word) && following >= 1 {
                index += 1;
                options.by = Some(request.arg(index));
            } else if is_name("GET", word) && following >= 1 {
                index += 1;
                options.get.push(request.arg(index));
            } else {
                return Err(CommandError::Syntax);
            }
            index += 1;
        }
        Ok(options)
    }

    /// Which of `len` elements LIMIT leaves.
    pub(super) fn range(&self, len: usize) -> Range<usize> {
        let (offset, count) = self.limit.unwrap_or((0, -1));
        let start = usize::try_from(offset).unwrap_or(0).min(len);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        start..start.saturating_add(count).min(len)
    }

    /// Whether elements stay in the order that they have: BY a pattern that is the same for all.
    pub(super) fn keeps_order(&self) -> bool {
        self.by.is_some_and(|pattern| !pattern.contains(&b'*'))
    }

    /// Whether keys are read whose names only the elements tell.
    pub(super) fn reads_others(&self) -> bool {
        self.by.iter().chain(&self.get).any(|pattern| pattern.contains(&b'*'))
    }
}
