//! The authentication messages (RFC 8446 4.4), which are the same for either end.

use std::sync::Arc;

use rustls_pki_types::{CertificateDer, UnixTime};

use super::config::Common;
use super::effects::Effects;
use super::job::{ChainCheck, JobId, JobKind, Work};
use crate::codes::{CertificateCompressionAlgorithm, HandshakeType, SignatureScheme};
use crate::crypto::Provider;
use crate::error::{CertificateError, Error};
use crate::keys::{FinishedKey, Transcript};
use crate::limits::{HANDSHAKE_HEADER, HANDSHAKE_MESSAGE_MAX};
use crate::mem::Region;
use crate::msgs::{
    CertificateMessage, CertificateVerify, CompressedCertificate, Finished, Message, SignedContent, Signer,
    StapledExtensions, StapledRequest, WantedCertificate, encode_certificate, signed_content,
};
use crate::pki::compression::{CertificateCompression, FormId};
use crate::pki::{CertifiedKey, verify_handshake_signature};
use crate::wire::Numbers;

/// A certificate, and the scheme that its key signs with.
#[derive(Clone)]
pub(super) struct CertificateChoice {
    pub(super) certificate: Arc<CertifiedKey>,
    pub(super) scheme: SignatureScheme,
    /// What it is compressed with, where the peer decompresses that.
    pub(super) compression: Option<&'static dyn CertificateCompression>,
}

/// A signature for CertificateVerify.
pub(super) enum Signing {
    Signed(Vec<u8>),
    /// The handshake pauses for it.
    Paused(JobId),
}

impl CertificateChoice {
    /// Of `certificates` with a key that signs with one of `schemes`, which are the peer's, the first that fits best to what else is
    /// `wanted`.
    ///
    /// What does not fit is shown where nothing else is there (RFC 8446 4.4.2.2, 4.4.2.3): the peer may know an authority that it does not
    /// name. So do OpenSSL, BoringSSL and rustls.
    pub(super) fn best_of<'a>(
        certificates: impl IntoIterator<Item = &'a Arc<CertifiedKey>>,
        schemes: Numbers<'_>,
        wanted: &WantedCertificate<'_>,
        common: &Common,
    ) -> Option<Self> {
        let usable = |certificate| Self::first_of([certificate], schemes, wanted, common);
        let mut usable = certificates.into_iter().filter_map(usable);
        let mut best = usable.next()?;
        let mut rank = None;
        for other in usable {
            let least = rank.get_or_insert_with(|| misfits(&best.certificate, schemes, wanted));
            if *least == NO_MISFIT {
                break;
            }
            let misfits = misfits(&other.certificate, schemes, wanted);
            if misfits < *least {
                (best, *least) = (other, misfits);
            }
        }
        Some(best)
    }

    /// The first of `certificates` with a key that signs with one of `schemes`, which are the peer's.
    pub(super) fn first_of<'a>(
        certificates: impl IntoIterator<Item = &'a Arc<CertifiedKey>>,
        schemes: Numbers<'_>,
        wanted: &WantedCertificate<'_>,
        common: &Common,
    ) -> Option<Self> {
        let (certificate, scheme) = CertifiedKey::choose(certificates, |scheme| schemes.contains(scheme.0))?;
        Some(Self {
            certificate: Arc::clone(certificate),
            scheme,
            compression: common.compression_for(wanted.compression),
        })
    }

    /// Appends the Certificate with what is `stapled` to it, or the CompressedCertificate. Returns what it was
    /// compressed with.
    pub(super) fn encode_certificate(
        &self,
        stapled: StapledExtensions<'_>,
        out: &mut Vec<u8>,
    ) -> Option<CertificateCompressionAlgorithm> {
        let CertifiedKey { chain, compressed, .. } = &*self.certificate;
        if let Some(compression) = self.compression {
            let algorithm = compression.algorithm();
            let (ocsp_response, timestamps) = (stapled.ocsp_response.is_some(), stapled.timestamps.is_some());
            let id = FormId { algorithm, ocsp_response, timestamps };
            if let Some(message) = compressed.get_or_make(id, || compress(chain, stapled, compression)) {
                out.extend_from_slice(message);
                return Some(algorithm);
            }
        }
        encode_certificate(out, &[], chain, stapled);
        None
    }

    /// What is stapled to the certificate of what was `requested`.
    pub(super) fn stapled(&self, requested: StapledRequest) -> StapledExtensions<'_> {
        let stapled = &self.certificate.stapled;
        StapledExtensions {
            ocsp_response: stapled.ocsp_response.as_deref().filter(|_| requested.ocsp_response),
            timestamps: stapled.timestamps.as_deref().filter(|_| requested.timestamps),
        }
    }

    /// Signs what was said so far as `signer`, or makes a job of that.
    pub(super) fn sign(
        &self,
        signer: Signer,
        common: &Common,
        transcript: &Transcript,
        effects: &mut Effects,
    ) -> Result<Signing, Error> {
        let content = signed_content(signer, &transcript.current());
        if common.pauses.contains(JobKind::Sign) {
            return Ok(Signing::Paused(self.sign_elsewhere(content, common, effects)));
        }
        self.certificate.key.sign(self.scheme, &content, common.random).map(Signing::Signed)
    }

    #[cold]
    fn sign_elsewhere(&self, content: SignedContent, common: &Common, effects: &mut Effects) -> JobId {
        let key = Arc::clone(&self.certificate.key);
        effects.pause(Work::Sign { key, scheme: self.scheme, content, random: common.random })
    }
}

/// Whether the chain is signed with what is not taken, and whether it is from an authority that was not named. The former counts for more:
/// RFC 8446 4.4.2.2 has MUST for it, and authorities only guide.
type Misfits = (bool, bool);

const NO_MISFIT: Misfits = (false, false);

fn misfits(certificate: &CertifiedKey, schemes: Numbers<'_>, wanted: &WantedCertificate<'_>) -> Misfits {
    let is_named = wanted.authorities.is_none_or(|names| certificate.is_issued_by(names.iter()));
    // RFC 8446 4.2.3: without a list of their own, certificates are signed as handshakes are.
    let taken = wanted.certificate_schemes.unwrap_or(schemes);
    (!certificate.is_signed_with(|scheme| taken.contains(scheme.0)), !is_named)
}

/// Sends the CertificateVerify with `signature`, which is over the [`signed_content`] so far.
pub(super) fn send_certificate_verify(
    scheme: SignatureScheme,
    signature: &[u8],
    transcript: &mut Transcript,
    effects: &mut Effects,
) -> Result<(), Error> {
    effects.send(transcript, |out| CertificateVerify { scheme, signature }.encode(out))
}

/// What verifies the certificates of the peer.
pub(super) trait VerifyPeer {
    /// The error for a peer without a certificate, unless it may have none.
    fn on_missing(&self) -> Result<(), Error>;

    /// What it was asked for with its certificate.
    fn requested(&self) -> StapledRequest;

    /// Verifies its certificates, leaf first and at least one.
    fn verify(&self, provider: &Provider, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Error>;

    /// The same for a job, which borrows nothing.
    fn to_check(&self, provider: &'static Provider, now: UnixTime) -> ChainCheck;
}

/// The CompressedCertificate message with `chain` (RFC 8879 4).
#[cold]
fn compress(
    chain: &[CertificateDer<'_>],
    stapled: StapledExtensions<'_>,
    compression: &dyn CertificateCompression,
) -> Option<Vec<u8>> {
    let (mut certificate, mut message) = (Vec::new(), Vec::new());
    encode_certificate(&mut certificate, &[], chain, stapled);
    let body = certificate.get(HANDSHAKE_HEADER..)?;
    let compressed = compression.compress(body)?;
    CompressedCertificate { algorithm: compression.algorithm(), uncompressed_len: body.len(), compressed: &compressed }
        .encode(&mut message);
    Some(message)
}

/// The body of a Certificate, which may come as a CompressedCertificate where the peer was asked for certificates that are `offered` to be
/// decompressed; `decompressed` is the place for that. And what it was compressed with.
#[inline(always)]
pub(super) fn certificate_body<'a>(
    message: &Message<'a>,
    offered: &[&'static dyn CertificateCompression],
    decompressed: &'a mut Region,
) -> Result<(&'a [u8], Option<CertificateCompressionAlgorithm>), Error> {
    if message.handshake_type == HandshakeType::COMPRESSED_CERTIFICATE && !offered.is_empty() {
        let algorithm = decompress(message.body(), offered, decompressed)?;
        return Ok((decompressed.as_slice(), Some(algorithm)));
    }
    Ok((message.expect(HandshakeType::CERTIFICATE, "Certificate")?, None))
}

/// Decompresses the CompressedCertificate with `body` (RFC 8879 4).
#[cold]
fn decompress(
    body: &[u8],
    offered: &[&'static dyn CertificateCompression],
    decompressed: &mut Region,
) -> Result<CertificateCompressionAlgorithm, Error> {
    let CompressedCertificate { algorithm, uncompressed_len, compressed } = CompressedCertificate::decode(body)?;
    let compression = offered.iter().find(|offered| offered.algorithm() == algorithm);
    let compression = compression.ok_or(Error::IllegalParameter("a compression that was not offered"))?;
    // RFC 8879 5: no more than as a Certificate, which is known before there is memory for it.
    if uncompressed_len > HANDSHAKE_MESSAGE_MAX - HANDSHAKE_HEADER {
        return Err(CertificateError::Bad("it is too large once it is decompressed".into()).into());
    }
    *decompressed = Region::with_capacity(uncompressed_len);
    let message = decompressed.as_mut_vec();
    message.resize(uncompressed_len, 0);
    if uncompressed_len == 0 || !compression.decompress(compressed, message) {
        return Err(CertificateError::Bad("it does not decompress to the length that the peer says".into()).into());
    }
    Ok(algorithm)
}

/// Takes a Certificate with this `body`. Its chain is verified, or the handshake pauses for that, and the leaf is kept ([`Effects::kept`]) for
/// [`on_certificate_verify`], which follows unless the chain is empty.
#[inline(always)]
pub(super) fn on_certificate<'a>(
    peer: &impl VerifyPeer,
    common: &Common,
    message: &Message<'_>,
    body: &'a [u8],
    transcript: &mut Transcript,
    effects: &mut Effects,
) -> Result<CertificateMessage<'a>, Error> {
    let certificate = CertificateMessage::decode(body, peer.requested())?;
    // RFC 8446 4.4.2: it is for requests after the handshake.
    if !certificate.context.is_empty() {
        return Err(Error::IllegalParameter("the context of a Certificate in the handshake"));
    }
    match certificate.chain.first() {
        None => peer.on_missing()?,
        Some(leaf) => {
            let now = common.clock.now();
            if common.pauses.contains(JobKind::VerifyChain) {
                verify_chain_elsewhere(peer.to_check(common.provider, now), body, peer.requested(), effects);
            } else {
                peer.verify(common.provider, &certificate.chain, now)?;
            }
            effects.kept.extend_from_slice(leaf);
        }
    }
    transcript.add(message.bytes);
    Ok(certificate)
}

/// Makes a job of verifying the chain in the Certificate with `body`.
#[cold]
fn verify_chain_elsewhere(check: ChainCheck, body: &[u8], requested: StapledRequest, effects: &mut Effects) {
    effects.pause(Work::VerifyChain { check, certificate: Region::copy_of(body), requested });
}

/// Takes the CertificateVerify of `signer`, whose leaf was kept: verifies its signature, or makes a job of that. Returns the scheme
/// that it was signed with.
#[inline(always)]
pub(super) fn on_certificate_verify(
    signer: Signer,
    common: &Common,
    message: &Message<'_>,
    transcript: &mut Transcript,
    effects: &mut Effects,
) -> Result<SignatureScheme, Error> {
    let body = message.expect(HandshakeType::CERTIFICATE_VERIFY, "CertificateVerify")?;
    let verify = CertificateVerify::decode(body)?;
    let content = signed_content(signer, &transcript.current());
    if common.pauses.contains(JobKind::VerifySignature) {
        verify_signature_elsewhere(common.provider, &verify, content, effects);
    } else {
        let leaf = CertificateDer::from(effects.kept.as_slice());
        verify_handshake_signature(common.provider, &leaf, verify.scheme, &content, verify.signature)?;
    }
    effects.kept.clear();
    transcript.add(message.bytes);
    Ok(verify.scheme)
}

/// Makes a job of verifying the signature of CertificateVerify with the leaf that was kept.
#[cold]
fn verify_signature_elsewhere(
    provider: &'static Provider,
    verify: &CertificateVerify<'_>,
    content: SignedContent,
    effects: &mut Effects,
) {
    let leaf = Region::copy_of(effects.kept.as_slice());
    let (scheme, signature) = (verify.scheme, verify.signature.to_vec());
    effects.pause(Work::VerifySignature { provider, leaf, scheme, content, signature });
}

/// Sends the Finished of the end whose key this is.
pub(super) fn send_finished(
    key: &FinishedKey,
    transcript: &mut Transcript,
    effects: &mut Effects,
) -> Result<(), Error> {
    let verify_data = key.mac(&transcript.current());
    effects.send(transcript, |out| Finished { verify_data }.encode(out))
}

/// Verifies the Finished of the peer, whose key this is. The peer's keys change after it (RFC 8446 5.1).
#[inline(always)]
pub(super) fn on_finished(key: &FinishedKey, message: &Message<'_>, transcript: &Transcript) -> Result<(), Error> {
    let body = message.expect(HandshakeType::FINISHED, "Finished")?;
    let verify_data = key.mac(&transcript.current());
    Finished { verify_data }.check(body)?;
    if message.ends_record { Ok(()) } else { Err(message.unexpected("the end of a record, as the keys change")) }
}
