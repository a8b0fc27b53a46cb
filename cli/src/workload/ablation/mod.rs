//! The effect of each switch: a workload runs with and without it in turns, once within the full set of optimizations
//! and once within the empty set.

mod bench;
mod bulk;
mod client_population;
mod comparison;
mod effect;
mod findings;
mod handshakes;
mod latency;
mod processor;
mod run;
mod scale;
mod schedule;
mod small;

pub use super::histogram::Buckets;
pub use comparison::{Base, Comparison, Row, rows};
pub use effect::{Effect, Estimate, Measure, Verdict};
pub use findings::Finding;
pub use latency::Percentile;
pub use run::run;
pub use scale::{connections_max, raise_open_files};
pub use schedule::AblationSchedule;

use std::sync::Arc;

use rustls_pki_types::{CertificateDer, ServerName};
use tls_engine::codes::CipherSuite;
use tls_engine::conn::{ClientConfig, ServerConfig};
use tls_engine::mem::{BufferPool, PoolOptions};
use tls_engine::pki::ServerVerifier;
use tls_engine::session::{MemoryTickets, TicketKeys};

use crate::error::Error;
use crate::identity::{GENERATED_NAMES, Identity};
use crate::library::{Engine, HandshakeKind};
use crate::setting::Setting;

/// How long a ticket may be used, seconds: longer than any run.
const TICKET_LIFETIME_S: u32 = 24 * 60 * 60;

/// What runs while switches are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Connections that complete a handshake, exchange a little data, and end: their heap calls and processor time.
    Handshakes,
    /// The same with handshakes that resume a session.
    Resumed,
    /// Data in one direction, in memory: processor time per byte.
    Bulk,
    /// Messages sent and echoed, one at a time, over loopback: their round-trip times.
    Small {
        /// The length of a message.
        message_bytes: usize,
    },
    /// Very many connections to one event loop, few of them active.
    Scale {
        /// The number of connections.
        connections: usize,
    },
}

impl Workload {
    /// All workloads: messages of several sizes, and `connections` connections.
    pub fn all(connections: usize) -> Vec<Self> {
        let small = [64, 512, 1024, 4096].map(|message_bytes| Self::Small { message_bytes });
        [Self::Handshakes, Self::Resumed, Self::Bulk]
            .into_iter()
            .chain(small)
            .chain([Self::Scale { connections }])
            .collect()
    }

    /// The name in flags.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handshakes => "handshakes",
            Self::Resumed => "resumed",
            Self::Bulk => "bulk",
            Self::Small { .. } => "small",
            Self::Scale { .. } => "scale",
        }
    }

    /// The name in identifiers.
    pub fn label(self) -> String {
        match self {
            Self::Small { message_bytes } => format!("{}-{message_bytes}", self.name()),
            _ => self.name().to_owned(),
        }
    }

    /// The percentiles of its round trips for which a run has enough samples.
    pub const fn percentiles(self) -> &'static [Percentile] {
        match self {
            Self::Handshakes | Self::Resumed | Self::Bulk => &[],
            Self::Small { .. } => &Percentile::ALL,
            Self::Scale { .. } => Percentile::ALL.split_at(3).0,
        }
    }

    /// Changes of a time below this share get no verdict, however often they were seen. The placement of code and
    /// memory changes times by as much from one start of the program to the next, and by more from one population of
    /// connections to another.
    pub const fn least_change(self) -> f64 {
        match self {
            Self::Handshakes | Self::Resumed | Self::Bulk | Self::Small { .. } => 0.015,
            Self::Scale { .. } => 0.03,
        }
    }

    /// The reason why a switch can't affect it, or `None` if the switch is on its path. Switches unknown here are
    /// measured.
    pub fn off_path(self, switch: &str) -> Option<&'static str> {
        match (self, switch) {
            (Self::Bulk | Self::Small { .. }, "arena" | "hybrid-share") => {
                Some("the handshake is over before the clock runs")
            }
            (Self::Handshakes | Self::Resumed | Self::Bulk | Self::Small { .. }, "signal") => {
                Some("no loop waits for file descriptors")
            }
            _ => None,
        }
    }
}

/// What the conversations with all settings have in common.
pub struct Ends {
    /// The identity of the servers.
    pub identity: Identity,
    /// The authority that the clients trust.
    pub authority: CertificateDer<'static>,
    /// The cipher suite.
    pub suite: CipherSuite,
}

impl Ends {
    /// Both ends for conversations with a setting, and buffers of this size.
    fn engine(&self, setting: &Setting, buffer_bytes: usize) -> Result<Arc<Engine>, Error> {
        self.engine_of(setting, buffer_bytes, HandshakeKind::Full)
    }

    /// The same for handshakes of this kind.
    fn engine_of(&self, setting: &Setting, buffer_bytes: usize, kind: HandshakeKind) -> Result<Arc<Engine>, Error> {
        let Setting { switches, provider } = *setting;
        let verifier = ServerVerifier::new(std::slice::from_ref(&self.authority))?;
        let mut client = ClientConfig::builder(provider).suites(&[self.suite]).switches(switches).verifier(verifier);
        let key = self.identity.certified_key(provider)?;
        let mut server = ServerConfig::builder(provider).suites(&[self.suite]).switches(switches).certificate(key);
        if kind == HandshakeKind::Resumed {
            client = client.tickets(Arc::<MemoryTickets>::default());
            server = server.tickets(Arc::new(TicketKeys::new(provider, TICKET_LIFETIME_S)?));
        }
        let name = ServerName::try_from(GENERATED_NAMES[0])
            .map_err(|_| Error::Failed("the generated certificate has no name".to_owned()))?;
        let options = PoolOptions { buffer_bytes, ..PoolOptions::default() };
        let pool = BufferPool::new(switches.buffer_pool, options);
        Ok(Arc::new(Engine { client: client.build()?, server: server.build()?, name, pool }))
    }
}
