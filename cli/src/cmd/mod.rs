//! The commands. Each takes a plan and returns what it found; none knows another.

pub mod ablate;
pub mod ciphers;
pub mod connect;
pub mod crypto;
pub mod report;
pub mod serve;
pub mod throughput;
