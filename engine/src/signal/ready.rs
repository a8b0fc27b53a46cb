#[cfg(loom)]
use loom::sync::{Arc, Mutex, MutexGuard};
use std::sync::PoisonError;
#[cfg(not(loom))]
use std::sync::{Arc, Mutex, MutexGuard};

use super::{Flag, Signal};

/// Which connections of a loop are ready, with one signal for all of them: ten thousand connections need one file
/// descriptor and at most one system call for all that become ready before the loop looks.
#[derive(Debug)]
pub struct ReadyQueue<S> {
    waiting: Mutex<Vec<usize>>,
    signal: S,
}

impl<S: Signal> ReadyQueue<S> {
    /// An empty queue that raises `signal` when something is put in.
    pub fn new(signal: S) -> Self {
        Self { waiting: Mutex::new(Vec::new()), signal }
    }

    /// What the loop waits for.
    pub const fn signal(&self) -> &S {
        &self.signal
    }

    /// Says that `token` is ready.
    pub fn push(&self, token: usize) {
        self.waiting().push(token);
        // After the lock is given back: the consumer that this wakes would run into it.
        self.signal.raise();
    }

    /// Moves all that is ready to the end of `tokens`, and takes the signal down first.
    pub fn take(&self, tokens: &mut Vec<usize>) {
        self.signal.acknowledge();
        tokens.append(&mut self.waiting());
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<usize>> {
        // Nothing that can panic happens under the lock, so what a poisoned one holds is whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's share of a [`ReadyQueue`]: raising it queues the connection, once.
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

    /// To be called when the loop has taken the token from the queue, before it looks at the connection.
    #[inline]
    fn clear(&self) {
        self.is_queued.clear();
    }
}
