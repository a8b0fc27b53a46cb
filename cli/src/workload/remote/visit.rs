use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use tls_engine::Error;
use tls_engine::conn::{ClientCertificate, Connection, Negotiated, Reply};
use tls_engine::io::event_loop::{Activity, Handler};

use super::exchange::Exchange;
use super::tally::{Counts, Tally};
use super::tickets::TicketQueue;

/// One connection: its handshake, a request if there is one, and its tickets if they are wanted.
pub(super) struct Visit<'a> {
    pub(super) times: VisitTimes,
    /// Whether it, or its present request, was begun after the warm-up.
    pub(super) is_counted: bool,
    /// Whether it was cut off because the time was over.
    pub(super) is_cut: bool,
    /// What was negotiated, once it was.
    pub(super) agreed: Option<Agreed>,
    pub(super) request: Option<Exchange>,
    /// Where its tickets are wanted, and so many are enough.
    pub(super) tickets: Option<(Arc<TicketQueue>, usize)>,
    /// Whether it is only here for a ticket.
    pub(super) is_waiting: bool,
    /// Where the responses to requests that are repeated are told.
    pub(super) tally: Rc<RefCell<Tally<'a>>>,
}

/// When a connection did what.
#[derive(Clone, Copy)]
pub(super) struct VisitTimes {
    /// When it should have begun.
    pub(super) due: Instant,
    pub(super) begun: Instant,
    pub(super) tcp_connected: Option<Instant>,
    pub(super) ready: Option<Instant>,
    pub(super) first_byte: Option<Instant>,
    /// When all that was asked for was there.
    pub(super) complete: Option<Instant>,
}

/// What the ends agreed on, as far as kinds of handshakes differ in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Agreed {
    pub(super) is_resumed: bool,
    pub(super) early_data: bool,
    pub(super) hello_retry: bool,
    pub(super) is_certificate_missing: bool,
}

impl Agreed {
    pub(super) fn of(connection: &Connection) -> Option<Self> {
        let negotiated = connection.negotiated()?;
        Some(Self {
            is_resumed: negotiated.is_resumed(),
            early_data: negotiated.early_data,
            hello_retry: negotiated.hello_retry,
            is_certificate_missing: negotiated.client_certificate == ClientCertificate::Missing,
        })
    }

    /// What one connection, or one request on it, is counted as.
    pub(super) fn counts(self) -> Counts {
        Counts {
            completed: 1,
            resumed: self.is_resumed.into(),
            early_data: self.early_data.into(),
            hello_retries: self.hello_retry.into(),
            certificates_missing: self.is_certificate_missing.into(),
            ..Counts::default()
        }
    }
}

impl VisitTimes {
    /// Those of a request on a connection that is open already.
    const fn of_request(now: Instant) -> Self {
        Self { due: now, begun: now, tcp_connected: None, ready: Some(now), first_byte: None, complete: None }
    }
}

impl Visit<'_> {
    /// The handshake has completed.
    pub(super) fn on_ready(&mut self, connection: &Connection, now: Instant) {
        self.times.ready.get_or_insert(now);
        if self.request.is_none() {
            self.times.complete = Some(now);
        }
        self.agreed = Agreed::of(connection);
    }

    /// Whether everything that was asked for is there.
    pub(super) const fn is_complete(&self) -> bool {
        self.times.complete.is_some()
    }

    /// Whether its requests are repeated.
    pub(super) fn is_repeated(&self) -> bool {
        self.request.as_ref().is_some_and(Exchange::is_repeated)
    }

    /// Whether it should wait for a ticket.
    fn waits_for_ticket(&self, connection: &Connection) -> bool {
        let is_resumed = connection.negotiated().is_some_and(Negotiated::is_resumed);
        let is_wanted = |(tickets, enough): &(Arc<TicketQueue>, usize)| tickets.is_wanting(*enough, is_resumed);
        connection.tickets_received() == 0 && self.tickets.as_ref().is_some_and(is_wanted)
    }

    /// The response is complete: it is told where requests are repeated, and the next one is asked for if there may be one.
    fn on_response(&mut self, now: Instant) {
        if self.times.complete.replace(now).is_some() {
            return;
        }
        let Some(exchange) = self.request.as_mut().filter(|exchange| exchange.is_repeated()) else { return };
        let mut tally = self.tally.borrow_mut();
        tally.responded(exchange, &self.times, self.agreed.unwrap_or_default(), self.is_counted, now);
        let is_counted = tally.is_counted(now);
        if exchange.may_repeat() && !tally.is_over(now) && tally.may_begin(is_counted) {
            exchange.repeat(tally.compares_next());
            self.is_counted = is_counted;
            self.times = VisitTimes::of_request(now);
        }
    }
}

impl Handler for Visit<'_> {
    fn on_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error> {
        let Some(exchange) = &mut self.request else { return Ok(Activity::Progress) };
        let now = Instant::now();
        // An answer to early data may come with the end of the handshake.
        self.times.ready.get_or_insert(now);
        self.times.first_byte.get_or_insert(now);
        let content_bytes = exchange.receive(data);
        let is_late = exchange.is_repeated() && {
            let mut tally = self.tally.borrow_mut();
            tally.received(data.len(), content_bytes, now);
            tally.is_late(now)
        };
        if exchange.is_lost() {
            reply.close();
        } else if exchange.dialogue.is_whole() {
            self.on_response(now);
        } else if is_late {
            self.is_cut = true;
            reply.close();
        }
        Ok(Activity::Progress)
    }

    fn on_writable(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        if let Some(exchange) = self.request.as_mut().filter(|_| self.times.complete.is_none()) {
            if exchange.is_sent() {
                return Ok(());
            }
            if !exchange.is_repeated() {
                return exchange.send(reply).map(drop);
            }
            if exchange.is_unsent() && self.times.ready.is_none() {
                // The first on its connection is timed from here, as the others are from the response before.
                self.times = VisitTimes::of_request(Instant::now());
            }
            let count = exchange.send(reply)?;
            let tally = self.tally.borrow();
            tally.sent(count);
            if !exchange.is_sent() && tally.is_late(Instant::now()) {
                self.is_cut = true;
                reply.close();
            }
            return Ok(());
        }
        // Another connection may bring enough of them meanwhile.
        self.is_waiting = self.waits_for_ticket(reply.connection());
        if !self.is_waiting {
            reply.close();
        }
        Ok(())
    }

    /// A response without a length ends with the connection (RFC 9112 6.3), whose end close_notify vouches for.
    fn on_peer_closed(&mut self, _: &mut Reply<'_>) -> Result<(), Error> {
        let ends = |exchange: &Exchange| exchange.dialogue.ends_with_connection();
        if !self.is_complete() && self.request.as_ref().is_some_and(ends) {
            self.on_response(Instant::now());
        }
        Ok(())
    }
}
