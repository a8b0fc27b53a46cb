//! Counters of what connections have done: of each connection always, of all together where the switch `counters` is on.

mod monitor;

pub(crate) use monitor::Meter;
pub use monitor::{Monitor, Snapshot};

/// Counts of one direction of a connection, since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Records of every type, unencrypted ones included.
    pub records: u64,
    /// Application data, bytes.
    pub bytes: u64,
    /// Records of application data without a copy: opened where they were received, or sealed from the caller's slice.
    pub in_place_records: u64,
    /// Records of application data that were copied, whole or in part.
    pub copied_records: u64,
    /// Application data that was copied in addition to being encrypted or decrypted, bytes.
    pub copied_bytes: u64,
    /// KeyUpdates sent or received.
    pub key_updates: u64,
}

impl Counters {
    /// All zero.
    pub const ZERO: Self =
        Self { records: 0, bytes: 0, in_place_records: 0, copied_records: 0, copied_bytes: 0, key_updates: 0 };

    /// Application data that was not copied, but would have been with a staging buffer, bytes.
    pub const fn saved_bytes(&self) -> u64 {
        // Two numbers of a monitor may differ by a record.
        self.bytes.saturating_sub(self.copied_bytes)
    }

    /// Counts a record with `bytes` of application data, `copied_bytes` of which were copied.
    #[inline(always)]
    pub const fn count_data(&mut self, bytes: usize, copied_bytes: usize) {
        self.bytes += bytes as u64;
        if copied_bytes == 0 {
            self.in_place_records += 1;
        } else {
            self.copied_records += 1;
            self.copied_bytes += copied_bytes as u64;
        }
    }

    /// The sum of both.
    #[must_use]
    #[inline]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            records: self.records + other.records,
            bytes: self.bytes + other.bytes,
            in_place_records: self.in_place_records + other.in_place_records,
            copied_records: self.copied_records + other.copied_records,
            copied_bytes: self.copied_bytes + other.copied_bytes,
            key_updates: self.key_updates + other.key_updates,
        }
    }

    /// What was counted since the earlier reading `before`.
    #[must_use]
    pub const fn since(self, before: Self) -> Self {
        Self {
            records: self.records - before.records,
            bytes: self.bytes - before.bytes,
            in_place_records: self.in_place_records - before.in_place_records,
            copied_records: self.copied_records - before.copied_records,
            copied_bytes: self.copied_bytes - before.copied_bytes,
            key_updates: self.key_updates - before.key_updates,
        }
    }
}
