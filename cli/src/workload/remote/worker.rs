use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use tls_engine::Error as EngineError;
use tls_engine::conn::{ClientConfig, Connection, Reply};
use tls_engine::io::event_loop::{Call, Clients, CloseReason, Dial, LoopStatistics};

use super::exchange::Exchange;
use super::failures::Failure;
use super::schedule::{Due, Schedule};
use super::tally::{Counts, Live, Tally, WorkerFound};
use super::tickets::{Feeding, TicketQueue};
use super::visit::{Visit, VisitTimes};
use super::{Limits, Visits};
use crate::error::Error;
use crate::library::{HandshakeKind, Negotiated};

/// One loop's clients.
pub(super) struct Worker<'a> {
    visits: &'a Visits,
    limits: Limits,
    schedule: Schedule,
    connections: usize,
    /// The order of the kinds: places in the mix.
    order: Vec<usize>,
    /// By the place of the kind in the mix.
    configs: Vec<Arc<ClientConfig>>,
    tickets: Arc<TicketQueue>,
    /// The next place in the mix's order, address of the server, and address to come from.
    next: [usize; 3],
    /// What its connections add to as well.
    tally: Rc<RefCell<Tally<'a>>>,
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
            schedule: Schedule::new(visits.load_of_a_loop(), connections, limits.begin + visits.offset_of(index)),
            connections,
            order: visits.mix.order(),
            configs: visits.mix.kinds().map(config).collect::<Result<_, _>>()?,
            tickets,
            // Loops begin at different addresses.
            next: [0, index, index],
            tally: Rc::new(RefCell::new(Tally::new(visits, limits, live, connections)?)),
            visits,
        })
    }

    /// What was found, with what the loop has done.
    pub(super) fn finish(self, statistics: LoopStatistics) -> Result<WorkerFound, Error> {
        // The loop has ended, and its connections with it.
        let tally = Rc::into_inner(self.tally).ok_or_else(|| Error::Failed("a connection is left over".to_owned()))?;
        Ok(tally.into_inner().finish(statistics))
    }

    fn call(&mut self, due: Instant, now: Instant, is_counted: bool) -> Call<Visit<'a>> {
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
        let compare = |request| Exchange::new(request, request.is_repeated && self.tally.borrow_mut().compares_next());
        let request = visits.request.as_ref().map(compare);
        let times = VisitTimes { due, begun: now, tcp_connected: None, ready: None, first_byte: None, complete: None };
        Call {
            address,
            bind,
            config: self.configs[kind].clone(),
            name: visits.name.clone(),
            handler: Visit {
                times,
                is_counted,
                is_cut: false,
                agreed: None,
                request,
                tickets: visits.resumes().then(|| (self.tickets.clone(), self.connections)),
                is_waiting: false,
                tally: self.tally.clone(),
            },
        }
    }

    /// Learns from a connection that ended by itself while it waited for a ticket.
    fn note_missing_ticket(&self, visit: &Visit<'_>, connection: &Connection, reason: &CloseReason) {
        let is_by_itself = matches!(reason, CloseReason::Done | CloseReason::TimedOut);
        if visit.is_waiting && is_by_itself && connection.tickets_received() == 0 {
            let is_resumed = visit.agreed.is_some_and(|agreed| agreed.is_resumed);
            self.tickets.expect_none_from(is_resumed);
            self.tally.borrow_mut().found.lacks_tickets |= !self.tickets.has_had_any();
        }
    }
}

impl<'a> Clients for Worker<'a> {
    type Handler = Visit<'a>;

    fn dial(&mut self, open: usize, now: Instant) -> Dial<Visit<'a>> {
        let mut tally = self.tally.borrow_mut();
        tally.advance(now);
        if tally.is_over(now) {
            return Dial::Over;
        }
        if let Some(until) = tally.pause_until {
            if now < until {
                return Dial::At(until);
            }
            tally.pause_until = None;
        }
        match self.schedule.due(open, now) {
            Due::WhenOneEnds => Dial::Wait,
            Due::At(at) => Dial::At(self.limits.until.map_or(at, |until| at.min(until))),
            Due::Since(due) => {
                let is_counted = tally.is_counted(now);
                if !tally.may_begin(is_counted) {
                    return Dial::Over;
                }
                drop(tally);
                self.schedule.begin();
                Dial::Begin(self.call(due, now, is_counted))
            }
        }
    }

    fn connected(&mut self, visit: &mut Visit<'a>) {
        visit.times.tcp_connected = Some(Instant::now());
    }

    fn begun(&mut self, visit: &mut Visit<'a>, reply: &mut Reply<'_>) -> Result<(), EngineError> {
        visit.request.as_mut().map_or(Ok(()), |exchange| exchange.send_early(reply))
    }

    fn ready(&mut self, visit: &mut Visit<'a>, connection: &Connection) {
        visit.on_ready(connection, Instant::now());
        self.tally.borrow_mut().opened(|| Negotiated::of_engine(connection));
    }

    fn ended(&mut self, visit: Visit<'a>, connection: Option<&Connection>, reason: &CloseReason) {
        let now = Instant::now();
        let target = &self.visits.target;
        if visit.agreed.is_some() {
            self.tally.borrow().closed();
        }
        self.tally.borrow_mut().advance(now);
        // Requests that are repeated were told one by one.
        let (is_repeated, is_told) = (visit.is_repeated(), visit.is_complete());
        let refused = |exchange: &Exchange| Some(Failure::of_status(exchange.refusal()?, exchange.flag(), target));
        let refusal = visit.request.as_ref().filter(|_| is_told && !is_repeated).and_then(refused);
        let failure = refusal.or_else(|| Failure::of(&visit, connection, reason, target));
        match failure {
            Some(failure) => self.tally.borrow_mut().failed(failure, now),
            None if is_told && !is_repeated => {
                if let Some(connection) = connection {
                    self.note_missing_ticket(&visit, connection, reason);
                }
                let received_bytes = visit.request.as_ref().map_or(0, |exchange| exchange.received_bytes);
                let counts = Counts { received_bytes, ..visit.agreed.unwrap_or_default().counts() };
                self.tally.borrow_mut().succeeded(&visit.times, visit.is_counted, counts, now);
            }
            // It was told already, or the loop was stopped.
            None => {}
        }
    }
}
