//! Wakes whoever sleeps on file descriptors while deliverable data waits inside the engine: the atomic state, the
//! [`Signal`] trait with its zero-sized null, and a queue of who is ready, shared by the connections of a loop.
//!
//! This module makes no system call; the kinds that have a file descriptor are in `io`. It imports nothing of the crate, so
//! that `models/` can compile it with loom's atomics in the place of the real ones.

mod flag;
mod ready;

pub use flag::Flag;
pub use ready::{QueuedSignal, ReadyQueue};

/// What is raised when there is something that its consumer was not told of.
///
/// The rule for both sides: a producer first publishes, then raises; a consumer that wakes up first clears (or
/// acknowledges), then looks, and looks at everything. Then nothing is lost, whatever happens in between.
pub trait Signal {
    /// Whether anyone can wait for it. Where not, callers need not even find out whether to raise it.
    const IS_HEARD: bool = true;

    /// Wakes the consumer, unless it is awake already and still has to look.
    fn raise(&self);

    /// Takes the signal down before looking. Right for every way of waiting.
    fn clear(&self);

    /// The same where each raise is reported anew even while an earlier one was not taken away (edge-triggered
    /// registration): what that saves is saved.
    fn acknowledge(&self) {
        self.clear();
    }
}

/// The signal that nobody waits for: no size, no instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NullSignal;

impl Signal for NullSignal {
    const IS_HEARD: bool = false;

    #[inline(always)]
    fn raise(&self) {}

    #[inline(always)]
    fn clear(&self) {}
}

impl<S: Signal> Signal for std::sync::Arc<S> {
    const IS_HEARD: bool = S::IS_HEARD;

    #[inline]
    fn raise(&self) {
        (**self).raise();
    }

    #[inline]
    fn clear(&self) {
        (**self).clear();
    }

    #[inline]
    fn acknowledge(&self) {
        (**self).acknowledge();
    }
}
