use core::fmt;
use core::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::local;
use super::shared::SharedPool;
use crate::mem::wipe;

/// A buffer of a pool. Dropping it wipes what was written and returns it.
#[derive(Default)]
pub struct Lease {
    bytes: Vec<u8>,
    /// How many bytes at the front may have been written.
    written: usize,
    home: Home,
}

/// Where a buffer is returned to.
#[derive(Default)]
pub(super) enum Home {
    /// To the allocator, without wiping: it belongs to one connection.
    #[default]
    None,
    Shared(Arc<SharedPool>),
    /// By number, as an `Arc` would cost two atomic operations per lease.
    Local {
        pool: u64,
        /// The list whose thread leased it.
        list: u64,
    },
}

impl Lease {
    pub(super) const fn new(bytes: Vec<u8>, home: Home) -> Self {
        Self { bytes, written: 0, home }
    }

    /// Memory outside of pools.
    pub(in crate::mem) fn unpooled(len: usize) -> Self {
        Self::new(vec![0; len], Home::None)
    }

    /// The first `len` bytes, to be written. Only they count as written.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn prefix_mut(&mut self, len: usize) -> &mut [u8] {
        self.mark_written(len);
        &mut self.bytes[..len]
    }

    /// How many bytes at the front have been written, and will be wiped.
    pub const fn written_bytes(&self) -> usize {
        self.written
    }

    /// Marks the first `len` bytes as written.
    #[inline]
    pub(in crate::mem) const fn mark_written(&mut self, len: usize) {
        if len > self.written {
            self.written = len;
        }
    }

    /// All bytes, without marking any as written: the caller does.
    #[inline]
    pub(in crate::mem) const fn unmarked_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl Deref for Lease {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Lease {
    /// Marks all bytes as written.
    fn deref_mut(&mut self) -> &mut [u8] {
        self.written = self.bytes.len();
        &mut self.bytes
    }
}

impl Drop for Lease {
    #[inline]
    fn drop(&mut self) {
        if matches!(self.home, Home::None) {
            return;
        }
        let mut bytes = core::mem::take(&mut self.bytes);
        wipe(&mut bytes[..self.written]);
        match core::mem::take(&mut self.home) {
            Home::None => {}
            Home::Shared(pool) => pool.put(bytes, self.written),
            Home::Local { pool, list } => local::put(pool, list, bytes, self.written),
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({} bytes, {} written)", self.bytes.len(), self.written)
    }
}
