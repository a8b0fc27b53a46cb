//! What a build supports, `tlsbench-ciphers/1`: the results of the command `ciphers`.

use serde::Serialize;

use super::{Host, Tool, Warning};

/// The document's version.
pub const SCHEMA: &str = "tlsbench-ciphers/1";

/// What a build supports.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inventory {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program.
    pub tool: Tool,
    /// The machine it runs on.
    pub host: Host,
    /// What is slower than it could be.
    pub warnings: Vec<Warning>,
    /// The providers.
    pub providers: Vec<Provider>,
}

/// What one provider supports, each list in order of preference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provider {
    /// Its name.
    pub name: String,
    /// Its cipher suites.
    pub suites: Vec<Suite>,
    /// Its groups.
    pub groups: Vec<Group>,
    /// The schemes it verifies handshakes with.
    pub signature_schemes: Vec<Code>,
}

/// A cipher suite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suite {
    /// What `--cipher` takes.
    pub name: String,
    /// Its IANA name.
    pub iana_name: String,
    /// Its number on the wire.
    pub code: String,
    /// The provider that implements it.
    pub source: String,
    /// The implementation that runs on this CPU.
    pub implementation: String,
    /// Whether that implementation is known to be far slower than this CPU allows.
    pub is_slow: bool,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its name and number.
    #[serde(flatten)]
    pub code: Code,
    /// The bytes of a client's share.
    pub client_share_bytes: usize,
    /// The bytes of a server's share.
    pub server_share_bytes: usize,
    /// Whether it is offered where no groups are asked for.
    pub is_default: bool,
}

/// A name with its number on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The name.
    pub name: String,
    /// The number.
    pub code: String,
}
