//! Randomness and time that are the same every time, for tests that are exact.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::UnixTime;
use tls_engine::Error;
use tls_engine::conn::Clock;
use tls_engine::crypto::Random;

/// One of several streams of numbers. Each thread has its own, from the start.
pub struct Seeded(usize);

const STREAMS: usize = 3;

thread_local! {
    static DRAWN: Cell<[u64; STREAMS]> = const { Cell::new([0; STREAMS]) };
}

/// For the client, the server, and a script.
pub static CLIENT: Seeded = Seeded(0);
pub static SERVER: Seeded = Seeded(1);
pub static SCRIPT: Seeded = Seeded(2);

/// Goes back to the start of all streams of this thread.
pub fn rewind() {
    DRAWN.set([0; STREAMS]);
}

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        for chunk in bytes.chunks_mut(8) {
            let mut drawn = DRAWN.get();
            drawn[self.0] += 1;
            DRAWN.set(drawn);
            let number = splitmix64((self.0 as u64) << 56 | drawn[self.0]);
            chunk.copy_from_slice(&number.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// Spreads a counter over 64 bits (Steele, Lea and Flood, 2014).
fn splitmix64(counter: u64) -> u64 {
    let mut number = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(1_790_000_000))
    }
}

/// A clock that stands still, some time in 2026.
pub fn stopped_clock() -> Arc<dyn Clock> {
    Arc::new(Stopped)
}
