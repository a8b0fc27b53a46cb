use super::extensions::{ContainingMessage, Extension, Extensions, check_allowed_in};
use super::ignored_extensions;
use crate::codes::ExtensionType;
use crate::error::Error;
use crate::wire::{Numbers, Reader};

const WHAT: &str = "CertificateRequest";

/// A CertificateRequest (RFC 8446 4.3.2). The engine's client has no certificate, and answers with an empty Certificate.
#[derive(Debug, PartialEq, Eq)]
pub struct CertificateRequest<'a> {
    /// `certificate_request_context`, to be sent back.
    pub context: &'a [u8],
    /// `signature_algorithms`.
    pub signature_algorithms: Numbers<'a>,
}

impl<'a> CertificateRequest<'a> {
    /// Decodes the body of the message.
    pub fn decode(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body, WHAT);
        let context = reader.vector8()?;
        let mut signature_algorithms = None;
        let mut extensions = Extensions::new(&mut reader, WHAT)?;
        while let Some(extension) = extensions.next_extension()? {
            let Extension { extension_type, mut reader } = extension;
            check_allowed_in(extension_type, ContainingMessage::CertificateRequest)?;
            if extension_type == ExtensionType::SIGNATURE_ALGORITHMS {
                signature_algorithms = Some(reader.numbers16()?);
                reader.finish()?;
            } else {
                ignored_extensions::check(extension_type, ContainingMessage::CertificateRequest, reader)?;
            }
        }
        reader.finish()?;
        let signature_algorithms =
            signature_algorithms.ok_or(Error::MissingExtension(ExtensionType::SIGNATURE_ALGORITHMS))?;
        Ok(Self { context, signature_algorithms })
    }
}
