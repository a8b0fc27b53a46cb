use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls_pki_types::ServerName;
use tls_engine::session::{Ticket, TicketStore};

/// The most tickets that are kept. Further ones take the place of the oldest.
const KEPT: usize = 1 << 14;

/// The tickets of one loop for its one server, each of which is used once, the oldest first.
#[derive(Default)]
pub(super) struct TicketQueue {
    kept: Mutex<VecDeque<Ticket>>,
    /// Whether connections bring none: full ones, and those that resume a session. Relaxed: it is of one thread.
    brings_none: [AtomicBool; 2],
    has_had_any: AtomicBool,
}

impl TicketQueue {
    /// Whether a connection should wait for a ticket, where `enough` are enough.
    pub(super) fn is_wanting(&self, enough: usize, is_resumed: bool) -> bool {
        !self.brings_none[usize::from(is_resumed)].load(Ordering::Relaxed) && self.kept().len() < enough
    }

    /// Whether there was ever a ticket.
    pub(super) fn has_had_any(&self) -> bool {
        self.has_had_any.load(Ordering::Relaxed)
    }

    /// Waits for no more tickets of such connections: one has waited in vain.
    pub(super) fn expect_none_from(&self, is_resumed: bool) {
        self.brings_none[usize::from(is_resumed)].store(true, Ordering::Relaxed);
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Ticket>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TicketStore for TicketQueue {
    fn put(&self, _: &ServerName<'static>, ticket: Ticket) {
        self.has_had_any.store(true, Ordering::Relaxed);
        let mut kept = self.kept();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(ticket);
    }

    fn take(&self, _: &ServerName<'static>) -> Option<Ticket> {
        self.kept().pop_front()
    }
}

/// Gives a queue the tickets of connections that resume none.
pub(super) struct Feeding(pub(super) Arc<TicketQueue>);

impl TicketStore for Feeding {
    fn put(&self, server: &ServerName<'static>, ticket: Ticket) {
        self.0.put(server, ticket);
    }

    fn take(&self, _: &ServerName<'static>) -> Option<Ticket> {
        None
    }
}
