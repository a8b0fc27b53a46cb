//! The places of several loops, and who waits for one.

#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

/// How many connections each of several loops has, and whether the one that accepts waits for one of them to end.
///
/// Only the acceptor takes places, so that their number is never above the limit that it keeps; loops give them back.
///
/// The wait and the return each write one of the two atomics, pass a **sequentially consistent fence**, and read the other: of
/// an acceptor that has seen no room and a loop that has seen nobody wait, one would be wrong, and the fences rule out that
/// both are (`models/tests/places.rs`). The count goes down with **Release** and is read with **Acquire**, so that whoever finds
/// room finds what came before it done, the closing of a socket for one.
#[derive(Debug)]
pub struct Permits {
    in_use: Box<[AtomicUsize]>,
    is_awaited: AtomicBool,
}

impl Permits {
    /// None is taken yet in any of so many `loops`.
    pub fn new(loops: usize) -> Self {
        Self { in_use: (0..loops).map(|_| AtomicUsize::new(0)).collect(), is_awaited: AtomicBool::new(false) }
    }

    /// How many are taken in all loops together.
    pub fn in_use(&self) -> usize {
        self.in_use.iter().map(|taken| taken.load(Ordering::Acquire)).sum()
    }

    /// The loop with the fewest connections, the first of several.
    pub fn least_loaded(&self) -> usize {
        let taken = self.in_use.iter().map(|taken| taken.load(Ordering::Relaxed));
        taken.enumerate().min_by_key(|(_, taken)| *taken).map_or(0, |(index, _)| index)
    }

    /// Takes one in the loop `index`. For the acceptor only.
    pub fn acquire(&self, index: usize) {
        self.in_use[index].fetch_add(1, Ordering::Relaxed);
    }

    /// Gives one of the loop `index` back. `true` where the acceptor waits for it, and has to be woken.
    #[must_use = "the acceptor may sleep until it is woken"]
    pub fn release(&self, index: usize) -> bool {
        self.in_use[index].fetch_sub(1, Ordering::Release);
        fence(Ordering::SeqCst);
        self.is_awaited.load(Ordering::Relaxed) && self.is_awaited.swap(false, Ordering::Relaxed)
    }

    /// Says that the acceptor waits for a place. `true` where fewer than `limit` are taken after all.
    pub fn wait_for_release(&self, limit: usize) -> bool {
        self.is_awaited.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        self.in_use() < limit
    }
}
