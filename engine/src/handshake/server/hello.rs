use std::sync::Arc;

use arrayvec::ArrayVec;

use super::ServerState;
use super::certificate::{choose_certificate, server_name};
use super::flight::{Choice, Proof};
use super::resumption::{AcceptedPsk, find_psk, offers_external};
use crate::codes::{CipherSuite, HandshakeType, NamedGroup};
use crate::crypto::Suite;
use crate::error::Error;
use crate::handshake::authentication::CertificateChoice;
use crate::handshake::effects::{Effect, Effects};
use crate::handshake::job::{JobKind, Work, client_hello};
use crate::handshake::negotiate::{self, KeyExchange, PskMode};
use crate::handshake::{Machine, ServerConfig};
use crate::keys::Transcript;
use crate::limits::SESSION_ID_MAX;
use crate::mem::{Digest, Region};
use crate::msgs::{ClientHello, HelloRetryRequest, Message};

/// Begins a handshake, which waits for a ClientHello.
pub(crate) fn start(config: &Arc<ServerConfig>) -> Machine {
    let state = WaitClientHello { config: config.clone(), retried: None };
    Machine(crate::handshake::MachineState::Server(ServerState::ClientHello(state)))
}

/// What a HelloRetryRequest has fixed.
struct Retried {
    transcript: Transcript,
    suite: CipherSuite,
    group: NamedGroup,
    cookie: Option<[u8; 32]>,
    random: [u8; 32],
    session_id: ArrayVec<u8, SESSION_ID_MAX>,
}

/// Waiting for a ClientHello, the first or the one after a HelloRetryRequest.
pub(in crate::handshake) struct WaitClientHello {
    config: Arc<ServerConfig>,
    retried: Option<Retried>,
}

impl WaitClientHello {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<ServerState, Error> {
        self.take(message, Known::default(), effects)
    }

    /// Takes the ClientHello once more, now that a job has chosen the certificate for it. Nothing has changed since.
    pub(super) fn resume(
        self,
        choice: CertificateChoice,
        hello: &Region,
        effects: &mut Effects,
    ) -> Result<ServerState, Error> {
        self.take(&client_hello(hello), Known { psk: Some(None), choice: Some(choice) }, effects)
    }

    /// Takes the ClientHello once more, now that a job has opened its tickets.
    pub(super) fn resume_with_psk(
        self,
        psk: Option<AcceptedPsk>,
        hello: &Region,
        effects: &mut Effects,
    ) -> Result<ServerState, Error> {
        self.take(&client_hello(hello), Known { psk: Some(psk), choice: None }, effects)
    }

    /// Answers a ClientHello with a PSK of its or else with a certificate. What is not known of these yet is found now, or the
    /// handshake pauses for it.
    fn take(self, message: &Message<'_>, mut known: Known, effects: &mut Effects) -> Result<ServerState, Error> {
        let hello = ClientHello::decode(message.expect(HandshakeType::CLIENT_HELLO, "ClientHello")?)?;
        // A client that was asked for a key share has it.
        let is_ke_allowed = self.config.psk_ke && self.retried.is_none();
        let psk_mode = negotiate::psk_mode(is_ke_allowed, &hello);
        negotiate::check(&hello)?;
        // RFC 8446 5.1, 4.1.1: what follows has other keys, or answers a HelloRetryRequest.
        if !message.ends_record {
            return Err(message.unexpected("the end of a record, as keys or turns change"));
        }
        let suite = match &self.retried {
            None => negotiate_first(&self.config, psk_mode, &hello)?,
            Some(retried) => negotiate_second(&self.config, retried, &hello)?,
        };
        // Before anything that depends on what else there is: who has no PSK is not told which ones exist (RFC 8446 E.6).
        let pauses = self.config.common.pauses;
        let opens_elsewhere = pauses.contains(JobKind::OpenTicket) && self.config.tickets.is_some();
        if self.config.is_psk_required() && psk_mode.is_some() {
            if known.psk.is_none() && opens_elsewhere {
                return Ok(self.open_ticket_elsewhere(suite, message, effects));
            }
            let psk = known.psk.unwrap_or_else(|| find_psk(&self.config, &suite, &hello));
            known.psk = Some(Some(psk.ok_or(Error::UnknownPsk)?));
        }
        let mut exchange = None;
        if psk_mode != Some(PskMode::Ke) {
            exchange = Some(self.key_exchange(&hello)?);
        }
        if let Some(KeyExchange::AfterRetry(group)) = exchange {
            if let Some(Some(mut psk)) = known.psk.filter(|_| self.config.is_psk_required()) {
                // For the same reason. The hello that comes next has another one.
                psk.check_binder(&self.config, &hello, message, &mut Transcript::new(suite.hash))?;
            }
            return self.retry(&suite, group, &hello, message, effects);
        }
        let psk = match known.psk {
            Some(psk) => psk,
            None if psk_mode.is_none() => None,
            None if opens_elsewhere => return Ok(self.open_ticket_elsewhere(suite, message, effects)),
            None => find_psk(&self.config, &suite, &hello),
        };
        // A PSK alone is enough. Without one, a client that asked for that needs a key exchange all the same.
        let exchange = match exchange {
            None if psk.is_some() => None,
            None => Some(self.key_exchange(&hello)?),
            found => found,
        };
        let exchange = match exchange {
            Some(KeyExchange::Now(group, share)) => Some((group, share)),
            Some(KeyExchange::AfterRetry(group)) => return self.retry(&suite, group, &hello, message, effects),
            None => None,
        };
        let server_name = server_name(&hello);
        let mut proof = match (psk, known.choice) {
            (Some(psk), _) => Proof::Psk(psk),
            (None, Some(choice)) => Proof::Certificate(choice),
            (None, None) if pauses.contains(JobKind::ChooseCertificate) => {
                let (config, hello) = (Arc::clone(&self.config), Region::copy_of(message.bytes));
                effects.pause(Work::ChooseCertificate { config, hello });
                return Ok(ServerState::ClientHello(self));
            }
            (None, None) => Proof::Certificate(choose_certificate(&self.config, &hello, server_name.as_deref())?),
        };
        let Self { config, retried } = self;
        let (mut transcript, hello_retry) = match retried {
            None => (Transcript::new(suite.hash), false),
            Some(retried) => (retried.transcript, true),
        };
        match &mut proof {
            Proof::Psk(psk) => psk.check_binder(&config, &hello, message, &mut transcript)?,
            Proof::Certificate(_) => transcript.add(message.bytes),
        }
        Choice { suite, exchange, proof, server_name, hello_retry }.answer(config, &hello, transcript, effects)
    }
}

impl WaitClientHello {
    /// Makes a job of finding the PSK, as that opens tickets.
    fn open_ticket_elsewhere(self, suite: Suite, message: &Message<'_>, effects: &mut Effects) -> ServerState {
        let (config, hello) = (Arc::clone(&self.config), Region::copy_of(message.bytes));
        effects.pause(Work::OpenTicket { config, suite, hello });
        ServerState::ClientHello(self)
    }

    /// The key exchange with a ClientHello.
    fn key_exchange<'a>(&self, hello: &ClientHello<'a>) -> Result<KeyExchange<'a>, Error> {
        let common = &self.config.common;
        let Some(retried) = &self.retried else { return negotiate::key_exchange(&common.groups, hello) };
        let share = negotiate::retried_share(retried.group, hello)?;
        let group = common.group(retried.group).ok_or(Error::Internal("a chosen group that is not configured"))?;
        Ok(KeyExchange::Now(group, share))
    }

    /// Asks for another ClientHello.
    fn retry(
        self,
        suite: &Suite,
        group: NamedGroup,
        hello: &ClientHello<'_>,
        message: &Message<'_>,
        effects: &mut Effects,
    ) -> Result<ServerState, Error> {
        let retried = send_hello_retry_request(&self.config, suite, group, hello, message, effects)?;
        Ok(ServerState::ClientHello(Self { config: self.config, retried: Some(retried) }))
    }
}

/// What is known before a ClientHello is answered, because jobs have found it.
#[derive(Default)]
struct Known {
    /// The PSK, or that there is none that is accepted.
    psk: Option<Option<AcceptedPsk>>,
    /// The certificate.
    choice: Option<CertificateChoice>,
}

/// The suite for the first ClientHello.
fn negotiate_first(config: &ServerConfig, psk_mode: Option<PskMode>, hello: &ClientHello<'_>) -> Result<Suite, Error> {
    if hello.cookie.is_some() {
        return Err(Error::IllegalParameter("a cookie that no HelloRetryRequest gave"));
    }
    let suite = negotiate::suite(&config.common.suites, hello)?;
    if psk_mode.is_none() || config.external_psks.is_empty() || offers_external(config, hello, suite.hash) {
        return Ok(suite);
    }
    // RFC 8446 4.2.11: the suite and the PSK have to fit together.
    let mut others = config.common.suites.iter().filter(|suite| hello.cipher_suites.contains(suite.code.0));
    Ok(others.find(|suite| offers_external(config, hello, suite.hash)).copied().unwrap_or(suite))
}

/// Sends a HelloRetryRequest (RFC 8446 4.1.4).
fn send_hello_retry_request(
    config: &ServerConfig,
    suite: &Suite,
    group: NamedGroup,
    hello: &ClientHello<'_>,
    message: &Message<'_>,
    effects: &mut Effects,
) -> Result<Retried, Error> {
    let mut cookie = None;
    if config.cookie {
        config.common.random.fill(cookie.insert([0; 32]))?;
    }
    let mut transcript = Transcript::retried(suite.hash, message.bytes);
    let retry = HelloRetryRequest {
        session_id: hello.session_id,
        cipher_suite: suite.code,
        selected_group: Some(group),
        cookie: cookie.as_ref().map(|cookie| &cookie[..]),
    };
    effects.send(&mut transcript, |out| retry.encode(out))?;
    if !hello.session_id.is_empty() {
        effects.push(Effect::SendChangeCipherSpec)?;
    }
    if hello.early_data {
        effects.push(Effect::SkipEarlyData(config.early_data_skipped()))?;
    }
    // No longer than that: the message was decoded.
    let session_id = hello.session_id.iter().copied().take(SESSION_ID_MAX).collect();
    Ok(Retried { transcript, suite: suite.code, group, cookie, random: hello.random, session_id })
}

/// The suite for the ClientHello after a HelloRetryRequest, which changes only what was asked for (RFC 8446 4.1.2).
fn negotiate_second(config: &ServerConfig, retried: &Retried, hello: &ClientHello<'_>) -> Result<Suite, Error> {
    if hello.random != retried.random || hello.session_id != &retried.session_id[..] {
        return Err(Error::IllegalParameter("the second ClientHello changes a field that must stay the same"));
    }
    if hello.early_data {
        return Err(Error::IllegalParameter("early_data after a HelloRetryRequest"));
    }
    let brought_back = match (&retried.cookie, hello.cookie) {
        (None, None) => true,
        (Some(sent), Some(received)) => Digest::copy_of(sent).equals(received),
        _ => false,
    };
    if !brought_back {
        return Err(Error::IllegalParameter("the cookie was not brought back"));
    }
    negotiate::still_offers(retried.suite, hello)?;
    let suite = config.common.suite(retried.suite).copied();
    suite.ok_or(Error::Internal("a chosen suite that is not configured"))
}
