//! A TLS 1.3 engine (RFC 8446), client and server, without I/O of its own.
#![forbid(unsafe_op_in_unsafe_fn)]

pub mod codes;
pub mod conn;
pub mod counters;
pub mod crypto;
pub mod error;
pub mod handshake;
pub mod io;
pub mod keys;
pub mod limits;
pub mod mem;
pub mod msgs;
pub mod pki;
pub mod record;
pub mod session;
pub mod signal;
pub mod switches;
pub mod wire;

pub use error::Error;
