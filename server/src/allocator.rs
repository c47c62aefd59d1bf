//! The memory allocator of the server.
//!
//! mimalloc, by measurement with 2 million keys of 16 bytes and strings of 100 (keyspace's benchmark
//! `growth`), time being CPU time of the thread:
//!
//! | | bytes a key | 99.9999 % of insertions within | of removals |
//! |---|---:|---:|---:|
//! | mimalloc as it is here | 147 | 0.3 ms | 0.4 ms |
//! | mimalloc with huge pages | 147 | 6.9 ms | 1.7 ms |
//! | mimalloc that purges after a second | 147 | 0.3 ms | 2.1 ms |
//! | jemalloc with a background thread | 152 | 0.3 ms | 0.2 ms |
//! | glibc | 163 | 0.5 ms | 2.6 ms |
//!
//! jemalloc keeps 128 bytes about each 4 KiB of small blocks, and takes minutes to build.

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Has freed memory given back to the system a little at a time. To be called first.
#[expect(
    unsafe_code,
    reason = "mimalloc has no safe way to set an option. Left alone it gives back what was freed in \
              a second or more at once, for which single removals have waited 13 ms"
)]
pub(crate) fn configure() {
    // SAFETY: the option exists, and setting it stores a number.
    unsafe { libmimalloc_sys::mi_option_set(OPTION_PURGE_DELAY, PURGE_DELAY_MS) }
}

/// Gives back what has been freed, whoever freed it, on this thread and at once.
#[expect(
    unsafe_code,
    reason = "mimalloc has no safe way to do it. Left alone, the next thread that allocates does it: \
              the event loop has spent 106 ms in one turn on what moved values had left"
)]
pub(crate) fn give_back() {
    // SAFETY: this can be called at any time, on any thread.
    unsafe { libmimalloc_sys::mi_collect(true) }
}

/// `mi_option_purge_delay` in mimalloc.h of version 3; libmimalloc-sys does not name it.
const OPTION_PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

const PURGE_DELAY_MS: std::ffi::c_long = 1;
