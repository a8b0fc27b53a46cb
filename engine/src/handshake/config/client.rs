use std::sync::Arc;

use rustls_pki_types::CertificateDer;

use super::{Clock, Common, CommonBuilder};
use crate::codes::{CertificateCompressionAlgorithm, CipherSuite, NamedGroup, SignatureScheme};
use crate::counters::Monitor;
use crate::crypto::{Group, Hash, Provider, Random};
use crate::error::Error;
use crate::handshake::HandshakeArenas;
use crate::handshake::job::{JobKind, JobKinds};
use crate::keys::{ExternalPsk, KeyLog, PskSecret};
use crate::limits::{EXTERNAL_PSKS_OFFERED_MAX, KEY_SHARES_MAX};
use crate::mem::ArenaStatistics;
use crate::msgs::StapledRequest;
use crate::pki::compression::CertificateCompression;
use crate::pki::{CertifiedKey, ServerVerifier, VerifyServer, offered_schemes};
use crate::session::TicketStore;
use crate::switches::Switches;

/// The configuration of clients.
pub struct ClientConfig {
    pub(crate) common: Common,
    /// None where a PSK is required, and certificates are not taken.
    pub(crate) verifier: Option<Box<dyn VerifyServer>>,
    pub(crate) key_share_groups: Vec<&'static dyn Group>,
    pub(crate) signature_algorithms: Vec<SignatureScheme>,
    pub(crate) suite_codes: Vec<CipherSuite>,
    pub(crate) group_names: Vec<NamedGroup>,
    pub(crate) compression_codes: Vec<CertificateCompressionAlgorithm>,
    pub(crate) middlebox_compatibility: bool,
    pub(crate) grease: bool,
    /// What servers are asked for with their certificate.
    pub(crate) stapled: StapledRequest,
    pub(crate) tickets: Option<Arc<dyn TicketStore>>,
    pub(crate) early_data: bool,
    pub(crate) external_psks: Vec<UsablePsk>,
    pub(crate) psk_ke: bool,
    /// For servers that request one.
    pub(crate) certificates: Vec<Arc<CertifiedKey>>,
}

/// An external PSK with its hash, which is that of a suite of the configuration, and what all connections derive from it.
pub(crate) struct UsablePsk {
    pub(crate) psk: ExternalPsk,
    pub(crate) hash: &'static dyn Hash,
    pub(crate) secret: Box<PskSecret>,
}

/// Builds a [`ClientConfig`].
#[must_use]
pub struct ClientConfigBuilder {
    common: CommonBuilder,
    verifier: Option<Box<dyn VerifyServer>>,
    key_share_groups: Option<Vec<NamedGroup>>,
    middlebox_compatibility: bool,
    grease: bool,
    stapled: StapledRequest,
    tickets: Option<Arc<dyn TicketStore>>,
    early_data: bool,
    external_psks: Vec<ExternalPsk>,
    psk_ke: bool,
    certificates: Vec<Arc<CertifiedKey>>,
}

impl ClientConfig {
    common_getters!();

    /// Whether the server has to use a PSK: without a verifier, no certificate is taken.
    pub(crate) const fn is_psk_required(&self) -> bool {
        self.verifier.is_none()
    }

    /// The default configuration, with [`Provider::auto`], for servers whose certificates `roots` have issued.
    pub fn new(roots: &[CertificateDer<'_>]) -> Result<Arc<Self>, Error> {
        Self::builder(Provider::auto()).verifier(ServerVerifier::new(roots)?).build()
    }

    /// Builds a configuration with the cryptography of `provider`.
    pub fn builder(provider: &'static Provider) -> ClientConfigBuilder {
        ClientConfigBuilder {
            common: CommonBuilder::new(provider),
            verifier: None,
            key_share_groups: None,
            middlebox_compatibility: true,
            grease: false,
            stapled: StapledRequest::default(),
            tickets: None,
            early_data: false,
            external_psks: Vec::new(),
            psk_ke: false,
            certificates: Vec::new(),
        }
    }
}

impl ClientConfigBuilder {
    common_setters!();

    /// What verifies servers. There is no default; without it, a client needs an [`external_psk`](Self::external_psk), and refuses
    /// servers that use none.
    pub fn verifier(mut self, verifier: impl VerifyServer + 'static) -> Self {
        self.verifier = Some(Box::new(verifier));
        self
    }

    /// Adds a certificate with its key, for servers that request one (RFC 8446 4.3.2). Of those whose signatures the server
    /// verifies, the first is shown to it that is signed with what it takes and is from an authority that it names, or the first of all. Default: none; a server that requires one refuses the client.
    pub fn certificate(mut self, certificate: CertifiedKey) -> Self {
        self.certificates.push(Arc::new(certificate));
        self
    }

    /// The groups of the key shares in the first ClientHello. Default: the first group, and where that is a hybrid the first that is a
    /// part of it too, so that servers without hybrids need not ask for it. With none, the server has to send a HelloRetryRequest.
    pub fn key_share_groups(mut self, groups: &[NamedGroup]) -> Self {
        self.key_share_groups = Some(groups.to_vec());
        self
    }

    /// Where tickets are kept, and taken from to resume sessions. Default: nowhere, every handshake is a full one; a connection keeps
    /// the newest tickets that it was sent, see [`Connection::tickets`](crate::Connection::tickets).
    pub fn tickets(mut self, store: Arc<dyn TicketStore>) -> Self {
        self.tickets = Some(store);
        self
    }

    /// Whether to announce early data where a ticket allows it, see
    /// [`Connection::write_early_data`](crate::Connection::write_early_data). Anyone can replay what is sent then (RFC 8446 8). Default: no.
    pub const fn early_data(mut self, on: bool) -> Self {
        self.early_data = on;
        self
    }

    /// Adds a pre-shared key, which is offered to every server. Up to eight are offered, in this order and behind a ticket. A
    /// server may use its certificate nevertheless, which the [`verifier`](Self::verifier) verifies, if there is one. A server that
    /// uses the PSK shows nothing else: whoever has it passes as a host of any name. Default: none.
    pub fn external_psk(mut self, psk: ExternalPsk) -> Self {
        self.external_psks.push(psk);
        self
    }

    /// Whether a server may use a PSK, of a ticket or an external one, without a key exchange (`psk_ke`, RFC 8446 4.2.9). That
    /// saves time, and whoever learns the PSK later reads what was sent: there is no forward secrecy. Default: no.
    pub const fn psk_ke(mut self, on: bool) -> Self {
        self.psk_ke = on;
        self
    }

    /// Whether to ask the server for an OCSP response (RFC 6066 8), see [`Connection::stapled`](crate::Connection::stapled). Default: no.
    pub const fn request_ocsp_response(mut self, on: bool) -> Self {
        self.stapled.ocsp_response = on;
        self
    }

    /// Whether to ask the server for signed certificate timestamps (RFC 6962 3.3), see
    /// [`Connection::stapled`](crate::Connection::stapled). Default: no.
    pub const fn request_timestamps(mut self, on: bool) -> Self {
        self.stapled.timestamps = on;
        self
    }

    /// Whether to look like TLS 1.2 to middleboxes (RFC 8446 D.4). Default: yes.
    pub const fn middlebox_compatibility(mut self, on: bool) -> Self {
        self.middlebox_compatibility = on;
        self
    }

    /// Whether to offer random GREASE values beside all that is offered (RFC 8701): servers have to ignore them, and one that chooses one is
    /// refused as one that chooses what was not offered. Default: no.
    pub const fn grease(mut self, on: bool) -> Self {
        self.grease = on;
        self
    }

    /// Checks the settings. [`Error::Config`] where they do not fit together.
    pub fn build(self) -> Result<Arc<ClientConfig>, Error> {
        let common = self.common.build()?;
        let verifier = self.verifier;
        if verifier.is_none() && self.external_psks.is_empty() {
            return Err(Error::Config("a client needs a server verifier, or an external PSK".into()));
        }
        if self.external_psks.len() > EXTERNAL_PSKS_OFFERED_MAX {
            return Err(Error::Config(format!("a client offers at most {EXTERNAL_PSKS_OFFERED_MAX} external PSKs")));
        }
        let usable = |psk: ExternalPsk| {
            let hash = super::find_hash(&psk, &common.suites)?;
            Ok(UsablePsk { secret: Box::new(psk.secret(hash)), hash, psk })
        };
        let external_psks = self.external_psks.into_iter().map(usable).collect::<Result<_, Error>>()?;
        let key_share_groups: Vec<_> = match self.key_share_groups {
            None => default_shares(&common.groups),
            Some(names) => names
                .into_iter()
                .map(|name| {
                    common.group(name).ok_or_else(|| {
                        Error::Config(format!("a key share for {name} needs it among the groups of the client"))
                    })
                })
                .collect::<Result<_, _>>()?,
        };
        // RFC 8446 4.2.3: they are for certificates.
        let signature_algorithms = if verifier.is_some() { offered_schemes(common.provider) } else { Vec::new() };
        if key_share_groups.len() > KEY_SHARES_MAX {
            return Err(Error::Config(format!("a client sends at most {KEY_SHARES_MAX} key shares")));
        }
        let is_certificate_taken = verifier.is_some();
        let compression_codes = if is_certificate_taken { common.compression_codes() } else { Vec::new() };
        let suite_codes = common.suites.iter().map(|suite| suite.code).collect();
        let group_names = common.groups.iter().map(|group| group.name()).collect();
        Ok(Arc::new(ClientConfig {
            common,
            verifier,
            key_share_groups,
            signature_algorithms,
            suite_codes,
            group_names,
            compression_codes,
            middlebox_compatibility: self.middlebox_compatibility,
            grease: self.grease,
            // Without a verifier no certificate is taken.
            stapled: if is_certificate_taken { self.stapled } else { StapledRequest::default() },
            tickets: self.tickets,
            early_data: self.early_data,
            external_psks,
            psk_ke: self.psk_ke,
            certificates: self.certificates,
        }))
    }
}

fn default_shares(groups: &[&'static dyn Group]) -> Vec<&'static dyn Group> {
    let first = groups.iter().take(1);
    let part = groups.iter().skip(1).find(|group| groups[0].has_part(group.name()));
    first.chain(part).copied().collect()
}
