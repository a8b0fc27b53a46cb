//! Callers with buffers of their own: however source and destination lie to each other, the bytes are those of the usual path,
//! nothing else in the buffer changes, and what fails leaves nothing behind.
#![allow(missing_docs, unreachable_pub)]

mod endpoints;
mod misuse;
mod opening;
mod peculiar;
mod random_spans;
mod sealing;
#[path = "../support/mod.rs"]
mod support;
mod whole_connection;
