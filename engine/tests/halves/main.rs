//! A connection in two halves on two threads: data both ways at once, and what one half owes for the other.
#![allow(missing_docs, unreachable_pub)]

mod both_ways;
mod interop;
mod responses;
mod sleep;
#[path = "../support/mod.rs"]
mod support;
mod threads;
