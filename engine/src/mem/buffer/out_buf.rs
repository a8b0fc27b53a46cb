use core::ops::Range;

use super::{BufferPool, DEFAULT_CAPACITY, Lease, Source};
use crate::limits::{HANDSHAKE_MESSAGE_MAX, RECORD_MAX};

/// Records to send. Application data fills it up to its capacity. Handshake messages and alerts, which can't wait, may let it
/// grow beyond that by one flight.
pub struct OutBuf {
    /// Empty where it is pooled and holds nothing.
    bytes: Lease,
    source: Option<Source>,
    start: usize,
    end: usize,
    capacity: usize,
    moved_bytes: u64,
}

impl OutBuf {
    /// How much a flight of handshake messages may exceed the capacity, bytes.
    const FLIGHT_MAX: usize = 2 * HANDSHAKE_MESSAGE_MAX + 2 * RECORD_MAX;

    /// A buffer of `capacity` bytes, but at least one record.
    pub fn with_capacity(capacity: usize) -> Self {
        let capacity = capacity.max(RECORD_MAX);
        Self { bytes: Lease::unpooled(capacity), source: None, start: 0, end: 0, capacity, moved_bytes: 0 }
    }

    /// The same, with memory that is leased from `pool` when it is needed. Where the pool is off, it has memory of its own.
    pub fn pooled(pool: &BufferPool, capacity: usize) -> Self {
        let capacity = capacity.max(RECORD_MAX);
        match Source::new(pool, capacity) {
            None => Self::with_capacity(capacity),
            source => Self { bytes: Lease::default(), source, start: 0, end: 0, capacity, moved_bytes: 0 },
        }
    }

    /// A buffer that nothing will be put into, without memory.
    pub(crate) fn unused() -> Self {
        Self { bytes: Lease::default(), source: None, start: 0, end: 0, capacity: 0, moved_bytes: 0 }
    }

    /// Returns its memory to its pool, if it is empty. It is leased again when it is needed.
    pub fn release_if_empty(&mut self) {
        if self.is_empty() && self.source.is_some() {
            self.bytes = Lease::default();
            (self.start, self.end) = (0, 0);
        }
    }

    /// How much memory it has, bytes.
    pub fn held_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes to send.
    pub fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// The bytes to send, for a transport that changes them in place.
    pub fn waiting_mut(&mut self) -> &mut [u8] {
        &mut self.bytes.unmarked_mut()[self.start..self.end]
    }

    /// How many bytes there are to send.
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Removes the first `count` bytes, which have been sent.
    ///
    /// # Panics
    /// If there were fewer.
    pub fn sent(&mut self, count: usize) {
        assert!(count <= self.len(), "more bytes sent than there were");
        self.start += count;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// How many bytes of application records still fit.
    pub(crate) const fn room(&self) -> usize {
        self.capacity.saturating_sub(self.end)
    }

    /// Whether an answer as long as the longest record fits. A peer's record may be longer than this side's for the same
    /// content, by more than the KeyUpdate that may go before it.
    #[inline]
    pub(crate) fn has_room_for_record(&mut self) -> bool {
        if self.room() < RECORD_MAX {
            self.compact();
        }
        self.room() >= RECORD_MAX
    }

    /// Moves the bytes to the front, where that frees at least as much as it moves: a full buffer that is sent in small pieces
    /// must not be copied for each of them.
    pub(crate) fn compact(&mut self) {
        if self.start > 0 && self.len() <= self.start {
            self.moved_bytes += self.len() as u64;
            self.bytes.unmarked_mut().copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
    }

    /// How many bytes have been moved to the front so far.
    pub const fn moved_bytes(&self) -> u64 {
        self.moved_bytes
    }

    /// Adds `count` bytes at the back, to be written. Returns `None` where the buffer would exceed its limit, because the
    /// caller has not sent earlier flights.
    pub(crate) fn append(&mut self, count: usize) -> Option<&mut [u8]> {
        let Range { start, end } = self.end..self.end + count;
        if end > self.bytes.len() {
            self.grow(end)?;
        }
        self.end = end;
        self.bytes.mark_written(end);
        Some(&mut self.bytes.unmarked_mut()[start..end])
    }

    /// Leases or enlarges the memory to at least `len` bytes, unless that exceeds the limit.
    #[cold]
    fn grow(&mut self, len: usize) -> Option<()> {
        let limit = self.capacity + Self::FLIGHT_MAX;
        if len > limit {
            return None;
        }
        let Some(Source { pool, capacity }) = &self.source else {
            self.bytes.unmarked_mut().resize(len, 0);
            return Some(());
        };
        // A small length fits a buffer of the pool even where the capacity does not.
        let mut larger = if len <= pool.buffer_bytes() {
            pool.lease()
        } else {
            // Doubled, so that a flight in many messages is not copied at each.
            pool.lease_at_least(len.max(2 * self.bytes.len()).max(*capacity).min(limit))
        };
        larger.prefix_mut(self.end).copy_from_slice(&self.bytes[..self.end]);
        self.bytes = larger;
        Some(())
    }

    /// Removes the last `count` bytes that were appended.
    pub(crate) const fn retract(&mut self, count: usize) {
        self.end -= count;
    }
}

impl Default for OutBuf {
    /// A buffer of its own for some records.
    fn default() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mem::PoolOptions;
    use crate::switches::BufferPoolKind;

    #[test]
    fn appending_is_bounded() {
        let mut buffer = OutBuf::with_capacity(0);
        assert!(buffer.append(RECORD_MAX).is_some());
        assert_eq!(buffer.room(), 0);
        assert!(buffer.append(OutBuf::FLIGHT_MAX).is_some());
        assert!(buffer.append(1).is_none());
        buffer.sent(buffer.len());
        assert_eq!(buffer.room(), RECORD_MAX);
    }

    #[test]
    fn a_pooled_buffer_grows_for_a_flight_and_gives_it_all_back() {
        let pool = BufferPool::new(BufferPoolKind::Shared, PoolOptions::default());
        let mut buffer = OutBuf::pooled(&pool, 4 * RECORD_MAX);
        assert_eq!(buffer.held_bytes(), 0);
        assert!(buffer.append(0).is_some());
        buffer.append(100).unwrap().fill(1);
        assert_eq!(buffer.held_bytes(), RECORD_MAX, "what is little fits a buffer of the pool");
        buffer.append(RECORD_MAX).unwrap().fill(2);
        assert_eq!(buffer.held_bytes(), 4 * RECORD_MAX, "the capacity");
        assert!(buffer.append(4 * RECORD_MAX + OutBuf::FLIGHT_MAX - buffer.len() + 1).is_none());
        assert!(buffer.append(4 * RECORD_MAX + OutBuf::FLIGHT_MAX - buffer.len()).is_some());
        assert_eq!(buffer.waiting()[..100], [1; 100]);
        assert_eq!(buffer.waiting()[100..100 + RECORD_MAX], [2; RECORD_MAX]);
        buffer.release_if_empty();
        assert_ne!(buffer.held_bytes(), 0, "it is not empty");
        buffer.sent(buffer.len());
        buffer.release_if_empty();
        assert_eq!((buffer.held_bytes(), pool.statistics().active), (0, 0));
        let wiped_bytes = (100 + 100 + RECORD_MAX + 4 * RECORD_MAX + OutBuf::FLIGHT_MAX) as u64;
        assert_eq!(pool.statistics().wiped_bytes, wiped_bytes, "where it lay before as well");
    }
}
