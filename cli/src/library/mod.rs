//! The seam to TLS libraries: the only place in the command that knows how one of them is driven. What moves data or measures
//! sees connections through [`Library`] and [`Endpoint`], over buffers in memory, and is compiled once for each library: there is
//! no dynamic call within the work of a record.

mod buffers;
mod catalog;
pub mod conformance;
mod copying;
mod engine;
mod rustls;
mod transport;

use std::fmt::Display;

use clap::ValueEnum;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde::{Deserialize, Serialize};
use tls_engine::codes::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use tls_engine::counters::Counters;

use crate::error::Error;

pub use self::rustls::{RUSTLS_VERSION, Rustls, RustlsCrypto, RustlsCryptography, RustlsUnbuffered};
pub use buffers::Buffer;
pub use catalog::{Description, LibraryName, RustlsApi, Visitor};
pub use copying::{Buffers, Connection, CopyingEndpoint, Incoming};
#[cfg(test)]
pub(crate) use engine::tests::engine;
pub use engine::{EARLY_DATA, Engine, EngineEndpoint};
pub use transport::{fill, flush, write_failure};

/// A TLS library, configured for the two ends of a connection.
pub trait Library: Send + Sync + 'static {
    /// Its clients.
    type Client: Endpoint;
    /// Its servers.
    type Server: Endpoint;

    /// Whether an end that fails has an alert for its peer in the outgoing bytes, as it should (RFC 8446 6.2).
    const SENDS_ALERTS: bool = true;

    /// A client whose ClientHello is in its outgoing bytes.
    fn client(&self, room: Room) -> Result<Self::Client, Error>;

    /// A server that waits for a ClientHello.
    fn server(&self, room: Room) -> Result<Self::Server, Error>;
}

/// One end of a connection, without I/O: received bytes go in, bytes to be sent come out, and no call blocks.
///
/// The caller reads from its transport straight into [`Endpoint::space`] and writes from [`Endpoint::outgoing`], so that a
/// library which works in its caller's buffers needs no copy.
pub trait Endpoint: Send + 'static {
    /// The bytes to be sent to the peer.
    fn outgoing(&self) -> &[u8];

    /// The first `count` outgoing bytes have been sent.
    fn sent(&mut self, count: usize);

    /// Free space for bytes from the peer; empty while there is enough for [`Endpoint::receive`] to work on.
    fn space(&mut self) -> &mut [u8];

    /// The peer's next `count` bytes are in the space.
    fn filled(&mut self, count: usize);

    /// The number of received bytes that have not been processed.
    fn unprocessed(&self) -> usize;

    /// Processes what was received, and passes application data on in order, piece by piece. What there is to answer is in the
    /// outgoing bytes afterwards; after an error it may be an alert.
    fn receive(&mut self, on_data: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<Received, Error>;

    /// Protects application data as records in the outgoing bytes. Returns how many bytes of it were taken, which may be fewer
    /// where the outgoing bytes have no room for more.
    fn send(&mut self, data: &[u8]) -> Result<usize, Error>;

    /// Ends the data of this side with close_notify (RFC 8446 6.1).
    fn close(&mut self) -> Result<(), Error>;

    /// The peer's bytes have ended. An error if close_notify did not come first.
    fn end_of_input(&mut self) -> Result<(), Error>;

    /// Whether the handshake is not complete.
    fn is_handshaking(&self) -> bool;

    /// What was negotiated, once it is known.
    fn negotiated(&self) -> Option<Negotiated>;

    /// Whether the server has proved who it is with a pre-shared key that both ends were given before. Not where the library is
    /// not configured with one.
    fn uses_external_psk(&self) -> bool {
        false
    }

    /// Gives back memory that an idle connection does not need, if the library can.
    fn release_buffers(&mut self) {}

    /// The library's own counts of what it has sent, if it has any.
    fn sealed(&self) -> Option<Counters> {
        None
    }

    /// The library's own counts of what it has received, if it has any.
    fn opened(&self) -> Option<Counters> {
        None
    }
}

/// The state of an endpoint when all that was received is processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It needs more bytes from the peer.
    NeedsInput,
    /// The peer has sent close_notify.
    Closed,
}

/// The capacities of an endpoint's buffers, bytes; 0 for what a record needs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Room {
    /// Received bytes.
    pub input_bytes: usize,
    /// Bytes to be sent.
    pub output_bytes: usize,
}

/// What two ends negotiated, as the library tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The version.
    pub version: ProtocolVersion,
    /// The cipher suite.
    pub suite: CipherSuite,
    /// The group of the key exchange, if the library tells.
    pub group: Option<NamedGroup>,
    /// The scheme of the server's signature, if the library tells.
    pub signature: Option<SignatureScheme>,
    /// The application protocol.
    pub alpn: Option<Vec<u8>>,
    /// Whether there was a HelloRetryRequest, if the library tells.
    pub hello_retry: Option<bool>,
    /// Whether a session was resumed.
    pub is_resumed: bool,
    /// Whether early data was sent, accepted and received.
    pub early_data: bool,
}

/// A kind of handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HandshakeKind {
    /// The server shows its certificate
    #[default]
    Full,
    /// The same after a HelloRetryRequest: the client's first key share is of a group that the server does not take
    #[value(name = "hrr")]
    #[serde(rename = "hrr")]
    HelloRetry,
    /// A session of an earlier connection is resumed, with a key exchange of its own in TLS 1.3
    Resumed,
    /// The same, and the first data goes with the ClientHello (0-RTT), which tls-engine alone does
    #[value(name = "early-data")]
    #[serde(rename = "early-data")]
    EarlyData,
    /// Both ends were given a pre-shared key before, which stands for the certificate, beside a key exchange: tls-engine alone
    Psk,
}

impl HandshakeKind {
    /// As it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::HelloRetry => "hrr",
            Self::Resumed => "resumed",
            Self::EarlyData => "early-data",
            Self::Psk => "psk",
        }
    }

    /// Whether a session of an earlier connection is resumed.
    pub const fn is_resumed(self) -> bool {
        matches!(self, Self::Resumed | Self::EarlyData)
    }

    /// The groups of clients, in order of preference, for handshakes that take place in the first of `groups`. A client has a key
    /// share of its own first group, and of the curve of a hybrid. To be asked for another one (RFC 8446 4.1.4), it has one of the second of `groups`.
    pub fn client_groups(self, groups: &[NamedGroup]) -> Vec<NamedGroup> {
        let mut groups = groups.to_vec();
        if self == Self::HelloRetry && groups.len() > 1 {
            groups.swap(0, 1);
        }
        groups
    }

    /// The same of servers: one that asks for another share takes only the first of `groups`.
    pub fn server_groups(self, groups: &[NamedGroup]) -> &[NamedGroup] {
        match self {
            Self::HelloRetry => &groups[..groups.len().min(1)],
            Self::Full | Self::Resumed | Self::EarlyData | Self::Psk => groups,
        }
    }
}

/// Why a library can't be measured with early data.
const NO_EARLY_DATA: &str = "early data is measured with tls-engine alone; leave out early-data or the library";

/// Why a library can't be measured with an external pre-shared key.
pub(crate) const NO_EXTERNAL_PSK: &str =
    "external pre-shared keys are measured with tls-engine alone; leave out psk or the library";

/// What is wrong with a handshake that should have had a HelloRetryRequest.
const NO_HELLO_RETRY: &str = "the server sent no HelloRetryRequest, and took the client's first key share";

/// What connections must negotiate.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The version.
    pub version: ProtocolVersion,
    /// The suite.
    pub suite: CipherSuite,
    /// The groups, of which it must be one.
    pub groups: Vec<NamedGroup>,
    /// The kind of their handshakes.
    pub kind: HandshakeKind,
}

impl Negotiated {
    /// Fails unless it is what was `expected`: a comparison is one of the same work.
    pub fn check(&self, expected: &Expected) -> Result<(), Error> {
        self.check_kind(expected.kind)?;
        self.check_parameters(expected)
    }

    /// Fails unless the handshake was of this kind.
    pub fn check_kind(&self, kind: HandshakeKind) -> Result<(), Error> {
        let failed = |message: &str| Err(Error::Failed(message.to_owned()));
        match (kind, self.is_resumed) {
            (HandshakeKind::Full | HandshakeKind::HelloRetry | HandshakeKind::Psk, true) => {
                failed("the connection resumed a session, which was not asked for")
            }
            (HandshakeKind::Resumed | HandshakeKind::EarlyData, false) => {
                failed("the connection did not resume the session, and made a full handshake")
            }
            (HandshakeKind::EarlyData, true) if !self.early_data => failed("the server has not accepted early data"),
            (HandshakeKind::Resumed, true) if self.early_data => failed("early data was sent, which was not asked for"),
            (HandshakeKind::HelloRetry, false) if self.hello_retry == Some(false) => failed(NO_HELLO_RETRY),
            _ => Ok(()),
        }
    }

    /// Fails unless version, suite and group are those `expected`.
    pub fn check_parameters(&self, expected: &Expected) -> Result<(), Error> {
        let differs = |what: &str, found: &dyn Display, wanted: &dyn Display| {
            Err(Error::Failed(format!("the connection has another {what} than was asked for: {found}, not {wanted}")))
        };
        if self.version != expected.version {
            return differs("version", &self.version, &expected.version);
        }
        if self.suite != expected.suite {
            return differs("cipher suite", &self.suite, &expected.suite);
        }
        match (self.group, expected.groups.first()) {
            (Some(group), Some(first)) if !expected.groups.contains(&group) => return differs("group", &group, first),
            _ => {}
        }
        Ok(())
    }
}

/// What both ends of a connection are configured with, for every library alike.
pub struct Setup {
    /// The kind of handshakes. For full ones servers send no tickets, and clients keep no sessions. For those that resume, servers
    /// send one stateless ticket after each handshake. Clients keep its session: in TLS 1.3 for one connection (RFC 8446 C.4), in
    /// TLS 1.2, where servers do not send another, for all.
    pub kind: HandshakeKind,
    /// The protocol version.
    pub version: ProtocolVersion,
    /// The only suite.
    pub suite: CipherSuite,
    /// The groups, in order of preference. Handshakes with a HelloRetryRequest have others on either side:
    /// [`Setup::client_groups`] and [`Setup::server_groups`] are what to configure.
    pub groups: Vec<NamedGroup>,
    /// The application protocols, in order of preference.
    pub alpn: Vec<Vec<u8>>,
    /// The server's chain, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's key.
    pub key: PrivateKeyDer<'static>,
    /// The authorities that the client trusts.
    pub roots: Vec<CertificateDer<'static>>,
    /// The name that the client asks for and verifies.
    pub name: ServerName<'static>,
}

impl Setup {
    /// The groups of clients, in order of preference. Their key share is of the first, and of the curve of a hybrid if that is among them.
    pub fn client_groups(&self) -> Vec<NamedGroup> {
        self.kind.client_groups(&self.groups)
    }

    /// The groups of servers.
    pub fn server_groups(&self) -> &[NamedGroup] {
        self.kind.server_groups(&self.groups)
    }

    /// What a record adds to the application data in it, bytes: header, content type and tag in TLS 1.3 (RFC 8446 5.2). In TLS 1.2
    /// header, explicit nonce and tag (RFC 5288 3); ChaCha20-Poly1305 has no explicit nonce there (RFC 7905 2).
    pub const fn record_overhead(&self) -> usize {
        match self.version {
            ProtocolVersion::TLS13 => 5 + 1 + 16,
            _ => 5 + 8 + 16,
        }
    }
}

impl Clone for Setup {
    fn clone(&self) -> Self {
        Self {
            groups: self.groups.clone(),
            alpn: self.alpn.clone(),
            chain: self.chain.clone(),
            key: self.key.clone_key(),
            roots: self.roots.clone(),
            name: self.name.clone(),
            ..*self
        }
    }
}
