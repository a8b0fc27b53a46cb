use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls_pki_types::{ServerName, UnixTime};

use super::is_fresh;
use crate::codes::CipherSuite;
use crate::limits::{TICKET_MAX, TICKET_SERVERS_KEPT, TICKETS_KEPT};
use crate::mem::Secret;

/// A ticket with its PSK (RFC 8446 4.6.1).
#[derive(Clone)]
#[non_exhaustive]
pub struct Ticket {
    /// The cipher suite of the connection that it was received on. The PSK is bound to its hash.
    pub suite: CipherSuite,
    /// The PSK, in a place of its own, which is wiped wherever the ticket has been moved from.
    pub psk: Box<Secret>,
    /// The ticket to send.
    pub ticket: Vec<u8>,
    /// How long it may be used, seconds from its receipt.
    pub lifetime_s: u32,
    /// The number that obscures its age on the wire.
    pub age_add: u32,
    /// When it was received.
    pub received_at: UnixTime,
    /// How much early data the server accepts with it, bytes.
    pub max_early_data_bytes: Option<u32>,
    /// The identity of the external PSK that its session began with, if it did.
    pub psk_identity: Option<Arc<[u8]>>,
    /// The application protocol of the connection that it was received on, which early data is bound to (RFC 8446 4.2.10).
    pub alpn: Option<Arc<[u8]>>,
}

impl Ticket {
    /// Its age, seconds.
    const fn age_s(&self, now: UnixTime) -> u64 {
        now.as_secs().saturating_sub(self.received_at.as_secs())
    }

    /// Whether it may still be used (RFC 8446 4.6.1), and fits into a ClientHello.
    pub(crate) fn is_usable(&self, now: UnixTime) -> bool {
        is_fresh(self.received_at, self.lifetime_s, now) && (1..=TICKET_MAX).contains(&self.ticket.len())
    }

    /// `obfuscated_ticket_age`: milliseconds, and `age_add`, modulo 2^32 (RFC 8446 4.2.11.1).
    pub(crate) const fn obfuscated_age(&self, now: UnixTime) -> u32 {
        ((self.age_s(now).wrapping_mul(1000)) as u32).wrapping_add(self.age_add)
    }
}

/// Neither the PSK nor the ticket, which is as good as a secret to those who watch for it.
impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket")
            .field("suite", &self.suite)
            .field("ticket_bytes", &self.ticket.len())
            .field("lifetime_s", &self.lifetime_s)
            .field("received_at", &self.received_at)
            .field("max_early_data_bytes", &self.max_early_data_bytes)
            .finish_non_exhaustive()
    }
}

/// Where a client keeps its tickets. A store must not be shared by configurations that verify servers differently: a resumed
/// handshake verifies no certificate. It brings new tickets, too, so that a client that comes back often enough goes on without; one
/// that has to look at the certificate again drops the store.
pub trait TicketStore: Send + Sync {
    /// Keeps a ticket that `server` has sent.
    fn put(&self, server: &ServerName<'static>, ticket: Ticket);

    /// The best ticket for `server`, which the store forgets: a ticket that is used twice lets observers link the connections
    /// (RFC 8446 C.4).
    fn take(&self, server: &ServerName<'static>) -> Option<Ticket>;
}

/// Tickets in memory: of each server the newest, of a bounded number of servers.
pub struct MemoryTickets {
    servers_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    tickets: HashMap<ServerName<'static>, VecDeque<Ticket>>,
    /// The servers, oldest first.
    order: VecDeque<ServerName<'static>>,
}

impl MemoryTickets {
    /// A store for the tickets of up to `servers_max` servers. With more, the server whose first ticket is oldest is forgotten.
    pub fn new(servers_max: usize) -> Self {
        Self { servers_max: servers_max.max(1), kept: Mutex::default() }
    }

    /// Whether there is no ticket.
    pub fn is_empty(&self) -> bool {
        self.kept().tickets.values().all(VecDeque::is_empty)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryTickets {
    fn default() -> Self {
        Self::new(TICKET_SERVERS_KEPT)
    }
}

impl TicketStore for MemoryTickets {
    fn put(&self, server: &ServerName<'static>, ticket: Ticket) {
        let mut kept = self.kept();
        if let Some(tickets) = kept.tickets.get_mut(server) {
            if tickets.len() == TICKETS_KEPT {
                tickets.pop_front();
            }
            tickets.push_back(ticket);
            return;
        }
        if kept.order.len() == self.servers_max
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.tickets.remove(&oldest);
        }
        kept.order.push_back(server.clone());
        kept.tickets.insert(server.clone(), VecDeque::from([ticket]));
    }

    /// The newest one.
    fn take(&self, server: &ServerName<'static>) -> Option<Ticket> {
        self.kept().tickets.get_mut(server)?.pop_back()
    }
}

impl fmt::Debug for MemoryTickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.kept();
        let tickets: usize = kept.tickets.values().map(VecDeque::len).sum();
        write!(f, "MemoryTickets({tickets} of {} servers)", kept.tickets.len())
    }
}
