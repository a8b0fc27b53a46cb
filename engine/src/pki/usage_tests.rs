//! What a certificate says its key is for.

use std::time::Duration;

use rcgen::{CustomExtension, KeyUsagePurpose as Purpose};
use rustls_pki_types::{ServerName, UnixTime};

use super::parsed_certificate::ParsedCertificate;
use super::test_pki::{Identity, KeyKind, Pki};
use super::{CertifiedKey, ServerVerifier};
use crate::codes::AlertDescription;
use crate::crypto::Provider;
use crate::error::{CertificateError, Error};

const KIND: KeyKind = KeyKind::EcdsaP256;
const KEY_USAGE: &[u64] = &[2, 5, 29, 15];

fn with_usages(usages: &[Purpose]) -> Identity {
    Pki::shared(KIND).issue(KIND, |params| params.key_usages = usages.to_vec())
}

fn with_extensions(contents: &[&[u8]]) -> Identity {
    Pki::shared(KIND).issue(KIND, |params| {
        params.key_usages.clear();
        let extensions = contents.iter().map(|content| CustomExtension::from_oid_content(KEY_USAGE, content.to_vec()));
        params.custom_extensions.extend(extensions);
    })
}

fn verify(identity: &Identity) -> Result<(), Error> {
    let verifier = ServerVerifier::new(&[Pki::shared(KIND).root()]).unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));
    verifier.verify_chain(Provider::auto(), &identity.chain, &ServerName::try_from("localhost").unwrap(), now)
}

fn load(identity: &Identity) -> Result<(), Error> {
    CertifiedKey::new(Provider::all()[0], identity.chain.clone(), &identity.key).map(drop)
}

#[test]
fn a_key_that_may_sign_is_taken_whatever_else_it_may() {
    use Purpose::{ContentCommitment, DecipherOnly, DigitalSignature, KeyAgreement, KeyCertSign, KeyEncipherment};
    let all = [DigitalSignature, ContentCommitment, KeyEncipherment, KeyAgreement, KeyCertSign, DecipherOnly];
    for usages in [&[][..], &[DigitalSignature], &[KeyEncipherment, DigitalSignature], &all] {
        let identity = with_usages(usages);
        assert_eq!((load(&identity), verify(&identity)), (Ok(()), Ok(())), "{usages:?}");
    }
}

#[test]
fn a_key_that_may_not_sign_is_refused_by_both_ends() {
    use Purpose::{
        ContentCommitment, CrlSign, DecipherOnly, DigitalSignature, KeyAgreement, KeyCertSign, KeyEncipherment,
    };
    let all_others = [ContentCommitment, KeyEncipherment, KeyAgreement, KeyCertSign, CrlSign, DecipherOnly];
    for usages in [&[KeyEncipherment][..], &[KeyAgreement], &[DecipherOnly], &[KeyCertSign, CrlSign], &all_others] {
        assert!(!usages.contains(&DigitalSignature));
        refused(&with_usages(usages), &format!("{usages:?}"));
    }
    // No bit at all, and one byte of none.
    for content in [&[3, 1, 0][..], &[3, 2, 7, 0]] {
        refused(&with_extensions(&[content]), &format!("{content:02x?}"));
    }
}

fn refused(identity: &Identity, what: &str) {
    let Err(Error::Config(why)) = load(identity) else { panic!("{what} was loaded") };
    assert!(why.contains("lacks digitalSignature") && why.contains("have it issued with"), "{why}");
    let error = verify(identity).expect_err(what);
    assert_eq!(error.alert(), Some(AlertDescription::CERTIFICATE_UNKNOWN), "as with the extended key usage");
    assert_eq!(error.to_string(), "certificate refused: its key usage does not allow it to sign");
    let insecure = ServerVerifier::insecure();
    let now = UnixTime::since_unix_epoch(Duration::ZERO);
    assert_eq!(
        insecure.verify_chain(Provider::auto(), &identity.chain, &ServerName::try_from("localhost").unwrap(), now),
        Ok(())
    );
}

/// What signs certificates needs no digitalSignature, and an authority above the leaf is not asked for it.
#[test]
fn only_the_leaf_is_asked() {
    let pki = Pki::with_intermediate(KIND, |params| params.key_usages = vec![Purpose::KeyCertSign]);
    let identity = pki.issue(KIND, |_| {});
    let verifier = ServerVerifier::new(&[pki.root()]).unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));
    assert_eq!(
        verifier.verify_chain(Provider::auto(), &identity.chain, &ServerName::try_from("localhost").unwrap(), now),
        Ok(())
    );
    assert_eq!(load(&identity), Ok(()));
}

#[test]
fn a_key_usage_that_is_broken_is_refused() {
    let contents: [&[&[u8]]; 8] = [
        &[&[]],
        &[&[3]],
        &[&[3, 0]],
        &[&[3, 2, 0]],
        // Eight unused bits, bytes left over, and another type.
        &[&[3, 2, 8, 0x80]],
        &[&[3, 2, 7, 0x80, 0]],
        &[&[4, 2, 7, 0x80]],
        &[&[3, 2, 7, 0x80], &[3, 2, 7, 0x80]],
    ];
    for contents in contents {
        let identity = with_extensions(contents);
        assert!(matches!(load(&identity), Err(Error::Config(_))), "{contents:02x?}");
        let error = verify(&identity).expect_err("a broken extension");
        assert_eq!(error.alert(), Some(AlertDescription::BAD_CERTIFICATE), "{contents:02x?}: {error}");
    }
}

/// A certificate is the peer's: cut or changed anywhere, it is read or refused.
#[test]
fn no_bytes_make_the_outline_panic() {
    let certificate = with_usages(&[Purpose::DigitalSignature, Purpose::KeyAgreement]).chain[0].to_vec();
    let look = |bytes: &[u8]| ParsedCertificate::read(bytes).and_then(|parsed| parsed.may_sign());
    assert_eq!(look(&certificate), Ok(true));
    for len in 0..certificate.len() {
        assert!(matches!(look(&certificate[..len]), Err(CertificateError::Bad(_))), "cut to {len} bytes");
    }
    for place in 0..certificate.len() {
        for value in [0x00, 0x01, 0x30, 0x7f, 0x80, 0x82, 0x84, 0xa3, 0xff, certificate[place] ^ 1] {
            let mut changed = certificate.clone();
            changed[place] = value;
            let _ = look(&changed);
        }
    }
}
