use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::mem::pool::PoolStatistics;

/// What one thread has done with one pool.
///
/// Only that thread writes, with relaxed loads and stores, which are the same plain moves as for a `Cell`; others may read.
/// Relaxed is enough, as each number is independent; a reader that needs them to be consistent has waited for the thread in
/// some way. One number is written by others, under the registry's lock.
#[derive(Debug, Default)]
// So that no two threads write to one cache line, or to the pair of lines that is fetched at once.
#[repr(align(128))]
pub(super) struct Tally {
    hits: AtomicU64,
    misses: AtomicU64,
    oversized: AtomicU64,
    /// Leases of this thread that it has not returned itself.
    not_returned_here: AtomicU64,
    peak: AtomicU64,
    held_bytes: AtomicU64,
    wiped_bytes: AtomicU64,
    /// Leases of this thread that others have returned. Written under the registry's lock.
    returned_elsewhere: AtomicU64,
}

impl Tally {
    #[inline]
    pub(super) fn on_lease(&self, is_hit: bool) {
        add(if is_hit { &self.hits } else { &self.misses }, 1);
        add(&self.not_returned_here, 1);
        let active = self.active();
        if active > get(&self.peak) {
            self.peak.store(active, Ordering::Relaxed);
        }
    }

    /// Of a lease of more than a buffer has, which is counted as a miss too.
    #[cold]
    pub(super) fn on_oversized(&self) {
        add(&self.oversized, 1);
    }

    #[inline]
    pub(super) fn on_return(&self, wiped_bytes: usize) {
        self.not_returned_here.store(get(&self.not_returned_here) - 1, Ordering::Relaxed);
        add(&self.wiped_bytes, wiped_bytes as u64);
    }

    #[inline]
    pub(super) fn set_held_bytes(&self, bytes: u64) {
        self.held_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Never below zero for the thread itself: a lease was counted before it went elsewhere. Others may see the first count
    /// late.
    fn active(&self) -> u64 {
        get(&self.not_returned_here).saturating_sub(get(&self.returned_elsewhere))
    }
}

/// The tallies of a pool's threads, and what is in none of them.
#[derive(Debug)]
pub(super) struct Registry {
    next: u64,
    tallies: Vec<(u64, Arc<Tally>)>,
    /// What was done by threads that have ended, or that were ending.
    others: PoolStatistics,
}

impl Default for Registry {
    fn default() -> Self {
        Self { next: Self::NO_LIST + 1, tallies: Vec::new(), others: PoolStatistics::default() }
    }
}

impl Registry {
    /// The number of no list.
    pub(super) const NO_LIST: u64 = 0;

    /// A tally for a new list, and the number of both.
    pub(super) fn add(&mut self) -> (u64, Arc<Tally>) {
        let number = self.next;
        self.next += 1;
        let tally = Arc::<Tally>::default();
        self.tallies.push((number, Arc::clone(&tally)));
        (number, tally)
    }

    /// The list is gone, and what it kept with it.
    pub(super) fn remove(&mut self, number: u64) {
        let Some(place) = self.tallies.iter().position(|(other, _)| *other == number) else { return };
        let (_, tally) = self.tallies.swap_remove(place);
        add_up(&mut self.others, &tally);
        self.others.active += tally.active();
    }

    /// A lease of a thread that has no list any more.
    pub(super) fn on_lease_without_list(&mut self, is_regular: bool) {
        self.others.misses += 1;
        self.others.oversized += u64::from(!is_regular);
        self.others.active += 1;
        self.others.peak = self.others.peak.max(1);
    }

    /// A lease of the list `number` was returned by another thread.
    pub(super) fn on_return_elsewhere(&mut self, number: u64, wiped_bytes: usize) {
        self.others.wiped_bytes += wiped_bytes as u64;
        match self.tallies.iter().find(|(other, _)| *other == number) {
            Some((_, tally)) => add(&tally.returned_elsewhere, 1),
            None => self.others.active -= 1,
        }
    }

    pub(super) fn statistics(&self) -> PoolStatistics {
        let mut sum = self.others;
        for (_, tally) in &self.tallies {
            add_up(&mut sum, tally);
            sum.active += tally.active();
            sum.held_bytes += get(&tally.held_bytes);
        }
        sum
    }
}

fn add_up(sum: &mut PoolStatistics, tally: &Tally) {
    sum.hits += get(&tally.hits);
    sum.misses += get(&tally.misses);
    sum.oversized += get(&tally.oversized);
    sum.peak = sum.peak.max(get(&tally.peak));
    sum.wiped_bytes += get(&tally.wiped_bytes);
}

#[inline]
fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// Not `fetch_add`, which is several times as slow: there is only one writer.
#[inline]
fn add(counter: &AtomicU64, count: u64) {
    counter.store(get(counter) + count, Ordering::Relaxed);
}
