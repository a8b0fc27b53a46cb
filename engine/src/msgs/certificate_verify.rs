use arrayvec::ArrayVec;

use super::encode_message;
use crate::codes::{HandshakeType, SignatureScheme};
use crate::error::Error;
use crate::mem::{Digest, SECRET_MAX};
use crate::wire::Reader;

/// A CertificateVerify (RFC 8446 4.4.3).
#[derive(Debug, PartialEq, Eq)]
pub struct CertificateVerify<'a> {
    /// `algorithm`.
    pub scheme: SignatureScheme,
    /// `signature`.
    pub signature: &'a [u8],
}

impl<'a> CertificateVerify<'a> {
    /// Decodes the body of the message.
    pub fn decode(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body, "CertificateVerify");
        let message = Self { scheme: SignatureScheme(reader.u16()?), signature: reader.vector16()? };
        reader.finish()?;
        Ok(message)
    }

    /// Appends the whole message.
    pub fn encode(&self, out: &mut Vec<u8>) {
        encode_message(out, HandshakeType::CERTIFICATE_VERIFY, |writer| {
            writer.u16(self.scheme.0);
            writer.vector16(self.signature);
        });
    }
}

/// Whose signature it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The server's.
    Server,
    /// The client's.
    Client,
}

/// What is signed: 64 spaces, a context string, a zero and the transcript hash (RFC 8446 4.4.3).
pub fn signed_content(signer: Signer, transcript: &Digest) -> SignedContent {
    let context: &[u8] = match signer {
        Signer::Server => b"TLS 1.3, server CertificateVerify",
        Signer::Client => b"TLS 1.3, client CertificateVerify",
    };
    [&[b' '; 64], context, &[0], transcript.as_bytes()].into_iter().flatten().copied().collect()
}

/// The longest content that is signed: both context strings have 33 bytes.
pub type SignedContent = ArrayVec<u8, { 64 + 33 + 1 + SECRET_MAX }>;
