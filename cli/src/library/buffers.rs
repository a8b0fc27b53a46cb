use std::cell::RefCell;
use std::io::{self, IoSlice, Write};

use tls_engine::limits::{RECORD_CONTENT_MAX, RECORD_MAX};

/// How many buffers' memory a thread keeps.
const SPARE_MAX: usize = 4;

/// Bytes on their way: they are added at the back and taken from the front. The memory is allocated at first use.
pub struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    capacity: usize,
}

impl Buffer {
    /// An empty buffer for `capacity` bytes, or for a record if that is more.
    pub fn new(capacity: usize) -> Self {
        Self { bytes: Vec::new(), start: 0, end: 0, capacity: capacity.max(RECORD_MAX) }
    }

    /// The bytes.
    pub fn filled(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// The bytes, for work in place.
    pub fn filled_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.end]
    }

    /// The number of bytes.
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether no byte can be added without more memory.
    pub const fn is_full(&self) -> bool {
        !self.is_empty() && self.len() == self.bytes.len()
    }

    /// Takes `count` bytes from the front.
    pub fn consume(&mut self, count: usize) {
        self.start = self.end.min(self.start + count);
        if self.is_empty() {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Takes all bytes.
    pub const fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    /// The free space behind the bytes; empty where the buffer is full. The bytes are moved to the front when less than a record
    /// is free behind them.
    pub fn spare(&mut self) -> &mut [u8] {
        self.allocate();
        if self.bytes.len() - self.end < RECORD_MAX {
            self.move_to_front();
        }
        &mut self.bytes[self.end..]
    }

    /// At least `least` bytes of free space behind the bytes, with more memory if need be.
    pub fn reserve(&mut self, least: usize) -> &mut [u8] {
        self.allocate();
        if self.bytes.len() - self.end < least {
            self.move_to_front();
            if self.bytes.len() - self.end < least {
                self.bytes.resize(self.end + least, 0);
            }
        }
        &mut self.bytes[self.end..]
    }

    /// The first `count` bytes of the free space belong to the bytes now.
    pub fn added(&mut self, count: usize) {
        self.end = self.bytes.len().min(self.end + count);
    }

    /// How many of `data_bytes` fit into the capacity as whole records, each of which adds `overhead` bytes. No record becomes
    /// shorter for lack of room, and one always fits into an empty buffer.
    pub fn fitting(&self, data_bytes: usize, overhead: usize) -> usize {
        let free = self.capacity.saturating_sub(self.len());
        let record = RECORD_CONTENT_MAX + overhead;
        let full_records = (data_bytes / RECORD_CONTENT_MAX).min(free / record);
        let full = full_records * RECORD_CONTENT_MAX;
        let rest = data_bytes - full;
        if rest < RECORD_CONTENT_MAX && rest + overhead <= free - full_records * record { data_bytes } else { full }
    }

    /// Gives the memory back if there are no bytes.
    pub fn release_if_empty(&mut self) {
        if self.is_empty() {
            *self = Self::new(self.capacity);
        }
    }

    fn allocate(&mut self) {
        if self.bytes.is_empty() {
            self.bytes = take_spare(self.capacity).unwrap_or_else(|| vec![0; self.capacity]);
        }
    }

    fn move_to_front(&mut self) {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
    }
}

thread_local! {
    /// Memory of buffers that are gone, for the next ones of this thread: what surrounds a library is not to be counted as its own.
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

fn take_spare(capacity: usize) -> Option<Vec<u8>> {
    SPARE.with_borrow_mut(|spare| {
        let position = spare.iter().position(|bytes| bytes.len() == capacity)?;
        Some(spare.swap_remove(position))
    })
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let mut bytes = std::mem::take(&mut self.bytes);
        // It may have grown.
        bytes.truncate(self.capacity);
        bytes.shrink_to_fit();
        // The thread may be ending, and then has no spare memory any more.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            // The oldest goes: it may have a size that nobody asks for any more.
            if spare.len() == SPARE_MAX {
                spare.remove(0);
            }
            spare.push(bytes);
        });
    }
}

/// Writing adds the bytes, with more memory if need be.
impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.reserve(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.added(bytes.len());
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        parts.iter().try_fold(0, |written, part| Ok(written + self.write(part)?))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVERHEAD: usize = 22;

    #[test]
    fn bytes_leave_in_order_and_move_to_the_front_for_a_record() {
        let mut buffer = Buffer::new(0);
        buffer.spare()[..3].copy_from_slice(b"abc");
        buffer.added(3);
        buffer.consume(1);
        assert_eq!(buffer.filled(), b"bc");
        assert_eq!(buffer.spare().len(), RECORD_MAX - 2);
        assert_eq!(buffer.filled(), b"bc");
    }

    #[test]
    fn a_full_buffer_has_no_space_until_more_is_reserved() {
        let mut buffer = Buffer::new(0);
        assert!(!buffer.is_full());
        let space = buffer.spare().len();
        buffer.added(space);
        assert!(buffer.is_full() && buffer.spare().is_empty());
        assert_eq!(buffer.reserve(7).len(), 7);
        assert_eq!(buffer.len(), space);
    }

    #[test]
    fn parts_are_written_behind_each_other() {
        let mut buffer = Buffer::new(0);
        let long = vec![7; 2 * RECORD_MAX];
        assert_eq!(buffer.write_vectored(&[IoSlice::new(b"ab"), IoSlice::new(&long)]).unwrap(), 2 + long.len());
        assert_eq!(buffer.filled()[..2], *b"ab");
        assert_eq!(buffer.filled()[2..], long);
    }

    #[test]
    fn memory_is_kept_in_the_sizes_that_are_asked_for() {
        for capacity in [2 * RECORD_MAX, RECORD_MAX] {
            let mut buffers: Vec<Buffer> = (0..SPARE_MAX).map(|_| Buffer::new(capacity)).collect();
            for buffer in &mut buffers {
                buffer.reserve(3 * RECORD_MAX);
            }
        }
        let kept: Vec<_> = (0..SPARE_MAX).filter_map(|_| take_spare(RECORD_MAX)).collect();
        assert_eq!(kept.len(), SPARE_MAX, "those that came last, and as long as before they grew");
        assert!(kept.iter().all(|bytes| bytes.capacity() == RECORD_MAX));
    }

    #[test]
    fn only_whole_records_fit() {
        let mut buffer = Buffer::new(2 * (RECORD_CONTENT_MAX + OVERHEAD));
        assert_eq!(buffer.fitting(5 * RECORD_CONTENT_MAX, OVERHEAD), 2 * RECORD_CONTENT_MAX);
        assert_eq!(buffer.fitting(RECORD_CONTENT_MAX + 10, OVERHEAD), RECORD_CONTENT_MAX + 10);
        buffer.write_all(&[0; 100]).unwrap();
        assert_eq!(buffer.fitting(2 * RECORD_CONTENT_MAX, OVERHEAD), RECORD_CONTENT_MAX);
        assert_eq!(buffer.fitting(2 * RECORD_CONTENT_MAX - 100, OVERHEAD), 2 * RECORD_CONTENT_MAX - 100);
        assert_eq!(buffer.fitting(2 * RECORD_CONTENT_MAX - 99, OVERHEAD), RECORD_CONTENT_MAX);
    }

    #[test]
    fn a_record_fits_into_an_empty_buffer_of_any_capacity() {
        assert_eq!(Buffer::new(0).fitting(RECORD_CONTENT_MAX, OVERHEAD), RECORD_CONTENT_MAX);
    }
}
