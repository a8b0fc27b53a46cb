//! A TLS 1.3 engine (RFC 8446), client and server, without I/O of its own.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod codes;
pub mod conn;
pub mod counters;
pub mod crypto;
pub mod error;
mod handshake;
pub mod io;
mod keys;
pub mod limits;
pub mod mem;
mod msgs;
pub mod pki;
mod record;
pub mod session;
pub mod signal;
pub mod switches;
mod wire;

/// Types for certificates, private keys and names, which the API takes and returns.
pub use rustls_pki_types as pki_types;

pub use conn::{ClientConfig, Connection, Negotiated, Progress, ServerConfig};
pub use crypto::Provider;
pub use error::{CertificateError, Error};
pub use io::{Stream, StreamError};
pub use keys::{KeyLog, KeyLogFile, SecretLabel};
pub use mem::{BufferPool, InBuf, OutBuf};
pub use pki::{CertifiedKey, ServerVerifier};
pub use switches::Switches;

/// What the project's own tests and measurements need to see. It may change with any version.
#[doc(hidden)]
pub mod internal {
    pub mod keys {
        pub use crate::keys::*;
    }
    pub mod msgs {
        pub use crate::msgs::*;
    }
    pub mod record {
        pub use crate::record::*;
    }
    pub mod wire {
        pub use crate::wire::*;
    }

    pub mod mem {
        pub use crate::mem::arena::{Arena, ArenaLease, ArenaPool, Region};
    }

    pub mod pki {
        pub use crate::pki::verify::verify_handshake_signature;
    }
}
