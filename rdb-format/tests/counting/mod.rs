//! An allocator that knows how much a test holds.
#![allow(unsafe_code, reason = "a global allocator, which is unsafe to write, counts the bytes")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator as it is. A block that grows is counted
// twice while it is copied, which is the worst that an allocator does.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub(layout.size()));
        unsafe { System.dealloc(block, layout) }
    }
}

fn count(bytes: usize) {
    HELD.set(HELD.get().wrapping_add(bytes));
    PEAK.set(PEAK.get().max(HELD.get()));
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What came of `job`, and the most that this thread held for it at once, in bytes.
pub(crate) fn peak_of<T>(job: impl FnOnce() -> T) -> (T, usize) {
    let held = HELD.get();
    PEAK.set(held);
    let result = job();
    (result, PEAK.get() - held)
}
