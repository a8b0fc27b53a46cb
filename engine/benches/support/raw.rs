//! The AEAD alone, called in the library that the provider `aws-lc-rs` wraps: nothing of the engine is on the way. Same
//! key size, nonce, additional data, inner length and places in buffers as a record has.

use std::hint::black_box;

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use tls_engine::codes::CipherSuite;

use super::{Batch, Contestant, RECORD_OVERHEAD, Source};

const HEADER: usize = 5;
const TAG: usize = 16;

/// From one place to another.
pub struct OutOfPlace(Raw);

/// Plaintext and ciphertext in one place.
pub struct InPlace(Raw);

struct Raw {
    key: LessSafeKey,
    sequence: u64,
    /// The sequence number of the batch's first record.
    first: u64,
    source: Source,
    sealed: Vec<u8>,
    arrived: Vec<u8>,
    opened: Vec<u8>,
    batch: Batch,
}

impl Raw {
    fn new(suite: CipherSuite, batch: Batch) -> Option<Self> {
        let algorithm: &'static Algorithm = match suite {
            CipherSuite::AES_128_GCM_SHA256 => &AES_128_GCM,
            CipherSuite::AES_256_GCM_SHA384 => &AES_256_GCM,
            CipherSuite::CHACHA20_POLY1305_SHA256 => &CHACHA20_POLY1305,
            _ => return None,
        };
        let key = LessSafeKey::new(UnboundKey::new(algorithm, &[7; 32][..algorithm.key_len()]).ok()?);
        let buffer = vec![0; batch.wire_bytes()];
        let source = Source::new(batch);
        Some(Self {
            key,
            sequence: 0,
            first: 0,
            source,
            sealed: buffer.clone(),
            arrived: buffer.clone(),
            opened: buffer,
            batch,
        })
    }

    fn carry(&mut self) {
        self.arrived.copy_from_slice(&self.sealed);
        self.sequence = self.first;
    }

    /// What comes before the ciphertext of record `index`, and the whole record's end.
    const fn place(&self, index: usize) -> (usize, usize) {
        let stride = self.batch.record_bytes + RECORD_OVERHEAD;
        (index * stride + HEADER, (index + 1) * stride)
    }
}

impl OutOfPlace {
    pub fn new(suite: CipherSuite, batch: Batch) -> Option<Self> {
        Raw::new(suite, batch).map(Self)
    }
}

impl Contestant for OutOfPlace {
    fn seal(&mut self) {
        let raw = &mut self.0;
        raw.first = raw.sequence;
        for index in 0..raw.batch.records {
            let (start, end) = raw.place(index);
            let (nonce, aad) = (nonce(&mut raw.sequence), aad(end - start));
            let plaintext = raw.source.next();
            let (text, rest) = raw.sealed[start..end].split_at_mut(plaintext.len());
            raw.key.seal_out_of_place_scatter(nonce, aad, plaintext, text, &[23], rest).expect("a seal");
        }
    }

    fn carry(&mut self) {
        self.0.carry();
    }

    fn open(&mut self) {
        let raw = &mut self.0;
        for index in 0..raw.batch.records {
            let (start, end) = raw.place(index);
            let (nonce, aad) = (nonce(&mut raw.sequence), aad(end - start));
            let (text, tag) = raw.arrived[start..end].split_at(end - start - TAG);
            let opened = &mut raw.opened[start..end - TAG];
            raw.key.open_separate_gather(nonce, aad, text, tag, opened).expect("an open");
            black_box(opened);
        }
    }
}

impl InPlace {
    pub fn new(suite: CipherSuite, batch: Batch) -> Option<Self> {
        Raw::new(suite, batch).map(Self)
    }
}

impl Contestant for InPlace {
    fn seal(&mut self) {
        let raw = &mut self.0;
        raw.first = raw.sequence;
        for index in 0..raw.batch.records {
            let (start, end) = raw.place(index);
            let (nonce, aad) = (nonce(&mut raw.sequence), aad(end - start));
            let (text, tag) = raw.sealed[start..end].split_at_mut(end - start - TAG);
            raw.key.seal_in_place_scatter(nonce, aad, text, &[], tag).expect("a seal");
        }
    }

    fn carry(&mut self) {
        self.0.carry();
    }

    fn open(&mut self) {
        let raw = &mut self.0;
        for index in 0..raw.batch.records {
            let (start, end) = raw.place(index);
            let (nonce, aad) = (nonce(&mut raw.sequence), aad(end - start));
            black_box(raw.key.open_in_place(nonce, aad, &mut raw.arrived[start..end]).expect("an open"));
        }
    }
}

fn nonce(sequence: &mut u64) -> Nonce {
    let mut nonce = [0x24; 12];
    nonce[4..].copy_from_slice(&sequence.to_be_bytes());
    *sequence += 1;
    Nonce::assume_unique_for_key(nonce)
}

fn aad(body_len: usize) -> Aad<[u8; HEADER]> {
    let [high, low] = (body_len as u16).to_be_bytes();
    Aad::from([23, 3, 3, high, low])
}
