//! Who a server or a client is: a certificate from files, or one for this machine that is generated together with its authority.
//! And whom a client trusts: certificates from files, or those of the system.

mod pem;
mod shown_chain;
mod store;

use std::path::Path;

use clap::ValueEnum;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, RsaKeySize,
};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tls_engine::Negotiated;
use tls_engine::codes::SignatureScheme;
use tls_engine::crypto::Provider;
use tls_engine::limits::PEM_MAX;
use tls_engine::pki::{self, CertifiedKey};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::files;
use crate::names;
use pem::PemFile;

pub use shown_chain::{ChainKeeper, ShownChain, Verdict};
pub use store::{source_of_store, system_store};

/// The names in a generated certificate.
pub const GENERATED_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// How long a generated certificate is valid, days. Its validity begins a day back: clocks differ.
const VALID_DAYS: i64 = 7;

/// A certificate chain with its key.
pub struct Identity {
    /// The chain, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's key, wiped when it is dropped.
    pub key: Zeroizing<PrivateKeyDer<'static>>,
    /// The files that it is from, for people. None where it was generated.
    pub files: Option<String>,
}

/// A new authority, which clients must be told to trust.
pub struct Authority {
    /// Its certificate.
    pub certificate: CertificateDer<'static>,
    /// The same as PEM.
    pub pem: String,
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: Zeroizing::new(self.key.clone_key()), files: self.files.clone() }
    }
}

impl Identity {
    /// The chain and key of a server in two PEM files, or in one. Remarks on them become notes.
    pub fn from_files(chain: &Path, key: &Path, notes: &mut Vec<String>) -> Result<Self, Error> {
        let identity = Self::of_client(chain, key, notes)?;
        let remarks = identity.chain.first().map(pki::certificate_warnings).unwrap_or_default();
        notes.extend(remarks.iter().map(|remark| format!("{}: the certificate {remark}", chain.display())));
        Ok(identity)
    }

    /// The same of a client, whose certificate needs no name.
    pub fn of_client(chain: &Path, key: &Path, notes: &mut Vec<String>) -> Result<Self, Error> {
        let key_file = PemFile::read(key)?;
        let chain_file = PemFile::read(chain)?;
        let files = Some(format!("{} with {}", chain.display(), key.display()));
        let identity = Self { key: key_file.private_key()?, chain: chain_file.certificates()?, files };
        notes.extend(PemFile::unused(&chain_file, &key_file));
        Ok(identity)
    }

    /// A certificate for [`GENERATED_NAMES`] with a key of its own, ECDSA on P-256, and its new authority.
    pub fn generate() -> Result<(Self, Authority), Error> {
        Generator::new(KeyType::EcdsaP256).generate()
    }

    /// The parts as the engine uses them; checks that key and leaf belong together.
    pub fn certified_key(&self, provider: &'static Provider) -> Result<CertifiedKey, Error> {
        let what = self.files.as_deref().unwrap_or("the certificate that was generated");
        CertifiedKey::new(provider, self.chain.clone(), &self.key)
            .map_err(|error| Error::Usage(format!("{what} can't be used: {error}")))
    }
}

/// A fresh key pair without a certificate.
pub struct SigningIdentity {
    /// The private key, wiped when it is dropped.
    pub key: Zeroizing<PrivateKeyDer<'static>>,
    /// The public key: the content of a certificate's subjectPublicKey (RFC 5280 4.1.2.7).
    pub public: Vec<u8>,
}

/// A type of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum KeyType {
    /// ECDSA on P-256.
    #[value(name = "ecdsa-p256")]
    EcdsaP256,
    /// ECDSA on P-384.
    #[value(name = "ecdsa-p384")]
    EcdsaP384,
    /// Ed25519.
    Ed25519,
    /// RSA with a modulus of 2,048 bits.
    #[value(name = "rsa-2048")]
    Rsa2048,
}

impl KeyType {
    /// The type of key that signs with `scheme`.
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

    /// The bits of the key: of the field or of the modulus.
    pub const fn bits(self) -> u32 {
        match self {
            Self::EcdsaP256 | Self::Ed25519 => 256,
            Self::EcdsaP384 => 384,
            Self::Rsa2048 => 2048,
        }
    }

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::Ed25519 => "ed25519",
            Self::Rsa2048 => "rsa-2048",
        }
    }

    fn key_pair(self) -> Result<KeyPair, rcgen::Error> {
        match self {
            Self::EcdsaP256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            Self::EcdsaP384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            Self::Ed25519 => KeyPair::generate_for(&rcgen::PKCS_ED25519),
            Self::Rsa2048 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
        }
    }
}

impl SigningIdentity {
    /// A fresh key pair of this type.
    pub fn new(key_type: KeyType) -> Result<Self, Error> {
        let pair = key_type.key_pair().map_err(|error| Error::Failed(format!("generating a key failed: {error}")))?;
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

/// The revocation lists in a file, PEM or DER.
pub fn revocation_lists(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, Error> {
    let file = files::read_secret(path, PEM_MAX).map_err(|source| Error::read(path, source))?;
    pki::revocation_lists_from_pem(&file).map_err(|source| Error::Content { path: path.to_owned(), source })
}

/// Whose certificates these are, leaf first, for people.
pub fn subject(chain: &[CertificateDer<'_>]) -> String {
    chain.first().and_then(pki::subject_name).unwrap_or_else(|| "somebody without a name".into())
}

/// The identity of the external PSK that a connection uses, for people.
pub fn of_psk(negotiated: &Negotiated) -> String {
    names::shown(&String::from_utf8_lossy(negotiated.psk_identity.as_deref().unwrap_or_default()))
}

/// Generates certificates, each with a key and an authority of its own.
pub struct Generator {
    key_type: KeyType,
    /// RSA keys take long to find, and one signs like the other: all certificates share one.
    rsa_key: Option<KeyPair>,
}

impl Generator {
    /// For certificates with keys of this type.
    pub const fn new(key_type: KeyType) -> Self {
        Self { key_type, rsa_key: None }
    }

    /// The next certificate, for [`GENERATED_NAMES`], and its authority.
    pub fn generate(&mut self) -> Result<(Identity, Authority), Error> {
        self.try_generate().map_err(|error| Error::Failed(format!("generating a certificate failed: {error}")))
    }

    fn try_generate(&mut self) -> Result<(Identity, Authority), rcgen::Error> {
        let authority = new_authority()?;
        let authority_out = Authority { certificate: authority.der().clone(), pem: authority.pem() };
        let fresh;
        let key = match (&self.rsa_key, self.key_type) {
            (Some(key), _) => key,
            (None, KeyType::Rsa2048) => self.rsa_key.insert(self.key_type.key_pair()?),
            (None, _) => {
                fresh = self.key_type.key_pair()?;
                &fresh
            }
        };
        let mut params = CertificateParams::new(GENERATED_NAMES.map(str::to_owned))?;
        params.distinguished_name.push(DnType::CommonName, GENERATED_NAMES[0]);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        limit_validity(&mut params);
        let leaf = params.signed_by(key, &authority)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok((Identity { chain: vec![leaf.der().clone()], key: Zeroizing::new(key), files: None }, authority_out))
    }
}

fn new_authority() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "tlsbench generated authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    limit_validity(&mut params);
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
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
    use tls_engine::crypto::Provider;
    use tls_engine::pki::ServerVerifier;

    #[test]
    fn a_generated_certificate_is_valid_for_this_machine_and_for_nothing_else() {
        let (identity, authority) = Identity::generate().expect("an identity");
        let provider = Provider::auto();
        identity.certified_key(provider).expect("key and leaf belong together");
        let verifier = ServerVerifier::new(std::slice::from_ref(&authority.certificate)).expect("a verifier");
        let verify = |name: &'static str| {
            verifier.verify_chain(
                provider,
                &identity.chain,
                &ServerName::try_from(name).expect("a name"),
                UnixTime::now(),
            )
        };
        for name in GENERATED_NAMES {
            verify(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        assert!(verify("example.com").is_err());
        assert_eq!(pki::certificates_from_pem(authority.pem.as_bytes()).expect("PEM"), [authority.certificate]);
    }

    #[test]
    fn certificates_are_generated_for_every_type_of_key_with_authorities_of_their_own() {
        let provider = Provider::auto();
        for key_type in KeyType::value_variants() {
            let mut generator = Generator::new(*key_type);
            let [(one, _), (other, authority)] = [(); 2].map(|()| generator.generate().expect("a certificate"));
            one.certified_key(provider).unwrap_or_else(|error| panic!("{key_type:?}: {error}"));
            let verifier = ServerVerifier::new(&[authority.certificate]).expect("a verifier");
            let name = ServerName::try_from(GENERATED_NAMES[0]).expect("a name");
            assert!(verifier.verify_chain(provider, &other.chain, &name, UnixTime::now()).is_ok(), "{key_type:?}");
            assert!(verifier.verify_chain(provider, &one.chain, &name, UnixTime::now()).is_err(), "{key_type:?}");
            assert_eq!(key_type.to_possible_value().expect("a name").get_name(), key_type.name());
        }
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let (mut identity, _) = Identity::generate().expect("an identity");
        identity.key = Identity::generate().expect("another").0.key;
        let provider = Provider::auto();
        assert!(matches!(identity.certified_key(provider), Err(Error::Usage(_))));
    }
}
