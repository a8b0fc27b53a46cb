//! The commands. Each takes a plan and returns what it found; none knows another.

pub mod throughput;
