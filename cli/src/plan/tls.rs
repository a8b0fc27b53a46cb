use std::sync::Arc;

use rustls_pki_types::ServerName;
use tls_engine::codes::{CertificateCompressionAlgorithm, CipherSuite, NamedGroup, ProtocolVersion};
use tls_engine::conn::{ClientConfig, ClientConfigBuilder, Clock, ServerConfig, ServerConfigBuilder, SystemClock};
use tls_engine::crypto::{Provider, Suite};
use tls_engine::pki::VerifyServer;
use tls_engine::pki::compression::CertificateCompression;
use tls_engine::session::{MemoryTickets, ReplayRegister, TicketKeys, TicketStore};
use tls_engine::switches::Switches;
use tls_engine::{ExternalPsk, KeyLog, PskHash};

use super::key_log::{self, KeyLogSource};
use super::once;
use super::trust::Trust;
use crate::args;
use crate::error::Error;
use crate::identity::{Identity, KeyType};
use crate::library::{Expected, HandshakeKind, Setup};
use crate::names;

/// How many ClientHellos with early data are accepted in 20 seconds: more than a few processors can take in that time.
pub(super) const EARLY_DATA_KEPT: usize = 1 << 22;
/// How much early data servers of handshakes that are measured take, bytes: more than clients send.
const EARLY_DATA_BYTES: u32 = 16 << 10;
/// How long a ticket may be used, seconds: as long as those of rustls.
pub(super) const TICKET_LIFETIME_S: u32 = 6 * 60 * 60;

/// The name of no compression of certificates.
const NO_COMPRESSION: &str = "none";

/// The settings that both ends of a handshake have.
#[derive(Clone)]
pub struct Tls {
    /// The cryptography.
    pub provider: &'static Provider,
    /// The groups, in order of preference.
    pub groups: Vec<NamedGroup>,
    /// The application protocols, best first.
    pub alpn: Vec<Vec<u8>>,
    /// Where secrets are logged.
    pub key_log: Option<Arc<dyn KeyLog>>,
    /// The version.
    pub version: ProtocolVersion,
    /// The kind of handshakes.
    pub kind: HandshakeKind,
    /// The type of a generated key, which decides the suite in TLS 1.2: its suites name the signature.
    pub key_type: KeyType,
    /// What clients show to servers that ask for a certificate.
    pub client_identity: Option<Arc<Identity>>,
    /// What certificates are compressed with, best first.
    pub cert_compression: Vec<CertificateCompressionAlgorithm>,
}

impl Tls {
    /// `groups` is a list with colons, in order of preference; none stands for the provider's default ones.
    pub(super) fn new(
        args: &args::Tls,
        provider: &'static Provider,
        groups: Option<&str>,
        secrets: KeyLogSource,
    ) -> Result<Self, Error> {
        let alpn = once(args.alpn.iter().map(|name| check_alpn(name)).collect::<Result<Vec<_>, _>>()?);
        let key_log = key_log::find(args.keylog.as_deref(), secrets)?;
        let tls = Self {
            provider,
            groups: find_groups(groups, provider)?,
            alpn,
            key_log,
            version: ProtocolVersion::TLS13,
            kind: HandshakeKind::Full,
            key_type: KeyType::EcdsaP256,
            client_identity: None,
            cert_compression: Vec::new(),
        };
        tls.check_engine()?;
        Ok(tls)
    }

    /// The same with another provider and other groups, which other libraries may have though the provider lacks them.
    pub(super) fn with(&self, provider: &'static Provider, groups: Option<&str>) -> Result<Self, Error> {
        Ok(Self { provider, groups: find_groups(groups, provider)?, ..self.clone() })
    }

    /// The application protocols as they are typed, separated by commas.
    pub(super) fn alpn_typed(&self) -> String {
        let names: Vec<_> = self.alpn.iter().map(|name| String::from_utf8_lossy(name)).collect();
        names.join(",")
    }

    /// The groups as they are typed, separated by colons.
    pub(super) fn groups_typed(&self) -> String {
        self.groups.iter().map(|group| names::short_group(*group)).collect::<Vec<_>>().join(":")
    }

    /// What certificates are compressed with, as it is typed.
    pub(super) fn cert_compression_typed(&self) -> String {
        let names: Vec<_> = self.cert_compression.iter().map(ToString::to_string).collect();
        if names.is_empty() { NO_COMPRESSION.to_owned() } else { names.join(":") }
    }

    /// The algorithms that certificates are compressed with.
    fn compressions(&self) -> Vec<&'static dyn CertificateCompression> {
        let find = |code| names::COMPRESSIONS.into_iter().find(|known| known.algorithm() == code);
        self.cert_compression.iter().copied().filter_map(find).collect()
    }

    /// The suites of these names; no names stand for all of the provider's.
    pub(super) fn suites(&self, names: &[String]) -> Result<Vec<CipherSuite>, Error> {
        let all = || self.provider.suites.iter().map(|suite| suite.code).collect::<Vec<_>>();
        if names.is_empty() {
            return Ok(all());
        }
        let mut suites = Vec::new();
        for name in names {
            if name.eq_ignore_ascii_case("all") {
                suites.extend(all());
            } else {
                suites.push(find_suite(name, self.provider)?);
            }
        }
        Ok(once(suites))
    }

    /// What connections with `suite` must negotiate.
    pub fn expected(&self, suite: CipherSuite) -> Expected {
        Expected {
            version: self.version,
            suite: self.suite_of_version(suite),
            groups: self.kind.server_groups(&self.groups).to_vec(),
            kind: self.kind,
        }
    }

    /// The suite as the version has it. Those that TLS 1.2 lacks are refused before.
    fn suite_of_version(&self, suite: CipherSuite) -> CipherSuite {
        match self.version {
            ProtocolVersion::TLS12 => names::suite_of_tls12(suite, self.key_type == KeyType::Rsa2048).unwrap_or(suite),
            _ => suite,
        }
    }

    /// The same for a library other than the engine.
    pub fn setup(
        &self,
        suite: CipherSuite,
        identity: &Identity,
        trust: &Trust,
        name: ServerName<'static>,
    ) -> Result<Setup, Error> {
        let refused = |what: &str| Err(Error::Usage(format!("{what} is for --library tls-engine")));
        if self.key_log.is_some() {
            return refused("--keylog");
        }
        if !self.cert_compression.is_empty() {
            return refused("--cert-compression");
        }
        let Trust::Roots(roots) = trust else { return refused("--insecure") };
        Ok(Setup {
            kind: self.kind,
            version: self.version,
            suite: self.suite_of_version(suite),
            groups: self.groups.clone(),
            alpn: self.alpn.clone(),
            chain: identity.chain.clone(),
            key: identity.key.clone_key(),
            roots: roots.clone(),
            name,
        })
    }

    /// Refuses what the engine lacks.
    pub fn check_engine(&self) -> Result<(), Error> {
        if self.version != ProtocolVersion::TLS13 {
            return Err(Error::Usage(format!("tls-engine does not support {}", self.version)));
        }
        self.groups.iter().try_for_each(|group| check_group(*group, self.provider))
    }

    /// How clients connect that offer `suites`.
    pub fn client(
        &self,
        suites: &[CipherSuite],
        trust: &Trust,
        switches: Switches,
    ) -> Result<Arc<ClientConfig>, Error> {
        let builder = self.client_builder(suites, trust.verifier()?, switches)?;
        Ok(match self.kind {
            HandshakeKind::Full | HandshakeKind::HelloRetry => builder,
            HandshakeKind::Resumed => builder.tickets(Arc::new(MemoryTickets::default())),
            HandshakeKind::EarlyData => builder.tickets(Arc::new(MemoryTickets::default())).early_data(true),
            HandshakeKind::Psk => builder.external_psk(self.measured_psk(suites)?),
        }
        .build()?)
    }

    /// The same with this store for tickets, if there is one.
    pub fn client_with_tickets(
        &self,
        suites: &[CipherSuite],
        trust: &Trust,
        switches: Switches,
        tickets: Option<Arc<dyn TicketStore>>,
    ) -> Result<Arc<ClientConfig>, Error> {
        let builder = self.client_builder(suites, trust.verifier()?, switches)?;
        let builder = builder.early_data(self.kind == HandshakeKind::EarlyData);
        Ok(tickets.into_iter().fold(builder, ClientConfigBuilder::tickets).build()?)
    }

    /// The same without a store for tickets.
    pub(super) fn client_builder(
        &self,
        suites: &[CipherSuite],
        verifier: impl VerifyServer + 'static,
        switches: Switches,
    ) -> Result<ClientConfigBuilder, Error> {
        let alpn: Vec<&[u8]> = self.alpn.iter().map(Vec::as_slice).collect();
        let groups = self.kind.client_groups(&self.groups);
        let mut builder = ClientConfig::builder(self.provider)
            .suites(suites)
            .groups(&groups)
            .alpn(&alpn)
            .verifier(verifier)
            .certificate_compression(&self.compressions())
            .switches(switches);
        if let Some(key_log) = &self.key_log {
            builder = builder.key_log(key_log.clone());
        }
        if self.kind == HandshakeKind::HelloRetry {
            builder = builder.key_share_groups(&groups[..1]);
        }
        if let Some(identity) = &self.client_identity {
            builder = builder.certificate(identity.certified_key(self.provider)?);
        }
        Ok(builder)
    }

    /// The external PSK of both ends, for the hash of the first suite. It keeps nothing secret: both are in this process.
    fn measured_psk(&self, suites: &[CipherSuite]) -> Result<ExternalPsk, Error> {
        let suite = suites.first().and_then(|suite| self.provider.suite(*suite));
        let hash = suite.and_then(|suite| PskHash::of(suite.hash)).unwrap_or_default();
        Ok(ExternalPsk::new(b"tlsbench", &[0x5a; 32])?.with_hash(hash))
    }

    /// How servers answer that take `suites` and are `identity`.
    pub fn server(
        &self,
        suites: &[CipherSuite],
        identity: &Identity,
        switches: Switches,
    ) -> Result<Arc<ServerConfig>, Error> {
        let builder = self.server_builder(suites, [identity], switches)?;
        Ok(match self.kind {
            HandshakeKind::Full | HandshakeKind::HelloRetry => builder,
            HandshakeKind::Resumed => builder.tickets(Arc::new(TicketKeys::new(self.provider, TICKET_LIFETIME_S)?)),
            HandshakeKind::EarlyData => {
                let register = ReplayRegister::new(EARLY_DATA_KEPT, SystemClock.now());
                let keys = TicketKeys::new(self.provider, TICKET_LIFETIME_S)?;
                builder.tickets(Arc::new(keys)).early_data(EARLY_DATA_BYTES, Arc::new(register))
            }
            HandshakeKind::Psk => builder.external_psks([self.measured_psk(suites)?]),
        }
        .build()?)
    }

    /// The same without tickets, and perhaps with several identities.
    pub(super) fn server_builder<'a>(
        &self,
        suites: &[CipherSuite],
        identities: impl IntoIterator<Item = &'a Identity>,
        switches: Switches,
    ) -> Result<ServerConfigBuilder, Error> {
        let alpn: Vec<&[u8]> = self.alpn.iter().map(Vec::as_slice).collect();
        let mut builder = ServerConfig::builder(self.provider)
            .suites(suites)
            .groups(self.kind.server_groups(&self.groups))
            .alpn(&alpn)
            .certificate_compression(&self.compressions())
            .switches(switches);
        for identity in identities {
            builder = builder.certificate(identity.certified_key(self.provider)?);
        }
        if let Some(key_log) = &self.key_log {
            builder = builder.key_log(key_log.clone());
        }
        Ok(builder)
    }
}

/// Refuses protocols other than HTTP/1: a client that negotiated one would use it.
pub(super) fn check_http(alpn: &[Vec<u8>]) -> Result<(), Error> {
    match alpn.iter().find(|name| !matches!(name.as_slice(), b"http/1.1" | b"http/1.0")) {
        None => Ok(()),
        Some(name) => {
            let name = String::from_utf8_lossy(name);
            Err(Error::Usage(format!("--mode http supports http/1.1 and http/1.0, not '{name}' (--alpn)")))
        }
    }
}

/// The name to ask for and to verify: an address is verified and not asked for (RFC 6066 3).
pub(super) fn server_name(name: &str) -> Result<ServerName<'static>, Error> {
    ServerName::try_from(name.to_owned())
        .map_err(|_| Error::Usage(format!("'{name}' is neither a host name nor an address")))
}

/// The suite of that name, which the provider must support.
pub(super) fn find_suite(name: &str, provider: &Provider) -> Result<CipherSuite, Error> {
    let known = names::SUITES.iter().map(|(_, short)| *short).chain(["all"]);
    let code = names::suite(name).ok_or_else(|| Error::unknown("cipher", name, known))?;
    if provider.suite(code).is_none() {
        let can: Vec<_> = provider.suites.iter().map(|suite| names::short_suite(suite.code)).collect();
        return Err(Error::Usage(format!(
            "the provider {} does not support {name}; it supports {}",
            provider.name,
            can.join(", ")
        )));
    }
    Ok(code)
}

/// A suite of the provider.
pub(super) fn suite_of(provider: &'static Provider, code: CipherSuite) -> Result<Suite, Error> {
    provider.suite(code).copied().ok_or_else(|| {
        let can: Vec<String> = provider.suites.iter().map(|suite| names::short_suite(suite.code)).collect();
        Error::unknown("cipher of this provider", &names::short_suite(code), can.iter().map(String::as_str))
    })
}

/// A list of names where commas mean the same as colons.
pub(super) fn joined(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| names.join(":"))
}

/// The groups of a list with colons, in order of preference; none stands for the provider's default ones.
fn find_groups(list: Option<&str>, provider: &Provider) -> Result<Vec<NamedGroup>, Error> {
    match list {
        None => Ok(provider.default_groups().map(|group| group.name()).collect()),
        Some(list) => {
            let groups = list.split(':').map(find_group);
            Ok(once(groups.collect::<Result<Vec<_>, _>>()?))
        }
    }
}

/// The algorithms of a list with colons, in order of preference; `none`, or no list, stands for no compression.
pub(super) fn find_compressions(list: Option<&str>) -> Result<Vec<CertificateCompressionAlgorithm>, Error> {
    let find = |name: &str| {
        let known = names::COMPRESSIONS.iter().filter_map(|known| known.algorithm().name()).chain([NO_COMPRESSION]);
        names::compression(name).ok_or_else(|| Error::unknown("compression of certificates", name, known))
    };
    match list {
        None => Ok(Vec::new()),
        Some(list) if list.eq_ignore_ascii_case(NO_COMPRESSION) => Ok(Vec::new()),
        Some(list) if list.split(':').any(|name| name.eq_ignore_ascii_case(NO_COMPRESSION)) => Err(Error::Usage(
            "the compression of certificates is none, or a list without it (--cert-compression)".to_owned(),
        )),
        Some(list) => Ok(once(list.split(':').map(find).collect::<Result<Vec<_>, _>>()?)),
    }
}

fn find_group(name: &str) -> Result<NamedGroup, Error> {
    let known = names::GROUPS.iter().map(|(_, names)| names[0]);
    names::group(name).ok_or_else(|| Error::unknown("group", name, known))
}

/// Refuses a group that the provider lacks.
fn check_group(group: NamedGroup, provider: &Provider) -> Result<(), Error> {
    if provider.group(group).is_some() {
        return Ok(());
    }
    let can: Vec<_> = provider.groups.iter().map(|group| group.name().to_string()).collect();
    Err(Error::Usage(format!(
        "the provider {} does not support {group}; it supports {}",
        provider.name,
        can.join(", ")
    )))
}

fn check_alpn(name: &str) -> Result<Vec<u8>, Error> {
    // RFC 7301 3.1
    if name.is_empty() || name.len() > 255 {
        return Err(Error::Usage("a protocol name (--alpn) must have 1 to 255 bytes".into()));
    }
    if name.chars().any(names::is_hidden) {
        return Err(Error::Usage(format!("a protocol name (--alpn) must not contain invisible characters: '{name}'")));
    }
    Ok(name.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting::find_provider;
    use tls_engine::crypto::Provider;

    fn tls(provider: &str) -> Tls {
        let typed = args::Tls { alpn: vec![], keylog: None };
        let provider = find_provider(provider).expect("a provider");
        Tls::new(&typed, provider, None, KeyLogSource::FlagOnly).expect("it can be done")
    }

    #[test]
    fn suites_are_named_once_and_all_means_all() {
        let tls = tls("auto");
        let names = ["aes256gcm", "all", "TLS_AES_128_GCM_SHA256"].map(str::to_owned);
        let suites = tls.suites(&names).expect("suites");
        assert_eq!(suites[0], CipherSuite::AES_256_GCM_SHA384);
        assert_eq!(suites.len(), tls.provider.suites.len());
        assert_eq!(tls.suites(&[]).expect("suites").len(), suites.len());
    }

    #[test]
    fn what_a_provider_lacks_is_told_from_what_nobody_knows() {
        let provider = Provider::by_name("aws-lc-rs").expect("a provider of this build");
        assert!(matches!(find_suite("aegis128l", provider), Err(Error::Usage(text)) if text.contains("aes128gcm")));
        assert!(matches!(find_suite("rc4", provider), Err(Error::Unknown { known, .. }) if known.len() == 6));
        assert!(matches!(find_group("x448"), Err(Error::Unknown { .. })));
        let refused = check_group(NamedGroup::MLKEM768, provider);
        assert!(matches!(refused, Err(Error::Usage(text)) if text.contains("x25519, ")));
        assert!(matches!(find_provider("nss"), Err(Error::Unknown { .. })));
    }
}
