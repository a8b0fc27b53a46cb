//! The server's encrypted flight: EncryptedExtensions to Finished.

use std::sync::Arc;

use rustls_pki_types::{CertificateDer, UnixTime};

use super::early_data::EarlyData;
use super::own_flight::OwnFlight;
use super::{ClientContext, ClientState};
use crate::codes::{CertificateCompressionAlgorithm, HandshakeType, NamedGroup};
use crate::crypto::{Provider, Suite};
use crate::error::{CertificateError, Error};
use crate::handshake::authentication::{self, CertificateChoice, VerifyPeer};
use crate::handshake::effects::{Authentication, Effect, Effects};
use crate::handshake::job::ChainCheck;
use crate::keys::{FinishedKey, HandshakeKeys, MasterSecret, Transcript};
use crate::mem::Region;
use crate::msgs::{CertificateRequest, EncryptedExtensions, Message, OfferedExtensions, Signer, StapledRequest};

/// What is known from the ServerHello on.
pub(super) struct HandshakeContext {
    pub(super) client: ClientContext,
    pub(super) suite: Suite,
    /// None where a PSK is used alone.
    pub(super) group: Option<NamedGroup>,
    pub(super) hello_retry: bool,
    pub(super) transcript: Transcript,
    pub(super) client_keys: HandshakeKeys,
    pub(super) server_finished: FinishedKey,
    pub(super) master: MasterSecret,
    /// The protocol of EncryptedExtensions.
    pub(super) alpn: Option<Arc<[u8]>>,
    pub(super) early_data: EarlyData,
    /// The identity of the external PSK that is used.
    pub(super) psk_identity: Option<Arc<[u8]>>,
    /// What the server has compressed its certificate with.
    pub(super) certificate_compression: Option<CertificateCompressionAlgorithm>,
    /// Where the server has sent a CertificateRequest: the client's certificate for it, if there is one that fits.
    pub(super) requested: Option<Option<CertificateChoice>>,
}

/// Waiting for EncryptedExtensions.
pub(in crate::handshake) struct WaitEncryptedExtensions {
    pub(super) handshake: HandshakeContext,
    pub(super) offered: OfferedExtensions,
    /// Where the server has chosen a PSK: what it proves, and the identity of an external one.
    pub(super) psk: Option<(Authentication, Option<Arc<[u8]>>)>,
}

impl WaitEncryptedExtensions {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<ClientState, Error> {
        let body = message.expect(HandshakeType::ENCRYPTED_EXTENSIONS, "EncryptedExtensions")?;
        let Self { mut handshake, offered, psk } = self;
        let extensions = EncryptedExtensions::decode(body, offered)?;
        if let Some(name) = extensions.alpn {
            // RFC 7301 3.1: a server can't choose what was not offered.
            let offered = handshake.client.config.common.alpn.iter().find(|offered| ***offered == *name);
            let chosen = offered.ok_or(Error::IllegalParameter("an application protocol that was not offered"))?;
            handshake.alpn = Some(chosen.clone());
        }
        // RFC 8449 4: negotiated now that both ends have told theirs.
        let limits = handshake.client.config.common.record_size_limit.zip(extensions.record_size_limit);
        if let Some((ours, theirs)) = limits {
            effects.push(Effect::LimitRecords { write: Some(theirs), read: Some(ours) })?;
        }
        handshake.on_early_data_answer(extensions.early_data, effects)?;
        handshake.transcript.add(message.bytes);
        if let Some((authentication, psk_identity)) = psk {
            handshake.psk_identity = psk_identity;
            return Ok(ClientState::Finished(WaitFinished { handshake, authentication }));
        }
        Ok(ClientState::Certificate(WaitCertificate { handshake }))
    }
}

/// Waiting for Certificate, perhaps after a CertificateRequest.
pub(in crate::handshake) struct WaitCertificate {
    handshake: HandshakeContext,
}

impl WaitCertificate {
    /// The messages that are allowed: at most one CertificateRequest, and the CompressedCertificate where it was offered (RFC 8879 4).
    pub(super) fn expected(&self) -> &'static [HandshakeType] {
        const TYPES: &[HandshakeType] =
            &[HandshakeType::CERTIFICATE_REQUEST, HandshakeType::CERTIFICATE, HandshakeType::COMPRESSED_CERTIFICATE];
        let is_compression_offered = !self.handshake.client.config.common.certificate_compression.is_empty();
        match (self.handshake.requested.is_none(), is_compression_offered) {
            (true, true) => TYPES,
            (true, false) => &TYPES[..2],
            (false, true) => &TYPES[1..],
            (false, false) => &TYPES[1..2],
        }
    }

    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<ClientState, Error> {
        let Self { mut handshake } = self;
        if message.handshake_type == HandshakeType::CERTIFICATE_REQUEST && handshake.requested.is_none() {
            handshake.on_request(message)?;
            return Ok(ClientState::Certificate(Self { handshake }));
        }
        let client = &handshake.client;
        let transcript = &mut handshake.transcript;
        let (common, mut decompressed) = (&client.config.common, Region::default());
        let (body, compression) =
            authentication::certificate_body(message, &common.certificate_compression, &mut decompressed)?;
        handshake.certificate_compression = compression;
        let certificate = authentication::on_certificate(client, common, message, body, transcript, effects)?;
        effects.keep_stapled(certificate.stapled)?;
        Ok(ClientState::CertificateVerify(WaitCertificateVerify { handshake }))
    }
}

impl HandshakeContext {
    /// Chooses the certificate for a CertificateRequest.
    #[cold]
    fn on_request(&mut self, message: &Message<'_>) -> Result<(), Error> {
        let request = CertificateRequest::decode(message.body())?;
        // RFC 8446 4.3.2: the context is for requests after the handshake.
        if !request.context.is_empty() {
            return Err(Error::IllegalParameter("the context of a CertificateRequest in the handshake"));
        }
        let certificates = &self.client.config.certificates;
        let (schemes, common) = (request.signature_algorithms, &self.client.config.common);
        self.requested = Some(CertificateChoice::best_of(certificates, schemes, &request.wanted, common));
        self.transcript.add(message.bytes);
        Ok(())
    }
}

/// Waiting for CertificateVerify.
pub(in crate::handshake) struct WaitCertificateVerify {
    handshake: HandshakeContext,
}

impl WaitCertificateVerify {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<ClientState, Error> {
        let Self { mut handshake } = self;
        let (common, transcript) = (&handshake.client.config.common, &mut handshake.transcript);
        let scheme = authentication::on_certificate_verify(Signer::Server, common, message, transcript, effects)?;
        let authentication = Authentication::Certificate(scheme);
        Ok(ClientState::Finished(WaitFinished { handshake, authentication }))
    }
}

/// Waiting for the server's Finished.
pub(in crate::handshake) struct WaitFinished {
    handshake: HandshakeContext,
    authentication: Authentication,
}

impl WaitFinished {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<ClientState, Error> {
        let Self { mut handshake, authentication } = self;
        authentication::on_finished(&handshake.server_finished, message, &handshake.transcript)?;
        handshake.transcript.add(message.bytes);
        OwnFlight { handshake, authentication }.send(effects)
    }
}

/// Such a server was refused before.
const NO_VERIFIER: Error = Error::Internal("a certificate where a PSK is required");

impl VerifyPeer for ClientContext {
    fn on_missing(&self) -> Result<(), Error> {
        Err(CertificateError::Missing.into())
    }

    fn requested(&self) -> StapledRequest {
        self.config.stapled
    }

    fn verify(&self, provider: &Provider, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Error> {
        let verifier = self.config.verifier.as_ref().ok_or(NO_VERIFIER)?;
        verifier.verify_server(provider, chain, &self.server_name, now)
    }

    fn to_check(&self, provider: &'static Provider, now: UnixTime) -> ChainCheck {
        let (config, server_name) = (Arc::clone(&self.config), self.server_name.clone());
        Box::new(move |chain| {
            let verifier = config.verifier.as_ref().ok_or(NO_VERIFIER)?;
            verifier.verify_server(provider, chain, &server_name, now)
        })
    }
}
