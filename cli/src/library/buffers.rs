//! The buffers of endpoints whose libraries bring none.

use std::io;

use tls_engine::limits::RECORD_MAX;

/// Received bytes that are to be processed.
pub struct Incoming {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Incoming {
    /// A buffer for `capacity` bytes, and at least for a record.
    pub fn new(capacity: usize) -> Self {
        Self { bytes: vec![0; capacity.max(RECORD_MAX)], start: 0, end: 0 }
    }

    /// The free space behind the bytes. They are moved to the front when less than a record is free behind them.
    pub fn space(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start > 0 && self.bytes.len() - self.end < RECORD_MAX {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.bytes[self.end..]
    }

    /// The next `count` bytes are in the space.
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
    }

    /// The bytes that have not been processed.
    pub fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// The same, for libraries that work in place.
    pub fn waiting_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.end]
    }

    /// The first `count` bytes have been processed.
    pub fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }
}

/// Bytes to be sent.
pub struct Outgoing {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// The length above which no more application data is taken.
    capacity: usize,
}

impl Outgoing {
    /// A buffer that takes application data up to `capacity` bytes, and at least a record.
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.max(RECORD_MAX);
        Self { bytes: vec![0; capacity], start: 0, end: 0, capacity }
    }

    /// The bytes to be sent.
    pub fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// The first `count` bytes have been sent.
    pub fn sent(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Whether there is room for this many bytes of records. An empty buffer has room for any number.
    pub fn has_room(&self, count: usize) -> bool {
        self.end == 0 || self.end + count <= self.capacity
    }

    /// At least `count` bytes behind those that wait, to write to.
    pub fn space(&mut self, count: usize) -> &mut [u8] {
        if self.bytes.len() - self.end < count {
            self.bytes.resize(self.end + count, 0);
        }
        &mut self.bytes[self.end..]
    }

    /// The next `count` bytes are in the space.
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
    }
}

/// Appends what a library writes.
impl io::Write for Outgoing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.space(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.filled(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
