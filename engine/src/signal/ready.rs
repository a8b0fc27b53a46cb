#[cfg(loom)]
use loom::sync::{Arc, Mutex, MutexGuard};
use std::sync::PoisonError;
#[cfg(not(loom))]
use std::sync::{Arc, Mutex, MutexGuard};

use super::{Flag, Signal};

/// The connections of a loop that are ready, with one signal for all of them: ten thousand connections need one file
/// descriptor, and one system call for all that become ready before the loop looks.
#[derive(Debug)]
pub struct ReadyQueue<S> {
    waiting: Mutex<Vec<usize>>,
    signal: S,
}

impl<S: Signal> ReadyQueue<S> {
    /// An empty queue that raises `signal` when a connection is added.
    pub fn new(signal: S) -> Self {
        Self { waiting: Mutex::new(Vec::new()), signal }
    }

    /// The signal that the loop waits for.
    pub const fn signal(&self) -> &S {
        &self.signal
    }

    /// Adds the connection `token`.
    pub fn push(&self, token: usize) {
        self.waiting().push(token);
        // After the lock is released, so that the consumer does not wait for it.
        self.signal.raise();
    }

    /// Acknowledges the signal, and then moves all tokens to the end of `tokens`.
    pub fn take(&self, tokens: &mut Vec<usize>) {
        self.signal.acknowledge();
        tokens.append(&mut self.waiting());
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<usize>> {
        // Nothing panics under the lock, so the list is whole even if it is poisoned.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The signal of one connection in a [`ReadyQueue`]: raising it adds the connection, once.
#[derive(Debug)]
pub struct QueuedSignal<S> {
    queue: Arc<ReadyQueue<S>>,
    token: usize,
    is_queued: Flag,
}

impl<S> QueuedSignal<S> {
    /// The signal of the connection that the loop knows by `token`.
    pub fn new(queue: Arc<ReadyQueue<S>>, token: usize) -> Self {
        Self { queue, token, is_queued: Flag::new() }
    }
}

impl<S: Signal> Signal for QueuedSignal<S> {
    #[inline]
    fn raise(&self) {
        if self.is_queued.raise() {
            self.queue.push(self.token);
        }
    }

    /// Call this when the loop has taken the token from the queue, before it looks at the connection.
    #[inline]
    fn clear(&self) {
        self.is_queued.clear();
    }
}
