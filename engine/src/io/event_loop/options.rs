use std::time::Duration;

use crate::io::Syscalls;
use crate::limits::RECORD_MAX;
use crate::mem::{BufferPool, PoolOptions};
use crate::switches::{SignalKind, Switches};

/// What bounds a loop.
#[derive(Clone, Debug)]
pub struct LoopOptions {
    /// Connections at once; more wait to be accepted.
    pub connections_max: usize,
    /// Accepts no more than this, and ends with the last of them.
    pub connections_total: Option<u64>,
    /// What one connection may receive and send in a turn, bytes; at least one record.
    pub turn_bytes: usize,
    /// The receive buffer of each connection, bytes; at least one record.
    pub input_bytes: usize,
    /// The send buffer of each connection, bytes; at least one record.
    pub output_bytes: usize,
    /// How long a handshake may take, and how long a peer may be silent or read nothing.
    pub timeout: Duration,
    /// How long a peer may take to hang up after both sides have said that they send no more.
    pub linger: Duration,
    /// How the loop hears of what turns leave behind.
    pub signal: SignalKind,
    /// Where connections have their buffers from. Of a pool that is not off, only while there is something in them.
    pub pool: BufferPool,
}

impl LoopOptions {
    /// The usual bounds, with the optimizations that `switches` name and a pool of its own.
    pub fn new(switches: &Switches) -> Self {
        let sizes = PoolOptions { buffer_bytes: 2 * RECORD_MAX, ..PoolOptions::default() };
        Self {
            connections_max: 10_000,
            connections_total: None,
            turn_bytes: 4 * RECORD_MAX,
            input_bytes: 2 * RECORD_MAX,
            output_bytes: 2 * RECORD_MAX,
            timeout: Duration::from_secs(30),
            linger: Duration::from_secs(2),
            signal: switches.signal,
            pool: BufferPool::new(switches.buffer_pool, sizes),
        }
    }
}

impl Default for LoopOptions {
    fn default() -> Self {
        Self::new(&Switches::default())
    }
}

/// What a loop has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoopStatistics {
    /// Connections accepted.
    pub accepted: u64,
    /// Handshakes completed.
    pub handshakes: u64,
    /// Connections that ended as both sides wanted.
    pub done: u64,
    /// Connections that ended for lack of time.
    pub late: u64,
    /// Connections that ended because the loop was stopped.
    pub stopped: u64,
    /// Connections that failed.
    pub failed: u64,
    /// The most connections at once.
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
