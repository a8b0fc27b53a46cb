//! A server of very many connections, over epoll or kqueue, both edge-triggered: on one thread, or on a group of loops with a
//! thread each, of which the first accepts and hands each connection to the loop that has the fewest.
//!
//! Each connection that something is known of gets one turn per round, and a turn takes a bounded number of bytes: a peer that
//! sends without end keeps none from its share. What a turn leaves behind is heard of as the switch `signal` says: see
//! [`crate::switches::SignalKind`]. A peer that does not read is not read from, and one that is silent for too long is let
//! go.

mod acceptor;
mod group;
mod handler;
mod options;
#[allow(unreachable_pub, reason = "public where models/ compiles it too")]
mod permits;
mod ready;
mod running;
mod slot;
mod timers;

pub use handler::{Activity, CloseReason, Echo, Handler, Service, Sink};
pub use options::{LoopOptions, LoopStatistics};

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use mio::unix::SourceFd;
use mio::{Interest, Poll, Token, Waker};

use crate::conn::ServerConfig;
use crate::io::{Listener, SignalFd};
use crate::switches::SignalKind;
use acceptor::Acceptor;
use group::Group;
use ready::{ReturnedQueue, SignalQueue};
use running::RunningLoop;

/// Stops all loops of a group from another thread.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<Group>);

impl Stopper {
    /// Has the loops take leave of their connections and end.
    pub fn stop(&self) -> io::Result<()> {
        self.0.stop()
    }
}

/// A server, or one loop of it, that has yet to run.
pub struct EventLoop {
    poll: Poll,
    group: Arc<Group>,
    /// Which loop of the group it is.
    index: usize,
    /// Of the loop that accepts.
    acceptor: Option<Acceptor>,
    config: Arc<ServerConfig>,
    options: LoopOptions,
}

impl EventLoop {
    /// A server that accepts from `listener` and shakes hands as `config` says.
    pub fn new(listener: Listener, config: &Arc<ServerConfig>, options: &LoopOptions) -> io::Result<Self> {
        let mut loops = Self::group(listener, config, options, NonZeroUsize::MIN)?;
        // There is one for each.
        loops.pop().ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    /// A server of so many `loops`, each to be run by a thread of its own. All of them have to be run: the first accepts for
    /// all. What `options` bound is bounded for all together.
    pub fn group(
        listener: Listener,
        config: &Arc<ServerConfig>,
        options: &LoopOptions,
        loops: NonZeroUsize,
    ) -> io::Result<Vec<Self>> {
        let polls = (0..loops.get()).map(|_| Poll::new()).collect::<io::Result<Vec<_>>>()?;
        let wakers = polls.iter().map(|poll| Waker::new(poll.registry(), WAKER)).collect::<io::Result<Vec<_>>>()?;
        let group = Arc::new(Group::new(wakers));
        listener.set_nonblocking(true)?;
        polls[0].registry().register(&mut SourceFd(&listener.as_raw_fd()), LISTENER, Interest::READABLE)?;
        let mut acceptor = Some(Acceptor::new(listener, Arc::clone(&group), options));
        let event_loop = |(index, poll)| Self {
            poll,
            group: Arc::clone(&group),
            index,
            acceptor: acceptor.take(),
            config: Arc::clone(config),
            options: options.clone(),
        };
        Ok(polls.into_iter().enumerate().map(event_loop).collect())
    }

    /// What stops it, and all loops of its group.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.group))
    }

    /// Serves until it is stopped, or the last of [`LoopOptions::connections_total`] has ended. Fails only where the
    /// poll itself does; then the other loops of the group end too.
    pub fn run(self, service: impl Service) -> io::Result<LoopStatistics> {
        match self.options.signal {
            SignalKind::Off => RunningLoop::new(self, service, ReturnedQueue::default()).run(),
            SignalKind::Pipe => RunningLoop::new(self, service, SignalQueue::new(SignalFd::pipe()?)).run(),
            SignalKind::EventFd => RunningLoop::new(self, service, SignalQueue::new(SignalFd::event_fd()?)).run(),
        }
    }
}

const LISTENER: Token = Token(usize::MAX - 2);
const SIGNAL: Token = Token(usize::MAX - 3);
const WAKER: Token = Token(usize::MAX - 4);
