//! Who a server is: certificates from files, or a throw-away authority with a certificate for this machine. And whom a client
//! trusts: certificates from files, too, or those of the system.

mod pem;
mod store;

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, RsaKeySize,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tls_engine::codes::SignatureScheme;
use tls_engine::crypto::Provider;
use tls_engine::pki::{self, CertifiedKey};
use zeroize::Zeroizing;

use crate::error::Error;
use pem::PemFile;

pub use store::system_store;

/// The names that a throw-away certificate is for.
pub const THROW_AWAY_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// How long a throw-away certificate is good, days. Its beginning lies a day back: clocks differ.
const VALID_DAYS: i64 = 7;

/// A server's certificate chain with its key.
pub struct Identity {
    /// The chain, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's key, wiped when it is dropped.
    pub key: Zeroizing<PrivateKeyDer<'static>>,
}

/// An authority that nobody trusts yet: clients have to be told.
pub struct Authority {
    /// Its certificate.
    pub certificate: CertificateDer<'static>,
    /// The same as PEM.
    pub pem: String,
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: Zeroizing::new(self.key.clone_key()) }
    }
}

impl Identity {
    /// The chain and key in two PEM files, or in one. What is good to know of them becomes a note.
    pub fn from_files(chain: &Path, key: &Path, notes: &mut Vec<String>) -> Result<Self, Error> {
        let key_file = PemFile::read(key)?;
        let chain_file = PemFile::read(chain)?;
        let identity = Self { key: key_file.private_key()?, chain: chain_file.certificates()? };
        notes.extend(PemFile::unused(&chain_file, &key_file));
        let remarks = identity.chain.first().map(pki::remarks).unwrap_or_default();
        notes.extend(remarks.iter().map(|remark| format!("{}: the certificate {remark}", chain.display())));
        Ok(identity)
    }

    /// A new authority, and a certificate of it for [`THROW_AWAY_NAMES`]: ECDSA, P-256.
    pub fn throw_away() -> Result<(Self, Authority), Error> {
        make().map_err(|error| Error::Failed(format!("making a certificate failed: {error}")))
    }

    /// The parts as the engine uses them; checks that key and leaf belong together.
    pub fn certified_key(&self, provider: &'static Provider) -> Result<CertifiedKey, Error> {
        CertifiedKey::new(provider, self.chain.clone(), &self.key)
            .map_err(|error| Error::Usage(format!("this certificate and key can't be used: {error}")))
    }
}

/// A fresh key pair without a certificate.
pub struct SigningIdentity {
    /// What signs, wiped when it is dropped.
    pub key: Zeroizing<PrivateKeyDer<'static>>,
    /// What verifies: the content of the subjectPublicKey of a certificate (RFC 5280 4.1.2.7).
    pub public: Vec<u8>,
}

/// A kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyKind {
    /// ECDSA on P-256.
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// Ed25519.
    Ed25519,
    /// RSA with a modulus of 2,048 bits.
    Rsa2048,
}

impl KeyKind {
    /// The kind of key that signs with `scheme`.
    pub fn of(scheme: SignatureScheme) -> Option<Self> {
        Some(match scheme {
            SignatureScheme::ECDSA_SECP256R1_SHA256 => Self::EcdsaP256,
            SignatureScheme::ECDSA_SECP384R1_SHA384 => Self::EcdsaP384,
            SignatureScheme::ED25519 => Self::Ed25519,
            SignatureScheme::RSA_PSS_RSAE_SHA256
            | SignatureScheme::RSA_PSS_RSAE_SHA384
            | SignatureScheme::RSA_PSS_RSAE_SHA512 => Self::Rsa2048,
            _ => return None,
        })
    }

    /// The bits of the key, in the manner of each kind: of the field or of the modulus.
    pub const fn bits(self) -> u32 {
        match self {
            Self::EcdsaP256 | Self::Ed25519 => 256,
            Self::EcdsaP384 => 384,
            Self::Rsa2048 => 2048,
        }
    }
}

impl SigningIdentity {
    /// A fresh key pair of this kind.
    pub fn new(kind: KeyKind) -> Result<Self, Error> {
        let pair = match kind {
            KeyKind::EcdsaP256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            KeyKind::EcdsaP384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            KeyKind::Ed25519 => KeyPair::generate_for(&rcgen::PKCS_ED25519),
            KeyKind::Rsa2048 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
        };
        let pair = pair.map_err(|error| Error::Failed(format!("making a key failed: {error}")))?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pair.serialize_der()));
        Ok(Self { key: Zeroizing::new(key), public: pair.public_key_raw().to_vec() })
    }
}

/// The certificates in a PEM file. What else is in it becomes a note.
pub fn certificates(path: &Path, notes: &mut Vec<String>) -> Result<Vec<CertificateDer<'static>>, Error> {
    let file = PemFile::read(path)?;
    let certificates = file.certificates()?;
    notes.extend(file.others_than_certificates());
    Ok(certificates)
}

fn make() -> Result<(Identity, Authority), rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "tlsbench throw-away authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    limit_validity(&mut params);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;

    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(THROW_AWAY_NAMES.map(str::to_owned))?;
    params.distinguished_name.push(DnType::CommonName, THROW_AWAY_NAMES[0]);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    limit_validity(&mut params);
    let leaf = params.signed_by(&key, &authority)?;

    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let identity = Identity { chain: vec![leaf.der().clone()], key: Zeroizing::new(key) };
    Ok((identity, Authority { certificate: authority.der().clone(), pem: authority.pem() }))
}

fn limit_validity(params: &mut CertificateParams) {
    let now = std::time::SystemTime::now();
    let day = std::time::Duration::from_secs(86_400);
    params.not_before = (now - day).into();
    params.not_after = (now + day * VALID_DAYS as u32).into();
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls_pki_types::{ServerName, UnixTime};
    use tls_engine::crypto::provider;
    use tls_engine::pki::ServerVerifier;

    #[test]
    fn a_throw_away_certificate_is_good_for_this_machine_and_for_nothing_else() {
        let (identity, authority) = Identity::throw_away().expect("an identity");
        let provider = provider::by_name("auto").expect("a provider");
        identity.certified_key(provider).expect("key and leaf belong together");
        let verifier = ServerVerifier::new(provider, std::slice::from_ref(&authority.certificate)).expect("a verifier");
        let verify = |name: &'static str| {
            verifier.verify_chain(&identity.chain, &ServerName::try_from(name).expect("a name"), UnixTime::now())
        };
        for name in THROW_AWAY_NAMES {
            verify(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        assert!(verify("example.com").is_err());
        assert_eq!(pki::certificates_from_pem(authority.pem.as_bytes()).expect("PEM"), [authority.certificate]);
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let (mut identity, _) = Identity::throw_away().expect("an identity");
        identity.key = Identity::throw_away().expect("another").0.key;
        let provider = provider::by_name("auto").expect("a provider");
        assert!(matches!(identity.certified_key(provider), Err(Error::Usage(_))));
    }
}
