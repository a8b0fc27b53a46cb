//! What an end asks of the heap over its whole life.

use std::ops::AddAssign;

/// Heap calls, Rust and C together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Calls that asked for memory.
    pub(crate) calls: u64,
    /// Bytes not given back.
    pub(crate) live_bytes: i64,
}

/// The same of both ends of a handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) client: Counted,
    pub(crate) server: Counted,
}

impl Counted {
    pub(crate) fn of(work: impl FnOnce()) -> Self {
        let mut counted = Self::default();
        counted.add(work);
        counted
    }

    /// Adds what one step of an end asks for.
    pub(crate) fn add<T>(&mut self, step: impl FnOnce() -> T) -> T {
        let (result, counts) = heap_meter::count(step);
        *self += Self { calls: counts.calls(), live_bytes: counts.live_bytes };
        result
    }
}

impl AddAssign for Counted {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.live_bytes += other.live_bytes;
    }
}
