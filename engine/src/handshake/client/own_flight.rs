//! The client's flight: Finished, and before it a Certificate where one was requested.

use std::sync::Arc;

use super::flight::HandshakeContext;
use super::{ClientContext, ClientState};
use crate::codes::ProtocolVersion;
use crate::error::Error;
use crate::handshake::authentication::{self, CertificateChoice, Signing};
use crate::handshake::effects::{Authentication, ClientCertificate, Direction, Effect, Effects, Negotiated};
use crate::keys::SecretLabel;
use crate::mem::Digest;
use crate::msgs::{Signer, StapledExtensions, encode_certificate};

/// RFC 8446 4.4.2.1: a client may leave out what a CertificateRequest asks for.
const NOTHING_STAPLED: StapledExtensions<'_> = StapledExtensions { ocsp_response: None, timestamps: None };

/// What is sent once the server's Finished has verified. While a job signs, what goes before the signature was sent.
pub(in crate::handshake) struct OwnFlight {
    pub(super) handshake: HandshakeContext,
    pub(super) authentication: Authentication,
}

impl OwnFlight {
    /// Sends the Certificate that was requested, signs what was said so far, or pauses for that, and sends the rest.
    pub(super) fn send(mut self, effects: &mut Effects) -> Result<ClientState, Error> {
        // The keys for application data come from the transcript up to here (RFC 8446 7.1).
        let server_flight = self.handshake.transcript.current();
        if self.handshake.early_data.is_accepted() {
            self.handshake.end_early_data(effects)?;
        }
        let HandshakeContext { client, transcript, requested, .. } = &mut self.handshake;
        match requested {
            None => {}
            // RFC 8446 4.4.2: without a certificate that fits, a list of none, and no CertificateVerify.
            Some(None) => effects.send(transcript, |out| encode_certificate(out, &[], &[], NOTHING_STAPLED))?,
            Some(Some(choice)) => {
                effects.send(transcript, |out| {
                    choice.encode_certificate(NOTHING_STAPLED, out);
                })?;
                match choice.sign(Signer::Client, &client.config.common, transcript, effects)? {
                    Signing::Signed(signature) => {
                        authentication::send_certificate_verify(choice.scheme, &signature, transcript, effects)?;
                    }
                    Signing::Paused(job) => {
                        effects.kept.extend_from_slice(server_flight.as_bytes());
                        return Ok(ClientState::Signing(job, self));
                    }
                }
            }
        }
        self.finish(&server_flight, effects)
    }

    /// Sends CertificateVerify with `signature`, which a job has made, and the rest.
    pub(super) fn resume(mut self, signature: &[u8], effects: &mut Effects) -> Result<ClientState, Error> {
        let HandshakeContext { transcript, requested, .. } = &mut self.handshake;
        let Some(Some(choice)) = requested else { return Err(Error::Internal("a signature without a certificate")) };
        authentication::send_certificate_verify(choice.scheme, signature, transcript, effects)?;
        let server_flight = Digest::copy_of(effects.kept.as_slice());
        effects.kept.clear();
        self.finish(&server_flight, effects)
    }

    /// Sends Finished. The handshake is done then.
    fn finish(self, server_flight: &Digest, effects: &mut Effects) -> Result<ClientState, Error> {
        let Self { mut handshake, authentication } = self;
        authentication::send_finished(&handshake.client_keys.finished, &mut handshake.transcript, effects)?;
        let master = &handshake.master;
        let [client_secret, server_secret] = master.traffic(server_flight);
        handshake.client.log(SecretLabel::ClientApplication, client_secret.secret());
        handshake.client.log(SecretLabel::ServerApplication, server_secret.secret());
        effects.keep_exporter(handshake.client.config.common.exporter(
            &handshake.client.random,
            master,
            server_flight,
        ))?;
        let resumption = master.resumption(&handshake.transcript.current());

        let suite = handshake.suite;
        effects.push(Effect::application_keys(Direction::Write, &suite, client_secret))?;
        effects.push(Effect::application_keys(Direction::Read, &suite, server_secret))?;
        let negotiated = Negotiated {
            version: ProtocolVersion::TLS13,
            suite: suite.code,
            group: handshake.group,
            authentication,
            psk_identity: handshake.psk_identity,
            alpn: handshake.alpn,
            server_name: handshake.client.host_name().map(Into::into),
            hello_retry: handshake.hello_retry,
            early_data: handshake.early_data.is_accepted(),
            certificate_compression: handshake.certificate_compression,
            client_certificate: shown(handshake.requested.as_ref()),
        };
        let ClientContext { config, server_name, .. } = handshake.client;
        let server_name = config.tickets.is_some().then_some(server_name);
        effects.push(Effect::Ready { negotiated, resumption: Some(resumption), server_name })?;
        Ok(ClientState::Ready)
    }
}

/// What is told of the certificate that was shown, or not.
fn shown(requested: Option<&Option<CertificateChoice>>) -> ClientCertificate {
    match requested {
        None => ClientCertificate::NotRequested,
        Some(None) => ClientCertificate::Missing,
        Some(Some(CertificateChoice { certificate, scheme, .. })) => {
            ClientCertificate::Shown { chain: Arc::from(&certificate.chain[..]), scheme: *scheme }
        }
    }
}
