//! The two buffers that a caller owns: bytes from the peer on their way in, records on their way out.

use core::ops::Range;

use super::Span;
use crate::limits::{HANDSHAKE_MESSAGE_MAX, RECORD_MAX};

/// Received bytes, in which records are opened in place.
///
/// Bytes are put at the back ([`InBuf::spare`], [`InBuf::filled`]) and consumed from the front. Its size never changes.
pub struct InBuf {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
    moved_bytes: u64,
}

impl InBuf {
    /// A buffer of `capacity` bytes, or of one whole record where that is more.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: vec![0; capacity.max(RECORD_MAX)].into_boxed_slice(), start: 0, end: 0, moved_bytes: 0 }
    }

    /// How many bytes wait to be read by the connection.
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether none wait.
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Room for more bytes; when empty, the buffer is full of bytes that wait. What waits is moved to the front when
    /// the room behind it is less than a record.
    pub fn spare(&mut self) -> &mut [u8] {
        if self.is_empty() {
            self.start = 0;
            self.end = 0;
        } else if self.start > 0 && self.bytes.len() - self.end < RECORD_MAX {
            self.moved_bytes += self.len() as u64;
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.bytes[self.end..]
    }

    /// How many bytes have been moved to the front so far, to make room.
    pub const fn moved_bytes(&self) -> u64 {
        self.moved_bytes
    }

    /// Says that the first `count` bytes of [`InBuf::spare`] have been filled.
    ///
    /// # Panics
    /// If there was not that much room.
    pub fn filled(&mut self, count: usize) {
        assert!(count <= self.bytes.len() - self.end, "more bytes than there was room for");
        self.end += count;
    }

    /// Copies as much of `bytes` as there is room for, and tells how much that was.
    pub fn put(&mut self, bytes: &[u8]) -> usize {
        let spare = self.spare();
        let count = spare.len().min(bytes.len());
        spare[..count].copy_from_slice(&bytes[..count]);
        self.filled(count);
        count
    }

    /// The bytes that wait.
    pub fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// The span of the first `count` waiting bytes, which are consumed; they stay where they are until the next
    /// [`InBuf::spare`].
    pub(crate) const fn consume(&mut self, count: usize) -> Span {
        let span = Span { start: self.start, end: self.start + count };
        self.start += count;
        debug_assert!(self.start <= self.end);
        span
    }

    pub(crate) fn span(&self, span: Span) -> &[u8] {
        &self.bytes[span.range()]
    }

    pub(crate) fn span_mut(&mut self, span: Span) -> &mut [u8] {
        &mut self.bytes[span.range()]
    }
}

/// Records to send. Application data fills it up to its capacity; handshake messages and alerts, which can't wait,
/// may grow it by at most one flight.
pub struct OutBuf {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    capacity: usize,
    moved_bytes: u64,
}

impl OutBuf {
    /// What a flight of handshake messages may add to the capacity, bytes.
    const FLIGHT_MAX: usize = 2 * HANDSHAKE_MESSAGE_MAX + 2 * RECORD_MAX;

    /// A buffer of `capacity` bytes, or of one whole record where that is more.
    pub fn with_capacity(capacity: usize) -> Self {
        let capacity = capacity.max(RECORD_MAX);
        Self { bytes: vec![0; capacity], start: 0, end: 0, capacity, moved_bytes: 0 }
    }

    /// The bytes to send.
    pub fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// The bytes to send, for a transport that hands them on without a copy.
    pub fn waiting_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.end]
    }

    /// How many bytes wait to be sent.
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether none wait.
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Says that the first `count` waiting bytes have been sent.
    ///
    /// # Panics
    /// If fewer were waiting.
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

    /// Moves what waits to the front, so that the spare room is in one piece, where that frees at least as much as it
    /// moves: a full buffer that is sent bit by bit must not be copied at every bit.
    pub(crate) fn compact(&mut self) {
        if self.start > 0 && self.len() <= self.start {
            self.moved_bytes += self.len() as u64;
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
    }

    /// How many bytes have been moved to the front so far, to make room.
    pub const fn moved_bytes(&self) -> u64 {
        self.moved_bytes
    }

    /// `count` bytes at the back, to be written. They count as waiting at once. `None` where the buffer would outgrow
    /// its bound: the caller has let whole flights pile up without sending them.
    pub(crate) fn append(&mut self, count: usize) -> Option<&mut [u8]> {
        let Range { start, end } = self.end..self.end + count;
        if end > self.bytes.len() {
            if end > self.capacity + Self::FLIGHT_MAX {
                return None;
            }
            self.bytes.resize(end, 0);
        }
        self.end = end;
        Some(&mut self.bytes[start..end])
    }

    /// Takes back the last `count` bytes that were appended.
    pub(crate) const fn retract(&mut self, count: usize) {
        self.end -= count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_moves_to_the_front_when_room_runs_short() {
        let mut buffer = InBuf::with_capacity(0);
        let capacity = buffer.spare().len();
        assert_eq!(buffer.put(&vec![1; capacity]), capacity);
        assert_eq!(buffer.put(&[2]), 0, "it is full");
        buffer.consume(capacity - 1);
        assert_eq!(buffer.put(&[2, 3]), 2);
        assert_eq!(buffer.waiting(), [1, 2, 3]);
    }

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
}
