//! Freeing large values and whole tables off the caller's thread.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use rdb_format::StringValue;

use crate::value::Value;

/// Hands out work to a thread that frees; the thread starts with the first of it and ends with the
/// last clone of this handle.
#[derive(Clone, Debug, Default)]
pub(crate) struct Releaser(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    counters: Arc<Counters>,
    /// See [`Keyspace::set_after_release`](crate::Keyspace::set_after_release).
    after: OnceLock<fn()>,
    /// `None` once the thread could not be started.
    thread: OnceLock<Option<ReleaseThread>>,
}

#[derive(Debug, Default)]
struct Counters {
    pending: AtomicU64,
    released: AtomicU64,
}

#[derive(Debug)]
struct ReleaseThread {
    /// Taken out to end the thread.
    garbage: Option<Sender<Garbage>>,
    handle: Option<JoinHandle<()>>,
}

/// Something to drop, and the objects that it counts for.
struct Garbage {
    objects: u64,
    _content: Box<dyn Send>,
}

impl Releaser {
    /// Has `after` called on the thread whenever it has nothing left to free. What is set once the
    /// thread has started comes too late.
    pub(crate) fn set_after(&self, after: fn()) {
        let _ = self.0.after.set(after);
    }

    /// Drops `value`, elsewhere if that may take long.
    pub(crate) fn release_value(&self, value: Value) {
        self.release_larger(value, LARGE_BLOCKS_MIN);
    }

    /// Drops `old`, in the place of which is now a value of so many [`blocks`].
    pub(crate) fn release_replaced(&self, old: Value, new_blocks: usize) {
        self.release_larger(old, new_blocks.clamp(LARGE_BLOCKS_MIN, REPLACED_BLOCKS_MAX));
    }

    fn release_larger(&self, value: Value, blocks_max: usize) {
        if is_large(&value, blocks_max) {
            self.release(1, value);
        }
    }

    /// Drops `content`, which counts for so many objects, elsewhere.
    pub(crate) fn release(&self, objects: usize, content: impl Send + 'static) {
        let objects = objects as u64;
        let thread = self.0.thread.get_or_init(|| ReleaseThread::start(&self.0));
        let Some(garbage) = thread.as_ref().and_then(|thread| thread.garbage.as_ref()) else {
            return;
        };
        self.0.counters.pending.fetch_add(objects, Relaxed);
        if garbage.send(Garbage { objects, _content: Box::new(content) }).is_err() {
            // A drop that panicked has ended the thread; this content was freed here.
            self.0.counters.pending.fetch_sub(objects, Relaxed);
        }
    }

    pub(crate) fn pending(&self) -> u64 {
        self.0.counters.pending.load(Relaxed)
    }

    pub(crate) fn released(&self) -> u64 {
        self.0.counters.released.load(Relaxed)
    }

    pub(crate) fn reset_released(&self) {
        self.0.counters.released.store(0, Relaxed);
    }
}

impl ReleaseThread {
    fn start(shared: &Shared) -> Option<Self> {
        let (sender, receiver) = channel();
        let counters = Arc::clone(&shared.counters);
        let after = shared.after.get().copied();
        let handle = thread::Builder::new()
            .name("releaser".into())
            .spawn(move || free_all(&receiver, &counters, after))
            .ok()?;
        Some(Self { garbage: Some(sender), handle: Some(handle) })
    }
}

impl Drop for ReleaseThread {
    fn drop(&mut self) {
        self.garbage = None;
        if let Some(handle) = self.handle.take() {
            // It has nothing to tell, and a drop that panicked there has been reported already.
            let _ = handle.join();
        }
    }
}

fn free_all(garbage: &Receiver<Garbage>, counters: &Counters, after: Option<fn()>) {
    step_back();
    loop {
        let next = garbage.try_recv().or_else(|_| {
            after.inspect(|after| after());
            garbage.recv()
        });
        let Ok(Garbage { objects, _content }) = next else { return };
        drop(_content);
        counters.released.fetch_add(objects, Relaxed);
        counters.pending.fetch_sub(objects, Relaxed);
    }
}

/// Lets other threads run before this one: whoever handed out a large value has a client to answer,
/// and would wait for milliseconds where there are not enough processors.
#[cfg(target_os = "linux")]
fn step_back() {
    // A thread has its own priority on Linux. Nothing depends on it.
    let _ = rustix::process::nice(NICENESS);
}

#[cfg(not(target_os = "linux"))]
fn step_back() {}

/// Whether `value` has more than so many blocks, or more bytes than it takes as long to free.
fn is_large(value: &Value, blocks_max: usize) -> bool {
    match value {
        Value::String(StringValue::Raw(bytes)) => bytes.len() > LARGE_BYTES_MIN,
        value => blocks(value).is_none_or(|blocks| blocks > blocks_max),
    }
}

/// About how many blocks of memory a value takes, if that is known.
pub(crate) fn blocks(value: &Value) -> Option<usize> {
    match value {
        Value::String(_) => Some(1),
        Value::Set(set) => Some(if set.packed().is_some() { 1 } else { set.view().len() }),
        Value::Hash(hash) => Some(if hash.packed().is_some() { 1 } else { hash.view().len() }),
        Value::SortedSet(set) => Some(match set.packed_bytes() {
            Some(_) => 1,
            None => set.view().len(),
        }),
        Value::List(list) => list.packed_bytes().map(|_| 1),
        Value::Stream(stream) => Some(stream.view().blocks()),
        Value::Module(_) => None,
    }
}

/// The thread still gets a tenth of a processor for which a thread of normal priority competes, so
/// that memory comes back.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Freeing less than this is about as quick as handing it over. (Allocators keep smaller blocks, and
/// most give larger ones back to the system page by page.)
const LARGE_BYTES_MIN: usize = 64 << 10;

/// As many small blocks likewise.
const LARGE_BLOCKS_MIN: usize = 64;

/// What another value replaces may take as many blocks as that: then it is freed in less time than the
/// other took to be built. Blocks that the thread which made them frees cost a third of what they cost
/// another. These are freed in well under a millisecond.
const REPLACED_BLOCKS_MAX: usize = 16 << 10;
