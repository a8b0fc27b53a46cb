use rustls_pki_types::CertificateDer;
use smallvec::SmallVec;

use super::encode_message;
use super::extensions::{ContainingMessage, Extensions, check_allowed_in};
use crate::codes::HandshakeType;
use crate::error::Error;
use crate::wire::Reader;

const WHAT: &str = "Certificate";

/// A Certificate message (RFC 8446 4.4.2).
#[derive(Debug, PartialEq, Eq)]
pub struct CertificateMessage<'a> {
    /// `certificate_request_context`: empty in the handshake.
    pub context: &'a [u8],
    /// The certificates, leaf first. A usual chain needs no heap memory.
    pub chain: SmallVec<[CertificateDer<'a>; 8]>,
}

impl<'a> CertificateMessage<'a> {
    /// Decodes the body of the message. Extensions of entries answer what the client offered, which is none.
    pub fn decode(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body, WHAT);
        let context = reader.vector8()?;
        let mut entries = Reader::new(reader.vector24()?, WHAT);
        reader.finish()?;
        let mut chain = SmallVec::new();
        while !entries.is_empty() {
            let certificate = entries.vector24()?;
            if certificate.is_empty() {
                return Err(Error::Decode(WHAT));
            }
            chain.push(CertificateDer::from(certificate));
            if let Some(extension) = Extensions::new(&mut entries, WHAT)?.next_extension()? {
                check_allowed_in(extension.extension_type, ContainingMessage::Certificate)?;
                return Err(Error::UnsupportedExtension(extension.extension_type));
            }
        }
        Ok(Self { context, chain })
    }
}

/// Appends the whole message with `chain`, leaf first, or with none.
pub fn encode_certificate(out: &mut Vec<u8>, context: &[u8], chain: &[CertificateDer<'_>]) {
    encode_message(out, HandshakeType::CERTIFICATE, |writer| {
        writer.vector8(context);
        writer.length24(|writer| {
            for certificate in chain {
                writer.vector24(certificate);
                writer.u16(0);
            }
        });
    });
}
