//! What connections are configured with: the settings of both roles here, those of each in a module of its own.

use std::sync::Arc;
use std::time::SystemTime;

use rustls_pki_types::UnixTime;

use super::job::JobKinds;
use super::{HandshakeArenas, Workspace};
use crate::codes::{CertificateCompressionAlgorithm, CipherSuite, NamedGroup};
use crate::counters::Monitor;
use crate::crypto::{Aead, Group, Hash, Provider, Random, Suite};
use crate::error::Error;
use crate::keys::{Exporter, ExternalPsk, KeyLog, MasterSecret, SecretLabel};
use crate::limits::{FRAGMENT_MIN, RECORD_CONTENT_MAX};
use crate::mem::{ArenaLease, Digest};
use crate::pki::compression::CertificateCompression;
use crate::switches::Switches;
use crate::wire::Numbers;

/// A clock, for the validity of certificates and tickets.
pub trait Clock: Send + Sync {
    /// Seconds since 1970.
    fn now(&self) -> UnixTime;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        UnixTime::since_unix_epoch(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
    }
}

/// The settings of both roles, checked to fit together.
pub(crate) struct Common {
    pub(crate) provider: &'static Provider,
    pub(crate) suites: Vec<Suite>,
    pub(crate) groups: Vec<&'static dyn Group>,
    pub(crate) alpn: Vec<Arc<[u8]>>,
    pub(crate) key_log: Option<Arc<dyn KeyLog>>,
    /// Whether connections keep what keying material is exported from.
    pub(crate) exporter: bool,
    pub(crate) switches: Switches,
    pub(crate) arenas: Option<HandshakeArenas>,
    pub(crate) monitor: Option<Monitor>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: &'static dyn Random,
    pub(crate) records_per_key: Option<u64>,
    /// The longest content of a record that is sent.
    pub(crate) max_fragment: usize,
    /// What the peer is told of how much it may send in one record, bytes with the content type (RFC 8449).
    pub(crate) record_size_limit: Option<u16>,
    /// What certificates are compressed with, and those of the peer decompressed.
    pub(crate) certificate_compression: Vec<&'static dyn CertificateCompression>,
    /// The jobs that are not done at once.
    pub(crate) pauses: JobKinds,
}

impl Common {
    /// Memory for a handshake.
    pub(crate) fn workspace(&self) -> ArenaLease<Workspace> {
        self.arenas.as_ref().map_or_else(ArenaLease::unpooled, HandshakeArenas::lease)
    }

    pub(crate) fn suite(&self, code: CipherSuite) -> Option<&Suite> {
        self.suites.iter().find(|suite| suite.code == code)
    }

    pub(crate) fn group(&self, name: NamedGroup) -> Option<&'static dyn Group> {
        self.groups.iter().copied().find(|group| group.name() == name)
    }

    /// The first compression that the peer has `offered`.
    pub(super) fn compression_for(&self, offered: Option<Numbers<'_>>) -> Option<&'static dyn CertificateCompression> {
        let offered = offered?;
        let mut all = self.certificate_compression.iter().copied();
        all.find(|compression| offered.contains(compression.algorithm().0))
    }

    /// The numbers of its compression.
    fn compression_codes(&self) -> Vec<CertificateCompressionAlgorithm> {
        self.certificate_compression.iter().map(|compression| compression.algorithm()).collect()
    }

    /// The exporter of the connection of `client_random`, where there is one, over ClientHello...server Finished. Its secret is logged.
    pub(crate) fn exporter(
        &self,
        client_random: &[u8; 32],
        master: &MasterSecret,
        messages: &Digest,
    ) -> Option<Box<Exporter>> {
        if self.key_log.is_none() && !self.exporter {
            return None;
        }
        let exporter = Exporter::new(master, messages);
        if let Some(key_log) = &self.key_log {
            key_log.log(SecretLabel::Exporter, client_random, exporter.secret());
        }
        self.exporter.then(|| Box::new(exporter))
    }

    /// How many records a key of `aead` seals before it is replaced.
    pub(crate) fn records_per_key(&self, aead: &dyn Aead) -> u64 {
        let limit = aead.records_per_key();
        self.records_per_key.map_or(limit, |asked| asked.min(limit))
    }
}

/// The getters of both configurations.
macro_rules! common_getters {
    () => {
        /// The monitor of its connections; `None` where the switch `counters` is off.
        pub fn monitor(&self) -> Option<&Monitor> {
            self.common.monitor.as_ref()
        }

        /// The statistics of its arenas; `None` where the switch `arena` is off.
        pub fn arena_statistics(&self) -> Option<ArenaStatistics> {
            self.common.arenas.as_ref().map(HandshakeArenas::statistics)
        }
    };
}

/// The settings both roles have; the rest are added by each builder.
struct CommonBuilder {
    provider: &'static Provider,
    suites: Option<Vec<CipherSuite>>,
    groups: Option<Vec<NamedGroup>>,
    alpn: Vec<Arc<[u8]>>,
    key_log: Option<Arc<dyn KeyLog>>,
    exporter: bool,
    switches: Switches,
    arenas: Option<HandshakeArenas>,
    monitor: Option<Monitor>,
    clock: Arc<dyn Clock>,
    random: &'static dyn Random,
    records_per_key: Option<u64>,
    max_fragment: usize,
    max_received_fragment: Option<usize>,
    certificate_compression: Vec<&'static dyn CertificateCompression>,
    pauses: JobKinds,
}

impl CommonBuilder {
    fn new(provider: &'static Provider) -> Self {
        Self {
            provider,
            suites: None,
            groups: None,
            alpn: Vec::new(),
            key_log: None,
            exporter: false,
            switches: Switches::default(),
            arenas: None,
            monitor: None,
            clock: Arc::new(SystemClock),
            random: provider.random,
            records_per_key: None,
            max_fragment: RECORD_CONTENT_MAX,
            max_received_fragment: None,
            certificate_compression: Vec::new(),
            pauses: JobKinds::default(),
        }
    }

    fn build(self) -> Result<Common, Error> {
        let provider = self.provider;
        let suites = match self.suites {
            None => provider.suites.clone(),
            Some(codes) => codes.into_iter().map(|code| find_suite(provider, code)).collect::<Result<_, _>>()?,
        };
        let groups: Vec<_> = match self.groups {
            None => provider.default_groups().collect(),
            Some(names) => names.into_iter().map(|name| find_group(provider, name)).collect::<Result<_, _>>()?,
        };
        if suites.is_empty() || groups.is_empty() {
            return Err(Error::Config("at least one cipher suite and one group are needed".into()));
        }
        if self.alpn.iter().any(|name| name.is_empty() || name.len() > 255) {
            return Err(Error::Config("a protocol name (ALPN) has 1 to 255 bytes".into()));
        }
        if self.records_per_key == Some(0) {
            return Err(Error::Config("a key must seal at least one record".into()));
        }
        let algorithms = self.certificate_compression.iter().map(|compression| compression.algorithm());
        if algorithms
            .clone()
            .enumerate()
            .any(|(index, algorithm)| algorithms.clone().take(index).any(|other| other == algorithm))
        {
            return Err(Error::Config("an algorithm that certificates are compressed with comes twice".into()));
        }
        let max_received_fragment = self.max_received_fragment.unwrap_or(RECORD_CONTENT_MAX);
        let are_fragments = |bytes: &usize| (FRAGMENT_MIN..=RECORD_CONTENT_MAX).contains(bytes);
        if ![self.max_fragment, max_received_fragment].iter().all(are_fragments) {
            return Err(Error::Config(format!("a record holds {FRAGMENT_MIN} to {RECORD_CONTENT_MAX} bytes at most")));
        }
        let Self { alpn, key_log, switches, arenas, monitor, clock, random, records_per_key, max_fragment, .. } = self;
        let (exporter, pauses, certificate_compression) = (self.exporter, self.pauses, self.certificate_compression);
        let arenas = switches.arena.then(|| arenas.unwrap_or_default());
        let monitor = switches.counters.then(|| monitor.unwrap_or_default());
        Ok(Common {
            provider,
            suites,
            groups,
            alpn,
            key_log,
            exporter,
            switches,
            arenas,
            monitor,
            clock,
            random,
            records_per_key,
            max_fragment,
            // RFC 8449 4: with the content type. Never truncated, as it was checked.
            record_size_limit: self.max_received_fragment.map(|bytes| bytes as u16 + 1),
            certificate_compression,
            pauses,
        })
    }
}

fn find_suite(provider: &Provider, code: CipherSuite) -> Result<Suite, Error> {
    provider.suite(code).copied().ok_or_else(|| {
        let known: Vec<_> = provider.suites.iter().map(|suite| suite.code.to_string()).collect();
        Error::Config(format!(
            "the provider {} does not support {code}; it supports {}",
            provider.name,
            known.join(", ")
        ))
    })
}

fn find_group(provider: &Provider, name: NamedGroup) -> Result<&'static dyn Group, Error> {
    provider.group(name).ok_or_else(|| {
        let known: Vec<_> = provider.groups.iter().map(|group| group.name().to_string()).collect();
        Error::Config(format!(
            "the provider {} does not support {name}; it supports {}",
            provider.name,
            known.join(", ")
        ))
    })
}

/// The hash that `psk` is for, which is that of one of `suites`.
fn find_hash(psk: &ExternalPsk, suites: &[Suite]) -> Result<&'static dyn Hash, Error> {
    let mut hashes = suites.iter().map(|suite| suite.hash);
    hashes
        .find(|hash| psk.hash().is(*hash))
        .ok_or_else(|| Error::Config(format!("an external PSK for {} needs a cipher suite with this hash", psk.hash())))
}

/// The setters that both builders have.
macro_rules! common_setters {
    () => {
        /// The cipher suites, in order of preference. Default: all of the provider's.
        pub fn suites(mut self, suites: &[CipherSuite]) -> Self {
            self.common.suites = Some(suites.to_vec());
            self
        }

        /// The groups, in order of preference. Default: [`Provider::default_groups`].
        pub fn groups(mut self, groups: &[NamedGroup]) -> Self {
            self.common.groups = Some(groups.to_vec());
            self
        }

        /// The application protocols (RFC 7301), in order of preference. Default: none.
        pub fn alpn(mut self, names: &[&[u8]]) -> Self {
            self.common.alpn = names.iter().map(|name| Arc::from(*name)).collect();
            self
        }

        /// The key log. Default: none.
        pub fn key_log(mut self, key_log: Arc<dyn KeyLog>) -> Self {
            self.common.key_log = Some(key_log);
            self
        }

        /// Whether connections keep the secret that keying material is exported from (RFC 8446 7.5), see
        /// [`Connection::export_keying_material`](crate::Connection::export_keying_material). It takes one more derivation in the
        /// handshake, and a call of the heap. Default: no.
        pub fn exporter(mut self, on: bool) -> Self {
            self.common.exporter = on;
            self
        }

        /// The optimizations.
        pub fn switches(mut self, switches: Switches) -> Self {
            self.common.switches = switches;
            self
        }

        /// The arenas that handshakes lease their memory from, to share them between configurations. Default: its own. Without
        /// effect where the switch `arena` is off.
        pub fn arenas(mut self, arenas: &HandshakeArenas) -> Self {
            self.common.arenas = Some(arenas.clone());
            self
        }

        /// The monitor that adds up what connections do. Default: its own. Without effect where the switch `counters` is off.
        pub fn monitor(mut self, monitor: &Monitor) -> Self {
            self.common.monitor = Some(monitor.clone());
            self
        }

        /// The clock. Default: the system's.
        pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
            self.common.clock = clock;
            self
        }

        /// The source of random bytes. Default: the provider's.
        pub fn random(mut self, random: &'static dyn Random) -> Self {
            self.common.random = random;
            self
        }

        /// Updates a key after so many records, where that is fewer than the cipher suite's own limit.
        pub fn records_per_key(mut self, records: u64) -> Self {
            self.common.records_per_key = Some(records);
            self
        }

        /// The longest content of a record that is sent, bytes, for peers with little memory. Default: the 16,384 that RFC 8446 5.1
        /// allows.
        pub fn max_fragment(mut self, bytes: usize) -> Self {
            self.common.max_fragment = bytes;
            self
        }

        /// The longest content of a record that the peer may send, bytes, 64 to 16,384, where the peer knows `record_size_limit` (RFC
        /// 8449): for an end with little memory. It holds for encrypted records of the handshake and after it, and not for early data.
        /// The peer tells its own limit then, and what is sent is cut to that as well as to
        /// [`max_fragment`](Self::max_fragment). Default: none, and the extension is neither sent nor answered.
        pub fn max_received_fragment(mut self, bytes: usize) -> Self {
            self.common.max_received_fragment = Some(bytes);
            self
        }

        /// What certificates are compressed with (RFC 8879), in order of preference: the own one where the peer decompresses it, and that of
        /// the peer, which is told that it may. A certificate is compressed when it is sent first, which takes some milliseconds, and kept
        /// with its [`CertifiedKey`](crate::CertifiedKey); to decompress one takes memory for the time being: with
        /// [`BROTLI`](crate::pki::compression) up to some MB, where the peer is up to that. Default: nothing.
        pub fn certificate_compression(mut self, algorithms: &[&'static dyn CertificateCompression]) -> Self {
            self.common.certificate_compression = algorithms.to_vec();
            self
        }

        /// The kinds of jobs that handshakes pause for, so that a caller may do them elsewhere, see `Connection::take_job`. Kinds
        /// of the other role have no effect. Default: none; every job is done at once, by the call that needs it.
        pub fn pause_for(mut self, kinds: &[JobKind]) -> Self {
            self.common.pauses = JobKinds::of(kinds);
            self
        }
    };
}

mod client;
mod server;

pub(super) use client::UsablePsk;
pub use client::{ClientConfig, ClientConfigBuilder};
pub(super) use server::{ClientAuthentication, EarlyDataPolicy};
pub use server::{ServerConfig, ServerConfigBuilder};
