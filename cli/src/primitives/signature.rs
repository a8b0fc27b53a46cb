use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use tls_engine::codes::SignatureScheme;
use tls_engine::crypto::{Origin, Provider, SigningKey, VerificationScheme};

use super::{Bench, Part, wrong};
use crate::error::Error;
use crate::identity::{KeyType, SigningIdentity};
use crate::interrupt;
use crate::measure::{Pattern, nanoseconds};

/// The number of signatures in a batch.
const BATCH: usize = 8;
/// The length of the signed message, as in a handshake, bytes: the content of a CertificateVerify with SHA-256 (RFC
/// 8446 4.4.3).
const MESSAGE_LEN: usize = 64 + 33 + 1 + 32;

/// The private keys of a run, one of each kind, created on first use.
#[derive(Default)]
pub struct Keys {
    made: BTreeMap<KeyType, Arc<SigningIdentity>>,
}

impl Keys {
    /// The key for signing with `scheme`.
    pub fn of(&mut self, scheme: SignatureScheme) -> Result<Arc<SigningIdentity>, Error> {
        let kind = KeyType::of(scheme).ok_or_else(|| Error::Failed(format!("no key is known for {scheme}")))?;
        if let Some(key) = self.made.get(&kind) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(SigningIdentity::new(kind)?);
        self.made.insert(kind, Arc::clone(&key));
        Ok(key)
    }
}

/// A part that signs. Another part of the algorithm verifies its signatures.
pub(super) struct SignBench {
    part: Part,
    provider: &'static Provider,
    scheme: SignatureScheme,
    key: Arc<dyn SigningKey>,
    verifier: Verifier,
    next: u64,
    done: Vec<Vec<u8>>,
}

/// A part that verifies signatures of another part of the algorithm.
pub(super) struct VerifyBench {
    part: Part,
    verifier: Verifier,
    signatures: Vec<Vec<u8>>,
}

struct Verifier {
    scheme: VerificationScheme,
    public: Vec<u8>,
    pattern: Arc<Pattern>,
}

impl SignBench {
    /// `reference` verifies.
    pub(super) fn new(
        part: &Part,
        provider: &'static Provider,
        reference: VerificationScheme,
        identity: &SigningIdentity,
        pattern: &Arc<Pattern>,
    ) -> Result<Self, Error> {
        Ok(Self {
            part: part.clone(),
            provider,
            scheme: reference.scheme,
            key: (provider.load_key)(&identity.key)?,
            verifier: Verifier::new(reference, identity, pattern),
            next: 0,
            done: Vec::with_capacity(BATCH),
        })
    }

    /// The provider of the key, and what signs on this CPU, which is not always what verifies.
    pub(super) fn origin(&self) -> Origin {
        self.key.origin()
    }
}

impl Bench for SignBench {
    fn run(&mut self, count: u64, ns: &mut [u64]) -> Result<u64, Error> {
        let mut left = count;
        while left > 0 {
            interrupt::check()?;
            let signatures = left.min(BATCH as u64);
            self.done.clear();
            let started = Instant::now();
            for at in self.next..self.next + signatures {
                let message = self.verifier.message(at);
                self.done.push(self.key.sign(self.scheme, message, self.provider.random)?);
            }
            ns[0] += nanoseconds(started, Instant::now());
            if !(self.next..).zip(&self.done).all(|(at, signature)| self.verifier.verifies(at, signature)) {
                return Err(wrong(&self.part, "its signature does not verify"));
            }
            self.next += signatures;
            left -= signatures;
        }
        Ok(count)
    }
}

impl VerifyBench {
    /// `signer` signs what is verified.
    pub(super) fn new(
        part: &Part,
        scheme: VerificationScheme,
        signer: &'static Provider,
        identity: &SigningIdentity,
        pattern: &Arc<Pattern>,
    ) -> Result<Self, Error> {
        let verifier = Verifier::new(scheme, identity, pattern);
        let key = (signer.load_key)(&identity.key)?;
        let signatures = (0..BATCH as u64)
            .map(|at| key.sign(scheme.scheme, verifier.message(at), signer.random))
            .collect::<Result<Vec<_>, _>>()?;
        let bench = Self { part: part.clone(), verifier, signatures };
        // A verifier that accepts anything would be the fastest of all.
        if bench.verifier.verifies(1, &bench.signatures[0]) {
            return Err(wrong(part, "it verifies the signature of another message"));
        }
        Ok(bench)
    }
}

impl Bench for VerifyBench {
    fn run(&mut self, count: u64, ns: &mut [u64]) -> Result<u64, Error> {
        let mut left = count;
        while left > 0 {
            interrupt::check()?;
            let signatures = left.min(BATCH as u64);
            let started = Instant::now();
            let verified = (0..signatures)
                .zip(&self.signatures)
                .filter(|(at, signature)| self.verifier.verifies(*at, signature))
                .count();
            ns[0] += nanoseconds(started, Instant::now());
            if verified as u64 != signatures {
                return Err(wrong(&self.part, "it refuses a good signature"));
            }
            left -= signatures;
        }
        Ok(count)
    }
}

impl Verifier {
    fn new(scheme: VerificationScheme, identity: &SigningIdentity, pattern: &Arc<Pattern>) -> Self {
        Self { scheme, public: identity.public.clone(), pattern: Arc::clone(pattern) }
    }

    fn message(&self, at: u64) -> &[u8] {
        self.pattern.at(at * MESSAGE_LEN as u64, MESSAGE_LEN)
    }

    fn verifies(&self, at: u64, signature: &[u8]) -> bool {
        self.scheme.algorithm.verify_signature(&self.public, self.message(at), signature).is_ok()
    }
}
