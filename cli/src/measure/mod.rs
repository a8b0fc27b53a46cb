//! The building blocks of every measurement of moving data: the bytes that are sent, their division into records and
//! batches, the raw cryptography they are compared with, and the order of the timed blocks.

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
