//! Memory: spans, the buffers that callers own, and secrets that wipe themselves.

mod buffer;
mod secret;
mod span;

pub use buffer::{InBuf, OutBuf};
pub use secret::{Digest, SECRET_MAX, Secret};
pub use span::Span;
