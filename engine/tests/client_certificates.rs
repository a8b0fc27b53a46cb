//! Certificates of clients: who is asked for one, what is shown, and what a server makes of it.

mod support;

use std::sync::{Arc, Mutex};

use rustls_pki_types::{CertificateDer, UnixTime};
use support::jobs::at_once_and_pausing;
use support::peer::{Peer, is_over, pump};
use support::pki::{Identity, KeyKind, Pki, expired, for_client, not_yet_valid};
use support::scripted::draft::{ExtensionList, certificate_request, numbers, vector16};
use support::scripted::states::{against_server, client_start};
use support::{asking_server, client, client_with, localhost, pattern, providers, server};
use tls_engine::Error;
use tls_engine::codes::{AlertDescription, ExtensionType, HandshakeType, SignatureScheme};
use tls_engine::conn::{ClientCertificate, ClientConfig, ServerConfig};
use tls_engine::crypto::{Origin, Provider, Random, SigningKey};
use tls_engine::error::CertificateError;
use tls_engine::internal::msgs::{CertificateRequest, ClientHello};
use tls_engine::limits::AUTHORITIES_MAX;
use tls_engine::pki::{CertifiedKey, ClientVerifier, VerifyClient};
use tls_engine::session::TicketKeys;

const KIND: KeyKind = KeyKind::EcdsaP256;

fn peers(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> (Peer, Peer) {
    (Peer::client(client, localhost()).expect("a ClientHello"), Peer::server(server))
}

/// A handshake that succeeds, with data both ways: what the client has shown, on which both ends agree.
#[track_caller]
fn shown(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> ClientCertificate {
    let (mut client, mut server) = peers(client, server);
    pump(&mut client, &mut server).unwrap();
    let data = pattern(1000, 1);
    client.write(&data).unwrap();
    server.write(&data).unwrap();
    pump(&mut client, &mut server).unwrap();
    assert!(client.received == data && server.received == data);
    let [client, server] =
        [client, server].map(|peer| peer.connection.negotiated().unwrap().client_certificate.clone());
    assert_eq!(client, server);
    server
}

/// Why the server refuses the client, which learns it by an alert.
#[track_caller]
fn refused(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> (Error, AlertDescription) {
    let (mut client, mut server) = peers(client, server);
    let error = loop {
        let bytes = client.drain();
        assert!(!bytes.is_empty(), "nothing is refused");
        if let Err(error) = server.feed(&bytes) {
            break error;
        }
        client.feed(&server.drain()).unwrap();
    };
    assert_eq!(server.connection.negotiated(), None);
    let Err(Error::PeerAlert(alert)) = client.feed(&server.drain()) else { panic!("no alert after {error}") };
    assert_eq!(error.alert(), Some(alert));
    is_over(&mut server, &error).unwrap();
    (error, alert)
}

#[test]
fn a_certificate_that_is_asked_for_is_shown() {
    at_once_and_pausing(|| {
        for provider in providers() {
            for kind in KeyKind::ALL {
                let identity = Pki::shared_client(kind);
                let client = client_with(provider, kind, identity);
                for server in
                    [asking_server(provider, kind, |it| it), asking_server(provider, kind, |it| it.optional())]
                {
                    assert_eq!(shown(&client, &server).chain(), &identity.chain[..], "{kind:?}");
                }
            }
        }
    });
}

#[test]
fn a_certificate_is_shown_after_a_retry_as_well() {
    for provider in providers() {
        let identity = Pki::shared_client(KIND);
        let key = CertifiedKey::new(provider, identity.chain.clone(), &identity.key).unwrap();
        let client = client(provider, KIND, |builder| builder.certificate(key).key_share_groups(&[]));
        assert_eq!(shown(&client, &asking_server(provider, KIND, |it| it)).chain(), &identity.chain[..]);
    }
}

#[test]
fn a_certificate_that_nobody_asks_for_is_not_shown() {
    for provider in providers() {
        let client = client_with(provider, KIND, Pki::shared_client(KIND));
        assert_eq!(shown(&client, &server(provider, KIND, |it| it)), ClientCertificate::NotRequested);
    }
}

#[test]
fn without_a_certificate_only_an_optional_one_is_done_without() {
    at_once_and_pausing(|| {
        for provider in providers() {
            let client = client(provider, KIND, |it| it);
            let required = refused(&client, &asking_server(provider, KIND, |it| it));
            assert_eq!(required, (CertificateError::Required.into(), AlertDescription::CERTIFICATE_REQUIRED));
            assert_eq!(shown(&client, &asking_server(provider, KIND, |it| it.optional())), ClientCertificate::Missing);
        }
    });
}

/// That a server could do without a certificate is no reason to take one that does not verify.
#[test]
fn a_certificate_that_does_not_verify_is_refused() {
    let pki = Pki::shared(KIND);
    let ca_and_client = |params: &mut rcgen::CertificateParams| {
        for_client(params);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    };
    let cases: [(Identity, AlertDescription, &str); 5] = [
        (Pki::new(KeyKind::EcdsaP384).issue(KIND, for_client), AlertDescription::UNKNOWN_CA, "no trusted authority"),
        (
            pki.issue(KIND, |it| {
                for_client(it);
                expired(it);
            }),
            AlertDescription::CERTIFICATE_EXPIRED,
            "it has expired",
        ),
        (
            pki.issue(KIND, |it| {
                for_client(it);
                not_yet_valid(it);
            }),
            AlertDescription::CERTIFICATE_EXPIRED,
            "it is not valid yet",
        ),
        (
            pki.issue(KIND, |_| {}),
            AlertDescription::CERTIFICATE_UNKNOWN,
            "its extended key usage does not allow it for a client",
        ),
        (
            pki.issue(KIND, ca_and_client),
            AlertDescription::CERTIFICATE_UNKNOWN,
            "a CA certificate (CA:TRUE), not a client's",
        ),
    ];
    at_once_and_pausing(|| {
        for provider in providers() {
            for (identity, alert, why) in &cases {
                let client = client_with(provider, KIND, identity);
                let servers =
                    [asking_server(provider, KIND, |it| it), asking_server(provider, KIND, |it| it.optional())];
                for server in servers {
                    let (error, got) = refused(&client, &server);
                    assert!(got == *alert && error.to_string().contains(why), "{got} {error}");
                }
            }
        }
    });
}

/// A key that says of itself that it signs with these schemes, whatever it signs with.
struct Claims(Arc<dyn SigningKey>, Vec<SignatureScheme>);

impl SigningKey for Claims {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.1
    }

    fn origin(&self) -> Origin {
        self.0.origin()
    }

    fn sign(&self, _: SignatureScheme, message: &[u8], random: &dyn Random) -> Result<Vec<u8>, Error> {
        self.0.sign(self.0.schemes()[0], message, random)
    }
}

/// A client with a certificate and a key that need not belong to it.
fn claiming(provider: &'static Provider, key: &Identity, schemes: Option<SignatureScheme>) -> Arc<ClientConfig> {
    let chain = Pki::shared_client(KIND).chain.clone();
    let key = (provider.load_key)(&key.key).unwrap();
    let schemes = schemes.map_or_else(|| key.schemes().to_vec(), |scheme| vec![scheme]);
    let certificate = CertifiedKey::with_signer(chain, Arc::new(Claims(key, schemes)));
    client(provider, KIND, |builder| builder.certificate(certificate))
}

#[test]
fn only_the_signature_of_the_certificates_key_will_do() {
    let other_key = Pki::shared(KIND).issue(KIND, for_client);
    let other_kind = Pki::shared_client(KeyKind::Ed25519);
    let own = Pki::shared_client(KIND);
    at_once_and_pausing(|| {
        for provider in providers() {
            let server = asking_server(provider, KIND, |it| it.optional());
            for (client, alert, why) in [
                (claiming(provider, &other_key, None), AlertDescription::DECRYPT_ERROR, "does not verify"),
                (claiming(provider, other_kind, None), AlertDescription::ILLEGAL_PARAMETER, "does not fit"),
                // RFC 8446 4.2.3: offered for the signatures on certificates only.
                (
                    claiming(provider, own, Some(SignatureScheme::RSA_PKCS1_SHA256)),
                    AlertDescription::ILLEGAL_PARAMETER,
                    "was not offered",
                ),
            ] {
                let (error, got) = refused(&client, &server);
                assert!(got == alert && error.to_string().contains(why), "{got} {error}");
            }
        }
    });
}

/// RFC 8446 4.4.2.2: a certificate whose key signs with no scheme of the server is not shown.
#[test]
fn a_certificate_that_the_server_can_not_verify_is_not_shown() {
    const ED448: SignatureScheme = SignatureScheme(0x0808);
    for provider in providers() {
        let client = claiming(provider, Pki::shared_client(KIND), Some(ED448));
        assert_eq!(shown(&client, &asking_server(provider, KIND, |it| it.optional())), ClientCertificate::Missing);
        let (error, _) = refused(&client, &asking_server(provider, KIND, |it| it));
        assert_eq!(error, CertificateError::Required.into());
    }
}

#[test]
fn the_first_certificate_that_fits_is_shown() {
    for provider in providers() {
        let identity = Pki::shared_client(KIND);
        let fits = CertifiedKey::new(provider, identity.chain.clone(), &identity.key).unwrap();
        let other = Pki::shared_client(KeyKind::Ed25519);
        let key = Arc::new(Claims((provider.load_key)(&other.key).unwrap(), vec![SignatureScheme(0x0808)]));
        let does_not = CertifiedKey::with_signer(other.chain.clone(), key);
        let client = client(provider, KIND, |builder| builder.certificate(does_not).certificate(fits));
        assert_eq!(shown(&client, &asking_server(provider, KIND, |it| it)).chain(), &identity.chain[..]);
    }
}

/// RFC 8446 4.2.4: what is from an authority that the server names goes first. Without such a one, the server may still know more.
#[test]
fn a_certificate_from_an_authority_that_is_named_goes_first() {
    let [first, second] = [KeyKind::EcdsaP256, KeyKind::Ed25519];
    let name = |kind: KeyKind, level: &str| {
        let text = format!("throw-away {level} {kind:?}");
        let len = text.len() as u8;
        let front = [0x30, len + 11, 0x31, len + 9, 0x30, len + 7, 6, 3, 0x55, 4, 3, 0x0c, len];
        [&front[..], text.as_bytes()].concat()
    };
    let cases = [
        (vec![], first),
        (vec![name(second, "root")], second),
        (vec![name(second, "intermediate")], second),
        (vec![name(first, "root")], first),
        (vec![name(KeyKind::EcdsaP384, "root"), name(second, "root")], second),
        (vec![name(second, "root"), name(first, "root")], first),
        (vec![name(KeyKind::EcdsaP384, "root")], first),
        // Not a Name.
        (vec![vec![1, 2, 3], vec![0x30, 9]], first),
    ];
    at_once_and_pausing(|| {
        for provider in providers() {
            let keys = [first, second].map(|kind| {
                let identity = Pki::shared_client(kind);
                CertifiedKey::new(provider, identity.chain.clone(), &identity.key).unwrap()
            });
            let [one, other] = keys;
            let client = client(provider, KIND, |builder| builder.certificate(one.clone()).certificate(other.clone()));
            for (names, shown_kind) in &cases {
                let server = server(provider, KIND, |builder| builder.client_verifier(Names(names.clone())));
                assert_eq!(shown(&client, &server).chain(), Pki::shared_client(*shown_kind).chain, "{names:?}");
            }
        }
    });
}

/// A verifier of the caller's, and what it was asked.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<usize>>>);

impl VerifyClient for Recorder {
    fn verify_client(&self, _: &Provider, chain: &[CertificateDer<'_>], _: UnixTime) -> Result<(), Error> {
        self.0.lock().unwrap().push(chain.len());
        Err(CertificateError::Other("not this one".into()).into())
    }

    fn is_required(&self) -> bool {
        false
    }
}

#[test]
fn a_verifier_of_the_callers_has_the_last_word() {
    at_once_and_pausing(|| {
        for provider in providers() {
            let recorder = Recorder::default();
            let server = server(provider, KIND, |builder| builder.client_verifier(recorder.clone()));
            assert_eq!(shown(&client(provider, KIND, |it| it), &server), ClientCertificate::Missing);
            assert!(recorder.0.lock().unwrap().is_empty(), "without a certificate it is not asked");
            let (error, alert) = refused(&client_with(provider, KIND, Pki::shared_client(KIND)), &server);
            assert_eq!(alert, AlertDescription::CERTIFICATE_UNKNOWN);
            assert_eq!(error.to_string(), "certificate refused: not this one");
            assert_eq!(*recorder.0.lock().unwrap(), [2]);
        }
    });
}

/// A verifier that names these authorities.
struct Names(Vec<Vec<u8>>);

impl VerifyClient for Names {
    fn verify_client(&self, _: &Provider, _: &[CertificateDer<'_>], _: UnixTime) -> Result<(), Error> {
        Ok(())
    }

    fn is_required(&self) -> bool {
        false
    }

    fn authorities(&self) -> Vec<Vec<u8>> {
        self.0.clone()
    }
}

/// The CertificateRequest of a server with this verifier, without its header.
fn request(provider: &'static Provider, verifier: impl VerifyClient + 'static) -> Vec<u8> {
    let mut client = against_server(provider, |builder| builder.client_verifier(verifier));
    client.send_hello();
    let sent = client.wire.sent.iter().filter(|sent| sent.encrypted);
    let mut flight: &[u8] = &sent.flat_map(|sent| sent.content.clone()).collect::<Vec<u8>>();
    loop {
        let (header, rest) = flight.split_at(4);
        let (body, rest) = rest.split_at(u32::from_be_bytes([0, header[1], header[2], header[3]]) as usize);
        if HandshakeType(header[0]) == HandshakeType::CERTIFICATE_REQUEST {
            return body.to_vec();
        }
        flight = rest;
    }
}

#[test]
fn a_request_names_the_authorities_that_are_trusted() {
    for provider in providers() {
        let text = b"throw-away root EcdsaP256";
        // Name, RelativeDistinguishedName and AttributeTypeAndValue (RFC 5280 4.1.2.4), of a common name.
        let name = [&[0x30, 36, 0x31, 34, 0x30, 32, 6, 3, 0x55, 4, 3, 0x0c, 25][..], text].concat();
        let mut extensions = ExtensionList::default();
        let hello = client_start(provider).client_hello;
        let schemes = ClientHello::decode(&hello[4..]).unwrap().signature_algorithms.unwrap();
        let schemes: Vec<u16> = schemes.iter().collect();
        extensions.set(ExtensionType::SIGNATURE_ALGORITHMS, vector16(&numbers(&schemes)));
        extensions.set(ExtensionType::CERTIFICATE_AUTHORITIES, vector16(&vector16(&name)));
        let verifier = ClientVerifier::new(&[Pki::shared(KIND).root()]).unwrap();
        assert_eq!(request(provider, verifier), certificate_request(&[], &extensions));
    }
}

/// A part of the names would be taken for all of them.
#[test]
fn a_request_names_all_authorities_or_none() {
    for (len, are_named) in [(AUTHORITIES_MAX - 2 * 102 - 2, true), (AUTHORITIES_MAX - 2 * 102 - 1, false)] {
        let names = vec![vec![1; 100], Vec::new(), vec![2; 100], vec![3; len]];
        let request = request(providers()[0], Names(names));
        let is_named = |byte: u8| request.windows(100).any(|part| part == [byte; 100]);
        assert_eq!([1, 2, 3].map(is_named), [are_named; 3], "{len} bytes");
        let decoded = CertificateRequest::decode(&request).unwrap();
        assert!(decoded.context.is_empty() && decoded.signature_algorithms.contains(0x0403));
    }
}

/// A session that is resumed would not be verified again.
#[test]
fn tickets_and_certificates_of_clients_exclude_each_other() {
    let provider = providers()[0];
    let identity = Pki::shared_identity(KIND);
    let builder = ServerConfig::builder(provider)
        .certificate_and_key(identity.chain.clone(), &identity.key)
        .unwrap()
        .client_verifier(ClientVerifier::new(&[Pki::shared(KIND).root()]).unwrap())
        .tickets(Arc::new(TicketKeys::new(provider, 3600).unwrap()));
    let Err(Error::Config(why)) = builder.build() else { panic!("both are taken") };
    assert_eq!(why, "a server that asks clients for certificates gives no tickets");
}

#[test]
fn a_verifier_needs_roots_that_parse() {
    for roots in [&[][..], &[CertificateDer::from(vec![0x30, 0])]] {
        assert!(matches!(ClientVerifier::new(roots), Err(Error::Config(_))));
    }
}
