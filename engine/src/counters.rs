//! What a connection has done, as plain numbers.

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
