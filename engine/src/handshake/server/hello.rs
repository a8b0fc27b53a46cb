use std::sync::Arc;

use arrayvec::ArrayVec;
use compact_str::CompactString;
use rustls_pki_types::ServerName;

use super::ServerState;
use super::flight::{Choice, Proof};
use super::resumption::accept_psk;
use crate::codes::{CipherSuite, HandshakeType, NamedGroup};
use crate::crypto::Suite;
use crate::error::Error;
use crate::handshake::effects::{Effect, Effects};
use crate::handshake::negotiate::{self, KeyExchange};
use crate::handshake::{Machine, ServerConfig};
use crate::keys::Transcript;
use crate::limits::SESSION_ID_MAX;
use crate::mem::Digest;
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
        let hello = ClientHello::decode(message.expect(HandshakeType::CLIENT_HELLO, "ClientHello")?)?;
        negotiate::check(&hello)?;
        // RFC 8446 5.1, 4.1.1: what follows has other keys, or answers a HelloRetryRequest.
        if !message.ends_record {
            return Err(message.unexpected("the end of a record, as keys or turns change"));
        }
        match self.retried {
            None => Self::on_first(self.config, &hello, message, effects),
            Some(retried) => on_second(&self.config, retried, &hello, message, effects),
        }
    }

    fn on_first(
        config: Arc<ServerConfig>,
        hello: &ClientHello<'_>,
        message: &Message<'_>,
        effects: &mut Effects,
    ) -> Result<ServerState, Error> {
        if hello.cookie.is_some() {
            return Err(Error::IllegalParameter("a cookie that no HelloRetryRequest gave"));
        }
        let suite = negotiate::suite(&config.common.suites, hello)?;
        match negotiate::key_exchange(&config.common.groups, hello)? {
            KeyExchange::Now(group, share) => {
                let server_name = server_name(hello);
                let mut transcript = Transcript::new(suite.hash);
                let psk = accept_psk(&config, &suite, server_name.as_deref(), hello, message, &mut transcript)?;
                let proof = Proof::choose(psk, &config, hello)?;
                let choice = Choice { suite, group, share, proof, server_name, hello_retry: false };
                choice.answer(&config, hello, transcript, effects)
            }
            KeyExchange::AfterRetry(group) => {
                let retried = send_hello_retry_request(&config, &suite, group, hello, message, effects)?;
                Ok(ServerState::ClientHello(Self { config, retried: Some(retried) }))
            }
        }
    }
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
        effects.push(Effect::SkipEarlyData)?;
    }
    // No longer than that: the message was decoded.
    let session_id = hello.session_id.iter().copied().take(SESSION_ID_MAX).collect();
    Ok(Retried { transcript, suite: suite.code, group, cookie, random: hello.random, session_id })
}

/// Takes the ClientHello after a HelloRetryRequest, which changes only what was asked for (RFC 8446 4.1.2).
fn on_second(
    config: &Arc<ServerConfig>,
    retried: Retried,
    hello: &ClientHello<'_>,
    message: &Message<'_>,
    effects: &mut Effects,
) -> Result<ServerState, Error> {
    let Retried { mut transcript, suite, group, cookie, random, session_id } = retried;
    if hello.random != random || hello.session_id != &session_id[..] {
        return Err(Error::IllegalParameter("the second ClientHello changes a field that must stay the same"));
    }
    if hello.early_data {
        return Err(Error::IllegalParameter("early_data after a HelloRetryRequest"));
    }
    let brought_back = match (&cookie, hello.cookie) {
        (None, None) => true,
        (Some(sent), Some(received)) => Digest::copy_of(sent).equals(received),
        _ => false,
    };
    if !brought_back {
        return Err(Error::IllegalParameter("the cookie was not brought back"));
    }
    negotiate::still_offers(suite, hello)?;
    let suite = config.common.suite(suite).copied().ok_or(Error::Internal("a chosen suite that is not configured"))?;
    let share = negotiate::retried_share(group, hello)?;
    let group = config.common.group(group).ok_or(Error::Internal("a chosen group that is not configured"))?;
    let server_name = server_name(hello);
    let psk = accept_psk(config, &suite, server_name.as_deref(), hello, message, &mut transcript)?;
    let proof = Proof::choose(psk, config, hello)?;
    let choice = Choice { suite, group, share, proof, server_name, hello_retry: true };
    choice.answer(config, hello, transcript, effects)
}

/// The host name of server_name, in lower case and without a dot at its end, which it should not have (RFC 6066 3).
///
/// Anything but a host name is ignored: an IP address, which is common though not allowed, and names that are not valid in DNS.
/// RFC 6066 3 lets a server that does not know a name continue. Nothing is chosen by the name here, so that does no harm; the
/// client sees that the extension is not acknowledged, and verifies the certificate.
fn server_name(hello: &ClientHello<'_>) -> Option<CompactString> {
    let name = core::str::from_utf8(hello.server_name?).ok()?;
    let Ok(ServerName::DnsName(_)) = ServerName::try_from(name) else { return None };
    let mut name = CompactString::new(name.strip_suffix('.').unwrap_or(name));
    name.make_ascii_lowercase();
    Some(name)
}
