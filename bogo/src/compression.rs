//! The runner's own algorithms for certificates, which take bytes off the front of the message and put others there.

use tls_engine::codes::CertificateCompressionAlgorithm;
use tls_engine::pki::compression::CertificateCompression;

use crate::provider;

/// An algorithm of the runner.
struct Prefixed {
    algorithm: u16,
    /// What every message begins with, and what is there instead.
    cut: &'static [u8],
    added: Added,
}

enum Added {
    Bytes(&'static [u8]),
    /// A byte that is another one each time.
    RandomByte,
}

/// All of them, in BoringSSL's order of preference: one that makes the message longer, one that makes it shorter, one that is random.
static ALL: [Prefixed; 3] = [
    Prefixed { algorithm: 0xff02, cut: &[], added: Added::Bytes(&[1, 2, 3, 4]) },
    Prefixed { algorithm: 0xff01, cut: &[0, 0], added: Added::Bytes(&[]) },
    Prefixed { algorithm: 0xff03, cut: &[], added: Added::RandomByte },
];

/// All algorithms, or those with numbers in `only`.
pub(crate) fn algorithms(only: Option<u16>) -> Vec<&'static dyn CertificateCompression> {
    let is_asked = |algorithm: &&Prefixed| only.is_none_or(|only| only == algorithm.algorithm);
    ALL.iter().filter(is_asked).map(|algorithm| algorithm as _).collect()
}

impl CertificateCompression for Prefixed {
    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm(self.algorithm)
    }

    fn compress(&self, message: &[u8]) -> Option<Vec<u8>> {
        let rest = message.strip_prefix(self.cut)?;
        let mut byte = [0];
        let added = match self.added {
            Added::Bytes(bytes) => bytes,
            Added::RandomByte => {
                provider::whole().ok()?.random.fill(&mut byte).ok()?;
                &byte
            }
        };
        Some([added, rest].concat())
    }

    fn decompress(&self, compressed: &[u8], message: &mut [u8]) -> bool {
        let rest = match self.added {
            Added::Bytes(bytes) => compressed.strip_prefix(bytes),
            Added::RandomByte => compressed.split_first().map(|(_, rest)| rest),
        };
        let Some((front, back)) = message.split_at_mut_checked(self.cut.len()) else { return false };
        let Some(rest) = rest.filter(|rest| rest.len() == back.len()) else { return false };
        front.copy_from_slice(self.cut);
        back.copy_from_slice(rest);
        true
    }
}
