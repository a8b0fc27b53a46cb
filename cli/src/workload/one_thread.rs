use super::link::Link;
use super::pair::Pair;
use super::raw_tcp::RawPair;
use super::worker_pool::{Lane, Worker};
use crate::error::Error;
use crate::interrupt;
use crate::library::{Endpoint, Negotiated};
use crate::measure::{Method, Part, RawAead, RawSample, Sample};

/// The number of batches of a raw AEAD between two checks for an interrupt.
const BATCHES_BETWEEN_LOOKS: u64 = 8;

/// Both ends in one thread, with their references.
pub(super) struct OneThread<L, S, O> {
    /// The library's two ends, after their handshake.
    pub pair: Pair<L, S, O>,
    /// Plain TCP, if there are sockets.
    pub raw_tcp: Option<RawPair>,
    /// The AEAD alone.
    pub aead: RawAead,
    /// The length of a write, bytes.
    pub write_bytes: u64,
}

impl<L: Link + Send, S: Endpoint, O: Endpoint> Worker for OneThread<L, S, O> {
    fn prepare(&mut self) -> Result<Negotiated, Error> {
        self.pair.negotiated().ok_or_else(|| Error::Failed("there was no handshake".to_owned()))
    }

    fn run(&mut self, lane: Lane, writes: u64) -> Result<Sample, Error> {
        match (lane, &mut self.raw_tcp) {
            (Lane::Tls, _) => self.pair.run(writes),
            (Lane::Counted, _) => {
                self.pair.count_heap(true);
                let sample = self.pair.run(writes);
                self.pair.count_heap(false);
                sample
            }
            (Lane::RawTcp, Some(raw_tcp)) => raw_tcp.run(writes, self.write_bytes),
            (Lane::RawTcp, None) => Err(no_such_lane()),
            (Lane::RawAeadInPlace, _) => raw_aead(&mut self.aead, Method::InPlace, writes),
            (Lane::RawAeadOutOfPlace, _) => raw_aead(&mut self.aead, Method::OutOfPlace, writes),
        }
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.pair.close()
    }
}

/// A block of the raw AEAD, reported as the work of two ends.
pub(super) fn raw_aead(aead: &mut RawAead, method: Method, writes: u64) -> Result<Sample, Error> {
    let mut raw = RawSample::default();
    // Whole batches, so that the pieces together are the same work as a single run.
    let piece = BATCHES_BETWEEN_LOOKS * aead.cycle_writes();
    let mut left = writes;
    while left > 0 {
        interrupt::check()?;
        raw += aead.run(method, left.min(piece))?;
        left -= left.min(piece);
    }

    let part = |ns| Part {
        bytes: raw.bytes,
        records: raw.records,
        elapsed_ns: ns,
        engine_ns: ns,
        cpu_ns: ns,
        ..Part::default()
    };
    Ok(Sample { send: Some(part(raw.seal_ns)), receive: Some(part(raw.open_ns)), total_ns: None })
}

/// The error for a plan that asks for a reference which the transport does not have.
pub(super) fn no_such_lane() -> Error {
    Error::Failed("this transport has no plain TCP to compare with".to_owned())
}
