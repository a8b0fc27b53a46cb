//! The two buffers that a caller owns: bytes from the peer on their way in, records on their way out.
//!
//! A pooled buffer has no memory until there is something to put into it, and keeps it until `release_if_empty` is called.
//! The loop that drives a connection does so when its socket would block or when it has been idle for a while, not after
//! every record: what a buffer has held is wiped then, and that takes some percent of the time of encrypting as much.

mod in_buf;
mod out_buf;

pub use in_buf::InBuf;
pub use out_buf::OutBuf;

use super::{BufferPool, Lease};
use crate::limits::RECORD_MAX;
use crate::switches::BufferPoolKind;

/// The capacity of a buffer where none is asked for, bytes: a read or a write may carry several records.
const DEFAULT_CAPACITY: usize = 4 * RECORD_MAX;

/// Where a buffer's memory comes from, and how much at once.
struct Source {
    pool: BufferPool,
    capacity: usize,
}

impl Source {
    fn new(pool: &BufferPool, capacity: usize) -> Option<Self> {
        (pool.kind() != BufferPoolKind::Off).then(|| Self { pool: pool.clone(), capacity })
    }
}
