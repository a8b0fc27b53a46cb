//! What connections have done, as plain numbers: of one connection always, of all together where the switch is on.

mod monitor;

pub use monitor::{Meter, Monitor, Snapshot};

/// Counts of one direction of a connection, since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Records of every type, sealed or opened (plaintext ones included).
    pub records: u64,
    /// Application data carried, bytes.
    pub bytes: u64,
    /// Application data that the engine copied apart from encrypting or decrypting it, bytes.
    pub copied_bytes: u64,
    /// KeyUpdates sent or received.
    pub key_updates: u64,
}

impl Counters {
    /// Both together.
    #[must_use]
    #[inline]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            records: self.records + other.records,
            bytes: self.bytes + other.bytes,
            copied_bytes: self.copied_bytes + other.copied_bytes,
            key_updates: self.key_updates + other.key_updates,
        }
    }

    /// What was counted after `before`, an earlier reading.
    #[must_use]
    pub const fn since(self, before: Self) -> Self {
        Self {
            records: self.records - before.records,
            bytes: self.bytes - before.bytes,
            copied_bytes: self.copied_bytes - before.copied_bytes,
            key_updates: self.key_updates - before.key_updates,
        }
    }
}
