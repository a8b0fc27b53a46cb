//! The authentication messages (RFC 8446 4.4), which are the same for either end.

use super::effects::Effects;
use crate::codes::{HandshakeType, SignatureScheme};
use crate::error::Error;
use crate::keys::{TrafficSecret, Transcript};
use crate::msgs::{CertificateVerify, Finished, Message, SignedContent, Signer, signed_content};

/// Sends the CertificateVerify with `signature`, which is over the content of RFC 8446 4.4.3 so far.
pub(super) fn send_certificate_verify(
    scheme: SignatureScheme,
    signature: &[u8],
    transcript: &mut Transcript,
    effects: &mut Effects,
) -> Result<(), Error> {
    effects.send(transcript, |out| CertificateVerify { scheme, signature }.encode(out))
}

/// What has to be verified of a CertificateVerify.
pub(super) struct Unverified<'a> {
    pub(super) scheme: SignatureScheme,
    pub(super) content: SignedContent,
    pub(super) signature: &'a [u8],
}

/// Takes the CertificateVerify of `signer`.
pub(super) fn on_certificate_verify<'a>(
    signer: Signer,
    message: &Message<'a>,
    transcript: &mut Transcript,
) -> Result<Unverified<'a>, Error> {
    let body = message.expect(HandshakeType::CERTIFICATE_VERIFY, "CertificateVerify")?;
    let CertificateVerify { scheme, signature } = CertificateVerify::decode(body)?;
    let content = signed_content(signer, &transcript.current());
    transcript.add(message.bytes);
    Ok(Unverified { scheme, content, signature })
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
pub(super) fn on_finished(secret: &TrafficSecret, message: &Message<'_>, transcript: &Transcript) -> Result<(), Error> {
    let body = message.expect(HandshakeType::FINISHED, "Finished")?;
    let verify_data = secret.finished(&transcript.current());
    Finished { verify_data }.check(body)?;
    if message.ends_record { Ok(()) } else { Err(message.unexpected("the end of a record, as the keys change")) }
}
