//! Moving data: two ends in memory or over sockets, what is measured while they do, and the check that every byte
//! arrives.

mod ends;
mod link;
mod metrics;
mod pair;
#[cfg(test)]
mod pair_tests;
mod rounds;
mod session;
mod team;
mod verifier;

pub use ends::{Endpoint, OpeningEnd, SealingEnd, buffer_bytes};
pub use link::{End, Link, Memory};
pub use metrics::{record, reference, sum_of_all};
pub use pair::{Pair, handshake};
pub use rounds::{Advance, Limit, Plan, Rounds, run};
pub use session::{LocalSession, Terms, client, client_config};
pub use team::{Lane, Team, Worker};
pub use verifier::{SAMPLED_ONE_IN, Verifier, Verify};
