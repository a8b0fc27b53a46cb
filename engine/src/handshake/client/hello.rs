use std::sync::Arc;

use rustls_pki_types::ServerName;

use super::flight::{Keyed, WaitEncryptedExtensions};
use super::{Context, State};
use crate::codes::{CipherSuite, HandshakeType, NamedGroup};
use crate::crypto::{Group, KeyPair, Suite};
use crate::error::Error;
use crate::handshake::effects::{Effect, Effects};
use crate::handshake::{ClientConfig, Machine};
use crate::keys::{EarlySecret, SecretLabel, Transcript};
use crate::msgs::{
    ClientHelloParameters, HelloRetryRequest, KeyShareEntry, Message, Offered, ServerHello, ServerHelloOrRetry,
};

/// Begins a handshake: the ClientHello is the first effect.
pub fn start(
    config: &Arc<ClientConfig>,
    server_name: ServerName<'static>,
    effects: &mut Effects,
) -> Result<Machine, Error> {
    let mut random = [0; 32];
    config.common.random.fill(&mut random)?;
    let mut session_id = Vec::new();
    if config.middlebox_compatibility {
        session_id.resize(32, 0);
        config.common.random.fill(&mut session_id)?;
    }
    let shares = config
        .key_share_groups
        .iter()
        .map(|group| Share::generate(*group, config))
        .collect::<Result<Vec<_>, Error>>()?;
    let context = Context { config: config.clone(), server_name, random };
    let mut state =
        WaitServerHello { context, session_id, shares, cookie: None, transcript: HelloTranscript::First(Vec::new()) };
    state.send_hello(effects);
    Ok(Machine(crate::handshake::State::Client(State::ServerHello(Box::new(state)))))
}

struct Share {
    group: NamedGroup,
    pair: Box<dyn KeyPair>,
}

impl Share {
    fn generate(group: &dyn Group, config: &ClientConfig) -> Result<Self, Error> {
        Ok(Self { group: group.name(), pair: group.generate(config.common.random)? })
    }
}

/// The transcript before ServerHello: its hash is known from HelloRetryRequest on.
enum HelloTranscript {
    First(Vec<u8>),
    Retried(Transcript, CipherSuite),
}

/// Waiting for ServerHello or HelloRetryRequest.
pub(in crate::handshake) struct WaitServerHello {
    context: Context,
    session_id: Vec<u8>,
    shares: Vec<Share>,
    cookie: Option<Vec<u8>>,
    transcript: HelloTranscript,
}

impl WaitServerHello {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<State, Error> {
        let body = message.expect(HandshakeType::SERVER_HELLO, "ServerHello")?;
        match ServerHelloOrRetry::decode(body, self.offered())? {
            ServerHelloOrRetry::Hello(hello) => self.on_hello(&hello, message, effects),
            ServerHelloOrRetry::Retry(retry) => self.on_retry(&retry, message, effects),
        }
    }

    fn with_parameters<T>(&self, then: impl FnOnce(&ClientHelloParameters<'_>) -> T) -> T {
        let config = &self.context.config;
        let cipher_suites: Vec<_> = config.common.suites.iter().map(|suite| suite.code).collect();
        let supported_groups: Vec<_> = config.common.groups.iter().map(|group| group.name()).collect();
        let key_shares: Vec<_> =
            self.shares.iter().map(|share| KeyShareEntry { group: share.group, key: share.pair.public() }).collect();
        let server_name = match &self.context.server_name {
            ServerName::DnsName(name) => Some(name.as_ref()),
            _ => None,
        };
        then(&ClientHelloParameters {
            random: &self.context.random,
            session_id: &self.session_id,
            cipher_suites: &cipher_suites,
            server_name,
            supported_groups: &supported_groups,
            signature_algorithms: &config.signature_algorithms,
            key_shares: &key_shares,
            alpn: &config.common.alpn,
            cookie: self.cookie.as_deref(),
        })
    }

    fn offered(&self) -> Offered {
        self.with_parameters(|parameters| parameters.offered())
    }

    fn send_hello(&mut self, effects: &mut Effects) {
        let span = self.with_parameters(|parameters| effects.send(|out| parameters.encode(out)));
        let hello = &effects.messages[span.range()];
        match &mut self.transcript {
            HelloTranscript::First(first) => first.extend_from_slice(hello),
            HelloTranscript::Retried(transcript, _) => transcript.add(hello),
        }
    }

    /// The suite that the server chose, if it was offered, and the same as that of a HelloRetryRequest before.
    fn chosen_suite(&self, code: CipherSuite, session_id: &[u8]) -> Result<Suite, Error> {
        if session_id != self.session_id {
            return Err(Error::IllegalParameter("the session id is not echoed"));
        }
        match self.transcript {
            HelloTranscript::Retried(_, first) if first != code => {
                Err(Error::IllegalParameter("the cipher suite changed after HelloRetryRequest"))
            }
            _ => self
                .context
                .config
                .common
                .suite(code)
                .copied()
                .ok_or(Error::IllegalParameter("a cipher suite that was not offered")),
        }
    }

    fn on_retry(
        mut self,
        retry: &HelloRetryRequest<'_>,
        message: &Message<'_>,
        effects: &mut Effects,
    ) -> Result<State, Error> {
        let HelloTranscript::First(first) = &self.transcript else {
            return Err(message.unexpected("ServerHello after a HelloRetryRequest"));
        };
        // The suite is checked now, the next ServerHello has to name the same (RFC 8446 4.1.4).
        let suite = self.chosen_suite(retry.cipher_suite, retry.session_id)?;
        if retry.selected_group.is_none() && retry.cookie.is_none() {
            return Err(Error::IllegalParameter("a HelloRetryRequest that asks for no change"));
        }
        let mut transcript = Transcript::new(suite.hash);
        transcript.add(first);
        transcript.replace_by_message_hash();
        transcript.add(message.bytes);
        self.transcript = HelloTranscript::Retried(transcript, suite.code);

        if let Some(name) = retry.selected_group {
            let config = self.context.config.clone();
            let group = config.common.group(name).ok_or(Error::IllegalParameter("a group that was not offered"))?;
            if self.shares.iter().any(|share| share.group == name) {
                return Err(Error::IllegalParameter("a group whose share was already sent"));
            }
            self.shares = vec![Share::generate(group, &config)?];
        }
        self.cookie = retry.cookie.map(<[u8]>::to_vec);
        // RFC 8446 D.4: before the second flight, which begins here.
        if !self.session_id.is_empty() {
            effects.list.push(Effect::SendChangeCipherSpec);
        }
        self.send_hello(effects);
        Ok(State::ServerHello(Box::new(self)))
    }

    fn on_hello(
        mut self,
        hello: &ServerHello<'_>,
        message: &Message<'_>,
        effects: &mut Effects,
    ) -> Result<State, Error> {
        let suite = self.chosen_suite(hello.cipher_suite, hello.session_id)?;
        let offered = self.offered();
        let position = self
            .shares
            .iter()
            .position(|share| share.group == hello.key_share.group)
            .ok_or(Error::IllegalParameter("a key share for a group that none was sent for"))?;
        let Share { group, pair } = self.shares.swap_remove(position);
        let hello_retry = matches!(self.transcript, HelloTranscript::Retried(..));
        let mut transcript = match self.transcript {
            HelloTranscript::Retried(transcript, _) => transcript,
            HelloTranscript::First(first) => {
                let mut transcript = Transcript::new(suite.hash);
                transcript.add(&first);
                transcript
            }
        };
        transcript.add(message.bytes);
        if !message.ends_record {
            return Err(message.unexpected("the end of a record, as the keys change"));
        }

        let shared = pair.agree(hello.key_share.key)?;
        let handshake = EarlySecret::new(suite.hash, None).into_handshake(&shared);
        let messages = transcript.current();
        let client_secret = handshake.client_traffic(&messages);
        let server_secret = handshake.server_traffic(&messages);
        self.context.log(SecretLabel::ClientHandshake, client_secret.secret());
        self.context.log(SecretLabel::ServerHandshake, server_secret.secret());
        if !self.session_id.is_empty() && !hello_retry {
            effects.list.push(Effect::SendChangeCipherSpec);
        }
        effects.list.push(Effect::InstallWrite { suite, secret: client_secret.clone() });
        effects.list.push(Effect::InstallRead { suite, secret: server_secret.clone() });
        let keyed = Keyed {
            context: self.context,
            suite,
            group,
            hello_retry,
            transcript,
            handshake,
            client_secret,
            server_secret,
            alpn: None,
            certificate_request: None,
        };
        Ok(State::EncryptedExtensions(Box::new(WaitEncryptedExtensions { keyed, offered })))
    }
}
