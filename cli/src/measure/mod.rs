//! What every measurement of moving data is made of: the bytes that are sent, how they fall into records and batches,
//! the raw cryptography they are held against, and the order of the blocks in which both are timed.

mod layout;
mod order;
mod pattern;
mod raw_aead;
mod sample;
mod stopwatch;

pub use layout::{Batch, Batches, Layout, RECORD_OVERHEAD};
pub use order::Order;
pub use pattern::Pattern;
pub use raw_aead::{Method, RawAead, RawSample};
pub use sample::{Part, Sample, per_second};
pub use stopwatch::{Stopwatch, nanoseconds, nanoseconds_of};
