//! The server's encrypted flight: EncryptedExtensions to Finished.

use std::sync::Arc;

use rustls_pki_types::CertificateDer;

use super::{Context, State};
use crate::codes::{HandshakeType, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::crypto::Suite;
use crate::error::{CertificateError, Error};
use crate::handshake::effects::{Effect, Effects, Negotiated};
use crate::keys::{HandshakeSecret, SecretLabel, TrafficSecret, Transcript};
use crate::msgs::{
    CertificateMessage, CertificateRequest, CertificateVerify, EncryptedExtensions, Finished, Message, Offered, Signer,
    encode_certificate, signed_content,
};
use crate::pki::verify_handshake_signature;

/// What is known from ServerHello on.
pub(super) struct Keyed {
    pub(super) context: Context,
    pub(super) suite: Suite,
    pub(super) group: NamedGroup,
    pub(super) hello_retry: bool,
    pub(super) transcript: Transcript,
    pub(super) handshake: HandshakeSecret,
    pub(super) client_secret: TrafficSecret,
    pub(super) server_secret: TrafficSecret,
    /// The protocol of EncryptedExtensions.
    pub(super) alpn: Option<Arc<[u8]>>,
    /// Whether a CertificateRequest came. Its context is empty.
    pub(super) is_certificate_requested: bool,
}

/// Waiting for EncryptedExtensions.
pub(in crate::handshake) struct WaitEncryptedExtensions {
    pub(super) keyed: Keyed,
    pub(super) offered: Offered,
}

impl WaitEncryptedExtensions {
    pub(super) fn on(self, message: &Message<'_>) -> Result<State, Error> {
        let body = message.expect(HandshakeType::ENCRYPTED_EXTENSIONS, "EncryptedExtensions")?;
        let Self { mut keyed, offered } = self;
        let extensions = EncryptedExtensions::decode(body, offered)?;
        if let Some(name) = extensions.alpn {
            // RFC 7301 3.1: a server can't choose what was not offered.
            let offered = keyed.context.config.common.alpn.iter().find(|offered| ***offered == *name);
            let chosen = offered.ok_or(Error::IllegalParameter("an application protocol that was not offered"))?;
            keyed.alpn = Some(chosen.clone());
        }
        keyed.transcript.add(message.bytes);
        Ok(State::Certificate(WaitCertificate { keyed }))
    }
}

/// Waiting for Certificate, perhaps after a CertificateRequest.
pub(in crate::handshake) struct WaitCertificate {
    keyed: Keyed,
}

impl WaitCertificate {
    /// Whether a CertificateRequest may come: it has not yet.
    pub(super) const fn may_be_asked(&self) -> bool {
        !self.keyed.is_certificate_requested
    }

    pub(super) fn on(mut self, message: &Message<'_>, effects: &mut Effects) -> Result<State, Error> {
        if message.handshake_type == HandshakeType::CERTIFICATE_REQUEST && self.may_be_asked() {
            let request = CertificateRequest::decode(message.body())?;
            // RFC 8446 4.3.2: the context is for requests after the handshake.
            if !request.context.is_empty() {
                return Err(Error::IllegalParameter("the context of a CertificateRequest in the handshake"));
            }
            self.keyed.is_certificate_requested = true;
            self.keyed.transcript.add(message.bytes);
            return Ok(State::Certificate(self));
        }
        let body = message.expect(HandshakeType::CERTIFICATE, "Certificate")?;
        let certificate = CertificateMessage::decode(body)?;
        if !certificate.context.is_empty() {
            return Err(Error::IllegalParameter("the context of the server's Certificate"));
        }
        let Self { mut keyed } = self;
        let config = &keyed.context.config;
        let now = config.common.clock.now();
        config.verifier.verify_chain(&certificate.chain, &keyed.context.server_name, now)?;
        let leaf = certificate.chain.first().ok_or(CertificateError::Missing)?;
        effects.kept.extend_from_slice(leaf);
        keyed.transcript.add(message.bytes);
        Ok(State::CertificateVerify(WaitCertificateVerify { keyed }))
    }
}

/// Waiting for CertificateVerify. [`Effects::kept`] holds the leaf.
pub(in crate::handshake) struct WaitCertificateVerify {
    keyed: Keyed,
}

impl WaitCertificateVerify {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<State, Error> {
        let body = message.expect(HandshakeType::CERTIFICATE_VERIFY, "CertificateVerify")?;
        let Self { mut keyed } = self;
        let verify = CertificateVerify::decode(body)?;
        let content = signed_content(Signer::Server, &keyed.transcript.current());
        let provider = keyed.context.config.common.provider;
        let leaf = CertificateDer::from(effects.kept.as_slice());
        verify_handshake_signature(provider, &leaf, verify.scheme, &content, verify.signature)?;
        effects.kept.clear();
        keyed.transcript.add(message.bytes);
        Ok(State::Finished(WaitFinished { keyed, signature: verify.scheme }))
    }
}

/// Waiting for the server's Finished.
pub(in crate::handshake) struct WaitFinished {
    keyed: Keyed,
    signature: SignatureScheme,
}

impl WaitFinished {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<State, Error> {
        let body = message.expect(HandshakeType::FINISHED, "Finished")?;
        let Self { mut keyed, signature } = self;
        let expected = keyed.server_secret.finished(&keyed.transcript.current());
        Finished { verify_data: expected }.check(body)?;
        if !message.ends_record {
            return Err(message.unexpected("the end of a record, as the keys change"));
        }
        keyed.transcript.add(message.bytes);
        let messages = keyed.transcript.current();

        keyed.send_own_flight(effects);
        let master = keyed.handshake.into_master();
        let client_secret = master.client_traffic(&messages);
        let server_secret = master.server_traffic(&messages);
        keyed.context.log(SecretLabel::ClientApplication, client_secret.secret());
        keyed.context.log(SecretLabel::ServerApplication, server_secret.secret());
        keyed.context.log(SecretLabel::Exporter, &master.exporter(&messages));
        let resumption = master.resumption(&keyed.transcript.current());

        let suite = keyed.suite;
        effects.push(Effect::InstallWrite { suite, secret: client_secret });
        effects.push(Effect::InstallRead { suite, secret: server_secret });
        let negotiated = Negotiated {
            version: ProtocolVersion::TLS13,
            suite: suite.code,
            group: keyed.group,
            signature,
            alpn: keyed.alpn,
            server_name: keyed.context.host_name().map(Into::into),
            hello_retry: keyed.hello_retry,
        };
        effects.push(Effect::Ready { negotiated, resumption: Some(resumption) });
        Ok(State::Ready)
    }
}

impl Keyed {
    /// The client's second flight: no certificate where one was asked for, as it has none, and Finished.
    fn send_own_flight(&mut self, effects: &mut Effects) {
        if self.is_certificate_requested {
            effects.send(&mut self.transcript, |out| encode_certificate(out, &[], &[]));
        }
        let verify_data = self.client_secret.finished(&self.transcript.current());
        effects.send(&mut self.transcript, |out| Finished { verify_data }.encode(out));
    }
}
