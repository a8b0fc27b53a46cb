//! The server's encrypted flight: EncryptedExtensions to Finished.

use std::sync::Arc;

use rustls_pki_types::CertificateDer;

use super::{ClientContext, ClientState};
use crate::codes::{HandshakeType, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::crypto::{Provider, Suite};
use crate::error::{CertificateError, Error};
use crate::handshake::authentication;
use crate::handshake::effects::{Authentication, Direction, Effect, Effects, Negotiated};
use crate::handshake::job::{JobKind, Work};
use crate::keys::{HandshakeSecret, SecretLabel, TrafficSecret, Transcript};
use crate::mem::Region;
use crate::msgs::{
    CertificateMessage, CertificateRequest, EncryptedExtensions, Message, OfferedExtensions, Signer,
    encode_certificate, encode_message,
};

/// What is known from the ServerHello on.
pub(super) struct HandshakeContext {
    pub(super) client: ClientContext,
    pub(super) suite: Suite,
    pub(super) group: NamedGroup,
    pub(super) hello_retry: bool,
    pub(super) transcript: Transcript,
    pub(super) secret: HandshakeSecret,
    pub(super) client_secret: TrafficSecret,
    pub(super) server_secret: TrafficSecret,
    /// The protocol of EncryptedExtensions.
    pub(super) alpn: Option<Arc<[u8]>>,
    pub(super) early_data: EarlyData,
    /// Whether the server has sent a CertificateRequest.
    pub(super) is_certificate_requested: bool,
}

/// What becomes of early data. Its keys stay until EncryptedExtensions say it.
pub(super) enum EarlyData {
    /// There is none, or it was rejected.
    None,
    /// It was announced, and can't be accepted: not without the PSK, or with another suite.
    Void,
    /// It was announced, with a ticket of a connection with this application protocol.
    Offered { alpn: Option<Arc<[u8]>> },
    /// The server has accepted it.
    Accepted,
}

/// Waiting for EncryptedExtensions.
pub(in crate::handshake) struct WaitEncryptedExtensions {
    pub(super) handshake: HandshakeContext,
    pub(super) offered: OfferedExtensions,
    /// Whether the server has chosen the PSK of the client's ticket.
    pub(super) is_resumed: bool,
}

impl WaitEncryptedExtensions {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<ClientState, Error> {
        let body = message.expect(HandshakeType::ENCRYPTED_EXTENSIONS, "EncryptedExtensions")?;
        let Self { mut handshake, offered, is_resumed } = self;
        let extensions = EncryptedExtensions::decode(body, offered)?;
        if let Some(name) = extensions.alpn {
            // RFC 7301 3.1: a server can't choose what was not offered.
            let offered = handshake.client.config.common.alpn.iter().find(|offered| ***offered == *name);
            let chosen = offered.ok_or(Error::IllegalParameter("an application protocol that was not offered"))?;
            handshake.alpn = Some(chosen.clone());
        }
        handshake.on_early_data_answer(extensions.early_data, effects)?;
        handshake.transcript.add(message.bytes);
        if is_resumed {
            return Ok(ClientState::Finished(WaitFinished { handshake, authentication: Authentication::Resumption }));
        }
        Ok(ClientState::Certificate(WaitCertificate { handshake }))
    }
}

/// Waiting for Certificate, perhaps after a CertificateRequest.
pub(in crate::handshake) struct WaitCertificate {
    handshake: HandshakeContext,
}

impl WaitCertificate {
    /// Whether a CertificateRequest is allowed: at most one is.
    pub(super) const fn may_be_asked(&self) -> bool {
        !self.handshake.is_certificate_requested
    }

    pub(super) fn on(mut self, message: &Message<'_>, effects: &mut Effects) -> Result<ClientState, Error> {
        if message.handshake_type == HandshakeType::CERTIFICATE_REQUEST && self.may_be_asked() {
            let request = CertificateRequest::decode(message.body())?;
            // RFC 8446 4.3.2: the context is for requests after the handshake.
            if !request.context.is_empty() {
                return Err(Error::IllegalParameter("the context of a CertificateRequest in the handshake"));
            }
            self.handshake.is_certificate_requested = true;
            self.handshake.transcript.add(message.bytes);
            return Ok(ClientState::Certificate(self));
        }
        let body = message.expect(HandshakeType::CERTIFICATE, "Certificate")?;
        let certificate = CertificateMessage::decode(body)?;
        if !certificate.context.is_empty() {
            return Err(Error::IllegalParameter("the context of the server's Certificate"));
        }
        let Self { mut handshake } = self;
        let config = &handshake.client.config;
        if config.common.pauses.contains(JobKind::VerifyChain) && !certificate.chain.is_empty() {
            handshake.client.verify_chain_elsewhere(body, effects);
        } else {
            let now = config.common.clock.now();
            config.verifier.verify_server(
                config.common.provider,
                &certificate.chain,
                &handshake.client.server_name,
                now,
            )?;
        }
        let leaf = certificate.chain.first().ok_or(CertificateError::Missing)?;
        effects.kept.extend_from_slice(leaf);
        handshake.transcript.add(message.bytes);
        Ok(ClientState::CertificateVerify(WaitCertificateVerify { handshake }))
    }
}

/// Waiting for CertificateVerify. [`Effects::kept`] holds the leaf.
pub(in crate::handshake) struct WaitCertificateVerify {
    handshake: HandshakeContext,
}

impl WaitCertificateVerify {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<ClientState, Error> {
        let Self { mut handshake } = self;
        let common = &handshake.client.config.common;
        let provider = common.provider;
        let leaf = CertificateDer::from(effects.kept.as_slice());
        let transcript = &mut handshake.transcript;
        let signature = if common.pauses.contains(JobKind::VerifySignature) {
            verify_signature_elsewhere(provider, message, transcript, effects)?
        } else {
            authentication::on_certificate_verify(Signer::Server, &leaf, provider, message, transcript)?
        };
        effects.kept.clear();
        let authentication = Authentication::Certificate(signature);
        Ok(ClientState::Finished(WaitFinished { handshake, authentication }))
    }
}

/// Makes a job of verifying the signature of CertificateVerify with the leaf that was kept.
#[cold]
fn verify_signature_elsewhere(
    provider: &'static Provider,
    message: &Message<'_>,
    transcript: &mut Transcript,
    effects: &mut Effects,
) -> Result<SignatureScheme, Error> {
    let (verify, content) = authentication::unverified(Signer::Server, message, transcript)?;
    let leaf = Region::copy_of(effects.kept.as_slice());
    let (scheme, signature) = (verify.scheme, verify.signature.to_vec());
    effects.pause(Work::VerifySignature { provider, leaf, scheme, content, signature });
    transcript.add(message.bytes);
    Ok(scheme)
}

/// Waiting for the server's Finished.
pub(in crate::handshake) struct WaitFinished {
    handshake: HandshakeContext,
    authentication: Authentication,
}

impl WaitFinished {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<ClientState, Error> {
        let Self { mut handshake, authentication } = self;
        authentication::on_finished(&handshake.server_secret, message, &handshake.transcript)?;
        handshake.transcript.add(message.bytes);
        let messages = handshake.transcript.current();

        let is_early_data_accepted = matches!(handshake.early_data, EarlyData::Accepted);
        if is_early_data_accepted {
            handshake.end_early_data(effects)?;
        }
        handshake.send_own_flight(effects)?;
        let master = handshake.secret.into_master();
        let client_secret = master.client_traffic(&messages);
        let server_secret = master.server_traffic(&messages);
        handshake.client.log(SecretLabel::ClientApplication, client_secret.secret());
        handshake.client.log(SecretLabel::ServerApplication, server_secret.secret());
        handshake.client.log(SecretLabel::Exporter, &master.exporter(&messages));
        let resumption = master.resumption(&handshake.transcript.current());

        let suite = handshake.suite;
        effects.push(Effect::application_keys(Direction::Write, &suite, client_secret))?;
        effects.push(Effect::application_keys(Direction::Read, &suite, server_secret))?;
        let negotiated = Negotiated {
            version: ProtocolVersion::TLS13,
            suite: suite.code,
            group: handshake.group,
            authentication,
            alpn: handshake.alpn,
            server_name: handshake.client.host_name().map(Into::into),
            hello_retry: handshake.hello_retry,
            early_data: is_early_data_accepted,
        };
        let ClientContext { config, server_name, .. } = handshake.client;
        let server_name = config.tickets.is_some().then_some(server_name);
        effects.push(Effect::Ready { negotiated, resumption: Some(resumption), server_name })?;
        Ok(ClientState::Ready)
    }
}

impl ClientContext {
    /// Makes a job of verifying the chain in the Certificate with `body`.
    #[cold]
    fn verify_chain_elsewhere(&self, body: &[u8], effects: &mut Effects) {
        effects.pause(Work::VerifyChain {
            config: Arc::clone(&self.config),
            certificate: Region::copy_of(body),
            server_name: self.server_name.clone(),
            now: self.config.common.clock.now(),
        });
    }
}

impl HandshakeContext {
    /// Goes on with early data, or ends it, as EncryptedExtensions says (RFC 8446 4.2.10).
    fn on_early_data_answer(&mut self, is_accepted: bool, effects: &mut Effects) -> Result<(), Error> {
        match (&self.early_data, is_accepted) {
            (EarlyData::None, false) => {}
            (EarlyData::Offered { alpn }, true) if *alpn == self.alpn => self.early_data = EarlyData::Accepted,
            (EarlyData::Offered { .. } | EarlyData::Void, false) => {
                self.early_data = EarlyData::None;
                effects.push(Effect::EndEarlyData)?;
                effects.push(Effect::handshake_keys(Direction::Write, &self.suite, &self.client_secret))?;
            }
            _ => return Err(Error::IllegalParameter("early data accepted, but not as it was sent")),
        }
        Ok(())
    }

    /// Says that accepted early data ends here, and goes on with the keys of the handshake (RFC 8446 4.5).
    #[cold]
    fn end_early_data(&mut self, effects: &mut Effects) -> Result<(), Error> {
        effects.push(Effect::EndEarlyData)?;
        effects.send(&mut self.transcript, |out| encode_message(out, HandshakeType::END_OF_EARLY_DATA, |_| {}))?;
        effects.push(Effect::handshake_keys(Direction::Write, &self.suite, &self.client_secret))
    }

    /// The client's second flight: Finished, and before it an empty Certificate where one was requested.
    fn send_own_flight(&mut self, effects: &mut Effects) -> Result<(), Error> {
        if self.is_certificate_requested {
            effects.send(&mut self.transcript, |out| encode_certificate(out, &[], &[]))?;
        }
        authentication::send_finished(&self.client_secret, &mut self.transcript, effects)
    }
}
