use std::sync::{Mutex, MutexGuard, PoisonError};

use rustls_pki_types::ServerName;
use tls_engine::session::{MemoryTickets, Ticket, TicketStore};

use crate::schema::connection::Tickets;

/// The tickets of one client: notes what comes, and keeps it where sessions are to be resumed.
#[derive(Debug)]
pub struct TicketLog {
    kept: Option<MemoryTickets>,
    received: Mutex<Tickets>,
}

impl TicketLog {
    /// A log that offers tickets to later connections where `resumes`, and none otherwise.
    pub fn new(resumes: bool) -> Self {
        Self { kept: resumes.then(MemoryTickets::default), received: Mutex::default() }
    }

    /// Whether there is a ticket to offer.
    pub fn has_ticket(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| !kept.is_empty())
    }

    /// What has come since the last call.
    pub fn take_received(&self) -> Tickets {
        std::mem::take(&mut *self.received())
    }

    fn received(&self) -> MutexGuard<'_, Tickets> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TicketStore for TicketLog {
    fn put(&self, server: &ServerName<'static>, ticket: Ticket) {
        let mut received = self.received();
        *received = Tickets {
            count: received.count + 1,
            lifetime_s: Some(ticket.lifetime_s),
            early_data_bytes: ticket.max_early_data_bytes,
        };
        drop(received);
        if let Some(kept) = &self.kept {
            kept.put(server, ticket);
        }
    }

    fn take(&self, server: &ServerName<'static>) -> Option<Ticket> {
        self.kept.as_ref()?.take(server)
    }
}
