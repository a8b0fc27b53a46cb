//! Every provider against itself and against every other: what one seals, signs or offers, all others take.

use std::ops::Range;

use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, SignatureAlgorithm};
use rustls_pki_types::PrivateKeyDer;
use tls_engine::Error;
use tls_engine::codes::{CipherSuite, NamedGroup, SignatureScheme};
use tls_engine::crypto::{Aead, Copied, GroupLengths, Provider, TAG_LEN};

const RFC_SUITES: [CipherSuite; 3] =
    [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384, CipherSuite::CHACHA20_POLY1305_SHA256];
const DEFAULT_GROUPS: [NamedGroup; 4] =
    [NamedGroup::X25519_MLKEM768, NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];
/// What is used where it is asked for.
const OTHER_GROUPS: [NamedGroup; 3] =
    [NamedGroup::SECP521R1, NamedGroup::SECP256R1_MLKEM768, NamedGroup::SECP384R1_MLKEM1024];

#[test]
fn every_provider_is_found_by_its_name_and_auto_is_the_first() {
    assert_eq!(Provider::all()[0].name, "auto");
    for provider in Provider::all() {
        assert!(std::ptr::eq(Provider::by_name(provider.name).unwrap(), *provider));
        for suite in RFC_SUITES {
            assert!(provider.suite(suite).is_some(), "{} has {suite}", provider.name);
        }
        let default: Vec<_> = provider.default_groups().map(|group| group.name()).collect();
        assert_eq!(default, DEFAULT_GROUPS, "{}", provider.name);
        let all: Vec<_> = provider.groups.iter().map(|group| group.name()).collect();
        assert_eq!(all.len(), DEFAULT_GROUPS.len() + OTHER_GROUPS.len(), "{}", provider.name);
        assert!(DEFAULT_GROUPS.iter().chain(&OTHER_GROUPS).all(|group| all.contains(group)), "{}", provider.name);
    }
    assert!(Provider::by_name("none").is_none());
}

/// Lengths around every block and batch size of the implementations, and a whole record.
const LENGTHS: [usize; 20] =
    [0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 257, 1023, 1350, 4097, 16384];

#[test]
fn what_one_provider_seals_every_provider_opens_on_every_path() {
    for sealer in Provider::all() {
        for suite in &sealer.suites {
            for opener in Provider::all() {
                let Some(other) = opener.suite(suite.code) else { continue };
                for (seed, length) in LENGTHS.into_iter().enumerate() {
                    for trailer in [0, 1, 17] {
                        check_one(seed as u64, length, trailer, suite.aead, other.aead);
                    }
                }
            }
        }
    }
}

#[test]
fn providers_agree_on_random_records() {
    let mut bytes = Bytes(42);
    for round in 0..300 {
        let length = usize::from(u16::from_le_bytes(bytes.take(2).try_into().unwrap())) % 16_385;
        let trailer = usize::from(bytes.take(1)[0]) % 40;
        for code in RFC_SUITES {
            for sealer in Provider::all() {
                for opener in Provider::all() {
                    let (sealer, opener) = (sealer.suite(code).unwrap(), opener.suite(code).unwrap());
                    check_one(round, length, trailer, sealer.aead, opener.aead);
                }
            }
        }
    }
}

fn check_one(seed: u64, length: usize, trailer: usize, sealer: &dyn Aead, opener: &dyn Aead) {
    let mut bytes = Bytes(seed * 1000 + length as u64 + 1);
    let key = bytes.take(sealer.key_len());
    let nonce = bytes.take(sealer.nonce_len());
    let aad = bytes.take(5);
    let text = bytes.take(length + trailer);
    let sealing = sealer.key(&key).unwrap();
    let opening = opener.key(&key).unwrap();

    let mut sealed = vec![0xaa; text.len() + TAG_LEN];
    let Copied(copied) = sealing.seal_into(&nonce, &aad, &text[..length], &text[length..], &mut sealed).unwrap();
    assert!(copied == 0 || copied == length);

    let mut in_place = text.clone();
    let mut tag = [0; TAG_LEN];
    sealing.seal_in_place(&nonce, &aad, &mut in_place, &mut tag).unwrap();
    in_place.extend_from_slice(&tag);
    assert!(in_place == sealed, "both ways to seal agree at {length} + {trailer}");

    let mut opened = vec![0xbb; text.len()];
    let Copied(copied) = opening.open_into(&nonce, &aad, &sealed, &mut opened).unwrap();
    assert!(copied == 0 || copied == text.len());
    assert!(opened == text, "opened at {length} + {trailer}");
    opening.open_in_place(&nonce, &aad, &mut in_place).unwrap();
    assert!(in_place[..text.len()] == text);

    for position in [0, text.len() / 2, text.len(), text.len() + TAG_LEN - 1] {
        let mut forged = sealed.clone();
        forged[position] ^= 0x10;
        assert_eq!(opening.open_into(&nonce, &aad, &forged, &mut opened), Err(Error::BadRecordMac));
        assert_eq!(opening.open_in_place(&nonce, &aad, &mut forged), Err(Error::BadRecordMac));
    }
}

#[test]
fn lengths_that_do_not_fit_are_errors() {
    for provider in Provider::all() {
        for suite in &provider.suites {
            let aead = suite.aead;
            assert!(aead.key(&vec![0; aead.key_len() - 1]).is_err());
            let key = aead.key(&vec![0; aead.key_len()]).unwrap();
            let nonce = vec![0; aead.nonce_len()];
            let short = &nonce[1..];
            let is_crypto = |result: Result<(), Error>| assert!(matches!(result, Err(Error::Crypto(_))), "{result:?}");
            is_crypto(key.seal_in_place(short, &[], &mut [0; 4], &mut [0; TAG_LEN]));
            is_crypto(key.open_in_place(short, &[], &mut [0; 20]));
            is_crypto(key.seal_into(short, &[], &[0; 4], &[], &mut [0; 20]).map(drop));
            is_crypto(key.seal_into(&nonce, &[], &[0; 4], &[1], &mut [0; 20]).map(drop));
            is_crypto(key.open_into(short, &[], &[0; 20], &mut [0; 4]).map(drop));
            is_crypto(key.open_into(&nonce, &[], &[0; 20], &mut [0; 5]).map(drop));
            for length in [0, TAG_LEN - 1] {
                assert_eq!(key.open_in_place(&nonce, &[], &mut vec![0; length]), Err(Error::BadRecordMac));
                assert_eq!(key.open_into(&nonce, &[], &vec![0; length], &mut []), Err(Error::BadRecordMac));
            }
        }
    }
}

#[test]
fn every_pair_of_providers_agrees_on_a_secret() {
    for one in Provider::all() {
        for other in Provider::all() {
            for group in &one.groups {
                let name = group.name();
                let started = group.start(one.random).unwrap();
                let answer = other.group(name).unwrap().start_and_complete(started.share(), other.random).unwrap();
                assert_ne!(started.share(), answer.share);
                let lengths = group.lengths();
                assert_eq!((started.share().len(), answer.share.len()), (lengths.start, lengths.answer), "{name}");
                assert_eq!(started.complete(&answer.share).unwrap(), answer.secret, "{name}");
            }
        }
    }
}

/// draft-ietf-tls-ecdhe-mlkem 4: in bytes, a private key as the engine takes it, the client's share, the server's, the secret.
#[test]
fn groups_have_the_lengths_of_their_specifications() {
    let expected = |name| match name {
        NamedGroup::X25519 => (32, 32, 32, 32),
        NamedGroup::SECP256R1 => (32, 65, 65, 32),
        NamedGroup::SECP384R1 => (48, 97, 97, 48),
        NamedGroup::SECP521R1 => (66, 133, 133, 66),
        NamedGroup::X25519_MLKEM768 => (2432, 1216, 1120, 64),
        NamedGroup::SECP256R1_MLKEM768 => (2432, 1249, 1153, 64),
        NamedGroup::SECP384R1_MLKEM1024 => (3216, 1665, 1665, 80),
        other => panic!("{other}"),
    };
    for provider in Provider::all() {
        for group in &provider.groups {
            let GroupLengths { private, start, answer } = group.lengths();
            let started = group.start(provider.random).unwrap();
            let secret = group.start_and_complete(started.share(), provider.random).unwrap().secret.as_bytes().len();
            assert_eq!((private, start, answer, secret), expected(group.name()), "{} {}", provider.name, group.name());
        }
    }
}

/// The part of a share that is an uncompressed point.
fn points(name: NamedGroup, share_len: usize) -> Option<Range<usize>> {
    match name {
        NamedGroup::X25519 | NamedGroup::X25519_MLKEM768 => None,
        NamedGroup::SECP256R1_MLKEM768 => Some(0..65),
        NamedGroup::SECP384R1_MLKEM1024 => Some(0..97),
        _ => Some(0..share_len),
    }
}

/// `share` with its bytes at `place` replaced.
fn with(share: &[u8], place: Range<usize>, bytes: &[u8]) -> Vec<u8> {
    let mut changed = share.to_vec();
    changed.splice(place, bytes.iter().copied());
    changed
}

/// Shares made wrong from a right one, whichever end it is of.
fn bad_shares(name: NamedGroup, share: &[u8]) -> Vec<Vec<u8>> {
    let mut bad = vec![vec![], share[1..].to_vec(), share[..share.len() - 1].to_vec(), [share, &[0]].concat()];
    let Some(place) = points(name, share.len()) else {
        // X25519 comes last. An all-zero secret is no secret (RFC 8446 7.4.2).
        bad.push(with(share, share.len() - 32..share.len(), &[0; 32]));
        return bad;
    };
    let point = &share[place.clone()];
    let sign = point.last().unwrap() & 1;
    let mut off_the_curve = point.to_vec();
    *off_the_curve.last_mut().unwrap() ^= 1;
    let compressed = [&[2 + sign], &point[1..=point.len() / 2]].concat();
    let hybrid = [&[6 + sign], &point[1..]].concat();
    bad.extend(
        [off_the_curve, compressed, hybrid, vec![0], vec![0; point.len()]]
            .map(|bytes| with(share, place.clone(), &bytes)),
    );
    bad
}

#[test]
fn shares_that_are_wrong_are_refused() {
    for provider in Provider::all() {
        for group in &provider.groups {
            let name = group.name();
            let started = group.start(provider.random).unwrap();
            let answer = group.start_and_complete(started.share(), provider.random).unwrap().share;
            let mut bad = bad_shares(name, started.share());
            if let Some(place) = encapsulation_key(name) {
                // All coefficients are 4095, and must be below 3329 (FIPS 203 7.2); or the first one is.
                bad.push(with(started.share(), place.clone(), &vec![0xff; place.len()]));
                bad.push(with(started.share(), place.start..place.start + 2, &[0x01, 0x0d]));
            }
            for share in bad {
                let answered = group.start_and_complete(&share, provider.random).map(|completed| completed.secret);
                assert!(matches!(answered, Err(Error::IllegalParameter(_))), "{} {name} {share:02x?}", provider.name);
            }
            for share in bad_shares(name, &answer) {
                let completed = group.start(provider.random).unwrap().complete(&share);
                assert!(matches!(completed, Err(Error::IllegalParameter(_))), "{} {name} {share:02x?}", provider.name);
            }
            let private = group.lengths().private;
            for len in [0, 1, private - 1, private + 1] {
                assert!(matches!(group.from_private(&vec![1; len]), Err(Error::Crypto(_))), "{} {name}", provider.name);
            }
        }
    }
}

/// Where a client's share has ML-KEM's key.
fn encapsulation_key(name: NamedGroup) -> Option<Range<usize>> {
    match name {
        NamedGroup::X25519_MLKEM768 => Some(0..1184),
        NamedGroup::SECP256R1_MLKEM768 => Some(65..65 + 1184),
        NamedGroup::SECP384R1_MLKEM1024 => Some(97..97 + 1568),
        _ => None,
    }
}

/// FIPS 203 6.3: implicit rejection, which no peer can tell from a secret that is another.
#[test]
fn a_ciphertext_for_another_key_leads_to_another_secret() {
    for provider in Provider::all() {
        for group in &provider.groups {
            let name = group.name();
            let Some(place) = encapsulation_key(name) else { continue };
            for changed in [place.start, group.lengths().answer - 33] {
                let started = group.start(provider.random).unwrap();
                let mut answer = group.start_and_complete(started.share(), provider.random).unwrap();
                answer.share[changed] ^= 1;
                let secret = started.complete(&answer.share).unwrap();
                let differs = |range: Range<usize>| secret.as_bytes()[range.clone()] != answer.secret.as_bytes()[range];
                let curve_len = secret.as_bytes().len() - 32;
                // The part of the curve is the same at both ends.
                let (curve, ml_kem) = match name {
                    NamedGroup::X25519_MLKEM768 => (32..64, 0..32),
                    _ => (0..curve_len, curve_len..curve_len + 32),
                };
                assert!(!differs(curve) && differs(ml_kem), "{} {name}", provider.name);
            }
        }
    }
}

#[test]
fn hashes_agree() {
    let mut bytes = Bytes(7);
    for one in Provider::all() {
        for suite in &one.suites {
            for other in Provider::all() {
                let Some(theirs) = other.suite(suite.code) else { continue };
                let (ours, theirs) = (suite.hash, theirs.hash);
                assert_eq!((ours.name(), ours.output_len()), (theirs.name(), theirs.output_len()));
                let (a, b) = (bytes.take(77), bytes.take(200));
                assert!(ours.digest(&[&a, &b]).equals(theirs.digest(&[&[&a[..], &b].concat()]).as_bytes()));
                assert!(ours.hmac(&a, &[&b, &a]).equals(theirs.hmac(&a, &[&b, &a]).as_bytes()));
                assert_eq!(ours.hkdf_extract(&a, &b), theirs.hkdf_extract(&a, &b));
                let (mut left, mut right) = (vec![0; 500], vec![0; 500]);
                ours.hkdf_expand(&a[..64], &[&b, &a], &mut left);
                theirs.hkdf_expand(&a[..64], &[&b, &a], &mut right);
                assert_eq!(left, right);

                let mut running = ours.start();
                running.update(&a);
                assert!(running.current().equals(theirs.digest(&[&a]).as_bytes()));
                running.update(&b);
                assert!(running.current().equals(theirs.digest(&[&a, &b]).as_bytes()), "it goes on after a look");
            }
        }
    }
}

const SIGNERS: [(&SignatureAlgorithm, &[SignatureScheme]); 4] = [
    (&PKCS_ECDSA_P256_SHA256, &[SignatureScheme::ECDSA_SECP256R1_SHA256]),
    (&PKCS_ECDSA_P384_SHA384, &[SignatureScheme::ECDSA_SECP384R1_SHA384]),
    (&PKCS_ED25519, &[SignatureScheme::ED25519]),
    (
        &PKCS_RSA_SHA256,
        &[
            SignatureScheme::RSA_PSS_RSAE_SHA256,
            SignatureScheme::RSA_PSS_RSAE_SHA384,
            SignatureScheme::RSA_PSS_RSAE_SHA512,
        ],
    ),
];

#[test]
fn what_one_provider_signs_every_provider_verifies() {
    for (algorithm, schemes) in SIGNERS {
        let pair = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let private = PrivateKeyDer::try_from(pair.serialize_der()).unwrap();
        for signer in Provider::all() {
            let key = (signer.load_key)(&private).unwrap();
            assert_eq!(key.schemes(), schemes, "{}", signer.name);
            for &scheme in schemes {
                let signature = key.sign(scheme, b"message", signer.random).unwrap();
                for verifier in Provider::all() {
                    let algorithm = verifier.verification(scheme).unwrap();
                    let verify = |message: &[u8], signature: &[u8]| {
                        algorithm.verify_signature(pair.public_key_raw(), message, signature)
                    };
                    assert!(verify(b"message", &signature).is_ok(), "{scheme}: {} {}", signer.name, verifier.name);
                    assert!(verify(b"massage", &signature).is_err());
                    let mut forged = signature.clone();
                    *forged.last_mut().unwrap() ^= 1;
                    assert!(verify(b"message", &forged).is_err());
                }
            }
            for other in SIGNERS.iter().flat_map(|(_, schemes)| *schemes).filter(|other| !schemes.contains(other)) {
                assert!(key.sign(*other, b"message", signer.random).is_err());
            }
            assert!(key.sign(SignatureScheme::RSA_PKCS1_SHA256, b"message", signer.random).is_err(), "not in TLS 1.3");
        }
    }
}

/// A pair of curve and hash that TLS 1.3 has no scheme for, but certificates do.
#[test]
#[cfg(feature = "rustcrypto")]
fn a_certificate_may_pair_p256_with_sha384() {
    use p256::ecdsa::signature::hazmat::PrehashSigner;
    use rustls_pki_types::alg_id;
    use sha2::Digest;

    let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let public = key.verifying_key().to_sec1_point(false);
    let signature: p256::ecdsa::DerSignature = key.sign_prehash(&sha2::Sha384::digest(b"message")).unwrap();
    for provider in Provider::all() {
        let verifying: Vec<_> = provider
            .certificate_algorithms
            .iter()
            .filter(|one| one.verify_signature(public.as_bytes(), b"message", signature.as_bytes()).is_ok())
            .map(|one| (one.public_key_alg_id(), one.signature_alg_id()))
            .collect();
        assert_eq!(verifying, [(alg_id::ECDSA_P256, alg_id::ECDSA_SHA384)], "{}", provider.name);
    }
}

/// SEC 1 and PKCS #1 as their tools write them; rcgen gives the same keys as PKCS #8.
#[test]
#[cfg(feature = "rustcrypto")]
fn keys_load_from_each_format() {
    use rsa::pkcs1::EncodeRsaPrivateKey;
    use rsa::pkcs8::{DecodePrivateKey, PrivateKeyInfoRef};

    let check = |pair: &rcgen::KeyPair, private: &PrivateKeyDer<'_>| {
        for provider in Provider::all() {
            let key = (provider.load_key)(private).unwrap();
            let scheme = key.schemes()[0];
            let signature = key.sign(scheme, b"message", provider.random).unwrap();
            let algorithm = provider.verification(scheme).unwrap();
            assert!(algorithm.verify_signature(pair.public_key_raw(), b"message", &signature).is_ok());
        }
    };
    let p256 = rcgen::KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let key = p256::SecretKey::from_pkcs8_der(&p256.serialize_der()).unwrap();
    check(&p256, &PrivateKeyDer::Sec1(key.to_sec1_der().unwrap().to_vec().into()));
    let p384 = rcgen::KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let key = p384::SecretKey::from_pkcs8_der(&p384.serialize_der()).unwrap();
    check(&p384, &PrivateKeyDer::Sec1(key.to_sec1_der().unwrap().to_vec().into()));
    // RFC 5915 3 lets the curve be left out, as it is inside of PKCS #8.
    let pkcs8 = p384.serialize_der();
    let inner = PrivateKeyInfoRef::try_from(&pkcs8[..]).unwrap().private_key.as_bytes().to_vec();
    check(&p384, &PrivateKeyDer::Sec1(inner.into()));
    let rsa = rcgen::KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let key = rsa::PrivateKey::from_pkcs8_der(&rsa.serialize_der()).unwrap();
    check(&rsa, &PrivateKeyDer::Pkcs1(key.to_pkcs1_der().unwrap().as_bytes().to_vec().into()));
}

#[test]
fn private_keys_that_cannot_be_used_are_explained() {
    let of_p521 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap();
    for provider in Provider::all() {
        let p521 = PrivateKeyDer::try_from(of_p521.serialize_der()).unwrap();
        assert!(problem(provider, &p521).contains("not supported"), "{}", problem(provider, &p521));
        let malformed = PrivateKeyDer::Pkcs1(vec![1, 2, 3].into());
        assert!(problem(provider, &malformed).contains("malformed"), "{}", problem(provider, &malformed));
    }
}

#[test]
#[cfg(feature = "rustcrypto")]
fn an_rsa_key_that_is_too_short_is_explained() {
    use rsa::pkcs1::EncodeRsaPrivateKey;
    use rsa::pkcs8::EncodePrivateKey;

    let key = rsa::PrivateKey::new(&mut Bytes(1), 1024).unwrap();
    let forms = [
        PrivateKeyDer::Pkcs1(key.to_pkcs1_der().unwrap().as_bytes().to_vec().into()),
        PrivateKeyDer::Pkcs8(key.to_pkcs8_der().unwrap().as_bytes().to_vec().into()),
    ];
    for provider in Provider::all() {
        for form in &forms {
            assert!(problem(provider, form).contains("unsupported size"), "{}", problem(provider, form));
        }
    }
}

fn problem(provider: &Provider, key: &PrivateKeyDer<'_>) -> String {
    match (provider.load_key)(key).err() {
        Some(Error::Config(message)) => message,
        other => panic!("{}: {other:?}", provider.name),
    }
}

/// Bytes that look random and are the same in every run.
struct Bytes(u64);

impl Bytes {
    fn take(&mut self, count: usize) -> Vec<u8> {
        (0..count)
            .map(|_| {
                self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (self.0 >> 56) as u8
            })
            .collect()
    }
}

#[cfg(feature = "rustcrypto")]
impl rand_core::TryRng for Bytes {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.try_next_u64()? as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.copy_from_slice(&self.take(bytes.len()));
        Ok(())
    }
}

/// Not fit for keys that matter.
#[cfg(feature = "rustcrypto")]
impl rand_core::TryCryptoRng for Bytes {}
