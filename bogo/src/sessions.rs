//! What outlasts a connection, for the next one to resume.

use std::sync::Arc;

use tls_engine::conn::{Clock, SystemClock};
use tls_engine::session::{MemoryTickets, ReplayRegister, TicketKeys};

use crate::failure::Failure;
use crate::provider;

/// How long tickets may be used, seconds: the runner expects a day or more.
const LIFETIME_S: u32 = 172_800;

/// The tickets of a client, and what a server makes them with.
pub(crate) struct Sessions {
    pub(crate) tickets: Arc<MemoryTickets>,
    pub(crate) keys: Arc<TicketKeys>,
    /// What a server has accepted as early data.
    pub(crate) register: Arc<ReplayRegister>,
}

impl Sessions {
    pub(crate) fn new() -> Result<Self, Failure> {
        let keys = TicketKeys::new(provider::whole()?, LIFETIME_S)?;
        let register = ReplayRegister::new(100, SystemClock.now());
        Ok(Self { tickets: Arc::default(), keys: Arc::new(keys), register: Arc::new(register) })
    }
}
