//! The optimizations as plain data. Read once when a connection is built; nothing asks in a loop.

/// What a connection is built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switches {
    /// Open records in place in the receive buffer, and seal from the caller's slice straight into the send buffer.
    /// Off: through a staging buffer, one copy each way.
    pub zero_copy: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self { zero_copy: true }
    }
}
