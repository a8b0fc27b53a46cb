//! Compression of certificates for tests, with numbers of the range for experiments (RFC 8879 7.3).

use std::sync::atomic::{AtomicUsize, Ordering};

use tls_engine::codes::CertificateCompressionAlgorithm;
use tls_engine::pki::compression::CertificateCompression;

/// The number of [`Cutting`].
pub const CUTTING: u16 = 0xfe01;

/// Leaves out the zero that every Certificate in the handshake begins with: its empty context.
pub struct Cutting {
    /// How often it has compressed something.
    pub compressed: AtomicUsize,
    /// How often it has decompressed something.
    pub decompressed: AtomicUsize,
    /// Whether it compresses nothing.
    pub fails: bool,
}

impl Cutting {
    pub const fn new() -> Self {
        Self { compressed: AtomicUsize::new(0), decompressed: AtomicUsize::new(0), fails: false }
    }

    /// For a configuration, as long as the process.
    pub fn leak(self) -> &'static Self {
        Box::leak(Box::new(self))
    }

    /// How often it was used for each.
    pub fn uses(&self) -> (usize, usize) {
        (self.compressed.load(Ordering::Relaxed), self.decompressed.load(Ordering::Relaxed))
    }
}

impl CertificateCompression for Cutting {
    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm(CUTTING)
    }

    fn compress(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.compressed.fetch_add(1, Ordering::Relaxed);
        message.strip_prefix(&[0]).filter(|_| !self.fails).map(<[u8]>::to_vec)
    }

    fn decompress(&self, compressed: &[u8], message: &mut [u8]) -> bool {
        self.decompressed.fetch_add(1, Ordering::Relaxed);
        let Some((front, rest)) = message.split_at_mut_checked(1) else { return false };
        front.fill(0);
        rest.len() == compressed.len() && {
            rest.copy_from_slice(compressed);
            true
        }
    }
}
