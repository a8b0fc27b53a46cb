//! Memory: spans, the buffers that callers own, and secrets that wipe themselves.

mod arena;
mod buffer;
mod secret;
mod span;

pub use arena::{Arena, ArenaLease, ArenaPool, ArenaStatistics, Region};
pub use buffer::{InBuf, OutBuf};
pub use secret::{Digest, SECRET_MAX, Secret};
pub use span::Span;
