//! What the fuzz targets of the protocol do. Each has a function that takes any bytes, and panics where something is asserted
//! that does not hold; `fuzz_targets/` hands them to libFuzzer.
//!
//! Bytes alone hardly get past the first message. So for most targets they are a program (see [`Input`]) for a peer with real
//! keys, which does what it should, and what it should not, in the order that the program says. All randomness and all keys are
//! the same in every process: what was found once is found again.

pub mod certificates;
pub mod conversation;
pub mod handshake_messages;
pub mod http_heads;
pub mod input;
pub mod records;
pub mod wire;

mod configs;
mod player;
mod psks;
mod step;
mod support;

#[cfg(test)]
mod seeds;

pub use input::Input;
