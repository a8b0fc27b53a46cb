//! The server's encrypted flight: EncryptedExtensions to Finished.

use std::sync::Arc;

use rustls_pki_types::CertificateDer;

use super::{ClientContext, ClientState};
use crate::codes::{HandshakeType, NamedGroup, ProtocolVersion};
use crate::crypto::Suite;
use crate::error::{CertificateError, Error};
use crate::handshake::authentication::{self, Unverified};
use crate::handshake::effects::{Authentication, Direction, Effect, Effects, Negotiated};
use crate::handshake::job::{JobId, JobKind, Work};
use crate::keys::{HandshakeSecret, SecretLabel, TrafficSecret, Transcript};
use crate::mem::Region;
use crate::msgs::{
    CertificateMessage, CertificateRequest, EncryptedExtensions, Message, OfferedExtensions, Signer, encode_certificate,
};
use crate::pki::verify_handshake_signature;

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
    /// Whether the server has sent a CertificateRequest.
    pub(super) is_certificate_requested: bool,
}

/// Waiting for EncryptedExtensions.
pub(in crate::handshake) struct WaitEncryptedExtensions {
    pub(super) handshake: HandshakeContext,
    pub(super) offered: OfferedExtensions,
    /// Whether the server has chosen the PSK of the client's ticket.
    pub(super) is_resumed: bool,
}

impl WaitEncryptedExtensions {
    pub(super) fn on(self, message: &Message<'_>) -> Result<ClientState, Error> {
        let body = message.expect(HandshakeType::ENCRYPTED_EXTENSIONS, "EncryptedExtensions")?;
        let Self { mut handshake, offered, is_resumed } = self;
        let extensions = EncryptedExtensions::decode(body, offered)?;
        if let Some(name) = extensions.alpn {
            // RFC 7301 3.1: a server can't choose what was not offered.
            let offered = handshake.client.config.common.alpn.iter().find(|offered| ***offered == *name);
            let chosen = offered.ok_or(Error::IllegalParameter("an application protocol that was not offered"))?;
            handshake.alpn = Some(chosen.clone());
        }
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
        let job = handshake.verify_chain(&certificate.chain, body, effects)?;
        let leaf = certificate.chain.first().ok_or(CertificateError::Missing)?;
        effects.kept.extend_from_slice(leaf);
        handshake.transcript.add(message.bytes);
        let next = WaitCertificateVerify { handshake };
        Ok(match job {
            Some(job) => ClientState::VerifyingChain(job, next),
            None => ClientState::CertificateVerify(next),
        })
    }
}

/// Waiting for CertificateVerify. [`Effects::kept`] holds the leaf.
pub(in crate::handshake) struct WaitCertificateVerify {
    handshake: HandshakeContext,
}

impl WaitCertificateVerify {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<ClientState, Error> {
        let Self { mut handshake } = self;
        let unverified = authentication::on_certificate_verify(Signer::Server, message, &mut handshake.transcript)?;
        let job = handshake.verify_signature(&unverified, effects)?;
        effects.kept.clear();
        let next = WaitFinished { handshake, authentication: Authentication::Certificate(unverified.scheme) };
        Ok(match job {
            Some(job) => ClientState::VerifyingSignature(job, next),
            None => ClientState::Finished(next),
        })
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
        authentication::on_finished(&handshake.server_secret, message, &handshake.transcript)?;
        handshake.transcript.add(message.bytes);
        let messages = handshake.transcript.current();

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
        };
        let ClientContext { config, server_name, .. } = handshake.client;
        let server_name = config.tickets.is_some().then_some(server_name);
        effects.push(Effect::Ready { negotiated, resumption: Some(resumption), server_name })?;
        Ok(ClientState::Ready)
    }
}

impl HandshakeContext {
    /// Verifies the chain in the Certificate with `body`, or pauses for it.
    fn verify_chain(
        &self,
        chain: &[CertificateDer<'_>],
        body: &[u8],
        effects: &mut Effects,
    ) -> Result<Option<JobId>, Error> {
        let ClientContext { config, server_name, .. } = &self.client;
        let now = config.common.clock.now();
        if config.common.pauses.contains(JobKind::VerifyChain) && !chain.is_empty() {
            let (config, server_name) = (Arc::clone(config), server_name.clone());
            return Ok(Some(effects.pause(Work::VerifyChain {
                config,
                certificate: Region::copy_of(body),
                server_name,
                now,
            })));
        }
        config.verifier.verify_server(config.common.provider, chain, server_name, now)?;
        Ok(None)
    }

    /// Verifies the signature of CertificateVerify with the leaf that was kept, or pauses for it.
    fn verify_signature(&self, unverified: &Unverified<'_>, effects: &mut Effects) -> Result<Option<JobId>, Error> {
        let common = &self.client.config.common;
        let Unverified { scheme, content, signature } = unverified;
        if common.pauses.contains(JobKind::VerifySignature) {
            return Ok(Some(effects.pause(Work::VerifySignature {
                provider: common.provider,
                leaf: Region::copy_of(effects.kept.as_slice()),
                scheme: *scheme,
                content: content.clone(),
                signature: signature.to_vec(),
            })));
        }
        let leaf = CertificateDer::from(effects.kept.as_slice());
        verify_handshake_signature(common.provider, &leaf, *scheme, content, signature)?;
        Ok(None)
    }

    /// The client's second flight: Finished, and before it an empty Certificate where one was requested.
    fn send_own_flight(&mut self, effects: &mut Effects) -> Result<(), Error> {
        if self.is_certificate_requested {
            effects.send(&mut self.transcript, |out| encode_certificate(out, &[], &[]))?;
        }
        authentication::send_finished(&self.client_secret, &mut self.transcript, effects)
    }
}
