//! Memory: spans, the buffers that callers own, the pool that they may come from, and secrets that wipe themselves.

pub(crate) mod arena;
mod buffer;
mod pool;
mod secret;
mod span;

pub use arena::ArenaStatistics;
pub(crate) use arena::{Arena, ArenaLease, ArenaPool, Region};
pub use buffer::{InBuf, OutBuf};
pub use pool::{BufferPool, Lease, PoolOptions, PoolStatistics};
pub use secret::{Digest, SECRET_MAX, Secret};
pub(crate) use span::Span;
