use std::sync::Arc;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::measure::{Order, Pattern, Stopwatch};

/// One record in this many is compared in full, as are the first and the last of every block.
pub const SAMPLED_ONE_IN: u64 = 1024;

/// Which received records are compared with what was sent. All bytes are counted in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Verify {
    /// The first and the last record of every block, and one in 1,024.
    #[default]
    #[value(name = "sample")]
    Sampled,
    /// Every byte.
    All,
}

/// Checks a received stream, record by record.
#[derive(Clone, Debug)]
pub struct Verifier {
    pattern: Arc<Pattern>,
    verify: Verify,
    order: Order,
    position: u64,
    block_end: u64,
    is_first: bool,
    until_sample: u64,
    compared_bytes: u64,
}

impl Verifier {
    /// A verifier for a stream of `pattern`; `seed` chooses which records are compared.
    pub fn new(pattern: Arc<Pattern>, verify: Verify, seed: u64) -> Self {
        let mut order = Order::new(seed);
        let until_sample = order.next() % SAMPLED_ONE_IN;
        Self { pattern, verify, order, position: 0, block_end: 0, is_first: true, until_sample, compared_bytes: 0 }
    }

    /// Starts a block of `bytes`.
    pub fn expect(&mut self, bytes: u64) {
        self.block_end = self.position + bytes;
        self.is_first = true;
        self.compared_bytes = 0;
    }

    /// The number of bytes of the block still to come.
    pub const fn missing(&self) -> u64 {
        self.block_end.saturating_sub(self.position)
    }

    /// The number of bytes received.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The number of bytes of the block compared so far.
    pub const fn compared_bytes(&self) -> u64 {
        self.compared_bytes
    }

    /// Takes the content of a record, and compares it if it is due; `watch` is stopped meanwhile.
    #[inline]
    pub fn accept(&mut self, content: &[u8], watch: &mut Stopwatch) -> Result<(), Error> {
        let is_last = content.len() as u64 >= self.missing();
        if self.is_first || is_last || self.until_sample == 0 || self.verify == Verify::All {
            watch.without(|| self.compare(content))?;
        } else {
            self.until_sample -= 1;
        }
        self.position += content.len() as u64;
        Ok(())
    }

    /// Returns an error if the block ended with a different number of bytes than were sent.
    pub fn check_complete(&self) -> Result<(), Error> {
        if self.position == self.block_end {
            return Ok(());
        }
        Err(Error::Failed(format!("{} bytes were sent and {} received", self.block_end, self.position)))
    }

    #[cold]
    fn compare(&mut self, content: &[u8]) -> Result<(), Error> {
        self.is_first = false;
        if self.until_sample == 0 {
            self.until_sample = self.order.next() % (2 * SAMPLED_ONE_IN - 1);
        }
        self.compared_bytes += content.len() as u64;
        match self.pattern.first_difference(self.position, content) {
            None => Ok(()),
            Some(at) => Err(Error::Failed(format!(
                "byte {} of the stream is {:#04x} and was sent as {:#04x}",
                self.position + at as u64,
                content[at],
                self.pattern.at(self.position + at as u64, 1)[0],
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verifier(verify: Verify) -> (Arc<Pattern>, Verifier) {
        let pattern = Arc::new(Pattern::new(1, 1000));
        (Arc::clone(&pattern), Verifier::new(pattern, verify, 2))
    }

    #[test]
    fn one_in_1024_is_compared_besides_first_and_last() {
        let (pattern, mut verifier) = verifier(Verify::Sampled);
        let records = 1024 * 1000;
        verifier.expect(records * 10);
        for record in 0..records {
            verifier.accept(pattern.at(record * 10, 10), &mut Stopwatch::default()).unwrap();
        }
        verifier.check_complete().unwrap();
        let compared = verifier.compared_bytes() / 10;
        assert!((900..1100).contains(&compared), "{compared}");
    }

    #[test]
    fn a_flipped_byte_in_any_compared_record_is_an_error() {
        for flipped in [0, 1, 2] {
            let (pattern, mut verifier) = verifier(Verify::All);
            verifier.expect(300);
            let refused = (0..3).position(|record| {
                let mut content = pattern.at(record as u64 * 100, 100).to_vec();
                content[99] ^= u8::from(record == flipped);
                verifier.accept(&content, &mut Stopwatch::default()).is_err()
            });
            assert_eq!(refused, Some(flipped));
        }
    }

    #[test]
    fn swapped_records_and_a_wrong_count_are_errors() {
        let (pattern, mut swapped) = verifier(Verify::All);
        swapped.expect(200);
        assert!(swapped.accept(pattern.at(100, 100), &mut Stopwatch::default()).is_err());

        let (pattern, mut short) = verifier(Verify::Sampled);
        short.expect(200);
        short.accept(pattern.at(0, 100), &mut Stopwatch::default()).unwrap();
        assert!(short.check_complete().is_err());
        short.accept(pattern.at(100, 101), &mut Stopwatch::default()).unwrap();
        assert!(short.check_complete().is_err(), "a byte too many");
    }
}
