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
    /// Drops `value`, elsewhere if that may take long.
    pub(crate) fn release_value(&self, value: Value) {
        if is_large(&value) {
            self.release(1, value);
        }
    }

    /// Drops `content`, which counts for so many objects, elsewhere.
    pub(crate) fn release(&self, objects: usize, content: impl Send + 'static) {
        let objects = objects as u64;
        let thread = self.0.thread.get_or_init(|| ReleaseThread::start(&self.0.counters));
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
    fn start(counters: &Arc<Counters>) -> Option<Self> {
        let (sender, receiver) = channel();
        let counters = Arc::clone(counters);
        let handle = thread::Builder::new()
            .name("releaser".into())
            .spawn(move || free_all(receiver, &counters))
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

fn free_all(garbage: Receiver<Garbage>, counters: &Counters) {
    for Garbage { objects, _content } in garbage {
        drop(_content);
        counters.released.fetch_add(objects, Relaxed);
        counters.pending.fetch_sub(objects, Relaxed);
    }
}

fn is_large(value: &Value) -> bool {
    match value {
        Value::String(StringValue::Raw(bytes)) => bytes.len() > LARGE_BYTES_MIN,
        Value::String(StringValue::Int(_)) => false,
        Value::Set(set) => set.packed().is_none() && set.view().len() > LARGE_ELEMENTS_MIN,
        Value::Hash(hash) => hash.packed().is_none() && hash.view().len() > LARGE_ELEMENTS_MIN,
        // One block, or many.
        Value::List(list) => list.packed_bytes().is_none(),
        Value::SortedSet(sorted_set) => sorted_set.packed_bytes().is_none(),
        // Streams and what modules hold: all that is not known to be small.
        Value::Stream(_) | Value::Module(_) => true,
    }
}

/// Freeing less than this is about as quick as handing it over. (An allocator keeps smaller blocks;
/// larger ones go back to the system page by page.)
const LARGE_BYTES_MIN: usize = 64 << 10;

/// Each of them is a block of its own.
const LARGE_ELEMENTS_MIN: usize = 64;
