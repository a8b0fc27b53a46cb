//! Many connections, of a server ([`EventLoop`]) or of clients ([`ClientLoop`]), over edge-triggered epoll or kqueue.
//!
//! They run on one thread, or on a group of loops with a thread each. The first loop of a server accepts, and hands each connection
//! to the loop with the fewest. Each loop of clients begins its own.
//!
//! Each connection with something to do gets one turn per round, and a turn processes a bounded number of bytes, so that no
//! peer starves the others. How the loop learns of what a turn leaves behind is set by the switch `signal`, see
//! [`SignalKind`](crate::switches::SignalKind). The loop does not read from a peer that does not read, and closes connections
//! that are silent for too long.
//!
//! Where the configuration pauses for jobs of a handshake, such as its signature, the loop leaves them to threads of the group
//! ([`LoopOptions::job_threads`]), and its other connections do not wait for them.

mod acceptor;
mod clients;
mod dialing;
mod group;
mod handler;
mod job_threads;
mod options;
mod origin;
mod parts;
#[allow(unreachable_pub, reason = "public where models/ compiles it too")]
mod permits;
mod ready;
mod running;
mod serving;
mod slot;
mod timers;

pub use clients::{Call, ClientLoop, Clients, Dial};
pub use handler::{Activity, CloseReason, Echo, Handler, Service, Sink};
pub use options::{LoopOptions, LoopStatistics};

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use mio::unix::SourceFd;
use mio::{Interest, Token};

use crate::conn::ServerConfig;
use crate::io::Listener;
use acceptor::Acceptor;
use group::Group;
use parts::LoopParts;
use serving::Serving;

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
    parts: LoopParts,
    /// Only in the loop that accepts.
    acceptor: Option<Acceptor>,
    config: Arc<ServerConfig>,
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
        let parts = LoopParts::group(options, loops)?;
        listener.set_nonblocking(true)?;
        let registry = parts[0].poll.registry();
        registry.register(&mut SourceFd(&listener.as_raw_fd()), LISTENER, Interest::READABLE)?;
        let mut acceptor = Some(Acceptor::new(listener, Arc::clone(&parts[0].group), options));
        let event_loop = |parts| Self { parts, acceptor: acceptor.take(), config: Arc::clone(config) };
        Ok(parts.into_iter().map(event_loop).collect())
    }

    /// A handle that stops this loop and all others of its group.
    pub fn stopper(&self) -> Stopper {
        self.parts.stopper()
    }

    /// Serves until it is stopped, or until the last of [`LoopOptions::connections_total`] has ended. Fails only where the poll
    /// does. Then the other loops of the group end, too.
    pub fn run(self, service: impl Service) -> io::Result<LoopStatistics> {
        let Self { parts, acceptor, config } = self;
        let (group, index) = (Arc::clone(&parts.group), parts.index);
        parts.run(Serving { service, config, group, index, acceptor, is_stopped: false, accepted: Vec::new() })
    }
}

const LISTENER: Token = Token(usize::MAX - 2);
const SIGNAL: Token = Token(usize::MAX - 3);
const WAKER: Token = Token(usize::MAX - 4);
/// The bit of tokens of connections that TCP has not connected yet. No other connection has so high a token.
const CONNECTING: usize = 1 << (usize::BITS - 2);
