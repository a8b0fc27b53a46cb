use std::sync::Arc;

use rustls_pki_types::ServerName;
use tls_engine::conn::ClientConfig;
use tls_engine::io::SocketOptions;
use tls_engine::mem::BufferPool;

use super::callers::Client;
use super::ends::TlsEnd;
use super::{Conversation, Work, room_bytes};
use crate::error::Error;
use crate::library::{Endpoint, EngineEndpoint, Room};
use crate::net::Target;
use crate::workload::case::looks_up;
use crate::workload::thread_per_end::handshake;

/// A server elsewhere, which echoes.
#[derive(Clone)]
pub struct Elsewhere {
    /// Its address.
    pub target: Target,
    /// The name to verify.
    pub name: ServerName<'static>,
    /// How to connect.
    pub config: Arc<ClientConfig>,
    /// Where buffers come from.
    pub pool: BufferPool,
}

impl Elsewhere {
    /// A conversation with it.
    ///
    /// # Errors
    /// Where there is no connection to be had, or the handshake fails.
    pub fn converse(&self, work: &Work) -> Result<Conversation, Error> {
        let sockets = SocketOptions { timeout: Some(work.patience), ..work.sockets };
        let mut socket = self.target.connect(&sockets)?.socket;
        looks_up(&socket)?;
        let room = Room { input_bytes: 0, output_bytes: room_bytes(work.message_bytes) };
        let mut endpoint = EngineEndpoint::client(&self.config, self.name.clone(), &self.pool, room)?;
        let agreed = Some(handshake(&mut endpoint, &mut socket)?);
        work.waits(&socket)?;
        debug_assert!(!endpoint.is_handshaking());
        let client = Client { end: TlsEnd { endpoint, socket }, patience: work.patience };
        Ok(Conversation { agreed, ..work.conversation(Box::new(client), None) })
    }
}
