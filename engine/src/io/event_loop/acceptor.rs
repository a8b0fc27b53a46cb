use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::LoopOptions;
use super::group::Group;
use crate::io::{Listener, Socket};

/// Takes new connections, a burst at a time, and hands each to the loop of a group that has the fewest. Knows when there is no
/// use in trying.
///
/// Where all places are taken it holds one more connection, so as to ask an unfinished handshake to give way only where
/// somebody is there who needs its place.
pub(super) struct Acceptor {
    listener: Listener,
    group: Arc<Group>,
    connections_max: usize,
    connections_total: Option<u64>,
    /// See [`LoopOptions::eviction_age`].
    eviction_age: Duration,
    accepted: u64,
    /// The most connections at once, in all loops.
    peak: usize,
    /// Whether there may be more. Edge-triggered: the system says so once.
    has_more: bool,
    /// Accepted, and without a place.
    waiting: Option<(Socket, SocketAddr)>,
    /// Before this there is no use in trying, unless a connection ends.
    retry_at: Option<Instant>,
}

impl Acceptor {
    /// How many are taken in one round, so that a rush of new ones does not keep those that are there from their turns.
    const BURST: usize = 64;
    /// How long it does not try after a failure. Most are for want of file descriptors, which come back when a connection
    /// ends, here or in another process.
    const PAUSE: Duration = Duration::from_millis(100);

    pub(super) fn new(listener: Listener, group: Arc<Group>, options: &LoopOptions) -> Self {
        Self {
            listener,
            group,
            connections_max: options.connections_max,
            connections_total: options.connections_total,
            eviction_age: options.eviction_age(),
            accepted: 0,
            peak: 0,
            has_more: true,
            waiting: None,
            retry_at: None,
        }
    }

    /// The most connections at once, in all loops.
    pub(super) const fn peak(&self) -> usize {
        self.peak
    }

    /// The system says that there are new ones.
    pub(super) const fn on_event(&mut self) {
        self.has_more = true;
    }

    /// A connection has ended, or may have: what was wanting may be there again.
    pub(super) const fn retry(&mut self) {
        self.retry_at = None;
    }

    /// Whether all that were asked for have been accepted.
    pub(super) fn is_over(&self) -> bool {
        self.connections_total.is_some_and(|total| self.accepted >= total)
    }

    /// When to try, `now` or later; `None` where there is nothing to try before an event says so.
    pub(super) fn try_at(&self, now: Instant) -> Option<Instant> {
        if self.is_over() || (self.waiting.is_none() && !self.has_more) {
            return None;
        }
        Some(self.retry_at.unwrap_or(now))
    }

    /// Accepts what there is, up to a burst. `on_failure` hears why none could be accepted.
    pub(super) fn accept(&mut self, now: Instant, mut on_failure: impl FnMut(&io::Error)) -> io::Result<()> {
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry_at = None;
        }
        for _ in 0..Self::BURST {
            if self.retry_at.is_some() || self.is_over() {
                return Ok(());
            }
            if self.waiting.is_none() {
                match self.next() {
                    Ok(None) => return Ok(()),
                    Ok(arrival) => self.waiting = arrival,
                    Err(error) => {
                        on_failure(&error);
                        self.retry_at = Some(now + Self::PAUSE);
                        // A connection that ends gives a file descriptor back; that there are places does not help.
                        let _ = self.group.permits.wait_for_release(self.connections_max);
                        return if lacks_descriptors(&error) { self.evict_for_arrival(now) } else { Ok(()) };
                    }
                }
            }
            if self.group.permits.in_use() >= self.connections_max
                && !self.group.permits.wait_for_release(self.connections_max)
            {
                return self.evict_for_arrival(now);
            }
            if let Some(arrival) = self.waiting.take() {
                self.accepted += 1;
                self.group.send(arrival)?;
                self.peak = self.peak.max(self.group.permits.in_use());
                if self.is_over() {
                    self.group.end_accepting()?;
                }
            }
        }
        Ok(())
    }

    /// The next connection, or `None` while there is none.
    fn next(&mut self) -> io::Result<Option<(Socket, SocketAddr)>> {
        while self.has_more {
            match self.listener.accept_nonblocking() {
                Ok(accepted) => return Ok(Some(accepted)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.has_more = false,
                // It was gone before it was taken.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Has the oldest unfinished handshake give way, if it is old enough. Connections whose handshake is done are left alone.
    fn evict_for_arrival(&mut self, now: Instant) -> io::Result<()> {
        // Where no loop has told of any, those that were just handed on may become old enough.
        let (index, began) = self.group.oldest_handshake().unwrap_or((0, now));
        let gives_way_at = began + self.eviction_age;
        if gives_way_at > now {
            self.retry_at = Some(self.retry_at.map_or(gives_way_at, |at| at.min(gives_way_at)));
            return Ok(());
        }
        // Not asked again before it had time to answer.
        self.retry_at = Some(now + Self::PAUSE);
        self.group.evict(index)
    }
}

/// Whether this process, or the system, may open no more files.
fn lacks_descriptors(error: &io::Error) -> bool {
    [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}
