//! A pool of record-sized buffers, so that connections need memory only while they carry something.
//!
//! # Secrets
//! A buffer has held plaintext of one connection when it is leased to the next. A [`Lease`] knows how far it has been
//! written, and exactly that is wiped when it is dropped, also where the memory is then freed. What was never written is
//! zero from its allocation.
//!
//! # Bounds
//! What waits to be leased again is bounded by [`PoolOptions::free_max`]; what is returned beyond that is freed. A pool
//! that has nothing to lease allocates: that is a miss, never an error. The pool trims itself: over every
//! 256 buffers that are returned it notes how many lay idle all the time, and lets go of half of them by not keeping
//! as many of the next ones that are returned. [`BufferPool::trim`] lets go of all at once.

mod free_list;
mod lease;
mod local;
mod shared;

pub use lease::Lease;

use std::sync::Arc;

use self::lease::Home;
use self::local::LocalPool;
use self::shared::SharedPool;
use crate::limits::RECORD_MAX;
use crate::switches::BufferPoolKind;

/// Where buffers are leased from. Clones lease from the same pool, in any thread.
#[derive(Clone, Debug)]
pub struct BufferPool {
    options: PoolOptions,
    kind: Kind,
}

/// How large a pool and its buffers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolOptions {
    /// The size of each buffer, bytes; at least that of a whole record. A buffer that is asked to be larger is
    /// allocated and freed each time ([`PoolStatistics::oversized`]), so this should be the largest capacity of the
    /// connections.
    pub buffer_bytes: usize,
    /// The most buffers kept for reuse: in all by a shared pool, by each thread where the pool is thread-local.
    pub free_max: usize,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self { buffer_bytes: RECORD_MAX, free_max: 64 }
    }
}

/// What a pool has done, and what it holds.
///
/// A shared pool counts under its lock, and its numbers belong to one moment. Of a thread-local pool they are added up
/// over its threads, those that have ended included, and are exact while no thread is about to lease or return.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStatistics {
    /// Leases of memory that the pool had.
    pub hits: u64,
    /// Leases that had to be allocated.
    pub misses: u64,
    /// Those of the misses that asked for more than a buffer of the pool has: nothing is ever kept for them.
    pub oversized: u64,
    /// Leases out now.
    pub active: u64,
    /// The most leases that were out at once; of a thread-local pool, those of the one thread that had the most.
    pub peak: u64,
    /// What waits to be leased again, bytes.
    pub held_bytes: u64,
    /// What was wiped when leases were returned, bytes.
    pub wiped_bytes: u64,
}

#[derive(Clone, Debug)]
enum Kind {
    Off,
    Shared(Arc<SharedPool>),
    Local(Arc<LocalPool>),
}

impl BufferPool {
    /// A pool of that kind. Off: one that allocates every time, wipes nothing and counts nothing.
    pub fn new(kind: BufferPoolKind, options: PoolOptions) -> Self {
        let options = PoolOptions { buffer_bytes: options.buffer_bytes.max(RECORD_MAX), ..options };
        let kind = match kind {
            BufferPoolKind::Off => Kind::Off,
            BufferPoolKind::Shared => Kind::Shared(Arc::new(SharedPool::new(options))),
            BufferPoolKind::ThreadLocal => Kind::Local(LocalPool::new(options)),
        };
        Self { options, kind }
    }

    /// Its kind.
    pub const fn kind(&self) -> BufferPoolKind {
        match self.kind {
            Kind::Off => BufferPoolKind::Off,
            Kind::Shared(_) => BufferPoolKind::Shared,
            Kind::Local(_) => BufferPoolKind::ThreadLocal,
        }
    }

    /// The size of its buffers, bytes.
    pub const fn buffer_bytes(&self) -> usize {
        self.options.buffer_bytes
    }

    /// A buffer of [`BufferPool::buffer_bytes`], all zero.
    #[inline]
    pub fn lease(&self) -> Lease {
        self.lease_at_least(0)
    }

    /// A buffer of [`BufferPool::buffer_bytes`] or of `bytes`, whichever is more, all zero. What is larger than the
    /// pool's buffers is always allocated, and freed when it is returned; that is counted.
    #[inline]
    pub fn lease_at_least(&self, bytes: usize) -> Lease {
        let is_regular = bytes <= self.options.buffer_bytes;
        let (kept, home) = match &self.kind {
            Kind::Off => (None, Home::None),
            Kind::Shared(pool) => (pool.take(is_regular), Home::Shared(Arc::clone(pool))),
            Kind::Local(pool) => {
                let (kept, list) = pool.take(is_regular);
                (kept, Home::Local { pool: pool.id(), list })
            }
        };
        Lease::new(kept.unwrap_or_else(|| vec![0; bytes.max(self.options.buffer_bytes)]), home)
    }

    /// Frees all that waits to be leased again; of a thread-local pool, what waits in this thread.
    pub fn trim(&self) {
        match &self.kind {
            Kind::Off => {}
            Kind::Shared(pool) => pool.trim(),
            Kind::Local(pool) => pool.trim(),
        }
    }

    /// What it has done so far. Of a pool that is off: nothing.
    pub fn statistics(&self) -> PoolStatistics {
        match &self.kind {
            Kind::Off => PoolStatistics::default(),
            Kind::Shared(pool) => pool.statistics(),
            Kind::Local(pool) => pool.statistics(),
        }
    }
}
