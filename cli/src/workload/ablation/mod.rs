//! What each switch is worth: a workload is run with it and without it in turns, once within the full set and once within
//! the empty one.

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

use super::EndpointConfigs;
use crate::error::Error;
use crate::identity::{GENERATED_NAMES, Identity};
use crate::setting::Setting;

/// What is done while switches are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Connections that shake hands, exchange a little, and end: what they ask of the heap and of the processor.
    Handshakes,
    /// Data in one direction, in memory: processor time per byte.
    Bulk,
    /// Messages there and back, one at a time, over loopback: how long each is under way.
    Small {
        /// Their length.
        message_bytes: usize,
    },
    /// Very many connections to one event loop, of which few are active.
    Scale {
        /// How many.
        connections: usize,
    },
}

impl Workload {
    /// All that there are: messages in several sizes, and so many connections.
    pub fn all(connections: usize) -> Vec<Self> {
        let small = [64, 512, 1024, 4096].map(|message_bytes| Self::Small { message_bytes });
        [Self::Handshakes, Self::Bulk].into_iter().chain(small).chain([Self::Scale { connections }]).collect()
    }

    /// Its name in flags.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handshakes => "handshakes",
            Self::Bulk => "bulk",
            Self::Small { .. } => "small",
            Self::Scale { .. } => "scale",
        }
    }

    /// Its name in identifiers.
    pub fn label(self) -> String {
        match self {
            Self::Small { message_bytes } => format!("{}-{message_bytes}", self.name()),
            _ => self.name().to_owned(),
        }
    }

    /// The percentiles of its round trips that a run has enough of.
    pub const fn percentiles(self) -> &'static [Percentile] {
        match self {
            Self::Handshakes | Self::Bulk => &[],
            Self::Small { .. } => &Percentile::ALL,
            Self::Scale { .. } => Percentile::ALL.split_at(3).0,
        }
    }

    /// The share of a time below which a change gets no verdict, however often it was seen: from one start of the program to
    /// the next as much changes with where code and memory happen to lie, and from one crowd of connections to another more.
    pub const fn least_change(self) -> f64 {
        match self {
            Self::Handshakes | Self::Bulk | Self::Small { .. } => 0.015,
            Self::Scale { .. } => 0.03,
        }
    }

    /// Why a switch can't matter to it, or `None` where the switch is on its path. What is not known here is measured.
    pub fn off_path(self, switch: &str) -> Option<&'static str> {
        match (self, switch) {
            (Self::Bulk | Self::Small { .. }, "arena") => Some("the handshake is over before the clock runs"),
            (Self::Handshakes | Self::Bulk | Self::Small { .. }, "signal") => {
                Some("no loop waits for file descriptors")
            }
            _ => None,
        }
    }
}

/// What the conversations of all settings have in common.
pub struct Ends {
    /// Who the servers are.
    pub identity: Identity,
    /// Whom the clients trust.
    pub authority: CertificateDer<'static>,
    /// The cipher suite of all.
    pub suite: CipherSuite,
}

impl Ends {
    /// Both ends of conversations with a setting, and buffers of this size.
    fn endpoint_configs(&self, setting: &Setting, buffer_bytes: usize) -> Result<Arc<EndpointConfigs>, Error> {
        let Setting { switches, provider } = *setting;
        let verifier = ServerVerifier::new(std::slice::from_ref(&self.authority))?;
        let client = ClientConfig::builder(provider).suites(&[self.suite]).switches(switches).verifier(verifier);
        let key = self.identity.certified_key(provider)?;
        let server = ServerConfig::builder(provider).suites(&[self.suite]).switches(switches).certificate(key);
        let name = ServerName::try_from(GENERATED_NAMES[0])
            .map_err(|_| Error::Failed("the throw-away certificate has no name".to_owned()))?;
        let options = PoolOptions { buffer_bytes, ..PoolOptions::default() };
        let pool = BufferPool::new(switches.buffer_pool, options);
        Ok(Arc::new(EndpointConfigs { client: client.build()?, server: server.build()?, name, pool }))
    }
}
