//! ML-KEM (FIPS 203), a part of hybrids.
#![allow(deprecated, reason = "expanded keys are the one form that all providers take")]

use core::convert::Infallible;
use core::marker::PhantomData;

use ml_kem::array::Array;
use ml_kem::array::sizes::U32;
use ml_kem::kem::{Ciphertext, Decapsulate, Decapsulator, Encapsulate, Generate, Kem, Key, KeyExport, TryKeyInit};
use ml_kem::{ExpandedKeyEncoding, MlKem768, MlKem1024};

use super::{RandomAdapter, origin};
use crate::codes::NamedGroup;
use crate::crypto::provider::clear_stack::on_clear_stack_of;
use crate::crypto::{Completed, Exchange, Group, GroupLengths, Origin, Random};
use crate::error::Error;
use crate::mem::SharedSecret;

pub(super) static ML_KEM_768: MlKem<MlKem768> = MlKem {
    name: NamedGroup::MLKEM768,
    lengths: GroupLengths { private: 2400, start: 1184, answer: 1088 },
    parameters: PhantomData,
};
pub(super) static ML_KEM_1024: MlKem<MlKem1024> = MlKem {
    name: NamedGroup::MLKEM1024,
    lengths: GroupLengths { private: 3168, start: 1568, answer: 1568 },
    parameters: PhantomData,
};

const REFUSED: Error = Error::IllegalParameter("key share");
/// More of the stack than an operation takes: the longest, to generate a key of ML-KEM-1024, takes 52,000 bytes.
const STACK_BYTES: usize = 1 << 16;

pub(super) struct MlKem<P> {
    name: NamedGroup,
    lengths: GroupLengths,
    parameters: PhantomData<fn() -> P>,
}

/// A parameter set, with what its keys can do.
pub(super) trait Parameters:
    Kem<
        SharedKeySize = U32,
        DecapsulationKey: Decapsulate<Kem = Self> + ExpandedKeyEncoding + Send,
        EncapsulationKey: TryKeyInit + KeyExport,
    >
{
}

impl Parameters for MlKem768 {}
impl Parameters for MlKem1024 {}

impl<P: Parameters> Group for MlKem<P> {
    fn name(&self) -> NamedGroup {
        self.name
    }

    fn lengths(&self) -> GroupLengths {
        self.lengths
    }

    fn origin(&self) -> Origin {
        origin("RustCrypto, in Rust")
    }

    fn start(&self, random: &dyn Random) -> Result<Box<dyn Exchange>, Error> {
        on_clear_stack_of::<STACK_BYTES, _>(|| {
            let key = P::DecapsulationKey::try_generate_from_rng(&mut RandomAdapter(random))?;
            Ok(MlKemExchange::<P>::boxed(key))
        })
    }

    fn start_and_complete(&self, peer: &[u8], random: &dyn Random) -> Result<Completed, Error> {
        on_clear_stack_of::<STACK_BYTES, _>(|| {
            let peer = Array::try_from(peer).map_err(|_| REFUSED)?;
            // The check of the key's coefficients (FIPS 203 7.2) is in here.
            let peer = P::EncapsulationKey::new(&peer).map_err(|_| REFUSED)?;
            let mut random = FirstError { random, error: None };
            let (ciphertext, secret) = peer.encapsulate_with_rng(&mut random);
            match random.error {
                Some(error) => Err(error),
                None => Ok(Completed { share: ciphertext.to_vec(), secret: SharedSecret::copy_of(&secret) }),
            }
        })
    }

    fn from_private(&self, private: &[u8]) -> Result<Box<dyn Exchange>, Error> {
        const NO_PRIVATE_KEY: Error = Error::Crypto("no private key of this group");
        on_clear_stack_of::<STACK_BYTES, _>(|| {
            let private = Array::try_from(private).map_err(|_| NO_PRIVATE_KEY)?;
            let key = P::DecapsulationKey::from_expanded_bytes(&private).map_err(|_| NO_PRIVATE_KEY)?;
            Ok(MlKemExchange::<P>::boxed(key))
        })
    }
}

struct MlKemExchange<P: Parameters> {
    key: P::DecapsulationKey,
    share: Key<P::EncapsulationKey>,
}

impl<P: Parameters> MlKemExchange<P> {
    fn boxed(key: P::DecapsulationKey) -> Box<dyn Exchange> {
        let share = key.encapsulation_key().to_bytes();
        Box::new(Self { key, share })
    }
}

impl<P: Parameters> Exchange for MlKemExchange<P> {
    fn share(&self) -> &[u8] {
        &self.share
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        on_clear_stack_of::<STACK_BYTES, _>(|| {
            let ciphertext = Ciphertext::<P>::try_from(peer).map_err(|_| REFUSED)?;
            Ok(SharedSecret::copy_of(&self.key.decapsulate(&ciphertext)))
        })
    }
}

/// Lends a [`Random`] to code that takes no failure for an answer. After the first, what that code has made must not be used.
struct FirstError<'a> {
    random: &'a dyn Random,
    error: Option<Error>,
}

impl rand_core::TryRng for FirstError<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        if let Err(error) = self.random.fill(bytes) {
            self.error.get_or_insert(error);
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for FirstError<'_> {}
