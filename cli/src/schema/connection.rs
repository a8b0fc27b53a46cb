//! A look at a server, `tlsbench-connect/1`: what the command `connect` finds.

use serde::Serialize;

use super::{Tool, Warning};

/// The document's version.
pub const SCHEMA: &str = "tlsbench-connect/1";

/// Connections to one server, one after the other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Look {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program.
    pub tool: Tool,
    /// When it began.
    pub started_at: String,
    /// When it ended.
    pub finished_at: String,
    /// Whether it ended early.
    pub partial: bool,
    /// Why it ended early.
    pub error: Option<String>,
    /// The server.
    pub target: String,
    /// The name that was asked for.
    pub server_name: String,
    /// Who is trusted to vouch for servers; `None` where any certificate is accepted.
    pub authorities: Option<String>,
    /// What makes the results worth less.
    pub warnings: Vec<Warning>,
    /// The connection that brought the ticket for the first of the others.
    pub earlier: Option<Connection>,
    /// The connections. Standard input went to the last one.
    pub connections: Vec<Connection>,
    /// The times of all of them, if there were several.
    pub spread: Vec<Spread>,
    /// In what they differed.
    pub differences: Vec<Difference>,
}

/// One connection. What it did not come to is `null`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Connection {
    /// The address that answered.
    pub address: Option<String>,
    /// The addresses that were tried before, each with what came of it.
    pub failed_addresses: Vec<FailedAddress>,
    /// How long each phase took.
    pub times: Times,
    /// What was negotiated.
    pub negotiated: Option<NegotiatedParameters>,
    /// What the server has shown; `None` where a pre-shared key stands for it.
    pub chain: Option<Chain>,
    /// The tickets that came by the end.
    pub tickets: Tickets,
    /// Bytes on the wire.
    pub wire: Wire,
    /// The application data that the server has sent.
    pub answer_bytes: u64,
}

/// An address that did not answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailedAddress {
    /// The address.
    pub address: String,
    /// What came of it.
    pub error: String,
}

/// How long the phases of a connection took, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Times {
    /// Resolving the name; `None` where the target is an address.
    pub dns_ns: Option<u64>,
    /// The TCP connection.
    pub tcp_ns: Option<u64>,
    /// The TLS handshake.
    pub tls_ns: Option<u64>,
    /// From the first byte that was sent after the handshake, or from its end if none was, to the first byte of the answer.
    pub first_byte_ns: Option<u64>,
}

/// What both ends agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NegotiatedParameters {
    /// The protocol version.
    pub version: String,
    /// The cipher suite.
    pub cipher_suite: String,
    /// The group of the key exchange.
    pub group: Option<String>,
    /// Whether there was a HelloRetryRequest.
    pub hello_retry: bool,
    /// The signature scheme of the handshake.
    pub signature: Option<String>,
    /// What the server has compressed its certificate with.
    pub certificate_compression: Option<String>,
    /// The application protocol.
    pub alpn: Option<String>,
    /// Whether a session was resumed.
    pub resumed: bool,
    /// Whether the server has accepted early data.
    pub early_data: bool,
    /// The identity of the external PSK.
    pub psk_identity: Option<String>,
    /// Whether the server has asked for a certificate.
    pub client_certificate_requested: bool,
}

/// The certificates of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// What came of verifying them.
    pub trust: Trust,
    /// Why they were refused.
    pub refusal: Option<String>,
    /// The certificates, leaf first, as far as they are listed.
    pub certificates: Vec<Certificate>,
    /// How many more there are.
    pub more_certificates: usize,
    /// The authority that they lead to, if that is a trusted one.
    pub trusted_issuer: Option<String>,
    /// The issuer that is neither among them nor trusted.
    pub missing_issuer: Option<String>,
}

/// What came of verifying certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// They were verified.
    Verified,
    /// They were refused.
    Refused,
    /// Any would have been accepted.
    NotVerified,
}

/// What a certificate is among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// That of the server.
    Leaf,
    /// That of an authority on the way to a root.
    Intermediate,
    /// One that is signed with its own key. Clients have the roots that they trust, so that it need not be sent.
    Root,
    /// None that is needed.
    Unused,
}

/// A certificate. What could not be read in it is `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// What it is among the others.
    pub role: Role,
    /// The whole name of its subject.
    pub subject: Option<String>,
    /// The names that it is for, as far as they are listed.
    pub names: Vec<String>,
    /// How many more there are.
    pub more_names: usize,
    /// The whole name of its issuer.
    pub issuer: Option<String>,
    /// Whether subject and issuer are the same.
    pub self_issued: bool,
    /// When it begins to be valid.
    pub not_before: Option<String>,
    /// When it ends to be valid.
    pub not_after: Option<String>,
    /// Whole days until then; negative where it has expired.
    pub days_left: Option<i64>,
    /// Whether it begins to be valid later.
    pub not_yet_valid: bool,
    /// Kind and size of its key.
    pub key: Option<String>,
    /// The algorithm that its issuer has signed it with.
    pub signature: Option<String>,
    /// SHA-256 of all of it, in hexadecimal.
    pub sha256: String,
}

/// The tickets of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tickets {
    /// How many came.
    pub count: u64,
    /// How long the newest may be used.
    pub lifetime_s: Option<u32>,
    /// How much early data may be sent with the newest.
    pub early_data_bytes: Option<u32>,
}

/// Bytes that TCP has carried, its own headers apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Wire {
    /// Sent during the handshake, early data apart.
    pub handshake_sent_bytes: Option<u64>,
    /// Received during the handshake.
    pub handshake_received_bytes: Option<u64>,
    /// Sent in all.
    pub sent_bytes: u64,
    /// Received in all.
    pub received_bytes: u64,
}

/// How long a phase took in several connections.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// `dns`, `tcp` or `tls`.
    pub phase: String,
    /// In how many connections.
    pub connections: usize,
    /// The shortest.
    pub min_ns: u64,
    /// The median.
    pub median_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

/// Something in which connections differed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is.
    pub what: String,
    /// Its values, in the order in which they came.
    pub values: Vec<String>,
}
