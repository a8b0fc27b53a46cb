use core::marker::PhantomData;

use p256::NistP256;
use p256::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use p256::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytesSize, PublicKey, SecretKey};
use p384::NistP384;
use p521::NistP521;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use super::ml_kem::{ML_KEM_768, ML_KEM_1024};
use super::origin;
use crate::codes::NamedGroup;
use crate::crypto::hybrid::Hybrid;
use crate::crypto::provider::clear_stack::{on_clear_stack, on_clear_stack_of};
use crate::crypto::{Completed, Exchange, Group, GroupLengths, Origin, Random};
use crate::error::Error;
use crate::mem::SharedSecret;

pub(super) static X25519: X25519Group = X25519Group;
pub(super) static SECP256R1: NistGroup<NistP256> =
    NistGroup { name: NamedGroup::SECP256R1, first_byte_max: 0xff, curve: PhantomData };
pub(super) static SECP384R1: NistGroup<NistP384> =
    NistGroup { name: NamedGroup::SECP384R1, first_byte_max: 0xff, curve: PhantomData };
pub(super) static SECP521R1: NistGroup<NistP521> =
    NistGroup { name: NamedGroup::SECP521R1, first_byte_max: 0x01, curve: PhantomData };
pub(super) static X25519_MLKEM768: Hybrid =
    Hybrid { name: NamedGroup::X25519_MLKEM768, first: &ML_KEM_768, second: &X25519 };
pub(super) static SECP256R1_MLKEM768: Hybrid =
    Hybrid { name: NamedGroup::SECP256R1_MLKEM768, first: &SECP256R1, second: &ML_KEM_768 };
pub(super) static SECP384R1_MLKEM1024: Hybrid =
    Hybrid { name: NamedGroup::SECP384R1_MLKEM1024, first: &SECP384R1, second: &ML_KEM_1024 };

const NO_PRIVATE_KEY: Error = Error::Crypto("no private key of this group");
const REFUSED: Error = Error::IllegalParameter("key share");

pub(super) struct X25519Group;

impl Group for X25519Group {
    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }

    fn lengths(&self) -> GroupLengths {
        GroupLengths { private: 32, start: 32, answer: 32 }
    }

    fn origin(&self) -> Origin {
        origin("dalek, 64-bit arithmetic in Rust")
    }

    fn start(&self, random: &dyn Random) -> Result<Box<dyn Exchange>, Error> {
        on_clear_stack(|| Ok(Box::new(X25519Exchange::generate(random)?) as Box<dyn Exchange>))
    }

    fn start_and_complete(&self, peer: &[u8], random: &dyn Random) -> Result<Completed, Error> {
        on_clear_stack(|| {
            let exchange = X25519Exchange::generate(random)?;
            Ok(Completed { share: exchange.public.as_bytes().to_vec(), secret: exchange.agree(peer)? })
        })
    }

    fn from_private(&self, private: &[u8]) -> Result<Box<dyn Exchange>, Error> {
        Ok(Box::new(X25519Exchange::from_private(private)?))
    }
}

struct X25519Exchange {
    private: StaticSecret,
    public: x25519_dalek::PublicKey,
}

impl X25519Exchange {
    fn generate(random: &dyn Random) -> Result<Self, Error> {
        let mut private = Zeroizing::new([0; 32]);
        random.fill(&mut *private)?;
        Self::from_private(&*private)
    }

    fn from_private(private: &[u8]) -> Result<Self, Error> {
        let private = Zeroizing::new(<[u8; 32]>::try_from(private).map_err(|_| NO_PRIVATE_KEY)?);
        let private = StaticSecret::from(*private);
        Ok(Self { public: x25519_dalek::PublicKey::from(&private), private })
    }

    fn agree(&self, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer = x25519_dalek::PublicKey::from(<[u8; 32]>::try_from(peer).map_err(|_| REFUSED)?);
        let secret = self.private.diffie_hellman(&peer);
        // RFC 8446 7.4.2: an all-zero secret must end the handshake.
        if !secret.was_contributory() {
            return Err(REFUSED);
        }
        Ok(SharedSecret::copy_of(secret.as_bytes()))
    }
}

impl Exchange for X25519Exchange {
    fn share(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        on_clear_stack(|| self.agree(peer))
    }
}

pub(super) struct NistGroup<C> {
    name: NamedGroup,
    /// The first byte of the order, with all bits below its highest one: a scalar has no other bits.
    first_byte_max: u8,
    curve: PhantomData<fn() -> C>,
}

/// The longest scalar, bytes: that of P-521.
const SCALAR_MAX: usize = 66;
/// More of the stack than an operation takes: on P-521 that is 8,300 bytes.
const STACK_BYTES: usize = 1 << 14;
/// A random string of a scalar's length is below the order of P-256 but in one of 2^32 cases, of P-384 still more
/// often: this many in a row come from a broken source.
const ATTEMPTS: usize = 16;

impl<C> Group for NistGroup<C>
where
    C: CurveArithmetic + 'static,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    fn name(&self) -> NamedGroup {
        self.name
    }

    fn lengths(&self) -> GroupLengths {
        let private = scalar_len::<C>();
        let point = 1 + 2 * private;
        GroupLengths { private, start: point, answer: point }
    }

    fn origin(&self) -> Origin {
        origin("RustCrypto, 64-bit arithmetic in Rust")
    }

    fn start(&self, random: &dyn Random) -> Result<Box<dyn Exchange>, Error> {
        on_clear_stack_of::<STACK_BYTES, _>(|| {
            Ok(Box::new(NistExchange::<C>::generate(random, self.first_byte_max)?) as Box<dyn Exchange>)
        })
    }

    fn start_and_complete(&self, peer: &[u8], random: &dyn Random) -> Result<Completed, Error> {
        on_clear_stack_of::<STACK_BYTES, _>(|| {
            let exchange = NistExchange::<C>::generate(random, self.first_byte_max)?;
            let secret = exchange.agree(peer)?;
            Ok(Completed { share: exchange.public.into_vec(), secret })
        })
    }

    fn from_private(&self, private: &[u8]) -> Result<Box<dyn Exchange>, Error> {
        Ok(Box::new(NistExchange::<C>::from_private(private)?))
    }
}

struct NistExchange<C: CurveArithmetic> {
    private: SecretKey<C>,
    public: Box<[u8]>,
}

impl<C> NistExchange<C>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    fn generate(random: &dyn Random, first_byte_max: u8) -> Result<Self, Error> {
        let mut private = Zeroizing::new([0; SCALAR_MAX]);
        let private = &mut private[..scalar_len::<C>()];
        for _ in 0..ATTEMPTS {
            random.fill(private)?;
            private[0] &= first_byte_max;
            if let Ok(exchange) = Self::from_private(private) {
                return Ok(exchange);
            }
        }
        Err(Error::Internal("the random bytes made no valid private key"))
    }

    fn from_private(private: &[u8]) -> Result<Self, Error> {
        if private.len() != scalar_len::<C>() {
            return Err(NO_PRIVATE_KEY);
        }
        let private = SecretKey::<C>::from_slice(private).map_err(|_| NO_PRIVATE_KEY)?;
        let public = private.public_key().to_sec1_point(false).as_bytes().into();
        Ok(Self { private, public })
    }

    fn agree(&self, peer: &[u8]) -> Result<SharedSecret, Error> {
        // RFC 8446 4.2.8.2: uncompressed points only.
        if peer.len() != self.public.len() || peer[0] != 4 {
            return Err(REFUSED);
        }
        let peer = PublicKey::<C>::from_sec1_bytes(peer).map_err(|_| REFUSED)?;
        let secret = self.private.diffie_hellman(&peer);
        Ok(SharedSecret::copy_of(secret.raw_secret_bytes()))
    }
}

impl<C> Exchange for NistExchange<C>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    fn share(&self) -> &[u8] {
        &self.public
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        on_clear_stack_of::<STACK_BYTES, _>(|| self.agree(peer))
    }
}

fn scalar_len<C: CurveArithmetic>() -> usize {
    p256::elliptic_curve::FieldBytes::<C>::default().len()
}
