//! Chains of any length: what does not belong to them is passed over, and what costs too much is refused.

use std::time::{Duration, Instant};

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::test_pki::{KeyKind, Pki, tiny_authority};
use super::{CertifiedKey, ServerVerifier};
use crate::codes::AlertDescription;
use crate::crypto::Provider;
use crate::error::{CertificateError, Error};
use crate::limits::HANDSHAKE_MESSAGE_MAX;

const KIND: KeyKind = KeyKind::EcdsaP256;
/// The issuer of the leaves.
const ISSUER: &str = "throw-away intermediate EcdsaP256";

fn verify(chain: &[CertificateDer<'_>]) -> Result<(), Error> {
    let verifier = ServerVerifier::new(&[Pki::shared(KIND).root()]).unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));
    verifier.verify_chain(Provider::auto(), chain, &ServerName::try_from("localhost").unwrap(), now)
}

/// The good chain with `others` behind the intermediate, before it, and on both sides.
fn with_others(others: &[CertificateDer<'static>]) -> [Vec<CertificateDer<'static>>; 3] {
    let chain = &Pki::shared_identity(KIND).chain;
    let (leaf, intermediate) = (&chain[..1], &chain[1..]);
    let (front, back) = others.split_at(others.len() / 2);
    [
        [leaf, intermediate, others].concat(),
        [leaf, others, intermediate].concat(),
        [leaf, front, intermediate, back].concat(),
    ]
}

#[test]
fn certificates_that_do_not_belong_to_the_chain_are_passed_over() {
    let pki = Pki::shared(KIND);
    let identity = Pki::shared_identity(KIND);
    let namesakes: Vec<_> = (0..58).map(|_| Pki::new(KIND).issue(KIND, |_| {}).chain[1].clone()).collect();
    let strangers: Vec<_> = (0..58).map(|number| tiny_authority("somebody else", number)).collect();
    let garbage: Vec<_> = (0..58).map(|number| CertificateDer::from(vec![0x30, 2, 5, number])).collect();
    let others: [(&str, Vec<CertificateDer<'static>>); 6] = [
        ("the intermediate again", vec![identity.chain[1].clone(); 58]),
        ("the leaf again", vec![identity.chain[0].clone(); 58]),
        ("the root", vec![pki.root(); 58]),
        ("authorities by the same name", namesakes),
        ("authorities by another name", strangers),
        ("no certificates", garbage),
    ];
    for (what, others) in others {
        for count in [1, 5, 6, 7, 15, 58] {
            for chain in with_others(&others[..count]) {
                assert_eq!(verify(&chain), Ok(()), "{count} times {what}");
            }
        }
    }
}

/// As many as a message holds: each could be the issuer of each, or of those that are beside many others, for which webpki
/// alone takes seconds.
#[test]
fn authorities_that_could_all_issue_each_other_are_refused_at_once() {
    let count = (HANDSHAKE_MESSAGE_MAX - 1000) / (tiny_authority(ISSUER, 0).len() + 5);
    assert!(count > 300, "{count}");
    let tiny: Vec<_> = (0..count).map(|number| tiny_authority(ISSUER, number as u16)).collect();
    let leaf = &Pki::shared_identity(KIND).chain[..1];
    let start = Instant::now();
    for _ in 0..20 {
        assert_eq!(verify(&Pki::shared_identity(KIND).chain), Ok(()));
    }
    let good = start.elapsed() / 20;
    let others: Vec<_> = (0..count).map(|number| tiny_authority("somebody else", number as u16)).collect();
    for (count, other) in [(8, 0), (9, count - 9), (12, count - 12), (16, 16), (60, 0), (count, 0)] {
        let start = Instant::now();
        let chain = [leaf, &tiny[..count], &others[..other]].concat();
        let error = verify(&chain).expect_err("nobody whom this side trusts");
        let took = start.elapsed();
        assert_eq!(error, CertificateError::Other("the chain takes too much work to verify".into()).into());
        assert_eq!(error.alert(), Some(AlertDescription::CERTIFICATE_UNKNOWN));
        assert!(took < 1000 * good, "{count} take {took:?}, a good chain {good:?}");
    }
}

/// What may be tried is tried, and bounded by what few certificates can be.
#[test]
fn few_authorities_by_one_name_are_all_tried() {
    let leaf = &Pki::shared_identity(KIND).chain[..1];
    let tiny: Vec<_> = (0..7).map(|number| tiny_authority(ISSUER, number)).collect();
    for count in 1..=7 {
        let error = verify(&[leaf, &tiny[..count]].concat()).expect_err("nobody whom this side trusts");
        let too_long = CertificateError::Other("the chain is too long".into());
        let expected = if count < 7 { CertificateError::UnknownIssuer } else { too_long };
        assert_eq!(error, expected.into(), "{count}");
    }
    // Again and again the same ones.
    let copies: Vec<_> = (0..300).map(|index| tiny[index % 6].clone()).collect();
    assert_eq!(verify(&[leaf, &copies].concat()), Err(CertificateError::UnknownIssuer.into()));
    // Beside others, of which no path is made.
    let others: Vec<_> = (0..300).map(|number| tiny_authority("somebody else", number)).collect();
    assert_eq!(verify(&[leaf, &tiny[..6], &others].concat()), Err(CertificateError::UnknownIssuer.into()));
    // And the good one among them is found.
    for chain in with_others(&tiny[..3]) {
        assert_eq!(verify(&chain), Ok(()));
    }
}

#[test]
fn a_chain_of_ones_own_is_bounded_by_its_message_alone() {
    let identity = Pki::shared_identity(KIND);
    let load = |chain: Vec<_>| CertifiedKey::new(Provider::all()[0], chain, &identity.key).map(drop);
    let intermediate = &identity.chain[1];
    // Header, context and length of the list, then each certificate with two lengths (RFC 8446 4.4.2).
    let room = HANDSHAKE_MESSAGE_MAX - 8 - (identity.chain[0].len() + 5);
    let most = room / (intermediate.len() + 5);
    assert!(most > 60, "{most}");
    for count in [0, 1, 16, 59, most] {
        let chain = [&identity.chain[..1], &vec![intermediate.clone(); count]].concat();
        assert_eq!(load(chain), Ok(()), "{count} certificates behind the leaf");
    }
    let chain = [&identity.chain[..1], &vec![intermediate.clone(); most + 1]].concat();
    let Err(Error::Config(why)) = load(chain) else { panic!("a chain that no message holds") };
    assert!(why.contains("longer than one message can carry"), "{why}");
}
