use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tls_engine::Error as EngineError;
use tls_engine::conn::{ClientConfig, Connection, Reply};
use tls_engine::io::event_loop::{Call, Clients, CloseReason, Dial, LoopStatistics};

use super::failures::{Failure, Failures};
use super::schedule::{Due, Schedule};
use super::tickets::{Feeding, TicketQueue};
use super::visit::{Exchange, Visit, VisitTimes};
use super::windows::{Window, Windows};
use super::{Limits, Visits};
use crate::error::Error;
use crate::interrupt;
use crate::library::{HandshakeKind, Negotiated};

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
    /// How many counted connections were begun, or would have been.
    pub(super) begun: AtomicU64,
}

/// One loop's clients.
pub(super) struct Worker<'a> {
    visits: &'a Visits,
    limits: Limits,
    live: &'a Live,
    schedule: Schedule,
    connections: usize,
    /// The order of the kinds: places in the mix.
    order: Vec<usize>,
    /// By the place of the kind in the mix.
    configs: Vec<Arc<ClientConfig>>,
    tickets: Arc<TicketQueue>,
    /// The next place in the mix's order, address of the server, and address to come from.
    next: [usize; 3],
    windows: Windows,
    found: WorkerFound,
    failed_in_a_row: u64,
    last_success: Option<Instant>,
    pause_until: Option<Instant>,
}

/// What one loop has found.
#[derive(Default)]
pub(super) struct WorkerFound {
    pub(super) windows: Vec<Window>,
    pub(super) last_completed: Option<Instant>,
    pub(super) failures: Failures,
    pub(super) counts: Counts,
    pub(super) negotiated: Option<Negotiated>,
    pub(super) statistics: LoopStatistics,
    /// Whether it has ended early, because all connections failed.
    pub(super) has_given_up: bool,
    /// Whether it has ended early, because there was no ticket to resume with.
    pub(super) lacks_tickets: bool,
}

/// How many of the counted connections were what.
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
    /// Data that they received, bytes.
    pub received_bytes: u64,
}

impl Counts {
    /// Adds those of another loop.
    pub(super) const fn merge(&mut self, other: Self) {
        let Self { completed, resumed, early_data, hello_retries, received_bytes } = other;
        self.completed += completed;
        self.resumed += resumed;
        self.early_data += early_data;
        self.hello_retries += hello_retries;
        self.received_bytes += received_bytes;
    }
}

impl<'a> Worker<'a> {
    pub(super) fn new(visits: &'a Visits, limits: Limits, live: &'a Live, index: usize) -> Result<Self, Error> {
        let tickets = Arc::<TicketQueue>::default();
        let config = |kind: HandshakeKind| match kind {
            kind if kind.is_resumed() => (visits.config)(kind, Some(tickets.clone())),
            kind if visits.resumes() => (visits.config)(kind, Some(Arc::new(Feeding(tickets.clone())))),
            kind => (visits.config)(kind, None),
        };
        let connections = visits.connections_of(index);
        Ok(Self {
            limits,
            live,
            schedule: Schedule::new(visits.load_of_a_loop(), connections, limits.begin + visits.offset_of(index)),
            connections,
            order: visits.mix.order(),
            configs: visits.mix.kinds().map(config).collect::<Result<_, _>>()?,
            tickets,
            // Loops begin at different addresses.
            next: [0, index, index],
            windows: Windows::new(limits.measure_from, limits.window)?,
            found: WorkerFound::default(),
            failed_in_a_row: 0,
            last_success: None,
            pause_until: None,
            visits,
        })
    }

    /// What was found, with what the loop has done.
    pub(super) fn finish(self, statistics: LoopStatistics) -> WorkerFound {
        let (windows, last_completed) = self.windows.finish(Instant::now());
        WorkerFound { windows, last_completed, statistics, ..self.found }
    }

    fn advance(&mut self, now: Instant) {
        if let Some(p99_ns) = self.windows.advance(now) {
            self.live.p99_ns.store(p99_ns, Ordering::Relaxed);
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        let is_late = self.limits.until.is_some_and(|until| now >= until);
        is_late || self.found.has_given_up || self.found.lacks_tickets || interrupt::requested()
    }

    /// Whether one more counted connection may begin.
    fn may_begin(&self) -> bool {
        self.limits.count.is_none_or(|count| self.live.begun.fetch_add(1, Ordering::Relaxed) < count)
    }

    fn call(&mut self, due: Instant, now: Instant, is_counted: bool) -> Call<Visit> {
        let visits = self.visits;
        let turn = |next: &mut usize, of: usize| {
            let place = *next % of.max(1);
            *next = place + 1;
            place
        };
        let [in_order, to, from] = &mut self.next;
        let kind = self.order[turn(in_order, self.order.len())];
        let address = visits.addresses[turn(to, visits.addresses.len())];
        let fits = |bind: &&IpAddr| bind.is_ipv4() == address.is_ipv4();
        let fitting = visits.bind.iter().filter(fits).count();
        let bind = visits.bind.iter().filter(fits).nth(turn(from, fitting)).copied();
        let times = VisitTimes { due, begun: now, tcp_connected: None, ready: None, first_byte: None, complete: None };
        Call {
            address,
            bind,
            config: self.configs[kind].clone(),
            name: visits.name.clone(),
            handler: Visit {
                times,
                is_counted,
                agreed: None,
                request: visits.request.as_ref().map(Exchange::new),
                tickets: visits.resumes().then(|| (self.tickets.clone(), self.connections)),
                is_waiting: false,
            },
        }
    }

    /// Learns from a connection that ended by itself while it waited for a ticket.
    fn note_missing_ticket(&mut self, visit: &Visit, connection: &Connection, reason: &CloseReason) {
        let is_by_itself = matches!(reason, CloseReason::Done | CloseReason::TimedOut);
        if visit.is_waiting && is_by_itself && connection.tickets_received() == 0 {
            let is_resumed = visit.agreed.is_some_and(|agreed| agreed.is_resumed);
            self.tickets.expect_none_from(is_resumed);
            self.found.lacks_tickets |= !self.tickets.has_had_any();
        }
    }

    fn succeeded(&mut self, visit: &Visit, connection: Option<&Connection>, now: Instant) {
        self.failed_in_a_row = 0;
        self.last_success = Some(now);
        if self.found.negotiated.is_none() {
            self.found.negotiated = connection.and_then(Negotiated::of_engine);
        }
        self.windows.complete(&visit.times);
        if !visit.is_counted {
            return;
        }
        self.live.completed.fetch_add(1, Ordering::Relaxed);
        self.windows.record(&visit.times);
        let agreed = visit.agreed.unwrap_or_default();
        self.found.counts.merge(Counts {
            completed: 1,
            resumed: agreed.is_resumed.into(),
            early_data: agreed.early_data.into(),
            hello_retries: agreed.hello_retry.into(),
            received_bytes: visit.request.as_ref().map_or(0, |exchange| exchange.received_bytes),
        });
    }

    fn failed(&mut self, failure: Failure, now: Instant) {
        self.found.failures.add(failure);
        self.live.failed.fetch_add(1, Ordering::Relaxed);
        self.failed_in_a_row += 1;
        let all_fail = self.failed_in_a_row >= self.connections as u64;
        self.pause_until = Some(now + PAUSE).filter(|_| all_fail && self.schedule.is_closed());
        self.found.has_given_up |= match self.last_success {
            None => self.failed_in_a_row >= FAILURES_MIN.max(self.connections as u64),
            Some(last) => now.saturating_duration_since(last) >= PATIENCE && self.failed_in_a_row >= FAILURES_MIN,
        };
    }
}

impl Clients for Worker<'_> {
    type Handler = Visit;

    fn dial(&mut self, open: usize, now: Instant) -> Dial<Visit> {
        self.advance(now);
        if self.is_over(now) {
            return Dial::Over;
        }
        if let Some(until) = self.pause_until {
            if now < until {
                return Dial::At(until);
            }
            self.pause_until = None;
        }
        match self.schedule.due(open, now) {
            Due::WhenOneEnds => Dial::Wait,
            Due::At(at) => Dial::At(self.limits.until.map_or(at, |until| at.min(until))),
            Due::Since(due) => {
                let is_counted = now >= self.limits.measure_from;
                if is_counted && !self.may_begin() {
                    return Dial::Over;
                }
                self.schedule.begin();
                Dial::Begin(self.call(due, now, is_counted))
            }
        }
    }

    fn connected(&mut self, visit: &mut Visit) {
        visit.times.tcp_connected = Some(Instant::now());
    }

    fn begun(&mut self, visit: &mut Visit, reply: &mut Reply<'_>) -> Result<(), EngineError> {
        visit.request.as_mut().map_or(Ok(()), |exchange| exchange.send_early(reply))
    }

    fn ready(&mut self, visit: &mut Visit, connection: &Connection) {
        visit.on_ready(connection, Instant::now());
    }

    fn ended(&mut self, visit: Visit, connection: Option<&Connection>, reason: &CloseReason) {
        let now = Instant::now();
        self.advance(now);
        let status = visit.request.as_ref().and_then(|exchange| exchange.dialogue.status());
        let refusal = status.filter(|status| visit.is_complete() && !(200..300).contains(status));
        let target = &self.visits.target;
        let failure = refusal
            .map(|status| Failure::of_status(status, target))
            .or_else(|| Failure::of(&visit, connection, reason, target));
        match failure {
            Some(failure) => self.failed(failure, now),
            None if visit.is_complete() => {
                if let Some(connection) = connection {
                    self.note_missing_ticket(&visit, connection, reason);
                }
                self.succeeded(&visit, connection, now);
            }
            // The loop was stopped.
            None => {}
        }
    }
}
