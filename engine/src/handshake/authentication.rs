//! The authentication messages (RFC 8446 4.4), which are the same for either end.

use rustls_pki_types::CertificateDer;

use super::effects::Effects;
use crate::codes::{HandshakeType, SignatureScheme};
use crate::crypto::Provider;
use crate::error::Error;
use crate::keys::{TrafficSecret, Transcript};
use crate::msgs::{CertificateVerify, Finished, Message, SignedContent, Signer, signed_content};
use crate::pki::verify_handshake_signature;

/// Sends the CertificateVerify with `signature`, which is over the [`signed_content`] so far.
pub(super) fn send_certificate_verify(
    scheme: SignatureScheme,
    signature: &[u8],
    transcript: &mut Transcript,
    effects: &mut Effects,
) -> Result<(), Error> {
    effects.send(transcript, |out| CertificateVerify { scheme, signature }.encode(out))
}

/// Verifies the CertificateVerify of `signer`, whose certificate is `leaf`. Returns the scheme that it was signed with.
pub(super) fn on_certificate_verify(
    signer: Signer,
    leaf: &CertificateDer<'_>,
    provider: &Provider,
    message: &Message<'_>,
    transcript: &mut Transcript,
) -> Result<SignatureScheme, Error> {
    let (verify, content) = unverified(signer, message, transcript)?;
    verify_handshake_signature(provider, leaf, verify.scheme, &content, verify.signature)?;
    transcript.add(message.bytes);
    Ok(verify.scheme)
}

/// The CertificateVerify of `signer`, and what its signature is over.
#[inline(always)]
pub(super) fn unverified<'a>(
    signer: Signer,
    message: &Message<'a>,
    transcript: &Transcript,
) -> Result<(CertificateVerify<'a>, SignedContent), Error> {
    let body = message.expect(HandshakeType::CERTIFICATE_VERIFY, "CertificateVerify")?;
    Ok((CertificateVerify::decode(body)?, signed_content(signer, &transcript.current())))
}

/// Sends the Finished of the end whose secret this is.
pub(super) fn send_finished(
    secret: &TrafficSecret,
    transcript: &mut Transcript,
    effects: &mut Effects,
) -> Result<(), Error> {
    let verify_data = secret.finished(&transcript.current());
    effects.send(transcript, |out| Finished { verify_data }.encode(out))
}

/// Verifies the Finished of the peer, whose secret this is. The peer's keys change after it (RFC 8446 5.1).
#[inline(always)]
pub(super) fn on_finished(secret: &TrafficSecret, message: &Message<'_>, transcript: &Transcript) -> Result<(), Error> {
    let body = message.expect(HandshakeType::FINISHED, "Finished")?;
    let verify_data = secret.finished(&transcript.current());
    Finished { verify_data }.check(body)?;
    if message.ends_record { Ok(()) } else { Err(message.unexpected("the end of a record, as the keys change")) }
}
