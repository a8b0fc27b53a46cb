//! Revocation lists (RFC 5280 5): what they have is refused, at either end.

mod support;

use rustls_pki_types::CertificateRevocationListDer;
use support::jobs::{at_once_and_pausing, paused_for};
use support::peer::{Peer, pump};
use support::pki::{Identity, KeyKind, Pki, for_client};
use support::{client, localhost, providers, server, server_with};
use tls_engine::Error;
use tls_engine::codes::AlertDescription;
use tls_engine::conn::ClientConfig;
use tls_engine::crypto::Provider;
use tls_engine::error::CertificateError;
use tls_engine::pki::{CertifiedKey, ClientVerifier, ServerVerifier, revocation_lists_from_pem};

const KIND: KeyKind = KeyKind::EcdsaP256;
const GOOD: u64 = 7;
const REVOKED: u64 = 8;

fn identity(serial: u64, is_client: bool) -> Identity {
    Pki::shared(KIND).issue(KIND, |params| {
        params.serial_number = Some(serial.into());
        if is_client {
            for_client(params);
        }
    })
}

/// Which lists a verifier has, and whether it requires them.
struct Case {
    lists: Vec<CertificateRevocationListDer<'static>>,
    is_required: bool,
}

impl Case {
    fn server_verifier(&self) -> ServerVerifier {
        let verifier = ServerVerifier::new(&[Pki::shared(KIND).root()]).unwrap();
        let verifier = verifier.with_revocation_lists(&self.lists).unwrap();
        if self.is_required { verifier.require_revocation_status().unwrap() } else { verifier }
    }

    fn client_verifier(&self) -> ClientVerifier {
        let verifier = ClientVerifier::new(&[Pki::shared(KIND).root()]).unwrap();
        let verifier = verifier.with_revocation_lists(&self.lists).unwrap();
        if self.is_required { verifier.require_revocation_status().unwrap() } else { verifier }
    }

    /// What becomes of a handshake with a server of this certificate, and of one with such a client. The other end learns it by an alert.
    fn outcomes(&self, provider: &'static Provider, serial: u64) -> [Result<(), Error>; 2] {
        let config = ClientConfig::builder(provider).verifier(self.server_verifier()).pause_for(paused_for());
        let mut ends = [
            Peer::client(&config.build().unwrap(), localhost()).unwrap(),
            Peer::server(&server_with(provider, &identity(serial, false), |it| it)),
        ];
        let of_server = outcome(&mut ends);
        let Identity { chain, key, .. } = identity(serial, true);
        let own = CertifiedKey::new(provider, chain, &key).unwrap();
        let mut ends = [
            Peer::server(&server(provider, KIND, |builder| builder.client_verifier(self.client_verifier()))),
            Peer::client(&client(provider, KIND, |builder| builder.certificate(own)), localhost()).unwrap(),
        ];
        // The client sends first.
        let hello = ends[1].drain();
        ends[0].feed(&hello).unwrap();
        [of_server, outcome(&mut ends)]
    }
}

/// What the first end, which verifies, makes of the second.
fn outcome([verifying, shown]: &mut [Peer; 2]) -> Result<(), Error> {
    let result = pump(verifying, shown);
    if let Err(error) = &result {
        let alert = error.alert().expect("an alert");
        if *error != Error::PeerAlert(alert) {
            assert_eq!(shown.feed(&verifying.drain()), Err(Error::PeerAlert(alert)), "{error}");
        }
    }
    result
}

fn lists_of(pki: &Pki, serials: &[u64], until: i32) -> Vec<CertificateRevocationListDer<'static>> {
    pki.revocation_lists(serials, until).iter().map(|list| list.der().clone()).collect()
}

fn unknown(why: &str) -> Result<(), Error> {
    Err(CertificateError::Other(why.into()).into())
}

const NO_LIST: &str = "no revocation list tells whether it, or one of its issuers, is revoked";
const EXPIRED: &str = "the revocation list of its issuer has expired";

#[test]
fn what_a_list_has_is_refused() {
    let pki = Pki::shared(KIND);
    let lists = |serials: &[u64], until| lists_of(pki, serials, until);
    let of_leaves = |serials: &[u64], until| lists(serials, until)[..1].to_vec();
    let foreign = lists_of(Pki::shared(KeyKind::Ed25519), &[GOOD, REVOKED], 2090);
    let revoked = || Err(CertificateError::Revoked.into());
    let no_list = || unknown(NO_LIST);
    type Outcome = Result<(), Error>;
    let cases: [(&str, Vec<_>, bool, Outcome, Outcome); 8] = [
        ("all lists", lists(&[REVOKED], 2090), false, Ok(()), revoked()),
        ("all lists, required", lists(&[REVOKED], 2090), true, Ok(()), revoked()),
        ("one list", of_leaves(&[1, REVOKED, 9], 2090), false, Ok(()), revoked()),
        ("one list, required", of_leaves(&[REVOKED], 2090), true, no_list(), no_list()),
        ("an empty list", lists(&[], 2090), true, Ok(()), Ok(())),
        ("an old list", lists(&[REVOKED], 2002), false, Ok(()), revoked()),
        ("an old list, required", lists(&[REVOKED], 2002), true, unknown(EXPIRED), unknown(EXPIRED)),
        ("others' lists", foreign, false, Ok(()), Ok(())),
    ];
    at_once_and_pausing(|| {
        for provider in providers() {
            for (name, lists, is_required, good, bad) in &cases {
                let case = Case { lists: lists.clone(), is_required: *is_required };
                assert_eq!(case.outcomes(provider, GOOD), [good.clone(), good.clone()], "{name}, good");
                assert_eq!(case.outcomes(provider, REVOKED), [bad.clone(), bad.clone()], "{name}, revoked");
            }
        }
    });
    assert_eq!(Error::from(CertificateError::Revoked).alert(), Some(AlertDescription::CERTIFICATE_REVOKED));
}

#[test]
fn lists_that_can_not_be_used_are_refused() {
    let verifier = || ServerVerifier::new(&[Pki::shared(KIND).root()]).unwrap();
    let good = &lists_of(Pki::shared(KIND), &[REVOKED], 2090)[0];
    let half = CertificateRevocationListDer::from(good[..good.len() / 2].to_vec());
    assert!(verifier().with_revocation_lists(std::slice::from_ref(good)).is_ok());
    let newer = lists_of(Pki::shared(KIND), &[GOOD], 2090)[0].clone();
    for (lists, told) in [
        (vec![], "no revocation list"),
        (vec![good.clone(), half], "revocation list 2 can't be used"),
        (vec![good.clone(), newer], "revocation lists 1 and 2 are for the same certificates"),
    ] {
        let Err(Error::Config(why)) = verifier().with_revocation_lists(&lists) else { panic!("{told}: taken") };
        assert!(why.starts_with(told), "{why}");
    }
    assert!(matches!(verifier().require_revocation_status(), Err(Error::Config(_))));
    let once = verifier().with_revocation_lists(std::slice::from_ref(good)).unwrap();
    assert!(matches!(once.with_revocation_lists(std::slice::from_ref(good)), Err(Error::Config(_))));
    let insecure = ServerVerifier::insecure().with_revocation_lists(std::slice::from_ref(good));
    assert!(matches!(insecure, Err(Error::Config(_))));
}

/// Of a list that somebody else has made in the name of the issuer, nothing is believed.
#[test]
fn a_forged_list_ends_the_handshake() {
    let forged = Case { lists: lists_of(&Pki::new(KIND), &[REVOKED], 2090), is_required: false };
    for serial in [GOOD, REVOKED] {
        let outcomes = forged.outcomes(providers()[0], serial);
        let why = "its issuer has not signed the revocation list that has its name";
        assert_eq!(outcomes, [unknown(why), unknown(why)]);
    }
}

#[test]
fn lists_are_read_from_pem_and_from_der() {
    let [of_leaves, of_authorities] = Pki::shared(KIND).revocation_lists(&[REVOKED], 2090);
    let both = of_leaves.pem().unwrap() + "and\n" + &Pki::shared(KIND).root_pem() + &of_authorities.pem().unwrap();
    let ders = [of_leaves.der().clone(), of_authorities.der().clone()];
    assert_eq!(revocation_lists_from_pem(both.as_bytes()).unwrap(), ders);
    assert_eq!(revocation_lists_from_pem(of_leaves.der()).unwrap(), ders[..1]);
    let Err(Error::Config(why)) = revocation_lists_from_pem(Pki::shared(KIND).root_pem().as_bytes()) else {
        panic!("a certificate is a list")
    };
    assert!(why.contains("X509 CRL"), "{why}");
}
