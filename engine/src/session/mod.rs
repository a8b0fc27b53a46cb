//! Sessions that are resumed: tickets that a client keeps ([`TicketStore`]), and what a server makes of them ([`Tickets`]).

mod client_store;
mod replay_register;
mod server_cache;
mod session_state;
mod ticket_keys;

pub use client_store::{MemoryTickets, Ticket, TicketStore};
pub use replay_register::ReplayRegister;
pub use server_cache::SessionCache;
pub(crate) use session_state::{PSK_IDENTITY_MAX, Session};
pub use ticket_keys::TicketKeys;

use rustls_pki_types::UnixTime;

use crate::crypto::Random;
use crate::error::Error;
use crate::limits::{SESSION_STATE_MAX, TICKET_CLOCK_SKEW_S};
use crate::mem::SecretBytes;

/// Whether what was made at `made_at` for `lifetime_s` may be used `now`: not where it has expired, nor where it comes from a future that
/// a clock was set back from.
pub(crate) const fn is_fresh(made_at: UnixTime, lifetime_s: u32, now: UnixTime) -> bool {
    let (made_at, now) = (made_at.as_secs(), now.as_secs());
    now.saturating_sub(made_at) < lifetime_s as u64 && made_at <= now.saturating_add(TICKET_CLOCK_SKEW_S)
}

/// What a server has to know to resume a session, opaque to those who keep it. Secret: it holds the PSK.
pub type SessionState = SecretBytes<SESSION_STATE_MAX>;

/// What makes the tickets of a server from sessions, and sessions from tickets: [`TicketKeys`] puts the session into the ticket,
/// [`SessionCache`] keeps it.
pub trait Tickets: Send + Sync {
    /// How long a ticket may be used, seconds; at most seven days (RFC 8446 4.6.1).
    fn lifetime_s(&self) -> u32;

    /// Appends the ticket of a session to `ticket`: at least one byte, and at most 65,535.
    ///
    /// # Errors
    /// Whatever it is, the client gets no ticket, and the connection goes on.
    fn seal(
        &self,
        session: &SessionState,
        random: &dyn Random,
        now: UnixTime,
        ticket: &mut Vec<u8>,
    ) -> Result<(), Error>;

    /// The session of a ticket; `None` where it is not one of ours, was altered, or is no longer kept. The handshake is a full one
    /// then, as it is where the ticket is older than its lifetime.
    fn open(&self, ticket: &[u8], now: UnixTime) -> Option<SessionState>;
}
