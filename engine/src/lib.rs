//! A TLS 1.3 engine (RFC 8446), client and server, without I/O of its own.
//!
//! The engine turns received bytes into application data, and application data into bytes to send. Sockets, threads and buffers
//! are its caller's. It was written to be measured: each of its optimizations can be switched off ([`Switches`]), and it counts
//! what it does ([`counters`]).
//!
//! **It has not been audited.** Its API follows no version yet.
//!
//! # A client
//!
//! ```
//! use std::io::Read;
//! use std::net::TcpStream;
//!
//! use tls_engine::pki::certificates_from_pem;
//! use tls_engine::pki_types::ServerName;
//! use tls_engine::{ClientConfig, Stream};
//!
//! fn request(address: &str, name: &str, roots_pem: &[u8]) -> Result<String, Box<dyn std::error::Error>> {
//!     let config = ClientConfig::new(&certificates_from_pem(roots_pem)?)?;
//!     let name = ServerName::try_from(name)?.to_owned();
//!     let mut stream = Stream::client(&config, name, TcpStream::connect(address)?)?;
//!     stream.send(b"Hello\n")?;
//!     stream.close()?; // Nothing more will be sent; the server may still send.
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer)?;
//!     Ok(answer)
//! }
//! # let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
//! # let key = tls_engine::pki::private_key_from_pem(made.signing_key.serialize_pem().as_bytes())?;
//! # let config = tls_engine::ServerConfig::new(vec![made.cert.der().clone()], &key)?;
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # let address = listener.local_addr()?.to_string();
//! # let server = std::thread::spawn(move || {
//! #     let mut stream = Stream::server(&config, listener.accept().unwrap().0);
//! #     while stream.receive_with(|data, reply| reply.send_all(data)).unwrap() {}
//! #     stream.close().unwrap();
//! # });
//! # assert_eq!(request(&address, "localhost", made.cert.pem().as_bytes())?, "Hello\n");
//! # server.join().unwrap();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A server
//!
//! ```
//! use std::net::{TcpListener, TcpStream};
//! use std::sync::Arc;
//!
//! use tls_engine::pki::{certificates_from_pem, private_key_from_pem};
//! use tls_engine::{Error, ServerConfig, Stream, StreamError};
//!
//! fn config(chain_pem: &[u8], key_pem: &[u8]) -> Result<Arc<ServerConfig>, Error> {
//!     let key = private_key_from_pem(key_pem)?;
//!     ServerConfig::new(certificates_from_pem(chain_pem)?, &key)
//! }
//!
//! /// Sends back what it receives. The data is copied nowhere: it is decrypted where it was read, and encrypted from there.
//! fn echo(config: &Arc<ServerConfig>, socket: TcpStream) -> Result<(), StreamError> {
//!     let mut stream = Stream::server(config, socket);
//!     while stream.receive_with(|data, reply| reply.send_all(data))? {}
//!     stream.close()
//! }
//! # let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
//! # let server = config(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes())?;
//! # let listener = TcpListener::bind("127.0.0.1:0")?;
//! # let address = listener.local_addr()?;
//! # let echoed = std::thread::spawn(move || echo(&server, listener.accept().unwrap().0));
//! # let client = tls_engine::ClientConfig::new(&[made.cert.der().clone()])?;
//! # let mut stream = Stream::client(&client, "localhost".try_into()?, TcpStream::connect(address)?)?;
//! # stream.send(b"Hello")?;
//! # stream.close()?;
//! # assert_eq!(std::io::read_to_string(stream)?, "Hello");
//! # echoed.join().unwrap()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Four ways to use it
//!
//! | | | example |
//! |---|---|---|
//! | blocking | [`Stream`] wraps a transport that blocks, and reads and writes like a file. | `client.rs`, `server.rs` |
//! | event loop | [`EventLoop`](io::event_loop::EventLoop) serves many connections on one thread or on several, over epoll or kqueue. A loop of your own drives a [`Connection`] with [`Connection::deliver`], or reads a [`PolledStream`](io::PolledStream). | `event_loop.rs` |
//! | own buffers | [`Connection::seal_within`] and [`Connection::open_within`] take one record from where it is in your memory to where you want it. | `own_buffers.rs` |
//! | two halves | [`Connection::split`] makes a half that seals and a half that opens, for two threads, without a lock. | `two_halves.rs` |
//!
//! All four are one [`Connection`]: [`Connection::read_tls`] takes received bytes, [`Connection::write_tls`] takes data to
//! send, and what has to be sent is in an [`OutBuf`]. An error leaves its alert there, too; send it before you drop the
//! connection.
//!
//! # Configurations
//!
//! [`ClientConfig::new`] and [`ServerConfig::new`] have the defaults. [`ClientConfig::builder`] and [`ServerConfig::builder`]
//! change them: cipher suites, groups, application protocols (ALPN), a key log, the clock, the optimizations. A configuration
//! is made once and shared by its connections.
//!
//! A server asks clients for certificates where it has a [`ClientVerifier`]
//! ([`client_verifier`](conn::ServerConfigBuilder::client_verifier)), and finds what was shown in
//! [`Negotiated::client_certificate`]. A client shows the [`certificate`](conn::ClientConfigBuilder::certificate) that it was
//! given.
//!
//! # Slow signatures
//!
//! A handshake can pause for what takes long: a signature with an RSA key or of another machine, a verification, the choice of a
//! certificate. [`pause_for`](conn::ServerConfigBuilder::pause_for) names the kinds of jobs, [`Connection::take_job`] gives a job to
//! run on any thread, and [`Connection::resume`] takes its result. An event loop has threads for them
//! ([`LoopOptions::job_threads`](io::event_loop::LoopOptions::job_threads)). By default every job is done at once.
//!
//! # Providers
//!
//! Cryptography comes from a [`Provider`]. [`Provider::auto`] is the usual one; [`Provider::by_name`] finds one of:
//!
//! | provider | feature | algorithms |
//! |---|---|---|
//! | `aws-lc-rs` | `aws-lc-rs` | AES-GCM, ChaCha20-Poly1305; X25519, P-256, P-384; ECDSA, Ed25519, RSA |
//! | `rustcrypto` | `rustcrypto` | the same and AEGIS; its RSA signatures are not constant in time (RUSTSEC-2023-0071) |
//! | `auto` | | AWS-LC, with AEGIS from RustCrypto, and its SHA-256 where the CPU has instructions for that. Without `aws-lc-rs` it is RustCrypto, and refuses RSA keys. |
//! | `ring` | `ring` | AES-GCM and ChaCha20-Poly1305 of ring, which does not wipe their keys; the rest is that of `auto` |
//! | `boringssl` | `boringssl` | the same of BoringSSL |
//! | `openssl` | `openssl` | the same of the system's OpenSSL for long records, of `auto` for short ones |
//!
//! Where a CPU has VAES with AVX2 and without AVX-512, the AES-GCM of ring and of BoringSSL takes half of the time of that of AWS-LC.
//!
//! # Features
//!
//! | feature | default | |
//! |---|---|---|
//! | `aws-lc-rs` | yes | the provider; needs a C compiler |
//! | `rustcrypto` | yes | the provider |
//! | `ring` | no | the provider |
//! | `boringssl` | no | the provider; needs a C++ compiler, cmake and libclang |
//! | `openssl` | no | the provider; needs OpenSSL with its headers, and excludes `boringssl` |
//! | `certificate-compression` | no | [`pki::compression`], the algorithms zlib and brotli |
//! | `event-loop` | yes | [`io::event_loop`], on systems with epoll or kqueue; includes `signal` |
//! | `signal` | yes | [`io::SignalFd`], a signal with a file descriptor |
//!
//! At least one provider is needed.
//!
//! # Optimizations
//!
//! | switch | what it does | default |
//! |---|---|---|
//! | [`zero_copy`](Switches::zero_copy) | opens records in place, and seals from the caller's slices | on |
//! | [`buffer_pool`](Switches::buffer_pool) | leases buffers from a [`BufferPool`] only while they hold something | per thread |
//! | [`arena`](Switches::arena) | leases the memory of handshakes from a pool | on |
//! | [`inline`](Switches::inline) | makes the steps of a record one loop instead of calls | on |
//! | [`counters`](Switches::counters) | adds up what all connections do, in a [`Monitor`](counters::Monitor) | off |
//! | [`signal`](Switches::signal) | how an event loop hears of data that waits inside the engine | eventfd |
//!
//! # Scope
//!
//! TLS 1.3 alone, with certificates of servers and clients, with pre-shared keys ([`ExternalPsk`], also imported ones), and with
//! tickets ([`session`]), which resume sessions, with early data where both ends ask for it. PSKs come together with a key
//! exchange, unless both ends allow to leave it out. Keying material is exported where a configuration says so
//! ([`Connection::export_keying_material`]). OCSP responses and certificate timestamps are sent and passed on ([`pki::Stapled`]), and
//! not verified. Certificates are compressed where both ends say so ([`pki::compression`]), and clients offer GREASE
//! values where they are told to (RFC 8701). Records are limited to what an end takes (RFC 8449) where both say so. Not supported: TLS 1.2, early data with
//! external PSKs, requests for certificates after the handshake, OCSP as proof of revocation, QUIC, DTLS, early exporters. [`limits`] has every bound
//! that a peer runs into.
//! X25519MLKEM768 is preferred to curves; other post-quantum groups and P-521 are used where they are asked for, see
//! [`Provider::default_groups`].
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

pub use conn::{Authentication, ClientCertificate, ClientConfig, Connection, Negotiated, Progress, ServerConfig};
pub use crypto::Provider;
pub use error::{CertificateError, Error};
pub use io::{Stream, StreamError};
pub use keys::{ExternalPsk, KeyLog, KeyLogFile, PskHash, SecretLabel};
pub use mem::{BufferPool, InBuf, OutBuf};
pub use pki::{CertifiedKey, ClientVerifier, ServerVerifier};
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
