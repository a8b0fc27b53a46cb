//! The number of instructions that the engine executes for a record or a handshake.
//!
//! Valgrind's callgrind runs this program again, as a child that does one [`Job`] and nothing else ([`counted`]). It
//! counts what the engine executes step by step, without the cryptography that it calls (module `cryptography`).
//! Randomness, time, keys and certificates are the same in every run, so that the counts are too.

mod certificate;
pub mod counted;
mod cryptography;
mod job;
mod profile;
mod seeded;
mod steps;
mod valgrind;

pub use job::{Job, Work};
pub use valgrind::Valgrind;
