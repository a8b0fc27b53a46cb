//! Tickets, which a client keeps to resume a session later.

use rustls_pki_types::UnixTime;

use crate::codes::CipherSuite;
use crate::mem::Secret;

/// A ticket with its PSK (RFC 8446 4.6.1). The engine does not resume sessions yet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ticket {
    /// The cipher suite of the connection that it was received on. The PSK is bound to its hash.
    pub suite: CipherSuite,
    /// The PSK.
    pub psk: Secret,
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
}
