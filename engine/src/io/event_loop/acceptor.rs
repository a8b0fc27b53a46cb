use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::LoopOptions;
use super::group::Group;
use crate::io::{Listener, Socket};

/// Accepts connections in bursts, and hands each to the loop of the group with the fewest. Does not try where it can't succeed.
///
/// Where all permits are in use it holds one more connection, so that a handshake is only evicted where a connection waits.
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
    /// Whether there may be more. Edge-triggered: the system reports it once.
    has_more: bool,
    /// Accepted, and without a permit.
    waiting: Option<(Socket, SocketAddr)>,
    /// Not to try before this, unless a connection ends.
    retry_at: Option<Instant>,
}

impl Acceptor {
    /// How many are accepted in one round, so that new connections do not starve the others.
    const BURST: usize = 64;
    /// How long to wait after a failure. Most failures are for lack of file descriptors, which are free again when a connection
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

    /// The listener was reported.
    pub(super) const fn on_event(&mut self) {
        self.has_more = true;
    }

    /// A connection has ended, or may have, so that trying again may succeed.
    pub(super) const fn retry(&mut self) {
        self.retry_at = None;
    }

    /// Whether all that were asked for have been accepted.
    pub(super) fn is_over(&self) -> bool {
        self.connections_total.is_some_and(|total| self.accepted >= total)
    }

    /// When to try, `now` or later; `None` to wait for an event.
    pub(super) fn try_at(&self, now: Instant) -> Option<Instant> {
        if self.is_over() || (self.waiting.is_none() && !self.has_more) {
            return None;
        }
        Some(self.retry_at.unwrap_or(now))
    }

    /// Accepts connections, up to a burst. `on_failure` is told why accepting failed.
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
                        // Wake up when a connection ends, which frees a file descriptor.
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
                // It was closed before it was accepted.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Evicts the oldest unfinished handshake, if it is old enough. Other connections are left alone.
    fn evict_for_arrival(&mut self, now: Instant) -> io::Result<()> {
        // Where no loop has published any, those that were just handed over may become old enough.
        let (index, began) = self.group.oldest_handshake().unwrap_or((0, now));
        let gives_way_at = began + self.eviction_age;
        if gives_way_at > now {
            self.retry_at = Some(self.retry_at.map_or(gives_way_at, |at| at.min(gives_way_at)));
            return Ok(());
        }
        // Leave the loop time to do it.
        self.retry_at = Some(now + Self::PAUSE);
        self.group.evict(index)
    }
}

/// Whether this process or the system has too many open files.
fn lacks_descriptors(error: &io::Error) -> bool {
    [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}
