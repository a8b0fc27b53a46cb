//! RSA keys that are for RSA-PSS only (id-RSASSA-PSS, RFC 4055 1.2, RFC 8446 4.2.3). They compute what other RSA keys do, and have other names: of
//! the key, and of the schemes.

use std::sync::Arc;

use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, alg_id};

use super::der::{Elements, OCTET_STRING, SEQUENCE};
use crate::codes::SignatureScheme;
use crate::crypto::provider::{RSA_PSS_KEY, WRONG_SCHEME};
use crate::crypto::{Origin, Provider, Random, SigningKey};
use crate::error::Error;

/// Best first, as with other RSA keys.
const SCHEMES: [SignatureScheme; 3] =
    [SignatureScheme::RSA_PSS_PSS_SHA256, SignatureScheme::RSA_PSS_PSS_SHA384, SignatureScheme::RSA_PSS_PSS_SHA512];

/// The schemes that a key signs with whose AlgorithmIdentifier has this content: all, or the one that its parameters name. None where there is
/// no such scheme, or it is no key for RSA-PSS only.
pub(super) fn pss_schemes(algorithm: &[u8]) -> Option<&'static [SignatureScheme]> {
    if algorithm == RSA_PSS_KEY.as_ref() {
        return Some(&SCHEMES);
    }
    // RFC 8446 4.2.3: hash, mask generation and length of the salt are fixed, and the parameters are in DER.
    let restricted = [alg_id::RSA_PSS_SHA256, alg_id::RSA_PSS_SHA384, alg_id::RSA_PSS_SHA512];
    let place = restricted.iter().position(|known| known.as_ref() == algorithm)?;
    SCHEMES.get(place..=place)
}

/// Loads a private key with `provider`, also one for RSA-PSS only, which the libraries know under its other name alone.
pub(super) fn load_key(provider: &Provider, key: &PrivateKeyDer<'_>) -> Result<Arc<dyn SigningKey>, Error> {
    let Some((schemes, rsa_key)) = pss_key(key) else { return (provider.load_key)(key) };
    let key = (provider.load_key)(&PrivatePkcs1KeyDer::from(rsa_key).into())?;
    Ok(Arc::new(PssKey { key, schemes }))
}

/// What such a key signs with, and the RSAPrivateKey in it (RFC 5958 2).
fn pss_key<'a>(key: &'a PrivateKeyDer<'_>) -> Option<(&'static [SignatureScheme], &'a [u8])> {
    let PrivateKeyDer::Pkcs8(key) = key else { return None };
    let mut fields = Elements(key.secret_pkcs8_der()).nested(SEQUENCE)?;
    fields.next()?;
    let Elements(algorithm) = fields.nested(SEQUENCE)?;
    let schemes = pss_schemes(algorithm)?;
    let Elements(rsa_key) = fields.nested(OCTET_STRING)?;
    Some((schemes, rsa_key))
}

/// A key that signs with schemes of another name.
struct PssKey {
    key: Arc<dyn SigningKey>,
    schemes: &'static [SignatureScheme],
}

impl SigningKey for PssKey {
    fn schemes(&self) -> &[SignatureScheme] {
        self.schemes
    }

    fn origin(&self) -> Origin {
        self.key.origin()
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8], random: &dyn Random) -> Result<Vec<u8>, Error> {
        let same = match scheme {
            _ if !self.schemes.contains(&scheme) => return Err(WRONG_SCHEME),
            SignatureScheme::RSA_PSS_PSS_SHA256 => SignatureScheme::RSA_PSS_RSAE_SHA256,
            SignatureScheme::RSA_PSS_PSS_SHA384 => SignatureScheme::RSA_PSS_RSAE_SHA384,
            SignatureScheme::RSA_PSS_PSS_SHA512 => SignatureScheme::RSA_PSS_RSAE_SHA512,
            _ => return Err(WRONG_SCHEME),
        };
        self.key.sign(same, message, random)
    }
}
