//! Permits for connections, counted for each of several loops.

#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

/// How many connections each of several loops has, and whether the acceptor waits for one of them to end.
///
/// Only the acceptor acquires permits, so that their number never exceeds its limit. Loops release them.
///
/// Waiting and releasing each write one of the two atomics, pass a **sequentially consistent fence**, and read the other. The
/// fences rule out that the acceptor sees no free permit while the loop sees no waiting acceptor (`models/tests/permits.rs`).
/// The count is decremented with **Release** and read with **Acquire**, so that an acceptor that sees a free permit also sees
/// what came before its release, such as the closing of a socket.
#[derive(Debug)]
pub struct Permits {
    in_use: Box<[AtomicUsize]>,
    is_awaited: AtomicBool,
}

impl Permits {
    /// Permits for so many `loops`, none of them in use.
    pub fn new(loops: usize) -> Self {
        Self { in_use: (0..loops).map(|_| AtomicUsize::new(0)).collect(), is_awaited: AtomicBool::new(false) }
    }

    /// How many are in use in all loops together.
    pub fn in_use(&self) -> usize {
        self.in_use.iter().map(|taken| taken.load(Ordering::Acquire)).sum()
    }

    /// The loop with the fewest connections, the first of several.
    pub fn least_loaded(&self) -> usize {
        let taken = self.in_use.iter().map(|taken| taken.load(Ordering::Relaxed));
        taken.enumerate().min_by_key(|(_, taken)| *taken).map_or(0, |(index, _)| index)
    }

    /// Acquires one for the loop `index`. Only the acceptor may call this.
    pub fn acquire(&self, index: usize) {
        self.in_use[index].fetch_add(1, Ordering::Relaxed);
    }

    /// Releases one of the loop `index`. Returns `true` where the acceptor waits for it, and has to be woken.
    #[must_use = "the acceptor may sleep until it is woken"]
    pub fn release(&self, index: usize) -> bool {
        self.in_use[index].fetch_sub(1, Ordering::Release);
        fence(Ordering::SeqCst);
        self.is_awaited.load(Ordering::Relaxed) && self.is_awaited.swap(false, Ordering::Relaxed)
    }

    /// Notes that the acceptor waits for a release. Returns `true` where fewer than `limit` are in use after all.
    pub fn wait_for_release(&self, limit: usize) -> bool {
        self.is_awaited.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        self.in_use() < limit
    }
}
