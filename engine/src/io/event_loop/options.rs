use std::time::Duration;

use crate::io::{Listener, Syscalls};
use crate::limits::RECORD_MAX;
use crate::mem::{BufferPool, PoolOptions};
use crate::switches::{SignalKind, Switches};

/// The limits of an event loop.
///
/// ```
/// use tls_engine::io::event_loop::LoopOptions;
///
/// let options = LoopOptions { connections_max: 1000, ..LoopOptions::default() };
/// ```
#[derive(Clone, Debug)]
pub struct LoopOptions {
    /// The most connections at once, in all loops of a group together. Further ones wait to be accepted. While one waits, the
    /// oldest unfinished handshake is evicted, once it is old enough ([`LoopOptions::eviction_age`]).
    pub connections_max: usize,
    /// How many connections to accept, all loops together, before the loops end. `None` for no limit.
    pub connections_total: Option<u64>,
    /// How much one connection may receive and send in a turn, bytes; at least one record.
    pub turn_bytes: usize,
    /// The receive buffer of each connection, bytes; at least one record.
    pub input_bytes: usize,
    /// The send buffer of each connection, bytes; at least one record.
    pub output_bytes: usize,
    /// How long a handshake may take.
    pub handshake_timeout: Duration,
    /// How long a peer may neither send nor read application data.
    pub timeout: Duration,
    /// How long a peer may take to close its socket after this side has sent everything.
    pub linger: Duration,
    /// How many threads do the jobs that handshakes pause for ([`ServerConfigBuilder::pause_for`]), for all loops of a group
    /// together. With none, and while too many jobs wait for a thread, the loops do them at once. Threads are for signatures that take
    /// long, such as those with RSA keys or of another machine.
    ///
    /// A handshake that waits for its job still times out, and may be evicted.
    ///
    /// [`ServerConfigBuilder::pause_for`]: crate::conn::ServerConfigBuilder::pause_for
    pub job_threads: usize,
    /// How the loop learns of what turns leave behind.
    pub signal: SignalKind,
    /// The pool of the connections' buffers.
    pub pool: BufferPool,
}

impl LoopOptions {
    /// The default limits, with the optimizations of `switches` and a pool of its own.
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
            job_threads: 0,
            signal: switches.signal,
            pool: BufferPool::new(switches.buffer_pool, sizes),
        }
    }
}

impl LoopOptions {
    /// How old an unfinished handshake has to be before it is evicted for a connection that waits to be accepted.
    ///
    /// The age is shorter where `connections_max` is smaller, so that the system's whole queue of silent peers passes within
    /// [`LoopOptions::handshake_timeout`]. It is at least 100 ms, so that handshakes over slow networks can complete, and at most
    /// 1 s.
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

/// What an event loop has done. Add up those of several loops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoopStatistics {
    /// Connections accepted, or those of clients that TCP has connected.
    pub accepted: u64,
    /// Handshakes completed.
    pub handshakes: u64,
    /// Connections that ended in order.
    pub done: u64,
    /// Connections that timed out.
    pub timed_out: u64,
    /// Connections whose unfinished handshakes were evicted.
    pub evicted: u64,
    /// Connections that were closed because the loop was stopped.
    pub stopped: u64,
    /// Connections that failed.
    pub failed: u64,
    /// The most connections at once, in all loops. Of a server, only the loop that accepts counts them.
    pub peak: u64,
    /// Failures to accept, mostly because the process has too many open files. The loop tries again.
    pub accept_failures: u64,
    /// Rounds: how often the poll has returned.
    pub rounds: u64,
    /// Turns of connections.
    pub turns: u64,
    /// Turns that spent their budget and left something behind.
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
