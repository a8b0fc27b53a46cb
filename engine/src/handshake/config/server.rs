use std::collections::HashMap;
use std::sync::Arc;

use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{Clock, Common, CommonBuilder};
use crate::codes::{CipherSuite, NamedGroup};
use crate::counters::Monitor;
use crate::crypto::{Provider, Random};
use crate::error::Error;
use crate::handshake::job::{JobKind, JobKinds};
use crate::handshake::{ChooseCertificate, HandshakeArenas};
use crate::keys::{ExternalPsk, KeyLog};
use crate::limits::{AUTHORITIES_MAX, EARLY_DATA_MAX, EARLY_DATA_SKIPPED_MAX, TICKET_LIFETIME_MAX, TICKETS_SENT_MAX};
use crate::mem::ArenaStatistics;
use crate::msgs::encode_certificate_request;
use crate::pki::compression::CertificateCompression;
use crate::pki::{CertificateNames, CertifiedKey, VerifyClient, offered_schemes};
use crate::session::{ReplayRegister, Tickets};
use crate::switches::Switches;

/// The configuration of servers.
pub struct ServerConfig {
    pub(crate) common: Common,
    pub(crate) certificates: Vec<Arc<CertifiedKey>>,
    /// Where there are several.
    pub(crate) names: Option<CertificateNames>,
    /// In place of the certificates.
    pub(crate) chooser: Option<Box<dyn ChooseCertificate>>,
    /// Where clients are asked for a certificate.
    pub(crate) client_authentication: Option<ClientAuthentication>,
    pub(crate) cookie: bool,
    pub(crate) tickets: Option<Arc<dyn Tickets>>,
    /// How many tickets a client gets after its handshake.
    pub(crate) tickets_sent: u8,
    pub(crate) early_data: Option<EarlyDataPolicy>,
    /// By their identities.
    pub(crate) external_psks: HashMap<Arc<[u8]>, ExternalPsk>,
    pub(crate) psk_ke: bool,
}

/// How much early data a server takes, and what it has taken before.
pub(crate) struct EarlyDataPolicy {
    pub(crate) max_bytes: u32,
    pub(crate) register: Arc<ReplayRegister>,
}

/// How clients are asked for a certificate, and verified.
pub(crate) struct ClientAuthentication {
    pub(crate) verifier: Arc<dyn VerifyClient>,
    /// The CertificateRequest, which is the same for every client.
    pub(crate) request: Vec<u8>,
}

impl ClientAuthentication {
    fn new(verifier: Arc<dyn VerifyClient>, common: &Common) -> Self {
        let mut authorities = verifier.authorities();
        // RFC 8446 4.2.4: none is empty.
        authorities.retain(|name| !name.is_empty());
        if authorities.iter().map(|name| 2 + name.len()).sum::<usize>() > AUTHORITIES_MAX {
            authorities.clear();
        }
        let mut request = Vec::new();
        let (schemes, compression) = (offered_schemes(common.provider), common.compression_codes());
        encode_certificate_request(&mut request, &schemes, &authorities, &compression);
        Self { verifier, request }
    }
}

/// Builds a [`ServerConfig`].
#[must_use]
pub struct ServerConfigBuilder {
    common: CommonBuilder,
    certificates: Vec<Arc<CertifiedKey>>,
    chooser: Option<Box<dyn ChooseCertificate>>,
    client_verifier: Option<Arc<dyn VerifyClient>>,
    cookie: bool,
    tickets: Option<Arc<dyn Tickets>>,
    tickets_sent: u8,
    early_data: Option<EarlyDataPolicy>,
    external_psks: Vec<ExternalPsk>,
    psk_ke: bool,
}

impl ServerConfig {
    common_getters!();

    /// Whether clients have to use a PSK: there is no certificate.
    pub(crate) fn is_psk_required(&self) -> bool {
        self.certificates.is_empty() && self.chooser.is_none()
    }

    /// How much early data is skipped where none is accepted, bytes of records: at least what its own tickets allow (RFC 8446 4.2.10), with
    /// what protection adds to short records.
    pub(crate) fn early_data_skipped(&self) -> usize {
        let allowed = self.early_data.as_ref().map_or(0, |policy| policy.max_bytes as usize);
        EARLY_DATA_SKIPPED_MAX + 2 * allowed
    }

    /// The default configuration, with [`Provider::auto`] and one certificate. `chain` begins with the server's own certificate,
    /// which `key` belongs to.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: &PrivateKeyDer<'_>) -> Result<Arc<Self>, Error> {
        Self::builder(Provider::auto()).certificate_and_key(chain, key)?.build()
    }

    /// Builds a configuration with the cryptography of `provider`.
    pub fn builder(provider: &'static Provider) -> ServerConfigBuilder {
        ServerConfigBuilder {
            common: CommonBuilder::new(provider),
            certificates: Vec::new(),
            chooser: None,
            client_verifier: None,
            cookie: false,
            tickets: None,
            tickets_sent: 1,
            early_data: None,
            external_psks: Vec::new(),
            psk_ke: false,
        }
    }
}

impl ServerConfigBuilder {
    common_setters!();

    /// Adds a certificate with its key. Of several, those are used that are for the name that the client asks for (RFC 6066 3), or all of
    /// them if none is; of these the first whose signatures the client can verify, that on the chain too if there is one.
    pub fn certificate(mut self, certificate: CertifiedKey) -> Self {
        self.certificates.push(Arc::new(certificate));
        self
    }

    /// Chooses the certificate for each client, in place of certificates that are added here. Default: by the client's
    /// name for the server and its signature schemes, see [`certificate`](Self::certificate).
    pub fn choose_certificate(mut self, chooser: impl ChooseCertificate + 'static) -> Self {
        self.chooser = Some(Box::new(chooser));
        self
    }

    /// Adds a certificate with its key, which the provider of this configuration loads, see [`CertifiedKey::new`].
    pub fn certificate_and_key(
        self,
        chain: Vec<CertificateDer<'static>>,
        key: &PrivateKeyDer<'_>,
    ) -> Result<Self, Error> {
        let certificate = CertifiedKey::new(self.common.provider, chain, key)?;
        Ok(self.certificate(certificate))
    }

    /// Asks clients for a certificate, and verifies what they show with `verifier`: [`ClientVerifier`](crate::pki::ClientVerifier)
    /// is the usual one. [`Negotiated::client_certificate`](crate::Negotiated::client_certificate) has what was shown. Default:
    /// clients are not asked.
    ///
    /// A client with an external PSK ([`external_psks`](Self::external_psks)) is not asked: its key tells who it is.
    ///
    /// It excludes [`tickets`](Self::tickets): a session that is resumed would not be verified again, though its certificate may
    /// have expired or the verifier may have changed.
    pub fn client_verifier(mut self, verifier: impl VerifyClient + 'static) -> Self {
        self.client_verifier = Some(Arc::new(verifier));
        self
    }

    /// Whether a HelloRetryRequest has a cookie, which the client has to return. Default: no.
    pub const fn cookie(mut self, on: bool) -> Self {
        self.cookie = on;
        self
    }

    /// What makes tickets, with which clients resume their sessions: [`TicketKeys`](crate::session::TicketKeys) or a
    /// [`SessionCache`](crate::session::SessionCache). Default: nothing, every handshake is a full one. Excludes
    /// [`client_verifier`](Self::client_verifier).
    pub fn tickets(mut self, tickets: Arc<dyn Tickets>) -> Self {
        self.tickets = Some(tickets);
        self
    }

    /// How many tickets a client gets after its handshake, 0 to 16. Default: 1.
    pub const fn tickets_sent(mut self, tickets: u8) -> Self {
        self.tickets_sent = tickets;
        self
    }

    /// Accepts early data, up to `max_bytes` of it (1 to 2^20) from each connection, which are kept until they are taken, see
    /// [`Connection::take_early_data`](crate::Connection::take_early_data). Each ClientHello's is accepted once, while the `register` is
    /// asked by all servers that open the same tickets, and within ten seconds of when it was sent. Default: all is rejected.
    pub fn early_data(mut self, max_bytes: u32, register: Arc<ReplayRegister>) -> Self {
        self.early_data = Some(EarlyDataPolicy { max_bytes, register });
        self
    }

    /// Adds pre-shared keys, of which a client may use one that it has as well. The first one that the client offers is used, and
    /// goes before a certificate. A server with PSKs needs no certificate; without one, it refuses clients that have none of them,
    /// with the same alert as those whose key is wrong. A session that began with one is resumed as long as it is here. [`Negotiated::psk_identity`](crate::Negotiated::psk_identity) tells which
    /// one was used. Default: none.
    pub fn external_psks(mut self, psks: impl IntoIterator<Item = ExternalPsk>) -> Self {
        self.external_psks.extend(psks);
        self
    }

    /// Whether a client that takes PSKs only without a key exchange (`psk_ke`, RFC 8446 4.2.9) may use one, of a ticket or an
    /// external one. There is no forward secrecy then. Others have a key exchange. Default: no.
    pub const fn psk_ke(mut self, on: bool) -> Self {
        self.psk_ke = on;
        self
    }

    /// Checks the settings. [`Error::Config`] where they do not fit together.
    pub fn build(self) -> Result<Arc<ServerConfig>, Error> {
        match (self.certificates.is_empty(), &self.chooser) {
            (true, None) if self.external_psks.is_empty() => {
                return Err(Error::Config("a server needs a certificate, or an external PSK".into()));
            }
            (false, Some(_)) => {
                return Err(Error::Config("a server either has certificates or something that chooses them".into()));
            }
            _ => {}
        }
        let lifetime_s = self.tickets.as_ref().map_or(1, |tickets| tickets.lifetime_s());
        if !(1..=TICKET_LIFETIME_MAX).contains(&lifetime_s) {
            return Err(Error::Config(format!("a ticket lives 1 to {TICKET_LIFETIME_MAX} seconds")));
        }
        if self.tickets_sent > TICKETS_SENT_MAX {
            return Err(Error::Config(format!("at most {TICKETS_SENT_MAX} tickets are sent after a handshake")));
        }
        if self.early_data.as_ref().is_some_and(|policy| !(1..=EARLY_DATA_MAX).contains(&policy.max_bytes)) {
            return Err(Error::Config(format!("a server takes 1 to {EARLY_DATA_MAX} bytes of early data")));
        }
        if self.early_data.is_some() && self.tickets.is_none() {
            return Err(Error::Config("early data comes with tickets, which this server does not give".into()));
        }
        if self.certificates.is_empty() && self.chooser.is_none() && self.client_verifier.is_some() {
            return Err(Error::Config("a server without a certificate asks no client for one".into()));
        }
        if self.tickets.is_some() && self.client_verifier.is_some() {
            return Err(Error::Config("a server that asks clients for certificates gives no tickets".into()));
        }
        let common = self.common.build()?;
        let client_authentication = self.client_verifier.map(|verifier| ClientAuthentication::new(verifier, &common));
        Ok(Arc::new(ServerConfig {
            external_psks: by_identity(self.external_psks, &common)?,
            psk_ke: self.psk_ke,
            common,
            names: (self.certificates.len() > 1).then(|| CertificateNames::of(&self.certificates)),
            certificates: self.certificates,
            chooser: self.chooser,
            client_authentication,
            cookie: self.cookie,
            tickets: self.tickets,
            tickets_sent: self.tickets_sent,
            early_data: self.early_data,
        }))
    }
}

/// External PSKs by their identities, each of which is there once, and for a suite of the configuration.
fn by_identity(psks: Vec<ExternalPsk>, common: &Common) -> Result<HashMap<Arc<[u8]>, ExternalPsk>, Error> {
    let mut found = HashMap::with_capacity(psks.len());
    for psk in psks {
        super::find_hash(&psk, &common.suites)?;
        if found.insert(psk.shared_identity(), psk).is_some() {
            return Err(Error::Config("two external PSKs have the same identity".into()));
        }
    }
    Ok(found)
}
