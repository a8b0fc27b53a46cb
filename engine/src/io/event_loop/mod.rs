//! A server for many connections, over edge-triggered epoll or kqueue.
//!
//! It runs on one thread, or on a group of loops with a thread each. The first loop of a group accepts, and hands each connection
//! to the loop with the fewest.
//!
//! Each connection with something to do gets one turn per round, and a turn processes a bounded number of bytes, so that no
//! peer starves the others. How the loop learns of what a turn leaves behind is set by the switch `signal`, see
//! [`SignalKind`]. The loop does not read from a peer that does not read, and closes connections
//! that are silent for too long.
//!
//! Where the configuration pauses for jobs of a handshake, such as its signature, the loop leaves them to threads of the group
//! ([`LoopOptions::job_threads`]), and its other connections do not wait for them.

mod acceptor;
mod group;
mod handler;
mod job_threads;
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
use job_threads::JobThreads;
use ready::{ReturnedQueue, SignalQueue};
use running::RunningLoop;

/// Stops all loops of a group, from any thread.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<Group>);

impl Stopper {
    /// Makes the loops close their connections and return.
    pub fn stop(&self) -> io::Result<()> {
        self.0.stop()
    }
}

/// A server, or one loop of it, before it runs.
pub struct EventLoop {
    poll: Poll,
    group: Arc<Group>,
    /// Which loop of the group it is.
    index: usize,
    /// Only in the loop that accepts.
    acceptor: Option<Acceptor>,
    config: Arc<ServerConfig>,
    options: LoopOptions,
    job_threads: Arc<JobThreads>,
}

impl EventLoop {
    /// A server on one thread that accepts from `listener`.
    pub fn new(listener: Listener, config: &Arc<ServerConfig>, options: &LoopOptions) -> io::Result<Self> {
        let mut loops = Self::group(listener, config, options, NonZeroUsize::MIN)?;
        // There is one for each.
        loops.pop().ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    /// A server of several `loops`, each of which has to be run by a thread of its own. The first accepts for all. The limits in
    /// `options` are for all loops together.
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
        let job_threads = Arc::new(JobThreads::start(options.job_threads, &group)?);
        let mut acceptor = Some(Acceptor::new(listener, Arc::clone(&group), options));
        let event_loop = |(index, poll)| Self {
            poll,
            group: Arc::clone(&group),
            index,
            acceptor: acceptor.take(),
            config: Arc::clone(config),
            options: options.clone(),
            job_threads: Arc::clone(&job_threads),
        };
        Ok(polls.into_iter().enumerate().map(event_loop).collect())
    }

    /// A handle that stops this loop and all others of its group.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.group))
    }

    /// Serves until it is stopped, or until the last of [`LoopOptions::connections_total`] has ended. Fails only where the poll
    /// does. Then the other loops of the group end, too.
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
