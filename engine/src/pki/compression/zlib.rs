use zlib_rs::{DeflateConfig, Inflate, InflateFlush, ReturnCode, Status, compress_bound, compress_slice};

use super::{CertificateCompression, if_shorter};
use crate::codes::CertificateCompressionAlgorithm;

pub(super) struct Zlib;

/// The largest window that there is, as its power of two (RFC 1950 2.2).
const WINDOW_BITS: u8 = 15;

impl CertificateCompression for Zlib {
    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm::ZLIB
    }

    fn compress(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut out = vec![0; compress_bound(message.len())];
        let (compressed, result) = compress_slice(&mut out, message, DeflateConfig::best_compression());
        let len = compressed.len();
        out.truncate(len);
        if result == ReturnCode::Ok { if_shorter(out, message) } else { None }
    }

    fn decompress(&self, compressed: &[u8], message: &mut [u8]) -> bool {
        let mut inflate = Inflate::new(true, WINDOW_BITS);
        let result = inflate.decompress(compressed, message, InflateFlush::Finish);
        let lengths = [compressed, message].map(|bytes| bytes.len() as u64);
        matches!(result, Ok(Status::StreamEnd)) && [inflate.total_in(), inflate.total_out()] == lengths
    }
}
