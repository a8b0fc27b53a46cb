//! What the Certificate of either end can say wrong.

use std::sync::LazyLock;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose};
use rustls_pki_types::CertificateRevocationListDer;
use tls_engine::codes::{AlertDescription as Alert, ExtensionType, HandshakeType, NamedGroup};
use tls_engine::conn::ServerConfig;
use tls_engine::crypto::Provider;
use tls_engine::pki::{CertifiedKey, ClientVerifier, ServerVerifier};

use crate::support::peer::{Peer, pump};
use crate::support::pki::{Identity, KeyKind, Pki, expired, not_yet_valid, tiny_authority};
use crate::support::scripted::Script;
use crate::support::scripted::certified::Certified;
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::{ExtensionList, certificate, certificate_with, message};
use crate::support::scripted::server::ScriptedServer;
use crate::support::scripted::states::{against_client, client_certificate, server_certificate};
use crate::support::{asking_server, client};
use crate::table::Table;

const UNKNOWN: ExtensionType = ExtensionType(0xff77);

fn chain(identity: &Identity) -> Vec<&[u8]> {
    identity.chain.iter().map(AsRef::as_ref).collect()
}

fn row<P: Certified + 'static>(
    table: &mut Table<P>,
    section: &'static str,
    name: impl Into<String>,
    (alert, why): (Alert, &str),
    body: impl Fn(&Identity) -> Vec<u8> + 'static,
) {
    table.row(section, name, alert, why, move |peer| {
        let body = body(peer.identity());
        peer.message_in_pieces(&message(HandshakeType::CERTIFICATE, &body), 16_000);
    });
}

#[test]
fn messages_that_are_wrong() {
    let mut table = Table::new();
    table.from(client_certificate);
    row(&mut table, "4.4.2.4", "no certificate", (Alert::DECODE_ERROR, "no certificate"), |_| certificate(&[], &[]));
    contents(&mut table);
    entry_extensions(&mut table);
    table.check(14);
    let mut table = Table::new();
    table.from(server_certificate);
    let required = (Alert::CERTIFICATE_REQUIRED, "the client sent no certificate");
    row(&mut table, "4.4.2.4", "no certificate", required, |_| certificate(&[], &[]));
    contents(&mut table);
    entry_extensions(&mut table);
    table.check(14);
}

fn contents<P: Certified + 'static>(table: &mut Table<P>) {
    row(table, "4.4.2", "an empty certificate", (Alert::DECODE_ERROR, "malformed Certificate"), |_| {
        certificate(&[], &[&[]])
    });
    row(
        table,
        "4.4.2",
        "an empty certificate behind one",
        (Alert::DECODE_ERROR, "malformed Certificate"),
        |identity| certificate(&[], &[identity.chain[0].as_ref(), &[]]),
    );
    row(table, "4.4.2", "a context", (Alert::ILLEGAL_PARAMETER, "the context"), |identity| {
        certificate(b"context", &chain(identity))
    });
    let limit = (Alert::ILLEGAL_PARAMETER, "a handshake message is larger than");
    row(table, "limit of the engine", "a message of 2^16 bytes and more", limit, |_| vec![0; 1 << 16]);
}

fn entry_extensions<P: Certified + 'static>(table: &mut Table<P>) {
    let with = |extension: ExtensionType, place: usize| {
        move |identity: &Identity| {
            let mut entries: Vec<_> =
                chain(identity).into_iter().map(|certificate| (certificate, ExtensionList::default())).collect();
            entries[place].1.add(extension, []);
            certificate_with(&[], &entries)
        }
    };
    for extension in [UNKNOWN, ExtensionType::STATUS_REQUEST, ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP] {
        for place in 0..2 {
            let name = format!("{extension}, not asked for, with certificate {place}");
            let expected = (Alert::UNSUPPORTED_EXTENSION, "was not asked for");
            row(table, "4.4.2", name, expected, with(extension, place));
        }
    }
    for extension in [ExtensionType::SERVER_NAME, ExtensionType::KEY_SHARE, ExtensionType::SUPPORTED_VERSIONS] {
        let name = format!("{extension} with a certificate");
        row(table, "4.2", name, (Alert::ILLEGAL_PARAMETER, "wrong message"), with(extension, 0));
    }
}

/// The client has asked for an OCSP response and for timestamps, and waits for Certificate.
fn client_that_asks(provider: &'static Provider) -> ScriptedServer {
    let mut server = against_client(provider, |builder| builder.request_ocsp_response(true).request_timestamps(true));
    server.accept(NamedGroup::X25519, usize::MAX);
    server.send_flight(1);
    server
}

#[test]
fn stapled_extensions_that_are_wrong() {
    use ExtensionType as E;
    type Extensions = &'static [(E, &'static [u8])];
    let with = |extensions: Extensions, place: usize| {
        move |identity: &Identity| {
            let mut entries: Vec<_> =
                chain(identity).into_iter().map(|certificate| (certificate, ExtensionList::default())).collect();
            extensions.iter().for_each(|(extension, content)| entries[place].1.add(*extension, *content));
            certificate_with(&[], &entries)
        }
    };
    let malformed = (Alert::DECODE_ERROR, "malformed Certificate");
    let mut table = Table::new();
    table.from(client_that_asks);
    let wrong: [(_, _, _, Extensions); 14] = [
        ("an empty status", "RFC 6066 8", malformed, &[(E::STATUS_REQUEST, &[])]),
        ("an empty OCSP response", "RFC 6066 8", malformed, &[(E::STATUS_REQUEST, &[1, 0, 0, 0])]),
        ("half an OCSP response", "RFC 6066 8", malformed, &[(E::STATUS_REQUEST, &[1, 0, 0, 2, 7])]),
        ("a byte behind an OCSP response", "RFC 6066 8", malformed, &[(E::STATUS_REQUEST, &[1, 0, 0, 1, 7, 7])]),
        (
            "a status of another type",
            "6.2",
            (Alert::ILLEGAL_PARAMETER, "a certificate status of a type"),
            &[(E::STATUS_REQUEST, &[2, 0, 0, 1, 7])],
        ),
        ("no list of timestamps", "RFC 6962 3.3", malformed, &[(E::SIGNED_CERTIFICATE_TIMESTAMP, &[])]),
        ("no timestamps", "RFC 6962 3.3", malformed, &[(E::SIGNED_CERTIFICATE_TIMESTAMP, &[0, 0])]),
        ("an empty timestamp", "RFC 6962 3.3", malformed, &[(E::SIGNED_CERTIFICATE_TIMESTAMP, &[0, 2, 0, 0])]),
        (
            "an empty timestamp behind one",
            "RFC 6962 3.3",
            malformed,
            &[(E::SIGNED_CERTIFICATE_TIMESTAMP, &[0, 5, 0, 1, 7, 0, 0])],
        ),
        ("half a timestamp", "RFC 6962 3.3", malformed, &[(E::SIGNED_CERTIFICATE_TIMESTAMP, &[0, 3, 0, 2, 7])]),
        (
            "a byte behind the timestamps",
            "RFC 6962 3.3",
            malformed,
            &[(E::SIGNED_CERTIFICATE_TIMESTAMP, &[0, 3, 0, 1, 7, 7])],
        ),
        (
            "two OCSP responses",
            "4.2",
            (Alert::ILLEGAL_PARAMETER, "comes twice"),
            &[(E::STATUS_REQUEST, &[1, 0, 0, 1, 7]), (E::STATUS_REQUEST, &[1, 0, 0, 1, 7])],
        ),
        (
            "an unknown extension behind one that was asked for",
            "4.4.2",
            (Alert::UNSUPPORTED_EXTENSION, "was not asked for"),
            &[(E::STATUS_REQUEST, &[1, 0, 0, 1, 7]), (UNKNOWN, &[])],
        ),
        (
            "an extension of another message",
            "4.2",
            (Alert::ILLEGAL_PARAMETER, "wrong message"),
            &[(E::SIGNED_CERTIFICATE_TIMESTAMP, &[0, 3, 0, 1, 7]), (E::ALPN, &[])],
        ),
    ];
    for (name, section, expected, extensions) in wrong {
        for place in 0..2 {
            let name = format!("{name} with certificate {place}");
            row(&mut table, section, name, expected, with(extensions, place));
        }
    }
    table.from(|provider| {
        let mut server =
            against_client(provider, |builder| builder.request_ocsp_response(true).request_timestamps(true));
        server.accept(NamedGroup::X25519, usize::MAX);
        server
    });
    for extension in [E::STATUS_REQUEST, E::SIGNED_CERTIFICATE_TIMESTAMP] {
        let name = format!("{extension} in EncryptedExtensions");
        table.row("4.2", name, Alert::ILLEGAL_PARAMETER, "wrong message", move |server| {
            let mut list = ExtensionList::default();
            list.add(extension, []);
            server.message(&message(HandshakeType::ENCRYPTED_EXTENSIONS, &list.encode()));
        });
    }
    table.check(30);
}

#[test]
fn chains_that_are_refused() {
    let mut table = Table::new();
    table.from(client_certificate);
    broken(&mut table);
    made_to_order(&mut table);
    table.check(14);
    let mut table = Table::new();
    table.from(server_certificate);
    broken(&mut table);
    of_clients(&mut table);
    table.check(11);
}

fn broken<P: Certified + 'static>(table: &mut Table<P>) {
    let bad = (Alert::BAD_CERTIFICATE, "certificate refused");
    row(table, "6.2", "a certificate that is no DER", bad, |_| certificate(&[], &[b"certificate"]));
    row(table, "6.2", "a certificate cut short", bad, |identity| {
        let leaf = identity.chain[0].as_ref();
        certificate(&[], &[&leaf[..leaf.len() - 1], chain(identity)[1]])
    });
    row(table, "6.2", "bytes after a certificate", bad, |identity| {
        let leaf = [identity.chain[0].as_ref(), &[0]].concat();
        certificate(&[], &[&leaf[..], chain(identity)[1]])
    });
    row(table, "6.2", "a certificate with a changed signature", bad, |identity| {
        let mut leaf = identity.chain[0].to_vec();
        *leaf.last_mut().expect("a signature") ^= 1;
        certificate(&[], &[&leaf[..], chain(identity)[1]])
    });
    row(table, "6.2", "no intermediate", (Alert::UNKNOWN_CA, "no trusted authority"), |identity| {
        certificate(&[], &chain(identity)[..1])
    });
    row(table, "6.2", "the intermediate first", (Alert::CERTIFICATE_UNKNOWN, "a CA certificate"), |identity| {
        certificate(&[], &[chain(identity)[1], chain(identity)[0]])
    });
}

struct Special {
    expired: Identity,
    not_yet_valid: Identity,
    other_name: Identity,
    without_purpose: Identity,
    without_signatures: Identity,
    foreign: Identity,
}

static SPECIAL: LazyLock<Special> =
    LazyLock::new(|| Special::new(&ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth));
static OF_CLIENTS: LazyLock<Special> =
    LazyLock::new(|| Special::new(&ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth));

impl Special {
    /// Certificates for one purpose, but one for another.
    fn new(purpose: &ExtendedKeyUsagePurpose, other: ExtendedKeyUsagePurpose) -> Self {
        let pki = Pki::shared(KeyKind::EcdsaP256);
        let issue = |pki: &Pki, change: fn(&mut CertificateParams)| {
            pki.issue(KeyKind::EcdsaP256, |params| {
                params.extended_key_usages = vec![purpose.clone()];
                change(params);
            })
        };
        Self {
            expired: issue(pki, expired),
            not_yet_valid: issue(pki, not_yet_valid),
            other_name: issue(pki, |params| {
                let name = "other.example".try_into().expect("a name");
                params.subject_alt_names = vec![rcgen::SanType::DnsName(name)];
            }),
            without_purpose: pki.issue(KeyKind::EcdsaP256, |params| params.extended_key_usages = vec![other]),
            without_signatures: issue(pki, |params| {
                params.key_usages = vec![rcgen::KeyUsagePurpose::KeyEncipherment, rcgen::KeyUsagePurpose::KeyAgreement];
            }),
            // Another kind of authority has another name: of one by the same name, the signature would be wrong.
            foreign: issue(&Pki::new(KeyKind::EcdsaP384), |_| {}),
        }
    }
}

/// RFC 8446 6.2, RFC 5280 6.3.
#[test]
fn certificates_that_are_revoked() {
    const SERIAL: u64 = 77;
    fn lists() -> Vec<CertificateRevocationListDer<'static>> {
        Pki::shared(KeyKind::EcdsaP256)
            .revocation_lists(&[SERIAL], 2090)
            .iter()
            .map(|list| list.der().clone())
            .collect()
    }
    fn revoked(usage: ExtendedKeyUsagePurpose) -> Identity {
        Pki::shared(KeyKind::EcdsaP256).issue(KeyKind::EcdsaP256, |params| {
            params.extended_key_usages = vec![usage];
            params.serial_number = Some(SERIAL.into());
        })
    }
    let expected = (Alert::CERTIFICATE_REVOKED, "revoked");
    let mut table = Table::new();
    table.from(|provider| {
        let verifier = ServerVerifier::new(&[Pki::shared(KeyKind::EcdsaP256).root()]).expect("a root");
        let verifier = verifier.with_revocation_lists(&lists()).expect("lists");
        let mut server = against_client(provider, |builder| builder.verifier(verifier));
        server.accept(NamedGroup::X25519, usize::MAX);
        server.send_flight(1);
        server
    });
    row(&mut table, "6.2", "a revoked certificate", expected, |_| {
        certificate(&[], &chain(&revoked(ExtendedKeyUsagePurpose::ServerAuth)))
    });
    table.check(1);
    let mut table = Table::new();
    table.from(|provider| {
        let revoking = |verifier: ClientVerifier| verifier.with_revocation_lists(&lists()).expect("lists");
        let config = asking_server(provider, KeyKind::EcdsaP256, revoking);
        let mut client = ScriptedClient::new(provider, &config, NamedGroup::X25519);
        client.identity = Some(Pki::shared_client(KeyKind::EcdsaP256));
        client.send_hello();
        client
    });
    row(&mut table, "6.2", "a revoked certificate", expected, |_| {
        certificate(&[], &chain(&revoked(ExtendedKeyUsagePurpose::ClientAuth)))
    });
    table.check(1);
}

/// RFC 8446 4.4.2 sets no count, and lets a server send what has nothing to do with the chain.
#[test]
fn chains_of_any_length_are_taken() {
    let stranger = tiny_authority("somebody else", 0);
    for (count, extra) in [(15, None), (58, None), (15, Some(&stranger)), (58, Some(&stranger)), (350, Some(&stranger))]
    {
        let mut server = client_certificate(crate::support::providers()[0]);
        let chain = chain(server.identity);
        let extra = extra.map_or(chain[1], |extra| extra.as_ref());
        let body = certificate(&[], &[&chain[..], &vec![extra; count]].concat());
        server.message_in_pieces(&message(HandshakeType::CERTIFICATE, &body), 16_000);
        for make in [ScriptedServer::certificate_verify, ScriptedServer::finished] {
            let message = make(&server);
            server.message(&message);
        }
        assert!(server.wire.subject.connection.is_ready(), "{count}: {:?}", server.wire.error);
    }
}

/// A server of the engine sends what it was given, and a client takes it.
#[test]
fn a_server_sends_a_chain_of_any_length() {
    for provider in crate::support::providers() {
        let identity = Pki::shared_identity(KeyKind::EcdsaP256);
        for count in [15, 58, 120] {
            let chain = [&identity.chain[..], &vec![identity.chain[1].clone(); count]].concat();
            let key = CertifiedKey::new(provider, chain, &identity.key).expect("a chain");
            let config = ServerConfig::builder(provider).certificate(key).build().expect("a server");
            let mut server = Peer::server(&config);
            let client = client(provider, KeyKind::EcdsaP256, |builder| builder);
            let mut client = Peer::client(&client, crate::support::localhost()).expect("a hello");
            pump(&mut client, &mut server).expect("a handshake");
            assert!(client.connection.is_ready() && server.connection.is_ready(), "{count}");
        }
    }
}

type Make = fn() -> &'static Identity;

fn of_clients(table: &mut Table<ScriptedClient>) {
    let cases: [(&str, Alert, &str, Make); 5] = [
        ("an expired certificate", Alert::CERTIFICATE_EXPIRED, "expired", || &OF_CLIENTS.expired),
        ("a certificate of the future", Alert::CERTIFICATE_EXPIRED, "not valid yet", || &OF_CLIENTS.not_yet_valid),
        ("a certificate for servers", Alert::CERTIFICATE_UNKNOWN, "for a client", || &OF_CLIENTS.without_purpose),
        ("a key not for signatures", Alert::CERTIFICATE_UNKNOWN, "to sign", || &OF_CLIENTS.without_signatures),
        ("another authority's certificate", Alert::UNKNOWN_CA, "no trusted authority", || &OF_CLIENTS.foreign),
    ];
    for (name, alert, why, identity) in cases {
        row(table, "6.2", name, (alert, why), move |_| certificate(&[], &chain(identity())));
    }
}

fn made_to_order(table: &mut Table<ScriptedServer>) {
    let cases: [(&str, Alert, &str, Make); 6] = [
        ("an expired certificate", Alert::CERTIFICATE_EXPIRED, "expired", || &SPECIAL.expired),
        ("a certificate of the future", Alert::CERTIFICATE_EXPIRED, "not valid yet", || &SPECIAL.not_yet_valid),
        ("a certificate for another name", Alert::BAD_CERTIFICATE, "other.example", || &SPECIAL.other_name),
        ("a certificate for clients", Alert::CERTIFICATE_UNKNOWN, "key usage", || &SPECIAL.without_purpose),
        ("a key not for signatures", Alert::CERTIFICATE_UNKNOWN, "to sign", || &SPECIAL.without_signatures),
        ("another authority's certificate", Alert::UNKNOWN_CA, "no trusted authority", || &SPECIAL.foreign),
    ];
    for (name, alert, why, identity) in cases {
        row(table, "6.2", name, (alert, why), move |_| certificate(&[], &chain(identity())));
    }
    row(
        table,
        "limit of the engine",
        "hundreds of authorities by one name",
        (Alert::CERTIFICATE_UNKNOWN, "too much work"),
        |identity| {
            let tiny: Vec<_> =
                (0..300).map(|number| tiny_authority("throw-away intermediate EcdsaP256", number)).collect();
            let tiny: Vec<&[u8]> = tiny.iter().map(AsRef::as_ref).collect();
            certificate(&[], &[&chain(identity)[..1], &tiny].concat())
        },
    );
    // RFC 8446 4.4.2.4, where the signature is one of MD5 (must) or SHA-1 (recommended).
    table.from(client_of_rsa);
    for (hash, last) in [("MD5", 4), ("SHA-1", 5)] {
        let name = format!("a certificate signed with RSA and {hash}");
        row(table, "4.4.2.4", name, (Alert::BAD_CERTIFICATE, "broken hash"), move |_| {
            let identity = Pki::shared_identity(KeyKind::Rsa2048);
            let leaf = rename_algorithm(&identity.chain[0], &RSA_WITH_SHA256, last);
            certificate(&[], &[&leaf[..], identity.chain[1].as_ref()])
        });
    }
    row(
        table,
        "6.2",
        "a certificate signed with RSA and SHA-224",
        (Alert::UNSUPPORTED_CERTIFICATE, "signature"),
        |_| {
            let identity = Pki::shared_identity(KeyKind::Rsa2048);
            let leaf = rename_algorithm(&identity.chain[0], &RSA_WITH_SHA256, 14);
            certificate(&[], &[&leaf[..], identity.chain[1].as_ref()])
        },
    );
    table.from(client_certificate);
}

/// sha256WithRSAEncryption (RFC 8017 A.2); its neighbours differ in the last number.
const RSA_WITH_SHA256: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];

fn client_of_rsa(provider: &'static Provider) -> ScriptedServer {
    let config = client(provider, KeyKind::Rsa2048, |builder| builder);
    let mut server = ScriptedServer::new(provider, &config, Pki::shared_identity(KeyKind::Rsa2048));
    server.accept(NamedGroup::X25519, usize::MAX);
    server.send_flight(1);
    server
}

/// The certificate with another signature algorithm, in both places that name it.
fn rename_algorithm(certificate: &[u8], algorithm: &[u8], last: u8) -> Vec<u8> {
    let mut renamed = certificate.to_vec();
    let places: Vec<usize> = certificate
        .windows(algorithm.len())
        .enumerate()
        .filter(|(_, bytes)| *bytes == algorithm)
        .map(|(at, _)| at)
        .collect();
    assert_eq!(places.len(), 2, "the algorithm is named twice (RFC 5280 4.1.1.2)");
    for place in places {
        renamed[place + algorithm.len() - 1] = last;
    }
    renamed
}

/// A client that takes any chain still wants one, and of certificates.
#[test]
fn what_even_an_insecure_client_refuses() {
    let mut table = Table::new();
    table.from(|provider| {
        let verifier = ServerVerifier::insecure();
        let mut server = against_client(provider, |builder| builder.verifier(verifier));
        server.accept(NamedGroup::X25519, usize::MAX);
        server.send_flight(1);
        server
    });
    row(&mut table, "4.4.2.4", "no certificate", (Alert::DECODE_ERROR, "no certificate"), |_| certificate(&[], &[]));
    row(&mut table, "6.2", "no DER", (Alert::BAD_CERTIFICATE, "malformed"), |_| certificate(&[], &[b"certificate"]));
    table.row("4.4.3", "a signature of another key", Alert::DECRYPT_ERROR, "does not verify", |server| {
        let body = certificate(&[], &chain(&SPECIAL.foreign));
        server.message(&message(HandshakeType::CERTIFICATE, &body));
        assert_eq!(server.wire.error, None);
        let verify = server.certificate_verify();
        server.message(&verify);
    });
    table.check(3);
}
