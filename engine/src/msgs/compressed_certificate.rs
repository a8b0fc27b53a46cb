use super::client_hello::encode_extension;
use super::encode_message;
use crate::codes::{CertificateCompressionAlgorithm, ExtensionType, HandshakeType};
use crate::error::Error;
use crate::wire::{Numbers, Reader, Writer};

/// A CompressedCertificate message (RFC 8879 4).
#[derive(Debug, PartialEq, Eq)]
pub struct CompressedCertificate<'a> {
    /// What it was compressed with.
    pub algorithm: CertificateCompressionAlgorithm,
    /// How long the body of the Certificate is, bytes, as the sender says.
    pub uncompressed_len: usize,
    /// The body of the Certificate, compressed.
    pub compressed: &'a [u8],
}

impl<'a> CompressedCertificate<'a> {
    /// Decodes the body of the message.
    pub fn decode(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body, "CompressedCertificate");
        let algorithm = CertificateCompressionAlgorithm(reader.u16()?);
        let message = Self { algorithm, uncompressed_len: reader.u24()?, compressed: reader.filled24()? };
        reader.finish()?;
        Ok(message)
    }

    /// Appends the whole message. The length before compression is below 2^24.
    pub fn encode(&self, out: &mut Vec<u8>) {
        encode_message(out, HandshakeType::COMPRESSED_CERTIFICATE, |writer| {
            writer.u16(self.algorithm.0);
            writer.u24(self.uncompressed_len);
            writer.vector24(self.compressed);
        });
    }
}

/// Reads the content of `compress_certificate` (RFC 8879 3).
pub(super) fn decode_algorithms<'a>(reader: &mut Reader<'a>) -> Result<Numbers<'a>, Error> {
    reader.numbers8()
}

/// Appends `compress_certificate`, if there are any algorithms.
pub(super) fn encode_algorithms(algorithms: &[CertificateCompressionAlgorithm], writer: &mut Writer<'_>) {
    if !algorithms.is_empty() {
        encode_extension(writer, ExtensionType::COMPRESS_CERTIFICATE, |writer| {
            writer.length8(|writer| algorithms.iter().for_each(|algorithm| writer.u16(algorithm.0)));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_is_decoded_and_nothing_is_cut_off_or_added() {
        let algorithm = CertificateCompressionAlgorithm::BROTLI;
        let message = CompressedCertificate { algorithm, uncompressed_len: 0x01_0203, compressed: &[7, 8] };
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        assert_eq!(bytes, [25, 0, 0, 10, 0, 2, 1, 2, 3, 0, 0, 2, 7, 8]);
        let body = &bytes[4..];
        assert_eq!(CompressedCertificate::decode(body), Ok(message));
        let malformed = Err(Error::Decode("CompressedCertificate"));
        for len in 0..body.len() {
            assert_eq!(CompressedCertificate::decode(&body[..len]), malformed, "{len} bytes");
        }
        assert_eq!(CompressedCertificate::decode(&[body, &[9]].concat()), malformed);
        // RFC 8879 4: at least one byte.
        assert_eq!(CompressedCertificate::decode(&[0, 2, 0, 0, 0, 0, 0, 0]), malformed);
    }
}
