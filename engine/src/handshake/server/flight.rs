//! The server's flight: ServerHello to Finished.

use std::sync::Arc;

use compact_str::CompactString;

use super::ServerState;
use super::finished::WaitFinished;
use super::resumption::AcceptedPsk;
use crate::codes::{ExtensionType, ProtocolVersion, SignatureScheme};
use crate::crypto::{Group, Suite};
use crate::error::Error;
use crate::handshake::config::Common;
use crate::handshake::effects::{Authentication, Direction, Effect, Effects, Negotiated};
use crate::handshake::negotiate;
use crate::handshake::{ServerConfig, authentication};
use crate::keys::{EarlySecret, SecretLabel, TrafficSecret, Transcript};
use crate::mem::{Secret, SharedSecret};
use crate::msgs::{ClientHello, EncryptedExtensions, KeyShareEntry, ServerHello, Signer, encode_certificate};
use crate::pki::CertifiedKey;

/// What the server has chosen from a ClientHello.
pub(super) struct Choice<'a> {
    pub(super) suite: Suite,
    pub(super) group: &'static dyn Group,
    pub(super) share: KeyShareEntry<'a>,
    pub(super) proof: Proof<'a>,
    pub(super) server_name: Option<CompactString>,
    pub(super) hello_retry: bool,
}

/// How the server proves who it is.
pub(super) enum Proof<'a> {
    /// With a certificate, and a signature of this scheme.
    Certificate(&'a CertifiedKey, SignatureScheme),
    /// With a PSK.
    Psk(AcceptedPsk),
}

impl<'a> Proof<'a> {
    /// The PSK that was accepted, else the first certificate whose signatures the client can verify.
    pub(super) fn choose(
        psk: Option<AcceptedPsk>,
        config: &'a ServerConfig,
        hello: &ClientHello<'_>,
    ) -> Result<Self, Error> {
        if let Some(psk) = psk {
            return Ok(Self::Psk(psk));
        }
        // RFC 8446 9.2: only a handshake with a PSK does without.
        let missing = Error::MissingExtension(ExtensionType::SIGNATURE_ALGORITHMS);
        let offered = hello.signature_algorithms.ok_or(missing)?;
        CertifiedKey::choose(&config.certificates, |scheme| offered.contains(scheme.0))
            .map(|(certificate, scheme)| Self::Certificate(certificate, scheme))
            .ok_or(Error::NothingInCommon("signature scheme"))
    }

    /// Which of the client's PSKs it is, if it is one.
    const fn selected_identity(&self) -> Option<u16> {
        match self {
            Self::Certificate(..) => None,
            Self::Psk(psk) => Some(psk.identity),
        }
    }

    /// How it is told.
    const fn authentication(&self) -> Authentication {
        match self {
            Self::Certificate(_, scheme) => Authentication::Certificate(*scheme),
            Self::Psk(_) => Authentication::Resumption,
        }
    }

    /// The first stage of the key schedule.
    fn early_secret(&self, suite: &Suite) -> EarlySecret {
        match self {
            Self::Certificate(..) => EarlySecret::new(suite.hash, None),
            Self::Psk(psk) => psk.early.clone(),
        }
    }
}

impl Choice<'_> {
    /// Sends the whole flight, and waits for the client's Finished.
    pub(super) fn answer(
        self,
        config: &Arc<ServerConfig>,
        hello: &ClientHello<'_>,
        mut transcript: Transcript,
        effects: &mut Effects,
    ) -> Result<ServerState, Error> {
        let alpn = negotiate::alpn(&config.common.alpn, hello)?;
        let suite = self.suite;
        let shared = self.send_server_hello(&config.common, hello, &mut transcript, effects)?;
        let handshake = self.proof.early_secret(&suite).into_handshake(&shared);
        let messages = transcript.current();
        let client_handshake = handshake.client_traffic(&messages);
        let server_handshake = handshake.server_traffic(&messages);
        log(config, hello, SecretLabel::ClientHandshake, client_handshake.secret());
        log(config, hello, SecretLabel::ServerHandshake, server_handshake.secret());
        effects.push(Effect::handshake_keys(Direction::Write, &suite, &server_handshake))?;

        self.send_encrypted_flight(config, alpn.map(|name| &**name), &server_handshake, &mut transcript, effects)?;
        let master = handshake.into_master();
        let messages = transcript.current();
        let client_secret = master.client_traffic(&messages);
        let server_secret = master.server_traffic(&messages);
        log(config, hello, SecretLabel::ClientApplication, client_secret.secret());
        log(config, hello, SecretLabel::ServerApplication, server_secret.secret());
        log(config, hello, SecretLabel::Exporter, &master.exporter(&messages));
        effects.push(Effect::application_keys(Direction::Write, &suite, server_secret))?;
        effects.push(Effect::handshake_keys(Direction::Read, &suite, &client_handshake))?;
        if hello.early_data {
            effects.push(Effect::SkipEarlyData)?;
        }
        let negotiated = Negotiated {
            version: ProtocolVersion::TLS13,
            suite: suite.code,
            group: self.group.name(),
            authentication: self.proof.authentication(),
            alpn: alpn.cloned(),
            server_name: self.server_name,
            hello_retry: self.hello_retry,
        };
        // Of no use to a client that does not take PSKs (RFC 8446 4.2.9).
        let gives_tickets = config.tickets.is_some() && hello.takes_psk_dhe_ke();
        let tickets = gives_tickets.then(|| (config.clone(), master));
        Ok(ServerState::Finished(WaitFinished {
            suite,
            transcript,
            client_handshake,
            client_secret,
            negotiated,
            tickets,
        }))
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
        let exchange = self.group.start_and_complete(self.share.key, common.random)?;
        let answer = ServerHello {
            random: &random,
            session_id: hello.session_id,
            cipher_suite: self.suite.code,
            key_share: KeyShareEntry { group: self.group.name(), key: &exchange.share },
            selected_identity: self.proof.selected_identity(),
        };
        effects.send(transcript, |out| answer.encode(out))?;
        // RFC 8446 D.4: once, after the first message of the server.
        if !hello.session_id.is_empty() && !self.hello_retry {
            effects.push(Effect::SendChangeCipherSpec)?;
        }
        Ok(exchange.secret)
    }

    fn send_encrypted_flight(
        &self,
        config: &ServerConfig,
        alpn: Option<&[u8]>,
        secret: &TrafficSecret,
        transcript: &mut Transcript,
        effects: &mut Effects,
    ) -> Result<(), Error> {
        let extensions = EncryptedExtensions { server_name: self.server_name.is_some(), alpn };
        match &self.proof {
            Proof::Psk(_) => effects.send(transcript, |out| extensions.encode(out))?,
            Proof::Certificate(certificate, scheme) => {
                effects.send(transcript, |out| {
                    extensions.encode(out);
                    encode_certificate(out, &[], &certificate.chain);
                })?;
                let (key, random) = (&*certificate.key, config.common.random);
                authentication::send_certificate_verify(Signer::Server, key, *scheme, random, transcript, effects)?;
            }
        }
        authentication::send_finished(secret, transcript, effects)
    }
}

fn log(config: &ServerConfig, hello: &ClientHello<'_>, label: SecretLabel, secret: &Secret) {
    if let Some(key_log) = &config.common.key_log {
        key_log.log(label, &hello.random, secret);
    }
}
