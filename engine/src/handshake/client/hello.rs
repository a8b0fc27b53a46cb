use std::sync::Arc;

use arrayvec::ArrayVec;
use rustls_pki_types::ServerName;

use super::early_data::EarlyData;
use super::flight::{HandshakeContext, WaitEncryptedExtensions};
use super::psk::{ChosenPsk, OfferedPsks};
use super::resumption::TicketOffer;
use super::shares::Shares;
use super::{ClientContext, ClientState};
use crate::codes::{CipherSuite, ExtensionType, HandshakeType};
use crate::crypto::{Exchange, Suite};
use crate::error::Error;
use crate::handshake::effects::{Direction, Effect, Effects};
use crate::handshake::{ClientConfig, Machine};
use crate::keys::{EarlySecret, SecretLabel, Transcript};
use crate::limits::SESSION_ID_MAX;
use crate::mem::{SharedSecret, Span};
use crate::msgs::{
    ClientHelloParameters, Grease, HelloRetryRequest, KeyShareEntry, Message, OfferedExtensions, ServerHello,
    ServerHelloOrRetry,
};

/// Begins a handshake: the ClientHello is the first effect.
pub(crate) fn start(
    config: &Arc<ClientConfig>,
    server_name: ServerName<'static>,
    effects: &mut Effects,
) -> Result<Machine, Error> {
    // At once: what a call of the generator costs does not depend on the length.
    let mut drawn = [0; 32 + SESSION_ID_MAX + Grease::RANDOM_LEN];
    let session_id_len = if config.middlebox_compatibility { SESSION_ID_MAX } else { 0 };
    let grease_len = if config.grease { Grease::RANDOM_LEN } else { 0 };
    let drawn = &mut drawn[..32 + session_id_len + grease_len];
    config.common.random.fill(drawn)?;
    let (random, rest) = drawn.split_at(32);
    let random = random.try_into().map_err(|_| Error::Internal("a random of another length"))?;
    let (id, grease) = rest.split_at(session_id_len);
    let grease = grease.first_chunk().map(|random| Grease::new(*random));
    let mut session_id = ArrayVec::new();
    session_id.try_extend_from_slice(id).map_err(|_| Error::Internal("a session ID that is too long"))?;
    let shares = Shares::start(&config.key_share_groups, config)?;
    let psks = OfferedPsks::take(config, &server_name);
    let early_data = psks.ticket().and_then(|offer| offer.early_data_bytes(config));
    let client = ClientContext { config: config.clone(), server_name, random, grease };
    let is_early_data_offered = early_data.is_some();
    let state = WaitServerHello {
        client,
        session_id,
        shares,
        psks,
        is_early_data_offered,
        is_other_share_asked: false,
        retried: None,
    };
    let span = state.send_hello(None, effects)?;
    if !state.psks.is_empty(config) {
        state.psks.bind_first(config, span, effects);
    }
    if let (Some(offer), Some(bytes)) = (state.psks.ticket(), early_data) {
        state.begin_early_data(offer, bytes, span, effects)?;
    }
    effects.keep_messages(span);
    Ok(Machine(crate::handshake::MachineState::Client(ClientState::ServerHello(state))))
}

/// An exchange of the client's, with the share of the server that answers it.
type AnsweredShare<'a> = (Box<dyn Exchange>, KeyShareEntry<'a>);

/// What a HelloRetryRequest has fixed. The transcript has begun then; before, [`Effects::kept`] holds the ClientHello.
struct Retried {
    transcript: Transcript,
    suite: CipherSuite,
    has_cookie: bool,
}

/// Waiting for ServerHello or HelloRetryRequest.
pub(in crate::handshake) struct WaitServerHello {
    client: ClientContext,
    session_id: ArrayVec<u8, SESSION_ID_MAX>,
    shares: Shares,
    /// The PSKs that the last ClientHello has offered.
    psks: OfferedPsks,
    /// Whether the last ClientHello has announced early data.
    is_early_data_offered: bool,
    /// Whether a HelloRetryRequest has asked for one share, in place of those of the first ClientHello.
    is_other_share_asked: bool,
    retried: Option<Retried>,
}

impl WaitServerHello {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<ClientState, Error> {
        let body = message.expect(HandshakeType::SERVER_HELLO, "ServerHello")?;
        let offered = self.offered();
        let decoded = ServerHelloOrRetry::decode(body, offered)?;
        // RFC 8446 5.1, 4.1.4: the server continues with other keys, or waits for another ClientHello.
        if !message.ends_record {
            return Err(message.unexpected("the end of a record, as keys or turns change"));
        }
        match decoded {
            ServerHelloOrRetry::Hello(hello) => self.on_hello(&hello, offered, message, effects),
            ServerHelloOrRetry::Retry(retry) => self.on_retry(&retry, message, effects),
        }
    }

    /// Lets early data follow the first ClientHello, which is at `span`.
    fn begin_early_data(
        &self,
        offer: &TicketOffer,
        bytes: u32,
        span: Span,
        effects: &mut Effects,
    ) -> Result<(), Error> {
        let (suite, secret) = offer.early_traffic(span, effects);
        self.client.log(SecretLabel::ClientEarly, secret.secret());
        // RFC 8446 D.4: with early data, right after the first ClientHello.
        if !self.session_id.is_empty() {
            effects.push(Effect::SendChangeCipherSpec)?;
        }
        effects.push(Effect::handshake_keys(Direction::Write, secret.keys(suite.aead)))?;
        effects.push(Effect::OfferEarlyData(bytes))
    }

    fn offered(&self) -> OfferedExtensions {
        OfferedExtensions {
            server_name: self.client.host_name().is_some(),
            alpn: !self.client.config.common.alpn.is_empty(),
            cookie: self.retried.as_ref().is_some_and(|retried| retried.has_cookie),
            stapled: self.client.config.stapled,
            certificate_compression: !self.client.config.compression_codes.is_empty(),
            record_size_limit: self.client.config.common.record_size_limit.is_some(),
            early_data: self.is_early_data_offered,
            pre_shared_key: !self.psks.is_empty(&self.client.config),
        }
    }

    /// Sends a ClientHello, which is not in the transcript yet. The binders of its PSKs are still missing.
    fn send_hello(&self, cookie: Option<&[u8]>, effects: &mut Effects) -> Result<Span, Error> {
        let config = &self.client.config;
        let parameters = ClientHelloParameters {
            random: &self.client.random,
            session_id: &self.session_id,
            cipher_suites: &config.suite_codes,
            server_name: self.client.host_name(),
            supported_groups: &config.group_names,
            signature_algorithms: &config.signature_algorithms,
            key_shares: &self.shares.entries(),
            alpn: &config.common.alpn,
            cookie,
            stapled: config.stapled,
            certificate_compression: &config.compression_codes,
            record_size_limit: config.common.record_size_limit,
            grease: self.client.grease,
            grease_share: !self.is_other_share_asked,
            early_data: self.is_early_data_offered,
            psk_ke: config.psk_ke,
            psks: &self.psks.offers(config),
        };
        effects.send_unhashed(|out| parameters.encode(out))
    }

    /// The suite that the server chose, if it was offered, and the same as that of a HelloRetryRequest before.
    fn chosen_suite(&self, code: CipherSuite, session_id: &[u8]) -> Result<Suite, Error> {
        if session_id != &self.session_id[..] {
            return Err(Error::IllegalParameter("the session id is not echoed"));
        }
        if self.retried.as_ref().is_some_and(|retried| retried.suite != code) {
            return Err(Error::IllegalParameter("the cipher suite changed after HelloRetryRequest"));
        }
        let suite = self.client.config.common.suite(code).copied();
        suite.ok_or(Error::IllegalParameter("a cipher suite that was not offered"))
    }

    fn on_retry(
        mut self,
        retry: &HelloRetryRequest<'_>,
        message: &Message<'_>,
        effects: &mut Effects,
    ) -> Result<ClientState, Error> {
        if self.retried.is_some() {
            return Err(message.unexpected("ServerHello after a HelloRetryRequest"));
        }
        // The suite is checked now, the next ServerHello has to name the same (RFC 8446 4.1.4).
        let suite = self.chosen_suite(retry.cipher_suite, retry.session_id)?;
        if retry.selected_group.is_none() && retry.cookie.is_none() {
            return Err(Error::IllegalParameter("a HelloRetryRequest that asks for no change"));
        }
        if let Some(name) = retry.selected_group {
            let config = self.client.config.clone();
            let group = config.common.group(name).ok_or(Error::IllegalParameter("a group that was not offered"))?;
            if self.shares.has(name) {
                return Err(Error::IllegalParameter("a group whose share was already sent"));
            }
            self.shares = Shares::start(&[group], &config)?;
            self.is_other_share_asked = true;
        }
        let mut transcript = Transcript::retried(suite.hash, effects.kept.as_slice());
        transcript.add(message.bytes);
        effects.kept.clear();
        if self.is_early_data_offered {
            effects.push(Effect::RemoveWriteKeys)?;
            effects.push(Effect::EndEarlyData)?;
        } else if !self.session_id.is_empty() {
            // RFC 8446 D.4: before the second flight, which begins here.
            effects.push(Effect::SendChangeCipherSpec)?;
        }
        // RFC 8446 4.1.2
        self.is_early_data_offered = false;
        // RFC 8446 4.1.4: a PSK that the chosen suite can't use is not offered again.
        self.psks.retain_for(suite.hash);
        let is_empty = self.psks.is_empty(&self.client.config);
        if is_empty && self.client.config.is_psk_required() {
            return Err(Error::IllegalParameter("a suite that no PSK of the client's is for"));
        }
        let span = self.send_hello(retry.cookie, effects)?;
        if is_empty {
            transcript.add(effects.messages_at(span));
        } else {
            self.psks.bind(&self.client.config, span, &mut transcript, effects);
        }
        self.retried = Some(Retried { transcript, suite: suite.code, has_cookie: retry.cookie.is_some() });
        Ok(ClientState::ServerHello(self))
    }

    /// The exchange of the group that the server has chosen, with its share; `None` where it uses a PSK alone.
    fn exchange<'a>(&mut self, hello: &ServerHello<'a>) -> Result<Option<AnsweredShare<'a>>, Error> {
        let Some(theirs) = hello.key_share else {
            // RFC 8446 4.2.9: only with a PSK, and where the client allows it.
            let is_allowed = self.client.config.psk_ke && hello.selected_identity.is_some();
            return match hello.selected_identity {
                _ if is_allowed => Ok(None),
                // RFC 8446 4.2.11
                Some(_) => Err(Error::IllegalParameter("a PSK without the key_share that was asked for")),
                None => Err(Error::MissingExtension(ExtensionType::KEY_SHARE)),
            };
        };
        let own = self.shares.take(theirs.group);
        let own = own.ok_or(Error::IllegalParameter("a key share for a group without a share of the client's"))?;
        Ok(Some((own, theirs)))
    }

    fn on_hello(
        mut self,
        hello: &ServerHello<'_>,
        offered: OfferedExtensions,
        message: &Message<'_>,
        effects: &mut Effects,
    ) -> Result<ClientState, Error> {
        let suite = self.chosen_suite(hello.cipher_suite, hello.session_id)?;
        let exchange = self.exchange(hello)?;
        let hello_retry = self.retried.is_some();
        let mut transcript = match self.retried {
            Some(retried) => retried.transcript,
            None => {
                let mut transcript = Transcript::new(suite.hash);
                transcript.add(effects.kept.as_slice());
                transcript
            }
        };
        effects.kept.clear();
        transcript.add(message.bytes);

        let is_early_data_offered = self.is_early_data_offered;
        let config = &self.client.config;
        let psk = match hello.selected_identity {
            Some(place) => Some(self.psks.choose(config, place, suite.hash)?),
            None if config.is_psk_required() => return Err(Error::MissingExtension(ExtensionType::PRE_SHARED_KEY)),
            None => None,
        };
        let (early, psk, binding) = match psk {
            Some(ChosenPsk { early, authentication, identity, early_binding }) => {
                (early, Some((authentication, identity)), early_binding)
            }
            None => (EarlySecret::without_psk(suite.hash), None, None),
        };
        let group = exchange.as_ref().map(|(_, theirs)| theirs.group);
        let shared = match exchange {
            Some((exchange, theirs)) => exchange.complete(theirs.key)?,
            None => SharedSecret::zeroed(suite.hash.output_len()),
        };
        let secrets = early.into_handshake(&shared).derive(&transcript.current());
        self.client.log(SecretLabel::ClientHandshake, secrets.client.secret());
        self.client.log(SecretLabel::ServerHandshake, secrets.server.secret());
        let client_keys = secrets.client.handshake_keys(suite.aead);
        let server_keys = secrets.server.handshake_keys(suite.aead);
        if !self.session_id.is_empty() && !hello_retry && !is_early_data_offered {
            effects.push(Effect::SendChangeCipherSpec)?;
        }
        let early_data = match binding {
            _ if !is_early_data_offered => EarlyData::None,
            Some((early_suite, alpn)) if early_suite == suite.code => EarlyData::Offered { alpn },
            _ => EarlyData::Void,
        };
        match early_data {
            EarlyData::None => effects.push(Effect::handshake_keys(Direction::Write, client_keys.records.clone()))?,
            EarlyData::Void => effects.push(Effect::EndEarlyData)?,
            EarlyData::Offered { .. } | EarlyData::Accepted => {}
        }
        effects.push(Effect::handshake_keys(Direction::Read, server_keys.records))?;
        let handshake = HandshakeContext {
            client: self.client,
            suite,
            group,
            hello_retry,
            transcript,
            client_keys,
            server_finished: server_keys.finished,
            master: secrets.master,
            alpn: None,
            early_data,
            psk_identity: None,
            certificate_compression: None,
            requested: None,
        };
        Ok(ClientState::EncryptedExtensions(WaitEncryptedExtensions { handshake, offered, psk }))
    }
}
