use brotli::enc::{BrotliEncoderParams, StandardAlloc};
use brotli::{BrotliCompress, BrotliDecompressStream, BrotliResult, BrotliState};

use super::{CertificateCompression, if_shorter};
use crate::codes::CertificateCompressionAlgorithm;

pub(super) struct Brotli;

/// The window to compress with, as its power of two: more than any message.
const WINDOW_BITS: i32 = 17;

impl CertificateCompression for Brotli {
    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm::BROTLI
    }

    fn compress(&self, message: &[u8]) -> Option<Vec<u8>> {
        let size_hint = message.len();
        let parameters = BrotliEncoderParams { lgwin: WINDOW_BITS, size_hint, ..BrotliEncoderParams::default() };
        let mut out = Vec::new();
        BrotliCompress(&mut { message }, &mut out, &parameters).ok()?;
        if_shorter(out, message)
    }

    fn decompress(&self, compressed: &[u8], message: &mut [u8]) -> bool {
        let Some((first, rest)) = compressed.split_first() else { return false };
        let mut state =
            BrotliState::new_strict(StandardAlloc::default(), StandardAlloc::default(), StandardAlloc::default());
        let (mut room, mut out_at, mut total_out) = (message.len(), 0, 0);
        let mut result = BrotliResult::NeedsMoreInput;
        for input in [&[with_small_window(*first)], rest] {
            let (mut left, mut in_at) = (input.len(), 0);
            if !matches!(result, BrotliResult::NeedsMoreInput) {
                return false;
            }
            result = BrotliDecompressStream(
                &mut left,
                &mut in_at,
                input,
                &mut room,
                &mut out_at,
                message,
                &mut total_out,
                &mut state,
            );
            if left != 0 {
                return false;
            }
        }
        room == 0 && matches!(result, BrotliResult::ResultSuccess)
    }
}

/// The first byte of a stream with a window of at most 2^18 bytes in place of one of up to 2^24, which the decoder would allocate. A
/// message is shorter than either, so that both mean the same: every distance that is not into the message is into the dictionary (RFC
/// 7932 4, 8).
const fn with_small_window(first: u8) -> u8 {
    // RFC 7932 9.1: `nnn1` are 17 + n bits, unless n is 0.
    if first & 1 == 1 && first & 0b1110 != 0 { first & 0xf0 | 0b0011 } else { first }
}
