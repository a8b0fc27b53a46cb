use std::sync::Arc;
use std::time::Instant;

use tls_engine::crypto::Hash;

use super::{Bench, Part, aead, wrong};
use crate::error::Error;
use crate::interrupt;
use crate::measure::{Pattern, nanoseconds};

/// Hashes texts of one size, and compares the results with those of another part of the algorithm.
pub(super) struct HashBench {
    part: Part,
    hash: &'static dyn Hash,
    size: usize,
    pattern: Arc<Pattern>,
    expected: Vec<Vec<u8>>,
    digests: Vec<tls_engine::mem::Digest>,
}

impl HashBench {
    /// `reference` provides the expected results.
    pub(super) fn new(
        part: &Part,
        hash: &'static dyn Hash,
        reference: &'static dyn Hash,
        size: usize,
        pattern: &Arc<Pattern>,
    ) -> Self {
        let texts = (0..aead::slots(size)).map(|slot| pattern.at((slot * size) as u64, size));
        let expected: Vec<Vec<u8>> = texts
            .map(|text| {
                // Incrementally, which uses other code than what is measured.
                let mut context = reference.start();
                text.chunks(100).for_each(|piece| context.update(piece));
                context.current().as_bytes().to_vec()
            })
            .collect();
        let digests = Vec::with_capacity(expected.len());
        Self { part: part.clone(), hash, size, pattern: Arc::clone(pattern), expected, digests }
    }
}

impl Bench for HashBench {
    fn run(&mut self, count: u64, ns: &mut [u64]) -> Result<u64, Error> {
        let mut left = count;
        while left > 0 {
            interrupt::check()?;
            let slots = left.min(self.expected.len() as u64) as usize;
            self.digests.clear();
            let started = Instant::now();
            for slot in 0..slots {
                let text = self.pattern.at((slot * self.size) as u64, self.size);
                self.digests.push(self.hash.digest(&[text]));
            }
            ns[0] += nanoseconds(started, Instant::now());
            if self.digests.iter().zip(&self.expected).any(|(digest, expected)| !digest.equals(expected)) {
                return Err(wrong(&self.part, "the providers' hashes differ"));
            }
            left -= slots as u64;
        }
        Ok(count)
    }
}
