//! The server's flight: ServerHello to Finished.

use std::sync::Arc;

use compact_str::CompactString;

use super::ServerState;
use super::client_certificate::WaitCertificate;
use super::finished::{WaitEndOfEarlyData, WaitFinished};
use super::resumption::AcceptedPsk;
use crate::codes::ProtocolVersion;
use crate::crypto::{Group, Suite};
use crate::error::Error;
use crate::handshake::authentication::{self, CertificateChoice, Signing};
use crate::handshake::config::{ClientAuthentication, Common};
use crate::handshake::effects::{Authentication, ClientCertificate, Direction, Effect, Effects, Negotiated};
use crate::handshake::{ServerConfig, negotiate};
use crate::keys::{EarlySecret, FinishedKey, HandshakeKeys, MasterSecret, SecretLabel, TrafficSecret, Transcript};
use crate::mem::{Secret, SharedSecret};
use crate::msgs::{ClientHello, EncryptedExtensions, KeyShareEntry, ServerHello, Signer};

/// What the server has chosen from a ClientHello.
pub(super) struct Choice<'a> {
    pub(super) suite: Suite,
    /// The group of the key exchange, and the client's share; none where a PSK is used alone.
    pub(super) exchange: Option<(&'static dyn Group, KeyShareEntry<'a>)>,
    pub(super) proof: Proof,
    pub(super) server_name: Option<CompactString>,
    pub(super) hello_retry: bool,
}

/// How the server proves who it is.
#[expect(clippy::large_enum_variant, reason = "there is one for a short time, and a box would be a heap call")]
pub(super) enum Proof {
    /// With a certificate, and a signature.
    Certificate(CertificateChoice),
    /// With a PSK.
    Psk(AcceptedPsk),
}

impl Proof {
    /// Which of the client's PSKs it is, if it is one.
    const fn selected_identity(&self) -> Option<u16> {
        match self {
            Self::Certificate(_) => None,
            Self::Psk(psk) => Some(psk.identity),
        }
    }

    /// The identity of an external PSK.
    fn external_identity(&self) -> Option<Arc<[u8]>> {
        match self {
            Self::Certificate(_) => None,
            Self::Psk(psk) => psk.external_identity.clone(),
        }
    }

    const fn authentication(&self) -> Authentication {
        match self {
            Self::Certificate(choice) => Authentication::Certificate(choice.scheme),
            Self::Psk(psk) => Authentication::with_psk(psk.origin),
        }
    }

    /// Where early data is accepted, the secret of its keys, over the ClientHello, and how many bytes of it are accepted.
    fn early_traffic(&self, transcript: &Transcript) -> Option<(TrafficSecret, u32)> {
        let Self::Psk(psk) = self else { return None };
        let bytes = psk.early_data?.bytes;
        Some((psk.secret.early().client_traffic(&transcript.current()), bytes))
    }

    /// The first stage of the key schedule.
    fn early_secret(&self, suite: &Suite) -> EarlySecret {
        match self {
            Self::Certificate(_) => EarlySecret::without_psk(suite.hash),
            Self::Psk(psk) => psk.secret.early().clone(),
        }
    }
}

/// What follows in the flight after the Certificate, once there is a signature, or after EncryptedExtensions where there is none.
pub(in crate::handshake) struct HalfFlight {
    config: Arc<ServerConfig>,
    suite: Suite,
    transcript: Transcript,
    client_handshake: HandshakeKeys,
    server_finished: FinishedKey,
    master: MasterSecret,
    client_random: [u8; 32],
    /// How much the client may send in one record, where that was negotiated.
    record_size_limit: Option<u16>,
    is_early_data_offered: bool,
    /// Where early data is accepted, the secret of its keys, and how many bytes of it are accepted.
    client_early: Option<(TrafficSecret, u32)>,
    /// Whether the client gets tickets. They are of no use to one that does not take PSKs (RFC 8446 4.2.9).
    gives_tickets: bool,
    negotiated: Negotiated,
}

impl Choice<'_> {
    /// Sends the flight up to the Certificate, signs what was said so far, or pauses for that, and sends the rest.
    pub(super) fn answer(
        self,
        config: Arc<ServerConfig>,
        hello: &ClientHello<'_>,
        mut transcript: Transcript,
        effects: &mut Effects,
    ) -> Result<ServerState, Error> {
        let alpn = negotiate::alpn(&config.common.alpn, hello)?.cloned();
        let suite = self.suite;
        let client_early = self.proof.early_traffic(&transcript);
        let shared = self.send_server_hello(&config.common, hello, &mut transcript, effects)?;
        let handshake = self.proof.early_secret(&suite).into_handshake(&shared).derive(&transcript.current());
        if let Some((early, _)) = &client_early {
            log(&config, &hello.random, SecretLabel::ClientEarly, early.secret());
        }
        log(&config, &hello.random, SecretLabel::ClientHandshake, handshake.client.secret());
        log(&config, &hello.random, SecretLabel::ServerHandshake, handshake.server.secret());
        let client_handshake = handshake.client.handshake_keys(suite.aead);
        let server_handshake = handshake.server.handshake_keys(suite.aead);
        // RFC 8449 4: negotiated where both ends have told theirs.
        let limits = config.common.record_size_limit.zip(hello.record_size_limit);
        let record_size_limit = limits.map(|(ours, _)| ours);
        if let Some((ours, theirs)) = limits {
            let read = client_early.is_none().then_some(ours);
            effects.push(Effect::LimitRecords { write: Some(theirs), read })?;
        }
        effects.push(Effect::handshake_keys(Direction::Write, server_handshake.records))?;

        let mut certificate_compression = None;
        effects.send(&mut transcript, |out| {
            // RFC 6066 3: the name of a session that is resumed is not acknowledged again.
            let server_name = self.server_name.is_some() && self.proof.authentication() != Authentication::Resumption;
            let (alpn, early_data) = (alpn.as_deref(), client_early.is_some());
            EncryptedExtensions { server_name, alpn, record_size_limit, early_data }.encode(out);
            if let Proof::Certificate(choice) = &self.proof {
                if let Some(ClientAuthentication { request, .. }) = &config.client_authentication {
                    out.extend_from_slice(request);
                }
                certificate_compression = choice.encode_certificate(choice.stapled(hello.stapled), out);
            }
        })?;
        let takes_psks = hello.takes_psk_dhe_ke() || (config.psk_ke && hello.takes_psk_ke());
        let gives_tickets = config.tickets.is_some() && takes_psks;
        let negotiated = Negotiated {
            version: ProtocolVersion::TLS13,
            suite: suite.code,
            group: self.exchange.map(|(group, _)| group.name()),
            authentication: self.proof.authentication(),
            psk_identity: self.proof.external_identity(),
            alpn,
            server_name: self.server_name,
            hello_retry: self.hello_retry,
            early_data: client_early.is_some(),
            certificate_compression,
            client_certificate: ClientCertificate::NotRequested,
        };
        let flight = HalfFlight {
            config,
            suite,
            transcript,
            client_handshake,
            server_finished: server_handshake.finished,
            master: handshake.master,
            client_random: hello.random,
            record_size_limit,
            is_early_data_offered: hello.early_data,
            client_early,
            gives_tickets,
            negotiated,
        };
        let Proof::Certificate(choice) = self.proof else { return flight.finish(effects) };
        match choice.sign(Signer::Server, &flight.config.common, &flight.transcript, effects)? {
            Signing::Signed(signature) => flight.finish_signed(&signature, effects),
            Signing::Paused(job) => Ok(ServerState::Signing(job, flight)),
        }
    }

    fn send_server_hello(
        &self,
        common: &Common,
        hello: &ClientHello<'_>,
        transcript: &mut Transcript,
        effects: &mut Effects,
    ) -> Result<SharedSecret, Error> {
        let mut random = [0; 32];
        common.random.fill(&mut random)?;
        let exchange = match self.exchange {
            Some((group, share)) => Some((group.name(), group.start_and_complete(share.key, common.random)?)),
            None => None,
        };
        let key_share =
            exchange.as_ref().map(|(group, exchange)| KeyShareEntry { group: *group, key: &exchange.share });
        let answer = ServerHello {
            random: &random,
            session_id: hello.session_id,
            cipher_suite: self.suite.code,
            key_share,
            selected_identity: self.proof.selected_identity(),
        };
        effects.send(transcript, |out| answer.encode(out))?;
        // RFC 8446 D.4: once, after the first message of the server.
        if !hello.session_id.is_empty() && !self.hello_retry {
            effects.push(Effect::SendChangeCipherSpec)?;
        }
        // RFC 8446 7.1: without a key exchange, zeros.
        let zeros = || SharedSecret::zeroed(self.suite.hash.output_len());
        Ok(exchange.map_or_else(zeros, |(_, exchange)| exchange.secret))
    }
}

impl HalfFlight {
    /// Sends CertificateVerify with `signature`, and the rest of the flight.
    pub(super) fn finish_signed(mut self, signature: &[u8], effects: &mut Effects) -> Result<ServerState, Error> {
        let scheme = self.negotiated.signature().ok_or(Error::Internal("a signature without a certificate"))?;
        authentication::send_certificate_verify(scheme, signature, &mut self.transcript, effects)?;
        self.finish(effects)
    }

    /// Sends the rest of the flight, and waits for that of the client.
    fn finish(self, effects: &mut Effects) -> Result<ServerState, Error> {
        let Self { config, suite, mut transcript, client_handshake, master, negotiated, .. } = self;
        authentication::send_finished(&self.server_finished, &mut transcript, effects)?;
        let messages = transcript.current();
        let [client_secret, server_secret] = master.traffic(&messages);
        log(&config, &self.client_random, SecretLabel::ClientApplication, client_secret.secret());
        log(&config, &self.client_random, SecretLabel::ServerApplication, server_secret.secret());
        let exporter = config.common.exporter(&self.client_random, &master, &messages);
        effects.push(Effect::application_keys(Direction::Write, &suite, server_secret))?;
        let early_data_skipped = config.early_data_skipped();
        // RFC 8446 4.3.2: not where a PSK is used.
        let asked = config.client_authentication.as_ref().filter(|_| negotiated.signature().is_some());
        let asked = asked.map(|asked| (config.clone(), asked.verifier.clone()));
        let tickets = self.gives_tickets.then_some((config, master));
        let mut finished =
            WaitFinished { suite, transcript, client_handshake, client_secret, exporter, negotiated, tickets };
        if let Some((early, bytes)) = self.client_early {
            finished.send_early_tickets(effects)?;
            effects.push(Effect::TakeEarlyData(early.keys(suite.aead), bytes))?;
            let record_size_limit = self.record_size_limit;
            return Ok(ServerState::EndOfEarlyData(WaitEndOfEarlyData { finished, record_size_limit }));
        }
        effects.push(Effect::handshake_keys(Direction::Read, finished.client_handshake.records.clone()))?;
        if self.is_early_data_offered {
            effects.push(Effect::SkipEarlyData(early_data_skipped))?;
        }
        Ok(match asked {
            Some((config, verifier)) => ServerState::Certificate(WaitCertificate { config, verifier, finished }),
            None => ServerState::Finished(finished),
        })
    }
}

fn log(config: &ServerConfig, client_random: &[u8; 32], label: SecretLabel, secret: &Secret) {
    if let Some(key_log) = &config.common.key_log {
        key_log.log(label, client_random, secret);
    }
}
