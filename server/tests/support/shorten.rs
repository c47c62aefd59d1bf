//! The shortest sequence that fails.

/// Leaves out of a failing sequence what it fails without: first half of it, in the end single items.
/// `len` tells how many items of a sequence a failure needs, of those that `run` was given.
pub(crate) fn shorten<T: Clone, F>(
    mut items: Vec<T>,
    mut failure: F,
    len: impl Fn(&F) -> usize,
    mut run: impl FnMut(&[T]) -> Result<(), F>,
) -> (Vec<T>, F) {
    items.truncate(len(&failure));
    let mut chunk = items.len() / 2;
    while chunk > 0 {
        let mut at = 0;
        while at < items.len() {
            let end = (at + chunk).min(items.len());
            let shorter = [&items[..at], &items[end..]].concat();
            match run(&shorter) {
                Err(found) => {
                    items = shorter;
                    items.truncate(len(&found));
                    failure = found;
                }
                Ok(()) => at = end,
            }
        }
        chunk /= 2;
    }
    (items, failure)
}
