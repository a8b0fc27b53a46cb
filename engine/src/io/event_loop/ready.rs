use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use crate::io::SignalFd;
use crate::signal::{NullSignal, QueuedSignal, ReadyQueue, Signal};

/// How a loop learns of connections that have more to do although their sockets report nothing.
pub(super) trait Readiness {
    /// The signal of a connection.
    type Signal: Signal;

    /// Registers with `registry` what connections raise, as `token`.
    fn register(&self, registry: &Registry, token: Token) -> io::Result<()>;

    /// The signal of the connection that the loop knows by `token`.
    fn signal(&self, token: usize) -> Self::Signal;

    /// Notes that the turn of `token` ended with more to do. Its signal was raised.
    fn defer(&mut self, token: usize);

    /// Whether a connection has more to do, as far as the loop knows without a system call.
    fn is_waiting(&self) -> bool;

    /// Adds the connections that have more to do to `tokens`. `is_woken` is set where the token of [`Readiness::register`] was
    /// reported.
    fn take(&mut self, is_woken: bool, tokens: &mut Vec<usize>);

    /// System calls made for the signal.
    fn syscalls(&self) -> u64;
}

/// From return values: a plain queue. The loop does not sleep while there is something in it.
#[derive(Default)]
pub(super) struct ReturnedQueue(Vec<usize>);

impl Readiness for ReturnedQueue {
    type Signal = NullSignal;

    fn register(&self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }

    fn signal(&self, _: usize) -> NullSignal {
        NullSignal
    }

    fn defer(&mut self, token: usize) {
        self.0.push(token);
    }

    fn is_waiting(&self) -> bool {
        !self.0.is_empty()
    }

    fn take(&mut self, _: bool, tokens: &mut Vec<usize>) {
        tokens.append(&mut self.0);
    }

    fn syscalls(&self) -> u64 {
        0
    }
}

/// From a file descriptor that all connections raise. Return values are ignored.
pub(super) struct SignalQueue(Arc<ReadyQueue<SignalFd>>);

impl SignalQueue {
    pub(super) fn new(signal: SignalFd) -> Self {
        Self(Arc::new(ReadyQueue::new(signal)))
    }
}

impl Readiness for SignalQueue {
    type Signal = QueuedSignal<SignalFd>;

    fn register(&self, registry: &Registry, token: Token) -> io::Result<()> {
        // Readable only: an eventfd is always writable, and would wake the loop for nothing.
        registry.register(&mut SourceFd(&self.0.signal().as_raw_fd()), token, Interest::READABLE)
    }

    fn signal(&self, token: usize) -> QueuedSignal<SignalFd> {
        QueuedSignal::new(Arc::clone(&self.0), token)
    }

    fn defer(&mut self, _: usize) {}

    fn is_waiting(&self) -> bool {
        false
    }

    fn take(&mut self, is_woken: bool, tokens: &mut Vec<usize>) {
        if is_woken {
            self.0.take(tokens);
        }
    }

    fn syscalls(&self) -> u64 {
        let (raises, clears) = self.0.signal().syscalls();
        raises + clears
    }
}
