//! Compression of Certificate messages (RFC 8879): the algorithms, and what was compressed before.

#[cfg(feature = "certificate-compression")]
mod brotli;
#[cfg(feature = "certificate-compression")]
mod zlib;

use std::fmt;
use std::sync::OnceLock;

use crate::codes::CertificateCompressionAlgorithm;

/// Brotli (RFC 7932).
#[cfg(feature = "certificate-compression")]
pub const BROTLI: &dyn CertificateCompression = &brotli::Brotli;
/// ZLIB (RFC 1950).
#[cfg(feature = "certificate-compression")]
pub const ZLIB: &dyn CertificateCompression = &zlib::Zlib;

/// An algorithm that compresses Certificate messages.
pub trait CertificateCompression: Send + Sync {
    /// Its number on the wire.
    fn algorithm(&self) -> CertificateCompressionAlgorithm;

    /// `message` compressed, or `None` where that fails or is not worth it: then it is sent as it is. Called once for each form of a
    /// certificate, so that it may take its time.
    fn compress(&self, message: &[u8]) -> Option<Vec<u8>>;

    /// Decompresses into `message`, which is as long as the peer says that it should be, 1 to 2^16 bytes. Returns whether all of
    /// `compressed` has become all of `message`. The memory that it takes has a bound, whatever a peer sends.
    fn decompress(&self, compressed: &[u8], message: &mut [u8]) -> bool;
}

/// How much longer a CompressedCertificate is than what was compressed: algorithm, and two lengths (RFC 8879 4).
#[cfg(feature = "certificate-compression")]
const OVERHEAD: usize = 2 + 3 + 3;

/// What `message` was `compressed` to, unless it is no shorter to send.
#[cfg(feature = "certificate-compression")]
fn if_shorter(compressed: Vec<u8>, message: &[u8]) -> Option<Vec<u8>> {
    (compressed.len() + OVERHEAD < message.len()).then_some(compressed)
}

/// Which form of a certificate it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct FormId {
    /// What it was compressed with.
    pub(crate) algorithm: CertificateCompressionAlgorithm,
    /// Whether an OCSP response is in it.
    pub(crate) ocsp_response: bool,
    /// Whether timestamps are in it.
    pub(crate) timestamps: bool,
}

/// How many forms are kept: two algorithms, with and without each of the two things that may be stapled.
const FORMS_KEPT: usize = 8;

/// The messages with one certificate that were compressed, each when it was sent first. A clone is empty.
#[derive(Default)]
pub(crate) struct CompressedForms([OnceLock<Form>; FORMS_KEPT]);

struct Form {
    id: FormId,
    /// None where it is sent as it is.
    message: Option<Box<[u8]>>,
}

impl CompressedForms {
    /// The form of this `id`, which `make` makes where it is not there yet. `None` where the Certificate is sent as it is, also where there
    /// is no room to keep another form. Other threads that send the certificate wait meanwhile, for once.
    pub(crate) fn get_or_make(&self, id: FormId, make: impl Fn() -> Option<Vec<u8>>) -> Option<&[u8]> {
        let mut forms =
            self.0.iter().map(|form| form.get_or_init(|| Form { id, message: make().map(Vec::into_boxed_slice) }));
        forms.find(|form| form.id == id)?.message.as_deref()
    }
}

impl Clone for CompressedForms {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for CompressedForms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CompressedForms({})", self.0.iter().filter(|form| form.get().is_some()).count())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn each_form_is_made_once_and_those_beyond_the_room_are_not_used() {
        let (forms, made) = (CompressedForms::default(), Cell::new(0));
        let ids = (0..12u16).map(|number| FormId {
            algorithm: CertificateCompressionAlgorithm(number / 4),
            ocsp_response: number & 1 != 0,
            timestamps: number & 2 != 0,
        });
        for round in 0..2 {
            for (number, id) in ids.clone().enumerate() {
                let made_now = || {
                    made.set(made.get() + 1);
                    (number != 3).then(|| vec![number as u8])
                };
                let expected = (number != 3 && number < FORMS_KEPT).then(|| vec![number as u8]);
                assert_eq!(forms.get_or_make(id, made_now).map(<[u8]>::to_vec), expected, "{number} in round {round}");
            }
            assert_eq!(made.get(), FORMS_KEPT);
        }
        assert_eq!(format!("{forms:?} {:?}", forms.clone()), "CompressedForms(8) CompressedForms(0)");
    }
}

/// What every algorithm has to do.
#[cfg(all(test, feature = "certificate-compression"))]
mod conformance {
    use super::*;

    const ALL: [&dyn CertificateCompression; 2] = [ZLIB, BROTLI];

    /// Bytes that repeat a little, as those of certificates do.
    fn message(len: u32) -> Vec<u8> {
        (0..len).map(|at| (at.wrapping_mul(2_654_435_761) >> (24 + at % 5)) as u8).collect()
    }

    #[test]
    fn what_does_not_become_shorter_is_not_compressed() {
        for algorithm in ALL {
            for len in [1, 2, 10] {
                assert_eq!(algorithm.compress(&message(len)), None, "{len} bytes");
            }
        }
    }

    #[test]
    fn what_was_compressed_is_decompressed_to_exactly_that() {
        for algorithm in ALL {
            for message in [1000, 4000, 20_000, (1 << 16) - 4].map(message) {
                let compressed = algorithm.compress(&message).unwrap();
                let mut out = vec![0; message.len()];
                assert!(algorithm.decompress(&compressed, &mut out), "{} bytes", message.len());
                assert_eq!(out, message);
                // A byte less or more room, or input.
                assert!(!algorithm.decompress(&compressed, &mut vec![0; message.len() - 1]));
                assert!(!algorithm.decompress(&compressed, &mut vec![0; message.len() + 1]));
                assert!(!algorithm.decompress(&[&compressed[..], &[0]].concat(), &mut out));
            }
        }
    }

    #[test]
    fn what_is_cut_or_damaged_is_refused_or_something_else() {
        for algorithm in ALL {
            let message = message(500);
            let compressed = algorithm.compress(&message).unwrap();
            let mut out = vec![0; message.len()];
            for len in 0..compressed.len() {
                assert!(!algorithm.decompress(&compressed[..len], &mut out), "{len} bytes");
            }
            for at in 0..compressed.len() {
                for bit in 0..8 {
                    let mut damaged = compressed.clone();
                    damaged[at] ^= 1 << bit;
                    // Brotli has no check sum, so that this may succeed; it does not panic.
                    let _ = algorithm.decompress(&damaged, &mut out);
                }
            }
        }
    }
}
