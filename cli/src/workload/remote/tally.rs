use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tls_engine::io::event_loop::LoopStatistics;

use super::exchange::{Content, Exchange};
use super::failures::{Failure, Failures};
use super::visit::{Agreed, VisitTimes};
use super::windows::{Window, Windows};
use super::{Limits, Load, Visits};
use crate::error::Error;
use crate::interrupt;
use crate::library::Negotiated;
use crate::workload::{SAMPLED_ONE_IN, Verify};

/// How long a closed loop waits where all connections fail, so that it does not spend its time on that.
const PAUSE: Duration = Duration::from_millis(10);
/// How many connections have to fail before it is given up, where none has succeeded.
const FAILURES_MIN: u64 = 3;
/// How long all connections have to fail before it is given up, where some have succeeded before.
const PATIENCE: Duration = Duration::from_secs(2);

/// What all loops have in common while they run. Relaxed: nothing else depends on it.
#[derive(Default)]
pub(super) struct Live {
    pub(super) completed: AtomicU64,
    pub(super) failed: AtomicU64,
    /// The 99th percentile of connections in the last window of any loop, nanoseconds.
    pub(super) p99_ns: AtomicU64,
    /// How many counted connections were begun, or would have been; requests where those are repeated.
    pub(super) begun: AtomicU64,
    /// How many connections are open in all loops, with their handshakes completed.
    pub(super) open: AtomicU64,
    /// What was sent and received in requests that are repeated, bytes.
    pub(super) moved: AtomicU64,
}

/// What one loop has come to, which its connections add to while they run, and whether it goes on.
pub(super) struct Tally<'a> {
    /// The server, as it was named.
    target: &'a str,
    live: &'a Live,
    verify: Verify,
    /// The requests so far.
    asked: u64,
    limits: Limits,
    /// The most connections at once.
    connections: usize,
    is_closed_loop: bool,
    pub(super) windows: Windows,
    pub(super) found: WorkerFound,
    failed_in_a_row: u64,
    last_success: Option<Instant>,
    /// When it goes on, where all connections failed.
    pub(super) pause_until: Option<Instant>,
}

/// What one loop has found.
#[derive(Default)]
pub(super) struct WorkerFound {
    pub(super) windows: Vec<Window>,
    pub(super) last_completed: Option<Instant>,
    /// When data of a repeated request came last.
    pub(super) last_received: Option<Instant>,
    pub(super) failures: Failures,
    pub(super) counts: Counts,
    pub(super) contents: Contents,
    pub(super) negotiated: Option<Negotiated>,
    pub(super) statistics: LoopStatistics,
    /// Whether it has ended early, because all connections failed.
    pub(super) has_given_up: bool,
    /// Whether it has ended early, because there was no ticket to resume with.
    pub(super) lacks_tickets: bool,
}

/// How many of the counted connections were what; of the requests where those are repeated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Completed.
    pub completed: u64,
    /// Those among them that resumed a session.
    pub resumed: u64,
    /// Those whose early data was accepted.
    pub early_data: u64,
    /// Those that passed through a HelloRetryRequest.
    pub hello_retries: u64,
    /// Those that were asked for a certificate and showed none.
    pub certificates_missing: u64,
    /// Data that they received, bytes.
    pub received_bytes: u64,
    /// The content among it.
    pub content_bytes: u64,
}

/// How the contents of responses compare with the first.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The first.
    pub first: Option<Content>,
    /// How many were compared byte by byte, the first included.
    pub compared: u64,
    /// How many were different.
    pub different: u64,
}

impl Counts {
    /// Adds those of another loop.
    pub(super) const fn merge(&mut self, other: Self) {
        let Self { completed, resumed, early_data, hello_retries, certificates_missing, received_bytes, content_bytes } =
            other;
        self.completed += completed;
        self.resumed += resumed;
        self.early_data += early_data;
        self.hello_retries += hello_retries;
        self.certificates_missing += certificates_missing;
        self.received_bytes += received_bytes;
        self.content_bytes += content_bytes;
    }
}

impl Contents {
    fn add(&mut self, content: Content) {
        self.compared += u64::from(content.sha256.is_some());
        self.hold_against_first(content);
    }

    /// By length, and by hash where both have one.
    fn hold_against_first(&mut self, content: Content) {
        let Some(first) = &mut self.first else {
            self.first = Some(content);
            return;
        };
        if content.bytes != first.bytes {
            self.different += 1;
        } else if first.sha256.is_none() {
            first.sha256 = content.sha256;
        } else {
            self.different += u64::from(content.sha256.is_some() && content.sha256 != first.sha256);
        }
    }

    /// Adds those of another loop.
    pub(super) fn merge(&mut self, other: Self) {
        self.compared += other.compared;
        self.different += other.different;
        if let Some(first) = other.first {
            self.hold_against_first(first);
        }
    }
}

impl<'a> Tally<'a> {
    pub(super) fn new(visits: &'a Visits, limits: Limits, live: &'a Live, connections: usize) -> Result<Self, Error> {
        Ok(Self {
            target: &visits.target,
            live,
            verify: visits.request.as_ref().map_or_else(Verify::default, |request| request.verify),
            asked: 0,
            limits,
            connections,
            is_closed_loop: matches!(visits.load, Load::Closed { .. }),
            windows: Windows::new(limits.measure_from, limits.window)?,
            found: WorkerFound::default(),
            failed_in_a_row: 0,
            last_success: None,
            pause_until: None,
        })
    }

    /// What was found, with what the loop has done.
    pub(super) fn finish(self, statistics: LoopStatistics) -> WorkerFound {
        let (windows, last_completed) = self.windows.finish(Instant::now());
        WorkerFound { windows, last_completed, statistics, ..self.found }
    }

    /// Closes the windows that have ended.
    pub(super) fn advance(&mut self, now: Instant) {
        if let Some(p99_ns) = self.windows.advance(now) {
            self.live.p99_ns.store(p99_ns, Ordering::Relaxed);
        }
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.is_late(now) || self.found.has_given_up || self.found.lacks_tickets || interrupt::requested()
    }

    pub(super) fn is_late(&self, now: Instant) -> bool {
        self.limits.until.is_some_and(|until| now >= until)
    }

    /// Whether what begins now is counted.
    pub(super) fn is_counted(&self, now: Instant) -> bool {
        now >= self.limits.measure_from
    }

    /// Whether one more may begin, which counts if `is_counted`.
    pub(super) fn may_begin(&self, is_counted: bool) -> bool {
        let Some(count) = self.limits.count.filter(|_| is_counted) else { return true };
        self.live.begun.fetch_add(1, Ordering::Relaxed) < count
    }

    /// A handshake has completed.
    pub(super) fn opened(&mut self, negotiated: impl FnOnce() -> Option<Negotiated>) {
        self.live.open.fetch_add(1, Ordering::Relaxed);
        if self.found.negotiated.is_none() {
            self.found.negotiated = negotiated();
        }
    }

    /// A connection has ended after its handshake.
    pub(super) fn closed(&self) {
        self.live.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// A connection, or a request on one, has succeeded.
    pub(super) fn succeeded(&mut self, times: &VisitTimes, is_counted: bool, counts: Counts, now: Instant) {
        self.failed_in_a_row = 0;
        self.last_success = Some(now);
        self.windows.complete(times);
        if is_counted {
            self.live.completed.fetch_add(1, Ordering::Relaxed);
            self.windows.record(times);
            self.found.counts.merge(counts);
        }
    }

    /// Whether the response to the next request is compared byte by byte.
    pub(super) fn compares_next(&mut self) -> bool {
        self.asked += 1;
        self.verify == Verify::All || self.asked % SAMPLED_ONE_IN == 1
    }

    /// Data of a repeated request was received, with so much content of responses that count.
    pub(super) fn received(&mut self, bytes: usize, content_bytes: u64, now: Instant) {
        self.advance(now);
        self.live.moved.fetch_add(bytes as u64, Ordering::Relaxed);
        self.found.last_received = Some(now);
        self.windows.add_received(content_bytes, now);
    }

    /// So much of a repeated request was sent.
    pub(super) fn sent(&self, bytes: usize) {
        self.live.moved.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A response to a repeated request is complete.
    pub(super) fn responded(
        &mut self,
        exchange: &mut Exchange,
        times: &VisitTimes,
        agreed: Agreed,
        is_counted: bool,
        now: Instant,
    ) {
        let content = exchange.take_content();
        let received_bytes = std::mem::take(&mut exchange.received_bytes);
        if let Some(status) = exchange.refusal() {
            return self.failed(Failure::of_status(status, exchange.flag(), self.target), now);
        }
        // Only now is it known that the server takes it.
        self.windows.add_sent(exchange.content_len() as u64, now);
        let counts = Counts { received_bytes, content_bytes: content.bytes, ..agreed.counts() };
        self.found.contents.add(content);
        self.succeeded(times, is_counted, counts, now);
    }

    pub(super) fn failed(&mut self, failure: Failure, now: Instant) {
        self.found.failures.add(failure);
        self.live.failed.fetch_add(1, Ordering::Relaxed);
        self.failed_in_a_row += 1;
        let all_fail = self.failed_in_a_row >= self.connections as u64;
        self.pause_until = Some(now + PAUSE).filter(|_| all_fail && self.is_closed_loop);
        self.found.has_given_up |= match self.last_success {
            None => self.failed_in_a_row >= FAILURES_MIN.max(self.connections as u64),
            Some(last) => now.saturating_duration_since(last) >= PATIENCE && self.failed_in_a_row >= FAILURES_MIN,
        };
    }
}
