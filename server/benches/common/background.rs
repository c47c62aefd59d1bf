//! Work on a thread of its own, until it is finished or dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// A thread that works until it is told to stop, and then has a result.
pub(crate) struct Background<T> {
    stop: Stop,
    thread: Option<JoinHandle<anyhow::Result<T>>>,
}

impl<T: Send + 'static> Background<T> {
    /// Starts `work`, which ends once [`Stop::is_asked`] says so.
    pub(crate) fn start(work: impl FnOnce(&Stop) -> anyhow::Result<T> + Send + 'static) -> Self {
        let stop = Stop::default();
        let stopped = stop.clone();
        Self { stop, thread: Some(thread::spawn(move || work(&stopped))) }
    }

    /// Ends it.
    ///
    /// # Errors
    /// Its work has failed.
    pub(crate) fn finish(mut self) -> anyhow::Result<T> {
        self.stop.ask();
        let thread = self.thread.take().expect("taken only here");
        thread.join().expect("it does not panic")
    }
}

impl<T> Drop for Background<T> {
    fn drop(&mut self) {
        self.stop.ask();
    }
}

/// Whether a thread is to end.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
