//! What a server staples to its certificate, if the client asks: an OCSP response (RFC 6066 8, RFC 8446 4.4.2.1), and signed certificate
//! timestamps (RFC 6962 3.3). Their content is for the application; only the form is checked.

use super::client_hello::encode_extension;
use super::extensions::{ContainingMessage, Extensions, check_allowed_in};
use crate::codes::ExtensionType;
use crate::error::Error;
use crate::wire::{Reader, Writer};

/// `ocsp`, the one type of status that there is (RFC 6066 8).
const OCSP: u8 = 1;

/// What a client asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StapledRequest {
    /// Whether `status_request` is there, for an OCSP response.
    pub ocsp_response: bool,
    /// Whether `signed_certificate_timestamp` is there.
    pub timestamps: bool,
}

impl StapledRequest {
    pub(super) fn encode(self, writer: &mut Writer<'_>) {
        if self.ocsp_response {
            // Of any responder, and without extensions.
            encode_extension(writer, ExtensionType::STATUS_REQUEST, |writer| writer.bytes(&[OCSP, 0, 0, 0, 0]));
        }
        if self.timestamps {
            encode_extension(writer, ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, |_| {});
        }
    }
}

/// Reads `status_request` of a ClientHello: whether it asks for an OCSP response.
pub(super) fn decode_status_request(reader: &mut Reader<'_>) -> Result<bool, Error> {
    if reader.u8()? != OCSP {
        reader.rest();
        return Ok(false);
    }
    let mut responders = reader.list16()?;
    while !responders.is_empty() {
        responders.filled16()?;
    }
    reader.vector16()?;
    Ok(true)
}

/// What is stapled to a certificate, in the extensions of its entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StapledExtensions<'a> {
    /// The OCSP response, in DER.
    pub ocsp_response: Option<&'a [u8]>,
    /// The SignedCertificateTimestampList (RFC 6962 3.3).
    pub timestamps: Option<&'a [u8]>,
}

impl<'a> StapledExtensions<'a> {
    /// Decodes the extensions of an entry in the message called `what`, which answer what was `requested`, and nothing else (RFC 8446
    /// 4.4.2).
    pub(super) fn decode(
        entries: &mut Reader<'a>,
        what: &'static str,
        requested: StapledRequest,
    ) -> Result<Self, Error> {
        let mut stapled = Self::default();
        let mut extensions = Extensions::new(entries, what)?;
        while let Some(extension) = extensions.next_extension()? {
            let mut reader = extension.reader;
            match extension.extension_type {
                ExtensionType::STATUS_REQUEST if requested.ocsp_response => {
                    if reader.u8()? != OCSP {
                        return Err(Error::IllegalParameter("a certificate status of a type that was not asked for"));
                    }
                    stapled.ocsp_response = Some(reader.filled24()?);
                }
                ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP if requested.timestamps => {
                    let mut list = reader;
                    reader.filled_vectors16()?;
                    stapled.timestamps = Some(list.rest());
                }
                other => {
                    check_allowed_in(other, ContainingMessage::Certificate)?;
                    return Err(Error::UnsupportedExtension(other));
                }
            }
            reader.finish()?;
        }
        Ok(stapled)
    }

    pub(super) fn encode(self, writer: &mut Writer<'_>) {
        if let Some(response) = self.ocsp_response {
            encode_extension(writer, ExtensionType::STATUS_REQUEST, |writer| {
                writer.u8(OCSP);
                writer.vector24(response);
            });
        }
        if let Some(list) = self.timestamps {
            encode_extension(writer, ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, |writer| writer.bytes(list));
        }
    }

    /// Whether there is anything.
    pub const fn is_empty(self) -> bool {
        self.ocsp_response.is_none() && self.timestamps.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_of_another_type_is_not_an_ocsp_response() {
        for (content, expected) in [
            (&[1, 0, 0, 0, 0][..], Ok(true)),
            (&[1, 0, 3, 0, 1, 7, 0, 2, 8, 9], Ok(true)),
            (&[2], Ok(false)),
            (&[2, 7, 7], Ok(false)),
            (&[1, 0, 2, 0, 0, 0, 0], Err(Error::Decode("test"))),
            (&[], Err(Error::Decode("test"))),
        ] {
            assert_eq!(decode_status_request(&mut Reader::new(content, "test")), expected, "{content:?}");
        }
    }
}
