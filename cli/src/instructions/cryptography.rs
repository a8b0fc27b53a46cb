//! A provider with real cryptography, all of which runs in [`without_counting`].

use std::sync::Arc;

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, PrivateKeyDer, SignatureVerificationAlgorithm};
use tls_engine::Error as EngineError;
use tls_engine::codes::{NamedGroup, SignatureScheme};
use tls_engine::crypto::{
    Aead, AeadKey, Completed, Copied, Exchange, Expansion, Group, GroupLengths, Hash, HashContext, Origin, Provider,
    Random, SigningKey, Suite, TAG_LEN, VerificationScheme,
};
use tls_engine::mem::{Digest, Secret, SharedSecret};

use super::seeded::{SEEDED, Seeded};
use crate::error::Error;

/// The provider of this cryptography: the one whose randomness can be replaced in all of its parts.
pub(super) const PROVIDER: &str = "rustcrypto";

/// The name of the function that callgrind does not count.
pub(super) const UNCOUNTED: &str = concat!(module_path!(), "::without_counting");

/// Runs `work` without counting it: callgrind stops counting when this function is entered, and resumes when it
/// returns.
#[inline(never)]
pub(super) fn without_counting<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// The parts of [`PROVIDER`], uncounted, with seeded randomness.
pub(super) fn uncounted() -> Result<&'static Provider, Error> {
    let real = real().map_err(|error| Error::Usage(error.to_string()))?;
    let suite = |suite: &Suite| Suite { aead: leak(Quiet(suite.aead)), hash: leak(Quiet(suite.hash)), ..*suite };
    let scheme = |scheme: &VerificationScheme| VerificationScheme {
        algorithm: quiet(scheme.algorithm),
        restricted: scheme.restricted.map(quiet),
        ..*scheme
    };
    Ok(leak(Provider {
        name: PROVIDER,
        suites: real.suites.iter().map(suite).collect(),
        groups: real.groups.iter().map(|group| leak(Quiet(*group)) as &dyn Group).collect(),
        schemes: real.schemes.iter().map(scheme).collect(),
        certificate_algorithms: real.certificate_algorithms.iter().map(|algorithm| quiet(*algorithm)).collect(),
        load_key,
        random: leak(Quiet(&SEEDED)),
    }))
}

fn real() -> Result<&'static Provider, EngineError> {
    let missing = || EngineError::Config(format!("this build is without the provider {PROVIDER}"));
    Provider::by_name(PROVIDER).ok_or_else(missing)
}

fn quiet(algorithm: &'static dyn SignatureVerificationAlgorithm) -> &'static dyn SignatureVerificationAlgorithm {
    leak(Quiet(algorithm))
}

/// Leaks a part. This happens once in a process, which ends soon.
fn leak<T>(part: T) -> &'static T {
    Box::leak(Box::new(part))
}

fn load_key(key: &PrivateKeyDer<'_>) -> Result<Arc<dyn SigningKey>, EngineError> {
    let key = (real()?.load_key)(key)?;
    Ok(Arc::new(Quiet(key)))
}

/// A part that is not counted.
#[derive(Debug)]
struct Quiet<T>(T);

/// A value whose drop is not counted either. It is `Some` until then.
struct Owned<T>(Option<T>);

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if let Some(part) = self.0.take() {
            without_counting(|| drop(part));
        }
    }
}

const GONE: EngineError = EngineError::Internal("a part of the cryptography was used after its end");

impl Random for Quiet<&'static Seeded> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EngineError> {
        without_counting(|| self.0.fill(bytes))
    }
}

impl Aead for Quiet<&'static dyn Aead> {
    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn nonce_len(&self) -> usize {
        self.0.nonce_len()
    }

    fn records_per_key(&self) -> u64 {
        self.0.records_per_key()
    }

    fn implementation(&self) -> String {
        self.0.implementation()
    }

    fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, EngineError> {
        without_counting(|| Ok(Box::new(Owned(Some(self.0.key(key)?))) as Box<dyn AeadKey>))
    }
}

impl AeadKey for Owned<Box<dyn AeadKey>> {
    fn seal_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        text: &mut [u8],
        tag: &mut [u8; TAG_LEN],
    ) -> Result<(), EngineError> {
        without_counting(|| self.0.as_ref().ok_or(GONE)?.seal_in_place(nonce, aad, text, tag))
    }

    fn seal_into(
        &self,
        nonce: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        trailer: &[u8],
        output: &mut [u8],
    ) -> Result<Copied, EngineError> {
        without_counting(|| self.0.as_ref().ok_or(GONE)?.seal_into(nonce, aad, plaintext, trailer, output))
    }

    fn open_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8]) -> Result<(), EngineError> {
        without_counting(|| self.0.as_ref().ok_or(GONE)?.open_in_place(nonce, aad, text))
    }

    fn open_into(&self, nonce: &[u8], aad: &[u8], text: &[u8], output: &mut [u8]) -> Result<Copied, EngineError> {
        without_counting(|| self.0.as_ref().ok_or(GONE)?.open_into(nonce, aad, text, output))
    }
}

impl Hash for Quiet<&'static dyn Hash> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn output_len(&self) -> usize {
        self.0.output_len()
    }

    fn origin(&self) -> Origin {
        self.0.origin()
    }

    fn start(&self) -> Box<dyn HashContext> {
        without_counting(|| Box::new(Owned(Some(self.0.start()))))
    }

    fn digest(&self, parts: &[&[u8]]) -> Digest {
        without_counting(|| self.0.digest(parts))
    }

    fn hmac(&self, key: &[u8], parts: &[&[u8]]) -> Digest {
        without_counting(|| self.0.hmac(key, parts))
    }

    fn hkdf_extract(&self, salt: &[u8], input: &[u8]) -> Secret {
        without_counting(|| self.0.hkdf_extract(salt, input))
    }

    fn hkdf_expand_each(&self, secret: &[u8], expansions: &mut [Expansion<'_>]) {
        without_counting(|| self.0.hkdf_expand_each(secret, expansions));
    }
}

impl HashContext for Owned<Box<dyn HashContext>> {
    fn update(&mut self, bytes: &[u8]) {
        without_counting(|| {
            if let Some(context) = &mut self.0 {
                context.update(bytes);
            }
        });
    }

    fn current(&self) -> Digest {
        self.current_with(&[])
    }

    fn current_with(&self, parts: &[&[u8]]) -> Digest {
        without_counting(|| match &self.0 {
            Some(context) => context.current_with(parts),
            None => Digest::copy_of(&[]),
        })
    }
}

impl Group for Quiet<&'static dyn Group> {
    fn name(&self) -> NamedGroup {
        self.0.name()
    }

    fn lengths(&self) -> GroupLengths {
        self.0.lengths()
    }

    fn has_part(&self, group: NamedGroup) -> bool {
        self.0.has_part(group)
    }

    fn origin(&self) -> Origin {
        self.0.origin()
    }

    fn start(&self, _: &dyn Random) -> Result<Box<dyn Exchange>, EngineError> {
        without_counting(|| Ok(Box::new(Owned(Some(self.0.start(&SEEDED)?))) as Box<dyn Exchange>))
    }

    fn start_and_complete(&self, peer: &[u8], _: &dyn Random) -> Result<Completed, EngineError> {
        without_counting(|| self.0.start_and_complete(peer, &SEEDED))
    }

    fn from_private(&self, private: &[u8]) -> Result<Box<dyn Exchange>, EngineError> {
        without_counting(|| Ok(Box::new(Owned(Some(self.0.from_private(private)?))) as Box<dyn Exchange>))
    }
}

impl Exchange for Owned<Box<dyn Exchange>> {
    fn share(&self) -> &[u8] {
        without_counting(|| self.0.as_ref().map_or(&[][..], |exchange| exchange.share()))
    }

    fn part(&self, group: NamedGroup) -> Option<&[u8]> {
        without_counting(|| self.0.as_ref().and_then(|exchange| exchange.part(group)))
    }

    fn into_part(mut self: Box<Self>, group: NamedGroup) -> Option<Box<dyn Exchange>> {
        let part = without_counting(|| self.0.take()?.into_part(group))?;
        Some(Box::new(Self(Some(part))))
    }

    fn complete(mut self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, EngineError> {
        without_counting(|| self.0.take().ok_or(GONE)?.complete(peer))
    }
}

impl SigningKey for Quiet<Arc<dyn SigningKey>> {
    fn schemes(&self) -> &[SignatureScheme] {
        self.0.schemes()
    }

    fn origin(&self) -> Origin {
        self.0.origin()
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8], _: &dyn Random) -> Result<Vec<u8>, EngineError> {
        without_counting(|| self.0.sign(scheme, message, &SEEDED))
    }
}

impl SignatureVerificationAlgorithm for Quiet<&'static dyn SignatureVerificationAlgorithm> {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        without_counting(|| self.0.verify_signature(public_key, message, signature))
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0.signature_alg_id()
    }
}
