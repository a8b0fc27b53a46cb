//! Configurations of the engine, from flags.

use std::sync::Arc;

use tls_engine::codes::{CipherSuite, NamedGroup, SignatureScheme};
use tls_engine::pki::compression::CertificateCompression;
use tls_engine::pki::{ClientVerifier, VerifyClient, VerifyServer};
use tls_engine::pki_types::{CertificateDer, ServerName, UnixTime};
use tls_engine::{CertificateError, ClientConfig, Error, KeyLog, Provider, ServerConfig, ServerVerifier};

use crate::compression;
use crate::credentials::{self, Selected};
use crate::failure::Failure;
use crate::features;
use crate::flags::Flags;
use crate::provider;
use crate::sessions::Sessions;

/// How much early data a server takes, bytes: as much as BoringSSL.
const EARLY_DATA_MAX: u32 = 14_336;
/// The one name in the runner's certificates.
const NAME: &str = "test";
/// A protocol that no client of the runner offers.
const UNKNOWN_ALPN: &[u8] = b"known to nobody";

/// A client, which notes in `selected` whose key it has signed with, and the name of the server that it connects to.
pub(crate) fn client(
    flags: &Flags,
    key_log: Arc<dyn KeyLog>,
    selected: &Selected,
    sessions: &Sessions,
) -> Result<(Arc<ClientConfig>, ServerName<'static>), Failure> {
    let provider = provider(flags)?;
    let offered = flags.offered_alpn.as_deref().unwrap_or_default();
    let mut builder = ClientConfig::builder(provider).key_log(key_log).alpn(&protocols(offered)?);
    builder = builder.exporter(flags.exported_bytes.is_some()).certificate_compression(&compression(flags));
    builder = builder
        .grease(flags.grease)
        .request_ocsp_response(flags.requests_ocsp_response)
        .request_timestamps(flags.requests_timestamps);
    // A client of BoringSSL's with PSKs takes certificates only where it is told to.
    let psks = credentials::psks(flags, suites(flags))?;
    if psks.is_empty() || flags.verify_peer {
        builder = if flags.verify_fail { builder.verifier(Refusing) } else { builder.verifier(verifier(flags)?) };
    }
    for (_, psk) in psks {
        builder = builder.external_psk(psk);
    }
    for certificate in credentials::load(provider, flags, selected)? {
        builder = builder.certificate(certificate);
    }
    if flags.resumptions > 0 {
        builder = builder.tickets(sessions.tickets.clone()).early_data(flags.takes_early_data);
    }
    if let Some(suites) = suites(flags) {
        builder = builder.suites(suites);
    }
    if let Some(groups) = groups(flags)? {
        builder = builder.groups(groups).key_share_groups(&best_of_each_kind(groups));
    }
    if let Some(groups) = &flags.key_shares {
        builder = builder.key_share_groups(known_groups(groups)?);
    }
    let name = flags.host_name.as_deref().unwrap_or(NAME);
    let name = ServerName::try_from(name.to_owned()).map_err(|error| Failure::Shim(format!("{name}: {error}")))?;
    Ok((builder.build()?, name))
}

/// What certificates are compressed with.
fn compression(flags: &Flags) -> Vec<&'static dyn CertificateCompression> {
    if flags.compresses_certificates || flags.only_compression.is_some() {
        compression::algorithms(flags.only_compression)
    } else {
        Vec::new()
    }
}

/// Refuses all servers (`-verify-fail`).
struct Refusing;

impl VerifyServer for Refusing {
    fn verify_server(
        &self,
        _: &Provider,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: UnixTime,
    ) -> Result<(), Error> {
        Err(refusal())
    }
}

fn refusal() -> Error {
    CertificateError::Other("by -verify-fail".to_owned()).into()
}

/// A server, which notes in `selected` whose key it has signed with.
pub(crate) fn server(
    flags: &Flags,
    key_log: Arc<dyn KeyLog>,
    selected: &Selected,
    sessions: &Sessions,
) -> Result<Arc<ServerConfig>, Failure> {
    if flags.asks_clients() && flags.resumptions > 0 {
        return Err(Failure::unimplemented(features::RESUMED_CLIENTS));
    }
    let provider = provider(flags)?;
    let mut builder = ServerConfig::builder(provider).key_log(key_log).exporter(flags.exported_bytes.is_some());
    builder = builder.certificate_compression(&compression(flags));
    if flags.resumptions > 0 && !flags.refuses_tickets {
        builder = builder.tickets(sessions.keys.clone());
        if flags.takes_early_data {
            builder = builder.early_data(EARLY_DATA_MAX, sessions.register.clone());
        }
    }
    let certificates = credentials::load(provider, flags, selected)?;
    // The engine refuses to ask clients for a certificate without having one: with PSKs alone nobody is asked.
    let asks_clients = flags.asks_clients() && !certificates.is_empty();
    for certificate in certificates {
        builder = builder.certificate(certificate);
    }
    builder = builder.external_psks(credentials::psks(flags, suites(flags))?.into_iter().map(|(_, psk)| psk));
    if asks_clients {
        builder = builder.client_verifier(Clients::new(flags)?);
    }
    if let Some(suites) = suites(flags) {
        builder = builder.suites(suites);
    }
    if let Some(groups) = groups(flags)? {
        builder = builder.groups(groups);
    }
    if flags.refuse_alpn {
        builder = builder.alpn(&[UNKNOWN_ALPN]);
    } else if let Some(name) = flags.selected_alpn.as_ref().filter(|name| !name.is_empty()) {
        builder = builder.alpn(&[name.as_bytes()]);
    }
    Ok(builder.build()?)
}

/// Verifies clients with the root that the runner names, takes any without one, and none with `-verify-fail`.
struct Clients {
    verifier: Option<ClientVerifier>,
    are_refused: bool,
    is_required: bool,
    authorities: Vec<Vec<u8>>,
}

impl Clients {
    fn new(flags: &Flags) -> Result<Self, Failure> {
        let authorities = flags.client_authorities.as_deref().map(authorities).transpose()?.unwrap_or_default();
        let roots = flags.trusted_file.as_deref().filter(|path| !path.is_empty()).map(credentials::certificates);
        let verifier = roots.transpose()?.map(|roots| ClientVerifier::new(&roots)).transpose()?;
        Ok(Self { verifier, are_refused: flags.verify_fail, is_required: flags.requires_certificate, authorities })
    }
}

impl VerifyClient for Clients {
    fn verify_client(&self, provider: &Provider, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Error> {
        match &self.verifier {
            _ if self.are_refused => Err(refusal()),
            Some(verifier) => verifier.verify_client(provider, chain, now),
            None => Ok(()),
        }
    }

    fn is_required(&self) -> bool {
        self.is_required
    }

    fn authorities(&self) -> Vec<Vec<u8>> {
        self.authorities.clone()
    }
}

/// Names in DER, as hexadecimal digits with commas between them; or a word for none.
fn authorities(list: &str) -> Result<Vec<Vec<u8>>, Failure> {
    if matches!(list, "<NULL>" | "<EMPTY>") {
        return Ok(Vec::new());
    }
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    let name = |digits: &str| digits.as_bytes().chunks(2).map(byte).collect::<Option<Vec<u8>>>();
    let names = list.split(',').map(name).collect::<Option<_>>();
    names.ok_or_else(|| Failure::Shim(format!("{list:?} is no list of names")))
}

/// Verifies with the root that the runner names. BoringSSL compares no name here, so with another name than that of the
/// certificates nothing is verified but the signature.
fn verifier(flags: &Flags) -> Result<ServerVerifier, Failure> {
    match (&flags.trusted_file, &flags.host_name) {
        (Some(path), name) if name.as_deref().is_none_or(|name| name == NAME) && !path.is_empty() => {
            Ok(ServerVerifier::new(&credentials::certificates(path)?)?)
        }
        _ => Ok(ServerVerifier::insecure()),
    }
}

/// The provider, with those of its schemes that may be verified.
fn provider(flags: &Flags) -> Result<&'static Provider, Failure> {
    let all = provider::whole()?;
    let allowed = flags.policy.map_or(&flags.verified_schemes[..], |policy| policy.schemes);
    if allowed.is_empty() {
        return Ok(all);
    }
    let find = |scheme: &SignatureScheme| all.schemes.iter().copied().find(|entry| entry.scheme == *scheme);
    let schemes: Option<Vec<_>> = allowed.iter().map(find).collect();
    let provider = Provider {
        name: all.name,
        suites: all.suites.clone(),
        groups: all.groups.clone(),
        schemes: schemes.ok_or_else(|| Failure::unimplemented(features::KEYS))?,
        certificate_algorithms: all.certificate_algorithms.clone(),
        load_key: all.load_key,
        random: all.random,
    };
    // Connections refer to it as long as the program runs.
    Ok(Box::leak(Box::new(provider)))
}

/// The cipher suites, unless they are the default ones.
fn suites(flags: &Flags) -> Option<&[CipherSuite]> {
    let suites = flags.policy.map_or(&flags.suites[..], |policy| policy.suites);
    Some(suites).filter(|suites| !suites.is_empty())
}

/// The groups, unless they are the default ones.
fn groups(flags: &Flags) -> Result<Option<&[NamedGroup]>, Failure> {
    let groups = flags.policy.map_or(&flags.groups[..], |policy| policy.groups);
    Ok(Some(known_groups(groups)?).filter(|groups| !groups.is_empty()))
}

/// The groups that BoringSSL sends key shares of: the first classical one and the first post-quantum one.
fn best_of_each_kind(groups: &[NamedGroup]) -> Vec<NamedGroup> {
    let is_first = |(index, group): (usize, &NamedGroup)| {
        let is_another = |other: &NamedGroup| other.is_post_quantum() != group.is_post_quantum();
        groups[..index].iter().all(is_another).then_some(*group)
    };
    groups.iter().enumerate().filter_map(is_first).collect()
}

/// `groups`, if the engine has all of them.
fn known_groups(groups: &[NamedGroup]) -> Result<&[NamedGroup], Failure> {
    let provider = provider::whole()?;
    let all_known = groups.iter().all(|group| provider.group(*group).is_some());
    if all_known { Ok(groups) } else { Err(Failure::unimplemented(features::GROUPS)) }
}

/// Names with a byte before each that has its length, as on the wire (RFC 7301 3.1).
fn protocols(list: &str) -> Result<Vec<&[u8]>, Failure> {
    let mut rest = list.as_bytes();
    let mut names = Vec::new();
    while let Some((len, after)) = rest.split_first() {
        let split = after.split_at_checked(usize::from(*len));
        let (name, after) = split.ok_or_else(|| Failure::Shim(format!("{list:?} is no list of protocols")))?;
        names.push(name);
        rest = after;
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_names_or_a_word() {
        assert_eq!(authorities("3000,01ff").expect("a list"), [vec![0x30, 0], vec![1, 0xff]]);
        assert!(authorities("<NULL>").expect("none").is_empty());
        assert!(authorities("3x").is_err());
    }

    #[test]
    fn protocols_come_with_their_lengths() {
        assert_eq!(protocols("\x03foo\x02ab").expect("a list"), [&b"foo"[..], b"ab"]);
        assert!(protocols("").expect("a list").is_empty());
        assert!(protocols("\x04foo").is_err());
    }
}
