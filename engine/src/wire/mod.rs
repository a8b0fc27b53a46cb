//! The presentation language of RFC 8446 section 3: a reader that checks bounds, and a writer that patches lengths.

mod reader;
mod writer;

pub use reader::{Numbers, Reader, Vectors};
pub use writer::Writer;
