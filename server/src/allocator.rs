//! The memory allocator of the server.
//!
//! mimalloc, by measurement with 2 million keys of 16 bytes and strings of 100 (keyspace's benchmark
//! `growth`), time being CPU time of the thread:
//!
//! | | bytes a key | 99.9999 % of insertions within | of removals |
//! |---|---:|---:|---:|
//! | mimalloc that purges after a millisecond | 147 | 0.3 ms | 0.4 ms |
//! | mimalloc with huge pages | 147 | 6.9 ms | 1.7 ms |
//! | mimalloc that purges after a second | 147 | 0.3 ms | 2.1 ms |
//! | jemalloc with a background thread | 152 | 0.3 ms | 0.2 ms |
//! | glibc | 163 | 0.5 ms | 2.6 ms |
//!
//! jemalloc keeps 128 bytes about each 4 KiB of small blocks, and takes minutes to build. On another
//! machine the first of them had 99.9999 % of removals within 0.4 to 1.8 ms and 99.99 % within 80 to 210
//! us; as it is here, with nothing purged by the thread that removes, within 0.2 to 0.6 ms and 48 to 69 us.

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Leaves what was freed to those who call [`give_back`], and has the thread look after its own pages a
/// hundred times as rarely, which is as rarely as it can be. Pages of its own in which others have freed
/// blocks are found again when it allocates. To be called before anything is served.
#[expect(
    unsafe_code,
    reason = "mimalloc has no safe way to set an option. Left alone it goes through all its pages in \
              every 10,000th allocation that finds none at hand, and gives back what was freed: the \
              event loop has spent 21 ms in one turn on what a hash of 3 million fields had left"
)]
pub(crate) fn configure() {
    // SAFETY: the options exist, and setting them stores a number.
    unsafe {
        libmimalloc_sys::mi_option_set(OPTION_GENERIC_COLLECT, GENERIC_COLLECT_MAX);
        libmimalloc_sys::mi_option_set(OPTION_PURGE_DELAY, PURGE_DELAY_MS);
    }
}

/// Gives back pages that are free, whoever freed them, on this thread and at once.
#[expect(unsafe_code, reason = "mimalloc has no safe way to do it")]
pub(crate) fn give_back() {
    // SAFETY: this can be called at any time, on any thread.
    unsafe { libmimalloc_sys::mi_collect(true) }
}

/// `mi_option_purge_delay` in mimalloc.h of version 3; libmimalloc-sys does not name it.
const OPTION_PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// A day: never.
const PURGE_DELAY_MS: std::ffi::c_long = 24 * 60 * 60 * 1000;

/// `mi_option_generic_collect` in the same file.
const OPTION_GENERIC_COLLECT: libmimalloc_sys::mi_option_t = 34;

/// The highest value that it takes.
const GENERIC_COLLECT_MAX: std::ffi::c_long = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers are those of the options that they should be: so these are by default.
    #[test]
    #[expect(unsafe_code, reason = "mimalloc has no safe way to get an option")]
    fn the_options_are_the_ones_that_are_meant() {
        // SAFETY: the options exist, and getting them reads a number.
        let defaults = [OPTION_PURGE_DELAY, OPTION_GENERIC_COLLECT]
            .map(|option| unsafe { libmimalloc_sys::mi_option_get(option) });
        assert_eq!(defaults, [1000, 10_000]);
    }
}
