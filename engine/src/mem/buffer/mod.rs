//! The receive buffer and the send buffer of a connection.
//!
//! A pooled buffer has no memory until something is put into it, and keeps it until `release_if_empty` is called. Call that
//! when the socket would block or the connection is idle, not after every record: it wipes what the buffer has held, which
//! takes some percent of the time of encrypting it.

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
