use aws_lc_rs::agreement::{self, PrivateKey, PublicKey, UnparsedPublicKey};
use zeroize::Zeroizing;

use super::{origin, wide_arithmetic};
use crate::codes::NamedGroup;
use crate::crypto::{Group, KeyPair, Origin, Random};
use crate::error::Error;
use crate::mem::Secret;

/// The length of keys and shares, bytes (RFC 7748 5).
const X25519_LEN: usize = 32;

pub(super) static X25519: AwsLcGroup =
    AwsLcGroup { name: NamedGroup::X25519, algorithm: &agreement::X25519, share: Share::Raw(X25519_LEN) };
pub(super) static SECP256R1: AwsLcGroup =
    AwsLcGroup { name: NamedGroup::SECP256R1, algorithm: &agreement::ECDH_P256, share: Share::UncompressedPoint(65) };
pub(super) static SECP384R1: AwsLcGroup =
    AwsLcGroup { name: NamedGroup::SECP384R1, algorithm: &agreement::ECDH_P384, share: Share::UncompressedPoint(97) };

pub(super) struct AwsLcGroup {
    name: NamedGroup,
    algorithm: &'static agreement::Algorithm,
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

impl Group for AwsLcGroup {
    fn name(&self) -> NamedGroup {
        self.name
    }

    fn origin(&self) -> Origin {
        origin(wide_arithmetic())
    }

    fn generate(&self, random: &dyn Random) -> Result<Box<dyn KeyPair>, Error> {
        match self.share {
            Share::Raw(_) => {
                let mut private = Zeroizing::new([0; X25519_LEN]);
                random.fill(&mut *private)?;
                self.from_private(&*private)
            }
            // To hand in a scalar takes AWS-LC twice the time of making one.
            Share::UncompressedPoint(_) => self.pair(
                PrivateKey::generate(self.algorithm)
                    .map_err(|_| Error::Crypto("AWS-LC failed to generate a private key"))?,
            ),
        }
    }

    fn from_private(&self, private: &[u8]) -> Result<Box<dyn KeyPair>, Error> {
        self.pair(
            PrivateKey::from_private_key(self.algorithm, private)
                .map_err(|_| Error::Crypto("no private key of this group"))?,
        )
    }
}

impl AwsLcGroup {
    fn pair(&self, private: PrivateKey) -> Result<Box<dyn KeyPair>, Error> {
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
