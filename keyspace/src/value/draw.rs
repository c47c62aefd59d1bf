//! Drawing at random.

/// A number below `limit`, each as likely as any other as far as 64 bits can tell; `random` gives
/// numbers that are uniform over `u64`.
///
/// # Panics
/// If `limit` is 0.
pub(crate) fn below(limit: usize, mut random: impl FnMut() -> u64) -> usize {
    assert!(limit > 0, "there is nothing to draw from");
    ((u128::from(random()) * limit as u128) >> u64::BITS) as usize
}

/// `count` of `all` at random, or all of them, each at most once.
pub(crate) fn some_of<T>(mut all: Vec<T>, count: usize, mut random: impl FnMut() -> u64) -> Vec<T> {
    let count = count.min(all.len());
    for index in 0..count {
        let other = index + below(all.len() - index, &mut random);
        all.swap(index, other);
    }
    all.truncate(count);
    all
}

/// Whether `count` different ones of `len` elements are better drawn one by one: where few are
/// wanted, a draw seldom hits one that has been drawn before. (Redis decides likewise.)
pub(crate) fn is_few(count: usize, len: usize) -> bool {
    count.saturating_mul(3) < len
}
