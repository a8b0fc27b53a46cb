use super::certified_key::{CertifiedKey, message_len};
use super::compression::CompressedForms;
use crate::error::Error;
use crate::limits::HANDSHAKE_MESSAGE_MAX;
use crate::wire::Reader;

/// What others say of a certificate, which a server sends with it to clients that ask. The engine verifies none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stapled {
    /// An OCSP response, in DER (RFC 6960): that the certificate was not revoked (RFC 6066 8).
    pub ocsp_response: Option<Vec<u8>>,
    /// A SignedCertificateTimestampList (RFC 6962 3.3): that the certificate is in public logs.
    pub timestamps: Option<Vec<u8>>,
}

impl Stapled {
    /// How much longer it makes the Certificate, bytes: type and length of each extension, and type and length of the response.
    fn encoded_len(&self) -> usize {
        let response = self.ocsp_response.as_ref().map_or(0, |response| 4 + 1 + 3 + response.len());
        response + self.timestamps.as_ref().map_or(0, |list| 4 + list.len())
    }
}

impl CertifiedKey {
    /// The same with what a server staples to the certificate, in place of what was there. A client sends none of it.
    ///
    /// An OCSP response expires after some days: whoever renews it gives the new one to clients by `ChooseCertificate`, or with a new
    /// configuration.
    ///
    /// # Errors
    /// [`Error::Config`] with an OCSP response that is empty, with timestamps that are no such list, and where the message with all of it
    /// would be longer than 2^16 bytes.
    pub fn with_stapled(self, stapled: Stapled) -> Result<Self, Error> {
        if stapled.ocsp_response.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::Config("the OCSP response is empty".into()));
        }
        let list = stapled.timestamps.as_ref().map(|list| Reader::new(list, "SignedCertificateTimestampList"));
        if list.is_some_and(|mut reader| reader.filled_vectors16().and_then(|_| reader.finish()).is_err()) {
            return Err(Error::Config(
                "the certificate timestamps are no SignedCertificateTimestampList, in which each has its length before it, and \
                 which has its own length in front (RFC 6962 3.3)"
                    .into(),
            ));
        }
        if message_len(&self.chain) + stapled.encoded_len() > HANDSHAKE_MESSAGE_MAX {
            return Err(Error::Config(
                "the certificate chain is longer than one message can carry with what is stapled to it".into(),
            ));
        }
        Ok(Self { stapled, compressed: CompressedForms::default(), ..self })
    }
}
