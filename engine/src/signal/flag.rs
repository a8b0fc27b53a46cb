#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a signal is raised. It decides which raise has to wake the consumer, so that all others make no system call.
///
/// Why each ordering is what it is, and what goes wrong with less (`models/tests/signal.rs` shows the first under loom,
/// which can't reorder what stands for the system calls of the second):
///
/// * `raise` swaps with **Release**: what the producer published before is seen by the consumer whose `clear` reads this
///   value. This holds for a raise that finds the flag up too, and makes no system call that would order anything: its
///   swap still writes, so the `clear` that takes the flag down reads the last of these writes. That is why it is a swap,
///   and not a load that returns early: a load publishes nothing.
/// * `raise` swaps with **Acquire**: where it finds the flag down, it has seen a `clear`, and its wake-up comes after that
///   consumer has emptied the file descriptor. Otherwise the emptying could swallow the wake-up, with the flag up: no raise
///   would make a system call ever again.
/// * `clear` swaps with **Acquire** and **Release**, the other ends of the same two.
#[derive(Debug)]
pub struct Flag(AtomicBool);

impl Default for Flag {
    fn default() -> Self {
        Self::new()
    }
}

impl Flag {
    /// A flag that is down.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// A flag that is down.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Raises it. Returns `true` where it was down: then the caller has to wake the consumer.
    #[inline]
    #[must_use = "the caller has to wake the consumer"]
    pub fn raise(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }

    /// Whether it is up, for a consumer that looks often and rarely finds it up. Only [`Flag::clear`] makes what was published
    /// visible.
    ///
    /// Relaxed: nothing is concluded from it. An earlier raise, in the sense of the memory model, is seen. A concurrent one may
    /// be missed, and wakes the consumer.
    #[inline]
    pub fn is_up(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Clears it, after the file descriptor was emptied and before looking for what was published. Returns `true` where it was
    /// up.
    #[inline]
    pub fn clear(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }
}
