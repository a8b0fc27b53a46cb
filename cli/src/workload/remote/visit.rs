use std::sync::Arc;
use std::time::Instant;

use tls_engine::Error;
use tls_engine::conn::{Connection, Negotiated, Reply};
use tls_engine::io::event_loop::{Activity, Handler};

use super::tickets::TicketQueue;
use crate::net::http::Dialogue;

/// One connection: its handshake, a request if there is one, and its tickets if they are wanted.
pub(super) struct Visit {
    pub(super) times: VisitTimes,
    /// Whether it was begun after the warm-up.
    pub(super) is_counted: bool,
    /// What was negotiated, once it was.
    pub(super) agreed: Option<Agreed>,
    pub(super) request: Option<Exchange>,
    /// Where its tickets are wanted, and so many are enough.
    pub(super) tickets: Option<(Arc<TicketQueue>, usize)>,
    /// Whether it is only here for a ticket.
    pub(super) is_waiting: bool,
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
}

/// A request and its response.
pub(super) struct Exchange {
    request: Arc<[u8]>,
    sent: usize,
    /// How many of the sent bytes went as early data.
    early_bytes: usize,
    pub(super) received_bytes: u64,
    pub(super) dialogue: Dialogue,
}

impl Agreed {
    pub(super) fn of(connection: &Connection) -> Option<Self> {
        let negotiated = connection.negotiated()?;
        Some(Self {
            is_resumed: negotiated.is_resumed(),
            early_data: negotiated.early_data,
            hello_retry: negotiated.hello_retry,
        })
    }
}

impl Exchange {
    pub(super) fn new(request: &Arc<[u8]>) -> Self {
        let mut dialogue = Dialogue::new();
        dialogue.sent(request);
        Self { request: request.clone(), sent: 0, early_bytes: 0, received_bytes: 0, dialogue }
    }

    /// Sends the request as early data where the ticket allows it.
    pub(super) fn send_early(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        self.early_bytes = reply.send_early_data(&self.request)?;
        Ok(())
    }
}

impl Visit {
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

    /// Whether it should wait for a ticket.
    fn waits_for_ticket(&self, connection: &Connection) -> bool {
        let is_resumed = connection.negotiated().is_some_and(Negotiated::is_resumed);
        let is_wanted = |(tickets, enough): &(Arc<TicketQueue>, usize)| tickets.is_wanting(*enough, is_resumed);
        connection.tickets_received() == 0 && self.tickets.as_ref().is_some_and(is_wanted)
    }
}

impl Handler for Visit {
    fn on_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error> {
        if let Some(exchange) = &mut self.request {
            let now = Instant::now();
            // An answer to early data may come with the end of the handshake.
            self.times.ready.get_or_insert(now);
            self.times.first_byte.get_or_insert(now);
            exchange.received_bytes += data.len() as u64;
            exchange.dialogue.received(data);
            if exchange.dialogue.is_whole() {
                self.times.complete.get_or_insert(now);
            } else if exchange.dialogue.is_lost() {
                reply.close();
            }
        }
        Ok(Activity::Progress)
    }

    fn on_writable(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        if let Some(exchange) = &mut self.request {
            if exchange.sent == 0 && reply.connection().negotiated().is_some_and(|negotiated| negotiated.early_data) {
                exchange.sent = exchange.early_bytes;
            }
            if exchange.sent < exchange.request.len() {
                exchange.sent += reply.send(&[&exchange.request[exchange.sent..]])?;
                return Ok(());
            }
            if !self.is_complete() {
                return Ok(());
            }
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
        if let Some(exchange) = &self.request
            && exchange.dialogue.ends_with_connection()
        {
            self.times.complete.get_or_insert_with(Instant::now);
        }
        Ok(())
    }
}
