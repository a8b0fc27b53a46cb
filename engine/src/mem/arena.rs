//! Arenas for handshakes: memory that is allocated once, leased for a handshake, wiped and reused.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::wipe;

/// The working memory of one job, in [`Region`]s and other parts that are reused.
pub trait Arena: Send {
    /// Memory for one job. Its regions are allocated at once where `ahead` is set, else as they are needed.
    fn new(ahead: bool) -> Self;

    /// Ends the job: everything is dropped or wiped, and regions that have outgrown their size are cut back. Returns whether
    /// there were any.
    fn reset(&mut self) -> bool;

    /// How many bytes it holds between jobs.
    fn bytes(&self) -> usize;
}

/// Bytes of an arena, which are wiped when they are cleared or dropped. A region grows where it is too small; its users bound how
/// far.
#[derive(Default)]
pub struct Region {
    bytes: Vec<u8>,
}

impl Region {
    /// A region with `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// A region with a copy of `bytes`, and no more room.
    pub fn copy_of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec() }
    }

    /// What was written.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends `bytes`. What has to be moved is wiped where it was.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        let len = self.bytes.len() + bytes.len();
        if len > self.bytes.capacity() {
            let mut larger = Vec::with_capacity(len.max(2 * self.bytes.capacity()));
            larger.extend_from_slice(&self.bytes);
            self.clear();
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// For an encoder to append to. What has to be moved is not wiped where it was, so this is not for secrets.
    pub const fn as_mut_vec(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// How many bytes fit without growing.
    pub const fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Wipes what was written.
    pub fn clear(&mut self) {
        wipe(&mut self.bytes);
        self.bytes.clear();
    }

    /// Wipes what was written, and frees what exceeds `capacity`. Returns whether there was more.
    pub fn reset(&mut self, capacity: usize) -> bool {
        self.clear();
        let has_outgrown = self.bytes.capacity() > capacity;
        if has_outgrown {
            self.bytes = Vec::with_capacity(capacity);
        }
        has_outgrown
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        self.clear();
    }
}

/// What a pool of arenas has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArenaStatistics {
    /// Arenas that were leased.
    pub leases: u64,
    /// Leases for which the pool had an arena.
    pub hits: u64,
    /// Leases for which one was allocated.
    pub misses: u64,
    /// Leases that needed more than an arena has, and took the rest from the heap.
    pub outgrown: u64,
    /// Arenas that are leased now.
    pub active: usize,
    /// The most that were leased at once.
    pub peak: usize,
    /// The size of the idle arenas, bytes.
    pub bytes: usize,
}

/// A thread-safe pool of arenas. Clones are the same pool.
pub struct ArenaPool<T>(Arc<Mutex<Pool<T>>>);

struct Pool<T> {
    waiting: Vec<Box<T>>,
    limit: usize,
    statistics: ArenaStatistics,
    /// The most that were leased at once since the pool was last trimmed.
    recent_peak: usize,
    returns_until_trim: u32,
}

impl<T: Arena> ArenaPool<T> {
    /// After this many returns the pool frees the arenas that were not needed since it last did so.
    const TRIM_EVERY: u32 = 1024;

    /// A pool that keeps up to `limit` arenas, of which `ahead` are made now.
    pub fn new(limit: usize, ahead: usize) -> Self {
        let waiting: Vec<_> = (0..ahead.min(limit)).map(|_| Box::new(T::new(true))).collect();
        let bytes = waiting.iter().map(|arena| arena.bytes()).sum();
        Self(Arc::new(Mutex::new(Pool {
            waiting,
            limit,
            statistics: ArenaStatistics { bytes, ..ArenaStatistics::default() },
            recent_peak: 0,
            returns_until_trim: Self::TRIM_EVERY,
        })))
    }

    /// Leases an idle arena, or a new one.
    pub fn lease(&self) -> ArenaLease<T> {
        let waiting = self.lock().take();
        let arena = waiting.unwrap_or_else(|| Box::new(T::new(true)));
        ArenaLease { arena: Some(arena), pool: Some(self.clone()) }
    }

    /// What it has done so far.
    pub fn statistics(&self) -> ArenaStatistics {
        self.lock().statistics
    }

    fn lock(&self) -> MutexGuard<'_, Pool<T>> {
        // Nothing under the lock panics, and a list of arenas is never half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Arena> Pool<T> {
    fn take(&mut self) -> Option<Box<T>> {
        let arena = self.waiting.pop();
        let statistics = &mut self.statistics;
        statistics.leases += 1;
        match &arena {
            Some(arena) => {
                statistics.hits += 1;
                statistics.bytes -= arena.bytes();
            }
            None => statistics.misses += 1,
        }
        statistics.active += 1;
        statistics.peak = statistics.peak.max(statistics.active);
        self.recent_peak = self.recent_peak.max(statistics.active);
        arena
    }

    /// Takes an arena back. Returns those that the pool does not keep, to be freed outside of the lock.
    fn give_back(&mut self, arena: Box<T>, has_outgrown: bool) -> Vec<Box<T>> {
        self.statistics.active -= 1;
        self.statistics.outgrown += u64::from(has_outgrown);
        self.returns_until_trim -= 1;
        let mut keep = self.limit;
        if self.returns_until_trim == 0 {
            self.returns_until_trim = ArenaPool::<T>::TRIM_EVERY;
            keep = keep.min(self.recent_peak);
            self.recent_peak = self.statistics.active;
        }
        self.statistics.bytes += arena.bytes();
        self.waiting.push(arena);
        let surplus = self.waiting.split_off(keep.min(self.waiting.len()));
        self.statistics.bytes -= surplus.iter().map(|arena| arena.bytes()).sum::<usize>();
        surplus
    }
}

impl<T> Clone for ArenaPool<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Arena> fmt::Debug for ArenaPool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ArenaPool").field(&self.statistics()).finish()
    }
}

/// An arena for one job. Dropping it, however the job ended, wipes it and returns it.
pub struct ArenaLease<T: Arena> {
    /// `None` only during the drop.
    arena: Option<Box<T>>,
    pool: Option<ArenaPool<T>>,
}

impl<T: Arena> ArenaLease<T> {
    /// Memory from the heap, without a pool.
    pub fn unpooled() -> Self {
        Self { arena: Some(Box::new(T::new(false))), pool: None }
    }
}

impl<T: Arena> Deref for ArenaLease<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.arena.as_deref().unwrap_or_else(|| unreachable!("only the drop takes it"))
    }
}

impl<T: Arena> DerefMut for ArenaLease<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.arena.as_deref_mut().unwrap_or_else(|| unreachable!("only the drop takes it"))
    }
}

impl<T: Arena> Drop for ArenaLease<T> {
    fn drop(&mut self) {
        if let (Some(pool), Some(mut arena)) = (&self.pool, self.arena.take()) {
            let has_outgrown = arena.reset();
            let surplus = pool.lock().give_back(arena, has_outgrown);
            drop(surplus);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Job(Region);

    impl Arena for Job {
        fn new(ahead: bool) -> Self {
            Self(Region::with_capacity(if ahead { 100 } else { 0 }))
        }

        fn reset(&mut self) -> bool {
            self.0.reset(100)
        }

        fn bytes(&self) -> usize {
            self.0.capacity()
        }
    }

    #[test]
    fn an_arena_comes_back_empty_and_at_its_size() {
        let pool = ArenaPool::<Job>::new(4, 1);
        let mut lease = pool.lease();
        lease.0.as_mut_vec().resize(1000, 7);
        drop(lease);
        let lease = pool.lease();
        assert_eq!((lease.0.as_slice().len(), lease.0.capacity()), (0, 100));
        let expected = ArenaStatistics { leases: 2, hits: 2, misses: 0, outgrown: 1, active: 1, peak: 1, bytes: 0 };
        assert_eq!(pool.statistics(), expected);
    }

    #[test]
    fn no_more_are_kept_than_the_limit() {
        let pool = ArenaPool::<Job>::new(2, 0);
        let leases: Vec<_> = (0..5).map(|_| pool.lease()).collect();
        assert_eq!(pool.statistics().misses, 5);
        drop(leases);
        assert_eq!(pool.statistics().bytes, 200);
        assert_eq!(pool.statistics().peak, 5);
    }

    #[test]
    fn what_was_not_needed_for_long_is_given_up() {
        let pool = ArenaPool::<Job>::new(100, 0);
        drop((0..50).map(|_| pool.lease()).collect::<Vec<_>>());
        assert_eq!(pool.statistics().bytes, 5000);
        for _ in 0..2 * ArenaPool::<Job>::TRIM_EVERY {
            drop(pool.lease());
        }
        assert_eq!(pool.statistics().bytes, 100);
    }
}
