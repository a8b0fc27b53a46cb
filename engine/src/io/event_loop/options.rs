use std::time::Duration;

use crate::io::{Listener, Syscalls};
use crate::limits::RECORD_MAX;
use crate::mem::{BufferPool, PoolOptions};
use crate::switches::{SignalKind, Switches};

/// What bounds a loop.
#[derive(Clone, Debug)]
pub struct LoopOptions {
    /// Connections at once, in all loops of a group together. More wait to be accepted; where one does, the oldest unfinished
    /// handshake gives way once it has gone on for some time ([`LoopOptions::eviction_age`]).
    pub connections_max: usize,
    /// Accepts no more than this, all loops together, and ends with the last of them.
    pub connections_total: Option<u64>,
    /// What one connection may receive and send in a turn, bytes; at least one record.
    pub turn_bytes: usize,
    /// The receive buffer of each connection, bytes; at least one record.
    pub input_bytes: usize,
    /// The send buffer of each connection, bytes; at least one record.
    pub output_bytes: usize,
    /// How long a handshake may take.
    pub handshake_timeout: Duration,
    /// How long a peer may send no application data and read none.
    pub timeout: Duration,
    /// How long a peer may take to hang up after all that this side had to say has left.
    pub linger: Duration,
    /// How the loop hears of what turns leave behind.
    pub signal: SignalKind,
    /// Where connections have their buffers from. Of a pool that is not off, only while there is something in them.
    pub pool: BufferPool,
}

impl LoopOptions {
    /// The usual bounds, with the optimizations that `switches` name and a pool of its own.
    pub fn new(switches: &Switches) -> Self {
        let sizes = PoolOptions { buffer_bytes: 4 * RECORD_MAX, ..PoolOptions::default() };
        Self {
            connections_max: 10_000,
            connections_total: None,
            turn_bytes: 8 * RECORD_MAX,
            input_bytes: 4 * RECORD_MAX,
            output_bytes: 4 * RECORD_MAX,
            handshake_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            linger: Duration::from_secs(2),
            signal: switches.signal,
            pool: BufferPool::new(switches.buffer_pool, sizes),
        }
    }
}

impl LoopOptions {
    /// How old an unfinished handshake has to be to give way to a connection that has no place.
    ///
    /// The fewer places there are, the sooner: so that as many silent peers as the system keeps waiting have had their turns
    /// after the time of one handshake. Within bounds: a handshake that goes on over a long line is not cut short, and
    /// one that could have ended on any gives way.
    pub fn eviction_age(&self) -> Duration {
        const LEAST: Duration = Duration::from_millis(100);
        const MOST: Duration = Duration::from_secs(1);
        let share = self.connections_max.min(Listener::BACKLOG) as f64 / Listener::BACKLOG as f64;
        self.handshake_timeout.mul_f64(share).clamp(LEAST, MOST)
    }
}

impl Default for LoopOptions {
    fn default() -> Self {
        Self::new(&Switches::default())
    }
}

/// What a loop has done. Those of several loops are added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoopStatistics {
    /// Connections accepted.
    pub accepted: u64,
    /// Handshakes completed.
    pub handshakes: u64,
    /// Connections that ended as both sides wanted.
    pub done: u64,
    /// Connections that ended for lack of time.
    pub timed_out: u64,
    /// Connections whose unfinished handshakes gave way to others.
    pub evicted: u64,
    /// Connections that ended because the loop was stopped.
    pub stopped: u64,
    /// Connections that failed.
    pub failed: u64,
    /// The most connections at once, in all loops; only the loop that accepts knows.
    pub peak: u64,
    /// Failures to accept, most of them for want of file descriptors; the loop goes on, and tries again.
    pub accept_failures: u64,
    /// Times the loop was woken or did not have to sleep.
    pub rounds: u64,
    /// Turns of connections.
    pub turns: u64,
    /// Turns that left something behind.
    pub cut_turns: u64,
    /// System calls, of connections that have ended and of the loop itself.
    pub syscalls: Syscalls,
}

impl std::ops::AddAssign for LoopStatistics {
    fn add_assign(&mut self, other: Self) {
        let Self { accepted, handshakes, done, timed_out, evicted, stopped, failed, peak, .. } = other;
        let Self { accept_failures, rounds, turns, cut_turns, syscalls, .. } = other;
        self.accepted += accepted;
        self.handshakes += handshakes;
        self.done += done;
        self.timed_out += timed_out;
        self.evicted += evicted;
        self.stopped += stopped;
        self.failed += failed;
        self.peak = self.peak.max(peak);
        self.accept_failures += accept_failures;
        self.rounds += rounds;
        self.turns += turns;
        self.cut_turns += cut_turns;
        self.syscalls += syscalls;
    }
}
