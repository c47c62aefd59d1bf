//! The order of elements.

use std::cmp::Ordering;

use bytes::Bytes;

use super::super::double::double;
use super::super::{CommandError, Context};
use super::elements::Unsorted;
use super::options::Options;
use super::pattern;

/// The elements that LIMIT leaves, in order.
pub(super) fn sorted(
    ctx: &mut Context<'_>,
    unsorted: Unsorted,
    options: &Options<'_>,
) -> Result<Vec<Bytes>, CommandError> {
    let Unsorted { elements, of_set } = unsorted;
    if options.keeps_order() && !of_set {
        return Ok(elements);
    }
    let mut elements = if options.keeps_order() && options.store.is_some() {
        // What is stored must not depend on the order in which a set happens to be.
        by_text(ctx, elements, None, options.descending)
    } else if options.keeps_order() {
        elements
    } else if options.alpha {
        by_text(ctx, elements, options.by, options.descending)
    } else {
        by_number(ctx, elements, options)?
    };
    let range = options.range(elements.len());
    elements.truncate(range.end);
    elements.drain(..range.start);
    Ok(elements)
}

/// Elements by their text or by what a pattern says, in the order of bytes; those for which it says
/// nothing come first.
fn by_text(
    ctx: &mut Context<'_>,
    elements: Vec<Bytes>,
    by: Option<&[u8]>,
    descending: bool,
) -> Vec<Bytes> {
    let Some(by) = by else {
        let mut elements = elements;
        elements.sort_by(|a, b| directed(a.cmp(b), descending));
        return elements;
    };
    let weigh = |element: Bytes| (pattern::look_up(ctx, by, &element), element);
    let mut weighed: Vec<_> = elements.into_iter().map(weigh).collect();
    weighed.sort_by(|a, b| directed(a.0.cmp(&b.0), descending));
    weighed.into_iter().map(|(_, element)| element).collect()
}

/// Elements as numbers, or by the number that a pattern says, 0 if it says nothing; equal ones by
/// their text.
fn by_number(
    ctx: &mut Context<'_>,
    elements: Vec<Bytes>,
    options: &Options<'_>,
) -> Result<Vec<Bytes>, CommandError> {
    let weigh = |element: Bytes| {
        let text = match options.by {
            Some(pattern) => pattern::look_up(ctx, pattern, &element),
            None => Some(element.clone()),
        };
        (text.map_or(Some(0.0), |text| double(&text)), element)
    };
    // All are looked up before one is found to be no number.
    let weighed: Vec<_> = elements.into_iter().map(weigh).collect();
    let numbers = weighed.into_iter().map(|(number, element)| Some((number?, element)));
    let mut weighed: Vec<_> = numbers
        .collect::<Option<_>>()
        .ok_or_else(|| CommandError::err("One or more scores can't be converted into double"))?;
    weighed.sort_by(|a, b| {
        let order = a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal);
        directed(order.then_with(|| a.1.cmp(&b.1)), options.descending)
    });
    Ok(weighed.into_iter().map(|(_, element)| element).collect())
}

fn directed(order: Ordering, descending: bool) -> Ordering {
    if descending { order.reverse() } else { order }
}
