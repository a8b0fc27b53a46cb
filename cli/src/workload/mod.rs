//! Moving data: two ends in memory or over sockets, what is measured while they do, and the check that every byte
//! arrives.

pub mod ablation;
mod case;
#[cfg(test)]
mod case_tests;
mod ends;
pub mod handshake;
mod histogram;
mod link;
mod metrics;
mod one_thread;
mod pair;
#[cfg(test)]
mod pair_tests;
mod raw_tcp;
mod rounds;
mod session;
mod shaking;
mod sockets;
mod stall;
mod team;
mod thread_per_end;
mod verifier;

pub use case::{Direction, Remote, SOURCE_SEED, Transport, Work};
pub use ends::buffer_bytes;
pub use metrics::{record, record_heap, reference, sum_of_all};
pub use rounds::{Advance, Limit, Plan, Rounds, run};
pub use session::LocalSession;
pub use team::{Lane, Team};
pub use verifier::{SAMPLED_ONE_IN, Verifier, Verify};
