use tls_engine::conn::Negotiated;

use super::link::Link;
use super::pair::Pair;
use super::raw_tcp::RawPair;
use super::team::{Lane, Worker};
use crate::error::Error;
use crate::measure::{Method, Part, RawAead, RawSample, Sample};

/// Both ends in one thread, with the references beside them.
pub(super) struct OneThread<L> {
    /// The engine's two ends, their handshake done.
    pub pair: Pair<L>,
    /// Plain TCP, where there are sockets.
    pub raw_tcp: Option<RawPair>,
    /// The AEAD alone.
    pub aead: RawAead,
    /// The length of a write, bytes.
    pub write_bytes: u64,
}

impl<L: Link + Send> Worker for OneThread<L> {
    fn prepare(&mut self) -> Result<Negotiated, Error> {
        self.pair.negotiated().cloned().ok_or_else(|| Error::Failed("there was no handshake".to_owned()))
    }

    fn run(&mut self, lane: Lane, writes: u64) -> Result<Sample, Error> {
        match (lane, &mut self.raw_tcp) {
            (Lane::Tls, _) => self.pair.run(writes, self.write_bytes),
            (Lane::Counted, _) => {
                self.pair.count_heap(true);
                let sample = self.pair.run(writes, self.write_bytes);
                self.pair.count_heap(false);
                sample
            }
            (Lane::RawTcp, Some(raw_tcp)) => raw_tcp.run(writes, self.write_bytes),
            (Lane::RawTcp, None) => Err(no_such_lane()),
            (Lane::RawAeadInPlace, _) => Ok(aead_sample(self.aead.run(Method::InPlace, writes)?)),
            (Lane::RawAeadOutOfPlace, _) => Ok(aead_sample(self.aead.run(Method::OutOfPlace, writes)?)),
        }
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.pair.close()
    }
}

/// A block of the raw AEAD as what two ends did.
pub(super) fn aead_sample(raw: RawSample) -> Sample {
    let part = |ns| Part {
        bytes: raw.bytes,
        records: raw.records,
        elapsed_ns: ns,
        engine_ns: ns,
        cpu_ns: ns,
        ..Part::default()
    };
    Sample { send: Some(part(raw.seal_ns)), receive: Some(part(raw.open_ns)), total_ns: None }
}

/// A plan asked for a reference that the transport does not have.
pub(super) fn no_such_lane() -> Error {
    Error::Failed("this transport has no plain TCP beside it".to_owned())
}
