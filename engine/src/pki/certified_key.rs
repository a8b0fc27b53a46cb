use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::compression::CompressedForms;
use super::key_kind::{KeyKind, MAKE_ONE, TAKEN};
use super::parsed_certificate::ParsedCertificate;
use super::pss_key::load_key;
use super::stapled::Stapled;
use super::verify::{parse, verify_handshake_signature};
use crate::codes::SignatureScheme;
use crate::crypto::{Provider, SigningKey};
use crate::error::Error;
use crate::limits::{HANDSHAKE_HEADER, HANDSHAKE_MESSAGE_MAX};

/// A certificate chain, leaf first, with the private key of the leaf. What is changed in one that was used already may not be sent: its
/// compressed forms are kept. A clone has none.
#[derive(Clone)]
pub struct CertifiedKey {
    /// The certificates as they are sent.
    pub chain: Vec<CertificateDer<'static>>,
    /// The private key.
    pub key: Arc<dyn SigningKey>,
    /// What a server sends with the first certificate to clients that ask, see [`with_stapled`](Self::with_stapled).
    pub stapled: Stapled,
    /// The Certificate messages with it that were compressed so far.
    pub(crate) compressed: CompressedForms,
}

impl CertifiedKey {
    /// Loads `key` with `provider`, and checks that it belongs to the first certificate of `chain`.
    pub fn new(
        provider: &Provider,
        chain: Vec<CertificateDer<'static>>,
        key: &PrivateKeyDer<'_>,
    ) -> Result<Self, Error> {
        let Some(leaf) = chain.first() else {
            return Err(Error::Config("the certificate chain is empty".into()));
        };
        if message_len(&chain) > HANDSHAKE_MESSAGE_MAX {
            return Err(Error::Config("the certificate chain is longer than one message can carry".into()));
        }
        for (index, certificate) in chain.iter().enumerate() {
            parse(certificate)
                .map_err(|why| Error::Config(format!("certificate {} of the chain can't be used: {why}", index + 1)))?;
        }
        let (kind, leaf_kind) = (KeyKind::of_private_key(key), KeyKind::of_certificate(leaf));
        check_kind("the private key", kind.as_ref())?;
        check_kind("the certificate's key", leaf_kind.as_ref())?;
        let key = load_key(provider, key)?;
        if !is_pair(provider, leaf, key.as_ref())? {
            let mut others = chain.iter().enumerate().skip(1);
            let own = others.find(|(_, other)| is_pair(provider, other, key.as_ref()).unwrap_or(false));
            return Err(not_a_pair(own.map(|(index, _)| index + 1), kind, leaf_kind));
        }
        check_usage(leaf)?;
        Ok(Self::with_signer(chain, key))
    }

    /// The same with a key that may be elsewhere. Whether it belongs to the chain is not checked.
    pub fn with_signer(chain: Vec<CertificateDer<'static>>, key: Arc<dyn SigningKey>) -> Self {
        Self { chain, key, stapled: Stapled::default(), compressed: CompressedForms::default() }
    }

    /// The first of `keys` with a signature scheme that the peer has `offered`, and the best such scheme of that key (RFC 8446
    /// 4.4.2.2, 4.4.3).
    pub fn choose<'a, K: Borrow<Self> + 'a>(
        keys: impl IntoIterator<Item = &'a K>,
        offered: impl Fn(SignatureScheme) -> bool,
    ) -> Option<(&'a K, SignatureScheme)> {
        keys.into_iter().find_map(|key| {
            let scheme = key.borrow().key.schemes().iter().copied().find(|scheme| offered(*scheme))?;
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
pub(super) fn message_len(chain: &[CertificateDer<'_>]) -> usize {
    HANDSHAKE_HEADER + 1 + 3 + chain.iter().map(|certificate| 3 + certificate.len() + 2).sum::<usize>()
}

/// RFC 8446 4.4.2.2: no client takes handshakes that are signed with another kind of key.
fn check_usage(leaf: &CertificateDer<'_>) -> Result<(), Error> {
    match ParsedCertificate::read(leaf).and_then(|leaf| leaf.may_sign()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::Config(
            "the certificate's key usage lacks digitalSignature, without which no client of TLS 1.3 takes it: have it \
             issued with digitalSignature, or without a key usage"
                .into(),
        )),
        Err(why) => Err(Error::Config(format!("certificate 1 of the chain can't be used: {why}"))),
    }
}

/// Refuses a key that no handshake here can be signed with, by the name of its kind. What can't be told is left to those who
/// load it.
fn check_kind(whose: &str, kind: Option<&KeyKind>) -> Result<(), Error> {
    let Some(KeyKind { name, is_explicit, .. }) = kind.filter(|kind| !kind.is_taken) else { return Ok(()) };
    let advice = if *is_explicit {
        "`openssl ec -in FILE -param_enc named_curve -out FILE2` names the curve of a key, and the certificate has to be made anew \
         for that"
    } else {
        MAKE_ONE
    };
    Err(Error::Config(format!("{whose} is not supported: it is {name}; accepted are {TAKEN}; {advice}")))
}

/// Whether a certificate is for this key: it verifies what the key signs.
fn is_pair(provider: &Provider, certificate: &CertificateDer<'_>, key: &dyn SigningKey) -> Result<bool, Error> {
    let Some(&scheme) = key.schemes().first() else {
        return Err(Error::Config("the private key can't sign with any scheme of TLS 1.3".into()));
    };
    let message = b"does this key belong to this certificate?";
    let signature = key.sign(scheme, message, provider.random)?;
    match verify_handshake_signature(provider, certificate, scheme, message, &signature) {
        Ok(()) => Ok(true),
        Err(Error::DecryptError(_) | Error::IllegalParameter(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// What is wrong where the key is not that of the first certificate: the place of its own is told, if it is there.
fn not_a_pair(place: Option<usize>, key: Option<KeyKind>, leaf: Option<KeyKind>) -> Error {
    let told = match (place, key.map(|kind| kind.name), leaf.map(|kind| kind.name)) {
        (Some(place), _, _) => {
            format!("it belongs to certificate {place} of the chain, which must come first, followed by its issuers")
        }
        (_, Some(key), Some(leaf)) if key != leaf => format!("it is {key}, and the certificate's is {leaf}"),
        _ => "the two public keys differ, which `openssl pkey -in KEY -pubout` and `openssl x509 -in CERT -noout -pubkey` \
              print"
            .into(),
    };
    Error::Config(format!("the private key does not belong to the certificate: {told}"))
}
