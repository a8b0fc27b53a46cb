//! The provider that is usual: one library for everything that it has.

#[cfg(feature = "aws-lc-rs")]
use super::aws_lc as main;
#[cfg(not(feature = "aws-lc-rs"))]
use super::rustcrypto as main;
use super::{Provider, Suite};
#[cfg(any(test, not(feature = "aws-lc-rs")))]
use crate::error::Error;

/// The whole provider. AWS-LC is the fastest on most CPUs at all that it has, but for SHA-256 where the CPU has instructions for it; AEGIS,
/// which it lacks, comes from the `aegis` crate. Without AWS-LC, RSA keys are refused.
pub(super) fn provider() -> Provider {
    Provider {
        name: "auto",
        suites: suites(),
        groups: main::groups(),
        schemes: main::schemes(),
        certificate_algorithms: main::certificate_algorithms(),
        load_key,
        random: &main::RANDOM,
    }
}

#[cfg(feature = "aws-lc-rs")]
use main::load_key;

#[cfg(not(feature = "aws-lc-rs"))]
fn load_key(key: &rustls_pki_types::PrivateKeyDer<'_>) -> Result<std::sync::Arc<dyn crate::crypto::SigningKey>, Error> {
    main::load_key(key).and_then(without_rsa)
}

/// Refuses RSA keys: the private-key operations of the `rsa` crate are not constant in time (RUSTSEC-2023-0071). Only the
/// provider `rustcrypto` signs with it.
#[cfg(any(test, not(feature = "aws-lc-rs")))]
fn without_rsa(
    key: std::sync::Arc<dyn crate::crypto::SigningKey>,
) -> Result<std::sync::Arc<dyn crate::crypto::SigningKey>, Error> {
    if key.schemes() == super::keys::RSA_SCHEMES {
        return Err(Error::Config(
            "the provider auto does not sign with RSA keys in a build without aws-lc-rs, because the rsa crate is not \
             constant in time (RUSTSEC-2023-0071): use an ECDSA or Ed25519 key, or build with aws-lc-rs"
                .into(),
        ));
    }
    Ok(key)
}

/// In order of preference: the suites of RFC 8446 first, because peers support them.
fn suites() -> Vec<Suite> {
    #[allow(unused_mut, reason = "not without the feature rustcrypto")]
    let mut suites = main::suites();
    #[cfg(feature = "rustcrypto")]
    {
        suites.extend(super::rustcrypto::aegis_suites(main::sha256(), main::sha512()));
        let of_main = main::sha256().name();
        suites.iter_mut().filter(|suite| suite.hash.name() == of_main).for_each(|suite| suite.hash = sha256());
    }
    suites
}

/// With the CPU's instructions SHA-256 itself takes the same time everywhere. What a library does around it is then most of an HMAC, and a
/// handshake has some thirty: RustCrypto's are structs on the stack, AWS-LC's are contexts that are set up, copied and wiped.
#[cfg(feature = "rustcrypto")]
fn sha256() -> &'static dyn crate::crypto::Hash {
    if super::rustcrypto::has_instructions_for_sha256() { super::rustcrypto::sha256() } else { main::sha256() }
}

#[cfg(all(test, feature = "rustcrypto"))]
mod tests {
    use rcgen::KeyPair;
    use rustls_pki_types::PrivateKeyDer;

    use super::*;

    #[test]
    fn a_build_without_aws_lc_refuses_rsa_keys_and_no_others() {
        let rsa = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).expect("a key");
        let ecdsa = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
        let [rsa, ecdsa] = [rsa, ecdsa].map(|key| {
            let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
            without_rsa(super::super::rustcrypto::load_key(&key).expect("a key that rustcrypto loads"))
        });
        assert!(ecdsa.is_ok());
        assert!(rsa.err().is_some_and(|error| error.to_string().contains("RUSTSEC-2023-0071")));
    }
}
