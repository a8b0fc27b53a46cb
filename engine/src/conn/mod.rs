//! Connections: bytes in, bytes out, and the handshake in between.

mod deliver;
mod early_data;
mod effects;
mod flood_guard;
mod halves;
mod inbound;
mod jobs;
mod outbound;
mod own_buffers;
mod post_handshake;
mod sending;

pub use crate::handshake::{
    Authentication, ChooseCertificate, ClientCertificate, ClientConfig, ClientConfigBuilder, ClientOffer, Clock,
    HandshakeArenas, Job, JobKind, JobResult, Negotiated, ServerConfig, ServerConfigBuilder, SystemClock,
};
pub use crate::record::Aliasing;
pub use deliver::{Delivered, Reply, Signalled, StopReason};
pub use halves::{OpeningHalf, SealingHalf};
pub use inbound::Progress;
pub(crate) use inbound::{Plaintext, Received};
pub use own_buffers::{OpenedRecord, SealedRecord};

use std::sync::Arc;

use rustls_pki_types::ServerName;

use crate::counters::{Counters, Meter};
use crate::error::Error;
use crate::handshake::{HandshakeReassembler, Workspace, start_client, start_server};
use crate::keys::{Exporter, Ratchet};
use crate::mem::{ArenaLease, InBuf, OutBuf, Secret};
use crate::pki::Stapled;
use crate::record::{Inlined, Opener, Split};
use crate::session::Ticket;
use early_data::EarlyData;
use flood_guard::FloodGuard;
use sending::Sending;

/// One TLS connection, client or server, that does no I/O: its caller puts received bytes into an [`InBuf`] and sends what is in
/// an [`OutBuf`].
///
/// Call [`Connection::read_tls`] until it returns [`Progress::NeedInput`], and send what is in the output after each call that
/// may have added to it. An error is final, and its alert is in the output.
pub struct Connection {
    role: Role,
    /// During the handshake.
    handshake: Option<ArenaLease<Workspace>>,
    /// Messages after the handshake that arrive in pieces.
    post_handshake: HandshakeReassembler,
    /// `resumption_master_secret` of a client.
    resumption: Option<Secret>,
    /// The server that a client's tickets are for, where it has a store for them.
    server_name: Option<ServerName<'static>>,
    /// Where the configuration asks for it.
    exporter: Option<Box<Exporter>>,
    /// What the server has stapled to its certificate, if anything.
    stapled: Option<Box<Stapled>>,
    sending: Sending,
    /// Where the switch `counters` is on. Behind a pointer, so that it takes one word where it is off, and so that both halves
    /// of a connection share it.
    meter: Option<Arc<Meter>>,
    /// How a record is processed, chosen once from the switches.
    take_record: TakeRecord,
    opener: Opener,
    /// Where the peer's next keys come from.
    next_read: Option<Ratchet>,
    negotiated: Option<Negotiated>,
    tickets: Vec<Ticket>,
    tickets_received: u32,
    flood_guard: FloodGuard,
    /// Whether data is returned where it was opened.
    zero_copy: bool,
    /// How many bytes of early data may still be skipped.
    early_data_to_skip: usize,
    /// Where there is early data that is not skipped.
    early_data: Option<Box<EarlyData>>,
    reading: Reading,
    /// Whether answers are left to a sealing half.
    has_sealing_half: bool,
    /// Whether a KeyUpdate has to be sent before the next application data (RFC 8446 4.6.3).
    key_update_pending: bool,
    failed: Option<Error>,
}

/// Whether records are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Open,
    /// Not until a job of the handshake is done.
    Paused,
    /// Not any more: the peer has sent close_notify.
    Closed,
}

type TakeRecord = fn(&mut Connection, &mut InBuf, &mut OutBuf) -> Result<Received, Error>;

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

impl Connection {
    /// A client for the server `name`. Its ClientHello is in `output` when this returns.
    pub fn client(config: &Arc<ClientConfig>, name: ServerName<'static>, output: &mut OutBuf) -> Result<Self, Error> {
        let mut workspace = config.common.workspace();
        workspace.machine = Some(start_client(config, name, &mut workspace.effects)?);
        let mut connection = Self::new(Role::Client(config.clone()));
        connection.carry_out(&mut workspace.effects, output)?;
        connection.note();
        connection.handshake = Some(workspace);
        Ok(connection)
    }

    /// A server that waits for a ClientHello.
    pub fn server(config: &Arc<ServerConfig>) -> Self {
        let mut workspace = config.common.workspace();
        workspace.machine = Some(start_server(config));
        let mut connection = Self::new(Role::Server(config.clone()));
        connection.handshake = Some(workspace);
        connection
    }

    fn new(role: Role) -> Self {
        let switches = role.common().switches;
        let meter = role.common().monitor.as_ref().map(|monitor| Arc::new(Meter::new(monitor)));
        let sending = Sending::new(role.common());
        Self {
            role,
            handshake: None,
            post_handshake: HandshakeReassembler::default(),
            resumption: None,
            server_name: None,
            exporter: None,
            stapled: None,
            sending,
            take_record: match (switches.inline, switches.counters) {
                (true, false) => Self::take_record::<Inlined, false>,
                (false, false) => Self::take_record::<Split, false>,
                (true, true) => Self::take_record::<Inlined, true>,
                (false, true) => Self::take_record::<Split, true>,
            },
            meter,
            opener: Opener::new(),
            next_read: None,
            negotiated: None,
            tickets: Vec::new(),
            tickets_received: 0,
            flood_guard: FloodGuard::default(),
            zero_copy: switches.zero_copy,
            early_data_to_skip: 0,
            early_data: None,
            reading: Reading::Open,
            has_sealing_half: false,
            key_update_pending: false,
            failed: None,
        }
    }

    /// Whether the handshake has not completed.
    pub const fn is_handshaking(&self) -> bool {
        self.negotiated.is_none()
    }

    /// Whether application data can be sent.
    #[inline]
    pub const fn is_ready(&self) -> bool {
        self.negotiated.is_some() && !self.sending.is_closed && self.failed.is_none()
    }

    /// What was negotiated, once the handshake has completed.
    pub const fn negotiated(&self) -> Option<&Negotiated> {
        self.negotiated.as_ref()
    }

    /// What the server has stapled to its certificate: nothing that the client did not ask for
    /// ([`request_ocsp_response`](crate::conn::ClientConfigBuilder::request_ocsp_response),
    /// [`request_timestamps`](crate::conn::ClientConfigBuilder::request_timestamps)), nor that has come before the handshake has completed,
    /// nor in a session that is resumed. The application has to verify it.
    pub fn stapled(&self) -> Option<&Stapled> {
        self.stapled.as_deref().filter(|_| !self.is_handshaking())
    }

    /// The longest content of a record that is sent, bytes: `max_fragment` of the configuration, or what the peer takes where that is less
    /// (RFC 8449).
    pub const fn max_fragment(&self) -> usize {
        self.sending.sealer.max_fragment()
    }

    /// Fills `output` with keying material for the application (RFC 8446 7.5, RFC 5705), the same at both ends: it depends on the
    /// connection, `label`, `context` and the length of `output`, and no part of it tells anything about another. TLS 1.3 takes an
    /// empty context for none.
    ///
    /// Labels are registered with IANA, or begin with `EXPERIMENTAL`.
    ///
    /// # Errors
    /// [`Error::Usage`] before the handshake has completed, without `exporter(true)` in the configuration, with a label of over 249
    /// bytes, or more output than 255 times the length of the cipher suite's hash: 8,160 bytes with SHA-256.
    pub fn export_keying_material(&self, label: &[u8], context: &[u8], output: &mut [u8]) -> Result<(), Error> {
        if self.is_handshaking() {
            return Err(Error::Usage("nothing is exported before the handshake is done"));
        }
        let exporter = self.exporter.as_ref();
        exporter
            .ok_or(Error::Usage("to export, a configuration needs `exporter(true)`"))?
            .export(label, context, output)
    }

    /// Whether the peer has sent close_notify.
    pub const fn is_closed_by_peer(&self) -> bool {
        matches!(self.reading, Reading::Closed)
    }

    /// Whether this side has sent close_notify.
    pub const fn has_sent_close(&self) -> bool {
        self.sending.is_closed
    }

    /// The newest tickets that were received, oldest first. None where the configuration has a store for them.
    pub fn tickets(&self) -> &[Ticket] {
        &self.tickets
    }

    /// How many tickets were received that can be used, wherever they are kept.
    pub const fn tickets_received(&self) -> u32 {
        self.tickets_received
    }

    /// Counters of what the connection has sealed.
    pub const fn sealed(&self) -> Counters {
        self.sending.counters()
    }

    /// Counters of what the connection has opened.
    pub const fn opened(&self) -> Counters {
        self.opener.counters()
    }

    /// Fails the connection: sends the alert of `error`, unless close_notify was sent, and refuses everything from then on.
    #[cold]
    fn fail(&mut self, error: &Error, output: &mut OutBuf) {
        if self.failed.is_none() && !self.has_sealing_half {
            self.sending.alert_for(error, output);
        }
        self.handshake = None;
        self.note_failed();
        self.failed.get_or_insert_with(|| error.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::Monitor;
    use crate::crypto::Provider;
    use crate::pki::ServerVerifier;
    use crate::switches::Switches;

    #[test]
    fn without_counters_there_is_no_meter_and_no_more_than_a_word_for_it() {
        for counters in [false, true] {
            let provider = Provider::all()[0];
            let monitor = Monitor::default();
            let config = ClientConfig::builder(provider)
                .verifier(ServerVerifier::insecure())
                .switches(Switches { counters, ..Switches::all() })
                .monitor(&monitor)
                .build()
                .expect("a configuration");
            let name = ServerName::try_from("localhost").expect("a name");
            let client = Connection::client(&config, name, &mut OutBuf::with_capacity(1 << 16)).expect("a client");
            assert_eq!(client.meter.is_some(), counters);
            assert_eq!(size_of_val(&client.meter), size_of::<usize>());
            assert_eq!(config.monitor().is_some(), counters);
            assert_eq!(monitor.snapshot().sealed.records, u64::from(counters), "the ClientHello");
        }
    }
}
