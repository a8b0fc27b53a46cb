//! Moving data: two ends in memory or over sockets, the measurements taken meanwhile, and the check that every byte
//! arrives.

pub mod ablation;
mod case;
#[cfg(test)]
mod case_tests;
mod ends;
pub mod handshake;
mod handshake_driver;
mod histogram;
pub mod latency;
mod link;
mod metrics;
mod one_thread;
mod pair;
#[cfg(test)]
mod pair_tests;
mod raw_tcp;
pub mod remote;
mod rounds;
mod sockets;
mod stall;
mod thread_per_end;
mod verifier;
mod worker_pool;

pub use case::{AnyLibrary, Direction, Lacking, Remote, SOURCE_SEED, Transport, Work};
pub use ends::buffer_bytes;
pub use metrics::{record, record_heap, reference, sum_of_all};
pub use rounds::{Advance, Limit, RoundSchedule, Rounds, Turn, run};
pub use verifier::{SAMPLED_ONE_IN, Verifier, Verify};
pub use worker_pool::{Lane, Worker, WorkerPool};
