use std::sync::Arc;
use std::time::Instant;

use tls_engine::crypto::{Aead, AeadKey, Copied, NONCE_MAX, TAG_LEN};

use super::{Bench, Part, wrong};
use crate::error::Error;
use crate::interrupt;
use crate::measure::{Method, Pattern, nanoseconds};

/// The size of a batch of texts, bytes, within the limits of [`BATCH`]. Its three buffers fit a second-level cache of
/// 512 KiB.
const BATCH_BYTES: usize = 64 << 10;
/// The minimum number of texts in a batch, so that reading the clock is negligible, and the maximum.
const BATCH: core::ops::RangeInclusive<usize> = 4..=1024;
/// The additional data: a record header as in TLS (RFC 8446 5.2).
const AAD: [u8; 5] = [23, 3, 3, 0x40, 0x11];
/// Every text starts at a cache line, so that alignment favours no implementation.
const ALIGNMENT: usize = 64;

/// Seals texts of one size with fresh nonces under an expanded key, opens them again, and compares them.
pub(super) struct AeadBench {
    part: Part,
    key: Box<dyn AeadKey>,
    nonce_len: usize,
    method: Method,
    size: usize,
    slots: usize,
    sequence: u64,
    position: u64,
    pattern: Arc<Pattern>,
    sealed: Slots,
    opened: Slots,
}

impl AeadBench {
    pub(super) fn new(
        part: &Part,
        aead: &'static dyn Aead,
        method: Method,
        size: usize,
        pattern: &Arc<Pattern>,
    ) -> Result<Self, Error> {
        // The key protects nothing secret, so any key will do.
        let key = [0x5a; 64];
        let slots = slots(size);
        Ok(Self {
            part: part.clone(),
            key: aead.key(&key[..aead.key_len()])?,
            nonce_len: aead.nonce_len(),
            method,
            size,
            slots,
            sequence: 0,
            position: 0,
            pattern: Arc::clone(pattern),
            sealed: Slots::new(slots, size + TAG_LEN),
            opened: Slots::new(if method == Method::InPlace { 0 } else { slots }, size),
        })
    }

    fn seal(&mut self, slots: usize) -> Result<(), Error> {
        for slot in 0..slots {
            let nonce = nonce(self.sequence + slot as u64);
            let nonce = &nonce[..self.nonce_len];
            let output = self.sealed.get_mut(slot);
            match self.method {
                Method::InPlace => {
                    let Some((text, tag)) = output.split_last_chunk_mut::<TAG_LEN>() else {
                        return Err(wrong(&self.part, "there is no room for its tag"));
                    };
                    self.key.seal_in_place(nonce, &AAD, text, tag)?;
                }
                Method::OutOfPlace => {
                    let text = self.pattern.at(self.position + (slot * self.size) as u64, self.size);
                    let Copied(_) = self.key.seal_into(nonce, &AAD, text, &[], output)?;
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, slots: usize) -> Result<(), Error> {
        for slot in 0..slots {
            let nonce = nonce(self.sequence + slot as u64);
            let nonce = &nonce[..self.nonce_len];
            let text = self.sealed.get_mut(slot);
            match self.method {
                Method::InPlace => self.key.open_in_place(nonce, &AAD, text)?,
                Method::OutOfPlace => {
                    let Copied(_) = self.key.open_into(nonce, &AAD, text, self.opened.get_mut(slot))?;
                }
            }
        }
        Ok(())
    }

    /// Sealing in place needs the plaintexts in the buffer.
    fn fill(&mut self, slots: usize) {
        for slot in 0..slots {
            let text = self.pattern.at(self.position + (slot * self.size) as u64, self.size);
            self.sealed.get_mut(slot)[..self.size].copy_from_slice(text);
        }
    }

    fn compare(&mut self, slots: usize) -> Result<(), Error> {
        let opened = if self.method == Method::InPlace { &mut self.sealed } else { &mut self.opened };
        for slot in 0..slots {
            let expected = self.pattern.at(self.position + (slot * self.size) as u64, self.size);
            if opened.get_mut(slot)[..self.size] != *expected {
                return Err(wrong(&self.part, "what was opened is not what was sealed"));
            }
        }
        Ok(())
    }
}

impl Bench for AeadBench {
    fn run(&mut self, count: u64, ns: &mut [u64]) -> Result<u64, Error> {
        let mut left = count;
        while left > 0 {
            interrupt::check()?;
            let slots = left.min(self.slots as u64) as usize;
            if self.method == Method::InPlace {
                self.fill(slots);
            }
            let started = Instant::now();
            self.seal(slots)?;
            let sealed = Instant::now();
            ns[0] += nanoseconds(started, sealed);
            if self.sealed.get_mut(0)[..self.size] == *self.pattern.at(self.position, self.size) && self.size >= 16 {
                return Err(wrong(&self.part, "it does not encrypt"));
            }
            let started = Instant::now();
            self.open(slots)?;
            ns[1] += nanoseconds(started, Instant::now());
            self.compare(slots)?;
            self.sequence += slots as u64;
            self.position += (slots * self.size) as u64;
            left -= slots as u64;
        }
        Ok(count)
    }
}

/// The number of texts of `size` bytes in a batch.
pub(super) fn slots(size: usize) -> usize {
    (BATCH_BYTES / size).clamp(*BATCH.start(), *BATCH.end())
}

#[inline]
fn nonce(sequence: u64) -> [u8; NONCE_MAX] {
    let mut nonce = [0; NONCE_MAX];
    nonce[..8].copy_from_slice(&sequence.to_be_bytes());
    nonce
}

/// Slots of equal size in one buffer.
struct Slots {
    bytes: Vec<u8>,
    start: usize,
    stride: usize,
    len: usize,
}

impl Slots {
    fn new(count: usize, len: usize) -> Self {
        let stride = len.next_multiple_of(ALIGNMENT);
        let bytes = vec![0; count * stride + ALIGNMENT];
        let start = bytes.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        Self { bytes, start, stride, len }
    }

    #[inline]
    fn get_mut(&mut self, slot: usize) -> &mut [u8] {
        let at = self.start + slot * self.stride;
        &mut self.bytes[at..at + self.len]
    }
}
