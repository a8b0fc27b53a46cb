use std::fmt;
use std::sync::Arc;

use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::outline::Outline;
use super::verify::{parse, verify_handshake_signature};
use crate::codes::SignatureScheme;
use crate::crypto::{Provider, SigningKey};
use crate::error::Error;
use crate::limits::{HANDSHAKE_HEADER, HANDSHAKE_MESSAGE_MAX};

/// What a server proves itself with: a chain, leaf first, and the leaf's private key.
#[derive(Clone)]
pub struct CertifiedKey {
    /// The certificates as they are sent.
    pub chain: Vec<CertificateDer<'static>>,
    /// What signs with the leaf's key.
    pub key: Arc<dyn SigningKey>,
}

impl CertifiedKey {
    /// Loads `key`, and makes sure that it belongs to the leaf of `chain`: a server that finds out in its first
    /// handshake finds out too late.
    pub fn new(
        provider: &Provider,
        chain: Vec<CertificateDer<'static>>,
        key: &PrivateKeyDer<'_>,
    ) -> Result<Self, Error> {
        let Some(leaf) = chain.first() else {
            return Err(Error::Config("a certificate chain without a certificate".into()));
        };
        if message_len(&chain) > HANDSHAKE_MESSAGE_MAX {
            return Err(Error::Config("the certificate chain is longer than one message can carry".into()));
        }
        for (index, certificate) in chain.iter().enumerate() {
            parse(certificate)
                .map_err(|why| Error::Config(format!("certificate {} of the chain can't be used: {why}", index + 1)))?;
        }
        check_usage(leaf)?;
        let key = (provider.load_key)(key)?;
        check_pair(provider, leaf, key.as_ref())?;
        Ok(Self { chain, key })
    }

    /// The first of `keys` that can sign with a scheme that is `offered` by the client's signature_algorithms, and the
    /// best such scheme of that key (RFC 8446 4.4.2.2, 4.4.3). The server's order counts, not the client's.
    pub fn choose(keys: &[Self], offered: impl Fn(SignatureScheme) -> bool) -> Option<(&Self, SignatureScheme)> {
        keys.iter().find_map(|key| {
            let scheme = key.key.schemes().iter().copied().find(|scheme| offered(*scheme))?;
            Some((key, scheme))
        })
    }
}

impl fmt::Debug for CertifiedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertifiedKey({} certificates, {:?})", self.chain.len(), self.key.schemes())
    }
}

/// The length of the Certificate message with `chain` (RFC 8446 4.4.2): header, an empty context, the length of the list,
/// and for each certificate its length and no extensions.
fn message_len(chain: &[CertificateDer<'_>]) -> usize {
    HANDSHAKE_HEADER + 1 + 3 + chain.iter().map(|certificate| 3 + certificate.len() + 2).sum::<usize>()
}

/// RFC 8446 4.4.2.2: no client takes handshakes that are signed with another kind of key.
fn check_usage(leaf: &CertificateDer<'_>) -> Result<(), Error> {
    match Outline::read(leaf).and_then(|leaf| leaf.may_sign()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::Config(
            "the certificate's key usage lacks digitalSignature, without which no client of TLS 1.3 takes it: have it \
             issued with digitalSignature, or without a key usage"
                .into(),
        )),
        Err(why) => Err(Error::Config(format!("certificate 1 of the chain can't be used: {why}"))),
    }
}

fn check_pair(provider: &Provider, leaf: &CertificateDer<'_>, key: &dyn SigningKey) -> Result<(), Error> {
    let Some(&scheme) = key.schemes().first() else {
        return Err(Error::Config("the private key can't sign with any scheme of TLS 1.3".into()));
    };
    let message = b"does this key belong to this certificate?";
    let signature = key.sign(scheme, message, provider.random)?;
    verify_handshake_signature(provider, leaf, scheme, message, &signature).map_err(|error| match error {
        Error::DecryptError(_) | Error::IllegalParameter(_) => {
            Error::Config("the private key does not belong to the certificate".into())
        }
        other => other,
    })
}
