//! The certificate of a client that was asked for one.

use std::sync::Arc;

use rustls_pki_types::{CertificateDer, UnixTime};

use super::ServerState;
use super::finished::WaitFinished;
use crate::codes::HandshakeType;
use crate::crypto::Provider;
use crate::error::{CertificateError, Error};
use crate::handshake::ServerConfig;
use crate::handshake::authentication::{self, VerifyPeer};
use crate::handshake::effects::{ClientCertificate, Effects};
use crate::handshake::job::ChainCheck;
use crate::mem::Region;
use crate::msgs::{Message, Signer, StapledRequest};
use crate::pki::VerifyClient;

/// Waiting for the client's Certificate.
pub(in crate::handshake) struct WaitCertificate {
    pub(super) config: Arc<ServerConfig>,
    pub(super) verifier: Arc<dyn VerifyClient>,
    pub(super) finished: WaitFinished,
}

impl WaitCertificate {
    /// The messages that are allowed: CompressedCertificate where it was offered (RFC 8879 4).
    pub(super) fn expected(&self) -> &'static [HandshakeType] {
        if self.config.common.certificate_compression.is_empty() {
            &[HandshakeType::CERTIFICATE]
        } else {
            &[HandshakeType::CERTIFICATE, HandshakeType::COMPRESSED_CERTIFICATE]
        }
    }

    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<ServerState, Error> {
        let Self { config, verifier, mut finished } = self;
        let (common, transcript) = (&config.common, &mut finished.transcript);
        let mut decompressed = Region::default();
        let (body, _) = authentication::certificate_body(message, &common.certificate_compression, &mut decompressed)?;
        let certificate = authentication::on_certificate(&verifier, common, message, body, transcript, effects)?;
        // RFC 8446 4.4.3: who shows no certificate has nothing to sign with.
        if certificate.chain.is_empty() {
            finished.negotiated.client_certificate = ClientCertificate::Missing;
            return Ok(ServerState::Finished(finished));
        }
        let chain = certificate.chain.into_iter().map(CertificateDer::into_owned).collect();
        Ok(ServerState::CertificateVerify(WaitCertificateVerify { config, chain, finished }))
    }
}

/// Waiting for the client's CertificateVerify.
pub(in crate::handshake) struct WaitCertificateVerify {
    config: Arc<ServerConfig>,
    chain: Arc<[CertificateDer<'static>]>,
    finished: WaitFinished,
}

impl WaitCertificateVerify {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<ServerState, Error> {
        let Self { config, chain, mut finished } = self;
        let (common, transcript) = (&config.common, &mut finished.transcript);
        let scheme = authentication::on_certificate_verify(Signer::Client, common, message, transcript, effects)?;
        finished.negotiated.client_certificate = ClientCertificate::Shown { chain, scheme };
        Ok(ServerState::Finished(finished))
    }
}

impl VerifyPeer for Arc<dyn VerifyClient> {
    fn on_missing(&self) -> Result<(), Error> {
        if self.is_required() { Err(CertificateError::Required.into()) } else { Ok(()) }
    }

    fn requested(&self) -> StapledRequest {
        StapledRequest::default()
    }

    fn verify(&self, provider: &Provider, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Error> {
        self.verify_client(provider, chain, now)
    }

    fn to_check(&self, provider: &'static Provider, now: UnixTime) -> ChainCheck {
        let verifier = Self::clone(self);
        Box::new(move |chain| verifier.verify_client(provider, chain, now))
    }
}
