use rustls_pki_types::UnixTime;
use tls_engine::codes::SignatureScheme;
use tls_engine::conn::Negotiated;
use tls_engine::crypto::{Group, Provider};
use tls_engine::pki::verify_handshake_signature;

use super::{Pair, Work};
use crate::error::Error;

/// As long as what a CertificateVerify signs where the hash is SHA-256 (RFC 8446 4.4.3), bytes.
const MESSAGE_LEN: usize = 64 + 33 + 1 + 32;

/// The cryptography of a handshake that takes its time, without TLS: the key exchange of both ends, the server's signature, and
/// the client's look at it and at the chain. Hashes and key derivation are a few microseconds, and are left to TLS.
pub(super) struct Raw<'a> {
    provider: &'static Provider,
    group: &'static dyn Group,
    scheme: SignatureScheme,
    pair: &'a Pair,
    work: &'a Work,
    peer_share: Vec<u8>,
    message: [u8; MESSAGE_LEN],
    signature: Vec<u8>,
}

impl<'a> Raw<'a> {
    pub(super) fn new(work: &'a Work, pair: &'a Pair, negotiated: &Negotiated) -> Result<Self, Error> {
        let provider = work.provider;
        let group = provider.group(negotiated.group);
        let group = group.ok_or_else(|| Error::Failed(format!("there is no group {}", negotiated.group)))?;
        let message = [0x20; MESSAGE_LEN];
        Ok(Self {
            provider,
            group,
            scheme: negotiated.signature,
            pair,
            work,
            peer_share: group.generate(provider.random)?.public().to_vec(),
            message,
            signature: pair.key.key.sign(negotiated.signature, &message, provider.random)?,
        })
    }

    /// What a client has to do.
    pub(super) fn client(&self) -> Result<(), Error> {
        self.exchange()?;
        self.pair.verifier.verify_chain(&self.pair.key.chain, &self.work.name, UnixTime::now())?;
        let leaf = self.pair.key.chain.first().ok_or_else(|| Error::Failed("a chain without a leaf".to_owned()))?;
        Ok(verify_handshake_signature(self.provider, leaf, self.scheme, &self.message, &self.signature)?)
    }

    /// What a server has to do.
    pub(super) fn server(&self) -> Result<(), Error> {
        self.exchange()?;
        let signature = self.pair.key.key.sign(self.scheme, &self.message, self.provider.random)?;
        std::hint::black_box(signature);
        Ok(())
    }

    fn exchange(&self) -> Result<(), Error> {
        let secret = self.group.generate(self.provider.random)?.agree(&self.peer_share)?;
        std::hint::black_box(&secret);
        Ok(())
    }
}
