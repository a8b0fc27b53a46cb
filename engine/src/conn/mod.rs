//! The public connection: bytes in, bytes out, and what the handshake wants carried between them.

mod effects;
mod guards;
mod inbound;
mod outbound;

pub use crate::handshake::{
    ClientConfig, ClientConfigBuilder, Clock, Negotiated, ServerConfig, ServerConfigBuilder, SystemClock,
};
pub use inbound::Progress;
pub(crate) use inbound::{Plaintext, Received};

use std::sync::Arc;

use rustls_pki_types::ServerName;

use crate::codes::AlertDescription;
use crate::counters::Counters;
use crate::crypto::Suite;
use crate::error::Error;
use crate::handshake::{Effects, Joiner, Machine, start_client, start_server};
use crate::keys::TrafficSecret;
use crate::mem::OutBuf;
use crate::record::{Opener, Sealer};
use crate::session::Ticket;
use guards::Guards;

/// One TLS connection, client or server, that does no I/O: the caller brings received bytes and takes away what is to be
/// sent, in buffers of its own.
pub struct Connection {
    role: Role,
    machine: Option<Machine>,
    effects: Effects,
    joiner: Joiner,
    sealer: Sealer,
    opener: Opener,
    write: Option<Traffic>,
    read: Option<Traffic>,
    negotiated: Option<Box<Negotiated>>,
    tickets: Vec<Ticket>,
    guards: Guards,
    /// Where plaintext is copied to when records are not opened in the caller's buffer.
    staging: Option<Vec<u8>>,
    /// How many bytes of early data may still be skipped.
    early_data_to_skip: usize,
    close_sent: bool,
    close_received: bool,
    failed: Option<Error>,
}

/// The configuration, and with it the role.
enum Role {
    Client(Arc<ClientConfig>),
    Server(Arc<ServerConfig>),
}

impl Role {
    fn common(&self) -> &crate::handshake::Common {
        match self {
            Self::Client(config) => &config.common,
            Self::Server(config) => &config.common,
        }
    }
}

/// What one direction is protected with.
struct Traffic {
    suite: Suite,
    secret: TrafficSecret,
}

impl Connection {
    /// A client that connects to `name`. Its ClientHello is in `output` at once.
    pub fn client(config: &Arc<ClientConfig>, name: ServerName<'static>, output: &mut OutBuf) -> Result<Self, Error> {
        let mut effects = Effects::default();
        let machine = start_client(config, name, &mut effects)?;
        let mut connection = Self::new(Role::Client(config.clone()), machine, effects);
        connection.carry_out(output)?;
        Ok(connection)
    }

    /// A server that waits for a ClientHello.
    pub fn server(config: &Arc<ServerConfig>) -> Self {
        Self::new(Role::Server(config.clone()), start_server(config), Effects::default())
    }

    fn new(role: Role, machine: Machine, effects: Effects) -> Self {
        let zero_copy = role.common().switches.zero_copy;
        Self {
            role,
            machine: Some(machine),
            effects,
            joiner: Joiner::default(),
            sealer: Sealer::new(zero_copy),
            opener: Opener::new(),
            write: None,
            read: None,
            negotiated: None,
            tickets: Vec::new(),
            guards: Guards::default(),
            staging: (!zero_copy).then(Vec::new),
            early_data_to_skip: 0,
            close_sent: false,
            close_received: false,
            failed: None,
        }
    }

    /// Whether the handshake is still going on.
    pub const fn is_handshaking(&self) -> bool {
        self.negotiated.is_none()
    }

    /// Whether application data can be sent.
    pub const fn is_ready(&self) -> bool {
        self.negotiated.is_some() && !self.close_sent && self.failed.is_none()
    }

    /// What was agreed on, once the handshake is done.
    pub fn negotiated(&self) -> Option<&Negotiated> {
        self.negotiated.as_deref()
    }

    /// Whether the peer has said that it sends no more.
    pub const fn is_closed_by_peer(&self) -> bool {
        self.close_received
    }

    /// The tickets that came, oldest first, as many as are kept.
    pub fn tickets(&self) -> &[Ticket] {
        &self.tickets
    }

    /// What it has sealed.
    pub const fn sealed(&self) -> Counters {
        self.sealer.counters()
    }

    /// What it has opened.
    pub const fn opened(&self) -> Counters {
        self.opener.counters()
    }

    /// Ends the connection: the peer is owed `error`'s alert, and nothing else happens any more.
    fn fail(&mut self, error: &Error, output: &mut OutBuf) {
        if self.failed.is_none()
            && let Some(description) = error.alert()
        {
            self.send_alert(description, output);
        }
        self.machine = None;
        self.failed.get_or_insert_with(|| error.clone());
    }

    fn send_alert(&mut self, description: AlertDescription, output: &mut OutBuf) {
        let alert = crate::msgs::Alert { description }.encode();
        // An alert that can't be sent is lost with the connection that it ends.
        let _ = self.sealer.seal_control(crate::codes::ContentType::ALERT, &alert, output);
    }
}
