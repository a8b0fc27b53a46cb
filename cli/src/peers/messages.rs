//! What goes over the pipe: a line of JSON for each order and each reply.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde::{Deserialize, Serialize};
use tls_engine::codes::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use tls_engine::io::SocketOptions;
use zeroize::Zeroize;

use crate::error::Error;
use crate::library::{Description, HandshakeKind, Negotiated, Setup};
use crate::measure::Sample;
use crate::workload::handshake::{Carrier, Counted, Idle, Mix, Prepared, Round};
use crate::workload::{Direction, Lane, Verify};

/// The version of these messages, to be raised when one of them changes.
pub(super) const PROTOCOL: u32 = 4;

/// The first line of a program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Hello {
    pub protocol: u32,
    pub library: Description,
}

/// What a program is asked to do. Without `Debug`, as it may hold a private key.
#[derive(Serialize, Deserialize)]
pub(super) enum Order {
    /// Complete a handshake, to move data afterwards.
    Transfer(Box<TransferOrder>),
    /// Run a block of writes.
    Run { lane: Lane, writes: u64 },
    /// Close the conversation.
    Finish,
    /// Prepare handshakes, and count some.
    Handshakes(Box<HandshakesOrder>),
    /// Time a round of handshakes.
    Round { connections: usize, is_raw_first: bool },
}

/// What a program answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Negotiated(Agreed),
    Ran(Box<Sample>),
    Finished,
    Prepared {
        negotiated: Agreed,
        counted: Vec<Counted>,
        idle: Vec<Idle>,
    },
    Round(Round),
    /// The library can't do this.
    Unsupported(String),
    Failed(String),
}

/// The data to move.
#[derive(Serialize, Deserialize)]
pub(super) struct TransferOrder {
    pub setup: SetupMessage,
    /// The provider of the raw AEAD.
    pub provider: String,
    /// The suite whose AEAD that is.
    pub aead: u16,
    pub write_bytes: usize,
    pub buffer_bytes: usize,
    pub direction: Direction,
    pub between: Between,
    pub sockets: SocketsMessage,
    pub verify: Verify,
    pub seed: u64,
}

/// What carries the data.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Between {
    Memory,
    LoopbackOneThread,
    LoopbackThreadPerEnd,
}

/// The handshakes to perform.
#[derive(Serialize, Deserialize)]
pub(super) struct HandshakesOrder {
    /// One for each server.
    pub setups: Vec<SetupMessage>,
    /// The provider of the bare cryptography.
    pub provider: String,
    /// The sockets, if they are not performed in memory.
    pub sockets: Option<SocketsMessage>,
    /// Their kinds.
    pub mix: Mix,
    /// Whether their phases are timed, too.
    pub phases: bool,
}

/// A [`Setup`].
#[derive(Serialize, Deserialize)]
pub(super) struct SetupMessage {
    kind: HandshakeKind,
    version: u16,
    suite: u16,
    groups: Vec<u16>,
    alpn: Vec<Vec<u8>>,
    chain: Vec<String>,
    key: KeyMessage,
    roots: Vec<String>,
    name: String,
}

/// A private key, wiped when it is dropped.
#[derive(Serialize, Deserialize)]
struct KeyMessage(String);

impl Drop for KeyMessage {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl From<&Setup> for SetupMessage {
    fn from(setup: &Setup) -> Self {
        let encode = |certificate: &CertificateDer<'_>| BASE64.encode(certificate);
        Self {
            kind: setup.kind,
            version: setup.version.0,
            suite: setup.suite.0,
            groups: setup.groups.iter().map(|group| group.0).collect(),
            alpn: setup.alpn.clone(),
            chain: setup.chain.iter().map(encode).collect(),
            key: KeyMessage(BASE64.encode(setup.key.secret_der())),
            roots: setup.roots.iter().map(encode).collect(),
            name: setup.name.to_str().into_owned(),
        }
    }
}

impl TryFrom<SetupMessage> for Setup {
    type Error = Error;

    fn try_from(message: SetupMessage) -> Result<Self, Error> {
        let unreadable = |error: &dyn std::fmt::Display| Error::Failed(format!("an order that can't be read: {error}"));
        let decode = |text: &String| BASE64.decode(text).map_err(|error| unreadable(&error));
        let certificates = |texts: &[String]| {
            texts.iter().map(|text| decode(text).map(CertificateDer::from)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            kind: message.kind,
            version: ProtocolVersion(message.version),
            suite: CipherSuite(message.suite),
            groups: message.groups.into_iter().map(NamedGroup).collect(),
            alpn: message.alpn,
            chain: certificates(&message.chain)?,
            key: PrivateKeyDer::try_from(decode(&message.key.0)?).map_err(|error| unreadable(&error))?,
            roots: certificates(&message.roots)?,
            name: ServerName::try_from(message.name).map_err(|error| unreadable(&error))?,
        })
    }
}

/// [`SocketOptions`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct SocketsMessage {
    no_delay: bool,
    send_buffer_bytes: Option<usize>,
    receive_buffer_bytes: Option<usize>,
    timeout: Option<Duration>,
}

impl From<SocketOptions> for SocketsMessage {
    fn from(options: SocketOptions) -> Self {
        let SocketOptions { no_delay, send_buffer_bytes, receive_buffer_bytes, timeout } = options;
        Self { no_delay, send_buffer_bytes, receive_buffer_bytes, timeout }
    }
}

impl From<SocketsMessage> for SocketOptions {
    fn from(message: SocketsMessage) -> Self {
        let SocketsMessage { no_delay, send_buffer_bytes, receive_buffer_bytes, timeout } = message;
        Self { no_delay, send_buffer_bytes, receive_buffer_bytes, timeout }
    }
}

impl From<Option<SocketsMessage>> for Carrier {
    fn from(sockets: Option<SocketsMessage>) -> Self {
        sockets.map_or(Self::Memory, |sockets| Self::Loopback(sockets.into()))
    }
}

/// [`Negotiated`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Agreed {
    version: u16,
    suite: u16,
    group: Option<u16>,
    signature: Option<u16>,
    alpn: Option<Vec<u8>>,
    hello_retry: Option<bool>,
    is_resumed: bool,
}

impl From<Negotiated> for Agreed {
    fn from(negotiated: Negotiated) -> Self {
        let Negotiated { version, suite, group, signature, alpn, hello_retry, is_resumed, early_data: _ } = negotiated;
        Self {
            version: version.0,
            suite: suite.0,
            group: group.map(|group| group.0),
            signature: signature.map(|scheme| scheme.0),
            alpn,
            hello_retry,
            is_resumed,
        }
    }
}

impl From<Agreed> for Negotiated {
    fn from(agreed: Agreed) -> Self {
        let Agreed { version, suite, group, signature, alpn, hello_retry, is_resumed } = agreed;
        Self {
            version: ProtocolVersion(version),
            suite: CipherSuite(suite),
            group: group.map(NamedGroup),
            signature: signature.map(SignatureScheme),
            alpn,
            hello_retry,
            is_resumed,
            early_data: false,
        }
    }
}

impl Reply {
    pub(super) fn prepared(prepared: Prepared) -> Self {
        let Prepared { negotiated, counted, idle } = prepared;
        Self::Prepared { negotiated: negotiated.into(), counted, idle }
    }

    pub(super) fn failure(error: &Error) -> Self {
        match error {
            Error::Usage(message) => Self::Unsupported(message.clone()),
            error => Self::Failed(error.to_string()),
        }
    }
}
