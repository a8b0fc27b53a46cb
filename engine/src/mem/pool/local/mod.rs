//! Pools with a list of buffers for each thread.
//!
//! Leasing and returning in one thread takes no lock, and no atomic operations but loads and stores of counters that no other
//! thread writes. Other cases are slower and take a lock: the first lease of a thread, a lease that another thread returns (the
//! memory stays with that thread), the end of a thread, and statistics.

mod tally;

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use self::tally::{Registry, Tally};
use crate::mem::pool::free_list::FreeList;
use crate::mem::pool::{PoolOptions, PoolStatistics};

thread_local! {
    /// This thread's lists, one for each pool that it has leased from or returned to.
    static LISTS: RefCell<Vec<List>> = const { RefCell::new(Vec::new()) };
}

/// All pools, by number, for threads that return a lease of a pool that they have not used.
static POOLS: Mutex<Vec<(u64, Weak<LocalPool>)>> = Mutex::new(Vec::new());

/// What the lists of a pool have in common.
#[derive(Debug)]
pub(super) struct LocalPool {
    id: u64,
    options: PoolOptions,
    registry: Mutex<Registry>,
}

/// The buffers of one pool that one thread keeps.
#[derive(Debug)]
struct List {
    pool: u64,
    number: u64,
    free: FreeList,
    tally: Arc<Tally>,
    home: Weak<LocalPool>,
}

impl LocalPool {
    pub(super) fn new(options: PoolOptions) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Numbers only have to differ: nothing is ordered by them.
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let pool = Arc::new(Self { id, options, registry: Mutex::default() });
        lock(&POOLS).push((id, Arc::downgrade(&pool)));
        pool
    }

    pub(super) const fn id(&self) -> u64 {
        self.id
    }

    /// A kept buffer, unless this thread has none or another size is needed, and the number of the list that leased it.
    #[inline]
    pub(super) fn take(self: &Arc<Self>, is_regular: bool) -> (Option<Vec<u8>>, u64) {
        with_lists(|lists| match lists.iter_mut().find(|list| list.pool == self.id) {
            Some(list) => list.take(is_regular),
            None => self.join(lists).take(is_regular),
        })
        .unwrap_or_else(|| self.take_without_list(is_regular))
    }

    #[cold]
    fn take_without_list(&self, is_regular: bool) -> (Option<Vec<u8>>, u64) {
        lock(&self.registry).on_lease_without_list(is_regular);
        (None, Registry::NO_LIST)
    }

    pub(super) fn trim(&self) {
        let freed = with_lists(|lists| {
            let list = lists.iter_mut().find(|list| list.pool == self.id)?;
            let freed = list.free.clear();
            list.tally.set_held_bytes(0);
            Some(freed)
        });
        drop(freed);
    }

    pub(super) fn statistics(&self) -> PoolStatistics {
        lock(&self.registry).statistics()
    }

    /// Adds a list of this pool to those of the thread, and drops those of pools that are no more.
    #[cold]
    fn join<'a>(self: &Arc<Self>, lists: &'a mut Vec<List>) -> &'a mut List {
        lists.retain(|list| list.home.strong_count() > 0);
        let (number, tally) = lock(&self.registry).add();
        let (pool, free, home) = (self.id, FreeList::new(self.options), Arc::downgrade(self));
        lists.push(List { pool, number, free, tally, home });
        let last = lists.len() - 1;
        &mut lists[last]
    }
}

impl Drop for LocalPool {
    fn drop(&mut self) {
        lock(&POOLS).retain(|(id, _)| *id != self.id);
        // Lists of other threads go when those next meet a new pool, or end.
        let _ = LISTS.try_with(|lists| {
            if let Ok(mut lists) = lists.try_borrow_mut() {
                lists.retain(|list| list.pool != self.id);
            }
        });
    }
}

impl List {
    #[inline]
    fn take(&mut self, is_regular: bool) -> (Option<Vec<u8>>, u64) {
        let kept = if is_regular {
            self.free.take()
        } else {
            self.tally.on_oversized();
            None
        };
        self.tally.on_lease(kept.is_some());
        self.tally.set_held_bytes(self.free.held_bytes());
        (kept, self.number)
    }

    #[inline]
    fn put(&mut self, buffer: Vec<u8>, wiped_bytes: usize) {
        let freed = self.free.put(buffer);
        self.tally.on_return(wiped_bytes);
        self.tally.set_held_bytes(self.free.held_bytes());
        drop(freed);
    }
}

impl Drop for List {
    /// The thread ends, or the pool has.
    fn drop(&mut self) {
        if let Some(pool) = self.home.upgrade() {
            lock(&pool.registry).remove(self.number);
        }
    }
}

/// Returns `buffer`, which is wiped, to the pool and, where this thread leased it, to the list of that number.
#[inline]
pub(super) fn put(pool: u64, number: u64, buffer: Vec<u8>, wiped_bytes: usize) {
    let mut buffer = Some(buffer);
    let is_done = with_lists(|lists| match lists.iter_mut().find(|list| list.number == number && list.pool == pool) {
        Some(list) => {
            list.put(buffer.take().unwrap_or_default(), wiped_bytes);
            true
        }
        None => false,
    });
    if is_done != Some(true)
        && let Some(buffer) = buffer
    {
        put_elsewhere(pool, number, buffer, wiped_bytes);
    }
}

/// Returns what another thread leased: the memory goes to the list of this thread, and the tally of the other is updated.
#[cold]
fn put_elsewhere(pool: u64, number: u64, buffer: Vec<u8>, wiped_bytes: usize) {
    // Where the pool is no more, the buffer is freed.
    let found = lock(&POOLS).iter().find(|(id, _)| *id == pool).and_then(|(_, pool)| pool.upgrade());
    let Some(pool) = found else { return };
    lock(&pool.registry).on_return_elsewhere(number, wiped_bytes);
    let freed = with_lists(|lists| {
        let place = lists.iter().position(|list| list.pool == pool.id);
        let list = match place {
            Some(place) => &mut lists[place],
            None => pool.join(lists),
        };
        let freed = list.free.put(buffer);
        list.tally.set_held_bytes(list.free.held_bytes());
        freed
    });
    drop(freed);
}

/// `None` where the thread is ending and its lists are gone.
#[inline]
fn with_lists<T>(work: impl FnOnce(&mut Vec<List>) -> T) -> Option<T> {
    LISTS.try_with(|lists| work(&mut lists.borrow_mut())).ok()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
