use super::{BufferPool, DEFAULT_CAPACITY, Lease, Source};
use crate::limits::RECORD_MAX;
use crate::mem::Span;

/// Received bytes, in which records are opened in place.
///
/// Bytes are added at the back ([`InBuf::spare`], [`InBuf::filled`]) and consumed from the front. Its size never changes.
pub struct InBuf {
    /// Empty where it is pooled and holds nothing.
    bytes: Lease,
    /// A copy of opened data, for connections without zero-copy.
    staging: Lease,
    source: Option<Source>,
    start: usize,
    end: usize,
    moved_bytes: u64,
}

impl InBuf {
    /// A buffer of `capacity` bytes, but at least one record.
    pub fn with_capacity(capacity: usize) -> Self {
        Self::new(Lease::unpooled(capacity.max(RECORD_MAX)), None)
    }

    /// A buffer of at least `capacity` bytes, and at least one record, that leases its memory from `pool` when it is needed.
    /// Where the pool is off, it has memory of its own.
    pub fn pooled(pool: &BufferPool, capacity: usize) -> Self {
        match Source::new(pool, capacity) {
            None => Self::with_capacity(capacity),
            source => Self::new(Lease::default(), source),
        }
    }

    fn new(bytes: Lease, source: Option<Source>) -> Self {
        Self { bytes, staging: Lease::default(), source, start: 0, end: 0, moved_bytes: 0 }
    }

    /// Returns its memory to its pool, if it is empty. It is leased again when it is needed.
    pub fn release_if_empty(&mut self) {
        if self.is_empty() && self.source.is_some() {
            self.bytes = Lease::default();
            self.staging = Lease::default();
            (self.start, self.end) = (0, 0);
        }
    }

    /// How much memory it has, bytes.
    pub fn held_bytes(&self) -> usize {
        self.bytes.len() + self.staging.len()
    }

    /// How many bytes the connection has not taken yet.
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The free space behind the bytes, to read into; it is empty where the buffer is full. The bytes are moved to the front when
    /// less than a record is free behind them.
    ///
    /// Only what is reported by [`InBuf::filled`] is wiped before another connection gets the memory.
    pub fn spare(&mut self) -> &mut [u8] {
        if self.is_empty() {
            self.start = 0;
            self.end = 0;
            if self.bytes.is_empty() {
                self.lease();
            }
        } else if self.start > 0 && self.bytes.len() - self.end < RECORD_MAX {
            self.moved_bytes += self.len() as u64;
            self.bytes.unmarked_mut().copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.bytes.unmarked_mut()[self.end..]
    }

    #[cold]
    fn lease(&mut self) {
        if let Some(source) = &self.source {
            self.bytes = source.pool.lease_at_least(source.capacity);
        }
    }

    /// How many bytes have been moved to the front so far.
    pub const fn moved_bytes(&self) -> u64 {
        self.moved_bytes
    }

    /// Adds the first `count` bytes of [`InBuf::spare`].
    ///
    /// # Panics
    /// If it was shorter.
    pub fn filled(&mut self, count: usize) {
        assert!(count <= self.bytes.len() - self.end, "more bytes than there was room for");
        self.end += count;
        self.bytes.mark_written(self.end);
    }

    /// Copies as many of `bytes` as there is room for, and returns how many that were.
    pub fn put(&mut self, bytes: &[u8]) -> usize {
        let spare = self.spare();
        let count = spare.len().min(bytes.len());
        spare[..count].copy_from_slice(&bytes[..count]);
        self.filled(count);
        count
    }

    /// The bytes that the connection has not taken yet.
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
        &mut self.bytes.unmarked_mut()[span.range()]
    }
    /// Copies the bytes of `span`, and returns where they are in the copy ([`InBuf::staged`]), until the next one.
    pub(crate) fn stage(&mut self, span: Span) -> Span {
        let len = span.len();
        if self.staging.len() < len {
            self.grow_staging(len);
        }
        self.staging.unmarked_mut()[..len].copy_from_slice(&self.bytes[span.range()]);
        self.staging.mark_written(len);
        Span { start: 0, end: len }
    }

    #[cold]
    fn grow_staging(&mut self, len: usize) {
        match &self.source {
            None => self.staging.unmarked_mut().resize(len, 0),
            Some(source) => self.staging = source.pool.lease_at_least(len),
        }
    }

    pub(crate) fn staged(&self, span: Span) -> &[u8] {
        &self.staging[span.range()]
    }
}

impl Default for InBuf {
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
    fn a_pooled_buffer_has_memory_while_bytes_wait() {
        let pool = BufferPool::new(BufferPoolKind::Shared, PoolOptions::default());
        let mut buffer = InBuf::pooled(&pool, 0);
        assert_eq!((buffer.held_bytes(), buffer.waiting().len()), (0, 0));
        assert_eq!(buffer.put(&[1, 2, 3]), 3);
        buffer.consume(2);
        buffer.release_if_empty();
        assert_eq!(buffer.waiting(), [3]);
        buffer.consume(1);
        buffer.release_if_empty();
        assert_eq!((buffer.held_bytes(), pool.statistics().wiped_bytes), (0, 3));
        assert_eq!(buffer.spare().len(), RECORD_MAX);
    }

    #[test]
    fn a_copy_outlives_what_it_is_of() {
        for kind in BufferPoolKind::ALL {
            let mut buffer = InBuf::pooled(&BufferPool::new(kind, PoolOptions::default()), 0);
            buffer.put(&[1, 2, 3, 4]);
            let span = buffer.consume(3);
            let staged = buffer.stage(Span { start: span.start + 1, end: span.end });
            buffer.span_mut(span).fill(0);
            assert_eq!(buffer.staged(staged), [2, 3]);
            buffer.consume(1);
            buffer.release_if_empty();
            assert_eq!(buffer.held_bytes() == 0, kind != BufferPoolKind::Off);
        }
    }
}
