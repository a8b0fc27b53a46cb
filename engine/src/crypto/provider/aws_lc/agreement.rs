use aws_lc_rs::agreement::{self, PrivateKey, PublicKey, UnparsedPublicKey};
use zeroize::Zeroizing;

use super::ml_kem::{ML_KEM_768, ML_KEM_1024};
use super::{origin, wide_arithmetic};
use crate::codes::NamedGroup;
use crate::crypto::hybrid::Hybrid;
use crate::crypto::{Completed, Exchange, Group, GroupLengths, Origin, Random};
use crate::error::Error;
use crate::mem::SharedSecret;

/// The length of keys and shares, bytes (RFC 7748 5).
const X25519_LEN: usize = 32;

pub(super) static X25519: AwsLcGroup =
    AwsLcGroup { name: NamedGroup::X25519, algorithm: &agreement::X25519, form: Form::Raw(X25519_LEN) };
pub(super) static SECP256R1: AwsLcGroup =
    AwsLcGroup { name: NamedGroup::SECP256R1, algorithm: &agreement::ECDH_P256, form: Form::UncompressedPoint(65) };
pub(super) static SECP384R1: AwsLcGroup =
    AwsLcGroup { name: NamedGroup::SECP384R1, algorithm: &agreement::ECDH_P384, form: Form::UncompressedPoint(97) };

pub(super) static SECP521R1: AwsLcGroup =
    AwsLcGroup { name: NamedGroup::SECP521R1, algorithm: &agreement::ECDH_P521, form: Form::UncompressedPoint(133) };
pub(super) static X25519_MLKEM768: Hybrid =
    Hybrid { name: NamedGroup::X25519_MLKEM768, first: &ML_KEM_768, second: &X25519 };
pub(super) static SECP256R1_MLKEM768: Hybrid =
    Hybrid { name: NamedGroup::SECP256R1_MLKEM768, first: &SECP256R1, second: &ML_KEM_768 };
pub(super) static SECP384R1_MLKEM1024: Hybrid =
    Hybrid { name: NamedGroup::SECP384R1_MLKEM1024, first: &SECP384R1, second: &ML_KEM_1024 };

pub(super) struct AwsLcGroup {
    name: NamedGroup,
    algorithm: &'static agreement::Algorithm,
    form: Form,
}

/// How a share looks on the wire. AWS-LC would also take compressed points and whole SubjectPublicKeyInfos, which TLS 1.3
/// does not allow (RFC 8446 4.2.8.2).
#[derive(Clone, Copy)]
enum Form {
    Raw(usize),
    UncompressedPoint(usize),
}

impl Form {
    const fn lengths(self) -> GroupLengths {
        let (private, share) = match self {
            Self::Raw(len) => (len, len),
            Self::UncompressedPoint(len) => (len / 2, len),
        };
        GroupLengths { private, start: share, answer: share }
    }

    fn fits(self, share: &[u8]) -> bool {
        match self {
            Self::Raw(len) => share.len() == len,
            Self::UncompressedPoint(len) => share.len() == len && share[0] == 4,
        }
    }

    /// The secret with a peer whose share has this form.
    fn agree(self, private: &PrivateKey, peer: &[u8]) -> Result<SharedSecret, Error> {
        const REFUSED: Error = Error::IllegalParameter("key share");
        if !self.fits(peer) {
            return Err(REFUSED);
        }
        let peer = UnparsedPublicKey::new(private.algorithm(), peer);
        agreement::agree(private, peer, REFUSED, |secret| Ok(SharedSecret::copy_of(secret)))
    }
}

impl Group for AwsLcGroup {
    fn name(&self) -> NamedGroup {
        self.name
    }

    fn lengths(&self) -> GroupLengths {
        self.form.lengths()
    }

    fn origin(&self) -> Origin {
        origin(wide_arithmetic())
    }

    fn start(&self, random: &dyn Random) -> Result<Box<dyn Exchange>, Error> {
        self.exchange(self.generate(random)?)
    }

    fn start_and_complete(&self, peer: &[u8], random: &dyn Random) -> Result<Completed, Error> {
        let private = self.generate(random)?;
        let share = public(&private)?.as_ref().to_vec();
        Ok(Completed { share, secret: self.form.agree(&private, peer)? })
    }

    fn from_private(&self, private: &[u8]) -> Result<Box<dyn Exchange>, Error> {
        self.exchange(self.load(private)?)
    }
}

impl AwsLcGroup {
    fn generate(&self, random: &dyn Random) -> Result<PrivateKey, Error> {
        match self.form {
            Form::Raw(_) => {
                let mut private = Zeroizing::new([0; X25519_LEN]);
                random.fill(&mut *private)?;
                self.load(&*private)
            }
            // To hand in a scalar takes AWS-LC twice the time of making one.
            Form::UncompressedPoint(_) => PrivateKey::generate(self.algorithm)
                .map_err(|_| Error::Crypto("AWS-LC failed to generate a private key")),
        }
    }

    fn load(&self, private: &[u8]) -> Result<PrivateKey, Error> {
        PrivateKey::from_private_key(self.algorithm, private).map_err(|_| Error::Crypto("no private key of this group"))
    }

    fn exchange(&self, private: PrivateKey) -> Result<Box<dyn Exchange>, Error> {
        let public = public(&private)?;
        Ok(Box::new(AwsLcExchange { private, public, form: self.form }))
    }
}

fn public(private: &PrivateKey) -> Result<PublicKey, Error> {
    private.compute_public_key().map_err(|_| Error::Crypto("no public key for a private key"))
}

struct AwsLcExchange {
    private: PrivateKey,
    public: PublicKey,
    form: Form,
}

impl Exchange for AwsLcExchange {
    fn share(&self) -> &[u8] {
        self.public.as_ref()
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        self.form.agree(&self.private, peer)
    }
}
