use std::sync::{Mutex, MutexGuard, PoisonError};

use super::free_list::FreeList;
use super::{PoolOptions, PoolStatistics};

/// One list for all threads, behind a lock that is held for a few instructions: buffers are wiped, allocated and freed
/// outside of it.
#[derive(Debug)]
pub(super) struct SharedPool {
    state: Mutex<PoolState>,
}

#[derive(Debug)]
struct PoolState {
    free: FreeList,
    statistics: PoolStatistics,
}

impl SharedPool {
    pub(super) const fn new(options: PoolOptions) -> Self {
        let statistics =
            PoolStatistics { hits: 0, misses: 0, oversized: 0, active: 0, peak: 0, held_bytes: 0, wiped_bytes: 0 };
        Self { state: Mutex::new(PoolState { free: FreeList::new(options), statistics }) }
    }

    /// A kept buffer, unless there is none or another size is needed.
    pub(super) fn take(&self, is_regular: bool) -> Option<Vec<u8>> {
        let mut state = self.lock();
        let kept = if is_regular {
            state.free.take()
        } else {
            state.statistics.oversized += 1;
            None
        };
        let statistics = &mut state.statistics;
        if kept.is_some() {
            statistics.hits += 1;
        } else {
            statistics.misses += 1;
        }
        statistics.active += 1;
        statistics.peak = statistics.peak.max(statistics.active);
        kept
    }

    pub(super) fn put(&self, buffer: Vec<u8>, wiped_bytes: usize) {
        let mut state = self.lock();
        state.statistics.active -= 1;
        state.statistics.wiped_bytes += wiped_bytes as u64;
        let freed = state.free.put(buffer);
        drop(state);
        drop(freed);
    }

    pub(super) fn trim(&self) {
        let freed = self.lock().free.clear();
        drop(freed);
    }

    pub(super) fn statistics(&self) -> PoolStatistics {
        let state = self.lock();
        PoolStatistics { held_bytes: state.free.held_bytes(), ..state.statistics }
    }

    /// Nothing that may panic is done under the lock, but for growing the list.
    fn lock(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
