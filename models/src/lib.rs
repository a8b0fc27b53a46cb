//! The modules of the engine that threads share, compiled with loom's atomics and locks. The tests try every order in
//! which their threads can run, and every value that the memory model allows a load to return.

#[path = "../../engine/src/io/event_loop/permits.rs"]
pub mod permits;
#[path = "../../engine/src/signal/mod.rs"]
pub mod signal;
