use std::ops::AddAssign;
use std::sync::Arc;

use tls_engine::Error;
use tls_engine::crypto::{AeadKey, Copied, NONCE_MAX, Suite, TAG_LEN};
use tls_engine::limits::RECORD_HEADER;

use super::{Batch, Layout, Pattern, RECORD_OVERHEAD, Stopwatch};

/// The inner type of application data, the only byte that TLS 1.3 encrypts besides the payload (RFC 8446 5.2).
const TRAILER: [u8; 1] = [23];

/// How the primitive is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Plaintext and ciphertext share a buffer.
    InPlace,
    /// From one buffer to another.
    OutOfPlace,
}

/// The measurement of a block of the reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RawSample {
    /// The payload that was sealed and then opened, bytes.
    pub bytes: u64,
    /// The number of its records.
    pub records: u64,
    /// The processor time of sealing alone, by the same clock as the engine's blocks.
    pub seal_ns: u64,
    /// The processor time of opening alone.
    pub open_ns: u64,
}

impl AddAssign for RawSample {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.records += other.records;
        self.seal_ns += other.seal_ns;
        self.open_ns += other.open_ns;
    }
}

/// The speed of a suite's AEAD without TLS, the reference for efficiency.
///
/// The key is expanded once. Each record has a fresh nonce, 5 bytes of additional data and one byte more than its
/// payload. Source, destination and offsets are those of the engine's own run: the batches of a layout are sealed from
/// the pattern into one buffer, moved to another outside the timed parts, and opened there.
pub struct RawAead {
    key: Box<dyn AeadKey>,
    nonce_len: usize,
    sequence: u64,
    layout: Layout,
    pattern: Arc<Pattern>,
    position: u64,
    sealed: Vec<u8>,
    arrived: Vec<u8>,
    opened: Vec<u8>,
}

impl RawAead {
    /// The reference for `suite`, with the work given by `layout` and `pattern`.
    pub fn new(suite: &Suite, layout: Layout, pattern: Arc<Pattern>) -> Result<Self, Error> {
        // The key protects nothing secret, so any key will do.
        let key = [0x5a; 64];
        let buffer = vec![0; layout.batch_wire_bytes()];
        Ok(Self {
            key: suite.aead.key(&key[..suite.aead.key_len()])?,
            nonce_len: suite.aead.nonce_len(),
            sequence: 0,
            layout,
            pattern,
            position: 0,
            sealed: buffer.clone(),
            arrived: buffer.clone(),
            opened: buffer,
        })
    }

    /// The number of writes that fill a batch.
    pub fn cycle_writes(&self) -> u64 {
        self.layout.cycle_writes()
    }

    /// Seals and opens the batches for `writes` writes, and times the two separately.
    pub fn run(&mut self, method: Method, writes: u64) -> Result<RawSample, Error> {
        let mut sample = RawSample::default();
        let (mut seal, mut open) = (Stopwatch::default(), Stopwatch::default());
        for batch in self.layout.batches(writes) {
            let first = self.sequence;
            seal.start();
            match method {
                Method::InPlace => self.seal_in_place(&batch)?,
                Method::OutOfPlace => self.seal_out_of_place(&batch)?,
            }
            seal.stop();
            self.arrived.copy_from_slice(&self.sealed);
            sample.records += self.sequence - first;
            self.sequence = first;
            open.start();
            match method {
                Method::InPlace => self.open_in_place(&batch)?,
                Method::OutOfPlace => self.open_out_of_place(&batch)?,
            }
            open.stop();
            sample.bytes += batch.bytes() as u64;
            self.position += batch.bytes() as u64;
        }
        (sample.seal_ns, sample.open_ns) = (seal.cpu_ns(), open.cpu_ns());
        Ok(sample)
    }

    fn seal_out_of_place(&mut self, batch: &Batch) -> Result<(), Error> {
        let (mut at, mut position) = (0, self.position);
        for len in batch.records() {
            let nonce = self.next_nonce();
            let record = &mut self.sealed[at..at + len + RECORD_OVERHEAD];
            let plaintext = self.pattern.at(position, len);
            let Copied(_) = self.key.seal_into(
                &nonce[..self.nonce_len],
                &header(len),
                plaintext,
                &TRAILER,
                &mut record[RECORD_HEADER..],
            )?;
            at += len + RECORD_OVERHEAD;
            position += len as u64;
        }
        Ok(())
    }

    fn seal_in_place(&mut self, batch: &Batch) -> Result<(), Error> {
        let mut at = 0;
        for len in batch.records() {
            let nonce = self.next_nonce();
            let text = &mut self.sealed[at + RECORD_HEADER..at + len + RECORD_OVERHEAD];
            let Some((inner, tag)) = text.split_last_chunk_mut::<TAG_LEN>() else {
                return Err(Error::Internal("a record without room for its tag"));
            };
            self.key.seal_in_place(&nonce[..self.nonce_len], &header(len), inner, tag)?;
            at += len + RECORD_OVERHEAD;
        }
        Ok(())
    }

    fn open_in_place(&mut self, batch: &Batch) -> Result<(), Error> {
        let mut at = 0;
        for len in batch.records() {
            let nonce = self.next_nonce();
            let text = &mut self.arrived[at + RECORD_HEADER..at + len + RECORD_OVERHEAD];
            self.key.open_in_place(&nonce[..self.nonce_len], &header(len), text)?;
            at += len + RECORD_OVERHEAD;
        }
        Ok(())
    }

    fn open_out_of_place(&mut self, batch: &Batch) -> Result<(), Error> {
        let mut at = 0;
        for len in batch.records() {
            let nonce = self.next_nonce();
            let text = &self.arrived[at + RECORD_HEADER..at + len + RECORD_OVERHEAD];
            let output = &mut self.opened[at + RECORD_HEADER..at + len + RECORD_OVERHEAD - TAG_LEN];
            let Copied(_) = self.key.open_into(&nonce[..self.nonce_len], &header(len), text, output)?;
            at += len + RECORD_OVERHEAD;
        }
        Ok(())
    }

    #[inline]
    fn next_nonce(&mut self) -> [u8; NONCE_MAX] {
        let mut nonce = [0; NONCE_MAX];
        nonce[..8].copy_from_slice(&self.sequence.to_be_bytes());
        self.sequence += 1;
        nonce
    }
}

/// The additional data: the header of a record (RFC 8446 5.2).
fn header(content_len: usize) -> [u8; RECORD_HEADER] {
    let [high, low] = ((content_len + RECORD_OVERHEAD - RECORD_HEADER) as u16).to_be_bytes();
    [TRAILER[0], 3, 3, high, low]
}

#[cfg(test)]
mod tests {
    use super::*;
    use tls_engine::crypto::Provider;

    #[test]
    fn every_suite_is_sealed_and_opened_record_by_record_with_fresh_nonces() {
        for provider in Provider::all() {
            for suite in &provider.suites {
                let layout = Layout::new(20_000, 1 << 16);
                let pattern = Arc::new(Pattern::new(5, layout.batch_bytes()));
                let mut raw = RawAead::new(suite, layout, Arc::clone(&pattern)).expect("a key");
                let mut records = 0;
                for method in [Method::OutOfPlace, Method::InPlace, Method::OutOfPlace] {
                    let sample = raw.run(method, 7).expect("a block");
                    records += 14;
                    assert_eq!((sample.bytes, sample.records), (140_000, 14));
                    assert_eq!(raw.sequence, records, "each record has a nonce of its own");
                }
                // The last batch has one write, which is a full record and the remainder.
                let position = raw.position - 20_000;
                let first = &raw.opened[RECORD_HEADER..][..16_384];
                assert_eq!(pattern.first_difference(position, first), None, "{} {}", provider.name, suite.code);
                let second = &raw.opened[16_384 + RECORD_OVERHEAD + RECORD_HEADER..][..3_616];
                assert_eq!(pattern.first_difference(position + 16_384, second), None);
            }
        }
    }

    #[test]
    fn the_reference_really_checks_the_tag() {
        let suite = &Provider::auto().suites[0];
        let layout = Layout::new(100, 1 << 16);
        let mut raw = RawAead::new(suite, layout, Arc::new(Pattern::new(5, layout.batch_bytes()))).expect("a key");
        raw.run(Method::OutOfPlace, 1).expect("a block");
        raw.sequence -= 1;
        raw.arrived[RECORD_HEADER] ^= 1;
        let batch = Batch { piece_bytes: 100, pieces: 1 };
        assert_eq!(raw.open_out_of_place(&batch), Err(Error::BadRecordMac));
        raw.sequence -= 1;
        assert_eq!(raw.open_in_place(&batch), Err(Error::BadRecordMac));
    }
}
