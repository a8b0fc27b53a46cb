use super::client_hello::encode_extension;
use super::extensions::{ContainingMessage, Extension, Extensions, check_allowed_in};
use super::wanted_certificate::WantedCertificate;
use super::{compressed_certificate, encode_message, ignored_extensions};
use crate::codes::{CertificateCompressionAlgorithm, ExtensionType, HandshakeType, SignatureScheme};
use crate::error::Error;
use crate::wire::{Numbers, Reader};

const WHAT: &str = "CertificateRequest";

/// A CertificateRequest (RFC 8446 4.3.2).
pub struct CertificateRequest<'a> {
    /// `certificate_request_context`, to be sent back.
    pub context: &'a [u8],
    /// `signature_algorithms`.
    pub signature_algorithms: Numbers<'a>,
    /// What else is said about the certificate.
    pub wanted: WantedCertificate<'a>,
}

impl<'a> CertificateRequest<'a> {
    /// Decodes the body of the message.
    pub fn decode(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body, WHAT);
        let context = reader.vector8()?;
        let mut signature_algorithms = None;
        let mut wanted = WantedCertificate::default();
        let mut extensions = Extensions::new(&mut reader, WHAT)?;
        while let Some(extension) = extensions.next_extension()? {
            let Extension { extension_type, mut reader } = extension;
            check_allowed_in(extension_type, ContainingMessage::CertificateRequest)?;
            match extension_type {
                ExtensionType::SIGNATURE_ALGORITHMS => signature_algorithms = Some(reader.numbers16()?),
                ExtensionType::SIGNATURE_ALGORITHMS_CERT => wanted.certificate_schemes = Some(reader.numbers16()?),
                ExtensionType::CERTIFICATE_AUTHORITIES => wanted.authorities = Some(reader.filled_vectors16()?),
                ExtensionType::COMPRESS_CERTIFICATE => {
                    wanted.compression = Some(compressed_certificate::decode_algorithms(&mut reader)?);
                }
                other => {
                    ignored_extensions::check(other, reader)?;
                    continue;
                }
            }
            reader.finish()?;
        }
        reader.finish()?;
        let signature_algorithms =
            signature_algorithms.ok_or(Error::MissingExtension(ExtensionType::SIGNATURE_ALGORITHMS))?;
        Ok(Self { context, signature_algorithms, wanted })
    }
}

/// Appends the whole message with an empty context. `authorities` are distinguished names in DER; without any, their extension is
/// left out (RFC 8446 4.2.4).
pub fn encode_certificate_request(
    out: &mut Vec<u8>,
    schemes: &[SignatureScheme],
    authorities: &[Vec<u8>],
    compression: &[CertificateCompressionAlgorithm],
) {
    encode_message(out, HandshakeType::CERTIFICATE_REQUEST, |writer| {
        writer.vector8(&[]);
        writer.length16(|writer| {
            encode_extension(writer, ExtensionType::SIGNATURE_ALGORITHMS, |writer| {
                writer.length16(|writer| schemes.iter().for_each(|scheme| writer.u16(scheme.0)));
            });
            if !authorities.is_empty() {
                encode_extension(writer, ExtensionType::CERTIFICATE_AUTHORITIES, |writer| {
                    writer.length16(|writer| authorities.iter().for_each(|name| writer.vector16(name)));
                });
            }
            compressed_certificate::encode_algorithms(compression, writer);
        });
    });
}
