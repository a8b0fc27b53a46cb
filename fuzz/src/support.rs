//! What is shared with the engine's own tests: peers that follow a script, with real keys and randomness that repeats.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "the tests use all of it")]

#[path = "../../engine/tests/support/change.rs"]
pub mod change;
#[path = "../../engine/tests/support/ends.rs"]
pub mod ends;
#[path = "../../engine/tests/support/jobs.rs"]
pub mod jobs;
#[path = "../../engine/tests/support/peer.rs"]
pub mod peer;
#[path = "../../engine/tests/support/pki.rs"]
pub mod pki;
#[path = "../../engine/tests/support/scripted/mod.rs"]
pub mod scripted;
#[path = "../../engine/tests/support/seeded.rs"]
pub mod seeded;

pub use ends::{asking_server, client, localhost, server};
