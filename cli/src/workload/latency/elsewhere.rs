use std::sync::Arc;

use rustls_pki_types::ServerName;
use tls_engine::conn::ClientConfig;
use tls_engine::io::{Socket, SocketOptions};
use tls_engine::mem::BufferPool;

use super::callers::{Caller, Client};
use super::ends::TlsEnd;
use super::http::HttpClient;
use super::{Conversation, Work, room_bytes};
use crate::error::Error;
use crate::library::{EngineEndpoint, Negotiated, Room};
use crate::net::Target;
use crate::workload::case::looks_up;
use crate::workload::thread_per_end::handshake;

/// A server elsewhere, which echoes or answers requests.
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
    /// What it is asked for instead of echoes, as HTTP/1.1.
    pub request: Option<Arc<[u8]>>,
}

impl Elsewhere {
    /// A conversation with it.
    ///
    /// # Errors
    /// Where there is no connection to be had, or the handshake fails.
    pub fn converse(&self, work: &Work) -> Result<Conversation, Error> {
        let (endpoint, socket, agreed) = self.connect(work)?;
        let caller: Box<dyn Caller> = match &self.request {
            Some(request) => Box::new(HttpClient::new(self, work, request, endpoint, socket)),
            None => Box::new(Client { end: TlsEnd { endpoint, socket }, patience: work.patience }),
        };
        Ok(Conversation { agreed: Some(agreed), ..work.conversation(caller, None) })
    }

    /// A connection that has completed its handshake.
    pub(super) fn connect(&self, work: &Work) -> Result<(EngineEndpoint, Socket, Negotiated), Error> {
        let sockets = SocketOptions { timeout: Some(work.patience), ..work.sockets };
        let mut socket = self.target.connect(&sockets)?.socket;
        looks_up(&socket)?;
        let room = Room { input_bytes: 0, output_bytes: room_bytes(work.message_bytes) };
        let mut endpoint = EngineEndpoint::client(&self.config, self.name.clone(), &self.pool, room)?;
        let agreed = handshake(&mut endpoint, &mut socket)?;
        work.waits(&socket)?;
        Ok((endpoint, socket, agreed))
    }
}
