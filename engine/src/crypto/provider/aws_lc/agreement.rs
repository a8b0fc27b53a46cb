use aws_lc_rs::agreement::{self, PrivateKey, PublicKey, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::codes::NamedGroup;
use crate::crypto::{Group, KeyPair, Random};
use crate::error::Error;
use crate::mem::Secret;

pub(super) static X25519: AwsLcGroup =
    AwsLcGroup { name: NamedGroup::X25519, algorithm: &agreement::X25519, private_len: 32, share: Share::Raw(32) };
pub(super) static SECP256R1: AwsLcGroup = AwsLcGroup {
    name: NamedGroup::SECP256R1,
    algorithm: &agreement::ECDH_P256,
    private_len: 32,
    share: Share::UncompressedPoint(65),
};
pub(super) static SECP384R1: AwsLcGroup = AwsLcGroup {
    name: NamedGroup::SECP384R1,
    algorithm: &agreement::ECDH_P384,
    private_len: 48,
    share: Share::UncompressedPoint(97),
};

pub(super) struct AwsLcGroup {
    name: NamedGroup,
    algorithm: &'static agreement::Algorithm,
    private_len: usize,
    share: Share,
}

/// How a share looks on the wire. AWS-LC would also take compressed points and whole SubjectPublicKeyInfos, which TLS 1.3
/// does not allow (RFC 8446 4.2.8.2).
#[derive(Clone, Copy)]
enum Share {
    Raw(usize),
    UncompressedPoint(usize),
}

impl Share {
    fn fits(self, share: &[u8]) -> bool {
        match self {
            Self::Raw(len) => share.len() == len,
            Self::UncompressedPoint(len) => share.len() == len && share[0] == 4,
        }
    }
}

/// A random string of a scalar's length is below the order of P-256 but in one of 2^32 cases, of P-384 still more
/// often: this many in a row come from a broken source.
const ATTEMPTS: usize = 16;

impl Group for AwsLcGroup {
    fn name(&self) -> NamedGroup {
        self.name
    }

    fn generate(&self, random: &dyn Random) -> Result<Box<dyn KeyPair>, Error> {
        let mut private = Zeroizing::new([0; 48]);
        let private = &mut private[..self.private_len];
        for _ in 0..ATTEMPTS {
            random.fill(private)?;
            if let Ok(pair) = self.from_private(private) {
                return Ok(pair);
            }
        }
        Err(Error::Internal("the source of randomness gives no private key"))
    }

    fn from_private(&self, private: &[u8]) -> Result<Box<dyn KeyPair>, Error> {
        let private = PrivateKey::from_private_key(self.algorithm, private)
            .map_err(|_| Error::Crypto("no private key of this group"))?;
        let public = private.compute_public_key().map_err(|_| Error::Crypto("no public key for a private key"))?;
        Ok(Box::new(AwsLcKeyPair { private, public, share: self.share }))
    }
}

struct AwsLcKeyPair {
    private: PrivateKey,
    public: PublicKey,
    share: Share,
}

impl KeyPair for AwsLcKeyPair {
    fn public(&self) -> &[u8] {
        self.public.as_ref()
    }

    fn agree(self: Box<Self>, peer: &[u8]) -> Result<Secret, Error> {
        const REFUSED: Error = Error::IllegalParameter("key share");
        if !self.share.fits(peer) {
            return Err(REFUSED);
        }
        let peer = UnparsedPublicKey::new(self.private.algorithm(), peer);
        agreement::agree(&self.private, peer, REFUSED, |secret| Ok(Secret::copy_of(secret)))
    }
}
