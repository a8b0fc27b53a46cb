//! Randomness and time that are the same in every run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls_pki_types::UnixTime;
use tls_engine::conn::Clock;
use tls_engine::crypto::Random;

/// Pseudo-random numbers that are the same in every process.
pub(super) struct Seeded(AtomicU64);

/// The source of all randomness in a counted process.
pub(super) static SEEDED: Seeded = Seeded(AtomicU64::new(0));

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), tls_engine::Error> {
        for chunk in bytes.chunks_mut(8) {
            let number = splitmix64(self.0.fetch_add(1, Ordering::Relaxed));
            chunk.copy_from_slice(&number.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// A stopped clock, within the validity of the certificates.
pub(super) struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> UnixTime {
        // A day in 2026.
        UnixTime::since_unix_epoch(Duration::from_secs(1_790_000_000))
    }
}

/// Maps a counter to 64 bits (Steele, Lea and Flood, 2014).
fn splitmix64(counter: u64) -> u64 {
    let mut number = counter.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
