//! A pool of buffers, so that connections need memory only while they carry data.
//!
//! # Secrets
//! A buffer may have held plaintext of another connection. A [`Lease`] knows how far it has been written, and exactly that is
//! wiped when it is dropped, even if the memory is then freed. What was never written is zero.
//!
//! # Bounds
//! [`PoolOptions::free_max`] limits how many idle buffers are kept; more are freed. A pool without an idle buffer allocates
//! one, which is a miss and not an error. The pool trims itself: over every 256 returns it notes how many buffers were idle all
//! the time, and frees half as many of the next ones that are returned. [`BufferPool::trim`] frees all at once.

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

/// A pool of buffers. Clones are the same pool, in any thread.
#[derive(Clone, Debug)]
pub struct BufferPool {
    options: PoolOptions,
    kind: Kind,
}

/// The sizes of a pool and of its buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolOptions {
    /// The size of each buffer, bytes; at least one record. A larger buffer is allocated and freed for each lease
    /// ([`PoolStatistics::oversized`]), so this should be the largest capacity of the connections.
    pub buffer_bytes: usize,
    /// The most idle buffers that are kept: by a shared pool in all, by a thread-local pool in each thread.
    pub free_max: usize,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self { buffer_bytes: RECORD_MAX, free_max: 64 }
    }
}

/// What a pool has done, and what it holds.
///
/// The numbers of a shared pool are of one moment. Those of a thread-local pool are added up over its threads, including those
/// that have ended, and are exact while no thread leases or returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStatistics {
    /// Leases of an idle buffer.
    pub hits: u64,
    /// Leases for which a buffer was allocated.
    pub misses: u64,
    /// Misses that asked for more than the size of the pool's buffers.
    pub oversized: u64,
    /// Current leases.
    pub active: u64,
    /// The most leases at once; in a thread-local pool, those of the thread with the most.
    pub peak: u64,
    /// The size of the idle buffers, bytes.
    pub held_bytes: u64,
    /// How much was wiped when leases were returned, bytes.
    pub wiped_bytes: u64,
}

#[derive(Clone, Debug)]
enum Kind {
    Off,
    Shared(Arc<SharedPool>),
    Local(Arc<LocalPool>),
}

impl BufferPool {
    /// A pool of that kind. [`BufferPoolKind::Off`] allocates every time, wipes nothing and counts nothing.
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

    /// A buffer of [`BufferPool::buffer_bytes`] or of `bytes`, whichever is more, all zero. A buffer that is larger than those
    /// of the pool is always allocated, and freed when it is returned.
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

    /// Frees the idle buffers; of a thread-local pool, those of this thread.
    pub fn trim(&self) {
        match &self.kind {
            Kind::Off => {}
            Kind::Shared(pool) => pool.trim(),
            Kind::Local(pool) => pool.trim(),
        }
    }

    /// What the pool has done so far. All zero where it is off.
    pub fn statistics(&self) -> PoolStatistics {
        match &self.kind {
            Kind::Off => PoolStatistics::default(),
            Kind::Shared(pool) => pool.statistics(),
            Kind::Local(pool) => pool.statistics(),
        }
    }
}
