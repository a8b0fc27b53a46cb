use rustls_pki_types::CertificateDer;
use smallvec::SmallVec;

use super::encode_message;
use super::stapled::{StapledExtensions, StapledRequest};
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
    /// What is stapled to the leaf. That of others is not kept.
    pub stapled: StapledExtensions<'a>,
}

impl<'a> CertificateMessage<'a> {
    /// Decodes the body of the message. Extensions of its entries answer what was `requested`.
    pub fn decode(body: &'a [u8], requested: StapledRequest) -> Result<Self, Error> {
        let mut reader = Reader::new(body, WHAT);
        let context = reader.vector8()?;
        let mut entries = Reader::new(reader.vector24()?, WHAT);
        reader.finish()?;
        let (mut chain, mut stapled) = (SmallVec::new(), StapledExtensions::default());
        while !entries.is_empty() {
            let certificate = entries.vector24()?;
            if certificate.is_empty() {
                return Err(Error::Decode(WHAT));
            }
            let extensions = StapledExtensions::decode(&mut entries, WHAT, requested)?;
            if chain.is_empty() {
                stapled = extensions;
            }
            chain.push(CertificateDer::from(certificate));
        }
        Ok(Self { context, chain, stapled })
    }
}

/// Appends the whole message with `chain`, leaf first and with what is stapled to it, or with none.
pub fn encode_certificate(
    out: &mut Vec<u8>,
    context: &[u8],
    chain: &[CertificateDer<'_>],
    mut stapled: StapledExtensions<'_>,
) {
    encode_message(out, HandshakeType::CERTIFICATE, |writer| {
        writer.vector8(context);
        writer.length24(|writer| {
            for certificate in chain {
                writer.vector24(certificate);
                writer.length16(|writer| core::mem::take(&mut stapled).encode(writer));
            }
        });
    });
}
