//! Signals, which wake a thread that sleeps on file descriptors while there is data inside the engine.
//!
//! [`Signal`] is the trait, and [`NullSignal`] its zero-sized no-op. [`ReadyQueue`] is one signal for all connections of a
//! loop. A signal with a file descriptor is `SignalFd` in `io`.
//!
//! This module makes no system calls and imports nothing of the crate, so that `models/` can compile it with the atomics of loom.

mod flag;
mod ready;

pub use flag::Flag;
pub use ready::{QueuedSignal, ReadyQueue};

/// Is raised when there is something for its consumer.
///
/// A producer first publishes, then raises. A consumer that wakes up first clears or acknowledges, and then looks at
/// everything. Then nothing is lost, however the two interleave.
pub trait Signal {
    /// Whether anything can wait for it. Where not, callers need not find out whether to raise it.
    const IS_HEARD: bool = true;

    /// Wakes the consumer, unless it was woken already and has not looked yet.
    fn raise(&self);

    /// Clears the signal, before looking. This is right for every way of waiting.
    fn clear(&self);

    /// Clears the signal where it is registered edge-triggered, so that each raise is reported anyway. This may save a system
    /// call.
    fn acknowledge(&self) {
        self.clear();
    }
}

/// A signal that does nothing, without size or instructions.
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
