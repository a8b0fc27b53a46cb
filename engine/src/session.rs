//! What a client keeps of a connection to resume it.

use rustls_pki_types::UnixTime;

use crate::codes::CipherSuite;
use crate::mem::Secret;

/// A ticket with the PSK it stands for (RFC 8446 4.6.1).
#[derive(Clone, Debug)]
pub struct Ticket {
    /// The suite of the connection it came on, whose hash the PSK is bound to.
    pub suite: CipherSuite,
    /// The PSK.
    pub psk: Secret,
    /// The ticket to send.
    pub ticket: Vec<u8>,
    /// How long it may be used, seconds from its receipt.
    pub lifetime_s: u32,
    /// What obscures its age.
    pub age_add: u32,
    /// When it came.
    pub received_at: UnixTime,
    /// How much early data the server takes with it, bytes.
    pub max_early_data_bytes: Option<u32>,
}
