//! The client's flight: Finished, and before it a Certificate where one was requested.

use std::sync::Arc;

use super::flight::HandshakeContext;
use super::{ClientContext, ClientState};
use crate::codes::{ProtocolVersion, SignatureScheme};
use crate::error::Error;
use crate::handshake::authentication::{self, Signing};
use crate::handshake::effects::{Authentication, ClientCertificate, Direction, Effect, Effects, Negotiated};
use crate::keys::SecretLabel;
use crate::mem::Digest;
use crate::msgs::{Signer, encode_certificate};

/// What is sent once the server's Finished has verified. While a job signs, what goes before the signature was sent.
pub(in crate::handshake) struct OwnFlight {
    pub(super) handshake: HandshakeContext,
    pub(super) authentication: Authentication,
    /// The transcript up to the server's Finished, which the keys for application data come from (RFC 8446 7.1).
    pub(super) server_flight: Digest,
    pub(super) client_certificate: ClientCertificate,
}

impl OwnFlight {
    /// Sends the Certificate that was requested, signs what was said so far, or pauses for that, and sends the rest.
    pub(super) fn send(mut self, effects: &mut Effects) -> Result<ClientState, Error> {
        match self.handshake.requested.take() {
            None => self.finish(effects),
            // RFC 8446 4.4.2: without a certificate that fits, a list of none, and no CertificateVerify.
            Some(None) => {
                self.client_certificate = ClientCertificate::Missing;
                effects.send(&mut self.handshake.transcript, |out| encode_certificate(out, &[], &[]))?;
                self.finish(effects)
            }
            Some(Some(choice)) => {
                let HandshakeContext { client, transcript, .. } = &mut self.handshake;
                let chain = &choice.certificate.chain;
                self.client_certificate =
                    ClientCertificate::Shown { chain: Arc::from(&chain[..]), scheme: choice.scheme };
                effects.send(transcript, |out| encode_certificate(out, &[], chain))?;
                match choice.sign(Signer::Client, &client.config.common, transcript, effects)? {
                    Signing::Signed(signature) => self.finish_signed(choice.scheme, &signature, effects),
                    Signing::Paused(job) => Ok(ClientState::Signing(job, choice.scheme, self)),
                }
            }
        }
    }

    /// Sends CertificateVerify with `signature`, and Finished.
    pub(super) fn finish_signed(
        mut self,
        scheme: SignatureScheme,
        signature: &[u8],
        effects: &mut Effects,
    ) -> Result<ClientState, Error> {
        authentication::send_certificate_verify(scheme, signature, &mut self.handshake.transcript, effects)?;
        self.finish(effects)
    }

    /// Sends Finished. The handshake is done then.
    fn finish(self, effects: &mut Effects) -> Result<ClientState, Error> {
        let Self { mut handshake, authentication, server_flight, client_certificate } = self;
        authentication::send_finished(&handshake.client_secret, &mut handshake.transcript, effects)?;
        let master = handshake.secret.into_master();
        let client_secret = master.client_traffic(&server_flight);
        let server_secret = master.server_traffic(&server_flight);
        handshake.client.log(SecretLabel::ClientApplication, client_secret.secret());
        handshake.client.log(SecretLabel::ServerApplication, server_secret.secret());
        handshake.client.log(SecretLabel::Exporter, &master.exporter(&server_flight));
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
            client_certificate,
        };
        let ClientContext { config, server_name, .. } = handshake.client;
        let server_name = config.tickets.is_some().then_some(server_name);
        effects.push(Effect::Ready { negotiated, resumption: Some(resumption), server_name })?;
        Ok(ClientState::Ready)
    }
}
