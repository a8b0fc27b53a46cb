//! HDR histograms in results: V2, compressed, in base64.

use std::io::{Cursor, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;

/// The maximum size of a histogram with three digits, uncompressed.
const BYTES_MAX: u64 = 8 << 20;
/// The start of a compressed histogram: a magic number, and the length.
const COOKIE: [u8; 4] = [0x1c, 0x84, 0x93, 0x14];
const HEADER_BYTES: usize = 8;
/// The position of the payload length in an uncompressed one, after the magic number.
const PAYLOAD_LENGTH: std::ops::Range<usize> = 4..8;
/// The length of the header before the payload.
const PREFIX_BYTES: usize = 40;

/// Latencies in nanoseconds.
pub struct Latencies(Histogram<u64>);

impl Latencies {
    /// Reads a histogram from text. `None` if it is malformed, or would take more memory than any that tlsbench writes.
    pub fn read(text: &str) -> Option<Self> {
        let packed = STANDARD.decode(text).ok()?;
        let packed = packed.strip_prefix(&COOKIE)?.get(HEADER_BYTES - COOKIE.len()..)?;
        let mut plain = Vec::new();
        ZlibDecoder::new(packed).take(BYTES_MAX + 1).read_to_end(&mut plain).ok()?;
        // The library trusts the lengths in it, and reserves memory for them.
        let length = u32::from_be_bytes(plain.get(PAYLOAD_LENGTH)?.try_into().ok()?) as usize;
        if plain.len() as u64 > BYTES_MAX || length > plain.len().checked_sub(PREFIX_BYTES)? {
            return None;
        }
        let histogram: Histogram<u64> = Deserializer::new().deserialize(&mut Cursor::new(plain)).ok()?;
        (!histogram.is_empty()).then_some(Self(histogram))
    }

    /// The number of latencies.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency that this share of them does not exceed.
    pub fn percentile(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share.clamp(0.0, 1.0)) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};

    fn written() -> Vec<u8> {
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 10_000_000_000, 3).expect("bounds");
        for value in 1..=1_000 {
            histogram.saturating_record(value * 1_000);
        }
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&histogram, &mut bytes).expect("it serializes");
        bytes
    }

    #[test]
    fn what_was_written_is_read() {
        let latencies = Latencies::read(&STANDARD.encode(written())).expect("a histogram");
        assert_eq!(latencies.count(), 1_000);
        for (share, value) in [(0.5, 500e3), (0.99, 990e3), (1.0, 1_000e3)] {
            assert!((latencies.percentile(share) / value - 1.0).abs() < 0.002, "{share}");
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        let good = written();
        assert!(Latencies::read("").is_none());
        assert!(Latencies::read("HISTFAAAA").is_none());
        for end in 0..good.len() {
            assert!(Latencies::read(&STANDARD.encode(&good[..end])).is_none(), "{end} bytes");
        }
        for index in 0..good.len() {
            for change in [1, 0x80, 0xff] {
                let mut spoiled = good.clone();
                spoiled[index] ^= change;
                // Any result will do, as long as there is no panic.
                let _ = Latencies::read(&STANDARD.encode(&spoiled)).map(|latencies| latencies.percentile(0.5));
            }
        }
    }

    #[test]
    fn a_length_that_is_not_there_reserves_nothing() {
        let plain = [&[0x1c, 0x84, 0x93, 0x13, 0xff, 0xff, 0xff, 0xff][..], &[0; 32]].concat();
        let mut packed = [&COOKIE[..], &[0; 4]].concat();
        let mut encoder = flate2::write::ZlibEncoder::new(&mut packed, flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, &plain).expect("memory");
        encoder.finish().expect("memory");
        assert!(Latencies::read(&STANDARD.encode(&packed)).is_none());
    }
}
