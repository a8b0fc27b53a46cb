//! A throw-away public key infrastructure: root, intermediate, and leaves made to order.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationList, CertificateRevocationListParams, CertifiedIssuer,
    DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, RsaKeySize,
    date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// The kinds of key a certificate can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    EcdsaP256,
    EcdsaP384,
    Ed25519,
    Rsa2048,
}

impl KeyKind {
    pub const ALL: [Self; 4] = [Self::EcdsaP256, Self::EcdsaP384, Self::Ed25519, Self::Rsa2048];

    pub fn generate(self) -> KeyPair {
        match self {
            Self::EcdsaP256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            Self::EcdsaP384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            Self::Ed25519 => next_ed25519(),
            Self::Rsa2048 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
        }
        .expect("a key of a kind that rcgen knows")
    }
}

/// A root, and an intermediate below it that issues the leaves.
pub struct Pki {
    pub kind: KeyKind,
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
}

/// A leaf with its chain and key.
pub struct Identity {
    pub kind: KeyKind,
    /// Leaf, then intermediate.
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
    pub chain_pem: String,
    pub issuer_pem: String,
    pub key_pem: String,
}

/// The files of [`Identity::write`].
pub struct Files {
    pub chain: PathBuf,
    /// The chain without the leaf.
    pub issuer: PathBuf,
    /// In DER.
    pub key: PathBuf,
}

impl Pki {
    /// Authorities with keys of `kind`, valid now.
    pub fn new(kind: KeyKind) -> Self {
        Self::with_intermediate(kind, |_| {})
    }

    /// The same with `change` made to what the intermediate's certificate says.
    pub fn with_intermediate(kind: KeyKind, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let root = CertifiedIssuer::self_signed(authority(&format!("throw-away root {kind:?}")), kind.generate())
            .expect("a root");
        let mut params = authority(&format!("throw-away intermediate {kind:?}"));
        change(&mut params);
        let intermediate = CertifiedIssuer::signed_by(params, kind.generate(), &root).expect("an intermediate");
        Self { kind, root, intermediate }
    }

    /// One for each kind of key, made once: RSA keys take their time.
    pub fn shared(kind: KeyKind) -> &'static Self {
        static ALL: [OnceLock<Pki>; 4] = [const { OnceLock::new() }; 4];
        ALL[kind as usize].get_or_init(|| Self::new(kind))
    }

    /// The leaf for localhost and 127.0.0.1 with a key of the authorities' kind, made once.
    pub fn shared_identity(kind: KeyKind) -> &'static Identity {
        static ALL: [OnceLock<Identity>; 4] = [const { OnceLock::new() }; 4];
        ALL[kind as usize].get_or_init(|| Self::shared(kind).issue(kind, |_| {}))
    }

    /// A leaf for a client with a key of the authorities' kind, made once.
    pub fn shared_client(kind: KeyKind) -> &'static Identity {
        static ALL: [OnceLock<Identity>; 4] = [const { OnceLock::new() }; 4];
        ALL[kind as usize].get_or_init(|| Self::shared(kind).issue(kind, for_client))
    }

    /// A leaf for localhost and 127.0.0.1, valid now, after `change` was made to what its certificate says.
    pub fn issue(&self, kind: KeyKind, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = leaf();
        change(&mut params);
        let key = kind.generate();
        let leaf = params.signed_by(&key, &self.intermediate).expect("a leaf");
        Identity {
            kind,
            chain: vec![leaf.der().clone(), self.intermediate.der().clone()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            chain_pem: leaf.pem() + &self.intermediate.pem(),
            issuer_pem: self.intermediate.pem(),
            key_pem: key.serialize_pem(),
        }
    }

    /// The revocation list of the intermediate with these serial numbers, and that of the root with none. Until 2090, or `next_update`.
    pub fn revocation_lists(&self, serials: &[u64], next_update: i32) -> [CertificateRevocationList; 2] {
        let list = |serials: &[u64], issuer: &CertifiedIssuer<'static, KeyPair>| {
            let revoked = |serial: &u64| RevokedCertParams {
                serial_number: (*serial).into(),
                revocation_time: date_time_ymd(2001, 1, 1),
                reason_code: None,
                invalidity_date: None,
            };
            let params = CertificateRevocationListParams {
                this_update: date_time_ymd(2000, 1, 1),
                next_update: date_time_ymd(next_update, 1, 1),
                crl_number: 1.into(),
                issuing_distribution_point: None,
                revoked_certs: serials.iter().map(revoked).collect(),
                key_identifier_method: KeyIdMethod::Sha256,
            };
            params.signed_by(issuer).expect("a list")
        };
        [list(serials, &self.intermediate), list(&[], &self.root)]
    }

    pub fn root(&self) -> CertificateDer<'static> {
        self.root.der().clone()
    }

    /// The keys that the certificates of root and intermediate are about.
    pub fn keys(&self) -> [&KeyPair; 2] {
        [self.root.key(), self.intermediate.key()]
    }

    pub fn root_pem(&self) -> String {
        self.root.pem()
    }

    /// Writes the root to a file in `directory`.
    pub fn write_root(&self, directory: &Path) -> PathBuf {
        write(directory, &format!("{:?}-root.pem", self.kind), self.root_pem())
    }
}

impl Identity {
    /// Writes chain and key to files in `directory`.
    pub fn write(&self, directory: &Path) -> Files {
        Files {
            chain: write(directory, "chain.pem", &self.chain_pem),
            issuer: write(directory, "issuer.pem", &self.issuer_pem),
            key: write(directory, "key.der", self.key.secret_der()),
        }
    }
}

/// The certificate of an authority called `name` that was issued by one of the same name, as short as it can be. Its key and
/// its signature are none, and others by each `number`.
pub fn tiny_authority(name: &str, number: u16) -> CertificateDer<'static> {
    const ECDSA_WITH_SHA256: [u8; 12] = [0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    const COMMON_NAME: [u8; 5] = [6, 3, 0x55, 4, 3];
    // basicConstraints, whose cA is true (RFC 5280 4.2.1.9).
    const EXTENSIONS: [u8; 18] = [0xa3, 16, 0x30, 14, 0x30, 12, 6, 3, 0x55, 0x1d, 19, 4, 5, 0x30, 3, 1, 1, 0xff];
    let sequence = |parts: &[&[u8]]| tagged(0x30, &parts.concat());
    let [high, low] = number.to_be_bytes();
    let name = sequence(&[&tagged(0x31, &sequence(&[&COMMON_NAME, &tagged(0x0c, name.as_bytes())]))]);
    let validity = sequence(&[&tagged(0x17, b"750101000000Z"), &tagged(0x18, b"20990101000000Z")]);
    let key = sequence(&[&ECDSA_WITH_SHA256, &[3, 3, 0, high, low]]);
    let version_and_serial = [0xa0, 3, 2, 1, 2, 2, 1, 1];
    let parts: [&[u8]; 7] = [&version_and_serial, &ECDSA_WITH_SHA256, &name, &validity, &name, &key, &EXTENSIONS];
    CertificateDer::from(sequence(&[&sequence(&parts), &ECDSA_WITH_SHA256, &[3, 2, 0, 0]]))
}

/// A DER value behind its tag and length.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u8::try_from(content.len()).expect("a short value");
    let header = if len < 0x80 { vec![tag, len] } else { vec![tag, 0x81, len] };
    [&header, content].concat()
}

/// What is for clients, and not for servers.
pub fn for_client(params: &mut CertificateParams) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
}

/// What ends in 2001: for certificates that have expired.
pub fn expired(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(2001, 1, 1);
}

/// What starts in 2090.
pub fn not_yet_valid(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2090, 1, 1);
    params.not_after = date_time_ymd(2091, 1, 1);
}

/// A key that no other call has returned. Every process has the same ones, in the same order, and so the same certificates:
/// what fuzzing has found can be found again.
fn next_ed25519() -> Result<KeyPair, rcgen::Error> {
    /// OneAsymmetricKey for Ed25519, up to its 32 bytes (RFC 8410 7).
    const PREFIX: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    static MADE: AtomicU64 = AtomicU64::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed).to_le_bytes();
    let der = [&PREFIX[..], &number.repeat(4)].concat();
    KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(der), &rcgen::PKCS_ED25519)
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::CrlSign];
    params
}

fn leaf() -> CertificateParams {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = CertificateParams::new(names).expect("names that parse");
    params.distinguished_name.push(DnType::CommonName, "throw-away leaf");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

fn write(directory: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, content).expect("a file in the test's own directory");
    path
}
