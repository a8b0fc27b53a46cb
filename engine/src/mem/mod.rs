//! Buffers of connections, pools for their memory, and secrets that are wiped.

pub(crate) mod arena;
mod buffer;
mod pool;
mod secret;
mod span;
mod wipe;

pub use arena::ArenaStatistics;
pub(crate) use arena::{Arena, ArenaLease, ArenaPool, Region};
pub use buffer::{InBuf, OutBuf};
pub use pool::{BufferPool, Lease, PoolOptions, PoolStatistics};
pub use secret::{Digest, SECRET_MAX, SHARED_SECRET_MAX, Secret, SecretBytes, SharedSecret};
pub(crate) use span::Span;
pub(crate) use wipe::wipe;
