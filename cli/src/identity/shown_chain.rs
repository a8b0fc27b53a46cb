use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tls_engine::crypto::Provider;
use tls_engine::pki::{ServerVerifier, VerifyServer};

/// Verifies servers as another verifier does, and keeps what they have shown. Clones are the same keeper.
#[derive(Clone)]
pub struct ChainKeeper(Arc<Keeper>);

struct Keeper {
    verifier: ServerVerifier,
    shown: Mutex<Option<ShownChain>>,
}

/// The certificates of a server, and what was thought of them.
pub struct ShownChain {
    /// The certificates, leaf first.
    pub certificates: Vec<CertificateDer<'static>>,
    /// What came of verifying them.
    pub verdict: Verdict,
}

/// What came of verifying certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They lead to an authority that is trusted, and are for the name.
    Verified,
    /// They do not.
    Refused(tls_engine::Error),
    /// Any would have been taken.
    NotVerified,
}

impl ChainKeeper {
    /// Verifies with `verifier`.
    pub fn new(verifier: ServerVerifier) -> Self {
        Self(Arc::new(Keeper { verifier, shown: Mutex::default() }))
    }

    /// What was shown last, unless it was taken before.
    pub fn take(&self) -> Option<ShownChain> {
        self.shown().take()
    }

    fn shown(&self) -> MutexGuard<'_, Option<ShownChain>> {
        self.0.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl VerifyServer for ChainKeeper {
    fn verify_server(
        &self,
        provider: &Provider,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), tls_engine::Error> {
        let verified = self.0.verifier.verify_server(provider, chain, name, now);
        let verdict = match &verified {
            Err(refusal) => Verdict::Refused(refusal.clone()),
            Ok(()) if self.0.verifier.is_insecure() => Verdict::NotVerified,
            Ok(()) => Verdict::Verified,
        };
        let certificates = chain.iter().map(|certificate| certificate.clone().into_owned()).collect();
        *self.shown() = Some(ShownChain { certificates, verdict });
        verified
    }
}
