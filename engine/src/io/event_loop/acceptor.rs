use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::io::{Listener, Socket};

/// Takes new connections, a burst at a time, and knows when there is no use in trying.
pub(super) struct Acceptor {
    listener: Listener,
    /// Whether there may be more. Edge-triggered: the system says so once.
    has_more: bool,
    retry_at: Option<Instant>,
}

impl Acceptor {
    /// How many are taken in one round, so that a rush of new ones does not keep those that are there from their turns.
    pub(super) const BURST: usize = 64;
    /// How long it does not try after a failure. Most are for want of file descriptors, which come back when a connection
    /// ends, here or in another process.
    const PAUSE: Duration = Duration::from_millis(100);

    pub(super) const fn new(listener: Listener) -> Self {
        Self { listener, has_more: true, retry_at: None }
    }

    /// The system says that there are new ones.
    pub(super) const fn on_event(&mut self) {
        self.has_more = true;
    }

    /// Whether to try now.
    pub(super) const fn has_more(&self) -> bool {
        self.has_more && self.retry_at.is_none()
    }

    /// When to try again.
    pub(super) const fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// A connection has ended: what was wanting may be there again.
    pub(super) const fn retry(&mut self) {
        self.retry_at = None;
    }

    /// The next connection, or `None` while there is none.
    pub(super) fn accept(&mut self, now: Instant) -> io::Result<Option<(Socket, SocketAddr)>> {
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry_at = None;
        }
        if !self.has_more() {
            return Ok(None);
        }
        loop {
            match self.listener.accept_nonblocking() {
                Ok(accepted) => return Ok(Some(accepted)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.has_more = false;
                    return Ok(None);
                }
                // It was gone before it was taken.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.retry_at = Some(now + Self::PAUSE);
                    return Err(error);
                }
            }
        }
    }
}
