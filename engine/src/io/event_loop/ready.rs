use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use crate::io::SignalFd;
use crate::signal::{NullSignal, QueuedSignal, ReadyQueue, Signal};

/// How a loop hears of connections that have more to do although their sockets will not tell.
pub(super) trait Readiness {
    /// What a connection raises.
    type Signal: Signal;

    /// Has `registry` report what connections raise as `token`.
    fn register(&self, registry: &Registry, token: Token) -> io::Result<()>;

    /// The signal of the connection that the loop knows by `token`.
    fn signal(&self, token: usize) -> Self::Signal;

    /// Says that the turn of `token` ended with more to do. Its signal was raised.
    fn defer(&mut self, token: usize);

    /// Whether someone has more to do, as far as the loop can tell without asking the system.
    fn is_waiting(&self) -> bool;

    /// Adds to `tokens` who has more to do. `is_woken` says that the loop has seen the token of
    /// [`Readiness::register`].
    fn take(&mut self, is_woken: bool, tokens: &mut Vec<usize>);

    /// System calls made for the signal.
    fn syscalls(&self) -> u64;
}

/// The engine says so in what it returns: a plain queue, and no sleep while there is something in it.
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

/// The connections raise one file descriptor for all. What the engine returns is not asked.
pub(super) struct SignalQueue(Arc<ReadyQueue<SignalFd>>);

impl SignalQueue {
    pub(super) fn new(signal: SignalFd) -> Self {
        Self(Arc::new(ReadyQueue::new(signal)))
    }
}

impl Readiness for SignalQueue {
    type Signal = QueuedSignal<SignalFd>;

    fn register(&self, registry: &Registry, token: Token) -> io::Result<()> {
        // Readable only: the end of an eventfd is always writable, and would wake the loop for nothing.
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
