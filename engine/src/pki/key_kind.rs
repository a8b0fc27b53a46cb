//! What kind of key it is, in the words of people: for errors, and for those who look at certificates.

use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::der::{BIT_STRING, Elements, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};
use super::parsed_certificate;
use super::pss_key::pss_schemes;
use crate::codes::SignatureScheme;
use crate::crypto::provider::RSA_BITS;

/// The kinds of keys that are taken.
pub(super) const TAKEN: &str = "ECDSA on P-256 or P-384, Ed25519, and RSA or RSA-PSS of 2048 to 8192 bits";
/// How a key of a kind that is taken is made.
pub(super) const MAKE_ONE: &str =
    "`openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out FILE` makes one";

/// Kind and size of a certificate's key, for people, such as `ECDSA on P-256` or `RSA of 2048 bits`. `None` where it can't be read.
pub fn key_kind(certificate: &CertificateDer<'_>) -> Option<String> {
    KeyKind::of_certificate(certificate).map(|kind| kind.name)
}

/// A kind of key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeyKind {
    /// As people call it.
    pub(super) name: String,
    /// Whether handshakes can be signed with it here.
    pub(super) is_taken: bool,
    /// Whether it is on a curve that is described instead of named.
    pub(super) is_explicit: bool,
}

impl KeyKind {
    /// That of a certificate's key.
    pub(super) fn of_certificate(certificate: &[u8]) -> Option<Self> {
        Self::of_public_key(parsed_certificate::public_key(certificate)?)
    }

    /// That of what a SubjectPublicKeyInfo holds (RFC 5280 4.1.2.7).
    pub(super) fn of_public_key(info: &[u8]) -> Option<Self> {
        let mut info = Elements(info);
        let algorithm = info.nested(SEQUENCE)?;
        let Some((BIT_STRING, [0, key @ ..])) = info.next() else { return None };
        of_algorithm(algorithm, || Elements(key).nested(SEQUENCE)?.next())
    }

    /// That of a private key.
    pub(super) fn of_private_key(key: &PrivateKeyDer<'_>) -> Option<Self> {
        let mut fields = Elements(key.secret_der()).nested(SEQUENCE)?;
        match key {
            // RFC 5958 2: version, algorithm, key; that of RSA begins with a version too (RFC 8017 A.1.2).
            PrivateKeyDer::Pkcs8(_) => {
                fields.next()?;
                let algorithm = fields.nested(SEQUENCE)?;
                of_algorithm(algorithm, || {
                    let mut key = fields.nested(OCTET_STRING)?.nested(SEQUENCE)?;
                    key.next()?;
                    key.next()
                })
            }
            PrivateKeyDer::Pkcs1(_) => {
                fields.next()?;
                Some(rsa(fields.next()?))
            }
            // RFC 5915 3: version, key, and maybe the curve.
            PrivateKeyDer::Sec1(_) => {
                fields.next()?;
                fields.next()?;
                on_curve(fields.nested(0xa0)?.next()?)
            }
            _ => None,
        }
    }
}

/// Object identifiers and what they stand for: RFC 8410 3, RFC 8017 C, RFC 3279 2.3.2, RFC 9881 2.
const ALGORITHMS: [(&[u8], &str, bool); 8] = [
    (&[0x2b, 0x65, 0x70], "Ed25519", true),
    (&[0x2b, 0x65, 0x71], "Ed448", false),
    (&[0x2b, 0x65, 0x6e], "X25519, which does not sign", false),
    (&[0x2b, 0x65, 0x6f], "X448, which does not sign", false),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1], "DSA, which TLS 1.3 has no signatures for", false),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 17], "ML-DSA-44", false),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 18], "ML-DSA-65", false),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 19], "ML-DSA-87", false),
];
/// RFC 5480 2.1.1.1, SEC 2, RFC 5639 4.1.
const CURVES: [(&[u8], &str, bool); 8] = [
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], "P-256", true),
    (&[0x2b, 0x81, 4, 0, 0x22], "P-384", true),
    (&[0x2b, 0x81, 4, 0, 0x23], "P-521", false),
    (&[0x2b, 0x81, 4, 0, 0x21], "P-224", false),
    (&[0x2b, 0x81, 4, 0, 0x0a], "secp256k1", false),
    (&[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7], "brainpoolP256r1", false),
    (&[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 11], "brainpoolP384r1", false),
    (&[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 13], "brainpoolP512r1", false),
];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// id-RSASSA-PSS (RFC 4055 3).
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
const ELLIPTIC_CURVE: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];

/// The kind of key that an AlgorithmIdentifier is for; `modulus` is asked for where that is RSA.
fn of_algorithm<'a>(algorithm: Elements<'_>, modulus: impl FnOnce() -> Option<(u8, &'a [u8])>) -> Option<KeyKind> {
    let Elements(whole) = algorithm;
    let mut algorithm = algorithm;
    let Some((OBJECT_IDENTIFIER, id)) = algorithm.next() else { return None };
    match id {
        RSA => Some(rsa(modulus()?)),
        RSA_PSS => Some(rsa_pss(rsa(modulus()?), pss_schemes(whole))),
        ELLIPTIC_CURVE => on_curve(algorithm.next()?),
        _ => Some(match ALGORITHMS.iter().find(|(known, _, _)| *known == id) {
            Some((_, name, is_taken)) => KeyKind { name: (*name).into(), is_taken: *is_taken, is_explicit: false },
            None => unknown("of the algorithm", id),
        }),
    }
}

/// RFC 5480 2.1.1: a curve by its name, or all that makes it.
fn on_curve((tag, curve): (u8, &[u8])) -> Option<KeyKind> {
    match tag {
        OBJECT_IDENTIFIER => Some(match CURVES.iter().find(|(known, _, _)| *known == curve) {
            Some((_, name, is_taken)) => {
                KeyKind { name: format!("ECDSA on {name}"), is_taken: *is_taken, is_explicit: false }
            }
            None => unknown("ECDSA on the curve", curve),
        }),
        SEQUENCE => Some(KeyKind {
            name: "ECDSA on a curve that it describes with explicit parameters instead of naming it".into(),
            is_taken: false,
            is_explicit: true,
        }),
        _ => None,
    }
}

fn rsa((tag, modulus): (u8, &[u8])) -> KeyKind {
    let first = modulus.iter().position(|byte| *byte != 0).unwrap_or(modulus.len());
    let digits = &modulus[first..];
    let bits = digits.len() * 8 - digits.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let is_taken = tag == INTEGER && u32::try_from(bits).is_ok_and(|bits| RSA_BITS.contains(&bits));
    KeyKind { name: format!("RSA of {bits} bits"), is_taken, is_explicit: false }
}

/// A key for RSA-PSS only. One that its parameters restrict to something that TLS 1.3 has no scheme for is not taken (RFC 8446 4.2.3).
fn rsa_pss(rsa: KeyKind, schemes: Option<&[SignatureScheme]>) -> KeyKind {
    let KeyKind { name, is_taken, is_explicit } = rsa;
    let restriction = match schemes {
        Some([only]) => format!(", restricted to {only}"),
        Some(_) => String::new(),
        None => ", restricted by parameters that no scheme of TLS 1.3 has".into(),
    };
    KeyKind {
        name: format!("{name} for RSA-PSS only (id-RSASSA-PSS){restriction}"),
        is_taken: is_taken && schemes.is_some(),
        is_explicit,
    }
}

fn unknown(what: &str, id: &[u8]) -> KeyKind {
    let hex: String = id.iter().take(32).map(|byte| format!("{byte:02x}")).collect();
    KeyKind { name: format!("{what} with the object identifier {hex} (in DER)"), is_taken: false, is_explicit: false }
}
