//! Several certificates of a server: which of them a client is shown.

mod support;

use std::sync::{Arc, Mutex};

use rcgen::SanType;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use support::endpoint::{Endpoint, listen};
use support::jobs::{at_once_and_pausing, paused_for};
use support::openssl;
use support::peer::{Peer, pump};
use support::pki::{Identity, KeyKind, Pki};
use support::providers;
use support::scripted::client::ScriptedClient;
use support::scripted::draft::{numbers, vector16};
use support::skip::find;
use tls_engine::Error;
use tls_engine::codes::{AlertDescription, ExtensionType, NamedGroup, SignatureScheme};
use tls_engine::conn::{ClientConfig, ServerConfig};
use tls_engine::crypto::Provider;
use tls_engine::pki::{CertifiedKey, VerifyServer};

const AUTHORITY: KeyKind = KeyKind::EcdsaP256;

/// A certificate with a key of `kind` for these names.
fn identity(kind: KeyKind, names: &[&str]) -> Identity {
    let names = names.iter().map(|name| SanType::DnsName((*name).try_into().unwrap())).collect();
    Pki::shared(AUTHORITY).issue(kind, |params| params.subject_alt_names = names)
}

fn server(provider: &'static Provider, identities: &[&Identity]) -> Arc<ServerConfig> {
    let mut builder = ServerConfig::builder(provider).pause_for(paused_for());
    for Identity { chain, key, .. } in identities {
        builder = builder.certificate(CertifiedKey::new(provider, chain.clone(), key).unwrap());
    }
    builder.build().unwrap()
}

/// What a client asks for.
struct Asked<'a> {
    name: &'a str,
    /// The schemes that it verifies, or all of the provider's.
    schemes: &'a [SignatureScheme],
}

/// Which chain the server shows, or why it shows none. Names are not verified.
fn shown(
    provider: &'static Provider,
    server: &Arc<ServerConfig>,
    asked: &Asked<'_>,
) -> Result<Vec<CertificateDer<'static>>, Error> {
    let limited = limited(provider, asked.schemes);
    let kept = Kept::default();
    let config = ClientConfig::builder(limited).verifier(kept.clone()).build().unwrap();
    let mut client = Peer::client(&config, ServerName::try_from(asked.name).unwrap().to_owned()).unwrap();
    let mut server = Peer::server(server);
    pump(&mut client, &mut server)?;
    let chain = kept.0.lock().unwrap().clone();
    Ok(chain)
}

/// The provider with these schemes only, in the order of its own.
fn limited(provider: &'static Provider, schemes: &[SignatureScheme]) -> &'static Provider {
    let taken = |scheme| schemes.is_empty() || schemes.contains(&scheme);
    Box::leak(Box::new(Provider {
        name: provider.name,
        suites: provider.suites.clone(),
        groups: provider.groups.clone(),
        schemes: provider.schemes.iter().filter(|entry| taken(entry.scheme)).copied().collect(),
        certificate_algorithms: provider.certificate_algorithms.clone(),
        load_key: provider.load_key,
        random: provider.random,
    }))
}

/// A verifier that takes and keeps any chain.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<CertificateDer<'static>>>>);

impl VerifyServer for Kept {
    fn verify_server(
        &self,
        _: &Provider,
        chain: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: UnixTime,
    ) -> Result<(), Error> {
        *self.0.lock().unwrap() = chain.iter().map(|each| each.clone().into_owned()).collect();
        Ok(())
    }
}

const ECDSA: &[SignatureScheme] = &[SignatureScheme::ECDSA_SECP256R1_SHA256];
const ED25519: &[SignatureScheme] = &[SignatureScheme::ED25519];
const P384: &[SignatureScheme] = &[SignatureScheme::ECDSA_SECP384R1_SHA384];

#[test]
fn name_and_scheme_choose_the_certificate() {
    let first = identity(KeyKind::EcdsaP256, &["a.example.com"]);
    let second = identity(KeyKind::EcdsaP256, &["b.example.com", "example.org"]);
    let second_too = identity(KeyKind::Ed25519, &["B.example.com"]);
    let wildcard = identity(KeyKind::EcdsaP256, &["*.example.com"]);
    let other_key = identity(KeyKind::EcdsaP384, &["example.net"]);
    let all = [&first, &second, &second_too, &wildcard, &other_key];
    let cases: [(&str, &[SignatureScheme], Option<&Identity>); 13] = [
        ("a.example.com", &[], Some(&first)),
        ("b.example.com", &[], Some(&second)),
        ("example.org", &[], Some(&second)),
        ("B.Example.Com", &[], Some(&second)),
        ("b.example.com", ED25519, Some(&second_too)),
        ("c.example.com", &[], Some(&wildcard)),
        ("example.net", &[], Some(&other_key)),
        // None is for them: any will do.
        ("c.b.example.com", &[], Some(&first)),
        ("127.0.0.1", &[], Some(&first)),
        ("localhost", P384, Some(&other_key)),
        ("127.0.0.1", ED25519, Some(&second_too)),
        // Those for the name are for another key than the client takes.
        ("example.net", ECDSA, None),
        ("a.example.com", ED25519, None),
    ];
    at_once_and_pausing(|| {
        for provider in providers() {
            let server = server(provider, &all);
            for (name, schemes, expected) in &cases {
                let got = shown(provider, &server, &Asked { name, schemes });
                match expected {
                    Some(identity) => assert_eq!(got.as_ref(), Ok(&identity.chain), "{name} {schemes:?}"),
                    None => assert_eq!(got, Err(Error::NothingInCommon("signature scheme")), "{name} {schemes:?}"),
                }
            }
        }
    });
    assert_eq!(Error::NothingInCommon("signature scheme").alert(), Some(AlertDescription::HANDSHAKE_FAILURE));
}

/// RFC 8446 4.4.2.2: signed with what the client takes in certificates, if there is such a chain.
#[test]
fn of_two_for_a_name_the_chain_decides() {
    let names = |params: &mut rcgen::CertificateParams| {
        params.subject_alt_names = vec![SanType::DnsName("a.example.com".try_into().unwrap())];
    };
    let by_p384 = Pki::shared(KeyKind::EcdsaP384).issue(KeyKind::EcdsaP256, names);
    let by_ed25519 = Pki::shared(KeyKind::Ed25519).issue(KeyKind::EcdsaP256, names);
    let by_p256 = identity(KeyKind::EcdsaP256, &["a.example.com"]);
    let name = "a.example.com";
    at_once_and_pausing(|| {
        for provider in providers() {
            let several = server(provider, &[&by_p384, &by_ed25519, &by_p256]);
            let only = server(provider, &[&by_p384, &by_ed25519]);
            for (schemes, expected) in [(&[][..], &by_p384), (ECDSA, &by_p256)] {
                let got = shown(provider, &several, &Asked { name, schemes });
                assert_eq!(got.as_ref(), Ok(&expected.chain), "{schemes:?}");
                let got = shown(provider, &only, &Asked { name, schemes });
                assert_eq!(got.as_ref(), Ok(&by_p384.chain), "{schemes:?}");
            }
        }
    });
}

/// The same where the client has lists for certificates: `signature_algorithms_cert`, and `certificate_authorities`.
#[test]
fn of_two_for_a_client_its_lists_for_certificates_decide() {
    let [by_p256, by_ed25519] = [KeyKind::EcdsaP256, KeyKind::Ed25519]
        .map(|authority| Pki::shared(authority).issue(KeyKind::EcdsaP256, |_| {}));
    let schemes = |code: SignatureScheme| (ExtensionType::SIGNATURE_ALGORITHMS_CERT, vector16(&numbers(&[code.0])));
    let authority = |text: &str| {
        let len = text.len() as u8;
        let front = [0x30, len + 11, 0x31, len + 9, 0x30, len + 7, 6, 3, 0x55, 4, 3, 0x0c, len];
        let name = [&front[..], text.as_bytes()].concat();
        (ExtensionType::CERTIFICATE_AUTHORITIES, vector16(&vector16(&name)))
    };
    let cases = [
        (vec![schemes(SignatureScheme::ECDSA_SECP256R1_SHA256)], &by_p256),
        (vec![schemes(SignatureScheme::ED25519)], &by_ed25519),
        (vec![schemes(SignatureScheme::RSA_PKCS1_SHA256)], &by_p256),
        (vec![authority("throw-away root Ed25519")], &by_ed25519),
        (vec![authority("throw-away intermediate Ed25519")], &by_ed25519),
        (vec![authority("throw-away root EcdsaP256")], &by_p256),
        (vec![authority("nobody")], &by_p256),
        // RFC 8446 4.4.2.2: the signature has to be taken where that can be, the authority is a hint.
        (vec![schemes(SignatureScheme::ED25519), authority("throw-away root EcdsaP256")], &by_ed25519),
    ];
    for provider in providers() {
        for (extensions, expected) in &cases {
            let config = server(provider, &[&by_p256, &by_ed25519]);
            let mut client = ScriptedClient::new(provider, &config, NamedGroup::X25519);
            client.send_hello_with(|hello| {
                for (extension_type, content) in extensions {
                    hello.extensions().set(*extension_type, content.clone());
                }
            });
            let sent = client.wire.sent.iter().filter(|sent| sent.encrypted);
            let flight: Vec<u8> = sent.flat_map(|sent| sent.content.clone()).collect();
            let leaf = expected.chain[0].as_ref();
            assert!(flight.windows(leaf.len()).any(|part| part == leaf), "{extensions:?}");
        }
    }
}

#[test]
fn one_certificate_is_shown_to_all() {
    let only = identity(KeyKind::EcdsaP256, &["a.example.com"]);
    for provider in providers() {
        let server = server(provider, &[&only]);
        for name in ["a.example.com", "b.example.com", "127.0.0.1"] {
            assert_eq!(shown(provider, &server, &Asked { name, schemes: &[] }).as_ref(), Ok(&only.chain), "{name}");
        }
    }
}

/// RFC 8446 4.2.3: ECDSA or RSA, as the client takes it, from a server that has both.
#[test]
fn openssl_is_shown_what_its_schemes_are_for() {
    let Some(openssl) = find("openssl") else { return };
    let localhost = |kind| Pki::shared(AUTHORITY).issue(kind, |_| {});
    let (ecdsa, rsa) = (localhost(KeyKind::EcdsaP256), localhost(KeyKind::Rsa2048));
    for provider in providers() {
        // Not in a build without AWS-LC.
        if (provider.load_key)(&rsa.key).is_err() {
            continue;
        }
        let config = server(provider, &[&ecdsa, &rsa]);
        for (schemes, signed_with) in [
            ("ECDSA+SHA256:RSA-PSS+SHA256", SignatureScheme::ECDSA_SECP256R1_SHA256),
            // The chain is signed with ECDSA, whatever the leaf has.
            ("RSA-PSS+SHA256:ECDSA+SHA384", SignatureScheme::RSA_PSS_RSAE_SHA256),
        ] {
            let (listener, port) = listen();
            let (program, _files) =
                openssl::client(&openssl, Pki::shared(AUTHORITY), port, &["-sigalgs", schemes, "-quiet"]);
            let mut endpoint = Endpoint::accept(&listener, &config).unwrap();
            assert_eq!(endpoint.peer.connection.negotiated().unwrap().signature(), Some(signed_with), "{schemes}");
            openssl::exchange(&mut endpoint, &program, 1);
            endpoint.close().unwrap();
        }
    }
}
