//! Chains that are good, and one for each way to be refused.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::test_pki::{Identity, KeyKind, Pki, expired, not_yet_valid};
use super::*;
use crate::codes::{AlertDescription, SignatureScheme};
use crate::crypto::Provider;
use crate::error::{CertificateError, Error};

const NOW: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));

fn each_provider(check: impl Fn(&'static Provider)) {
    assert!(!Provider::all().is_empty(), "a build without a provider can't do TLS");
    for provider in Provider::all() {
        eprintln!("provider {}", provider.name);
        check(provider);
    }
}

fn name(text: &str) -> ServerName<'static> {
    ServerName::try_from(text.to_owned()).unwrap()
}

fn verify(pki: &Pki, identity: &Identity, server: &str) -> Result<(), Error> {
    ServerVerifier::new(&[pki.root()]).unwrap().verify_chain(Provider::auto(), &identity.chain, &name(server), NOW)
}

fn certificate_error(result: Result<(), Error>) -> (CertificateError, AlertDescription) {
    let error = result.expect_err("this chain must be refused");
    let alert = error.alert().expect("the server is told");
    match error {
        Error::Certificate(error) => (error, alert),
        other => panic!("not about the certificate: {other}"),
    }
}

#[test]
fn good_chains_of_every_kind_are_taken_by_every_provider() {
    each_provider(|provider| {
        for kind in KeyKind::ALL {
            let verifier = ServerVerifier::new(&[Pki::shared(kind).root()]).unwrap();
            let chain = &Pki::shared_identity(kind).chain;
            for server in ["localhost", "LOCALHOST", "127.0.0.1"] {
                assert_eq!(verifier.verify_chain(provider, chain, &name(server), NOW), Ok(()), "{kind:?} {server}");
            }
        }
    });
}

#[test]
fn expired_and_not_yet_valid_leaves_are_refused() {
    let pki = Pki::shared(KeyKind::EcdsaP256);
    let result = certificate_error(verify(pki, &pki.issue(pki.kind, expired), "localhost"));
    assert_eq!(result, (CertificateError::Expired, AlertDescription::CERTIFICATE_EXPIRED));
    let result = certificate_error(verify(pki, &pki.issue(pki.kind, not_yet_valid), "localhost"));
    assert_eq!(result, (CertificateError::NotYetValid, AlertDescription::CERTIFICATE_EXPIRED));
}

#[test]
fn an_expired_intermediate_is_refused() {
    let pki = Pki::with_intermediate(KeyKind::EcdsaP256, expired);
    let result = certificate_error(verify(&pki, &pki.issue(pki.kind, |_| {}), "localhost"));
    assert_eq!(result, (CertificateError::Expired, AlertDescription::CERTIFICATE_EXPIRED));
}

#[test]
fn the_time_is_the_one_handed_in() {
    let pki = Pki::shared(KeyKind::EcdsaP256);
    let then = UnixTime::since_unix_epoch(Duration::from_secs(970_000_000));
    let verifier = ServerVerifier::new(&[pki.root()]).unwrap();
    // The intermediate is valid since 1975, so in autumn 2000 all of the chain is.
    assert_eq!(
        verifier.verify_chain(Provider::auto(), &pki.issue(pki.kind, expired).chain, &name("localhost"), then),
        Ok(())
    );
}

#[test]
fn a_wrong_name_is_refused_with_both_names() {
    let pki = Pki::shared(KeyKind::EcdsaP256);
    for (asked, shown) in [("example.com", "example.com"), ("127.0.0.2", "127.0.0.2"), ("::1", "::1")] {
        let (error, alert) = certificate_error(verify(pki, Pki::shared_identity(pki.kind), asked));
        assert_eq!(alert, AlertDescription::BAD_CERTIFICATE);
        let presented = "localhost, 127.0.0.1".to_owned();
        assert_eq!(error, CertificateError::WrongName { expected: shown.into(), presented });
    }
}

#[test]
fn names_are_written_as_people_write_them_and_can_do_no_more_than_be_seen() {
    use rcgen::SanType;
    let pki = Pki::shared(KeyKind::EcdsaP256);
    let address = |text: &str| SanType::IpAddress(text.parse().unwrap());
    let names = |names: Vec<SanType>| {
        let identity = pki.issue(pki.kind, |params| params.subject_alt_names = names);
        let (error, _) = certificate_error(verify(pki, &identity, "localhost"));
        let CertificateError::WrongName { presented, .. } = error else { panic!("{error}") };
        presented
    };
    for text in
        ["::1", "::", "2001:db8::", "1::", "2001:db8:0:1::1", "2001:db8:0:1:1::", "fe80::1:0:0:1", "0:1::", "192.0.2.0"]
    {
        let expected = text.parse::<std::net::IpAddr>().unwrap().to_string();
        assert_eq!(names(vec![address(text)]), expected, "{text}");
    }
    let nameless = pki.issue(pki.kind, |params| params.subject_alt_names = Vec::new());
    let refused = (CertificateError::NoName { expected: "localhost".into() }, AlertDescription::BAD_CERTIFICATE);
    assert_eq!(certificate_error(verify(pki, &nameless, "localhost")), refused);
    let uri = SanType::URI("https://a.example/".try_into().unwrap());
    let mailbox = SanType::Rfc822Name("a@b.example".try_into().unwrap());
    let hostile = SanType::DnsName("a\u{1b}[2J\r\nb".try_into().unwrap());
    let other = SanType::OtherName((vec![1, 3, 6, 1], "name".into()));
    assert_eq!(
        names(vec![address("::1"), uri, mailbox, hostile, other]),
        "::1, https://a.example/, a@b.example, a\u{fffd}[2J\u{fffd}\u{fffd}b, a name of another kind"
    );
}

#[test]
fn only_the_first_of_many_names_are_shown() {
    let pki = Pki::shared(KeyKind::EcdsaP256);
    let identity = pki.issue(pki.kind, |params| {
        let names = (0..100).map(|index| rcgen::SanType::DnsName(format!("n{index}.example").try_into().unwrap()));
        params.subject_alt_names = names.collect();
    });
    let (error, _) = certificate_error(verify(pki, &identity, "localhost"));
    let CertificateError::WrongName { presented, .. } = error else { panic!("{error}") };
    assert!(presented.starts_with("n0.example, n1.example, "), "{presented}");
    assert!(presented.ends_with("n7.example, 92 more"), "{presented}");
}

#[test]
fn a_certificate_for_clients_is_refused() {
    let pki = Pki::shared(KeyKind::EcdsaP256);
    let identity = pki.issue(pki.kind, |params| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    });
    let (error, alert) = certificate_error(verify(pki, &identity, "localhost"));
    assert_eq!(alert, AlertDescription::CERTIFICATE_UNKNOWN);
    assert!(error.to_string().contains("extended key usage"), "{error}");
}

#[test]
fn an_authority_as_server_is_refused() {
    let pki = Pki::shared(KeyKind::EcdsaP256);
    let identity = pki.issue(pki.kind, |params| {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    });
    let (error, alert) = certificate_error(verify(pki, &identity, "localhost"));
    assert_eq!(alert, AlertDescription::CERTIFICATE_UNKNOWN);
    assert!(error.to_string().contains("CA certificate"), "{error}");
}

#[test]
fn an_issuer_that_is_no_authority_is_refused() {
    let pki = Pki::with_intermediate(KeyKind::EcdsaP256, |params| params.is_ca = rcgen::IsCa::ExplicitNoCa);
    let (error, alert) = certificate_error(verify(&pki, &pki.issue(pki.kind, |_| {}), "localhost"));
    assert_eq!(alert, AlertDescription::CERTIFICATE_UNKNOWN);
    assert!(error.to_string().contains("not a CA"), "{error}");
}

#[test]
fn an_unknown_root_and_a_missing_intermediate_are_refused() {
    let pki = Pki::shared(KeyKind::EcdsaP256);
    let unknown = (CertificateError::UnknownIssuer, AlertDescription::UNKNOWN_CA);
    let other = Pki::shared(KeyKind::EcdsaP384).issue(KeyKind::EcdsaP256, |_| {});
    assert_eq!(certificate_error(verify(pki, &other, "localhost")), unknown);

    let verifier = ServerVerifier::new(&[pki.root()]).unwrap();
    let leaf_alone = &Pki::shared_identity(pki.kind).chain[..1];
    assert_eq!(
        certificate_error(verifier.verify_chain(Provider::auto(), leaf_alone, &name("localhost"), NOW)),
        unknown
    );
}

#[test]
fn a_root_of_the_same_name_with_another_key_is_no_issuer() {
    let pki = Pki::shared(KeyKind::EcdsaP256);
    let namesake = Pki::new(KeyKind::EcdsaP256).issue(KeyKind::EcdsaP256, |_| {});
    let (error, alert) = certificate_error(verify(pki, &namesake, "localhost"));
    assert_eq!(alert, AlertDescription::BAD_CERTIFICATE);
    assert!(error.to_string().contains("does not verify"), "{error}");
}

#[test]
fn a_forged_leaf_is_refused() {
    let pki = Pki::shared(KeyKind::EcdsaP256);
    let mut identity = pki.issue(pki.kind, |_| {});
    let mut der = identity.chain[0].to_vec();
    let place = der.windows(9).position(|window| window == b"localhost").unwrap();
    der[place] = b'L';
    identity.chain[0] = CertificateDer::from(der);
    let (error, alert) = certificate_error(verify(pki, &identity, "localhost"));
    assert_eq!(alert, AlertDescription::BAD_CERTIFICATE);
    assert!(error.to_string().contains("does not verify"), "{error}");
}

#[test]
fn an_unknown_critical_extension_is_refused() {
    let pki = Pki::shared(KeyKind::EcdsaP256);
    let identity = pki.issue(pki.kind, |params| {
        let mut extension = rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    });
    let (error, alert) = certificate_error(verify(pki, &identity, "localhost"));
    assert_eq!(alert, AlertDescription::UNSUPPORTED_CERTIFICATE);
    assert!(error.to_string().contains("critical"), "{error}");
}

#[test]
fn a_signature_algorithm_that_the_provider_lacks_is_refused() {
    let full = Provider::all()[0];
    let poor = Provider {
        name: "poor",
        suites: full.suites.clone(),
        groups: full.groups.clone(),
        schemes: full.schemes.clone(),
        certificate_algorithms: Vec::new(),
        load_key: full.load_key,
        random: full.random,
    };
    let pki = Pki::shared(KeyKind::EcdsaP256);
    let verifier = ServerVerifier::new(&[pki.root()]).unwrap();
    let chain = &Pki::shared_identity(pki.kind).chain;
    let (error, alert) = certificate_error(verifier.verify_chain(&poor, chain, &name("localhost"), NOW));
    assert_eq!(alert, AlertDescription::UNSUPPORTED_CERTIFICATE, "{error}");
}

#[test]
fn garbage_and_nothing_are_refused() {
    let verifier = ServerVerifier::new(&[Pki::shared(KeyKind::EcdsaP256).root()]).unwrap();
    let insecure = ServerVerifier::insecure();
    assert!(insecure.is_insecure() && !verifier.is_insecure());
    for verifier in [verifier, insecure] {
        let result = verifier.verify_chain(Provider::auto(), &[], &name("localhost"), NOW);
        assert_eq!(certificate_error(result), (CertificateError::Missing, AlertDescription::DECODE_ERROR));
        let garbage = [CertificateDer::from(vec![0x30, 0x03, 1, 2, 3])];
        let (_, alert) = certificate_error(verifier.verify_chain(Provider::auto(), &garbage, &name("localhost"), NOW));
        assert_eq!(alert, AlertDescription::BAD_CERTIFICATE);
    }
}

#[test]
fn without_verification_any_chain_is_taken() {
    let pki = Pki::shared(KeyKind::Ed25519);
    let identity = pki.issue(pki.kind, expired);
    let verifier = ServerVerifier::insecure();
    assert_eq!(verifier.verify_chain(Provider::auto(), &identity.chain, &name("example.com"), NOW), Ok(()));
}

#[test]
fn roots_must_parse_and_be_there() {
    let garbage = CertificateDer::from(vec![1, 2, 3]);
    let good = Pki::shared(KeyKind::EcdsaP256).root();
    assert!(matches!(ServerVerifier::new(&[]), Err(Error::Config(_))));
    let Err(Error::Config(why)) = ServerVerifier::new(&[good.clone(), garbage.clone()]) else {
        panic!("garbage was trusted")
    };
    assert!(why.starts_with("trusted certificate 2 "), "{why}");
    assert!(ServerVerifier::from_store(&[garbage.clone(), good]).is_ok());
    assert!(matches!(ServerVerifier::from_store(&[garbage]), Err(Error::Config(_))));
}

#[test]
fn keys_sign_what_their_certificates_verify_across_providers() {
    let message = b"64 spaces and more, for all that a signature cares";
    each_provider(|signer| {
        for kind in KeyKind::ALL {
            let identity = Pki::shared_identity(kind);
            let key = CertifiedKey::new(signer, identity.chain.clone(), &identity.key).unwrap();
            assert!(!key.key.schemes().is_empty());
            for &scheme in key.key.schemes() {
                let signature = key.key.sign(scheme, message, signer.random).unwrap();
                each_provider(|verifier| {
                    let check = |scheme, message, signature| {
                        verify_handshake_signature(verifier, &identity.chain[0], scheme, message, signature)
                    };
                    assert_eq!(check(scheme, message, &signature), Ok(()), "{kind:?} {scheme}");
                    let refused = Err(Error::DecryptError("the CertificateVerify signature"));
                    assert_eq!(check(scheme, b"something else", &signature), refused);
                    let mut flipped = signature.clone();
                    *flipped.last_mut().unwrap() ^= 1;
                    assert_eq!(check(scheme, message, &flipped), refused);
                    assert_eq!(check(scheme, message, &[]), refused);
                });
            }
        }
    });
}

#[test]
fn schemes_that_do_not_fit_or_were_not_offered_are_illegal_parameters() {
    each_provider(|provider| {
        let p256 = &Pki::shared_identity(KeyKind::EcdsaP256).chain[0];
        let rsa = &Pki::shared_identity(KeyKind::Rsa2048).chain[0];
        for (leaf, scheme) in [
            (p256, SignatureScheme::ECDSA_SECP384R1_SHA384),
            (p256, SignatureScheme::ED25519),
            (p256, SignatureScheme::RSA_PSS_RSAE_SHA256),
            (rsa, SignatureScheme::RSA_PKCS1_SHA256),
            (rsa, SignatureScheme(0x0201)),
        ] {
            let error = verify_handshake_signature(provider, leaf, scheme, b"message", b"signature").unwrap_err();
            assert_eq!(error.alert(), Some(AlertDescription::ILLEGAL_PARAMETER), "{scheme}: {error}");
        }
    });
}

#[test]
fn the_offer_has_every_scheme_once_and_pkcs1_last() {
    each_provider(|provider| {
        let offered = offered_schemes(provider);
        let position = |scheme| offered.iter().position(|each| *each == scheme).unwrap_or_else(|| panic!("{scheme}"));
        for scheme in [
            SignatureScheme::ECDSA_SECP256R1_SHA256,
            SignatureScheme::ECDSA_SECP384R1_SHA384,
            SignatureScheme::ED25519,
            SignatureScheme::RSA_PSS_RSAE_SHA256,
        ] {
            assert!(position(scheme) < position(SignatureScheme::RSA_PKCS1_SHA256));
        }
        assert!(offered.iter().enumerate().all(|(index, scheme)| position(*scheme) == index));
    });
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    each_provider(|provider| {
        let mine = Pki::shared_identity(KeyKind::EcdsaP256);
        let same_kind = Pki::shared(KeyKind::EcdsaP256).issue(KeyKind::EcdsaP256, |_| {});
        for other in [&same_kind, Pki::shared_identity(KeyKind::EcdsaP384), Pki::shared_identity(KeyKind::Rsa2048)] {
            let error = CertifiedKey::new(provider, mine.chain.clone(), &other.key).unwrap_err();
            let text = error.to_string();
            let why = if other.kind == mine.kind {
                "the two public keys differ"
            } else {
                "the certificate's is ECDSA on P-256"
            };
            assert!(
                text.starts_with("the private key does not belong to the certificate: ") && text.contains(why),
                "{text}"
            );
        }
        assert!(matches!(CertifiedKey::new(provider, Vec::new(), &mine.key), Err(Error::Config(_))));
    });
}

#[test]
fn the_first_key_that_fits_the_offer_is_chosen() {
    let provider = Provider::all()[0];
    let load = |kind| {
        let identity = Pki::shared_identity(kind);
        CertifiedKey::new(provider, identity.chain.clone(), &identity.key).unwrap()
    };
    let keys = [load(KeyKind::Ed25519), load(KeyKind::Rsa2048), load(KeyKind::EcdsaP256)];
    let choose = |offered: &[SignatureScheme]| {
        let (key, scheme) = CertifiedKey::choose(&keys, |scheme| offered.contains(&scheme))?;
        Some((keys.iter().position(|each| std::ptr::eq(each, key))?, scheme))
    };
    let all = offered_schemes(provider);
    assert_eq!(choose(&all), Some((0, SignatureScheme::ED25519)));
    let pss = [SignatureScheme::ECDSA_SECP256R1_SHA256, SignatureScheme::RSA_PSS_RSAE_SHA512];
    assert_eq!(choose(&pss), Some((1, SignatureScheme::RSA_PSS_RSAE_SHA512)));
    assert_eq!(choose(&[SignatureScheme::ECDSA_SECP256R1_SHA256]), Some((2, SignatureScheme::ECDSA_SECP256R1_SHA256)));
    assert_eq!(choose(&[SignatureScheme::RSA_PKCS1_SHA256, SignatureScheme::ECDSA_SECP384R1_SHA384]), None);
    assert_eq!(choose(&[]), None);
}

#[test]
fn pem_is_read_and_each_way_to_be_wrong_has_its_words() {
    let identity = Pki::shared_identity(KeyKind::Rsa2048);
    assert_eq!(certificates_from_pem(identity.chain_pem.as_bytes()).unwrap(), identity.chain);
    assert_eq!(*private_key_from_pem(identity.key_pem.as_bytes()).unwrap(), identity.key);
    let both = identity.chain_pem.clone() + &identity.key_pem;
    assert_eq!(certificates_from_pem(both.as_bytes()).unwrap(), identity.chain);
    assert_eq!(*private_key_from_pem(both.as_bytes()).unwrap(), identity.key);

    let cut = &identity.key_pem[..identity.key_pem.len() / 2];
    let not_base64 = identity.key_pem.replace("\nMII", "\n!II");
    let encrypted = identity.key_pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    for (text, says) in [
        ("", "no private key found: the text is empty"),
        ("\u{1f}\u{2}binary", "no private key found: this is not PEM (there is no BEGIN line)"),
        (identity.chain_pem.as_str(), "no private key found: its sections are of other kinds (CERTIFICATE)"),
        (cut, "malformed PEM: a section has no end line"),
        (not_base64.as_str(), "malformed PEM: a section is not base64"),
        (
            encrypted.as_str(),
            "the private key is encrypted; give one without a passphrase: `openssl pkey -in FILE -out FILE2` writes it",
        ),
    ] {
        assert_eq!(private_key_from_pem(text.as_bytes()).unwrap_err(), Error::Config(says.into()));
    }
    assert_eq!(
        certificates_from_pem(identity.key_pem.as_bytes()),
        Err(Error::Config("no certificate found: its sections are of other kinds (PRIVATE KEY)".into()))
    );
    let huge = vec![b'A'; crate::limits::PEM_MAX + 1];
    assert!(certificates_from_pem(&huge).unwrap_err().to_string().contains("at most"));
    assert!(private_key_from_pem(&huge).unwrap_err().to_string().contains("at most"));
}
