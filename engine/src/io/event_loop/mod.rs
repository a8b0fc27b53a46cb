//! A server of very many connections on one thread, over epoll or kqueue, both edge-triggered.
//!
//! Each connection that something is known of gets one turn per round, and a turn takes a bounded number of bytes: a peer that
//! sends without end keeps none from its share. What a turn leaves behind is heard of as the switch `signal` says: see
//! [`crate::switches::SignalKind`]. A peer that does not read is not read from, and one that is silent for too long is let
//! go.

mod acceptor;
mod handler;
mod options;
mod ready;
mod running;
mod slot;
mod timers;

pub use handler::{Echo, End, Handler, Pace, Service, Sink};
pub use options::{LoopOptions, LoopStatistics};

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mio::unix::SourceFd;
use mio::{Interest, Poll, Token, Waker};

use crate::conn::ServerConfig;
use crate::io::{Listener, SignalFd};
use crate::switches::SignalKind;
use ready::{Raised, Returned};
use running::Running;

/// Stops a loop from another thread.
#[derive(Clone, Debug)]
pub struct Stopper {
    is_stopped: Arc<AtomicBool>,
    waker: Arc<Waker>,
}

impl Stopper {
    /// Lets the loop say goodbye to its connections and end.
    pub fn stop(&self) -> io::Result<()> {
        // The waker's system call orders it; Release for the loop that sees the flag on its way without being woken.
        self.is_stopped.store(true, Ordering::Release);
        self.waker.wake()
    }
}

/// A server that has yet to run.
pub struct EventLoop {
    poll: Poll,
    listener: Listener,
    config: Arc<ServerConfig>,
    options: LoopOptions,
    stopper: Stopper,
}

impl EventLoop {
    /// A server that accepts from `listener` and shakes hands as `config` says.
    pub fn new(listener: Listener, config: Arc<ServerConfig>, options: LoopOptions) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let stopper = Stopper { is_stopped: Arc::default(), waker };
        listener.set_nonblocking(true)?;
        poll.registry().register(&mut SourceFd(&listener.as_raw_fd()), LISTENER, Interest::READABLE)?;
        Ok(Self { poll, listener, config, options, stopper })
    }

    /// What stops it.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Serves until it is stopped, or the last of [`LoopOptions::connections_total`] has ended. Fails only where the
    /// poll itself does.
    pub fn run(self, service: impl Service) -> io::Result<LoopStatistics> {
        match self.options.signal {
            SignalKind::Off => Running::new(self, service, Returned::default()).run(),
            SignalKind::Pipe => Running::new(self, service, Raised::new(SignalFd::pipe()?)).run(),
            SignalKind::EventFd => Running::new(self, service, Raised::new(SignalFd::event_fd()?)).run(),
        }
    }
}

const LISTENER: Token = Token(usize::MAX - 2);
const SIGNAL: Token = Token(usize::MAX - 3);
const WAKER: Token = Token(usize::MAX - 4);
