//! What a server chooses from a ClientHello, as pure functions.

use std::sync::Arc;

use crate::codes::{CipherSuite, ExtensionType, NamedGroup, ProtocolVersion};
use crate::crypto::{Group, Suite};
use crate::error::Error;
use crate::msgs::{ClientHello, KeyShareEntry};

/// Checks what every ClientHello of TLS 1.3 has to have (RFC 8446 4.1.2, 4.2.1, 9.2).
pub(super) fn check(hello: &ClientHello<'_>) -> Result<(), Error> {
    if !hello.supported_versions.is_some_and(|versions| versions.contains(ProtocolVersion::TLS13.0)) {
        return Err(Error::ProtocolVersion);
    }
    if hello.compression_methods != [0] {
        return Err(Error::IllegalParameter("compression"));
    }
    if hello.pre_shared_key.is_some() && hello.psk_key_exchange_modes.is_none() {
        return Err(Error::MissingExtension(ExtensionType::PSK_KEY_EXCHANGE_MODES));
    }
    if hello.pre_shared_key.is_none() && hello.signature_algorithms.is_none() {
        return Err(Error::MissingExtension(ExtensionType::SIGNATURE_ALGORITHMS));
    }
    // RFC 8446 9.2: these are required but of a client that has nothing but a PSK, without a key exchange.
    let (groups, shares) = match (hello.supported_groups, hello.key_shares) {
        (Some(groups), Some(shares)) => (groups, shares),
        (None, None) if hello.pre_shared_key.is_some() && !hello.takes_psk_dhe_ke() => return Ok(()),
        (None, _) => return Err(Error::MissingExtension(ExtensionType::SUPPORTED_GROUPS)),
        (_, None) => return Err(Error::MissingExtension(ExtensionType::KEY_SHARE)),
    };
    // RFC 8446 4.2.8: shares are for groups that are offered, in the same order, each once. One pass sees all three.
    let mut offered = groups.iter();
    for share in shares.iter() {
        if !offered.any(|group| group == share.group.0) {
            return Err(Error::IllegalParameter("a key share for a group that is not offered, or comes twice"));
        }
    }
    Ok(())
}

/// How a PSK is used (RFC 8446 4.2.9).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PskMode {
    /// With a key exchange.
    DheKe,
    /// Alone.
    Ke,
}

/// How a PSK of the client's could be used: alone only where that is allowed, and the client asks for nothing else.
pub(super) fn psk_mode(is_ke_allowed: bool, hello: &ClientHello<'_>) -> Option<PskMode> {
    let _ = hello.pre_shared_key?;
    if hello.takes_psk_dhe_ke() {
        Some(PskMode::DheKe)
    } else {
        (is_ke_allowed && hello.takes_psk_ke()).then_some(PskMode::Ke)
    }
}

/// The first of `suites` that the client offers.
pub(super) fn suite(suites: &[Suite], hello: &ClientHello<'_>) -> Result<Suite, Error> {
    let offered = |suite: &&Suite| hello.cipher_suites.contains(suite.code.0);
    suites.iter().find(offered).copied().ok_or(Error::NothingInCommon("cipher suite"))
}

/// The group of a key exchange.
pub(super) enum KeyExchange<'a> {
    /// The client has sent a share for it.
    Now(&'static dyn Group, KeyShareEntry<'a>),
    /// The client could send one when asked.
    AfterRetry(NamedGroup),
}

/// The first of `groups` that the client has sent a share for, else the first it offers.
pub(super) fn key_exchange<'a>(
    groups: &[&'static dyn Group],
    hello: &ClientHello<'a>,
) -> Result<KeyExchange<'a>, Error> {
    for group in groups {
        if let Some(share) = share_for(group.name(), hello) {
            return Ok(KeyExchange::Now(*group, share));
        }
    }
    let offered =
        |group: &&&'static dyn Group| hello.supported_groups.is_some_and(|offered| offered.contains(group.name().0));
    groups
        .iter()
        .find(offered)
        .map(|group| KeyExchange::AfterRetry(group.name()))
        .ok_or(Error::NothingInCommon("group for the key exchange"))
}

fn share_for<'a>(name: NamedGroup, hello: &ClientHello<'a>) -> Option<KeyShareEntry<'a>> {
    hello.key_shares?.iter().find(|share| share.group == name)
}

/// The one share that a ClientHello after a HelloRetryRequest has to have (RFC 8446 4.1.2, 4.2.8).
pub(super) fn retried_share<'a>(asked: NamedGroup, hello: &ClientHello<'a>) -> Result<KeyShareEntry<'a>, Error> {
    let mut shares = hello.key_shares.ok_or(Error::MissingExtension(ExtensionType::KEY_SHARE))?.iter();
    match (shares.next(), shares.next()) {
        (Some(share), None) if share.group == asked => Ok(share),
        _ => Err(Error::IllegalParameter("the second ClientHello does not have the one key share asked for")),
    }
}

/// The first of `names` that the client offers (RFC 7301 3.2). A server without names, or a client without, has none.
pub(super) fn alpn<'a>(names: &'a [Arc<[u8]>], hello: &ClientHello<'_>) -> Result<Option<&'a Arc<[u8]>>, Error> {
    match hello.alpn {
        Some(offered) if !names.is_empty() => names
            .iter()
            .find(|name| offered.iter().any(|offered| *offered == ***name))
            .map(Some)
            .ok_or(Error::NoApplicationProtocol),
        _ => Ok(None),
    }
}

/// Whether `code` is still offered by the second ClientHello.
pub(super) fn still_offers(code: CipherSuite, hello: &ClientHello<'_>) -> Result<(), Error> {
    if hello.cipher_suites.contains(code.0) {
        Ok(())
    } else {
        Err(Error::IllegalParameter("the second ClientHello does not offer the suite that was chosen"))
    }
}
