//! However the transport cuts the bytes, the conversation is the same: what each end reads, what it answers byte for byte,
//! what was negotiated and counted.
//!
//! A conversation is recorded once, with randomness and time that can be had again. Then each end has it once more from
//! the record, cut in other places.

#![allow(unreachable_pub, reason = "modules of one test")]

#[path = "../support/mod.rs"]
mod support;

mod actor;
mod cuts;
mod pieces;
mod recording;
